"""Progress of a build, from lines that Yosys and nextpnr have printed; paced, and shown on terminals and pipes."""

import io

import pytest
from neurocorex.cli import boards as command
from neurocorex.fpga.build import _paced
from neurocorex_hdl.boards.progress import heard

YOSYS = """
5. Executing SYNTH_ICE40 pass.
5.43.11. Executing ABC9_OPS pass (helper functions for ABC9).
Removed a total of 12 cells.
4. Executing Verilog backend.
"""
#: Lines of nextpnr 0.11 for iCE40 and ECP5, and of its second router, which large Gowin and 7-series parts use.
NEXTPNR = """
Warning: something
Info: Packing LUT-FFs..
Info: Packing carries...
Info:     at initial placer iter 3, wirelen = 1009
Info:     at iteration #12, type ALL: wirelen solved = 12489, spread = 26068, legal = 44854; time = 0.97s
Info:   at iteration #23: temp = 0.000000, timing cost = 273, wirelen = 20412
Info: SA placement time 12.52s
Info: [  1007,   1544) |+
Info: Routing 19526 arcs.
Info:            |   (re-)routed arcs  |   delta    | remaining|       time spent     |
Info:      14000 |     2168      11623 |  142   803 |      8620|       0.35       5.99|
Info:     iter=4 wires=71202 overused=310 overuse=311 archfail=NA
Info:     iter=5 wires=71202 overused=0 overuse=0 tns=0.00 archfail=0
"""


def told(program: str, lines: str) -> list[str]:
    found: list[str] = []
    take = heard(program, found.append)
    for line in lines.splitlines(keepends=True):
        take(line)
    return found


def test_yosys_tells_its_pass() -> None:
    assert told("yosys", YOSYS) == ["synthesising: pass 5, synth_ice40", "synthesising: pass 5.43.11, abc9_ops"]


@pytest.mark.parametrize("program", ["nextpnr-ice40", "nextpnr-himbaechel-gowin", "nextpnr-xilinx"])
def test_nextpnr_tells_wirelength_and_arcs(program) -> None:
    assert told(program, NEXTPNR) == [
        "packing: LUT-FFs",
        "packing: carries",
        "placing: start 3, wirelength 1,009",
        "placing: iteration 12, wirelength 44,854",
        "placing: refinement 23, wirelength 20,412",
        "routing: 19,526 arcs",
        "routing: 8,620 arcs left",
        "routing: iteration 4, 310 wires in conflict",
        "routing: iteration 5, 0 wires in conflict",
    ]


def test_packers_tell_nothing() -> None:
    assert told("ecppack", NEXTPNR) == []


def test_stages_pass_and_the_progress_in_them_comes_every_few_seconds() -> None:
    now = 0.0
    lines: list[str] = []
    say = _paced(lines.append, lambda: now)
    say("placing and routing")
    for step in range(100):
        now = step / 10
        say(f"placing: iteration {step}")
    say("packing")
    assert lines == [
        "placing and routing", "placing: iteration 30", "placing: iteration 60", "placing: iteration 90", "packing",
    ]  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "stays"), [(io.StringIO, True), (Terminal, False)], ids=["pipe", "terminal"])
def test_progress_in_a_stage_is_a_line_on_a_pipe_only(stream, stays, monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = stream()
    monkeypatch.setattr("sys.stderr", out)
    with command._progress("icebreaker", quiet=False) as say:
        say("placing and routing")
        say("placing: iteration 1, wirelength 44,854")
    text = out.getvalue()
    assert " s  placing and routing\n" in text
    assert (" s  placing: iteration 1, wirelength 44,854\n" in text) == stays


def test_progress_is_silent_with_json(capsys) -> None:
    with command._progress("icebreaker", quiet=True) as say:
        say("placing and routing")
    assert capsys.readouterr() == ("", "")
