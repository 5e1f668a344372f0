"""Reader of spikes from a file: a list of steps and axons, or an array."""

from __future__ import annotations

import io
import math
from array import array
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import files
from ..errors import FileFormatError, InputError
from .checks import Raster, count_of
from .spikes import explicit

#: Largest text that is read, and largest raster that a file leads to, in bytes.
TEXT_LIMIT, RASTER_LIMIT = 256 << 20, 1 << 30
#: Bounds of a file with arrays beside `spikes`, which are not read: its size, their bytes unpacked, their number.
ARCHIVE_LIMIT, UNPACKED_LIMIT, ENTRIES = 1 << 30, 1 << 34, 1000


def from_file(path: str | Path, *, inputs: int, steps: int | None = None) -> Raster:
    """Read spikes from a file, for example of another program.

    Parameters
    ----------
    path : str or Path
        Either text, with a line ``step,axon`` for each spike (a first line of names is skipped), or ``.npz`` with an
        array `spikes` [steps, inputs] or [samples, steps, inputs].
    inputs : int
        Number of input axons; an array with fewer is padded.
    steps : int, optional
        Length in steps; by default that of the file.

    Raises
    ------
    FileFormatError
        If it is missing or of another format.
    InputError
        If it has a step or an axon that does not exist, or a spike twice.
    """
    count_of("inputs", inputs)
    if steps is not None:
        count_of("steps", steps)
    if Path(path).suffix == ".npz":
        return _fitted(_read_array(path), inputs, steps)
    table = _read_table(path)
    length = steps if steps is not None else int(table[:, 0].max(initial=0)) + 1
    _check_size(length, inputs)
    try:
        return explicit(table[:, 0], table[:, 1], length, inputs)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read_table(path: str | Path) -> NDArray[np.int64]:
    data, numbers = files.read_bytes(path, TEXT_LIMIT), array("q")
    try:
        rows = (line.split(",", 2) for line in io.StringIO(files.decoded(data, "it")) if line.strip())
        for place, row in enumerate(rows):
            if len(row) != 2:
                raise ValueError("a line has not two numbers")
            if place or any(map(_is_number, row)):
                numbers.extend(map(int, row))
    except (ValueError, OverflowError, FileFormatError) as error:
        raise FileFormatError(
            f"{path} is no list of spikes ({error!s:.200}); lines must read step,axon such as 12,3"
        ) from None
    return np.array(numbers, np.int64).reshape(-1, 2)


def _check_size(steps: int, inputs: int) -> None:
    if steps * inputs > RASTER_LIMIT:
        raise InputError(f"{steps} steps of {inputs} inputs are more than {RASTER_LIMIT} bytes; split the file")


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def _read_array(path: str | Path) -> NDArray[Any]:
    """Read the array `spikes` of a file."""
    label = f"{path} has no array `spikes` that can be read"
    found = files.Archive(path, label=label, limit=ARCHIVE_LIMIT, unpacked=UNPACKED_LIMIT, entries=ENTRIES)
    return found.array("spikes")


def _fitted(spikes: NDArray[Any], inputs: int, steps: int | None) -> Raster:
    if spikes.ndim not in (2, 3) or spikes.dtype.kind not in "bui":
        raise InputError(f"spikes are {spikes.dtype} of shape {spikes.shape}, expected bool [steps, inputs]")
    if spikes.shape[-1] > inputs:
        raise InputError(f"spikes are for {spikes.shape[-1]} inputs, the chip has {inputs}")
    length = spikes.shape[-2] if steps is None else steps
    if spikes.shape[-2] > length:
        raise InputError(f"spikes are for {spikes.shape[-2]} steps, the run has {length}")
    _check_size(math.prod(spikes.shape[:-2]) * length, inputs)
    raster = np.zeros((*spikes.shape[:-2], length, inputs), np.bool_)
    raster[..., : spikes.shape[-2], : spikes.shape[-1]] = spikes != 0
    return raster
