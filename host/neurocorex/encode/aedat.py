"""Reader of AEDAT 4 files, by the package `aedat`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, MissingToolError
from ..files import printable


def read_aedat4(path: str | Path) -> tuple[NDArray[Any], tuple[int, int]]:
    """Read the events of the only stream of events in a file.

    Returns
    -------
    events : structured array
        With the fields `t` (microseconds), `x`, `y` and `p`.
    sensor_size : (int, int)
        Columns and rows.

    Raises
    ------
    FileFormatError
        If it cannot be read, or has no stream of events, or several.
    MissingToolError
        If the package `aedat` is not installed.
    """
    try:
        import aedat
    except ImportError:
        raise MissingToolError(
            "AEDAT 4 files need the package aedat; install it with: pip install 'neurocorex[sensors]'"
        ) from None
    try:
        decoder = aedat.Decoder(str(path))
        streams = {number: told for number, told in decoder.id_to_stream().items() if told["type"] == "events"}
        packets = [packet["events"] for packet in decoder if "events" in packet]
    except Exception as error:  # the package raises what its Rust code does
        raise FileFormatError(f"{path} cannot be read as AEDAT 4: {printable(str(error))}") from None
    if len(streams) != 1:
        raise FileFormatError(f"{path} has {len(streams)} streams of events, expected one")
    (told,) = streams.values()
    empty = np.empty(0, [("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("p", "?")])
    return np.concatenate(packets) if packets else empty, (int(told["width"]), int(told["height"]))
