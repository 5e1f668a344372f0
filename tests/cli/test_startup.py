"""The command line from its first import to its last resort: Ctrl-C, no arguments, unexpected errors, completion."""

import json
import re
import subprocess
import sys

import pytest
from neurocorex.cli.application import exit_codes
from neurocorex.cli.defect import KEPT, record
from neurocorex.demos import digits
from support.mnist import write_mnist
from support.papers import write_papers
from support.paths import ROOT

#: Runs a command line that gets SIGINT when it begins to import a module.
INTERRUPTED = """
import os, runpy, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

wanted = sys.argv.pop(1)
sys.meta_path.insert(0, Interrupt())
runpy.run_module("neurocorex", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    "module",
    [
        "neurocorex.cli.application", "click", "neurocorex.errors", "neurocorex.cli.selftest", "neurocorex.spec.config",
        "neurocorex.device.open", "numpy", "numpy.linalg", "neurocorex.device.device",
    ],
)  # fmt: skip
def test_interrupt_while_modules_are_loaded_is_quiet(module):
    words = [sys.executable, "-c", INTERRUPTED, module, "info", "emulator"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nneurocorex: interrupted\n")


def test_list_of_commands_loads_nothing_slow():
    program = "import sys, neurocorex.cli.application; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"neurocorex.spec", "neurocorex.device", "numpy", "serial", "rich", "tempfile"} & set(loaded)


def test_program_alone_prints_help(invoke):
    assert invoke() == invoke("--help")
    code, out, err = invoke()
    assert (code, err) == (0, "")
    assert out.startswith("Usage: neurocorex ")


@pytest.mark.parametrize("group", ["demo", "bench"])
def test_group_without_a_command_prints_help(group, invoke):
    code, out, err = invoke(group)
    assert (code, out) == (2, "")
    assert err.startswith(f"Usage: neurocorex {group} ")
    assert "Commands:" in err


@pytest.fixture
def broken(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise KeyError("neither\nhere nor there")

    monkeypatch.setattr("neurocorex.device.open.open_device", fail)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "neurocorex" / "defects"


def test_unexpected_error_is_one_line_and_a_file(broken, invoke):
    code, out, err = invoke("info", "emulator")
    assert (code, out, err.count("\n")) == (70, "", 1)
    assert "unexpected KeyError" in err
    (kept,) = broken.iterdir()
    assert str(kept) in err
    text = kept.read_text()
    assert text.startswith("neurocorex info emulator\nversion ")
    assert "Traceback (most recent call last)" in text
    assert "neither" in text


def test_unexpected_error_as_json(broken, invoke):
    code, out, err = invoke("info", "emulator", "--json")
    assert (code, err) == (70, "")
    assert json.loads(out)["error"]["code"] == "internal"


def test_traceback_is_shown_on_request(broken, invoke, monkeypatch):
    monkeypatch.setenv("NEUROCOREX_DEBUG", "1")
    code, _, err = invoke("info", "emulator")
    assert code == 70
    assert "Traceback (most recent call last)" in err
    assert err.splitlines()[-1].startswith("neurocorex: unexpected KeyError")


def test_unexpected_error_where_nothing_can_be_written(broken, invoke, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    code, _, err = invoke("info", "emulator")
    assert (code, err.count("\n")) == (70, 1)
    assert "NEUROCOREX_DEBUG=1" in err


def test_old_records_go(broken):
    for _ in range(KEPT + 3):
        record(KeyError(), ["info"])
    assert len(list(broken.iterdir())) == KEPT


def test_page_of_the_command_line_lists_every_exit_code():
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", (ROOT / "docs/cli.md").read_text(), flags=re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == exit_codes()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("build", "ulx3s"), ["ulx3s-12f", "ulx3s-25f", "ulx3s-45f", "ulx3s-85f"]),
        (("program", "ice"), ["icebreaker", "icebreaker-bitsy", "icesugar", "icesugar-pro"]),
        (("plan", "basys"), ["basys3"]),
        (("plan", "--board", "basys"), ["basys3"]),
        (("info", "e"), ["emulator"]),
        (("serve", ""), ["emulator", "rtl"]),
        (("demo", "digits", "--device", "r"), ["rtl"]),
        (("demo", "digits"), ["digits", "digits-delta", "digits-stdp", "digits-unsupervised"]),
        (("selft",), ["selftest"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_shell_completes(words, found, invoke, monkeypatch):
    monkeypatch.setenv("_NEUROCOREX_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(("neurocorex", *words)))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    code, out, _ = invoke()
    assert code == 0
    assert {line.partition(",")[2] for line in out.splitlines() if line.startswith("plain")} == set(found)


def test_shell_completes_files_where_a_network_may_stand(invoke, monkeypatch):
    monkeypatch.setenv("_NEUROCOREX_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "neurocorex plan b")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert invoke()[1].split() == ["file,b", "plain,basys3"]


def test_shell_completes_ports(invoke, monkeypatch):
    from serial.tools import list_ports, list_ports_common

    port = list_ports_common.ListPortInfo("/dev/ttyUSB7", skip_link_detection=True)
    monkeypatch.setattr(list_ports, "comports", lambda: [port])
    monkeypatch.setenv("_NEUROCOREX_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "neurocorex info /dev")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert invoke()[1].split() == ["plain,/dev/ttyUSB7"]


RTL = (
    ("demo", "digits", "--device", "rtl"),
    ("demo", "digits-delta", "--device", "rtl"),
    ("demo", "digits-stdp", "--device", "rtl"),
    ("demo", "digits-unsupervised", "--device", "rtl"),
    ("demo", "hidden", "--device", "rtl"),
    ("demo", "judged", "--device", "rtl"),
    ("demo", "conditioning", "--device", "rtl"),
    ("demo", "mnist", "--device", "rtl", "--data", "."),
    ("demo", "mnist-unsupervised", "--device", "rtl", "--data", "."),
    ("demo", "microseer", "--device", "rtl", "--data", "."),
    ("info", "rtl"),
    ("load", "rtl", "digits.npz"),
    ("run", "rtl", "digits.npz"),
    ("run", "rtl", "digits.npz", "--trace", "wave.fst"),
    ("weights", "rtl"),
    ("selftest", "rtl"),
    ("serve", "rtl"),
    ("doctor", "rtl"),
    ("bench", "chip"),
)


@pytest.mark.parametrize("words", RTL, ids=" ".join)
def test_rtl_without_the_extra_names_it(words, invoke, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "amaranth", None)
    monkeypatch.chdir(tmp_path)
    digits.image().save("digits.npz")
    write_papers(tmp_path)
    write_mnist(tmp_path)
    code, out, err = invoke(*words)
    assert (code, out, err.count("\n")) == (10, "", 1)
    assert "pip install 'neurocorex[sim]'" in err
    assert not (tmp_path / "wave.fst").exists()
