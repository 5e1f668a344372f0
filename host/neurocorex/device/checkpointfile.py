"""Files of checkpoints: how far a run has come, what it has recorded, and all that the chip held then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, InputError
from ..events.arrays import Ints
from ..events.codec import ITEM, REPORTED
from ..events.stream import EventStream
from ..files import Archive, pack, parse, write_atomic
from ..image import Image
from .weights import WeightTables

FORMAT, VERSION = "neurocorex-checkpoint", 1
#: Largest file, packed or not, in bytes.
LIMIT = 1 << 33
_HEADER, _CHIP, _RESULTS, _REPORTS = "header.json", "chip.npz", "results.bin", "reports"
_HEADER_LIMIT = 1 << 20
_WEIGHTS = ("weight_steps", "weight_items", "weight_gains")


@dataclass(frozen=True, eq=False)
class Saved:
    """Content of a checkpoint.

    Attributes
    ----------
    identity : dict of str to str
        What the run is, part by part, as digests; see `neurocorex.device.identity`.
    steps, done : int
        Steps of the run, of all samples in a row, and how many of them have run.
    is_complete : bool
        Whether the run has ended, with what comes behind its last step.
    counters : dict of str to int
        What these steps have added to the counters of the chip; empty if the run does not read them.
    image : Image
        What the chip held then.
    results : bytes
        What these steps have recorded, see `EventStream.encode`, but for reports.
    reports : int64 array [3, K]
        Reports of these steps, as changes of the results: steps, registers and values.
    weights : WeightTables
        Weights that were read on the way.
    """

    identity: dict[str, str]
    steps: int
    done: int
    is_complete: bool
    counters: dict[str, int]
    image: Image
    results: bytes
    reports: Ints
    weights: WeightTables

    def stream(self) -> EventStream:
        """Return what was recorded; raises InputError if the bytes are no results of `done` steps."""
        stream = EventStream.decode(self.results, results=True)
        if stream.steps != self.done or stream.change_step.size:
            raise InputError(f"results of {stream.steps} steps, expected {self.done}")
        return stream.with_changes(*self.reports)


def save(path: Path, saved: Saved) -> None:
    """Write a checkpoint, whole or not at all; raises FileFormatError if it cannot be written."""
    header = {
        "format": FORMAT, "version": VERSION, "identity": saved.identity, "steps": saved.steps, "done": saved.done,
        "complete": saved.is_complete, "counters": saved.counters,
    }  # fmt: skip
    entries: dict[str, Any] = {
        _HEADER: json.dumps(header, indent=1).encode(), _CHIP: saved.image.to_bytes(), _RESULTS: saved.results,
        **dict(zip(_WEIGHTS, saved.weights, strict=True)),
        **({_REPORTS: saved.reports} if saved.reports.size else {}),
    }  # fmt: skip
    # Not packed: it is written again and again, and its largest parts are dense already.
    write_atomic(path, lambda stream: pack(stream, entries, compressed=False))


def load(path: Path) -> Saved:
    """Read a checkpoint, without trust.

    Raises
    ------
    FileFormatError
        If it cannot be read, or is anything else than a checkpoint.
    """
    archive = Archive(path, limit=LIMIT, unpacked=LIMIT)
    if _HEADER not in archive:
        raise archive.error("no checkpoint of a run; give the checkpoint another name, so that this file stays")
    try:
        header = parse(archive.content(_HEADER, _HEADER_LIMIT).decode())
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ValueError(f"the header does not say {FORMAT!r}: give the checkpoint another name")
        if header.get("version") != VERSION or isinstance(header["version"], bool):
            raise ValueError(f"version {header.get('version')!r}, this library reads {VERSION}; update it")
        saved = Saved(
            _mapping(header, "identity", str), _count(header, "steps"), _count(header, "done"),
            header["complete"] is True, _mapping(header, "counters", int),
            Image.from_bytes(archive.content(_CHIP), name=f"{path}: {_CHIP}"), archive.content(_RESULTS, LIMIT),
            archive.array(_REPORTS) if f"{_REPORTS}.npy" in archive else np.empty((3, 0), np.int64),
            WeightTables(*(archive.array(name) for name in _WEIGHTS)),
        )  # fmt: skip
        _check(saved)
    except (ValueError, KeyError, TypeError) as error:  # InputError is a ValueError
        raise FileFormatError(f"{path} is no checkpoint, or corrupt: {error}") from None
    return saved


def _check(saved: Saved) -> None:
    """Raise ValueError if the parts do not belong together."""
    steps, items, gains = saved.weights
    if saved.done > saved.steps or not saved.image.is_snapshot or (saved.is_complete and saved.done < saved.steps):
        raise ValueError("its parts do not belong together")
    if steps.ndim != 1 or items.ndim != 3 or len(items) != steps.size or gains.shape != (steps.size, 2):
        raise ValueError("the weights on the way do not belong together")
    if not (steps.dtype == gains.dtype == np.int64 and items.dtype == np.int16):
        raise ValueError("the weights on the way are of another type")
    if saved.reports.dtype != np.int64 or saved.reports.ndim != 2 or len(saved.reports) != 3:
        raise ValueError("the reports are of another type")
    registers = saved.reports[1]
    if not np.isin(registers, (REPORTED, ITEM)).all() or (registers[:1] == ITEM).any():
        raise ValueError("the reports have no meaning")
    if gains.min(initial=0) < 0 or gains.max(initial=0) > 64:
        raise ValueError("gains out of range")


def _count(header: dict[str, Any], name: str) -> int:
    value = header[name]
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} is {value!r}")
    return value


def _mapping(header: dict[str, Any], name: str, kind: type) -> dict[str, Any]:
    value = header[name]
    if not isinstance(value, dict) or not all(type(each) is kind for each in value.values()):
        raise ValueError(f"{name} is {value!s:.60}")
    return value
