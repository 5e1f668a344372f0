"""Rates that held on the lines of this computer, remembered from one opening of a port to the next for a week."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, NeuroCoreXError
from ..files import read_json, write_json
from ..files.cache import cache_folder, origin

FORMAT, VERSION = "neurocorex-rate", 1
#: Time after which a rate is forgotten, in seconds: cables change, and one bad day must not last for ever.
KEPT_S = 7 * 24 * 3600.0
#: Largest file that is read.
_LIMIT = 4096


def recall(place: str) -> int | None:
    """Return the rate that held at a place, in bits per second; None if nothing is known, or cannot be read."""
    if not place:
        return None
    with contextlib.suppress(NeuroCoreXError, OSError):
        found = read(_file(place), place)
        if 0 <= time.time() - found["since"] <= KEPT_S:
            return int(found["baud"])
    return None


def remember(place: str, baud: int) -> None:
    """Remember the rate that holds at a place, if that has a name and there can be a cache."""
    if not place:
        return
    entry = {"format": FORMAT, "version": VERSION, "place": place, "baud": baud, "since": time.time()}
    with contextlib.suppress(NeuroCoreXError, OSError):
        write_json(_file(place), entry)


def forget(place: str) -> None:
    """Forget the rate of a place."""
    if not place:
        return
    with contextlib.suppress(NeuroCoreXError, OSError):
        _file(place).unlink(missing_ok=True)


def read(source: Path | bytes, place: str) -> dict[str, Any]:
    """Read what `remember` wrote of a place; raises FileFormatError for anything else."""
    found = read_json(source, _LIMIT, label="the remembered rate of a line")
    if (
        not isinstance(found, dict)
        or (found.get("format"), found.get("version"), found.get("place")) != (FORMAT, VERSION, place)
        or type(found.get("baud")) is not int
        or not 0 < found["baud"] < 1 << 32
        or not isinstance(found.get("since"), int | float)
    ):
        raise FileFormatError("the remembered rate of a line is damaged, or of another version; it is found anew")
    return found


def _file(place: str) -> Path:
    return cache_folder("rates") / f"{origin(place)[:24]}.json"
