"""Reader of spikes from a file: a list of steps and axons, or an array."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import FileFormatError, InputError
from .checks import Raster, count_of
from .spikes import explicit

#: Largest raster that is read from a file, in bytes.
ARRAY_LIMIT = 1 << 30


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
    try:
        if Path(path).suffix == ".npz":
            return _fitted(_read_array(path), inputs, steps)
        table = _read_table(path)
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror or error}; check the path") from None
    length = steps if steps is not None else int(table[:, 0].max(initial=0)) + 1
    try:
        return explicit(table[:, 0], table[:, 1], length, inputs)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read_table(path: str | Path) -> NDArray[np.int64]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        rows = [line.split(",") for line in text.splitlines() if line.strip()]
        if any(len(row) != 2 for row in rows):
            raise ValueError("a line has not two numbers")
        first = 1 if rows and not any(map(_is_number, rows[0])) else 0
        return np.array([[int(number) for number in row] for row in rows[first:]], np.int64).reshape(-1, 2)
    except (ValueError, OverflowError) as error:
        raise FileFormatError(
            f"{path} is no list of spikes ({error}); lines must read step,axon such as 12,3"
        ) from None


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def _read_array(path: str | Path) -> NDArray[Any]:
    """Read the array `spikes` of a file without trust: no pickles, and no more bytes than its header declares."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo("spikes.npy")
            if entry.file_size > ARRAY_LIMIT:
                raise ValueError(f"{entry.file_size} bytes are too many")
            content = archive.read(entry)
        stream = io.BytesIO(content)
        if npy.read_magic(stream) != (1, 0):
            raise ValueError("unknown version of the array format")
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
        if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
            raise ValueError("pickled or cut off")
        flat = np.frombuffer(content, dtype, offset=stream.tell())
        return flat.reshape(shape, order="F" if fortran else "C")
    except (ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError(f"{path} has no array `spikes` ({error}); write it with numpy.savez") from None


def _fitted(spikes: NDArray[Any], inputs: int, steps: int | None) -> Raster:
    if spikes.ndim not in (2, 3) or spikes.dtype.kind not in "bui":
        raise InputError(f"spikes are {spikes.dtype} of shape {spikes.shape}, expected bool [steps, inputs]")
    if spikes.shape[-1] > inputs:
        raise InputError(f"spikes are for {spikes.shape[-1]} inputs, the chip has {inputs}")
    length = spikes.shape[-2] if steps is None else steps
    if spikes.shape[-2] > length:
        raise InputError(f"spikes are for {spikes.shape[-2]} steps, the run has {length}")
    raster = np.zeros((*spikes.shape[:-2], length, inputs), np.bool_)
    raster[..., : spikes.shape[-2], : spikes.shape[-1]] = spikes != 0
    return raster
