"""Recordings of what the tool that wrote a graph gave to it, and got from it: ``.npz`` files of NumPy.

A recording has these arrays. Steps are those of the graph, and the first axis may be one of samples.

inputs : [steps, inputs] or [samples, steps, inputs]
    Spikes as 0 and 1, or real values (direct coding). All inputs of the graph side by side, in its order.
spikes : [steps, n] or [samples, steps, n]
    Spikes of the only output.
spikes:NAME
    Spikes of an output or layer by its name, any number of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ... import files
from ...errors import InputError
from .places import Places

#: Keys of the arrays; the name of an output or layer follows `NAMED`.
INPUTS, SPIKES, NAMED = "inputs", "spikes", "spikes:"
#: Most bytes of a recording, as a file and unpacked, and most arrays.
FILE_LIMIT, ENTRIES = 1 << 30, 1000


@dataclass(frozen=True, eq=False)
class Recording:
    """Inputs and spikes that belong together, checked.

    Attributes
    ----------
    inputs : array [samples, steps, inputs]
        Spikes, bool, or real values.
    spikes : dict of bool array [samples, steps, n]
        Spikes of each output or layer.
    """

    inputs: npt.NDArray[Any]
    spikes: dict[str, npt.NDArray[np.bool_]]

    @property
    def is_real(self) -> bool:
        """Whether the inputs are real values."""
        return self.inputs.dtype != np.bool_

    @classmethod
    def of(cls, source: str | Path | Mapping[str, Any], places: Places) -> Recording:
        """Read a recording of a graph, from a file or a mapping of arrays.

        Raises
        ------
        FileFormatError
            If the file cannot be read, or is none of NumPy.
        InputError
            For an array that is missing, or does not fit the graph; the message names it.
        """
        arrays = dict(source) if isinstance(source, Mapping) else _read(Path(source))
        what = "the recording" if isinstance(source, Mapping) else str(source)
        known = [key for key in arrays if key == SPIKES or key.startswith(NAMED)]
        if INPUTS not in arrays or not known:
            raise InputError(
                f"{what} holds {', '.join(map(repr, arrays)) or 'nothing'}; it needs 'inputs' and 'spikes', or "
                "'spikes:NAME' for an output or layer of the graph"
            )
        width = sum(axons.stop - axons.start for axons in places.inputs.values())
        inputs = _table(arrays[INPUTS], INPUTS, width)
        if inputs.dtype != np.bool_ and ((inputs == 0) | (inputs == 1)).all():
            inputs = inputs != 0
        spikes = {}
        for key in known:
            name = _only(places) if key == SPIKES else key.removeprefix(NAMED)
            spikes[name] = _spikes(arrays[key], key, name, places)
            if spikes[name].shape[:2] != inputs.shape[:2]:
                raise InputError(
                    f"{what}: {key!r} has {_size(spikes[name])}, 'inputs' has {_size(inputs)}; record both in the same "
                    "steps"
                )
        return cls(inputs, spikes)


def _read(path: Path) -> dict[str, Any]:
    return dict(files.read_arrays(path, limit=FILE_LIMIT, unpacked=FILE_LIMIT, entries=ENTRIES))


def _only(places: Places) -> str:
    if len(places.outputs) != 1:
        raise InputError(
            f"the graph has {len(places.outputs)} outputs; name the spikes of one, as in "
            f"{NAMED + next(iter(places.outputs), 'NAME')!r}"
        )
    return next(iter(places.outputs))


def _table(given: Any, key: str, width: int) -> npt.NDArray[Any]:
    """Return an array as [samples, steps, width]."""
    table = np.asarray(given)
    if table.dtype.kind not in "biuf" or not np.isfinite(table).all():
        raise InputError(f"{key!r} must hold finite numbers, got {table.dtype}")
    shape = f"[steps, {width}] or [samples, steps, {width}]"
    if table.ndim not in (2, 3) or table.shape[-1] != width:
        raise InputError(f"{key!r} must have shape {shape}, got {table.shape}; flatten other axes")
    if table.ndim == 3 and table.shape[1] == 1 < table.shape[0]:
        raise InputError(
            f"{key!r} of shape {table.shape} would be {table.shape[0]} samples of one step; if it is [steps, batch, n] "
            "with a batch of 1, take [:, 0]"
        )
    if not table.size:
        raise InputError(f"{key!r} has shape {table.shape}, there is nothing to compare")
    return table if table.ndim == 3 else table[None]


def _spikes(given: Any, key: str, name: str, places: Places) -> npt.NDArray[np.bool_]:
    layer = places.outputs.get(name, name)
    if layer not in places.layers:
        raise InputError(f"{key!r} names no output or layer; there are {', '.join([*places.outputs, *places.layers])}")
    place = places.layers[layer]
    if place.silent:
        raise InputError(
            f"{key!r}: {name!r} is read by its membrane and never spikes; record a layer before it, as in 'spikes:NAME'"
        )
    table = _table(given, key, place.neurons.size)
    wrong = (table != 0) & (table != 1)
    if wrong.any():
        raise InputError(f"{key!r} must be 0 or 1, got {table[wrong][0]}; record spikes, not membranes")
    return np.asarray(table != 0)


def _size(table: npt.NDArray[Any]) -> str:
    return f"{table.shape[0]} samples of {table.shape[1]} steps"
