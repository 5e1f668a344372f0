"""Regions as arrays, and arrays as the requests that move them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..spec import CoreConfig, Layout, Op, Region, layout
from ..spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS

Ints = npt.NDArray[np.signedinteger[Any]]


def shape_of(table: Layout) -> tuple[int, ...]:
    """Shape of a region as an array: [rows, columns] for a matrix, [columns] for a single row."""
    return (table.rows, table.columns) if table.rows > 1 else (table.columns,)


def checked(region: Region, values: Any, config: CoreConfig) -> Ints:
    """Return `values` as an integer array that fits `region` on a chip of geometry `config`.

    Raises
    ------
    InputError
        If the region cannot be written, or the shape, type or range of the values is wrong.
    """
    table = layout(region, config)
    array = np.asarray(values)
    if not table.writable:
        raise InputError(f"{region.name} of this chip can be read only")
    if array.shape != shape_of(table):
        raise InputError(f"{region.name} of this chip has shape {shape_of(table)}, got {array.shape}")
    if array.dtype.kind not in "iub":
        raise InputError(f"{region.name} holds integers, got an array of {array.dtype}; round it first")
    low, high = table.range
    wrong = (array < low) | (array > high)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        raise InputError(f"{region.name} holds {low} to {high}, got {array[at]} at {list(at)}")
    return array.astype(np.int64)


def read_request(region: Region, config: CoreConfig) -> tuple[Op, bytes]:
    """Return the request for a whole region; its answer comes in as many frames as it needs."""
    return Op.READ, READ_ARGUMENTS.pack(region, 0, 0, layout(region, config).items)


def write_requests(region: Region, values: Ints, config: CoreConfig) -> Iterator[tuple[Op, bytes]]:
    """Cut a whole region into requests that fill frames; `values` must fit, see `checked`."""
    table = layout(region, config)
    data = to_bytes(values, table)
    per_frame = (config.payload_bytes - WRITE_ARGUMENTS.size) // table.item_bytes
    for first in range(0, table.items, per_frame):
        row, column = divmod(first, table.columns)
        start = first * table.item_bytes
        yield (
            Op.WRITE,
            WRITE_ARGUMENTS.pack(region, row, column) + data[start : start + per_frame * table.item_bytes],
        )


def to_bytes(values: Ints, table: Layout) -> bytes:
    """Little-endian two's complement, `table.item_bytes` bytes an item."""
    octets = np.ascontiguousarray(values, "<i8").reshape(-1, 1).view(np.uint8)
    return octets[:, : table.item_bytes].tobytes()


def from_bytes(data: bytes, table: Layout) -> Ints:
    """Inverse of `to_bytes`, in the shape of the region: int32, or int64 where that is too small."""
    octets = np.zeros((len(data) // table.item_bytes, 8), np.uint8)
    octets[:, 8 - table.item_bytes :] = np.frombuffer(data, np.uint8).reshape(-1, table.item_bytes)
    # The item stands in the high bytes; shifting it down extends its sign.
    down = 64 - 8 * table.item_bytes
    words = octets.reshape(-1).view("<i8" if table.signed else "<u8")
    items = words >> words.dtype.type(down)
    fits = table.signed or table.bits < 32
    array: Ints = items.astype(np.int32 if fits else np.int64).reshape(shape_of(table))
    return array
