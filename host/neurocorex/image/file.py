"""The container of an image: a zip archive (npz) of one JSON header and plain arrays.

Equal contents give equal bytes. NumPy's own reader opens such files too.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import files
from ..errors import FileFormatError

FORMAT = "neurocorex-image"
#: Version of the container. Rows that are added or lacking need no other one, see `growth`.
VERSION = 4
#: Earlier versions are the same container: 1 and 2 with fewer rows, up to 3 with a drift, see `conversion`.
VERSIONS = (1, 2, 3, VERSION)
HEADER_ENTRY = "header.json"
#: Bounds on what is read at all: the header, and the head of an array.
HEADER_LIMIT, HEAD_LIMIT = 1 << 20, 1024
#: Deepest nesting of the header; `meta` holds anything that JSON can.
HEADER_DEPTH = 64


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Bytes of a file with `header` (JSON) and `arrays`, in their order."""
    first = {"format": FORMAT, "version": VERSION, **header}
    text = json.dumps(first, sort_keys=True, indent=1).encode()
    stream = io.BytesIO()
    files.pack(stream, {HEADER_ENTRY: text, **arrays})
    return stream.getvalue()


class ImageFile:
    """A file that has been opened, with its directory and its header checked.

    Parameters
    ----------
    source : path or bytes
        The file, or its content.
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

    def __init__(self, source: str | Path | bytes, name: str) -> None:
        self._label = name
        self._archive = files.Archive(source, label=name, kind="an image")
        self.header = self._read_header()
        self.names = [name for name in self._archive.names if name != HEADER_ENTRY]

    def arrays(self, expected: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]) -> dict[str, NDArray[Any]]:
        """Read arrays, which must have the expected (shape, dtype) by name."""
        return {name: self._read_array(name, *form) for name, form in expected.items()}

    def _read_header(self) -> dict[str, Any]:
        if HEADER_ENTRY not in self._archive:
            raise self.error(f"no {HEADER_ENTRY} inside: a file of another format; images come from Image.save")
        if self._archive.size(HEADER_ENTRY) > HEADER_LIMIT:
            raise self.error(f"its header is larger than {HEADER_LIMIT} bytes; the file is corrupt")
        text = self._archive.content(HEADER_ENTRY)
        try:
            header = files.parse(files.decoded(text, "text"), depth=HEADER_DEPTH)
        except (ValueError, FileFormatError) as error:
            raise self.error(f"corrupt header ({error}); save the image again") from None
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise self.error(f"the header does not say {FORMAT!r}: a file of another format")
        version = header.get("version")
        if version not in VERSIONS or isinstance(version, bool):
            raise self.error(f"version {version!r:.40} of the format, this library reads up to {VERSION}; update it")
        return header

    def _read_array(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        size = int(np.prod(shape)) * dtype.itemsize
        if self._archive.size(f"{name}.npy") > size + HEAD_LIMIT:
            raise self.error(f"{name}.npy holds {self._archive.size(f'{name}.npy')} bytes, expected {size}")
        head = self._archive.head(name)
        if (head.shape, head.fortran, head.dtype) != (shape, False, dtype):
            raise self.error(f"{name}.npy is {head.dtype} of shape {head.shape}, expected {dtype} of shape {shape}")
        return self._archive.array(name)

    def error(self, what: str) -> FileFormatError:
        """Error that names the file."""
        return FileFormatError(f"{self._label}: {files.printable(what)}")
