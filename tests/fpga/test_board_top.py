"""Clock, reset, serial port and LEDs of board tops, simulated with models of the vendors' cells (`vendor/`)."""

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from neurocorex.fpga.boards import BOARDS
from neurocorex.spec import CoreConfig
from neurocorex.spec.protocol import Op, Request, Response, ResponseDecoder, Status
from neurocorex_hdl.boards.clock import START_UP_S
from neurocorex_hdl.boards.flow import RTLIL, prepare
from neurocorex_hdl.boards.platforms import PLATFORMS
from neurocorex_hdl.chip import Chip
from neurocorex_hdl.synthesis.tools import run

VENDOR = Path(__file__).parent / "vendor"
SMALLEST = CoreConfig(neurons=4, inputs=4, lanes=1, frame_bytes=128, rx_frames=2, tx_frames=2)
SESSION = 0x1234
LOCK_PS = 40e6
START_UP_PS = START_UP_S * 1e12


@dataclass(frozen=True, kw_only=True)
class Case:
    """Board at a clock, with the levels of its pins from the maker's schematic, not from the platform."""

    name: str
    mhz: int
    lit: int
    pressed: int | None = None
    relocks: bool = True
    held: bool = False

    def __str__(self) -> str:
        return f"{self.name}-{self.mhz}"

    @property
    def board(self):
        return BOARDS[self.name]

    @property
    def pll(self) -> bool:
        return self.mhz * 1e6 != self.board.oscillator_hz

    @property
    def resets(self) -> list[str]:
        """What resets the chip, in the order of the bench."""
        return ["power", *["button"] * (self.pressed is not None), *["lose"] * self.pll]


CASES = [
    Case(name="icebreaker", mhz=12, lit=0, pressed=0),  # oscillator alone
    Case(name="icebreaker", mhz=24, lit=0, pressed=0),  # PLL at the pad
    Case(name="upduino-3", mhz=12, lit=0, held=True),  # no button, LEDs at current sources
    Case(name="hx8k-b-evn", mhz=48, lit=1),  # PLL in the fabric
    Case(name="ulx3s-25f", mhz=80, lit=1, pressed=1, held=True),
    Case(name="orangecrab-25f", mhz=12, lit=0, pressed=0),  # fed back by the clock itself
    Case(name="tang-nano-20k", mhz=54, lit=0, pressed=1),
    Case(name="arty-a7-35t", mhz=80, lit=1, pressed=0, relocks=False),
]
case = pytest.mark.parametrize("case", CASES, ids=str)


def verilog(name: str, clock_hz: int, chip, folder: Path) -> None:
    """Write the top of a board as Amaranth emits it, before synthesis."""
    (folder / RTLIL).write_text(prepare(BOARDS[name], chip, clock_hz)[RTLIL])
    script = [f"read_rtlil {RTLIL}", "proc -nomux -norom", "memory_collect", "write_verilog -norename top.v"]
    (folder / "top.ys").write_text("\n".join([*script, ""]))
    run("yosys", ["-q", "top.ys"], folder, log="yosys.out")


def board_module(name: str) -> str:
    """Wrap the top module, so that its pins are known by their use."""
    platform = PLATFORMS[name]
    pins = {"clock": f"{platform.default_clk}_0__io", "rx": "uart_0__rx__io", "tx": "uart_0__tx__io"}
    held = [f"{resource}_{number}__io" for resource, number in platform.held]
    places = {"heartbeat": platform.leds["heartbeat"], "error": platform.leds["error"]}
    if platform.button is not None:
        places["button"] = platform.button
    for use, (resource, number, *part) in places.items():
        pins[use] = "__".join([f"{resource}_{number}", *part, "io"])
    joined = [f".{pin}({use})" for use, pin in pins.items()]
    joined += [f".{pin}(pins[{place}])" for place, pin in enumerate(held)]
    return f"""`timescale 1ps / 1fs
module board(input clock, input rx, input button, output tx, output heartbeat, output error, output held);
    wire [{len(held)}:0] pins;
    neurocorex top({", ".join(joined)});
    assign pins[{len(held)}] = {int(bool(held))};
    assign held = &pins;
endmodule
"""


def icarus(folder: Path, *options: str) -> subprocess.CompletedProcess:
    """Compile all Verilog of a folder, and run it."""
    files = sorted(path.name for path in folder.glob("*.v"))
    # Combinational outputs in Amaranth's Verilog stay X with -g2012.
    compile_ = ["iverilog", "-g2005", "-s", "bench", "-o", "board.vvp", *options, *files]
    subprocess.run(compile_, cwd=folder, check=True, capture_output=True, text=True, timeout=120)
    return subprocess.run(["vvp", "-n", "board.vvp"], cwd=folder, capture_output=True, text=True, timeout=120)


