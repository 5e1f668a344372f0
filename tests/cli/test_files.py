"""Files of commands: an older good one stays until the new one is whole."""

import errno
import json
import os
import struct
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.cli import choice
from neurocorex.device.open import Trace
from neurocorex.errors import DisconnectedError, FileFormatError, InputError

GOOD = b"an older good file"


@pytest.fixture
def network(tmp_path) -> Path:
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, np.full((3, 4), 60))
    net.neurons.set(threshold=100)
    ncx.quantise(net)[0].save(tmp_path / "network.npz")
    return tmp_path / "network.npz"


RUN = ("run", "emulator", "NETWORK", "--poisson", "0.5", "--steps", "5")
COMMANDS = {
    "weights": (("weights", "emulator", "--out", "FILE"), ".npz"),
    "weights as text": (("weights", "emulator", "--out", "FILE"), ".csv"),
    "picture of weights": (("weights", "emulator", "--plot", "FILE"), ".png"),
    "result": ((*RUN, "--out", "FILE"), ".npz"),
    "spikes": ((*RUN, "--out", "FILE"), ".csv"),
    "raster": ((*RUN, "--raster", "FILE"), ".svg"),
    "network": (("demo", "digits", "--images", "1", "--save", "FILE", "--raster", "OTHER"), ".npz"),
    "learned digits": (("demo", "digits-stdp", "--images", "1", "--picture", "FILE"), ".png"),
    "raster of the digits": (("demo", "digits", "--images", "1", "--raster", "FILE"), ".pdf"),
}


@pytest.mark.parametrize(("words", "suffix"), COMMANDS.values(), ids=COMMANDS)
def test_older_file_survives_a_full_disk(words, suffix, invoke, network, tmp_path, monkeypatch) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(GOOD)
    places = {"FILE": path, "NETWORK": network, "OTHER": tmp_path / "other.png"}

    def full(_) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        code, _, errors = invoke(*(places.get(word, word) for word in words))
    assert (code, errors.count("\n")) == (4, 1)
    assert f"cannot write {path}: No space left on device" in errors
    assert path.read_bytes() == GOOD
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, network.name]
    assert invoke(*(places.get(word, word) for word in words))[0] == 0
    assert path.read_bytes() != GOOD


def test_picture_of_an_unknown_kind_is_refused(invoke, network, tmp_path) -> None:
    words = (word if word != "NETWORK" else network for word in RUN)
    code, out, _ = invoke(*words, "--raster", tmp_path / "raster.xyz", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (3, "input")
    assert not (tmp_path / "raster.xyz").exists()


def block(kind: int, content: bytes) -> bytes:
    return struct.pack(">BQ", kind, 8 + len(content)) + content


WHOLE = block(0, bytes(321)) + block(5, b"values") + block(6, b"")


@pytest.fixture
def waveform(tmp_path) -> Path:
    (tmp_path / "wave.fst").write_bytes(GOOD)
    return tmp_path / "wave.fst"


def write(path: Path, content: bytes, error: BaseException | None = None) -> None:
    with choice._waveform(Trace(path, 3)) as trace:
        assert path.read_bytes() == GOOD
        assert trace.first == 3
        trace.path.write_bytes(content)
        if error:
            raise error


def test_waveform_appears_when_it_is_whole(waveform) -> None:
    write(waveform, WHOLE)
    assert waveform.read_bytes() == WHOLE


def test_waveform_of_a_run_that_failed_is_kept(waveform) -> None:
    with pytest.raises(DisconnectedError):
        write(waveform, WHOLE, DisconnectedError("gone"))
    assert waveform.read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        (b"", None, InputError),
        (WHOLE[:-3], None, FileFormatError),
        (WHOLE + b"\0", None, FileFormatError),
        (block(255, b"values"), None, FileFormatError),
        (b"", DisconnectedError("gone"), DisconnectedError),
        (WHOLE[:-3], DisconnectedError("gone"), DisconnectedError),
        (WHOLE, KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["empty", "cut off", "too long", "unfinished", "failed", "failed and cut off", "interrupted"],
)
def test_older_waveform_survives(waveform, content, error, told) -> None:
    with pytest.raises(told):
        write(waveform, content, error)
    assert waveform.read_bytes() == GOOD
    assert list(waveform.parent.iterdir()) == [waveform]
