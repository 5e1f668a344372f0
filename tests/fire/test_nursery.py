"""Children of the nursery are those of the library: they read the same, and come to the same limits."""

import os

import nir
import numpy as np
import pytest
from neurocorex.errors import FileFormatError
from neurocorex.importers.nir import child
from neurocorex.importers.nir.hdf5 import write_tree
from support.nirgraphs import graph

from fire.nursery import Forked


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "graph.nir"
    nir.write(path, nir.NIRGraph.from_dict(graph()))
    return path


def outcomes(path, monkeypatch):
    """Return what a child of either kind reads or says."""
    found = []
    for start in (child.start, Forked):
        monkeypatch.setattr(child, "start", start)
        try:
            found.append(child.read_tree(path))
        except FileFormatError as error:
            found.append(str(error))
    return found


def test_the_same_is_read(file, monkeypatch):
    one, other = outcomes(file, monkeypatch)
    np.testing.assert_equal(other, one)
    assert "node" in one


def test_the_same_is_said_of_a_damaged_file(file, monkeypatch):
    file.write_bytes(file.read_bytes()[:-700])
    one, other = outcomes(file, monkeypatch)
    assert one == other
    assert "cannot read" in one


def test_the_limit_of_memory_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "start", Forked)
    path = tmp_path / "large.h5"
    write_tree(path, {"values": np.zeros(1 << 20)})
    assert child.read_tree(path)["values"].size == 1 << 20
    monkeypatch.setattr(child, "MEMORY", 1 << 20)
    with pytest.raises(FileFormatError, match="cannot read"):
        child.read_tree(path)


def test_reading_that_never_ends_is_stopped_and_the_next_file_is_read(file, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "endless.nir")
    with monkeypatch.context() as patched:
        patched.setattr(child, "WALL_SECONDS", 1)
        one, other = outcomes(tmp_path / "endless.nir", monkeypatch)
    assert one == other
    assert "reading takes more than 1 s" in one
    test_the_same_is_read(file, monkeypatch)
