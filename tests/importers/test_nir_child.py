"""HDF5 files are read in a process of their own: what goes wrong there is an error of one line here."""

import json
import os
import subprocess

import h5py
import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import FileFormatError
from neurocorex.importers.nir import child
from neurocorex.importers.nir.hdf5 import read_here
from support.nirgraphs import graph

LIMITED = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {module} import _limit; "


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "graph.nir"
    nir.write(path, nir.NIRGraph.from_dict(graph()))
    return path


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and (a == b).all()
    return type(a) is type(b) and a == b


def test_child_hands_over_what_is_in_the_file(file):
    with h5py.File(file, "r+") as content:
        content.attrs["n"] = 3
        content["node/scalar"] = np.float32(0.1)
        content["node/flags"] = np.array([[True, False]])
        content["node/words"] = np.array(["a", "ü"], dtype=h5py.string_dtype())
    for attributes in (False, True):
        assert same(child.read_tree(file, attributes=attributes), read_here(file, attributes=attributes))


def test_nothing_is_left_of_the_parents_standard_error(file, capfd):
    """HDF5 prints its own stack of errors; one line of ours is enough."""
    file.write_bytes(file.read_bytes()[:-700])
    with pytest.raises(FileFormatError, match=r"graph\.nir"):
        ncx.from_nir(file)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_reading_that_never_ends_is_stopped(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "endless.nir")
    monkeypatch.setattr(child, "WALL_SECONDS", 1)
    with pytest.raises(FileFormatError, match=r"endless.nir as HDF5: reading takes more than 1 s"):
        ncx.from_nir(tmp_path / "endless.nir")


@pytest.mark.skipif(os.name != "posix", reason="needs limits of processes")
@pytest.mark.parametrize(
    "what", ["_limit(1, 1 << 40)\nwhile True: pass", "_limit(9, 1 << 30); bytearray(1 << 31)", "import os; os.abort()"],
    ids=["loop", "memory", "crash"],
)  # fmt: skip
def test_child_that_comes_to_its_limits_is_an_error(file, monkeypatch, what):
    monkeypatch.setattr(child, "PROGRAM", LIMITED + what)
    with pytest.raises(FileFormatError, match=r"graph.nir as HDF5: reading ended with (signal|exit code)"):
        ncx.from_nir(file)


@pytest.mark.parametrize(
    "message",
    [
        b"", b"nonsense", b'{"tree": {"dtype": "|O", "shape": [1]}}\n12345678',
        b'{"tree": {"dtype": "<f8", "shape": [9]}}\n1',
    ],
    ids=["nothing", "no JSON", "objects", "too short"],
)  # fmt: skip
def test_message_that_makes_no_sense_is_refused(file, monkeypatch, message):
    """A child that a file has taken over can say what it wants: nothing in it is executed."""
    monkeypatch.setattr(child, "PROGRAM", f"import sys; sys.stdout.buffer.write({message!r})")
    with pytest.raises(FileFormatError, match="made to do harm"):
        child.read_tree(file)


def test_without_processes_files_are_read_here(file, monkeypatch, caplog):
    def refuse(*_, **__):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert same(child.read_tree(file), read_here(file))
    assert "it is read in this one" in caplog.text


def test_hdf5_of_another_kind_is_named_with_its_file(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as content:
        content["layer/weight"] = np.ones(3)
    with pytest.raises(FileFormatError, match=r"weights.h5 is HDF5, but no NIR graph: it has 'layer' and no 'node'"):
        ncx.from_nir(path)
    with pytest.raises(FileFormatError, match=r"weights.h5 as NIR event data: it has no 'nodes'"):
        ncx.read_spikes(path, 1e-3)


def test_spikes_are_told_from_graphs(tmp_path):
    path = tmp_path / "spikes.nir"
    events = nir.TimeGriddedData(np.ones((1, 3, 2), bool), 1e-3).to_event(3)
    nir.write_data(path, nir.NIRGraphData({"a": nir.NIRNodeData({"spikes": events})}))
    with pytest.raises(FileFormatError, match=r"spikes.nir is HDF5, but no NIR graph.*spikes are read by read_spikes"):
        ncx.from_nir(path)


@pytest.mark.parametrize("dtype", [",", "O", "<f8,<f8", "U4", "(2,)f8", "f", "<f99", "V8"])
def test_array_of_a_type_that_no_graph_has_is_refused(dtype: str) -> None:
    told = {"tree": {"group": {"weight": {"dtype": dtype, "shape": [1]}}}}
    with pytest.raises(FileFormatError, match="makes no sense"):
        child._unpacked(json.dumps(told).encode() + b"\n" + bytes(8), "graph.nir")
