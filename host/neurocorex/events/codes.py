"""Codes among event bytes: where each begins, found without a Python loop over events.

`neurocorex.spec.events` is the definition; this module must agree with it byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ..spec.events import ANSWER_ARGUMENTS, ARGUMENTS, RATES, REPORT, arguments
from .arrays import Ints

#: Arguments of the codes of results, ahead of the items of a report.
ANSWERING = arguments(draws=False) | {REPORT: ANSWER_ARGUMENTS}
_LONGEST = max(arguments(reports=True).values())


def long_codes(sizes: Mapping[int, int]) -> bytes:
    """Return a regular expression of a code that has arguments, with these; of `RATES` without its bytes."""
    return b"|".join(rb"\x%02x.{%d}" % pair for pair in sizes.items())


def before(sizes: Mapping[int, int], code: int) -> re.Pattern[bytes]:
    """Return a regular expression of all before the next such code, or before a last code that lacks arguments."""
    others = {each: size for each, size in sizes.items() if each != code}
    short = b"[^" + b"".join(rb"\x%02x" % each for each in (*others, code)) + b"]"
    return re.compile(b"(?:" + short + b"|" + long_codes(others) + b")*+", re.DOTALL)


@lru_cache
def _patterns(sizes: tuple[tuple[int, int], ...]) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return a regular expression of codes with arguments, and one of what comes before `RATES`."""
    known = dict(sizes)
    return re.compile(b"(" + long_codes(known) + b")", re.DOTALL), before(known, RATES)


def code_positions(data: bytes, sizes: Mapping[int, int] = ARGUMENTS) -> Ints:
    """Positions of the codes among their arguments, including a last one that lacks arguments.

    Arguments may hold any byte, so codes can be told only by reading from the start of the stream; the regular
    expression engine does that without a Python loop, but for one over `RATES`.

    Parameters
    ----------
    data : bytes
    sizes : dict of int to int
        Arguments of each code that has some, in bytes: those of `spec.events.arguments`, or `ANSWERING`.
    """
    splitter, before_rates = _patterns(tuple(sizes.items()))
    if RATES not in sizes or RATES not in data:
        return _positions(data, splitter)
    found, start = [], 0
    while start < len(data):
        match = before_rates.match(data, start)
        end = match.end() if match else start
        found += [start + _positions(data[start:end], splitter), np.arange(end, min(end + 1, len(data)))]
        is_whole = data[end : end + 1] == bytes([RATES]) and end + ARGUMENTS[RATES] < len(data)
        start = end + 1 + ARGUMENTS[RATES] + rates_bytes(data, end) if is_whole else len(data)
    return np.concatenate(found)


def rates_bytes(data: bytes, at: int) -> int:
    """Return how many bytes follow the arguments of the `RATES` there."""
    return int.from_bytes(data[at + 1 : at + 3], "little")


def _positions(data: bytes, splitter: re.Pattern[bytes]) -> Ints:
    """Positions of codes where there is no `RATES`."""
    padded = data + bytes(_LONGEST)  # so that a last code without all its arguments is one, too
    parts = splitter.split(padded)  # runs of short codes at even places, one long code at odd ones
    length = np.fromiter(map(len, parts), np.int64, len(parts))
    start = np.cumsum(length) - length
    is_code = np.ones(len(padded), np.bool_)
    for offset in range(1, 1 + _LONGEST):
        is_code[start[1::2][length[1::2] > offset] + offset] = False
    return np.flatnonzero(is_code[: len(data)]).astype(np.int64)
