"""Program around a Verilated chip, with a small stand-in for the chip: it sends every byte back, one up."""

import json
import subprocess
import threading

import numpy as np
import pytest
from neurocorex.errors import MissingToolError
from neurocorex_sim import cache, chip
from support.fst import Fst

# After a byte 0xF0 the bits are four clock cycles long instead of eight. Each byte that is sent is a step.
ECHO = """
module neurocorex (input clk, input rst, input rx, output tx, output busy, output error, output reg [15:0] divisor);
    reg rx_busy, tx_busy;
    reg [15:0] rx_timer, tx_timer;
    reg [3:0] rx_bits, tx_bits, head, tail;
    reg [7:0] rx_byte;
    reg [9:0] tx_shift;
    reg [7:0] fifo [0:15];
    assign tx = tx_busy ? tx_shift[0] : 1'b1;
    assign busy = rx_busy | tx_busy | (head != tail);
    assign error = 1'b0;
    always @(posedge clk) begin
        if (!rx_busy) begin
            if (!rx) begin
                rx_busy <= 1;
                rx_bits <= 0;
                rx_timer <= (divisor >> 1) + divisor - 2;
            end
        end else if (rx_timer != 0) rx_timer <= rx_timer - 1;
        else begin
            rx_timer <= divisor - 1;
            rx_bits <= rx_bits + 1;
            rx_byte <= {rx, rx_byte[7:1]};
            if (rx_bits == 8) begin
                rx_busy <= 0;
                fifo[head] <= rx_byte + 8'd1;
                head <= head + 1;
                if (rx_byte == 8'hF0) divisor <= 4;
            end
        end
        if (!tx_busy || (tx_timer == 0 && tx_bits == 9)) begin
            tx_busy <= head != tail;
            tx_bits <= 0;
            tx_timer <= divisor - 1;
            if (head != tail) begin
                tx_shift <= {1'b1, fifo[tail], 1'b0};
                tail <= tail + 1;
            end
        end else if (tx_timer != 0) tx_timer <= tx_timer - 1;
        else begin
            tx_timer <= divisor - 1;
            tx_bits <= tx_bits + 1;
            tx_shift <= {1'b1, tx_shift[9:1]};
        end
        if (rst) begin
            divisor <= 8;
            {rx_busy, tx_busy, head, tail} <= 0;
        end
    end
    \\neurocorex.sequencer  sequencer (
        .working(tx_busy), .stalled(1'b0), .step_done(tx_busy && tx_timer == 0 && tx_bits == 9)
    );
endmodule
module \\neurocorex.sequencer (input working, input stalled, input step_done);
endmodule
"""
#: Cycles of a step, and time of a cycle in a waveform.
STEP, CYCLE_NS = 80, 10
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def echo():
    return chip.compile_chip(ECHO)


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "neurocorex" / "chips"


def start(program, *options):
    words = [program, *options]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)


def random_bytes(count, below=0xF0):
    return np.random.default_rng(1).integers(0, below, count, dtype=np.uint8).tobytes()


def one_up(data):
    return bytes((byte + 1) & 0xFF for byte in data)


def test_every_byte_goes_through_the_pins(echo):
    data = random_bytes(20_000)
    done = subprocess.run([echo], input=data, capture_output=True, timeout=TIMEOUT_S, check=True)
    assert done.stdout == one_up(data)
    assert done.stderr == b""


def test_rate_follows_the_chip(echo, tmp_path):
    data = random_bytes(500) + b"\xf0" + random_bytes(500)
    report = tmp_path / "report"
    with start(echo, "--report", report) as process:
        # The byte that changes the rate is answered before anything is sent at the new one, as a host would do.
        process.stdin.write(data[:501])
        answer = read_exactly(process, 501)
        process.stdin.write(data[501:])
        answer += read_exactly(process, 500)
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0
    assert answer == one_up(data)
    bursts = [json.loads(line) for line in report.read_text().splitlines()]
    assert bursts[-1]["divisor"] == 4
    assert sum(burst["to_chip"] for burst in bursts) == sum(burst["from_chip"] for burst in bursts) == len(data)


def test_reader_may_come_late(echo):
    data = random_bytes(300_000)
    with start(echo) as process:
        process.stdin.write(data)
        assert read_exactly(process, len(data)) == one_up(data)
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0


def test_clock_stands_still_while_nothing_happens(echo, tmp_path):
    with start(echo, "--report", tmp_path / "report") as process:
        for byte in b"abc":
            process.stdin.write(bytes([byte]))
            assert read_exactly(process, 1) == bytes([byte + 1])
        process.stdin.close()
        process.wait(TIMEOUT_S)
    bursts = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
    # However long the host takes between its bytes, the chip sees a few thousand cycles of it.
    assert bursts[-1]["last"] < 3 * 5_000


def test_program_ends_when_nobody_listens(echo):
    with start(echo) as process:
        process.stdout.close()
        process.stdin.write(b"abc")
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0


