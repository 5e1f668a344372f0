"""Releases: made from builds, moved as a whole, and taken without trust."""

import hashlib
import importlib.util
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from neurocorex.errors import FileFormatError, InputError, MissingToolError, TimingError
from neurocorex.fpga import build as building
from neurocorex.fpga import release
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.release import make, take
from neurocorex.spec import CoreConfig
from neurocorex.spec.version import PROTOCOL_VERSION, RULES
from support.bitstreams import of_board, written
from support.paths import ROOT

NAMES = ("ulx3s-25f", "icebreaker", "hx8k-b-evn")
MANIFEST = "manifest.json"


def fake_build(board, folder, *, say):
    """Report of a build, with a bitstream that a packer made."""
    say("packing")
    path = written(board, folder)
    return {
        "part": board.part.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bitstream": str(path),
        "config": board.config.to_dict(), "clock_mhz": board.clock_hz / 1e6, "baud": board.baud, "fmax_mhz": 99.5,
        "seed": 1, "tools": {"yosys": "Yosys 0.70"}, "seconds": 12.3, "lut": 5,
    }  # fmt: skip


@pytest.fixture
def fake(monkeypatch) -> None:
    monkeypatch.setattr(release, "build", fake_build)


@pytest.fixture
def made(fake, tmp_path) -> Path:
    """Folder with a release of some boards."""
    folder = tmp_path / "dist"
    folder.mkdir()
    assert make([BOARDS[name] for name in NAMES], folder) == {}
    return folder


