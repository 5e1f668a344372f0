"""Script for Vivado, run by a real Tcl with stand-ins for Vivado's commands: what a missed clock does."""

from pathlib import Path

import pytest
from neurocorex.fpga.boards import BOARDS
from neurocorex_hdl.boards.constraints import Echo
from neurocorex_hdl.boards.flow import prepare

tkinter = pytest.importorskip("tkinter", reason="needs Python's Tcl")

#: Vivado's commands: most do nothing; a path is a number, which is its slack; `quit` and `exit` keep their code.
STANDINS = r"""
proc unknown {name args} {
    if {$name ni $::commands} { error "no command of Vivado: $name" }
    lappend ::ran $name
    return ""
}
proc get_timing_paths {args} {
    if {[llength $args] % 2} { error "wrong arguments: $args" }
    array set options $args
    return [dict get $::slacks $options(-delay_type)]
}
proc get_property {name object} {
    if {$name ne "SLACK"} { error "no property $name" }
    if {$object eq ""} { error "invalid value '' for 'object'" }
    return [expr {$object eq "unconstrained" ? "" : $object}]
}
proc write_bitstream {args} { close [open [lindex $args end] w]; lappend ::ran write_bitstream }
proc puts {args} { lappend ::said [lindex $args end] }
proc exit {{code 0}} { set ::code $code; error stopped }
proc quit {} { exit 0 }
set said {}
set ran {}
set commands {
    create_project add_files read_xdc synth_design get_cells get_pins set_false_path report_timing_summary
    report_utilization opt_design place_design report_io report_control_sets report_clock_utilization route_design
    phys_opt_design write_checkpoint report_route_status report_drc report_methodology report_power
    set_property current_design get_iobanks write_cfgmem
}
"""
XC7 = [board for board in BOARDS.values() if not board.family.routable]


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    return {board.name: prepare(board, Echo(), board.clock_hz)["neurocorex.tcl"] for board in XC7}


class Run:
    """One run of a script in a folder with an older bitstream."""

    def __init__(self, script: str, setup: str, hold: str, folder: Path) -> None:
        tcl = tkinter.Tcl()
        (folder / "neurocorex.bit").write_text("old")
        tcl.eval(STANDINS)
        tcl.eval(f"set slacks {{max {{{setup}}} min {{{hold}}}}}")
        tcl.call("cd", str(folder))
        with pytest.raises(tkinter.TclError, match="stopped"):
            tcl.eval(script)
        self.code = int(tcl.getvar("code"))
        self.said = [str(each) for each in tcl.splitlist(tcl.getvar("said"))]
        self.wrote = (folder / "neurocorex.bit").exists()


@pytest.mark.parametrize("board", XC7, ids=lambda board: board.name)
def test_met_slack_gives_a_bitstream(board, scripts, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(scripts[board.name], "0.000", "0.052", tmp_path)
    assert (run.code, run.wrote, run.said) == (0, True, [])
    assert (tmp_path / "neurocorex.bit").read_text() == ""


@pytest.mark.parametrize(
    ("setup", "hold", "told"),
    [
        ("-0.123", "0.052", "WNS is -0.123 ns"),
        ("1.2", "-0.00001", "WHS is -1e-5 ns"),
        ("-12", "-0.002", "WNS is -12 ns, WHS is -0.002 ns"),
        ("", "0.052", "WNS is unknown, since no path has a clock"),
        ("unconstrained", "unconstrained", "WNS is unknown, since no path has a clock, WHS is unknown"),
        ("inf", "0.1", "WNS is unknown, since no path has a clock"),
    ],
)
@pytest.mark.parametrize("board", XC7, ids=lambda board: board.name)
def test_missed_or_unknown_slack_fails_without_a_bitstream(
    board, setup, hold, told, scripts, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(scripts[board.name], setup, hold, tmp_path)
    assert (run.code, run.wrote) == (1, False)
    assert run.said[0].startswith(f"ERROR: timing is missed: {told}")
    assert "neurocorex_timing.rpt" in run.said[0]
