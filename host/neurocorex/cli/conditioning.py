"""Command of the demonstration of conditioning: which of two cues pays, by rewards that come later."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import choice, output, verdict
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..demos.conditioning import Conditioned
    from ..device.device import Device


@click.command("conditioning")
@choice.device(default="emulator", trace=True)
@click.option("-n", "--cues", type=click.IntRange(1, 10000), metavar="N", help="Cues of the session.  [default: 200]")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0),
              help="Seed of the cue that pays, of spikes and times, and of rounding.")  # fmt: skip
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False),
              help="Draw the learning curve and the weights (.png, .pdf, .svg).")  # fmt: skip
@output.json_option
def conditioning(chosen: DeviceChoice, cues: int | None, seed: int, picture: Path | None, as_json: bool) -> None:
    """Learn which of two cues pays, by late rewards.

    Two cues come in random order, one to three seconds apart. After one of them a reward comes, half a second to two
    and a half seconds later. Synapses gather what spikes call for, forget it in a second, and gain what is left when
    the reward comes. In the end both cues are shown without rewards. Unless the device is the emulator, the same runs
    there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo conditioning
      neurocorex demo conditioning --seed 3 --json
      neurocorex demo conditioning --picture conditioning.png
      neurocorex demo conditioning --device rtl --cues 20
    """
    from ..demos import conditioning as job
    from ..demos.conditioning_picture import draw

    settings = job.Settings() if cues is None else replace(job.Settings(), cues=cues)
    if picture is not None:
        output.check_picture(picture)

    def learn(chip: Device) -> Conditioned:
        with output.progress_bar("learning", quiet=as_json) as progress:
            return job.learn(chip, settings, seed=seed, progress=progress)

    outcome, chip, found = verdict.on_both(chosen, learn)
    values = {
        "device": chosen.name, "seed": seed, "pays": job.CUES[outcome.pays], "answer": job.CUES[outcome.answer],
        "right": outcome.right, "answered": dict(zip(job.CUES, outcome.answered, strict=True)),
        "strength": dict(zip(job.CUES, outcome.strength, strict=True)), "curve": outcome.curve,
        "settings": asdict(settings), "neurons": settings.neurons, "inputs": settings.inputs,
        "weight_bits": chip.weight_bits, "steps": outcome.steps, "seconds": round(outcome.seconds, 3),
        "counters": outcome.counters, "config": chip.to_dict(), "picture": picture, **verdict.values(found),
    }  # fmt: skip
    lines = [
        f"{settings.cues} cues in a session of {outcome.steps / 1000:.0f} s, which took {outcome.seconds:.2f} s",
        f"spikes of a neuron in answer to a cue, by {settings.block} cues",
        *(f"  {_name(name, outcome)}: {' '.join(f'{each:.2f}' for each in curve)}"
          for name, curve in outcome.curve.items()),
        str(outcome), *verdict.lines(found, "weight"),
    ]  # fmt: skip
    if picture is not None:
        output.picture(picture, draw(outcome, settings))
        lines.append(f"picture: {picture}")
    verdict.emit(as_json, values, lambda: "\n".join(lines), found)


def _name(name: str, outcome: Conditioned) -> str:
    from ..demos.conditioning import CUES

    return f"{CUES[outcome.pays]}, which pays" if name == "pays" else f"{CUES[1 - outcome.pays]}, which does not"
