"""Files appear whole or not at all."""

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from neurocorex.errors import FileFormatError, InputError
from neurocorex.files import replacing, write_atomic, writing

GOOD = b"an older good file"


@pytest.fixture
def older(tmp_path) -> Path:
    path = tmp_path / "result.npz"
    path.write_bytes(GOOD)
    return path


def left(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def halfway(error: BaseException):
    def write(stream) -> None:
        stream.write(b"half of")
        stream.flush()
        raise error

    return write


@pytest.mark.parametrize("data", [b"new", lambda stream: stream.write(b"new")], ids=["bytes", "writer"])
def test_file_is_replaced(older, data) -> None:
    write_atomic(older, data)
    assert older.read_bytes() == b"new"
    assert left(older) == [older.name]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FileFormatError),
        (OSError(errno.EIO, "Input/output error"), FileFormatError),
        (InputError("cannot be drawn"), InputError),
        (MemoryError(), MemoryError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (SystemExit(), SystemExit),
    ],
    ids=lambda each: getattr(each, "__name__", repr(each)),
)
def test_older_file_survives_what_goes_wrong(older, error, told) -> None:
    with pytest.raises(told):
        write_atomic(older, halfway(error))
    assert older.read_bytes() == GOOD
    assert left(older) == [older.name]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_older_file_survives_a_full_disk_at_the_end(older, call, monkeypatch) -> None:
    def full(*_) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(FileFormatError, match=r"cannot write .*result.npz: No space left on device; choose another"):
        write_atomic(older, b"new")
    assert older.read_bytes() == GOOD
    assert left(older) == [older.name]


def test_older_file_survives_a_full_disk(tmp_path) -> None:
    """The real thing: a small file system, where this may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("no right to mount")
    try:
        older = place / "result.npz"
        write_atomic(older, GOOD)
        with pytest.raises(FileFormatError, match="No space left on device"):
            write_atomic(older, bytes(100_000))
        assert older.read_bytes() == GOOD
        assert left(older) == [older.name]
    finally:
        subprocess.run(["umount", place], check=True)


KILLED = """
import sys
from neurocorex.files import write_atomic
def write(stream):
    stream.write(b"half of"); stream.flush()
    print("now", flush=True); sys.stdin.read()
write_atomic(sys.argv[1], write)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_older_file_survives_a_kill_and_leftovers_are_swept(older, how, monkeypatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, older], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout.readline() == b"now\n"
        assert len(left(older)) == 2
        monkeypatch.setattr(writing, "_swept", set())
        write_atomic(older.with_name("other"), b"")  # of a live process nothing is swept
        assert len(left(older)) == 3
        process.send_signal(how)
        process.wait(20)
    assert older.read_bytes() == GOOD
    monkeypatch.setattr(writing, "_swept", set())
    write_atomic(older, b"new")
    assert left(older) == ["other", older.name]


def test_strange_files_are_not_swept(older, monkeypatch) -> None:
    names = [".neurocorex-00000000-1-00000000.part", ".neurocorex-x.part", f".neurocorex-{writing._here()}-7-aaaaaaaa"]
    for name in names:
        older.with_name(name).touch()
    monkeypatch.setattr(writing, "_swept", set())
    write_atomic(older, b"new")
    assert left(older) == sorted([*names, older.name])


def test_mode_of_older_file_is_kept_and_new_files_follow_the_mask(older) -> None:
    older.chmod(0o640)
    write_atomic(older, b"new")
    assert stat.S_IMODE(older.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        write_atomic(older.with_name("other"), b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(older.with_name("other").stat().st_mode) == 0o640


def test_links_are_followed(older, tmp_path) -> None:
    (tmp_path / "deep").mkdir()
    link, second, dangling = tmp_path / "deep/link", tmp_path / "second", tmp_path / "dangling"
    link.symlink_to("../result.npz")
    second.symlink_to(link)
    dangling.symlink_to("deep/made")
    write_atomic(second, b"new")
    write_atomic(dangling, b"made")
    assert second.is_symlink()
    assert link.is_symlink()
    assert older.read_bytes() == b"new"
    assert (tmp_path / "deep/made").read_bytes() == b"made"


def test_circle_of_links_is_refused(tmp_path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileFormatError, match="cannot write"):
        write_atomic(tmp_path / "a", b"new")


def test_devices_are_written_directly() -> None:
    write_atomic("/dev/null", b"new")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(FileFormatError, match="No space left on device"):
        write_atomic("/dev/full", b"new")


def test_pipes_are_written_directly(tmp_path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_atomic(pipe, lambda stream: stream.write(b"new"))
    reader.join(20)
    assert read == [b"new"]
    assert pipe.is_fifo()


def test_standard_output_is_written_directly(tmp_path) -> None:
    target = tmp_path / "out"
    program = "from neurocorex.files import write_atomic; write_atomic('/dev/stdout', b'new')"
    with target.open("wb") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert target.read_bytes() == b"new"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"new"


@pytest.mark.parametrize("name", ["", "no/such/folder", "x" * 300, "nul\0", "file/below"], ids=repr)
def test_bad_places_are_told(tmp_path, name) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileFormatError, match="cannot write"):
        write_atomic(f"{tmp_path}/{name}", b"new")
    assert left(tmp_path / "file") == ["file"]


def test_file_without_right_to_write_is_left_alone(older, monkeypatch) -> None:
    older.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    with pytest.raises(FileFormatError, match="Permission denied"):
        write_atomic(older, b"new")
    assert older.read_bytes() == GOOD


def test_program_writes_by_name(older) -> None:
    with replacing(older) as temporary:
        temporary.write_bytes(b"new")
        assert older.read_bytes() == GOOD
    assert older.read_bytes() == b"new"
    with pytest.raises(FileNotFoundError), replacing(older) as temporary:
        temporary.with_name("missing").read_bytes()
    assert older.read_bytes() == b"new"
    assert left(older) == [older.name]


def test_program_writes_a_pipe_by_name(tmp_path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with replacing(pipe) as temporary:
        temporary.write_bytes(b"new")
    reader.join(20)
    assert read == [b"new"]
