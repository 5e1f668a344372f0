// Models of the cells that a chip for ECP5 is made of, as far as it uses them; what is used in another way is told.

module LUT4 (input A, B, C, D, output Z);
    parameter [15:0] INIT = 0;
    // Bit by bit: an unknown input does not matter where both answers are the same.
    wire [7:0] eight = D ? INIT[15:8] : INIT[7:0];
    wire [3:0] four = C ? eight[7:4] : eight[3:0];
    wire [1:0] two = B ? four[3:2] : four[1:0];
    assign Z = A ? two[1] : two[0];
endmodule

module PFUMX (input ALUT, BLUT, C0, output Z);
    assign Z = C0 ? ALUT : BLUT;
endmodule

module L6MUX21 (input D0, D1, SD, output Z);
    assign Z = SD ? D1 : D0;
endmodule

// Two bits of a sum: a LUT says whether the carry is passed on, its four lowest entries what it is otherwise.
module CCU2C (input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT);
    parameter [15:0] INIT0 = 0, INIT1 = 0;
    parameter INJECT1_0 = "YES", INJECT1_1 = "YES";
    wire passes_0, passes_1, made_0, made_1;
    LUT4 #(.INIT(INIT0)) lut_0 (.A(A0), .B(B0), .C(C0), .D(D0), .Z(passes_0));
    LUT4 #(.INIT(INIT1)) lut_1 (.A(A1), .B(B1), .C(C1), .D(D1), .Z(passes_1));
    LUT4 #(.INIT({{4{INIT0[3:0]}}})) other_0 (.A(A0), .B(B0), .C(1'b0), .D(1'b0), .Z(made_0));
    LUT4 #(.INIT({{4{INIT1[3:0]}}})) other_1 (.A(A1), .B(B1), .C(1'b0), .D(1'b0), .Z(made_1));
    wire between = passes_0 ? CIN : made_0;
    assign S0 = passes_0 ^ CIN;
    assign S1 = passes_1 ^ between;
    assign COUT = passes_1 ? between : made_1;
    initial
        if (INJECT1_0 != "NO" || INJECT1_1 != "NO") begin
            $display("ERROR: this CCU2C is used in a way that its model does not know");
            $finish;
        end
endmodule

module TRELLIS_FF (input CLK, LSR, CE, DI, M, output reg Q);
    parameter GSR = "ENABLED", CEMUX = "1", CLKMUX = "CLK", LSRMUX = "LSR", SRMODE = "LSR_OVER_CE", REGSET = "RESET";
    parameter LSRMODE = "LSR";
    initial begin
        Q = REGSET == "SET";
        if (CLKMUX != "CLK" || LSRMUX != "LSR" || LSRMODE != "LSR" || SRMODE == "ASYNC" || CEMUX == "INV") begin
            $display("ERROR: this TRELLIS_FF is used in a way that its model does not know");
            $finish;
        end
    end
    always @(posedge CLK)
        if (LSR) Q <= REGSET == "SET";
        else if (CEMUX == "1" || CE) Q <= DI;
endmodule

// Memory in LUTs: sixteen words of four bits, read without a clock.
module TRELLIS_DPR16X4 (input [3:0] DI, WAD, input WRE, WCK, input [3:0] RAD, output [3:0] DO);
    parameter WCKMUX = "WCK", WREMUX = "WRE";
    parameter [63:0] INITVAL = 0;
    reg [63:0] words = INITVAL;
    always @(posedge WCK)
        if (WRE) words[4 * WAD +: 4] <= DI;
    assign DO = words[4 * RAD +: 4];
endmodule

