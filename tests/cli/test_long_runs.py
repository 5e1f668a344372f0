"""Long runs on the command line: checkpoints, what goes on from them, and boards by their serial numbers."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.cli import blocks
from neurocorex.device import blocks as device_blocks
from neurocorex.device import checkpoint as checkpoints
from serial.tools import list_ports
from support.boards import Board

SAVING = ("--checkpoint", "run.ckpt", "--checkpoint-every", 30)


@pytest.fixture(autouse=True)
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    net = ncx.Network(inputs=5, neurons=4)
    net.connect(net.inputs, net.neurons, np.random.default_rng(7).integers(10, 60, (5, 4)))
    net.neurons.set(threshold=100)
    ncx.quantise(net)[0].save("network.npz")


def run(*words: object) -> tuple[object, ...]:
    return ("run", "emulator", "network.npz", "--steps", 100, "--poisson", 0.3, "--membranes", "0,2", *words)


def test_run_that_was_interrupted_goes_on(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    save = checkpoints.save

    def interrupted(path: Path, saved: checkpoints.Saved) -> None:
        save(path, saved)
        if saved.done == 60:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save", interrupted)
        code, _, err = invoke(*run(*SAVING))
    assert code == 130
    assert "checkpoint run.ckpt has the first" in err
    assert "the same run goes on from there" in err
    code, _, err = invoke(*run(*SAVING, "--out", "cut.npz"))
    assert (code, "going on from step 60 of run.ckpt" in err) == (0, True)
    assert invoke(*run("--out", "whole.npz"))[0] == 0
    cut, whole = (ncx.Result.load(name) for name in ("cut.npz", "whole.npz"))
    assert np.array_equal(cut.spikes, whole.spikes)
    assert np.array_equal(cut.v, whole.v)
    assert cut.counters == whole.counters


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_ctrl_c_prints_and_saves_the_part_that_came(invoke, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    drawn = blocks.Stimulus._drawn

    def interrupted(stimulus: blocks.Stimulus) -> Iterator[np.ndarray]:
        for number, block in enumerate(drawn(stimulus)):
            if number == 3:
                os.kill(os.getpid(), signal.SIGINT)
            yield block

    monkeypatch.setattr(blocks, "ENTRIES", 5 * 10)
    monkeypatch.setattr(device_blocks, "ENTRIES", 1)
    assert invoke(*run("--out", "whole.npz"))[0] == 0
    monkeypatch.setattr(blocks.Stimulus, "_drawn", interrupted)
    code, out, err = invoke(*run("--out", "part.npz", *(["--json"] if as_json else [])))
    part, whole = (ncx.Result.load(name) for name in ("part.npz", "whole.npz"))
    assert code == 130
    assert (part.steps, part.stopped_at, whole.steps, whole.stopped_at) == (30, 30, 100, None)
    assert np.array_equal(part.spikes, whole.spikes[:30])
    assert np.array_equal(part.v, whole.v[:30])
    if as_json:
        told = json.loads(out)
        assert (told["stopped_at"], told["steps"], told["counts"]) == (30, 30, part.counts.tolist())
        assert told["error"] == {"code": "interrupted", "message": "interrupted", "steps": 30}
    else:
        assert "stopped_at" in out
        assert err.endswith("neurocorex: interrupted\n")


def test_steps_of_the_whole_run_are_told(invoke) -> None:
    for _ in range(2):
        code, out, err = invoke(*run(*SAVING, "--json"))
        assert (code, json.loads(out)["steps"]) == (0, 100)
    assert "checkpoint run.ckpt has all 100 steps of the run: nothing is left to run" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--checkpoint-every", 10), 3, "checkpoint_every needs the name of a file"),
        (("--checkpoint", "run.ckpt"), 3, "a checkpoint needs checkpoint_every"),
        ((*SAVING, "--check"), 3, "leave out --checkpoint"),
        (("--checkpoint", "network.npz", "--checkpoint-every", 10), 4, "network.npz"),
        (("--checkpoint", "none/run.ckpt", "--checkpoint-every", 10), 4, "cannot write none"),
    ],
)
def test_checkpoint_that_cannot_be_kept(words: tuple[object, ...], code: int, message: str, invoke) -> None:
    before = Path("network.npz").read_bytes()
    found, _, err = invoke(*run(*words))
    assert (found, message in err) == (code, True), err
    assert Path("network.npz").read_bytes() == before


def test_another_run_is_refused(invoke) -> None:
    assert invoke(*run(*SAVING))[0] == 0
    code, _, err = invoke(*run(*SAVING, "--seed", 1))
    assert (code, "is of another run, which differs in stimulus: spikes" in err) == (3, True)


def test_devices_are_listed_with_their_serial_numbers(invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    board = Board("A1")
    board.path = tmp_path / "ttyUSB0"
    monkeypatch.setattr(list_ports, "comports", board.listed)
    code, out, _ = invoke("devices")
    assert (code, f"{board.path}, usb:A1" in out) == (0, True)
    (entry,) = json.loads(invoke("devices", "--json")[1])["devices"][2:]
    assert (entry["device"], entry["serial_number"], entry["usb"]) == (str(board.path), "A1", "usb:A1")