@pytest.mark.parametrize(
    "options", [["--help"], ["--trace"], ["--trace", "wave.fst"], ["--from", "-1"], ["--to", "3x"]], ids=" ".join
)
def test_options_that_cannot_be_used_are_explained(echo, options):
    done = subprocess.run([echo, *options], input=b"", capture_output=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 2
    assert any(told in done.stderr for told in (b"[--trace FILE.fst", b"trace=True", b"not the number of a step"))


@pytest.fixture(scope="module")
def traced():
    return chip.compile_chip(ECHO, trace=True)


def test_waveform_holds_the_chosen_steps_only(traced, tmp_path):
    words = [traced, "--trace", tmp_path / "wave.fst", "--from", "2", "--to", "3"]
    subprocess.run(words, input=b"abcdef", stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=True)
    wave = Fst.read(tmp_path / "wave.fst", "TOP.step", "TOP.in_step", "TOP.clk")
    assert wave.values["TOP.step"] == [2, 3]
    assert wave.values["TOP.in_step"] == [1]
    assert wave.values["TOP.clk"] == [1, 0] * 2 * STEP
    assert wave.end - wave.start == 2 * STEP * CYCLE_NS - CYCLE_NS // 2
    assert {"TOP.shell.chip.tx_shift", "TOP.shell.chip.sequencer.step_done"} <= wave.names


def test_waveform_is_complete_when_its_last_step_is_over(traced, tmp_path):
    with start(traced, "--trace", tmp_path / "wave.fst", "--to", "0") as process:
        process.stdin.write(b"ab")
        read_exactly(process, 2)
        assert Fst.read(tmp_path / "wave.fst", "TOP.step").values["TOP.step"] == [0]
        process.kill()


def test_waveform_without_a_last_step_ends_with_the_chip(traced, tmp_path):
    words = [traced, "--trace", tmp_path / "wave.fst", "--from", "1"]
    subprocess.run(words, input=b"abc", stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=True)
    assert Fst.read(tmp_path / "wave.fst", "TOP.step").values["TOP.step"] == [1, 2, 3]


def test_waveform_of_no_step_is_no_file(traced, tmp_path):
    words = [traced, "--trace", tmp_path / "wave.fst", "--from", "3"]
    subprocess.run(words, input=b"abc", stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=True)
    assert not (tmp_path / "wave.fst").exists()


def test_chip_that_tells_no_steps_cannot_be_traced():
    with pytest.raises(ValueError, match="no module `sequencer`"):
        chip.compile_chip("module neurocorex (input clk); endmodule", trace=True)


def test_headers_that_waveforms_need_are_named(monkeypatch):
    monkeypatch.setattr(chip, "FST_HEADERS", ("no_such.h",))
    with pytest.raises(MissingToolError, match=r"waveforms need no_such.h; on Debian: apt-get install liblz4-dev"):
        chip.compile_chip(ECHO, trace=True)


def test_two_builds_at_once_are_one(own_cache):
    """The second waits for the first: one process compiles, both get the program."""
    second_begins = threading.Event()
    made, found = [], []

    def make(path):
        assert second_begins.wait(TIMEOUT_S)
        made.append(path)
        path.write_text("a program")

    def build():
        found.append(cache.cached("same.chip", "what it is made from", make))

    first = threading.Thread(target=build)
    second = threading.Thread(target=lambda: (second_begins.set(), build()))
    first.start()
    second.start()
    first.join()
    second.join()
    assert len(made) == 1
    assert found == [own_cache / "same.chip"] * 2
    assert [path.name for path in own_cache.glob("[!.]*")] == ["same.chip"]


def test_second_build_takes_what_is_there(echo):
    steps = []
    assert chip.compile_chip(ECHO, progress=steps.append) == echo
    assert steps == []


def test_failed_build_leaves_nothing_behind(own_cache):
    with pytest.raises(MissingToolError, match=r"verilator_bin failed: .*failed\.log"):
        chip.compile_chip("module neurocorex (input clk) endmodule")
    assert [path.name for path in own_cache.glob("[!.]*")] == []


def test_missing_compiler_is_named(own_cache, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(MissingToolError, match=r"no-such-compiler is needed .* apt-get install g\+\+"):
        chip.compile_chip(ECHO)


def test_oldest_builds_go(own_cache, monkeypatch):
    monkeypatch.setattr(cache, "KEPT", 3)
    for number in range(5):
        cache.cached(f"{number}.v", str(number), lambda path, number=number: path.write_text(str(number)))
    assert len(list(own_cache.glob("*.v"))) == 3


def read_exactly(process, count):
    data = b""
    while len(data) < count:
        got = process.stdout.read(count - len(data))
        if not got:
            raise AssertionError(f"chip ended after {len(data)} of {count} bytes: {process.stderr.read()}")
        data += got
    return data
