"""Seat of one device of a pool, in the worker process that opened it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from ..device.device import Device
from ..device.open import open_device
from ..device.result import Result
from ..errors import InputError
from ..image import Image
from ..network.network import Network
from ..quantiser.report import Report
from ..spec import Control


class Seated(NamedTuple):
    """Device that has been opened.

    Attributes
    ----------
    shown : str
        The device on one line.
    elastic : bool
        Whether it takes on the geometry of whatever is loaded.
    """

    shown: str
    elastic: bool


class _Seat:
    """Device and what it was loaded with; `moved` and `touched` tell what has happened to it since."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.image: Image | None = None
        self.moved = self.touched = False

    def load(self, image: Image) -> None:
        """Put a network onto the device."""
        self.device.load(image, progress=False)
        self.image, self.moved, self.touched = image, False, False


_seats: list[_Seat] = []


def occupy(target: str | Callable[[], Device], deadline_s: float | None, image: Image | None = None) -> Seated:
    """Open a device, by its name or by a function, and load it if there is something to load."""
    device = open_device(target) if isinstance(target, str) else target()
    if not isinstance(device, Device):
        raise InputError(f"a function of a pool returned {device!r:.100}, expected a device that it has opened")
    if deadline_s is not None:
        device.deadline_s = deadline_s
    seat = _Seat(device)
    _seats[:] = [seat]
    if not device.elastic:
        _ = device.info  # whether it answers
    if image is not None:
        seat.load(image)
    return Seated(repr(device), device.elastic)


def leave() -> None:
    """Close the device."""
    while _seats:
        with suppress(Exception):
            _seats.pop().device.close()


def quantise(network: Network, stimulus: Any) -> tuple[Image, Report]:
    """Load a network that is quantised for this device; return the image, for all others, and the report."""
    seat = _seats[0]
    report = seat.device.load(network, stimulus=stimulus, progress=False)
    image = seat.device._contents.network.image
    assert image is not None  # noqa: S101  # it has just been loaded
    seat.load(image)
    return image, report


def load(image: Image) -> None:
    """Load an image."""
    _seats[0].load(image)


def run(options: dict[str, Any], random: dict[Control, int]) -> Result:
    """Run some samples as if those before them had run here.

    Parameters
    ----------
    options : dict
        Keywords of `Device.run`.
    random : dict of Control to int
        States of the generators at their start, on chips that have any.
    """
    seat = _seats[0]
    holds = options.get("adaptation") is False
    if seat.image is not None and (seat.touched or (holds and seat.moved)):
        seat.load(seat.image)
    seat.moved |= not holds
    if random:
        options = options | {"changes": {0: random}}
    return seat.device.run(**options, progress=False)


def call(function: Callable[[Device, Any], Any], item: Any) -> Any:
    """Call a function with the device, freshly loaded, and an item."""
    seat = _seats[0]
    if seat.image is not None and (seat.touched or seat.moved):
        seat.load(seat.image)
    seat.touched = True
    return function(seat.device, item)
