"""Targets of a pool: the names of its devices, or functions that open them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..device.device import Device
from ..device.open import EMULATOR
from ..errors import InputError
from .points import require_importable
from .workers import cores

Target = str | Callable[[], Device]


def targets_of(devices: Any) -> list[Target]:
    """Return what the devices of a pool are opened by; raises InputError.

    Parameters
    ----------
    devices : int, sequence of str or callable, or None
        How many emulators; names and functions; or an emulator for each core.
    """
    count = cores() if devices is None else devices
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return [EMULATOR.name] * count
    found = [] if isinstance(devices, str) or not isinstance(devices, Iterable) else list(devices)
    if not found or not all(isinstance(each, str) or callable(each) for each in found):
        raise InputError(
            f"a pool takes a number of emulators, or names of devices such as ['emulator', 'rtl'], got {devices!r}"
        )
    for each in found:
        if not isinstance(each, str):
            require_importable(each)
    return found


def name_of(target: Target) -> str:
    """Return what a device is called in messages."""
    return target if isinstance(target, str) else str(getattr(target, "__name__", target))


def emulators(targets: Iterable[Target]) -> int:
    """Return how many may be emulators, which share the cores of this computer; a function may open one."""
    return sum(not isinstance(target, str) or target == EMULATOR.name for target in targets)
