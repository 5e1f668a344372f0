"""JSON, read without trust: bounded in size, depth and digits; no name twice, no NaN, no half of a character."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from .reading import decoded, read_bytes
from .writing import write_text

#: Largest document in bytes, and deepest nesting, if nothing else is said.
JSON_LIMIT, DEPTH = 1 << 20, 32
#: Digits of the longest integer, and of the longest that may become a float.
DIGITS, MORE_DIGITS = 30, 1000
#: What a document is scanned for before it is parsed: strings, which are passed over, brackets, and numbers that need
#: a look. An unfinished string reaches to the end, so that the scan stays linear.
_SCAN = re.compile(rf'"(?:[^"\\]++|\\.)*+"?|[\[{{]|[\]}}]|\d{{{DIGITS + 1},}}|[eE]\+?\d{{3,}}', re.DOTALL)
#: An escaped surrogate: half of a character, unless its other half follows.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str, *, depth: int = DEPTH, constants: bool = False) -> Any:
    """Parse JSON.

    Parameters
    ----------
    text : str
        The document.
    depth : int
        Deepest nesting of lists and objects.
    constants : bool
        Whether NaN and Infinity are allowed. If so, a number beyond every float is infinite.

    Returns
    -------
    object
        As `json.loads` does.

    Raises
    ------
    ValueError
        For everything that is wrong with it.
    """
    options: dict[str, Any] = {"object_pairs_hook": _once}
    if not constants:
        options["parse_constant"] = _no_constant
    if _long_numbers(text, depth):
        options |= {"parse_int": _any_integer, "parse_float": float} if constants else {
            "parse_int": _integer, "parse_float": _finite
        }  # fmt: skip
    try:
        found = json.loads(text, **options)
    except RecursionError:  # the stack of the caller was nearly full
        raise ValueError("nested too deeply") from None
    if _SURROGATE.search(text):
        json.dumps(found, ensure_ascii=False).encode()  # raises UnicodeEncodeError, a ValueError
    return found


def read_json(
    source: str | Path | bytes,
    limit: int = JSON_LIMIT,
    depth: int = DEPTH,
    *,
    label: str | None = None,
    constants: bool = False,
) -> Any:
    """Read JSON from a file, or from bytes.

    Parameters
    ----------
    source : path or bytes
        The file, or its content.
    limit : int
        Largest size in bytes.
    depth, constants
        See `parse`.
    label : str, optional
        What to call it in messages; by default its path.

    Raises
    ------
    FileFormatError
        For everything that is wrong with it.
    """
    name = label or ("the document" if isinstance(source, bytes) else str(source))
    data = source if isinstance(source, bytes) else read_bytes(source, limit)
    if len(data) > limit:
        raise FileFormatError(f"{name} has more than {limit} bytes, the most that is read of a file of this kind")
    try:
        return parse(decoded(data, "it"), depth=depth, constants=constants)
    except (ValueError, FileFormatError) as error:
        raise FileFormatError(f"{name} is no JSON that can be used: {error!s:.200}; save it again") from None


def write_json(path: str | Path, value: Any, *, default: Callable[[Any], Any] | None = None) -> None:
    """Write an indented document; raises FileFormatError if it cannot be written, ValueError for NaN."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, default=default) + "\n")


def _long_numbers(text: str, depth: int) -> bool:
    """Return whether any number needs a look; raises ValueError for too deep a nesting."""
    level, found = 0, False
    for match in _SCAN.finditer(text):
        first = text[match.start()]
        if first in "[{":
            level += 1
            if level > depth:
                raise ValueError(f"nested more than {depth} deep")
        elif first in "]}":
            level -= 1
        elif first != '"':
            found = True
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:40]!r} stands in an object twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"an integer of {len(digits)} digits, {digits[:10]}...")
    return int(digits)


def _any_integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= DIGITS else float(digits if len(digits) < MORE_DIGITS else _integer(digits))


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:40]} is beyond every float")
    return value
