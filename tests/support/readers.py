"""Readers of every kind of file of the library, each with a good file: for tests that mutate files.

`READERS` maps a name to what makes the bytes of a good file, and what reads bytes as a user's file is read.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import neurocorex as ncx
import numpy as np
from neurocorex.apps import Connectome
from neurocorex.check.trial import Trial
from neurocorex.cli.geometry import read_config
from neurocorex.device import checkpointfile
from neurocorex.device.recording import Recording as Recorded
from neurocorex.device.units import Units
from neurocorex.device.weights import WeightTables
from neurocorex.encode import from_file
from neurocorex.errors import QuantisationWarning
from neurocorex.events.codec import ITEM, REPORTED
from neurocorex.events.reports import request
from neurocorex.events.stream import EventStream
from neurocorex.files import pack, read_arrays, read_json
from neurocorex.fpga import manifest
from neurocorex.image import Image
from neurocorex.importers.nir.places import Place, Places
from neurocorex.importers.nir.recording import Recording
from neurocorex.importers.superneuromat.document import parse
from neurocorex.importers.superneuromat.translation import translated
from neurocorex.many import journal
from neurocorex.spec import Learning, Region
from neurocorex.wire import remembered


class Reader(NamedTuple):
    """A kind of file."""

    good: Callable[[], bytes]
    read: Callable[[bytes], Any]


CONFIG = ncx.CoreConfig(neurons=6, inputs=4, lanes=2, learning=Learning.EXPONENTIAL, extra_axons=3, max_delay=4)
MANIFEST = {
    "format": manifest.FORMAT, "version": manifest.VERSION,
    "files": {
        f"neurocorex-{board}.bit": {
            "board": board, "part": "LFE5U-25F-6BG381C", "sha256": "0" * 64, "neurocorex": "0.2.0",
            "protocol": manifest.protocol_entry(0x60033A5),
        }
        for board in ("ulx3s-25f", "colorlight-i5")
    },
}  # fmt: skip
SPIKES = np.random.default_rng(4).random((9, 4)) < 0.4


@cache
def _trial() -> Trial:
    return Trial.random(CONFIG, 3, 9)


def _image(snapshot: bool) -> bytes:
    image = _trial().image
    if not snapshot:
        image = Image(
            image.config, {region: image.regions[region] for region in ncx.image.program_regions(image.config)}
        )
    return image.to_bytes()


def _result() -> ncx.Result:
    """Result of samples, with membranes and scales."""
    graded = {"graded_step": np.arange(9), "graded_index": np.full(9, 1), "graded_value": np.arange(9) - 4}
    dense = EventStream.from_dense(SPIKES)
    stream = EventStream(9, event_step=dense.event_step, event_index=dense.event_index, **graded)
    recording = Recorded.of({"spikes": True, "v": [1]}, 4)
    return ncx.Result.from_stream(
        stream, neurons=4, recording=recording, counters={"steps": 9}, scaling=Units(np.full(4, 2.0), 1)
    )


def _saved() -> checkpointfile.Saved:
    """Checkpoint of a run that has come to its ninth step."""
    weights = WeightTables(np.array([3]), np.zeros((1, 13, 6), np.int16), np.array([[1, 0]]))
    results = EventStream.from_dense(SPIKES).encode()
    reports = np.array([[3, 3], [REPORTED, ITEM], [request(Region.MEMBRANE, 0, 0, 1), 7]])
    return checkpointfile.Saved(
        {"network": "ab"}, 20, 9, False, {"steps": 9}, _trial().image, results, reports, weights
    )


def _written(save: Callable[[Path], object], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a .csv file leaves out
            save(path)
        return path.read_bytes()


def _npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def by_path(read: Callable[[Path], Any], suffix: str) -> Callable[[bytes], Any]:
    """Reader of bytes by a file, for what reads files only."""

    def reading(data: bytes) -> Any:
        path = _folder() / f"{os.getpid()}{suffix}"
        path.write_bytes(data)
        return read(path)

    return reading


PLACES = Places({"in": slice(0, 4)}, {"first": Place(np.arange(3), (3,), 0, np.ones(3), np.zeros(3))}, {"out": "first"})


def _recording() -> bytes:
    return _npz(inputs=SPIKES, spikes=SPIKES[:, :3], **{"spikes:first": SPIKES[:, 1:].astype(np.uint8)})


SUPERNEUROMAT = {
    "networks": [{
        "meta": {"format": "snm", "type": "SNN", "version": "0.1"},
        "name": "a",
        "data": {
            "num_neurons": 3, "num_synapses": 2, "neuron_thresholds": [0.0, 1.5, 2.0], "neuron_leaks": [0.0, 1.0, 0.5],
            "neuron_reset_states": [0.0, 0.0, -1.0], "neuron_refractory_periods": [0, 1, 2],
            "neuron_states": [0.0, 0.5, 0.0], "neuron_refractory_periods_state": [0, 0, 1],
            "pre_synaptic_neuron_ids": [0, 1], "post_synaptic_neuron_ids": [1, 2], "synaptic_weights": [1.0, -2.5],
            "synaptic_delays": [1, 3], "enable_stdp": [1, 0], "stdp": True, "apos": [1.0, 0.5], "aneg": [-1.0, -0.5],
            "input_spikes": {"3": {"nids": [0, 1], "values": [1.0, 2.0]}}, "spike_train": [[0, 1, 0], [1, 0, 0]],
        },
    }]
}  # fmt: skip


def _translated(data: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantisationWarning)  # some of these models make no sense
        return translated(parse(data, "it"), "it")


READERS: dict[str, Reader] = {
    "image": Reader(lambda: _image(False), Image.from_bytes),
    "snapshot": Reader(lambda: _image(True), by_path(Image.load, ".npz")),
    "result": Reader(lambda: _written(_result().save, ".npz"), by_path(ncx.Result.load, ".npz")),
    "result as text": Reader(lambda: _written(_result().save, ".csv"), by_path(ncx.Result.load, ".csv")),
    "spikes": Reader(
        lambda: _npz(spikes=SPIKES, other=np.arange(3.0)), by_path(lambda path: from_file(path, inputs=5), ".npz")
    ),
    "spikes as text": Reader(
        lambda: b"step,axon\n" + b"".join(b"%d,%d\n" % tuple(each) for each in np.argwhere(SPIKES)),
        by_path(lambda path: from_file(path, inputs=5), ".csv"),
    ),
    "geometry": Reader(lambda: CONFIG.to_json().encode(), by_path(read_config, ".json")),
    "replay": Reader(lambda: _written(_trial().save, ".npz"), by_path(Trial.load, ".npz")),
    "recording": Reader(_recording, by_path(lambda path: Recording.of(path, PLACES), ".npz")),
    "SuperNeuroMAT": Reader(lambda: json.dumps(SUPERNEUROMAT).encode(), _translated),
    "checkpoint": Reader(
        lambda: _written(lambda path: checkpointfile.save(path, _saved()), ".npz"), by_path(checkpointfile.load, ".npz")
    ),
    "weights": Reader(lambda: _arrays(weights=np.arange(12, dtype=np.int32).reshape(3, 4)), read_arrays),
    "manifest of a release": Reader(lambda: json.dumps(MANIFEST).encode(), lambda data: manifest.read(data, "it")),
    "rate of a line": Reader(
        lambda: json.dumps(
            {"format": remembered.FORMAT, "version": 1, "place": "here", "baud": 9600, "since": 1.5}
        ).encode(),
        lambda data: remembered.read(data, "here"),
    ),
    "journal of a sweep": Reader(
        lambda: _written(lambda path: ncx.sweep(str, {"object": [1, 2.5]}, resume=path), ".jsonl"),
        by_path(journal.read, ".jsonl"),
    ),
    "connectome": Reader(
        lambda: (
            b"Source,Target,Weight,Type\nAVAL,VA01,12,chemical\nAVAL , AVAR ,5,electrical\nVA01,dBWML1,3,chemical\n"
        ),
        by_path(Connectome.read, ".csv"),
    ),
    "document": Reader(lambda: json.dumps({"a": [1, 2.5, {"b": "µ"}], "c": None}).encode(), read_json),
}


def _arrays(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    pack(stream, arrays)
    return stream.getvalue()
