"""HDF5 files as nested dictionaries, read without trust.

NIR keeps a graph as groups and datasets. Links to other places are refused, and the declared size of every dataset is
checked before a byte of it is allocated.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, MissingToolError, NeuroCoreXError
from ...files import write_atomic

#: Limits of the elements of one dataset and of a file, of the entries of a file, and of the nesting of groups.
DATASET_LIMIT = 1 << 25
FILE_LIMIT = 1 << 27
ENTRY_LIMIT = 100_000
DEPTH_LIMIT = 64
#: Limits of the texts of one dataset, and of the letters of a text: names, types, JSON in metadata.
TEXTS_LIMIT = 1 << 17
TEXT_LIMIT = 1 << 20


def library() -> Any:
    """Import h5py; raises MissingToolError if it is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise MissingToolError(f"NIR files need {error.name}; install it: pip install 'neurocorex[nir]'") from error
    return h5py


@contextmanager
def opened(path: str | Path, mode: str) -> Iterator[Any]:
    """Open a file for a ``with`` statement; errors of h5py become FileFormatError."""
    h5py = library()
    verb = "read" if mode == "r" else "write"
    # A new file is made in memory: HDF5 knows no file that appears as a whole, and a full disk can leave it hanging.
    made = io.BytesIO() if mode == "w" else None
    try:
        with h5py.File(path if made is None else made, mode) as file:
            yield file
        if made is not None:
            write_atomic(path, made.getvalue())
    except NeuroCoreXError:
        raise
    except FileNotFoundError:
        raise FileFormatError(f"cannot {verb} {path}: no such file; check the path") from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError, MemoryError) as error:
        reason = str(error).partition("\n")[0]
        raise FileFormatError(f"cannot {verb} {path} as HDF5: {reason}; it is damaged or of another format") from None


def read_here(path: str | Path, *, attributes: bool = False) -> dict[str, Any]:
    """Read a file in this process: groups as dictionaries, strings as str, all else as arrays.

    `child.read_tree` does the same in another process; files of strangers are read so. With `attributes`, those of
    groups are among the members, with an @ before their names.

    Raises
    ------
    FileFormatError
        If it is missing, truncated, damaged, larger than any graph for a chip, or refers to other files.
    MissingToolError
        If h5py is not installed.
    """
    with opened(path, "r") as file:
        tree: dict[str, Any] = _Reader(str(path), attributes).group(file, "", 0)
    return tree


def write_tree(path: str | Path, tree: Mapping[str, Any]) -> None:
    """Write nested dictionaries of arrays and strings; raises FileFormatError if the file cannot be written."""
    with opened(path, "w") as file:
        _write(file, tree)


def _write(group: Any, tree: Mapping[str, Any]) -> None:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            _write(group.create_group(name), value)
        elif isinstance(value, str | list):
            group.create_dataset(name, data=value, dtype=library().string_dtype())
        else:
            array = np.asarray(value)
            options = {"compression": "gzip"} if array.size > 64 else {}
            # Without timestamps, so that equal graphs give equal files.
            group.create_dataset(name, data=array, track_times=False, **options)


class _Reader:
    """Reads one file, and counts elements and entries against the limits."""

    def __init__(self, source: str, attributes: bool) -> None:
        self._source, self._attributes = source, attributes
        self._elements = self._entries = 0

    def group(self, group: Any, place: str, depth: int) -> dict[str, Any]:
        h5py = library()
        if depth > DEPTH_LIMIT:
            raise FileFormatError(f"{self._source}: {place} nests groups more than {DEPTH_LIMIT} deep")
        found: dict[str, Any] = self._of_group(group, place) if self._attributes else {}
        for name in group:
            inner = f"{place}/{name}"
            self._entries += 1
            if self._entries > ENTRY_LIMIT:
                raise FileFormatError(
                    f"{self._source} has more than {ENTRY_LIMIT} entries, so it is no graph for a chip"
                )
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise FileFormatError(
                    f"{self._source}: {inner} is a link to somewhere else; write the graph as one file"
                )
            item = group[name]
            if isinstance(item, h5py.Group):
                found[name] = self.group(item, inner, depth + 1)
            elif isinstance(item, h5py.Dataset):
                found[name] = self.dataset(item, inner)
            else:
                raise FileFormatError(f"{self._source}: {inner} is neither a group nor a dataset")
        return found

    def _of_group(self, group: Any, place: str) -> dict[str, Any]:
        """Return the attributes of a group that are single numbers or texts; others are no part of NIR."""
        found: dict[str, Any] = {}
        for name in group.attrs:
            self._entries += 1
            if self._entries > ENTRY_LIMIT:
                raise FileFormatError(f"{self._source}: {place} has too many attributes")
            kept = group.attrs.get_id(name)
            if kept.shape == () and kept.dtype.kind in "iuf":
                found[f"@{name}"] = np.asarray(group.attrs[name])
        return found

    def dataset(self, dataset: Any, place: str) -> Any:
        h5py = library()
        shape = dataset.shape
        if shape is None:
            raise FileFormatError(f"{self._source}: {place} is empty")
        size = math.prod(shape)
        self._elements += size
        if size > DATASET_LIMIT or self._elements > FILE_LIMIT:
            raise FileFormatError(
                f"{self._source}: {place} has shape {tuple(shape)}, which is more than any chip holds; "
                f"at most {DATASET_LIMIT} values are read"
            )
        if dataset.is_virtual or dataset.external:
            raise FileFormatError(f"{self._source}: {place} is kept in another file; write the graph as one file")
        if h5py.check_string_dtype(dataset.dtype) is not None:
            return self._text(dataset, place)
        if dataset.dtype.kind not in "iufb":
            raise FileFormatError(f"{self._source}: {place} holds {dataset.dtype}, expected numbers or text")
        return np.asarray(dataset[()])

    def _text(self, dataset: Any, place: str) -> Any:
        if dataset.size > TEXTS_LIMIT or dataset.dtype.itemsize > TEXT_LIMIT:
            raise FileFormatError(f"{self._source}: {place} has {dataset.size} texts, more than any graph needs")
        value = dataset.asstr()[()]
        if isinstance(value, str):
            if len(value) > TEXT_LIMIT:
                raise FileFormatError(f"{self._source}: {place} is a text of more than {TEXT_LIMIT} letters")
            return value
        return value.tolist()
