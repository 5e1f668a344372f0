"""Bitstream files: every board's own is accepted, and nothing else, by what the packers of the families write."""

import hashlib
import json
import os
import random
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from neurocorex.errors import InputError
from neurocorex.files.cache import cache_folder, scratch
from neurocorex.fpga.bitstreams import check, identify
from neurocorex.fpga.boards import BOARDS
from neurocorex_hdl.synthesis.tools import ToolError, run
from support.bitstreams import (
    FOREIGN,
    SUFFIXES,
    ecppack,
    gowin_pack,
    icepack,
    of_board,
    written,
    xc7_bit,
    xc7_body,
)

#: A bitstream of each kind, the board that it is for, and where its header ends.
KINDS = {
    "iCE40": (lambda: icepack("5k"), "icebreaker", "bin", 40),
    "ECP5": (lambda: ecppack("LFE5U-25F", "LFE5U-25F-6CABGA381"), "ulx3s-25f", "bit", 120),
    "ECP5, not compressed": (lambda: ecppack("LFE5U-25F", compressed=False), "ulx3s-25f", "bit", 120),
    "SVF": (lambda: ecppack("LFE5U-25F", suffix="svf"), "ulx3s-25f", "svf", 700),
    "Gowin": (lambda: gowin_pack("tang-nano-9k", compressed=True), "tang-nano-9k", "fs", 700),
    "7-series": (lambda: xc7_bit(BOARDS["basys3"]), "basys3", "bit", 200),
}
#: Tries of each mutation.
TRIES = int(os.environ.get("BITSTREAM_MUTATIONS", "60"))


def refused(board, path, *words) -> str:
    """Message of the refusal: one line with what the file is, what the board needs, and what to do."""
    with pytest.raises(InputError) as caught:
        check(BOARDS[board], path)
    message = str(caught.value)
    assert "\n" not in message
    for word in (str(path), *words):
        assert word in message
    return message


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_every_board_takes_its_own_bitstream(board, tmp_path) -> None:
    found = check(board, written(board, tmp_path))
    assert found.family is board.family
    assert found.kind == SUFFIXES[board.family]


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_no_board_takes_the_bitstream_of_another_fpga(board, tmp_path) -> None:
    """Another package counts where the file tells it: those of iCE40 and apicula's do not."""
    tells = board.family not in ("ice40", "gowin")
    for other in BOARDS.values():
        same = other.part.name == board.part.name if tells else other.part.idcode == board.part.idcode
        same_die = "UP5K" in other.part.name if "UP5K" in board.part.name else same
        if other.family is board.family and (same if tells or board.family == "gowin" else same_die):
            continue
        path = written(other, tmp_path)
        refused(board.name, path, f"{board.name} needs ", board.part.name, f"neurocorex build {board.name}")


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_is_found(kind, tmp_path) -> None:
    make, board, suffix, header = KINDS[kind]
    whole, path = make(), tmp_path / f"cut.{suffix}"
    # The last bytes are padding, which nobody misses.
    end = {"bin": 3, "bit": 20, "svf": 3, "fs": 90}[suffix]
    for length in (*range(0, header, 7), len(whole) // 2, len(whole) - len(whole) // 50, len(whole) - end):
        path.write_bytes(whole[:length])
        refused(board, path, f"{board} needs ")


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_header_is_refused_or_names_the_same_fpga(kind) -> None:
    make, _, _, header = KINDS[kind]
    whole, draws = make(), random.Random(f"header of {kind}")
    found = identify(whole)
    for _ in range(TRIES):
        data = bytearray(whole)
        for _ in range(draws.randint(1, 3)):
            place = draws.randrange(header)
            data[place] = draws.choice([draws.randrange(256), data[place] ^ 1 << draws.randrange(8), *b"01"])
        if draws.random() < 0.3:
            del data[place : place + draws.randint(1, 8)]
        with suppress(InputError):
            again = identify(bytes(data))
            assert (again.family, again.fpga, again.idcode) == (found.family, found.fpga, found.idcode)


@pytest.mark.parametrize(("program", "kind"), [("iceunpack", "iCE40"), ("ecpunpack", "ECP5")])
def test_what_is_accepted_can_be_unpacked(program, kind, monkeypatch) -> None:
    """The unpackers of the families share nothing with the code under test."""
    whole, draws = KINDS[kind][0](), random.Random(f"unpack {kind}")
    unpacker = Path(sys.executable).parent / f"yowasp-{program}"  # installed with the packer
    monkeypatch.setenv("ICEPACK", str(unpacker))  # a place in the table of programs; after the packers have run
    accepted = 0
    for _ in range(8):
        data = bytearray(whole)
        place = draws.choice([draws.randrange(len(data)), draws.randrange(60)])
        data[place] ^= 1 << draws.randrange(8)
        try:
            identify(bytes(data))
        except InputError:
            continue
        accepted += 1
        with scratch(cache_folder()) as work:
            (work / "in").write_bytes(data)
            words = ["in", "out"] if program == "iceunpack" else ["--input", "in", "--textcfg", "out"]
            try:
                run("icepack", words, work, log="log")
            except ToolError as error:
                pytest.fail(f"{program} refuses byte {place} = {data[place]:02x}: {error}")
    assert accepted < 8


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("board", ["icebreaker", "ulx3s-25f", "tang-nano-9k", "basys3"])
def test_files_that_are_no_bitstreams_are_named(name, board, tmp_path) -> None:
    content, word = FOREIGN[name]
    path = tmp_path / f"neurocorex.{SUFFIXES[BOARDS[board].family]}"
    path.write_bytes(content)
    refused(board, path, word, f"{board} needs ")


@pytest.mark.parametrize("board", ["icebreaker", "ulx3s-25f", "tang-nano-9k", "basys3"])
def test_noise_is_refused(board, tmp_path) -> None:
    draws, path = random.Random(board), tmp_path / f"noise.{SUFFIXES[BOARDS[board].family]}"
    for length in (1, 2, 16, 300, 5000):
        path.write_bytes(draws.randbytes(length))
        refused(board, path)


def test_what_is_no_file_is_refused_without_being_opened(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.bin")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.bin"))
        for path, word in {"/dev/null": "device", tmp_path: "folder", tmp_path / "pipe.bin": "pipe"}.items():
            refused("icebreaker", type(tmp_path)(path), word)
        refused("icebreaker", tmp_path / "socket.bin", "device or pipe")


