"""Table of boards: what it says of loaders, parts, pins and bitstreams agrees with the tools and with the page."""

import json
import re
import subprocess

import pytest
from click.testing import CliRunner
from neurocorex.cli.application import application
from neurocorex.fpga import build as building
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.parts import Family
from neurocorex_hdl.boards.constraints import Echo
from neurocorex_hdl.boards.flow import BITSTREAMS, TOP, Order, build, prepare
from neurocorex_hdl.boards.platforms import PLATFORMS
from neurocorex_hdl.synthesis.tools import find
from support.markdown import table
from support.paths import ROOT

PAGE = (ROOT / "docs/boards.md").read_text()
EACH = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


@pytest.fixture(scope="module")
def loader():
    """Return a function that lists the first words of the lines of a list of openFPGALoader."""
    program = find("openFPGALoader")

    def names(option: str) -> set[str]:
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=60, check=False)
        return {line.split()[0] for line in done.stdout.splitlines() if line.split()}

    if program is None or "ulx3s" not in names("--list-boards"):
        pytest.skip("openFPGALoader does not run here")
    return names


def after(words: tuple[str, ...], option: str) -> list[str]:
    return [word for word, before in zip(words[1:], words, strict=False) if before == option]


@EACH
def test_loader_knows_the_board_and_the_cable(board, loader) -> None:
    assert set(after(board.loader, "-b")) <= loader("--list-boards")
    assert set(after(board.loader, "-c")) <= loader("--list-cables")


@EACH
def test_a_bitstream_has_a_way_onto_the_board(board) -> None:
    if board.loader:
        assert not board.manual
        assert getattr(board, board.lands_in) is not None
        assert "-b" in board.loader or "-c" in board.loader
    else:
        assert board.manual
        assert board.sram is board.flash is None
    assert board.sram is not None or not board.sram_needs
    assert board.flash is not None or not board.flash_needs


@EACH
def test_nothing_is_left_to_the_defaults_of_the_loader(board) -> None:
    # It loads the FPGA by default, but overwrites the flash of an iCE40.
    boots = "icebreaker-bitsy" in board.loader or "orangeCrab" in board.loader
    assert board.sram in (("-m",), None)
    if board.flash is not None:
        assert (board.flash[:1] == ("-f",)) is not boots


@EACH
def test_usb_names_the_board_for_doctor_and_for_the_udev_rule(board) -> None:
    assert board.usb
    assert all(0 < number < 2**16 for pair in board.usb for number in pair)


@EACH
def test_without_a_bridge_the_wiring_names_the_pins_and_no_break_is_promised(board) -> None:
    if not board.bridge:
        uart = next(each for each in PLATFORMS[board.name].resources if each.name == "uart")
        pins = {port.name: port.ios[0].names[0] for port in uart.ios}
        assert re.search(rf"its TX to .*\b{pins['rx']}\b.* RX to .*\b{pins['tx']}\b", board.wiring)
        assert not board.breaks


@EACH
def test_part_is_that_of_the_platform(board) -> None:
    platform, name = PLATFORMS[board.name], board.part.name
    if board.family is Family.GOWIN:
        assert platform.part == name
    elif board.family is Family.XC7:
        assert f"{platform.device}{platform.package}-{platform.speed}" == name
    else:
        assert name.startswith(platform.device)
        assert platform.package in name
        assert board.family is Family.ICE40 or f"-{platform.speed}{platform.package}C" in name


@EACH
def test_idcode_is_there_for_what_has_jtag(board) -> None:
    assert (board.part.idcode == 0) is (board.family is Family.ICE40)
    # The last bits of every IDCODE are a maker's: Lattice, Gowin, Xilinx.
    maker = {Family.ECP5: 0x043, Family.GOWIN: 0x81B, Family.XC7: 0x093, Family.ICE40: 0}
    assert board.part.idcode & 0xFFF == maker[board.family]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ulx3s-12f", "ulx3s-25f", "ulx3s-45f", "tang-nano-9k", "tang-primer-20k"])
def test_bitstream_is_made_for_the_idcode(name, tmp_path) -> None:
    board = BOARDS[name]
    order = Order(board=board, config=board.config, clock_hz=board.oscillator_hz, baud=board.baud)
    build(order, tmp_path, lambda _: None, lambda order: prepare(board, Echo(), order.clock_hz))
    bits = (tmp_path / f"{TOP}.{BITSTREAMS[board.family]}").read_bytes()
    idcode = board.part.idcode
    # Each after the command that compares it: 0xE2 and three bytes on ECP5, 6 on Gowin, whose file is text.
    expected = {
        Family.ECP5: b"\xe2\0\0\0" + idcode.to_bytes(4, "big"),
        Family.GOWIN: f"\n{6 << 56 | idcode:064b}\n".encode(),
    }
    assert bits[:1024].count(expected[board.family]) == 1


def test_page_has_every_board_with_its_clock_bridge_and_where_bitstreams_go() -> None:
    rows = table(PAGE, "name", "oscillator, core clock")
    assert [row["name"].strip("`") for row in rows] == list(BOARDS)
    for row, board in zip(rows, BOARDS.values(), strict=True):
        assert row["oscillator, core clock"] == f"{board.oscillator_hz / 1e6:g}, {board.clock_hz / 1e6:g} MHz"
        assert row["serial port"].startswith(board.bridge or "adapter")
        lands = {"flash": "flash", "sram": "FPGA"}[board.lands_in] if board.loader else "copy the file"
        assert row["`program` writes"] == lands
        button = PLATFORMS[board.name].button
        assert (row["reset"] == "none") is (button is None)


def test_page_says_what_to_wire_for_each_board_that_needs_it() -> None:
    named = {
        "icebreaker-bitsy": "iCEBreaker Bitsy", "upduino-3": "UPduino 3", "colorlight-i5": "Colorlight i5",
        "colorlight-i9": "i9", "orangecrab-25f": "OrangeCrab", "tang-primer-20k": "Tang Primer 20K",
        "arty-a7-35t": "Arty A7", "arty-a7-100t": "Arty A7",
    }  # fmt: skip
    assert set(named) == {board.name for board in BOARDS.values() if board.wiring}
    heads = " ".join(re.findall(r"^- \*\*(.+?)\.\*\*", PAGE[PAGE.index("What to wire") :], flags=re.MULTILINE))
    assert [name for name in named.values() if name not in heads] == []


def test_command_says_what_to_wire() -> None:
    said = CliRunner().invoke(application, ["boards"], catch_exceptions=False).output
    entries = json.loads(CliRunner().invoke(application, ["boards", "--json"]).output)["boards"]
    for board, entry in zip(BOARDS.values(), entries, strict=True):
        assert board.wiring in said
        assert (entry["wiring"], entry["lands_in"]) == (board.wiring, board.lands_in)


@pytest.mark.parametrize("name", ["orangecrab-25f", "ulx3s-25f"])
def test_build_ends_with_what_to_wire(name, tmp_path, monkeypatch) -> None:
    (tmp_path / "report.txt").write_text("report\n")
    made = {"folder": str(tmp_path), "bitstream": "neurocorex.bit", "board": name}
    monkeypatch.setattr(building, "build", lambda *_, **__: dict(made))
    said = CliRunner().invoke(application, ["build", name], catch_exceptions=False).stdout
    assert ("before the first use: join a 3.3 V USB serial adapter" in said) is (name == "orangecrab-25f")
    answer = CliRunner().invoke(application, ["build", name, "--json"], catch_exceptions=False).stdout
    assert json.loads(answer)["wiring"] == BOARDS[name].wiring
