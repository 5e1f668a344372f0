"""Bitstreams of nearly empty designs, made by the packers in a second or two, and files that are none."""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from pathlib import Path

from neurocorex.files.cache import cache_folder, scratch
from neurocorex.fpga.boards import BOARDS, Board
from neurocorex.fpga.parts import Family
from neurocorex_hdl.boards.platforms import PLATFORMS
from neurocorex_hdl.synthesis.tools import run

from support.paths import ROOT

SUFFIXES = {Family.ICE40: "bin", Family.ECP5: "bit", Family.GOWIN: "fs", Family.XC7: "bit"}
#: An inverter, synthesised: what gowin_pack needs at least.
_INVERTER = "module top(input a, output b); assign b = ~a; endmodule"


def of_board(name: str) -> bytes:
    """Bitstream for the FPGA of a board."""
    board = BOARDS[name]
    if board.family is Family.ICE40:
        return icepack("5k" if "UP5K" in board.part.name else "8k")
    if board.family is Family.ECP5:
        device, _, speed_and_package = board.part.name.rpartition("-")
        package = {"6BG381C": "6CABGA381", "6BG256C": "6CABGA256", "8MG285C": "8CSFBGA285"}[speed_and_package]
        return ecppack(device, f"{device}-{package}")
    if board.family is Family.GOWIN:
        return gowin_pack(name)
    return xc7_bit(board)


def written(board: Board, folder: Path, content: bytes | None = None) -> Path:
    """File with a bitstream for a board, under the name that it needs."""
    path = folder / f"neurocorex.{SUFFIXES[board.family]}"
    path.write_bytes(of_board(board.name) if content is None else content)
    return path


@cache
def icepack(device: str) -> bytes:
    tile = ".io_tile 1 0\n" + f"{'0' * 18}\n" * 16
    return _packed("icepack", ["in", "out"], {"in": f".device {device}\n{tile}"})


@cache
def ecppack(device: str, comment: str = "", *, suffix: str = "bit", compressed: bool = True) -> bytes:
    lines = f".device {device}\n.comment Part: {comment}\n\n" if comment else f".device {device}\n\n"
    words = ["--compress"] if compressed else []
    return _packed("ecppack", [*words, "--input", "in", f"--{suffix}", "out"], {"in": lines})


@cache
def gowin_pack(name: str, *, compressed: bool = False) -> bytes:
    platform = PLATFORMS[name]
    pins = re.findall(r'IO_LOC "\S+" (\w+);', (ROOT / "constraints" / f"{name}.cst").read_text())
    family = platform.family.replace("GW1NR", "GW1N")
    with scratch(cache_folder()) as work:
        (work / "top.v").write_text(_INVERTER)
        (work / "top.cst").write_text(f'IO_LOC "a" {pins[0]};\nIO_LOC "b" {pins[1]};\n')
        run("yosys", ["-q", "-p", "read_verilog top.v; synth_gowin -top top -json top.json"], work, log="log")
        where = ["--device", platform.part, "--vopt", f"family={family}", "--vopt", "cst=top.cst", "--top", "top"]
        run("nextpnr-himbaechel-gowin", [*where, "--json", "top.json", "--write", "placed.json"], work, log="log")
        words = ["-c"] if compressed else []
        run("gowin_pack", [*words, "-d", family, "-o", "top.fs", "placed.json"], work, log="log")
        return (work / "top.fs").read_bytes()


def _packed(program: str, words: list[str], files: dict[str, str]) -> bytes:
    with scratch(cache_folder()) as work:
        for name, text in files.items():
            (work / name).write_text(text)
        run(program, words, work, log="log")
        return (work / "out").read_bytes()


def xc7_body(idcode: int, words: int = 500) -> bytes:
    """Raw 7-series bitstream: bus width, synchronisation, IDCODE, frames of zeros, and the end (AMD's UG470)."""
    stream = [0xFFFFFFFF] * 8 + [0x000000BB, 0x11220044, 0xFFFFFFFF, 0xFFFFFFFF, 0xAA995566, 0x20000000]
    stream += [0x30008001, 0x00000007, 0x30018001, idcode]  # reset of the CRC; IDCODE
    stream += [0x30008001, 0x00000001, 0x30004000, 0x50000000 | words, *([0] * words)]  # write of frames
    stream += [0x30000001, 0x12345678, 0x30008001, 0x0000000D, *([0x20000000] * 4)]  # CRC; DESYNC
    return struct.pack(f">{len(stream)}I", *stream)


def xc7_bit(board: Board) -> bytes:
    """The same with the header that Vivado writes."""
    part = re.sub(r"^xc|-.*$", "", board.part.name)
    body = xc7_body(board.part.idcode)
    fields = {b"a": b"neurocorex;UserID=0XFFFFFFFF", b"b": part.encode(), b"c": b"2026/11/30", b"d": b"04:00:00"}
    header = bytes.fromhex("00090ff00ff00ff00ff0000001")
    for name, text in fields.items():
        header += name + struct.pack(">H", len(text) + 1) + text + b"\0"
    return header + b"e" + struct.pack(">I", len(body)) + body


#: Files that are no bitstreams, and a word of the message about each.
FOREIGN = {
    "empty": (b"", "empty"),
    "gzip": (bytes.fromhex("1f8b0800000000000003") + bytes(range(200)), "gzip"),
    "zip": (b"PK\3\4" + bytes(100), "zip archive"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(100), "picture"),
    "PDF": (b"%PDF-1.7\n" + bytes(range(256)), "PDF"),
    "program": (b"\x7fELF" + bytes(100), "program"),
    "text": (b"Dear board,\nplease blink.\n", "text"),
    "JSON": (json.dumps({"board": "icebreaker"}).encode(), "JSON"),
    "Verilog": (_INVERTER.encode(), "text"),
    "hex file": (b":020000040000FA\n:10000000FFFF\n", "hex file"),
    "input of icepack": (b".device 5k\n.io_tile 1 0\n", "icepack"),
    "input of ecppack": (b".device LFE5U-25F\n\n.tile X\n", "ecppack"),
    "erased flash": (b"\xff" * 4096, "all ff"),
    "zeros": (bytes(4096), "all 00"),
    "short": (b"\xff", "all ff"),
    "preamble of iCE40 alone": (bytes.fromhex("ff0000ff7eaa997e"), "cut off"),
    "preamble of ECP5 alone": (bytes.fromhex("ff0000ffffffbdb3"), "cut off"),
    "digits": (b"0101010101010101\n", "preamble"),
}  # fmt: skip
