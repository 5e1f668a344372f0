"""Warnings of reports and devices, told to those who do not print them: by `warnings` and by the logger "neurocorex".

Of a report, what is told once is not told again for the same network, whether it is quantised anew, loaded, or read
from a file.
"""

from __future__ import annotations

import logging
import sys
import warnings
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from ..errors import DeviceWarning, QuantisationWarning
from ..image import Image
from ..spec import Region

#: Logger of the library. It is silent unless the user gives it, or the root logger, a handler.
LOGGER = logging.getLogger("neurocorex")
LOGGER.addHandler(logging.NullHandler())
#: How many warnings are remembered, so that a long run with ever new networks needs no more memory.
REMEMBERED = 4096
_PACKAGE = str(Path(__file__).resolve().parents[1])
_muted: ContextVar[bool] = ContextVar("muted", default=False)
_told: OrderedDict[tuple[int, str], None] = OrderedDict()


def tell(messages: Iterable[str], image: Image) -> None:
    """Tell the warnings of a report, those that were not told before of this network.

    Parameters
    ----------
    messages : iterable of str
        Warnings, a line each.
    image : Image
        The image that they are about.

    Warns
    -----
    QuantisationWarning
        For each, at the line outside of this package that led here.
    """
    lines = list(messages)
    if not lines or _muted.get():
        return
    content = _content(image)
    fresh = [line for line in dict.fromkeys(lines) if (content, line) not in _told]
    for line in fresh:
        _told[content, line] = None
        LOGGER.warning("%s", line)
    while len(_told) > REMEMBERED:
        _told.popitem(last=False)
    level = _caller()
    for line in fresh:
        warnings.warn(line, QuantisationWarning, stacklevel=level)


def tell_of_device(line: str) -> None:
    """Tell what is odd about a device that works, by the logger and as a DeviceWarning; each time that it is opened."""
    LOGGER.warning("%s", line)
    warnings.warn(line, DeviceWarning, stacklevel=_caller())


@contextmanager
def muted() -> Iterator[None]:
    """Tell nothing meanwhile, nor remember it as told: for trials of which the caller reports all that was lost."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


def forget() -> None:
    """Forget what was told, so that all is told again."""
    _told.clear()


def _content(image: Image) -> int:
    """Return a number for the network of an image, the same on chips of all sizes, which add zeros only."""
    found = 0
    for region in (Region.WEIGHTS, Region.THRESHOLD, Region.BIAS):
        values = image.regions[region]
        found = zlib.crc32(values[values != 0].astype(np.int32).tobytes(), found)
    return found


def _caller() -> int:
    """Return the stack level, as `tell` has to state it, of the first frame outside of this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    return level
