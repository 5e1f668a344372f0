"""The page of the first hour with a board: every command on it is run, and prints what the page says.

A block belongs to the situation that the comment before it names. ``...`` stands for anything, within a line or of
several lines. Boards are fakes: emulated chips behind bridges, and a program in place of openFPGALoader.
"""

import doctest
import errno
import hashlib
import io
import os
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import serial
from neurocorex.check.doctor import scan
from neurocorex.cli.application import main
from neurocorex.fpga import release
from neurocorex.fpga.boards import BOARDS
from neurocorex.spec.info import ChipInfo
from neurocorex.wire import access
from neurocorex.wire.ports import Port
from support.bitstreams import FOREIGN, written
from support.bridges import Bridge, Stranger, plug_in
from support.paths import ROOT

PAGE = ROOT / "docs/first-hour.md"
BLOCKS = re.findall(r"<!-- (\w[\w ]*) -->\n```console\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
BOARD = BOARDS["tang-nano-20k"]
PORT = Port("/dev/ttyUSB1", "JTAG Debugger", "2023030621", 0x0403, 0x6010, "1-1:1.1", "SIPEED", "JTAG Debugger")
#: Fakes of ports replace it.
DENIED = access.denied
#: What openFPGALoader prints before it fails, by situation.
LOADER = {
    "no board": "unable to open ftdi device: -3 (device not found)\nJTAG init failed",
    "no rights": "unable to open ftdi device: -4 (usb_open() failed)\nJTAG init failed",
    "no library": "openFPGALoader: error while loading shared libraries: libftdi1.so.2: cannot open shared object file",
}


class Situation:
    """The computer and the board of a block.

    Parameters
    ----------
    name : str
        As on the page.
    """

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        chip = Bridge(config=BOARD.config, clock_hz=BOARD.clock_hz)
        ends = {
            "nothing loaded": Bridge(left=666_667, breaks=False),
            "forbidden": serial.SerialException(errno.EACCES, "could not open port"),
            "in use": serial.SerialException(errno.EWOULDBLOCK, "could not lock port"),
            "other rate": Bridge(config=BOARD.config, built=115_200),
            "four times the rate": Bridge(config=BOARD.config, factor=4),
            "something else": Stranger(b"login: "),
        }
        plug_in(monkeypatch, *([] if name == "no port" else [(PORT, ends.get(name, chip))]))
        self._loader(LOADER.get(name, ""))
        if name == "forbidden":
            told = os.stat_result((0o020660, 0, 0, 1, 0, 20, 0, 0, 0, 0))
            stat, exists = os.stat, os.path.exists
            monkeypatch.setattr(os, "stat", lambda at, **how: told if at == PORT.device else stat(at, **how))
            monkeypatch.setattr(os.path, "exists", lambda at: at == PORT.device or exists(at))
            monkeypatch.setattr(access, "denied", DENIED)
            monkeypatch.setattr(os, "access", lambda *_: False)
            monkeypatch.setattr(os, "getgroups", lambda: [1000])
            monkeypatch.setattr(os, "getegid", lambda: 1000)
        if name == "in use":
            monkeypatch.setattr(access, "users", lambda _: ["process 812, minicom"])
        if name == "other version":
            words = ChipInfo.to_words
            monkeypatch.setattr(ChipInfo, "to_words", lambda info: [words(info)[0], 0x0006_1234, *words(info)[2:]])

    def _loader(self, said: str) -> None:
        """Put a program in place of openFPGALoader that fails if it says something."""
        path = Path("loader")
        path.write_text(f"#!/bin/sh\necho '{said}'\nexit {int(bool(said))}\n")
        path.chmod(0o755)
        self._monkeypatch.setenv("OPENFPGALOADER", str(path.absolute()))


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder, with a release, and with files that are no bitstream for the board."""

    def build(board, folder, *, say):
        path = written(board, folder)
        return {
            "part": board.part.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bitstream": str(path),
            "config": board.config.to_dict(), "clock_mhz": board.clock_hz / 1e6, "baud": board.baud, "fmax_mhz": 99.5,
            "tools": {}, "seed": 1,
        }  # fmt: skip

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(release, "build", build)
    monkeypatch.setattr(release.cache, "cache_folder", lambda *_: tmp_path / "cache")
    Path("cache").mkdir()
    Path("dist").mkdir()
    assert release.make([BOARD, BOARDS["icebreaker"]], Path("dist")) == {}
    (archive,) = Path("dist").glob("*.zip")
    archive.rename("bitstreams.zip")
    Path("photo.png").write_bytes(FOREIGN["PNG"][0])
    written(BOARDS["tang-nano-9k"], tmp_path).rename("nano9k.fs")


def commands(block: str) -> list[tuple[str, str]]:
    """Commands of a block, each with what it prints."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    assert parts[0] == ""
    return list(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("name", "block"), BLOCKS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(BLOCKS)])
def test_block_prints_what_the_page_says(name: str, block: str, releases, monkeypatch: pytest.MonkeyPatch) -> None:
    Situation(name, monkeypatch)
    code = 0
    for command, expected in commands(block):
        words = shlex.split(command)
        out = io.StringIO()
        if words[:1] == ["echo"]:
            out.write(f"{code}\n")
        else:
            assert words[0] == "neurocorex"
            code = 0
            with redirect_stdout(out), redirect_stderr(out):
                try:
                    main(words[1:])
                except SystemExit as stop:
                    code = int(stop.code or 0)
        same = doctest.OutputChecker().check_output(expected, out.getvalue(), doctest.ELLIPSIS)
        assert same, f"$ {command}\n{out.getvalue()}"


def test_page_has_every_situation() -> None:
    assert {name for name, _ in BLOCKS} >= {*LOADER, "nothing loaded", "forbidden", "in use", "chip", "other version"}
    assert scan.NO_PORT in PAGE.read_text()
