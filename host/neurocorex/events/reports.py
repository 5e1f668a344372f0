"""Reports: items of a region that a stimulus asks for between two steps, and that a chip puts into its results.

In the columns of an `EventStream` a report is a change of the register `REPORTED`. In a stimulus its value is a
request. In results there are two forms: bytes, as they come over a wire (the value counts them, and each follows as an
`ITEM`), and items (the value is the request, and each item follows as an `ITEM`), which is what a `Chip` gives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..spec import CoreConfig, Layout, Region, layout, regions
from ..spec.events import ANSWER_ARGUMENTS, REPORT, REPORT_MAX
from .arrays import Ints
from .codec import ITEM, REPORTED
from .codes import ANSWERING, before

#: Codes up to the next report, none of which lacks arguments.
_BEFORE = before(ANSWERING, REPORT)
_EMPTY = np.empty(0, np.int64)


class Report(NamedTuple):
    """Items of a region, as a chip has put them into its results.

    Attributes
    ----------
    step : int
        Steps of the results that come before.
    region : Region
    row, column : int
        Of the first item.
    items : int64 array
        None if the chip refused the report.
    """

    step: int
    region: int
    row: int
    column: int
    items: Ints


def request(region: int, row: int, column: int, items: int) -> int:
    """Return the 56 bits of a request; raises InputError where a number has no room."""
    for name, value, most in (("region", region, 0xFF), ("row", row, 0xFFFF), ("column", column, 0xFFFF),
                              ("items", items, 0xFFFF)):  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value <= most:
            raise InputError(f"{name} of a report must be an integer from 0 to {most}, got {value!r}; for example 1")
    return int(region) | int(row) << 8 | int(column) << 24 | int(items) << 40


def request_parts(word: int) -> tuple[int, int, int, int]:
    """Return region, row, column and number of items of a request."""
    return word & 0xFF, word >> 8 & 0xFFFF, word >> 24 & 0xFFFF, word >> 40 & 0xFFFF


@lru_cache(maxsize=1024)
def span(word: int, config: CoreConfig) -> tuple[Region, int, int] | None:
    """Return the region of a request, its first item in row-major order and the one behind the last; None: refused."""
    number, row, column, count = request_parts(word)
    if number not in regions(config) or number == Region.INFO:
        return None
    form = layout(Region(number), config)
    start = row * form.columns + column
    outside = row >= form.rows or column >= form.columns or start + count > form.items
    return None if outside or count * form.item_bytes > REPORT_MAX else (Region(number), start, start + count)


def without_items(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Take the items out of result bytes; return what is left, the bytes of each report, and one that is not whole."""
    kept, place = bytearray(), 0
    items: list[bytes] = []
    while True:
        end = _BEFORE.match(data, place).end()  # type: ignore[union-attr]  # it always matches
        kept += data[place:end]
        head = end + 1 + ANSWER_ARGUMENTS
        if end == len(data) or data[end] != REPORT:
            return bytes(kept + data[end:]), items, b""
        size = int.from_bytes(data[end + 1 : head], "little")
        if head + size > len(data):
            return bytes(kept), items, data[end:]
        kept += data[end:head]
        items.append(data[head : head + size])
        place = head + size


def reports_of(step: Ints, register: Ints, value: Ints) -> list[Report]:
    """Return the reports among the changes of results, whose form is that of items."""
    heads = np.flatnonzero(register == REPORTED)
    ends = np.append(heads[1:], register.size)[: heads.size]
    found = []
    for head, end in zip(heads.tolist(), ends.tolist(), strict=True):
        region, row, column, _ = request_parts(int(value[head]))
        name = Region(region) if region in tuple(Region) else region
        found.append(Report(int(step[head]), name, row, column, value[head + 1 : end].copy()))
    return found


def requests(register: Ints, value: Ints) -> list[int]:
    """Return the requests among the changes of a stimulus."""
    found: list[int] = value[register == REPORTED].tolist()
    return found


def itemised(changes: tuple[Ints, Ints, Ints], waiting: deque[int], config: CoreConfig) -> tuple[Ints, Ints, Ints]:
    """Turn the bytes of reports into items, by the requests that wait for an answer and are taken off.

    Raises
    ------
    InputError
        If there are more reports than were asked for, or one has another number of bytes.
    """
    step, register, value = changes
    heads = np.flatnonzero(register == REPORTED)
    if not heads.size:
        return changes
    parts: list[tuple[int, int, Ints]] = []
    for head in heads.tolist():
        if not waiting:
            raise InputError("the results hold a report that was not asked for")
        word, size = waiting.popleft(), int(value[head])
        place = span(word, config)
        octets = value[head + 1 : head + 1 + size]
        form = None if place is None else layout(place[0], config)
        if size and (form is None or place is None or size != (place[2] - place[1]) * form.item_bytes):
            raise InputError(f"a report has {size} bytes, which is not what was asked for")
        parts.append((int(step[head]), word, _items(octets, form) if form else _EMPTY))
    return answer_columns(parts)


def in_bytes(changes: tuple[Ints, Ints, Ints], config: CoreConfig) -> tuple[Ints, Ints, Ints]:
    """Turn the items of reports into bytes, the inverse of `itemised`."""
    if not changes[0].size:
        return changes
    parts = []
    for report in reports_of(*changes):
        octets = _EMPTY
        if report.items.size:
            size = layout(Region(report.region), config).item_bytes
            octets = (report.items[:, None] >> 8 * np.arange(size) & 0xFF).reshape(-1)
        parts.append((report.step, octets.size, octets))
    return answer_columns(parts)


def _items(octets: Ints, form: Layout) -> Ints:
    """Return items from their bytes, little-endian."""
    size = form.item_bytes
    table = octets.reshape(-1, size).astype(np.int64)
    values: Ints = (table << 8 * np.arange(size)).sum(axis=1)
    if form.signed:
        values -= (values >> (8 * size - 1)) << (8 * size)
    return values


def answer_columns(parts: Iterable[tuple[int, int, Ints]]) -> tuple[Ints, Ints, Ints]:
    """Return the changes of reports, from the step, the value and what follows of each."""
    listed = list(parts)
    if not listed:
        return _EMPTY, _EMPTY, _EMPTY
    sizes = np.array([1 + items.size for _, _, items in listed], np.int64)
    step = np.repeat(np.array([step for step, _, _ in listed], np.int64), sizes)
    register = np.full(step.size, ITEM, np.int64)
    register[np.cumsum(sizes) - sizes] = REPORTED
    value = np.concatenate([np.append(head, items) for _, head, items in listed])
    return step, register, value.astype(np.int64)