@pytest.fixture
def archive(made) -> Path:
    (path,) = made.glob("*.zip")
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> None:
    """Cache of what is taken out of archives, for each test alone; the tools keep theirs."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(release.cache, "cache_folder", lambda *parts: folder)


def changed(folder: Path, change) -> Path:
    """Release whose manifest has been changed."""
    values = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(change(values) or values))
    return folder


def zipped(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in contents.items():
            out.writestr(name, content)
    return path


def test_manifest_says_from_what_each_file_was_made(made) -> None:
    manifest = json.loads((made / MANIFEST).read_text())
    assert list(manifest["files"]) == sorted(manifest["files"])
    assert {values["board"] for values in manifest["files"].values()} == set(NAMES)
    for name, values in manifest["files"].items():
        board = BOARDS[values["board"]]
        content = (made / name).read_bytes()
        assert values["sha256"] == hashlib.sha256(content).hexdigest()
        assert (values["bytes"], values["part"]) == (len(content), board.part.name)
        assert (values["clock_mhz"], values["baud"], values["seed"]) == (board.clock_hz / 1e6, board.baud, 1)
        assert CoreConfig.from_dict(values["config"]) == board.config
        assert values["protocol"] == {
            "rules": RULES, "digest": f"{PROTOCOL_VERSION & 0xFFFF:04x}",
            "version": f"{RULES}.{PROTOCOL_VERSION & 0xFFFF:04x}",
        }  # fmt: skip
        assert values["sources"] == building.sources_digest()
        assert (values["fmax_mhz"], values["tools"]) == (99.5, {"yosys": "Yosys 0.70"})
        assert "seconds" not in values


def test_the_same_builds_make_the_same_bytes(fake, made, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make([BOARDS[name] for name in reversed(NAMES)], other)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == {
        path.name: path.read_bytes() for path in other.iterdir()
    }


def test_the_archive_has_manifest_and_bitstreams(made, archive) -> None:
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        assert names == [MANIFEST, *sorted(path.name for path in made.glob("*.bi[nt]"))]
        assert all(packed.read(name) == (made / name).read_bytes() for name in names)


@pytest.mark.parametrize("name", NAMES)
def test_folder_and_archive_give_the_bitstream_of_a_board(name, made, archive) -> None:
    assert take(BOARDS[name], made).parent == made
    for source in (made, archive):
        path = take(BOARDS[name], source)
        assert path.read_bytes() == of_board(name)
        assert path.suffix in (".bin", ".bit")
        assert take(BOARDS[name], source) == path


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_program_takes_it(kind, made, archive, invoke, monkeypatch) -> None:
    monkeypatch.setenv("OPENFPGALOADER", "no-such-program")
    source = made if kind == "folder" else archive
    code, out, err = invoke("program", "icebreaker", "--from", source, "--dry-run")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("openFPGALoader -b ice40_generic -f ")
    assert Path(out.split()[-1]).read_bytes() == of_board("icebreaker")


def test_a_board_that_is_not_in_it_is_told_with_those_that_are(made, archive) -> None:
    for source in (made, archive):
        with pytest.raises(InputError, match="no bitstream for basys3; it has those for: hx8k-b-evn, icebreaker, ulx3"):
            take(BOARDS["basys3"], source)


@pytest.mark.parametrize("protocol", [{"rules": RULES + 1, "digest": "0123"}, {"rules": RULES, "digest": "0123"}])
def test_another_protocol_is_refused_with_the_version_that_speaks_it(protocol, made) -> None:
    def older(manifest):
        for values in manifest["files"].values():
            values |= {"protocol": protocol, "neurocorex": "0.9.1"}

    message = rf"is of neurocorex 0.9.1, whose chips speak protocol version {protocol['rules']}.0123; this is .*"
    with pytest.raises(InputError, match=message + "or install neurocorex 0.9.1"):
        take(BOARDS["icebreaker"], changed(made, older))


def test_another_fpga_on_the_board_is_refused(made) -> None:
    board = BOARDS["icebreaker"]
    other = replace(board, part=replace(board.part, name="iCE40UP5K-UWG30"))
    with pytest.raises(InputError, match="with iCE40UP5K-SG48, but it has iCE40UP5K-UWG30 here"):
        take(other, made)


def test_a_bitstream_of_another_fpga_is_refused_whatever_the_manifest_says(made, invoke) -> None:
    def exchanged(manifest):
        files = manifest["files"]
        one, other = (next(name for name in files if board in name) for board in ("icebreaker", "hx8k"))
        files[one]["sha256"] = files[other]["sha256"]
        os.replace(made / other, made / one)

    code, _, err = invoke("program", "icebreaker", "--from", changed(made, exchanged), "--dry-run")
    assert code == InputError.exit_code
    assert "is an iCE40 bitstream for iCE40HX8K" in err


@pytest.mark.parametrize("content", [b"", b"other bits"])
def test_a_file_that_is_not_that_of_the_manifest_is_refused(content, made, archive, tmp_path) -> None:
    (path,) = made.glob("*icebreaker*")
    contents = {entry: (made / entry).read_bytes() for entry in (MANIFEST, path.name)} | {path.name: content}
    path.write_bytes(content)
    for source in (made, zipped(tmp_path / "other.zip", contents)):
        with pytest.raises(FileFormatError, match="is not the file of its manifest; download"):
            take(BOARDS["icebreaker"], source)


#: Changes of a manifest that make it useless, given its files and the entry of the iCEBreaker.
CHANGES = {
    "no files": lambda manifest, entry: manifest.pop("files"),
    "files as a list": lambda manifest, entry: manifest.update(files=[1]),
    "a file as a word": lambda manifest, entry: manifest["files"].update(x="y"),
    "another format": lambda manifest, entry: manifest.update(format="other"),
    "a later format": lambda manifest, entry: manifest.update(version=2),
    "a board twice": lambda manifest, entry: manifest["files"].update({"again.bin": dict(entry)}),
    "no hash": lambda manifest, entry: entry.pop("sha256"),
    "a short hash": lambda manifest, entry: entry.update(sha256="00"),
    "a hash as a number": lambda manifest, entry: entry.update(sha256=5),
    "a board with a newline": lambda manifest, entry: entry.update(board="ice\nbreaker"),
    "a version with escapes": lambda manifest, entry: entry.update(neurocorex="\x1b[31m"),
    "no protocol": lambda manifest, entry: entry.pop("protocol"),
    "a protocol as a word": lambda manifest, entry: entry.update(protocol="6.33a5"),
    "rules as true": lambda manifest, entry: entry["protocol"].update(rules=True),
    "a digest as a number": lambda manifest, entry: entry["protocol"].update(digest=5),
    "too many rules": lambda manifest, entry: entry["protocol"].update(rules=1 << 40),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_manifest_that_makes_no_sense_is_refused(name, made) -> None:
    def change(manifest):
        entry = next(values for values in manifest["files"].values() if values["board"] == "icebreaker")
        CHANGES[name](manifest, entry)

    with pytest.raises(FileFormatError) as caught:
        take(BOARDS["icebreaker"], changed(made, change))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "name",
    ["../secret.bin", "/etc/passwd", "a/b.bin", "..", ".", "", "a\\..\\b.bin", "-f", "x\0.bin", "ä.bin", "x" * 200],
)
def test_a_name_never_leads_out_of_the_release(name, made, tmp_path) -> None:
    (tmp_path / "secret.bin").write_bytes(of_board("icebreaker"))

    def outside(manifest):
        files = manifest["files"]
        files[name] = files.pop(next(each for each in files if "icebreaker" in each))

    changed(made, outside)
    for source in (made, zipped(tmp_path / "other.zip", {MANIFEST: (made / MANIFEST).read_bytes()})):
        with pytest.raises(FileFormatError, match=r"as file of a file|corrupt"):
            take(BOARDS["icebreaker"], source)


def test_what_is_no_release_is_refused(tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no archive")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "piped").mkdir()
    os.mkfifo(tmp_path / "piped" / MANIFEST)
    zipped(tmp_path / "other.zip", {"readme.txt": b"hello"})
    for name in ("empty", "text.zip", "other.zip", "pipe", "piped"):
        with pytest.raises(FileFormatError, match=name):
            take(BOARDS["icebreaker"], tmp_path / name)
    with pytest.raises(FileFormatError, match="device or pipe"):
        take(BOARDS["icebreaker"], Path("/dev/null"))
    with pytest.raises(InputError, match=r"there is no .*nothing.zip; give the folder or zip archive"):
        take(BOARDS["icebreaker"], tmp_path / "nothing.zip")


def test_a_bomb_is_not_unpacked(made, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(release, "UNPACKED_LIMIT", 1 << 20)
    bomb = zipped(tmp_path / "bomb.zip", {MANIFEST: (made / MANIFEST).read_bytes(), "x.bin": bytes(2 << 20)})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(FileFormatError, match="unpacked, more than"):
        take(BOARDS["icebreaker"], bomb)
    monkeypatch.setattr(release, "LARGEST", 1 << 10)
    for source in (made, next(made.glob("*.zip"))):
        with pytest.raises(FileFormatError, match="more than"):
            take(BOARDS["icebreaker"], source)


def test_a_cut_archive_is_refused(archive, tmp_path) -> None:
    whole = archive.read_bytes()
    for length in range(0, len(whole), len(whole) // 20):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        with pytest.raises(FileFormatError):
            take(BOARDS["icebreaker"], tmp_path / "cut.zip")


def test_boards_that_fail_are_told_and_leave_the_rest(monkeypatch, tmp_path) -> None:
    def failing(board, folder, *, say):
        if board.name == "icebreaker":
            raise TimingError("clk reaches 11 of 12 MHz")
        if board.name == "hx8k-b-evn":
            raise MissingToolError("yosys is missing")
        return fake_build(board, folder, say=say)

    monkeypatch.setattr(release, "build", failing)
    failed = make([BOARDS[name] for name in (*NAMES, "basys3")], tmp_path)
    assert failed == {
        "basys3": "open tools cannot place and route it; Vivado makes its bitstream",
        "hx8k-b-evn": "yosys is missing", "icebreaker": "clk reaches 11 of 12 MHz",
    }  # fmt: skip
    assert list(json.loads((tmp_path / MANIFEST).read_text())["files"]) == ["neurocorex-ulx3s-25f.bit"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".") or path.is_dir()]


def test_a_bitstream_for_another_fpga_never_gets_into_a_release(monkeypatch, tmp_path) -> None:
    def mistaken(board, folder, *, say):
        return fake_build(BOARDS["ulx3s-85f"], folder, say=say)

    monkeypatch.setattr(release, "build", mistaken)
    assert "is an ECP5 bitstream for LFE5U-85F" in make([BOARDS["ulx3s-25f"]], tmp_path)["ulx3s-25f"]
    assert not (tmp_path / MANIFEST).exists()


@pytest.fixture
def script(fake, monkeypatch):
    """`tools/release.py`, with builds that are fast."""
    found = importlib.util.spec_from_file_location("release_script", ROOT / "tools/release.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_script_replaces_an_older_release(script, tmp_path, capsys) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    for name in ("neurocorex-0.1.0-py3-none-any.whl", "neurocorex-basys3.bit", "notes.txt", MANIFEST):
        (out / name).write_text("old")
    assert script.main(["--bitstreams", "--out", str(out), "icebreaker", "ulx3s-25f"]) == 0
    names = {path.name for path in out.iterdir()}
    assert {"neurocorex-icebreaker.bin", "neurocorex-ulx3s-25f.bit", "notes.txt", MANIFEST} < names
    assert not {"neurocorex-0.1.0-py3-none-any.whl", "neurocorex-basys3.bit"} & names
    assert len(names) == 5
    assert set(capsys.readouterr().out.split()) == {str(out / name) for name in names - {"notes.txt"}}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".release")] == []


def test_the_script_ends_with_the_board_that_failed(script, tmp_path, capsys) -> None:
    assert script.main(["--bitstreams", "--out", str(tmp_path / "dist"), "icebreaker", "basys3"]) == 1
    assert "release: no bitstream for basys3: open tools cannot" in capsys.readouterr().err
    assert (tmp_path / "dist/neurocorex-icebreaker.bin").exists()


def test_the_script_refuses_unknown_boards_before_it_begins(script, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit):
        script.main(["--out", str(tmp_path / "dist"), "icebraeker"])
    assert "did you mean 'icebreaker'?" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()


def test_an_interrupt_leaves_the_older_release(script, tmp_path, monkeypatch) -> None:
    out = tmp_path / "dist"
    assert script.main(["--bitstreams", "--out", str(out), "icebreaker"]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def interrupted(board, folder, *, say):
        written(board, folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(release, "build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        script.main(["--bitstreams", "--out", str(out), "ulx3s-25f"])
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".release")] == []


@pytest.mark.slow
def test_a_real_build_goes_from_release_to_loader(tmp_path, monkeypatch, invoke) -> None:
    """The bitstream of a small chip, from its sources to the command that would load it."""
    monkeypatch.undo()  # the build may be in the cache from an earlier run
    small = CoreConfig(
        neurons=4, inputs=4, lanes=1, weight_bits=4, state_bits=16, max_delay=4, adaptation=False, frame_bytes=64,
        rx_frames=2, tx_frames=2,
    )  # fmt: skip
    assert make([replace(BOARDS["hx8k-b-evn"], config=small)], tmp_path) == {}
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    values = manifest["files"]["neurocorex-hx8k-b-evn.bin"]
    assert values["fmax_mhz"] >= values["clock_mhz"] == 12
    assert {"yosys", "nextpnr-ice40", "icepack"} == set(values["tools"])
    (archive,) = tmp_path.glob("*.zip")
    for source in (tmp_path, archive):
        code, out, _ = invoke("program", "hx8k-b-evn", "--from", source, "--dry-run", "--json")
        assert code == 0
        content = Path(json.loads(out)["bitstream"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == values["sha256"]
    assert zipfile.ZipFile(io.BytesIO(archive.read_bytes())).testzip() is None
