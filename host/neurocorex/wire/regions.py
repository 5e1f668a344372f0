"""Regions as bytes on the wire, and the READ and WRITE requests that move a whole region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..spec import CoreConfig, Layout, Op, Region, layout
from ..spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS

#: Items of a region, of whatever width they are stored in.
Items = npt.NDArray[np.signedinteger[Any]]


def read_request(region: Region, config: CoreConfig) -> tuple[Op, bytes]:
    """Return the request for a whole region; its answer comes in as many frames as it needs."""
    return Op.READ, READ_ARGUMENTS.pack(region, 0, 0, layout(region, config).items)


def write_requests(region: Region, values: Items, config: CoreConfig, start: int = 0) -> Iterator[tuple[Op, bytes]]:
    """Cut a whole region, or its items from `start` on, into requests that fill frames; `values` must fit."""
    table = layout(region, config)
    data = to_bytes(values, table)
    per_frame = (config.payload_bytes - WRITE_ARGUMENTS.size) // table.item_bytes
    for first in range(0, values.size, per_frame):
        row, column = divmod(start + first, table.columns)
        octets = data[first * table.item_bytes : (first + per_frame) * table.item_bytes]
        yield Op.WRITE, WRITE_ARGUMENTS.pack(region, row, column) + octets


def to_bytes(values: Items, table: Layout) -> bytes:
    """Little-endian two's complement, `table.item_bytes` bytes an item."""
    octets = np.ascontiguousarray(values, "<i8").reshape(-1, 1).view(np.uint8)
    return octets[:, : table.item_bytes].tobytes()


def from_bytes(data: bytes, table: Layout) -> Items:
    """Inverse of `to_bytes`: [rows, columns], or [columns] if there is one row, of type `item_type`."""
    octets = np.zeros((len(data) // table.item_bytes, 8), np.uint8)
    octets[:, 8 - table.item_bytes :] = np.frombuffer(data, np.uint8).reshape(-1, table.item_bytes)
    # The item stands in the high bytes; shifting it down extends its sign.
    down = 64 - 8 * table.item_bytes
    words = octets.reshape(-1).view("<i8" if table.signed else "<u8")
    items: Items = (words >> words.dtype.type(down)).astype(item_type(table))
    return items.reshape((table.rows, table.columns) if table.rows > 1 else (table.columns,))


def item_type(table: Layout) -> type[np.signedinteger[Any]]:
    """Type of the items of a region on the host: int32, or int64 where that is too small."""
    return np.int32 if table.signed or table.bits < 32 else np.int64