@pytest.mark.parametrize("name", ["nothing.bin", "n" * 300, "no/such/folder.bin"])
def test_a_path_that_leads_nowhere_is_refused(name, tmp_path) -> None:
    with pytest.raises(InputError, match=r"there is no|cannot read"):
        check(BOARDS["icebreaker"], tmp_path / name)


def test_a_link_is_followed(tmp_path) -> None:
    (tmp_path / "link.bin").symlink_to(written(BOARDS["icebreaker"], tmp_path))
    assert check(BOARDS["icebreaker"], tmp_path / "link.bin").fpga == "iCE40UP5K"


@pytest.mark.parametrize("name", ["neurocorex", "neurocorex.bit", "neurocorex.BIN", "neurocorex.svf"])
def test_a_name_that_misleads_the_loader_is_refused(name, tmp_path) -> None:
    (tmp_path / name).write_bytes(of_board("icebreaker"))
    refused("icebreaker", tmp_path / name, "copy it to neurocorex.bin")


def test_svf_anywhere_in_a_name_misleads_the_loader(tmp_path) -> None:
    (tmp_path / "old.svf").mkdir()
    refused("ulx3s-25f", written(BOARDS["ulx3s-25f"], tmp_path / "old.svf"), "copy it elsewhere")


def test_a_report_beside_it_tells_boards_with_the_same_fpga_apart(tmp_path) -> None:
    path = written(BOARDS["icebreaker"], tmp_path)
    report = {"board": "icebreaker", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (tmp_path / "report.json").write_text(json.dumps(report))
    check(BOARDS["icebreaker"], path)
    refused("upduino-3", path, "was built for icebreaker", "neurocorex build upduino-3")
    for other in ("[]", "not JSON", json.dumps(report | {"sha256": "0"}), json.dumps(report | {"board": ["x"]})):
        (tmp_path / "report.json").write_text(other)
        check(BOARDS["upduino-3"], path)


@pytest.mark.parametrize("device", ["12F", "25F", "45F", "85F"])
@pytest.mark.parametrize("compressed", [True, False])
def test_ecp5_of_every_size_is_told(device, compressed) -> None:
    assert identify(ecppack(f"LFE5U-{device}", compressed=compressed)).fpga == f"LFE5U-{device}"


@pytest.mark.parametrize(
    ("device", "fpga"), [("384", "LP384"), ("1k", "HX1K"), ("5k", "UP5K"), ("8k", "HX8K"), ("lm4k", "LP4K")]
)
def test_ice40_of_every_size_is_told(device, fpga) -> None:
    data = icepack(device)
    assert fpga in identify(data).fpga
    assert identify(data.removeprefix(bytes.fromhex("ff0000ff"))) == identify(data)
    commented = b"\xff\0" + b"Lattice\0Part: any\0" + b"\0\xff" + data.removeprefix(bytes.fromhex("ff0000ff"))
    assert identify(commented) == identify(data)


def test_images_for_warm_boot_are_no_bitstream() -> None:
    image = bytes.fromhex("7eaa997e 92000044 03000100 82000001 08") + bytes(200)
    with pytest.raises(InputError, match="several iCE40 bitstreams for warm boot"):
        identify(image)


def test_encrypted_ecp5_is_refused() -> None:
    with pytest.raises(InputError, match="encrypted"):
        identify(ecppack("LFE5U-25F").replace(bytes.fromhex("ffffbdb3"), bytes.fromhex("ffffbfb3"), 1))


def test_an_svf_file_that_expects_another_fpga_is_refused() -> None:
    data = ecppack("LFE5U-25F", suffix="svf").replace(b"(41111043)", b"(21111043)", 1)
    with pytest.raises(InputError, match="expects IDCODE 21111043 and loads a bitstream for 41111043"):
        identify(data)


@pytest.mark.parametrize("text", [b"SIR 8 TDI (E0);\n", b"! a comment\nTRST OFF;\nSTATE IDLE;\n"])
def test_other_svf_files_load_no_bitstream(text) -> None:
    with pytest.raises(InputError, match="loads no ECP5 bitstream"):
        identify(text)


def test_comments_and_ends_of_lines_of_gowins_tools_are_passed_over(tmp_path) -> None:
    text = b"//Copyright (C) Gowin\n//Part Number: GW1NR-LV9QN88PC6/I5\n\n" + gowin_pack(
        "tang-nano-9k", compressed=True
    )
    path = tmp_path / "neurocorex.fs"
    path.write_bytes(text.replace(b"\n", b"\r\n"))
    assert check(BOARDS["tang-nano-9k"], path).package == "QN88P"
    path.write_bytes(text.replace(b"LV9QN88PC6", b"LV9LQ144PC6"))
    refused("tang-nano-9k", path, "GW1N-9C in package LQ144P")


def test_seven_series_without_a_header_is_told_by_its_idcode(tmp_path) -> None:
    path = tmp_path / "neurocorex.bin"
    for revision in (0, 1 << 28, 3 << 28):
        path.write_bytes(xc7_body(BOARDS["basys3"].part.idcode | revision))
        assert check(BOARDS["basys3"], path).fpga == "xc7a35t"
    path.write_bytes(xc7_body(0x0362C093))
    refused("basys3", path, "a 7-series bitstream for xc7a50t")


def test_the_temperature_grade_does_not_count(tmp_path) -> None:
    data = xc7_bit(BOARDS["arty-a7-35t"])
    assert b"7a35ticsg324" in data
    path = tmp_path / "neurocorex.bit"
    for name in (b"7a35ticsg324\0", b"xc7a35tcsg324-1\0"):
        path.write_bytes(data.replace(b"\0\x0d7a35ticsg324\0", bytes([0, len(name)]) + name))
        assert check(BOARDS["arty-a7-35t"], path).package == "csg324"
    path.write_bytes(data.replace(b"7a35ticsg324", b"7a50ticsg324"))
    refused("arty-a7-35t", path, "contradicts itself")
