"""Archives of arrays (npz), packed reproducibly and read without trust.

Sizes, names and places of all entries are checked before anything is unpacked, and the shape of an array before it is
allocated. Nothing in a file is executed: pickles are refused, and heads of arrays are matched, not evaluated.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from ..errors import FileFormatError
from .reading import FILE_LIMIT, printable, read_bytes
from .writing import write_atomic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Largest array, and sum of all, unpacked, if nothing else is said; and the number of entries.
UNPACKED_LIMIT, ENTRIES = 1 << 30, 64
#: Longest directory of an archive, and longest head of an array, in bytes.
DIRECTORY_LIMIT, HEAD_LIMIT = 1 << 20, 1024
#: Longest name of an entry.
NAME_LIMIT = 100
#: Date of every entry, the earliest that a zip archive knows.
DATE = (1980, 1, 1, 0, 0, 0)
#: What `zipfile` and NumPy raise for archives and numbers that make no sense.
DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
    struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip

_MAGIC = b"\x93NUMPY\x01\x00"
#: Record at the end of an archive: number of entries, size and place of the directory, length of a comment.
_END, _END_MARK = struct.Struct("<4s4H2LH"), b"PK\5\6"
#: Bytes before the name of an entry in front of its content.
_LOCAL = 30
_PAIR = r"'(descr|fortran_order|shape)'\s*:\s*('[<>|=]?[a-zA-Z?]\d{0,4}'|True|False|\([\d\s,L]{0,400}\))"
_HEAD = re.compile(rf"\{{\s*{_PAIR}\s*,\s*{_PAIR}\s*,\s*{_PAIR}\s*,?\s*\}}\s*", re.ASCII)


class Head(NamedTuple):
    """Head of an array in a file.

    Attributes
    ----------
    shape : tuple of int
        Shape.
    fortran : bool
        Whether the first axis varies fastest.
    dtype : dtype
        Plain numbers.
    size : int
        Bytes of the head.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    size: int

    @property
    def content(self) -> int:
        """Bytes of the array behind its head."""
        return math.prod(self.shape) * self.dtype.itemsize


class Archive:
    """Archive of a file, with all entries checked.

    Parameters
    ----------
    source : path or bytes
        The file, or its content.
    label : str, optional
        What to call it in messages; by default its path.
    kind : str
        What it should be, for messages.
    limit : int
        Largest file in bytes.
    unpacked : int
        Largest sum of all entries in bytes.
    entries : int
        Most entries.

    Attributes
    ----------
    names : list of str
        Entries, arrays without their ``.npy``.

    Raises
    ------
    FileFormatError
        For everything that is wrong with it.
    """

    def __init__(
        self,
        source: str | Path | bytes,
        *,
        label: str | None = None,
        kind: str = "an npz file",
        limit: int = FILE_LIMIT,
        unpacked: int = UNPACKED_LIMIT,
        entries: int = ENTRIES,
    ) -> None:
        self._label = label or ("the archive" if isinstance(source, bytes) else str(source))
        self._kind = kind
        data = source if isinstance(source, bytes) else read_bytes(source, limit)
        if len(data) > limit:
            raise self.error(f"larger than {limit} bytes")
        self._check_end(data, entries)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGE as error:
            raise self.error(f"not {kind}, or truncated ({error!s:.100}); save it again") from None
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        self._check(self._zip.infolist(), self._zip.start_dir, unpacked)
        self.names = [entry.removesuffix(".npy") for entry in self._entries]

    def error(self, what: str) -> FileFormatError:
        """Error that names the file."""
        return FileFormatError(f"{self._label}: {printable(what)}")

    def __contains__(self, entry: str) -> bool:
        return entry in self._entries

    def size(self, entry: str) -> int:
        """Bytes of an entry, unpacked, as its directory says."""
        return self._entry(entry).file_size

    def content(self, entry: str, limit: int = UNPACKED_LIMIT) -> bytes:
        """Return all bytes of an entry; its checksum is compared."""
        if self.size(entry) > limit:
            raise self.error(f"{entry} has {self.size(entry)} bytes, more than {limit}; the file is corrupt")
        return self._read(entry, self.size(entry))

    def head(self, name: str) -> Head:
        """Return the head of an array, with its size checked against the entry's."""
        entry = f"{name}.npy"
        data = self._read(entry, HEAD_LIMIT)
        try:
            head = _head(data)
        except DAMAGE as error:
            raise self.error(f"{entry} has a corrupt head ({error!s:.100}); save it again") from None
        if self.size(entry) != head.size + head.content:
            raise self.error(f"{entry} is cut off or has bytes too many")
        return head

    def array(self, name: str) -> NDArray[Any]:
        """Return an array, read-only but for arrays of bool."""
        import numpy as np

        head = self.head(name)
        data = self.content(f"{name}.npy")
        if head.dtype.kind == "b":  # bytes other than 0 and 1 would be neither true nor false
            flat = np.frombuffer(data, np.uint8, offset=head.size) != 0
        else:
            flat = np.frombuffer(data, head.dtype, offset=head.size)
        try:
            shaped: NDArray[Any] = flat.reshape(head.shape, order="F" if head.fortran else "C")
        except DAMAGE as error:  # more axes than NumPy has, or an empty array of impossible axes
            raise self.error(f"{name}.npy has a corrupt head ({error!s:.100}); save it again") from None
        return shaped

    def _entry(self, entry: str) -> zipfile.ZipInfo:
        if entry not in self._entries:
            raise self.error(f"no {entry} inside: a file of another format, or cut off")
        return self._entries[entry]

    def _check_end(self, data: bytes, entries: int) -> None:
        """Check the size of the directory, before `zipfile` reads it as a whole."""
        if data.startswith(_MAGIC[:6]):
            raise self.error("it holds a single array (npy), expected an npz file; write it by numpy.savez")
        place = data.rfind(_END_MARK, max(len(data) - _END.size - 0xFFFF, 0))
        if not data.startswith(b"PK") or place < 0 or len(data) - place < _END.size:
            raise self.error(f"not {self._kind}, or truncated; save it again")
        _, _, _, _, count, size, _, _ = _END.unpack_from(data, place)
        if count > entries or size > DIRECTORY_LIMIT:
            raise self.error(f"another format ({count} entries, at most {entries} are read)")

    def _check(self, entries: list[zipfile.ZipInfo], end: int, unpacked: int) -> None:
        """Check all entries: packed as NumPy packs, names once, bytes of their own."""
        if not entries:
            raise self.error("it is empty; save it again")
        if len(self._entries) != len(entries):
            raise self.error("an entry stands in it twice; save it again")
        if (total := sum(entry.file_size for entry in entries)) > unpacked:
            raise self.error(f"{total} bytes unpacked, more than the {unpacked} that are read of a file of this kind")
        for entry in entries:
            if len(entry.filename) > NAME_LIMIT or not entry.filename.isprintable():
                raise self.error(f"an entry is named {entry.filename!r:.{NAME_LIMIT}}; the file is corrupt")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
                raise self.error(f"entry {entry.filename!r} is encrypted or packed in a way that NumPy never uses")
        places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
        following = [*(place for place, _ in places[1:]), end]
        if any(place + _LOCAL + size > after for (place, size), after in zip(places, following, strict=True)):
            raise self.error("entries overlap; the file is corrupt")

    def _read(self, entry: str, limit: int) -> bytes:
        """At most `limit` bytes of an entry; its checksum is compared if that is all of it."""
        info = self._entry(entry)
        try:
            with self._zip.open(info) as stream:
                data = stream.read(min(limit, info.file_size))
                if len(data) == info.file_size:
                    stream.read(1)  # the end of the entry is where its checksum is compared
        except DAMAGE as error:
            raise self.error(f"{entry} is corrupt ({error!s:.100}); save it again") from None
        if len(data) != min(limit, info.file_size):
            raise self.error(f"{entry} is cut off; save it again")
        return data


