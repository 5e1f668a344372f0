"""The container of an image: a zip archive (npz) of one JSON header and plain arrays, read with suspicion.

Entries have fixed dates and order, so that equal contents give equal bytes. NumPy's own reader opens such files too;
this one looks at the directory, the declared sizes and the array headers before it unpacks anything.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import FileFormatError

FORMAT = "neurocorex-image"
#: Version of the container. Rows that are added or lacking need no other one, see `growth`.
VERSION = 4
#: Earlier versions are the same container: 1 and 2 with fewer rows, up to 3 with a drift, see `conversion`.
VERSIONS = (1, 2, 3, VERSION)
HEADER_ENTRY = "header.json"
#: Bounds on what is read at all: the whole file, its header, its number of entries and the head of an array.
FILE_LIMIT = 256 << 20
HEADER_LIMIT = 1 << 20
ENTRY_LIMIT = 64
NPY_HEAD_LIMIT = 1024
#: What the standard library and NumPy raise for archives, headers and numbers that make no sense.
DAMAGE = (
    ValueError, TypeError, KeyError, AttributeError, EOFError, OverflowError, RuntimeError, SyntaxError, TokenError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
#: Date of every entry, the earliest that a zip archive knows.
DATE = (1980, 1, 1, 0, 0, 0)


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Bytes of a file with `header` (JSON) and `arrays`, in their order."""
    first = {"format": FORMAT, "version": VERSION, **header}
    entries = {HEADER_ENTRY: json.dumps(first, sort_keys=True, indent=1).encode()}
    for name, array in arrays.items():
        stream = io.BytesIO()
        npy.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
        entries[f"{name}.npy"] = stream.getvalue()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            out.writestr(info, content)
    return archive.getvalue()


def read(path: str | Path) -> bytes:
    """Content of a file; raises FileFormatError if it cannot be read or is larger than any image."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}; check the path") from None
    if len(data) > FILE_LIMIT:
        raise FileFormatError(f"{path} has more than {FILE_LIMIT >> 20} MiB, so it is no image")
    return data


class ImageFile:
    """A file that has been opened, with its directory and its header checked.

    Parameters
    ----------
    data : bytes
        Content.
    name : str
        What to call it in messages.

    Attributes
    ----------
    header : dict
        The JSON header, of the right format and version.
    names : list of str
        The arrays it says it has.

    Raises
    ------
    FileFormatError
        For everything that is wrong with it.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self._label = name
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise self.error(f"not an image, or truncated ({error}); save it again") from None
        entries = self._archive.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        if len(entries) > ENTRY_LIMIT or len(self._entries) != len(entries):
            raise self.error(f"another format ({len(entries)} entries); images come from Image.save")
        for entry in entries:
            stored = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if not stored or entry.flag_bits & 1:
                raise self.error(f"entry {entry.filename!r} is encrypted or packed in a way that images never are")
        self.header = self._read_header()
        self.names = [entry.removesuffix(".npy") for entry in self._entries if entry != HEADER_ENTRY]

    def arrays(self, expected: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]) -> dict[str, NDArray[Any]]:
        """Read arrays, which must have the expected (shape, dtype) by name."""
        return {name: self._read_array(f"{name}.npy", *spec) for name, spec in expected.items()}

    def _read_header(self) -> dict[str, Any]:
        if HEADER_ENTRY not in self._entries:
            raise self.error(f"no {HEADER_ENTRY} inside: a file of another format; images come from Image.save")
        if self._entries[HEADER_ENTRY].file_size > HEADER_LIMIT:
            raise self.error(f"its header is larger than {HEADER_LIMIT} bytes; the file is corrupt")
        try:
            header = json.loads(self._read(HEADER_ENTRY, HEADER_LIMIT))
        except (ValueError, RecursionError) as error:
            raise self.error(f"corrupt header ({error}); save the image again") from None
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise self.error(f"the header does not say {FORMAT!r}: a file of another format")
        version = header.get("version")
        if version not in VERSIONS or isinstance(version, bool):
            raise self.error(f"version {version!r} of the format, this library reads up to {VERSION}; update it")
        return header

    def _read_array(self, entry: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        size = int(np.prod(shape)) * dtype.itemsize
        if self._entries[entry].file_size > size + NPY_HEAD_LIMIT:
            raise self.error(f"{entry} holds {self._entries[entry].file_size} bytes, expected {size}")
        stream = io.BytesIO(self._read(entry, NPY_HEAD_LIMIT))
        try:
            if npy.read_magic(stream) != (1, 0):
                raise ValueError("unknown version of the array format")
            found = npy.read_array_header_1_0(stream, max_header_size=NPY_HEAD_LIMIT)
        except DAMAGE as error:
            raise self.error(f"{entry} has a corrupt head ({error})") from None
        if found[2].hasobject:
            raise self.error(f"{entry} holds pickled objects, which are never unpacked; save it with Image.save")
        if found != (shape, False, dtype):
            raise self.error(f"{entry} is {found[2]} of shape {found[0]}, expected {dtype} of shape {shape}")
        if self._entries[entry].file_size != stream.tell() + size:
            raise self.error(f"{entry} is cut off or has bytes too many")
        return np.frombuffer(self._read(entry, stream.tell() + size), dtype, offset=stream.tell()).reshape(shape)

    def _read(self, entry: str, limit: int) -> bytes:
        """At most `limit` bytes of an entry; its checksum is tested if that is all of it."""
        try:
            with self._archive.open(self._entries[entry]) as stream:
                content = stream.read(limit)
                if len(content) == self._entries[entry].file_size:
                    stream.read(1)  # the end of the entry is where its checksum is compared
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise self.error(f"{entry} is corrupt ({error}); save the image again") from None
        return content

    def error(self, what: str) -> FileFormatError:
        """Error that names the file."""
        return FileFormatError(f"{self._label}: {what}")
