"""A job done on a device and once more on the emulator, and what differs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import common

if TYPE_CHECKING:
    from ..device.device import Device
    from ..spec import CoreConfig


class _HasWeights(Protocol):
    @property
    def weights(self) -> Any: ...


Outcome = TypeVar("Outcome", bound=_HasWeights)


def on_both(
    device: str, job: Callable[[Device], Outcome], config: Path | None, baud: int | None, *, quiet: bool
) -> tuple[Outcome, CoreConfig, list[str] | None]:
    """Do a job on a device, and unless it is the emulator there too; tell what differs (None: not compared)."""
    from ..check.compare import held_differences
    from ..device.open import Target

    with common.opened(device, config, baud, quiet=quiet) as chip:
        outcome = job(chip)
        if Target.of(device).is_emulator:
            return outcome, chip.config, None
        with common.opened("emulator", chip.config, quiet=True) as reference:
            expected = job(reference)
            found = [str(each) for each in held_differences(chip, reference)]
        if not (outcome.weights == expected.weights).all():
            found.append("weights on the way differ")
        return outcome, chip.config, found


def values(found: list[str] | None) -> dict[str, Any]:
    """Members of a JSON object that say what differs."""
    return {} if found is None else {"identical": not found, "differences": found}


def lines(found: list[str] | None, what: str) -> list[str]:
    """Lines that say what differs, or that nothing of `what` does."""
    return [] if found is None else found or [f"identical to the emulator, every {what}"]


def emit(as_json: bool, result: dict[str, Any], text: Callable[[], str], found: list[str] | None) -> None:
    """Print a result as JSON or as text; the exit code is 1 if anything differs."""
    common.emit(as_json, result, text)
    if found:
        raise SystemExit(1)