def life(case: Case, folder: Path) -> dict[str, list[tuple[float, int]]]:
    """Simulate the board; return the changes of each signal as (time in ps, value)."""
    board = case.board
    verilog(case.name, case.mhz * 1_000_000, Chip(SMALLEST, case.mhz * 1_000_000, board.baud), folder)
    (folder / "board.v").write_text(board_module(case.name))
    for name in ("bench", "pll", board.family):
        shutil.copy(VENDOR / f"{name}.v", folder)
    asked = Request(Op.POLL, session=SESSION).encode() + Request(Op.HELLO, session=SESSION).encode()
    (folder / "greeting.hex").write_text(asked.hex(" "))
    damaged = bytearray(Request(Op.POLL, session=SESSION).encode())
    damaged[4] ^= 0x40
    (folder / "damaged.hex").write_text(damaged.hex(" "))
    macros = {
        "HALF_PS": 5e11 / board.oscillator_hz, "BIT_PS": 1e12 / board.baud, "LOCK_PS": LOCK_PS,
        "REST": 1 - (case.pressed or 0), "BUTTON": int(case.pressed is not None), "PLL": int(case.pll),
        "RELOCKS": int(case.relocks),
    }  # fmt: skip
    done = icarus(folder, *(f"-D{name}={value}" for name, value in macros.items()))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    log = defaultdict(list)
    for line in done.stdout.splitlines():
        if line.startswith("@"):
            _, name, time, value = line.split()
            log[name].append((float(time), int(value) if value.isdigit() else value))
    return dict(log)


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    """Simulate each board once."""
    return cache(lambda case: life(case, tmp_path_factory.mktemp(str(case))))


def level(changes: list[tuple[float, int]], time: float):
    """Value of a signal at a time."""
    return [value for at, value in changes if at <= time][-1]


def releases(log) -> list[float]:
    """Times at which the reset ends."""
    return [time for time, value in log["reset"] if value == 0]


@case
def test_reset_holds_from_power_on_and_ends_once_after_each_cause(case, lives) -> None:
    log = lives(case)
    assert log["reset"][0] == (0, 1)
    values = [value for _, value in log["reset"]]
    assert values == [1, 0] * len(case.resets)
    causes = [0.0, *(time for time, value in log.get("button", []) if value)][: 2 if case.pressed is not None else 1]
    causes += [time for time, _ in log.get("lose", [])]
    begins = [time for time, value in log["reset"] if value]
    assert begins == pytest.approx(causes, abs=1), "the reset begins at once, whatever the clock does"


@case
def test_reset_waits_for_lock_and_start_up(case, lives) -> None:
    log = lives(case)
    good = [0.0]
    if case.pll:
        # The first lock is too early, and lost again.
        good += [time for time, value in log["lock"] if value]
    good += [time for time, value in log.get("button", []) if not value]
    for ends in releases(log):
        waited = ends - max(time for time in good if time <= ends)
        assert START_UP_PS <= waited <= 2 * START_UP_PS + 1e6


@case
def test_reset_ends_at_an_edge_of_the_clock(case, lives) -> None:
    log = lives(case)
    assert releases(log) == [time for time, _ in log["edge"]]


@case
def test_clock_has_the_frequency_of_the_chip(case, lives) -> None:
    counted = lives(case)["counted"]
    for (begin, before), (end, after) in zip(counted[::2], counted[1::2], strict=True):
        assert (after - before) / (end - begin) * 1e6 == pytest.approx(case.mhz, rel=1e-4)


def starts(changes: list[tuple[float, int]], bit: float) -> Iterator[float]:
    """Times at which a byte begins on a line."""
    ends = 0.0
    for time, value in changes:
        if value == 0 and time >= ends:
            yield time
            ends = time + 9.5 * bit


@case
def test_chip_is_in_session_zero_after_each_reset_and_answers(case, lives) -> None:
    log, bit = lives(case), 1e12 / case.board.baud
    sent = bytearray()
    for begin in starts(log["tx"], bit):
        *bits, stop = (level(log["tx"], begin + (place + 1.5) * bit) for place in range(9))
        assert stop == 1
        sent.append(sum(value << place for place, value in enumerate(bits)))
    answers = list(ResponseDecoder().feed(bytes(sent)))
    assert all(isinstance(answer, Response) for answer in answers)
    said = [(answer.status, answer.session) for answer in answers]
    met = [(Status.OTHER_SESSION, 0), (Status.OK, SESSION)]
    assert said == met + [(Status.BAD_FRAME, SESSION)] + met * (len(case.resets) - 1)


