`timescale 1ps / 1fs

// Cells of GW1N and GW2A, from Gowin's data sheets (DS117, DS226, DS102) and its clock guide (UG286).

module IBUF (input I, output O);
    assign O = I;
endmodule

module TBUF (input I, input OEN, output O);
    assign O = OEN ? 1'bz : I;
endmodule

module rPLL #(
    parameter FCLKIN = "100.0", parameter DEVICE = "", parameter IDIV_SEL = 0, parameter FBDIV_SEL = 0,
    parameter ODIV_SEL = 8
) (
    input CLKIN, input CLKFB, input RESET, input RESET_P, input [5:0] FBDSEL, input [5:0] IDSEL, input [5:0] ODSEL,
    input [3:0] PSDA, input [3:0] DUTYDA, input [3:0] FDLY,
    output CLKOUT, output LOCK
);
    // Whole MHz, as text of up to three digits.
    function integer number(input [8*3-1:0] text);
        integer place;
        begin
            number = 0;
            for (place = 2; place >= 0; place = place - 1)
                if (text[8*place +: 8] != 0) number = number * 10 + text[8*place +: 8] - "0";
        end
    endfunction

    localparam SMALL = DEVICE == "GW1NR-9C";
    initial begin
        if (!SMALL && DEVICE != "GW2A-18C") $fatal(1, "%m: device %0s", DEVICE);
        if (IDIV_SEL > 63 || FBDIV_SEL > 63) $fatal(1, "%m: divider out of range");
        case (ODIV_SEL)
            2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128: ;
            default: $fatal(1, "%m: ODIV_SEL is %0d", ODIV_SEL);
        endcase
        #1 if ({RESET_P, CLKFB, FBDSEL, IDSEL, ODSEL, PSDA, DUTYDA, FDLY} !== 0) $fatal(1, "%m: an input is open");
    end

    vendor_pll #(
        .REFERENCE(IDIV_SEL + 1), .MULTIPLY((FBDIV_SEL + 1) * ODIV_SEL), .AFTER(ODIV_SEL), .TOLD_MHZ(number(FCLKIN)),
        .IN_MIN(3), .IN_MAX(SMALL ? 400 : 500), .DETECTOR_MIN(3), .DETECTOR_MAX(SMALL ? 400 : 500),
        .OSCILLATOR_MIN(SMALL ? 400 : 500), .OSCILLATOR_MAX(SMALL ? 1200 : 1250),
        .OUT_MIN(SMALL ? 3.125 : 3.90625), .OUT_MAX(SMALL ? 600 : 625)
    ) pll (.in(CLKIN), .reset(RESET), .out(CLKOUT), .locked(LOCK));
endmodule
