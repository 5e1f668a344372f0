"""Outcome of a demonstration that learns: the job on a device, what it printed, and its picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import output, verdict
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..demos.answers import Learned
    from ..device.device import Device

Progress = Callable[[int, int], None]


def at_most(limit: Callable[[int], int]) -> Callable[[click.Context, click.Parameter, int | None], int | None]:
    """Return a check of an option: no more than `limit` gives for the neurons of the largest chip.

    The limits of chips are looked up when the option is used: the list of commands does without the time to load them.
    """

    def check(_context: click.Context, _parameter: click.Parameter, value: int | None) -> int | None:
        from ..spec.config import LIMITS

        most = limit(max(LIMITS["neurons"]))
        if value is not None and value > most:
            raise click.BadParameter(f"{value} is not in the range 1<=x<={most}.")
        return value

    return check


@dataclass(frozen=True, kw_only=True)
class About:
    """What a demonstration says besides the figures of every one.

    Attributes
    ----------
    values : dict
        For JSON.
    lines : sequence of str
        For text, before the figures.
    title : str, optional
        Heading of the picture.
    picture : Path, optional
        Where to draw it.
    """

    values: dict[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()
    title: str | None = None
    picture: Path | None = None


def tell(
    chosen: DeviceChoice,
    learn: Callable[[Device, Progress | None], Learned],
    *,
    seed: int,
    as_json: bool,
    about: About,
) -> None:
    """Let a device learn by a job, and the emulator too unless it is one; print the outcome."""
    from ..demos.picture import draw

    if about.picture is not None:
        output.check_picture(about.picture)

    def job(chip: Device) -> Learned:
        with output.progress_bar("learning", quiet=as_json) as progress:
            return learn(chip, progress)

    outcome, chip, found = verdict.on_both(chosen, job)
    values = {
        "device": chosen.name, "seed": seed, "accuracy": outcome.accuracy, "images": len(outcome.labels),
        "trained": outcome.trained, **outcome.facts, **about.values, "neurons": outcome.neurons,
        "inputs": outcome.inputs, "weight_bits": chip.weight_bits, "steps": outcome.steps,
        "seconds": round(outcome.seconds, 3), "counters": outcome.counters, "config": chip.to_dict(),
        **verdict.values(found),
    }  # fmt: skip
    lines = [*about.lines, outcome.summary]
    if outcome.curve:
        values |= {"curve": outcome.curve, "confusion": outcome.confusion, "unanswered": outcome.unanswered}
        shares = " ".join(f"{100 * share:.1f}" for share in outcome.curve)
        lines.append(f"test images right after each epoch, in percent (nothing is chosen by them): {shares}")
    lines += [figure(outcome.right, outcome.seconds), *verdict.lines(found, "weight")]
    values |= {"picture": about.picture}
    if about.picture is not None:
        output.picture(about.picture, draw(outcome, about.title))
        lines.append(f"picture: {about.picture}")
    verdict.emit(as_json, values, lambda: "\n".join(lines), found)


def figure(right: Any, seconds: float, noun: str = "images") -> str:
    """Line that says how many answers are right."""
    return f"{int(right.sum())} of {len(right)} {noun} right: {right.mean():.2%}, in {seconds:.2f} s"
