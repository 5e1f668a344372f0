`timescale 1ps / 1fs

// Life of a board: power-on, talk, a bad frame, the button, a lost lock, and the heartbeat.
//
// `board` is the top module with its pins by their use. Macros give its facts: HALF_PS, half a period of the
// oscillator; BIT_PS, a bit of the serial port; LOCK_PS; REST, the level of the button's pin at rest; BUTTON, PLL and
// RELOCKS, whether there is a button, a PLL, and whether that locks again by itself.
// The log has a line for each change of a signal: its name, the time in ps, its value.
module bench;
    reg clock, rx, button, lose;
    real lock_ps, edge_at;
    integer edges, place;
    reg [7:0] greeting [0:255];
    reg [7:0] damaged [0:255];
    wire tx, heartbeat, error, held;

    board board (
        .clock(clock), .rx(rx), .button(button), .tx(tx), .heartbeat(heartbeat), .error(error), .held(held)
    );

    always @(board.top.rst) $display("@ reset %0.3f %b", $realtime, board.top.rst);
    always @(negedge board.top.rst) $display("@ edge %0.3f 1", edge_at);
    always @(posedge board.top.clk) begin
        edge_at = $realtime;
        edges = edges + 1;
    end
    always @(tx) $display("@ tx %0.3f %b", $realtime, tx);
    always @(heartbeat) $display("@ heartbeat %0.3f %b", $realtime, heartbeat);
    always @(held) $display("@ held %0.3f %b", $realtime, held);
    always @(error) $display("@ error %0.3f %b", $realtime, error);

    task send(input [7:0] value);
        integer bits;
        begin
            rx = 0;
            for (bits = 0; bits < 8; bits = bits + 1) #(`BIT_PS) rx = value[bits];
            #(`BIT_PS) rx = 1;
            #(`BIT_PS);
        end
    endtask

    task bounce(input real ps);
        begin
            button = ~button;
            $display("@ button %0.3f %b", $realtime, button != `REST);
            #(ps);
        end
    endtask

    task talk;
        begin
            wait (board.top.rst === 0);
            #3000000;
            edge_at = -1;
            wait (edge_at > 0);
            $display("@ counted %0.3f %0d", $realtime, edges);
            #20000000 edge_at = -1;
            wait (edge_at > 0);
            $display("@ counted %0.3f %0d", $realtime, edges);
            for (place = 0; place < 256 && ^greeting[place] !== 1'bx; place = place + 1) send(greeting[place]);
            #(200 * `BIT_PS);
        end
    endtask

    initial begin
        edges = 0; edge_at = 0; lock_ps = `LOCK_PS; rx = 1; button = `REST; lose = 0;
        $readmemh("greeting.hex", greeting);
        $readmemh("damaged.hex", damaged);
        talk;
        for (place = 0; place < 256 && ^damaged[place] !== 1'bx; place = place + 1) send(damaged[place]);
        #(160 * `BIT_PS);
        if (`BUTTON) begin
            bounce(1234567); bounce(345678); bounce(98765); bounce(4321); bounce(5432109); bounce(7654321);
            bounce(2345678); bounce(0);
            talk;
        end
        if (`PLL) begin
            lose = 1;
            $display("@ lose %0.3f 1", $realtime);
            #2345678 lose = 0;
            if (!`RELOCKS) begin
                #(2 * lock_ps) bounce(1000000);
                bounce(0);
            end
            talk;
        end
        $display("@ beat %0.3f 1", $realtime);
        force board.top.chip.heartbeat = 1;
        #1000000 force board.top.chip.heartbeat = 0;
        #1000000;
        $display("@ end %0.3f 1", $realtime);
        $finish;
    end

    initial clock = 0;
    always #(`HALF_PS) clock = ~clock;
    initial #20000000000 $fatal(1, "the board never came to an end");
endmodule
