"""Comparison of a device with the emulator: the same job on both, and what differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import output
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..device.device import Device
    from ..spec import CoreConfig


class _HasWeights(Protocol):
    @property
    def weights(self) -> Any: ...


Learned = TypeVar("Learned", bound=_HasWeights)


def on_both(chosen: DeviceChoice, job: Callable[[Device], Learned]) -> tuple[Learned, CoreConfig, list[str] | None]:
    """Do a job on a device, and on the emulator unless the device is one.

    Returns
    -------
    learned, config
        Of the device.
    found : list of str, optional
        What differs; None if nothing was compared.
    """
    from ..check.compare import held_differences
    from ..device.open import EMULATOR, open_device

    with chosen.open() as chip:
        learned = job(chip)
        if chosen.target.is_emulator:
            return learned, chip.config, None
        with open_device(EMULATOR.name, config=chip.config) as reference:
            expected = job(reference)
            found = [str(each) for each in held_differences(chip, reference)]
        if not (learned.weights == expected.weights).all():
            found.append("weights recorded on the way differ")
        return learned, chip.config, found


def values(found: list[str] | None) -> dict[str, Any]:
    """Members of a JSON object that say what differs."""
    return {} if found is None else {"identical": not found, "differences": found}


def lines(found: list[str] | None, what: str) -> list[str]:
    """Lines that say what differs, or that nothing of `what` does."""
    return [] if found is None else found or [f"identical to the emulator, every {what}"]


def emit(as_json: bool, result: dict[str, Any], text: Callable[[], str], found: list[str] | None) -> None:
    """Print a result as JSON or as text; the exit code is 1 if anything differs."""
    output.emit(as_json, result, text)
    if found:
        raise SystemExit(1)
