`timescale 1ps / 1fs

// Cells of iCE40 (HX8K and UP5K), from Lattice's data sheets and "iCE40 sysCLOCK PLL Design and Usage Guide".

module SB_IO #(
    parameter [5:0] PIN_TYPE = 0,
    parameter PULLUP = 0,
    parameter IO_STANDARD = "SB_LVCMOS"
) (
    inout PACKAGE_PIN,
    input OUTPUT_ENABLE,
    input D_OUT_0,
    output D_IN_0
);
    // Types: a plain input, and an output with an enable that are not registered.
    initial if (PIN_TYPE != 6'b000001 && PIN_TYPE != 6'b101001) $fatal(1, "%m: pin type %b", PIN_TYPE);
    assign PACKAGE_PIN = PIN_TYPE[5] && OUTPUT_ENABLE ? D_OUT_0 : 1'bz;
    assign D_IN_0 = PACKAGE_PIN;
    generate if (PULLUP) pullup (PACKAGE_PIN); endgenerate
endmodule

module SB_GB_IO #(
    parameter [5:0] PIN_TYPE = 0,
    parameter IO_STANDARD = "SB_LVCMOS"
) (
    inout PACKAGE_PIN,
    output GLOBAL_BUFFER_OUTPUT
);
    initial if (PIN_TYPE != 6'b000001) $fatal(1, "%m: pin type %b", PIN_TYPE);
    assign GLOBAL_BUFFER_OUTPUT = PACKAGE_PIN;
endmodule

module ice40_pll #(
    parameter FEEDBACK_PATH = "", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0, parameter [2:0] DIVQ = 0,
    parameter [2:0] FILTER_RANGE = 0
) (
    input in, input RESETB, input BYPASS, output PLLOUTGLOBAL, output LOCK
);
    vendor_pll #(
        .REFERENCE(DIVR + 1), .MULTIPLY(DIVF + 1), .AFTER(1 << DIVQ),
        .IN_MIN(10), .IN_MAX(133), .DETECTOR_MIN(10), .DETECTOR_MAX(133),
        .OSCILLATOR_MIN(533), .OSCILLATOR_MAX(1066), .OUT_MIN(16), .OUT_MAX(275)
    ) pll (.in(in), .reset(~RESETB), .out(PLLOUTGLOBAL), .locked(LOCK));

    real detector;
    integer range;
    initial if (FEEDBACK_PATH != "SIMPLE" || DIVQ < 1 || DIVQ > 6) $fatal(1, "%m: %0s, DIVQ %0d", FEEDBACK_PATH, DIVQ);
    initial #1 if (BYPASS !== 0) $fatal(1, "%m: BYPASS is %b", BYPASS);
    always @(posedge LOCK) begin
        detector = 1.0e6 / pll.period / (DIVR + 1);
        range = detector < 17 ? 1 : detector < 26 ? 2 : detector < 44 ? 3 : detector < 66 ? 4 : detector < 101 ? 5 : 6;
        if (FILTER_RANGE != range) $fatal(1, "%m: filter %0d for %0.3f MHz", FILTER_RANGE, detector);
    end
endmodule

module SB_PLL40_PAD #(
    parameter FEEDBACK_PATH = "", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0, parameter [2:0] DIVQ = 0,
    parameter [2:0] FILTER_RANGE = 0
) (
    inout PACKAGEPIN, input RESETB, input BYPASS, output PLLOUTGLOBAL, output LOCK
);
    ice40_pll #(
        .FEEDBACK_PATH(FEEDBACK_PATH), .DIVR(DIVR), .DIVF(DIVF), .DIVQ(DIVQ), .FILTER_RANGE(FILTER_RANGE)
    ) pll (.in(PACKAGEPIN), .RESETB(RESETB), .BYPASS(BYPASS), .PLLOUTGLOBAL(PLLOUTGLOBAL), .LOCK(LOCK));
endmodule

module SB_PLL40_CORE #(
    parameter FEEDBACK_PATH = "", parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0, parameter [2:0] DIVQ = 0,
    parameter [2:0] FILTER_RANGE = 0
) (
    input REFERENCECLK, input RESETB, input BYPASS, output PLLOUTGLOBAL, output LOCK
);
    ice40_pll #(
        .FEEDBACK_PATH(FEEDBACK_PATH), .DIVR(DIVR), .DIVF(DIVF), .DIVQ(DIVQ), .FILTER_RANGE(FILTER_RANGE)
    ) pll (.in(REFERENCECLK), .RESETB(RESETB), .BYPASS(BYPASS), .PLLOUTGLOBAL(PLLOUTGLOBAL), .LOCK(LOCK));
endmodule

// Current sources of the UP5K: each sinks the current of an LED, whose other end is at the supply.
module SB_RGBA_DRV #(
    parameter CURRENT_MODE = "0b0", parameter RGB0_CURRENT = "0b000000", parameter RGB1_CURRENT = "0b000000",
    parameter RGB2_CURRENT = "0b000000"
) (
    input CURREN, input RGBLEDEN, input RGB0PWM, input RGB1PWM, input RGB2PWM,
    output RGB0, output RGB1, output RGB2
);
    wire on = CURREN & RGBLEDEN;
    assign RGB0 = on & RGB0PWM & RGB0_CURRENT != "0b000000" ? 1'b0 : 1'bz;
    assign RGB1 = on & RGB1PWM & RGB1_CURRENT != "0b000000" ? 1'b0 : 1'bz;
    assign RGB2 = on & RGB2PWM & RGB2_CURRENT != "0b000000" ? 1'b0 : 1'bz;
    pullup (RGB0);
    pullup (RGB1);
    pullup (RGB2);
endmodule
