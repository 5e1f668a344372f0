`timescale 1ps / 1fs

// Phase-locked loop as a design sees it, shared by the cells of all families.
//
// It measures its input and refuses frequencies that the data sheet does not allow. Until it has locked the output
// runs at any rate, and LOCKED comes up once too early, as it may while the loop settles. `bench.lose` makes it lose
// its lock, `bench.lock_ps` is the time it takes to lock.
//
//     detector = in / REFERENCE        oscillator = detector * MULTIPLY        out = oscillator / AFTER
module vendor_pll #(
    parameter real REFERENCE = 1,
    parameter real MULTIPLY = 1,
    parameter real AFTER = 1,
    parameter real TOLD_MHZ = 0,  // what the cell is told of its input; 0: nothing
    parameter real IN_MIN = 0, parameter real IN_MAX = 0,  // ranges of the data sheet, in MHz
    parameter real DETECTOR_MIN = 0, parameter real DETECTOR_MAX = 0,
    parameter real OSCILLATOR_MIN = 0, parameter real OSCILLATOR_MAX = 0,
    parameter real OUT_MIN = 0, parameter real OUT_MAX = 0,
    parameter NEEDS_RESET = 0  // whether it locks again after a loss only when it is reset
) (
    input in,
    input reset,
    output reg out,
    output reg locked
);
    real seen, period, mhz;
    reg good, stuck;
    integer seed;
    wire lost = reset | bench.lose | stuck;

    initial begin
        out = 0; locked = 0; good = 0; stuck = 0; seen = 0; period = 0; seed = 1;
        if (reset !== 0 && reset !== 1) begin
            #1 if (reset !== 0 && reset !== 1) $fatal(1, "%m: reset is not connected");
        end
    end

    always @(posedge in) begin
        period = $realtime - seen;
        seen = $realtime;
    end

    task check(input real value, input real low, input real high, input [8*16-1:0] what);
        if (!(value >= low * 0.99999 && value <= high * 1.00001))
            $fatal(1, "%m: %0s of %0.4f MHz is not within %0.4f to %0.4f", what, value, low, high);
    endtask

    always begin : search
        wait (!lost);
        #(bench.lock_ps / 2) locked = 1;
        #1000000 locked = 0;
        #(bench.lock_ps / 2);
        mhz = 1.0e6 / period;
        check(mhz, IN_MIN, IN_MAX, "input");
        if (TOLD_MHZ != 0) check(mhz, TOLD_MHZ * 0.9999, TOLD_MHZ * 1.0001, "input, as told,");
        check(mhz / REFERENCE, DETECTOR_MIN, DETECTOR_MAX, "phase detector");
        check(mhz / REFERENCE * MULTIPLY, OSCILLATOR_MIN, OSCILLATOR_MAX, "oscillator");
        check(mhz / REFERENCE * MULTIPLY / AFTER, OUT_MIN, OUT_MAX, "output");
        good = 1;
        #1000000 locked = 1;
        wait (lost);
    end

    always @(posedge lost) begin
        disable search;
        good = 0;
        locked = 0;
    end
    always @(posedge bench.lose) stuck = NEEDS_RESET;
    always @(posedge reset) stuck = 0;

    always begin
        if (good) #(period * REFERENCE * AFTER / MULTIPLY / 2) out = ~out;
        else #($dist_uniform(seed, 500, 40000)) out = ~out;
    end

    always @(locked) $display("@ lock %0.3f %b", $realtime, locked);
endmodule
