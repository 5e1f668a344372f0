"""IDX files, the format of MNIST: a magic number, sizes, and bytes; plain or packed by gzip.

Big-endian: two zero bytes, the type of the values (8: bytes from 0 to 255), the number of dimensions, the size of each
dimension in 32 bits, then the values, the last dimension fastest.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError
from ..files import read_bytes

BYTES = 8
#: Largest content, unpacked: over ten times the training images of MNIST.
LIMIT = 1 << 29
_GZIP = b"\x1f\x8b"


def read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Return the values of a file, uint8 [...], read-only.

    Parameters
    ----------
    path : path
        The file; if there is none, the same with ``.gz`` at its end.
    dimensions : int
        Dimensions that it must have: 3 for images [n, rows, columns], 1 for labels [n].

    Raises
    ------
    FileFormatError
        If it cannot be read, or is no such file, naming what is wrong.
    """
    packed = path.with_name(f"{path.name}.gz")
    path = packed if not path.exists() and packed.exists() else path
    data = read_bytes(path)
    if data.startswith(_GZIP):
        data = _unpacked(data, path)
    start = 4 + 4 * dimensions
    found = data[:4].hex(" ")
    if data[:4] != bytes((0, 0, BYTES, dimensions)):
        expected = bytes((0, 0, BYTES, dimensions)).hex(" ")
        raise FileFormatError(
            f"{path} begins with {found or 'nothing'}, expected {expected}, an IDX file of bytes in {dimensions} "
            f"dimension{'s' if dimensions > 1 else ''}; download it again"
        )
    if len(data) < start:
        raise FileFormatError(f"{path} ends within its sizes; download it again")
    shape = tuple(np.frombuffer(data, ">u4", dimensions, 4).tolist())
    if len(data) - start != math.prod(shape):
        sizes = " x ".join(map(str, shape))
        raise FileFormatError(
            f"{path} says {sizes}, which is {math.prod(shape)} bytes, and has {len(data) - start}; download it again"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _unpacked(data: bytes, path: Path) -> bytes:
    """Content of a gzip file of one member."""
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = unpacking.decompress(data, LIMIT + 1)
    except zlib.error as error:
        raise FileFormatError(f"{path} is damaged: {error!s:.100}; download it again") from None
    if len(content) > LIMIT:
        raise FileFormatError(f"{path} has more than {LIMIT >> 20} MiB unpacked, the most that is read")
    if not unpacking.eof or unpacking.unused_data:
        what = "has bytes too many" if unpacking.eof else "is cut off"
        raise FileFormatError(f"{path} {what}; download it again")
    return content