@case
def test_bits_have_the_length_of_the_rate(case, lives) -> None:
    changes, bit = lives(case)["tx"], 1e12 / case.board.baud
    for begin in starts(changes, bit):
        for length in ((time - begin) / bit for time, _ in changes if 0 < time - begin < 9.5 * bit):
            assert length == pytest.approx(round(length), abs=2e-3)


@case
def test_leds_are_dark_in_reset_and_lit_by_what_they_show(case, lives) -> None:
    log = lives(case)
    dark = 1 - case.lit
    first = releases(log)[0]
    assert level(log["heartbeat"], first) == level(log["error"], first) == dark
    beat = log["beat"][0][0]
    assert [value for time, value in log["heartbeat"] if time >= beat] == [case.lit, dark]
    # The bad frame lights the error, the next reset ends it.
    assert [value for time, value in log["error"] if time > first] == [case.lit, dark][: len(case.resets)]


@pytest.mark.parametrize(
    ("family", "cell", "period_ps", "refusal"),
    [
        # 25 to 80 MHz with the smallest dividers; so far below its range a PLL may never say that it has locked.
        ("ecp5", "EHXPLLL #(.CLKI_DIV(5), .CLKFB_DIV(16), .CLKOP_DIV(7), .CLKOP_CPHASE(6), .CLKOP_ENABLE(\"ENABLED\"),"
         " .FEEDBK_PATH(\"CLKOP\")) pll (.CLKI(clock), .CLKOP(out), .CLKFB(out), .RST(off), .STDBY(off))", 40000,
         "phase detector of 5.0000"),
        ("ecp5", "EHXPLLL #(.CLKI_DIV(1), .CLKFB_DIV(2), .CLKOP_DIV(7), .CLKOP_CPHASE(6), .CLKOP_ENABLE(\"ENABLED\"),"
         " .FEEDBK_PATH(\"CLKOP\")) pll (.CLKI(clock), .CLKOP(out), .CLKFB(out), .RST(off), .STDBY(off))", 40000,
         "oscillator of 350.0000"),
        ("ice40", "SB_PLL40_CORE #(.FEEDBACK_PATH(\"SIMPLE\"), .DIVF(63), .DIVQ(6), .FILTER_RANGE(1)) pll"
         " (.REFERENCECLK(clock), .RESETB(on), .BYPASS(off), .PLLOUTGLOBAL(out))", 83333.333, "output of 12.0000"),
        ("ice40", "SB_PLL40_CORE #(.FEEDBACK_PATH(\"SIMPLE\"), .DIVF(63), .DIVQ(5), .FILTER_RANGE(2)) pll"
         " (.REFERENCECLK(clock), .RESETB(on), .BYPASS(off), .PLLOUTGLOBAL(out))", 83333.333, "filter 2"),
        ("gowin", "rPLL #(.FCLKIN(\"27\"), .DEVICE(\"GW2A-18C\"), .FBDIV_SEL(1), .ODIV_SEL(8)) pll (.CLKIN(clock),"
         " .CLKFB(off), .RESET(off), .RESET_P(off), .FBDSEL(6'd0), .IDSEL(6'd0), .ODSEL(6'd0), .PSDA(4'd0),"
         " .DUTYDA(4'd0), .FDLY(4'd0), .CLKOUT(out))", 37037.037, "oscillator of 432.0000"),
        ("xc7", "MMCME2_BASE #(.CLKIN1_PERIOD(10), .CLKFBOUT_MULT_F(8), .CLKOUT0_DIVIDE_F(10)) pll (.CLKIN1(clock),"
         " .CLKFBOUT(loop), .CLKFBIN(loop), .RST(off), .PWRDWN(off), .CLKOUT0(out))", 83333.333, "input, as told,"),
    ],
)  # fmt: skip
def test_models_refuse_what_the_data_sheet_does_not_allow(family, cell, period_ps, refusal, tmp_path) -> None:
    for name in ("pll", family):
        shutil.copy(VENDOR / f"{name}.v", tmp_path)
    (tmp_path / "bench.v").write_text(f"""`timescale 1ps / 1fs
module bench;
    reg clock, lose, on, off;
    real lock_ps;
    wire out, loop;
    {cell};
    initial begin clock = 0; lose = 0; on = 1; off = 0; lock_ps = 4.0e6; #20000000 $finish; end
    always #({period_ps / 2}) clock = ~clock;
endmodule
""")
    done = icarus(tmp_path)
    assert done.returncode != 0
    assert f"FATAL: {family}.v" in done.stdout or "FATAL: pll.v" in done.stdout
    assert refusal in done.stdout


@case
def test_pins_that_must_be_high_are_high_from_the_first_moment(case, lives) -> None:
    assert lives(case)["held"] == [(0, int(case.held))]
