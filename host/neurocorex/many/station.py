"""Station of a worker: the devices that it has open, which stay open from one piece of work to the next."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from ..device.device import Device
from ..device.open import open_device

#: Devices by thread and name: the threads of a worker of a cluster have their own.
_open: dict[tuple[int, str], Device] = {}
_work: list[Any] = []


def device(target: str) -> Device:
    """Return the device of this thread with this name, opened when it is first asked for."""
    key = threading.get_ident(), target
    if key not in _open:
        _open[key] = open_device(target)
    return _open[key]


def forget(target: str) -> None:
    """Close the device of this thread with this name: it is in a state that nobody knows."""
    found = _open.pop((threading.get_ident(), target), None)
    if found is not None:
        with suppress(Exception):
            found.close()


def close_all() -> None:
    """Close all devices of this process."""
    while _open:
        _, found = _open.popitem()
        with suppress(Exception):
            found.close()


def hold(work: Any) -> None:
    """Keep what is called at many points, so that it is sent once."""
    _work[:] = [work]


def perform(point: dict[str, Any]) -> dict[str, Any]:
    """Call what is held at a point; see `points.called`."""
    from .points import called

    return called(_work[0], point)