// Block RAM of 2,048 bytes of nine bits: port A writes, port B reads, in words of 1 to 36 bits.
//
// The four lowest bits of the address of a wide word say which of its bytes are written. What is read in the cycle in
// which it is written is not known, as on the chip, if the two ports have clocks of their own.
module DP16KD (
    input
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1,
        DIA0, DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2,
        DIB1, DIB0, ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0, ADB13,
        ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
        CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0, CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1,
        DOA0, DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
        DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG", RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000", CLKAMUX = "CLKA", CLKBMUX = "CLKB", GSR = "ENABLED";
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
    parameter INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0, INITVAL_05 = 0;
    parameter INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0;
    parameter INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0;
    parameter INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0;
    parameter INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0;
    parameter INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0;
    parameter INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0, INITVAL_28 = 0, INITVAL_29 = 0;
    parameter INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0;
    parameter INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0;
    parameter INITVAL_36 = 0, INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0;
    parameter INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;

    wire [35:0] given = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1,
        DIB0, DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2,
        DIA1, DIA0
    };
    wire [13:0] write_at = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] read_at = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire writes = CEA & WEA;

    reg [8:0] bytes [0:2047];
    reg [35:0] answer;
    integer number;

    initial begin
        for (number = 0; number < 2048; number = number + 1) bytes[number] = 0;
        if (INITVAL_00 != 0 || REGMODE_B != "NOREG") begin
            $display("ERROR: this block RAM is used in a way that its model does not know");
            $finish;
        end
    end

    // The bits of a byte that are written now.
    function [8:0] written(input [10:0] place); begin
        case (DATA_WIDTH_A)
            36: written = {9{place[10:2] == write_at[13:5] && write_at[place[1:0]]}};
            18: written = {9{place[10:1] == write_at[13:4] && write_at[place[0]]}};
            default: begin
                written = DATA_WIDTH_A == 9 ? 9'h1FF : ((9'h1 << DATA_WIDTH_A) - 9'h1) << write_at[2:0];
                if (place != write_at[13:3]) written = 0;
            end
        endcase
        if (!writes) written = 0;
    end endfunction

    // What a byte has to store: the word that it is a part of, or a narrow word at its place.
    function [8:0] stored(input [10:0] place);
        case (DATA_WIDTH_A)
            36: stored = given[9 * place[1:0] +: 9];
            18: stored = given[9 * place[0] +: 9];
            9: stored = given[8:0];
            default: stored = given[8:0] << write_at[2:0];
        endcase
    endfunction

    function [8:0] seen(input [10:0] place);
        seen = (bytes[place] & ~written(place)) | (written(place) & 9'bx);
    endfunction

    wire [10:0] first = write_at[13:3] & (DATA_WIDTH_A == 36 ? 11'h7FC : DATA_WIDTH_A == 18 ? 11'h7FE : 11'h7FF);
    always @(posedge CLKA)
        if (writes)
            for (number = 0; number < (DATA_WIDTH_A + 8) / 9; number = number + 1)
                bytes[first + number] <= (bytes[first + number] & ~written(first + number))
                    | (stored(first + number) & written(first + number));

    always @(posedge CLKB)
        if (WEB) begin
            $display("ERROR: port B of a block RAM writes, which its model does not know");
            $finish;
        end else if (CEB)
            case (DATA_WIDTH_B)
                36: answer <= {
                    seen({read_at[13:5], 2'd3}), seen({read_at[13:5], 2'd2}),
                    seen({read_at[13:5], 2'd1}), seen({read_at[13:5], 2'd0})
                };
                18: answer <= {seen({read_at[13:4], 1'd1}), seen({read_at[13:4], 1'd0}), 18'bx};
                9: answer <= {9'bx, seen(read_at[13:3]), 18'bx};
                default: answer <= {9'bx, seen(read_at[13:3]) >> read_at[2:0], 18'bx};
            endcase

    assign {
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1,
        DOB0, DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
        DOA1, DOA0
    } = answer;
endmodule

// Multiplier without registers.
module MULT18X18D (
    input
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0, B17, B16, B15, B14, B13, B12,
        B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0, C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5,
        C4, C3, C2, C1, C0,
        SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    output
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14,
        P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    wire signed [18:0] a = {
        SIGNEDA & A17,
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0
    };
    wire signed [18:0] b = {
        SIGNEDB & B17,
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0
    };
    wire signed [37:0] product = a * b;
    assign {
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14,
        P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
    } = product[35:0];
endmodule