def read_arrays(
    source: str | Path | bytes,
    *,
    names: Iterable[str] | None = None,
    label: str | None = None,
    limit: int = FILE_LIMIT,
    unpacked: int = UNPACKED_LIMIT,
    entries: int = ENTRIES,
) -> dict[str, NDArray[Any]]:
    """Read arrays of an npz file by name: those of `names`, by default all; the rest as for `Archive`.

    Raises
    ------
    FileFormatError
        For everything that is wrong with it.
    """
    archive = Archive(source, label=label, limit=limit, unpacked=unpacked, entries=entries)
    return {name: archive.array(name) for name in (archive.names if names is None else names)}


def pack(stream: BinaryIO, entries: Mapping[str, bytes | NDArray[Any]], *, compressed: bool = True) -> None:
    """Write an archive to a stream: arrays as ``NAME.npy``, bytes under their own names.

    Entries have fixed dates and order, so that equal contents give equal bytes.
    """
    import numpy as np

    with zipfile.ZipFile(stream, "w") as out:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name if isinstance(content, bytes) else f"{name}.npy", DATE)
            info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            info.external_attr = 0o644 << 16
            if isinstance(content, bytes):
                out.writestr(info, content)
                continue
            with out.open(info, "w", force_zip64=content.nbytes > 1 << 31) as entry:
                array = np.asarray(content, order="C")
                np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)


def write_arrays(path: str | Path, arrays: Mapping[str, NDArray[Any]], *, compressed: bool = True) -> None:
    """Write an npz file, whole or not at all; raises FileFormatError if it cannot be written."""
    write_atomic(path, lambda stream: pack(stream, arrays, compressed=compressed))


def _head(data: bytes) -> Head:
    """Match the head of an array; raises ValueError for anything but plain numbers."""
    import numpy as np

    if not data.startswith(_MAGIC) or len(data) < len(_MAGIC) + 2:
        raise ValueError("unknown version of the array format")
    start = len(_MAGIC) + 2
    size = start + int.from_bytes(data[start - 2 : start], "little")
    text = data[start:size].decode("latin-1")
    if size > len(data):
        raise ValueError("longer than any")
    if "'|O" in text or "'O" in text:
        raise ValueError("pickled objects, which are never unpacked")
    match = _HEAD.fullmatch(text)
    pairs = dict(zip(match.groups()[::2], match.groups()[1::2], strict=True)) if match else {}
    if len(pairs) != 3 or not pairs["shape"].startswith("(") or pairs["fortran_order"] not in ("True", "False"):
        raise ValueError("of no plain array of numbers")
    dtype = np.dtype(pairs["descr"].strip("'"))
    if dtype.kind not in "biufc":
        raise ValueError(f"of {dtype}, expected numbers")
    sizes = [each.strip().removesuffix("L") for each in pairs["shape"].strip("()").split(",")]
    shape = tuple(int(each) for each in sizes if each)
    if max(shape, default=0) > 1 << 40 or len(shape) > 32:
        raise ValueError(f"of shape {shape!s:.60}")
    return Head(shape, pairs["fortran_order"] == "True", dtype, size)
