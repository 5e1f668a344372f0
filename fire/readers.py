"""Readers of files: what each reads, small good files to begin with, and the errors that it may raise."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from neurocorex.errors import NeuroCoreXError

from .networks import LEARNING, image_of, result_of


@dataclass(frozen=True)
class Reader:
    """One kind of file.

    Attributes
    ----------
    name, suffix : str
        Kind, and ending of its files.
    write : callable
        Writes good files into a folder.
    read : callable
        Reads a file.
    runs : int
        Inputs of a sample in the tests: as many as take a few seconds.
    """

    name: str
    suffix: str
    write: Callable[[Path], None]
    read: Callable[[Path], object]
    runs: int = 2000

    def seeds(self) -> list[bytes]:
        """Return the contents of the good files, always the same."""
        with TemporaryDirectory() as name:
            self.write(Path(name))
            return [_undated(path.read_bytes()) for path in sorted(Path(name).iterdir())]

    def trial(self, path: Path) -> str | None:
        """Read a file; return how it was refused, None if it was taken. Other errors pass."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.read(path)
        except NeuroCoreXError as error:
            return f"{type(error).__name__}: {error}"
        return None


def _undated(data: bytes) -> bytes:
    """Return an archive without the hour of its making, anything else as it is."""
    if data[:2] != b"PK":
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            same = zipfile.ZipInfo(entry.filename)
            same.compress_type = entry.compress_type
            new.writestr(same, old.read(entry))
    return out.getvalue()


def _images(folder: Path) -> None:
    for number, config in enumerate(LEARNING):
        image_of(config, number).save(folder / f"{number}.npz")


def _snapshots(folder: Path) -> None:
    from neurocorex.check.trial import Trial

    for number, config in enumerate(LEARNING):
        Trial.random(config, number, 3).image.save(folder / f"{number}.npz")


def _image(path: Path) -> object:
    from neurocorex import Image

    return Image.load(path)


def _results(folder: Path) -> None:
    for number, record in enumerate(((), ("spikes",), ("spikes", "v"))):
        result_of(record, snapshot_every=5 * number or None).save(folder / f"{number}.npz")


def _result(path: Path) -> object:
    from neurocorex import Result

    return Result.load(path)


def _spikes_npz(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for number, shape in enumerate(((4, 5), (2, 3, 5))):
        np.savez(folder / f"{number}.npz", spikes=rng.random(shape) < 0.3)
        np.savez_compressed(folder / f"packed{number}.npz", spikes=(rng.random(shape) < 0.3).astype("u1"))


def _spikes_csv(folder: Path) -> None:
    (folder / "0.csv").write_text("step,axon\n0,1\n3,4\n\n12,0\n")
    (folder / "1.csv").write_text("﻿0,1\r\n3,4\r\n")


def _spikes(path: Path) -> object:
    from neurocorex.encode import from_file

    return from_file(path, inputs=5)


def _configs(folder: Path) -> None:
    for number, config in enumerate(LEARNING):
        (folder / f"{number}.json").write_text(config.to_json())


def _config(path: Path) -> object:
    from neurocorex.cli.geometry import read_config

    return read_config(path)


def _replays(folder: Path) -> None:
    from neurocorex.check.trial import Trial

    for number, config in enumerate(LEARNING):
        Trial.random(config, number, 6).save(folder / f"{number}.npz")


def _replay(path: Path) -> object:
    from neurocorex.check.trial import Trial

    return Trial.load(path)


def _superneuromat(folder: Path) -> None:
    from support.superneuromat_models import random_model

    for seed, encoding in enumerate(("json-native", "base64", "base85")):
        model = random_model(seed)
        model.simulate(2)
        (folder / f"{seed}.json").write_text(model.to_json(array_representation=encoding))


def _model(path: Path) -> object:
    from neurocorex import from_superneuromat

    return from_superneuromat(path)


def _graphs(folder: Path) -> None:
    import nir
    from support.nirgraphs import graph

    nir.write(folder / "0.nir", nir.NIRGraph.from_dict(graph()))


def _graph(path: Path) -> object:
    from neurocorex import from_nir

    return from_nir(path)


def _trees(folder: Path) -> None:
    """Messages of the child that reads HDF5, as the parent gets them."""
    import json

    from neurocorex.importers.nir import child
    from neurocorex.importers.nir.hdf5 import read_here

    with TemporaryDirectory() as name:
        _graphs(Path(name))
        tree = read_here(Path(name) / "0.nir")
    arrays: list[np.ndarray] = []
    line = json.dumps({"tree": child._packed(tree, arrays)}).encode()
    (folder / "0.tree").write_bytes(line + b"\n" + b"".join(array.tobytes() for array in arrays))
    (folder / "1.tree").write_bytes(json.dumps({"error": "FileFormatError", "text": "no"}).encode() + b"\n")


def _tree(path: Path) -> object:
    from neurocorex import from_nir
    from neurocorex.importers.nir import child

    return from_nir(child._unpacked(path.read_bytes(), path).get("node", {}))


def _events(folder: Path) -> None:
    from neurocorex import write_spikes

    write_spikes(result_of(("spikes",)), folder / "0.nir", dt=1e-3)


def _event(path: Path) -> object:
    from neurocorex import read_spikes

    return read_spikes(path, 1e-3)


def _recordings(folder: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(folder / "0.npz", inputs=rng.random((4, 3)) < 0.3, spikes=rng.random((4, 4)) < 0.3)
    np.savez_compressed(folder / "1.npz", **{"inputs": rng.random((2, 4, 3)), "spikes:lif": np.zeros((2, 4, 4), bool)})


def _recording(path: Path) -> object:
    from neurocorex import from_nir
    from neurocorex.importers.nir.recording import Recording
    from support.nirgraphs import graph

    if not _PLACES:
        _PLACES.append(from_nir(graph(), producer="nir").places)
    return Recording.of(path, _PLACES[0])


_PLACES: list = []

READERS = {
    reader.name: reader
    for reader in (
        Reader("image", ".npz", _images, _image),
        Reader("snapshot", ".npz", _snapshots, _image),
        Reader("result", ".npz", _results, _result),
        Reader("spikes", ".npz", _spikes_npz, _spikes),
        Reader("spikes_csv", ".csv", _spikes_csv, _spikes),
        Reader("config", ".json", _configs, _config),
        Reader("replay", ".npz", _replays, _replay),
        Reader("superneuromat", ".json", _superneuromat, _model),
        Reader("nir", ".nir", _graphs, _graph, runs=10),
        Reader("nir_tree", ".tree", _trees, _tree),
        Reader("nir_spikes", ".nir", _events, _event, runs=10),
        Reader("recording", ".npz", _recordings, _recording),
    )
}
