"""Files of results: npz with everything, and CSV with the spikes for other programs."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from ..errors import FileFormatError, InputError
from ..events.codec import ITEM, REPORTED
from ..spec import CoreConfig, Counter
from ..wire.traffic import Traffic
from .resultdata import ResultData

FORMAT = "neurocorex-result"
VERSION = 5
#: Earlier versions are the same with fewer arrays, counters and numbers, and without `link`.
VERSIONS = (1, 2, 3, 4, VERSION)
#: Most bytes of all arrays together, unpacked.
ARRAYS_LIMIT = 2 << 30
#: Endings of files of other programs, which an npz file must not have.
FOREIGN = (".txt", ".tsv", ".json", ".npy", ".mat", ".h5", ".hdf5", ".nir", ".parquet", ".xlsx", ".pkl", ".pickle")
_SCALARS = (
    "steps",
    "neurons",
    "samples",
    "counters",
    "dt_ms",
    "has_raster",
    "units",
    "weight_inputs",
    "error_scale",
    "every",
    "stopped_at",
)
#: Attribute of each array of a file.
_ARRAYS = {
    **{name: name for name in ("spike_samples", "spike_times", "spike_neurons", "spikes_of", "v_neurons")},
    "counts": "spike_counts", "v": "v_items", "weight_steps": "weight_steps", "weights_over_time": "weight_items",
    "weight_gains": "weight_gains", "scales": "scales", "weight_feedback": "weight_feedback",
    "thresholds": "threshold_items", "refractory_steps": "refractory_steps",
    "first_steps": "first_items", "winners": "winner_items", "reports": "report_items",
    "first_neurons": "first_neurons", "i_neurons": "i_neurons", "i": "i_items",
}  # fmt: skip
#: Arrays that a file of an earlier version lacks.
_ADDED = (
    "weight_steps", "weights_over_time", "weight_gains", "scales", "weight_feedback", "thresholds", "refractory_steps",
    "first_steps", "winners", "reports", "first_neurons", "i_neurons", "i",
)  # fmt: skip
#: What `counters` has beside the counters of the chip.
_DERIVED = ("synaptic_events", "cycles")


def save(result: ResultData, path: Path) -> None:
    """Write a result, as `Result.save` says."""
    ending = path.suffix.lower()
    if ending in FOREIGN:
        raise InputError(f"results are saved as .npz, or their spikes as .csv; {path.name} would be neither")
    if ending == ".csv":
        _save_csv(result, path)
    else:
        _save_npz(result, path)


def _save_npz(result: ResultData, path: Path) -> None:
    header = {"format": FORMAT, "version": VERSION, **{name: getattr(result, name) for name in _SCALARS}}
    header["link"] = result.link and result.link.to_dict()
    held = {name: getattr(result, own) for name, own in _ARRAYS.items()}
    arrays: dict[str, Any] = {name: np.ascontiguousarray(held[name]) for name in held if held[name] is not None}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    if (size := sum(array.nbytes for array in arrays.values())) > ARRAYS_LIMIT:
        raise InputError(
            f"the result has {size} bytes, a file at most {ARRAYS_LIMIT}; record fewer membranes or weights"
        )
    files.write_arrays(path, arrays)


def _save_csv(result: ResultData, path: Path) -> None:
    """Write a line for each spike; says so if the result has more than spikes."""
    _require_spikes(result)
    left_out = [name for name, array in (
        ("membranes", result.v_items), ("currents", result.i_items), ("weights", result.weight_items)
    ) if array is not None and array.size]  # fmt: skip
    if left_out:
        warnings.warn(
            f"{path.name} has the spikes only; save the {' and '.join(left_out)} as .npz", UserWarning, stacklevel=4
        )
    write_csv(result, path)


def write_csv(result: ResultData, path: Path) -> None:
    """Write a line for each spike, as `Result.to_csv` says."""
    _require_spikes(result)
    sampled = result.samples is not None
    times = (result.spike_times * result.dt_ms).tolist()
    columns = [result.spike_times.tolist(), [f"{time:.10g}" for time in times], result.spike_neurons.tolist()]
    names = ["step", "time_ms", "neuron"]
    if sampled:
        names, columns = ["sample", *names], [result.spike_samples.tolist(), *columns]
    rows = (",".join(map(str, row)) for row in (names, *zip(*columns, strict=True)))
    files.write_atomic(path, lambda stream: stream.writelines(f"{row}\n".encode() for row in rows))


def _require_spikes(result: ResultData) -> None:
    if not result.has_raster or not result.spikes_of.size:
        raise InputError("a .csv file has the spikes, which this result has not; run with record=['spikes']")


def load(path: str | Path) -> dict[str, Any]:
    """Read the attributes of a result, as `Result.load` says."""
    if str(path).lower().endswith(".csv"):
        raise FileFormatError(f"{path}: a .csv file has only the spikes of a result; load the .npz file")
    label = f"{path} is not a result of this library, or corrupt"
    archive = files.Archive(path, label=label, limit=ARRAYS_LIMIT, unpacked=ARRAYS_LIMIT)
    _refuse(path, set(archive.names) - {"header", *_ARRAYS})
    header = files.read_json(_array(archive, "header").tobytes(), label=label)
    if header.pop("format") != FORMAT or header.pop("version") not in VERSIONS:
        raise ValueError("another format or version")
    link = header.pop("link", None)
    _refuse(path, set(header) - set(_SCALARS))
    counters = _grown(path, header["counters"])
    # Earlier versions did not keep the scale, so their numbers stay in units of the chip.
    attributes: dict[str, Any] = {"units": "chip"} | header | {"counters": counters}
    attributes["link"] = None if link is None else Traffic.from_dict(link)
    present = [name for name in _ARRAYS if name in archive.names or name not in _ADDED]
    found = attributes | {_ARRAYS[name]: _array(archive, name) for name in present}
    if found.get("winner_items") is not None and header["samples"] is None:
        found["winner_items"] = found["winner_items"].reshape(())  # an array of a file has an axis
    return found


def check(result: ResultData) -> None:
    """Raise ValueError if the attributes, which a file said, do not belong together."""
    sizes = (result.steps, result.neurons, 0 if result.samples is None else result.samples, result.weight_inputs)
    if not all(type(size) is int and size >= 0 for size in sizes) or not math.isfinite(result.dt_ms):
        raise ValueError(f"bad sizes {sizes}")
    if not all(type(count) is int for count in result.counters.values()):
        raise ValueError("counters must be integers")
    if type(result.every) is not int or result.every < 1:
        raise ValueError(f"every must be a number of steps, got {result.every!r}")
    if not (result.stopped_at is None or (type(result.stopped_at) is int and result.stopped_at >= 0)):
        raise ValueError(f"stopped_at must be a number of steps, got {result.stopped_at!r}")
    _check_reports(result)
    if result.weight_items.ndim != 3:
        raise ValueError(f"weights of shape {result.weight_items.shape}")
    leading = () if result.samples is None else (result.samples,)
    events, weights = result.spike_times.shape, result.weight_items.shape
    wanted = {
        "spike_counts": (*leading, result.neurons),
        "v_items": (*leading, -(-result.steps // result.every), result.v_neurons.size),
        "spike_samples": events, "spike_neurons": events, "weight_items": (result.weight_steps.size, *weights[1:3]),
    }  # fmt: skip
    if result.i_items is not None:
        wanted["i_items"] = (*leading, -(-result.steps // result.every), result.i_neurons.size)
    for name, shape in wanted.items():
        if getattr(result, name).shape != shape:
            raise ValueError(f"{name} has shape {getattr(result, name).shape}, expected {shape}")
    for name, limit in (
        ("spike_samples", 1 if result.samples is None else result.samples), ("spike_times", result.steps),
        ("weight_steps", result.steps * (1 if result.samples is None else result.samples) + 1),
        ("spike_neurons", result.neurons), ("spikes_of", result.neurons), ("v_neurons", result.neurons),
        ("i_neurons", result.neurons), ("first_neurons", result.neurons),
    ):  # fmt: skip
        index = getattr(result, name)
        if index.ndim != 1 or index.min(initial=0) < 0 or index.max(initial=-1) >= limit:
            raise ValueError(f"{name} is out of range")
    for name in ("threshold_items", "refractory_steps"):
        if getattr(result, name).shape not in ((0,), (result.neurons,)):
            raise ValueError(f"{name} must be one for each neuron, or none")
    if result.refractory_steps.min(initial=0) < 0:
        raise ValueError("refractory_steps must be 0 or more")
    _check_units(result)


def _check_reports(result: ResultData) -> None:
    leading = () if result.samples is None else (result.samples,)
    for items, shape, limit in (
        (result.first_items, (*leading, result.neurons), result.steps), (result.winner_items, leading, result.neurons),
    ):  # fmt: skip
        if items is not None and (items.shape != shape or items.min(initial=-1) < -1 or items.max(initial=-1) >= limit):
            raise ValueError("first steps or winners are out of range")
    reports, steps = result.report_items, result.steps * (1 if result.samples is None else result.samples)
    if reports.ndim != 2 or len(reports) != 3 or not np.isin(reports[1], (REPORTED, ITEM)).all():
        raise ValueError("reports have no meaning")
    step = reports[0]
    if (
        (reports[1, :1] == ITEM).any()
        or (np.diff(step) < 0).any()
        or not 0 <= step.min(initial=0) <= step.max(initial=0) <= steps
    ):
        raise ValueError("reports are out of order, or of steps that there are not")


def _check_units(result: ResultData) -> None:
    scales, gains = result.scales, result.weight_gains
    known = scales.size > 0
    if result.units not in ("network", "chip") or (result.units == "network" and not known):
        raise ValueError(f"bad units {result.units!r}")
    if not known:
        return
    if scales.shape != (result.neurons,) or not np.isfinite(scales).all() or (scales <= 0).any():
        raise ValueError("scales must be above 0, one for each neuron")
    if gains.shape != (result.weight_steps.size, 2) or gains.min(initial=0) < 0 or gains.max(initial=0) > 64:
        raise ValueError("weight_gains are out of range")
    rows, scale = result.weight_feedback, result.error_scale
    if rows.ndim != 1 or rows.min(initial=0) < 0:
        raise ValueError("weight_feedback is out of range")
    if not (isinstance(scale, int | float) and math.isfinite(scale) and scale > 0):
        raise ValueError("the scale of errors must be above 0")


def _refuse(path: str | Path, unknown: Iterable[str]) -> None:
    """Refuse what a later version wrote, by name."""
    if names := ", ".join(sorted(unknown)):
        raise FileFormatError(
            f"{path} holds {files.printable(names)}, which this version does not know; update neurocorex"
        )


def _grown(path: str | Path, counters: dict[str, int]) -> dict[str, int]:
    """Counters of a file; those of a whole chip get the ones that they lack, at their defaults."""
    known = {counter.name.lower(): counter.row.default_on(CoreConfig()) or 0 for counter in Counter}
    _refuse(path, set(counters) - {*known, *_DERIVED})
    return {**known, **counters} if set(_DERIVED) <= set(counters) else counters


def _array(archive: files.Archive, name: str) -> np.ndarray:
    """Array of a file: integers, but for the scales."""
    head = archive.head(name)
    if head.dtype.kind not in ("f" if name == "scales" else "iu") or head.fortran:
        raise archive.error(f"{name} is damaged")
    return archive.array(name)
