"""Kinds of files: those of the tests, and others that are slower to make or to read."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import neurocorex as ncx
import numpy as np
from neurocorex.device import checkpointfile
from neurocorex.errors import NeuroCoreXError
from neurocorex.importers.nir import child
from neurocorex.importers.nir.hdf5 import read_here
from neurocorex.wire.log import LogFile
from support.readers import READERS as PLAIN
from support.readers import Reader, by_path

from . import nursery
from .networks import LEARNING, image_of, result_of, spikes_of


def _written(write: Callable[[Path], object]) -> bytes:
    with TemporaryDirectory(prefix="fire-") as name:
        path = Path(name) / "file"
        write(path)
        return path.read_bytes()


@cache
def _graph() -> bytes:
    import nir
    from support.nirgraphs import graph

    return _written(lambda path: nir.write(path, nir.NIRGraph.from_dict(graph())))


def _tree() -> bytes:
    """Message of the child that reads HDF5, as the parent gets it."""
    arrays: list[np.ndarray] = []
    with TemporaryDirectory(prefix="fire-") as name:
        path = Path(name) / "0.nir"
        path.write_bytes(_graph())
        line = json.dumps({"tree": child._packed(read_here(path), arrays)}).encode()
    return line + b"\n" + b"".join(array.tobytes() for array in arrays)


def _of_tree(data: bytes) -> object:
    return ncx.from_nir(child._unpacked(data, "it").get("node", {}))


def _log(path: Path) -> None:
    with ncx.open("emulator", config=LEARNING[1], log=path) as device:
        device.load(image_of(LEARNING[1], 0))
        device.run(spikes=spikes_of(LEARNING[1], 5), record=("spikes", "v"))
        device.snapshot()


def _entries(path: Path) -> object:
    log = LogFile(path)
    return [*log.entries()]


def _checkpoint(path: Path) -> None:
    with ncx.open("emulator", config=LEARNING[1]) as device:
        device.load(image_of(LEARNING[1], 0))
        device.run(spikes=spikes_of(LEARNING[1], 5), record=("spikes", "v"), checkpoint=path, checkpoint_every=2)


def _resumed(path: Path) -> object:
    """Read a checkpoint, and go on from it, in a run of its own."""
    checkpointfile.load(path)
    with ncx.open("emulator", config=LEARNING[1]) as device:
        device.load(image_of(LEARNING[1], 0))
        return device.run(spikes=spikes_of(LEARNING[1], 5), record=("spikes", "v"), checkpoint=path, checkpoint_every=2)


def _by_fork(read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Let the children of a reader come from the nursery."""

    def forked(data: bytes) -> object:
        before = child.start
        child.start = nursery.Forked  # type: ignore[assignment,misc]
        try:
            return read(data)
        finally:
            child.start = before

    return forked


READERS: dict[str, Reader] = {
    **{name.replace(" ", "_"): reader for name, reader in PLAIN.items()},
    "log": Reader(lambda: _written(_log), by_path(_entries, ".log")),
    "checkpoint": Reader(lambda: _written(_checkpoint), by_path(_resumed, ".ckpt")),
    "NIR": Reader(_graph, _by_fork(by_path(ncx.from_nir, ".nir"))),
    "NIR_tree": Reader(_tree, _of_tree),
    "NIR_spikes": Reader(
        lambda: _written(lambda path: ncx.write_spikes(result_of(("spikes",)), path, dt=1e-3)),
        _by_fork(by_path(lambda path: ncx.read_spikes(path, 1e-3), ".nir")),
    ),
}
#: Kinds that are read in a process of their own, which takes ten times longer.
SLOW = ("NIR", "NIR_spikes")


def refused(name: str, data: bytes) -> str | None:
    """Read bytes as a kind of file; return the error of ours that refuses them, None if they are taken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            READERS[name].read(data)
    except NeuroCoreXError as error:
        return str(error)
    return None


def good(name: str) -> list[bytes]:
    """Return good files of a kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [READERS[name].good()]
