`timescale 1ps / 1fs

// Cells of 7-series, from the data sheet of Artix-7 (DS181, speed grade -1) and the clock guide (UG472).

module IBUF (input I, output O);
    assign O = I;
endmodule

module OBUFT (input I, input T, output O);
    assign O = T ? 1'bz : I;
endmodule

module BUFG (input I, output O);
    assign O = I;
endmodule

// After its input has stopped, an MMCM must be reset to lock again.
module MMCME2_BASE #(
    parameter real CLKIN1_PERIOD = 0, parameter real CLKFBOUT_MULT_F = 5, parameter DIVCLK_DIVIDE = 1,
    parameter real CLKOUT0_DIVIDE_F = 1
) (
    input CLKIN1, input CLKFBIN, input RST, input PWRDWN,
    output CLKFBOUT, output CLKOUT0, output LOCKED
);
    function eighths(input real value);
        eighths = value * 8 == $rtoi(value * 8) && (value == $rtoi(value) || value >= 2);
    endfunction

    initial begin
        if (!eighths(CLKFBOUT_MULT_F) || CLKFBOUT_MULT_F < 2 || CLKFBOUT_MULT_F > 64) $fatal(1, "%m: multiplier");
        if (!eighths(CLKOUT0_DIVIDE_F) || CLKOUT0_DIVIDE_F < 1 || CLKOUT0_DIVIDE_F > 128) $fatal(1, "%m: divider");
        if (DIVCLK_DIVIDE < 1 || DIVCLK_DIVIDE > 106) $fatal(1, "%m: divider of the input");
        #1 if (PWRDWN !== 0) $fatal(1, "%m: powered down");
    end
    assign CLKFBOUT = CLKIN1;
    always @(CLKFBOUT) #1 if (CLKFBIN !== CLKFBOUT) $fatal(1, "%m: CLKFBIN is not CLKFBOUT");

    vendor_pll #(
        .REFERENCE(DIVCLK_DIVIDE), .MULTIPLY(CLKFBOUT_MULT_F), .AFTER(CLKOUT0_DIVIDE_F),
        .TOLD_MHZ(1000 / CLKIN1_PERIOD),
        .IN_MIN(10), .IN_MAX(800), .DETECTOR_MIN(10), .DETECTOR_MAX(450),
        .OSCILLATOR_MIN(600), .OSCILLATOR_MAX(1200), .OUT_MIN(4.69), .OUT_MAX(800), .NEEDS_RESET(1)
    ) pll (.in(CLKIN1), .reset(RST), .out(CLKOUT0), .locked(LOCKED));
endmodule
