"""Caches: what is broken or foreign is made anew, and only folders of one's own are used."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from neurocorex.errors import FileFormatError
from neurocorex.files import cache

MADE_FROM = cache.origin("source", b"options")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cache._say_once.cache_clear()
    cache._sweep_once.cache_clear()
    return cache.cache_folder("things")


class Maker:
    """Makes a file, or a folder of two; counts how often."""

    def __init__(self, *, files: bool = False) -> None:
        self.times, self.files = 0, files

    def __call__(self, path: Path) -> None:
        self.times += 1
        if self.files:
            (path / "deep").mkdir(parents=True)
            (path / "deep/one").write_bytes(b"one")
            path = path / "two"
        path.write_bytes(b"content")


@pytest.mark.parametrize("files", [False, True], ids=["file", "folder"])
def test_entry_is_made_once(folder, files, caplog) -> None:
    make = Maker(files=files)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            cache.obtained(folder / "entry", MADE_FROM, make)
    assert make.times == 1
    assert not caplog.records
    cache.obtained(folder / "entry", MADE_FROM, make, fresh=True)
    assert make.times == 2


def change(path: Path, text: str, other: str) -> None:
    path.write_text(path.read_text().replace(text, other))


DAMAGE = {
    "cut off": lambda entry: (entry / "two").write_bytes(b"cont"),
    "another file": lambda entry: (entry / "three").touch(),
    "a file lost": lambda entry: (entry / "deep/one").unlink(),
    "replaced by a file": lambda entry: (entry.rename(entry.with_name("x")), entry.write_bytes(b"content")),
    "no manifest": lambda entry: entry.with_name(".entry.manifest").unlink(),
    "manifest cut off": lambda entry: entry.with_name(".entry.manifest").write_text('{"format"'),
    "manifest of another kind": lambda entry: entry.with_name(".entry.manifest").write_text("[1]"),
    "manifest of another version": lambda entry: change(
        entry.with_name(".entry.manifest"), '"version": 1', '"version": 2'
    ),
    "made from something else": lambda entry: change(entry.with_name(".entry.manifest"), MADE_FROM, "0" * 64),
    "written by others": lambda entry: (entry / "two").chmod(0o666),
    "folder of others": lambda entry: entry.chmod(0o777),
    "manifest of others": lambda entry: entry.with_name(".entry.manifest").chmod(0o666),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_broken_or_foreign_entry_is_made_anew_and_told(folder, damage, caplog) -> None:
    make = Maker(files=True)
    entry = cache.obtained(folder / "entry", MADE_FROM, make)
    damage(entry)
    with caplog.at_level(logging.WARNING):
        cache.obtained(entry, MADE_FROM, make)
    assert make.times == 2
    assert [record.getMessage().endswith("it is made anew") for record in caplog.records] == [True]
    assert (entry / "two").read_bytes() == b"content"
    assert not (entry / "three").exists()
    cache.obtained(entry, MADE_FROM, make)
    assert make.times == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("name", ["entry", "entry/two", ".entry.manifest"])
def test_entry_of_somebody_else_is_made_anew(folder, name, caplog) -> None:
    make = Maker(files=True)
    entry = cache.obtained(folder / "entry", MADE_FROM, make)
    os.chown(folder / name, 12345, 12345)
    with caplog.at_level(logging.WARNING):
        cache.obtained(entry, MADE_FROM, make)
    assert make.times == 2
    assert "belongs to user 12345" in caplog.text


def test_entry_of_files_with_rights_of_the_group_is_kept(folder) -> None:
    make = Maker()
    before = os.umask(0o002)
    try:
        for _ in range(2):
            cache.obtained(folder / "entry", MADE_FROM, make)
    finally:
        os.umask(before)
    assert make.times == 1


def test_failed_making_leaves_nothing_and_the_older_entry(folder) -> None:
    entry = cache.obtained(folder / "entry", MADE_FROM, Maker())

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(FileFormatError, match="No space left on device; make room"):
        cache.obtained(entry, MADE_FROM, fail, fresh=True)
    assert cache.content(entry, MADE_FROM) == b"content"
    assert sorted(os.listdir(folder)) == [".entry.lock", ".entry.manifest", "entry"]


KILLED = """
import sys
from neurocorex.files import cache
with cache.scratch(cache.cache_folder("things")) as place:
    (place / "work").mkdir()
    (place / "work" / "file").touch()
    print("now", flush=True)
    sys.stdin.read()
"""


def test_scratch_of_a_killed_build_is_swept(folder) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"now\n"
        assert len(os.listdir(folder)) == 1
        cache._sweep_once.cache_clear()
        cache.cache_folder("things")
        assert len(os.listdir(folder)) == 1
        process.kill()
        process.wait(20)
    cache._sweep_once.cache_clear()
    cache.cache_folder("things")
    assert not os.listdir(folder)


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_relative_path_is_ignored_and_told(variable, tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(variable, "relative/place")
    with caplog.at_level(logging.WARNING):
        found = cache.cache_folder(variable=variable)
        cache.cache_folder(variable=variable)
    assert found == tmp_path / "home/.cache/neurocorex"
    assert not (tmp_path / "relative").exists()
    (record,) = caplog.records
    assert f"{variable}=relative/place is ignored" in record.getMessage()


def test_folder_without_a_home_is_told(monkeypatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: Path("relative"))
    with pytest.raises(FileFormatError, match=r"cannot make a cache in .*; set XDG_CACHE_HOME"):
        cache.cache_folder()


def test_others_lose_the_right_to_write_the_folder(folder) -> None:
    folder.chmod(0o777)
    assert cache.cache_folder("things") == folder
    assert folder.stat().st_mode & 0o022 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_folder_of_somebody_else_is_not_used(folder, tmp_path, caplog) -> None:
    os.chown(folder.parent, 12345, 12345)
    with caplog.at_level(logging.WARNING):
        assert cache.cache_folder("things") == tmp_path / f"neurocorex-{os.getuid()}" / "things"
    assert "belongs to user 12345" in caplog.text
    assert "is used instead" in caplog.text
    os.chown(tmp_path / f"neurocorex-{os.getuid()}", 12345, 12345)
    with pytest.raises(FileFormatError, match="folder of your own"):
        cache.cache_folder("things")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_link_of_somebody_else_is_not_followed(folder, tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    folder.rmdir()
    folder.symlink_to(tmp_path / "mine")
    assert cache.cache_folder("things") == folder
    os.chown(folder, 12345, 12345, follow_symlinks=False)
    assert cache.cache_folder("things") != folder


def test_manifest_says_what_it_is_of(folder) -> None:
    entry = cache.obtained(folder / "entry", MADE_FROM, Maker(files=True))
    manifest = json.loads(entry.with_name(".entry.manifest").read_text())
    assert manifest["made_from"] == MADE_FROM
    assert set(manifest["files"]) == {"two", "deep/one"}
    cache.drop(entry)
    assert os.listdir(folder) == [".entry.lock"]
