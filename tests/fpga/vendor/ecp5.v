`timescale 1ps / 1fs

// Cells of ECP5, from Lattice's data sheet and "ECP5 sysCLOCK PLL/DLL Design and Usage Guide".

module IB (input I, output O);
    assign O = I;
endmodule

module OBZ (input I, input T, output O);
    assign O = T ? 1'bz : I;
endmodule

// Feedback from CLKOP through its pin, as FEEDBK_PATH says; the loop then holds CLKOP at the phase detector times
// CLKFB_DIV. Inputs that are not needed may be open.
module EHXPLLL #(
    parameter CLKI_DIV = 1, parameter CLKFB_DIV = 1, parameter FEEDBK_PATH = "",
    parameter CLKOP_ENABLE = "DISABLED", parameter CLKOP_DIV = 8, parameter CLKOP_CPHASE = 0,
    parameter CLKOP_FPHASE = 0,
    parameter CLKOS_ENABLE = "DISABLED", parameter CLKOS_DIV = 8, parameter CLKOS_CPHASE = 0,
    parameter CLKOS_FPHASE = 0
) (
    input CLKI, input CLKFB, input RST, input STDBY, input ENCLKOP, input ENCLKOS,
    output CLKOP, output CLKOS, output LOCK
);
    wire bad = CLKI_DIV < 1 || CLKI_DIV > 128 || CLKFB_DIV < 1 || CLKFB_DIV > 128 || CLKOP_DIV < 1 || CLKOP_DIV > 128
        || CLKOS_DIV < 1 || CLKOS_DIV > 128;
    initial begin
        if (FEEDBK_PATH != "CLKOP" || CLKOP_ENABLE != "ENABLED") $fatal(1, "%m: feedback is %0s", FEEDBK_PATH);
        if (CLKOP_CPHASE != CLKOP_DIV - 1 || CLKOP_FPHASE != 0) $fatal(1, "%m: phase of CLKOP");
        #1 if (bad || STDBY !== 0) $fatal(1, "%m: divider out of range, or standby");
    end

    vendor_pll #(
        .REFERENCE(CLKI_DIV), .MULTIPLY(CLKFB_DIV * CLKOP_DIV), .AFTER(CLKOP_DIV),
        .IN_MIN(8), .IN_MAX(400), .DETECTOR_MIN(10), .DETECTOR_MAX(400),
        .OSCILLATOR_MIN(400), .OSCILLATOR_MAX(800), .OUT_MIN(3.125), .OUT_MAX(400)
    ) first (.in(CLKI), .reset(RST), .out(CLKOP), .locked(LOCK));

    generate if (CLKOS_ENABLE == "ENABLED") begin : second
        initial if (CLKOS_CPHASE != CLKOS_DIV - 1 || CLKOS_FPHASE != 0) $fatal(1, "%m: phase of CLKOS");
        wire ignored;
        vendor_pll #(
            .REFERENCE(CLKI_DIV), .MULTIPLY(CLKFB_DIV * CLKOP_DIV), .AFTER(CLKOS_DIV),
            .IN_MIN(8), .IN_MAX(400), .DETECTOR_MIN(10), .DETECTOR_MAX(400),
            .OSCILLATOR_MIN(400), .OSCILLATOR_MAX(800), .OUT_MIN(3.125), .OUT_MAX(400)
        ) pll (.in(CLKI), .reset(RST), .out(CLKOS), .locked(ignored));
    end endgenerate

    always @(posedge LOCK) if (CLKFB !== CLKOP) $fatal(1, "%m: CLKFB is not CLKOP");
    always @(CLKOP) #1 if (CLKFB !== CLKOP) $fatal(1, "%m: CLKFB is not CLKOP");
endmodule
