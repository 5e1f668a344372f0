"""Demonstrations: complete jobs on data that everybody has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import common

if TYPE_CHECKING:
    from ..demos.digits import DigitsResult
    from ..image import Image


@click.group()
def demo() -> None:
    """Complete jobs, from data to answer."""


@demo.command()
@click.option("--device", default="emulator", show_default=True, help="Where to run: emulator, rtl, a port, a URL.")
@click.option("-n", "--images", type=click.IntRange(1, 594), help="Only the first so many test images.")
@click.option("--retrain", is_flag=True, help="Train the network again instead of taking the one that ships.")
@click.option("--seed", default=0, show_default=True, help="Of --retrain.")
@click.option(
    "--raster", type=click.Path(path_type=Path), default="digits.png", show_default=True, help="Picture to draw."
)
@click.option("--save", type=click.Path(path_type=Path), help="Keep the network as a .npz file for other commands.")
@common.device_options
@common.json_option
def digits(
    device: str,
    images: int | None,
    retrain: bool,
    seed: int,
    raster: Path,
    save: Path | None,
    config: Path | None,
    baud: int | None,
    as_json: bool,
) -> None:
    """Classify handwritten digits (8 by 8 pixels) with a spiking network of 96 neurons.

    All 594 test images of the usual split run on DEVICE. Anywhere but on the emulator the same images run there too,
    and every spike, membrane, weight and counter is compared.

    \b
    Examples:
      neurocorex demo digits
      neurocorex demo digits --device rtl --images 20 --json
      neurocorex demo digits --retrain --save digits.npz
    """
    from ..compare import differences
    from ..demos import digits as job

    image = _network(retrain, seed, quiet=as_json)
    if save is not None:
        image.save(save)
    with common.opened(device, config, baud, quiet=as_json) as chip:
        chip.load(image)
        with common.progress_bar("classifying", quiet=as_json) as progress:
            outcome = job.evaluate(chip, images=images, progress=progress)
        values = _values(device, outcome) | {"config": chip.config.to_dict(), "raster": raster, "retrained": retrain}
        found: list[str] | None = None
        if device != "emulator":
            with common.opened("emulator", quiet=True) as reference:
                reference.load(image.fit(chip.config))
                expected = job.evaluate(reference, images=images)
                found = differences(chip, outcome.result, reference, expected.result)
            values |= {"identical": not found, "differences": found}
    figure = outcome.raster()
    common.write(raster, lambda: figure.savefig(raster))

    def text() -> str:
        verdict = [] if found is None else found if found else ["identical to the emulator, every bit"]
        return "\n".join([str(outcome), *verdict, f"spikes of the first images: {raster}"])

    common.emit(as_json, values, text)


def _network(retrain: bool, seed: int, *, quiet: bool) -> Image:
    from ..demos import digits as job

    if not retrain:
        return job.image()
    with common.progress_bar("training", quiet=quiet) as progress:
        return job.train(seed=seed, progress=progress)


def _values(device: str, outcome: DigitsResult) -> dict[str, Any]:
    return {
        "device": device,
        "accuracy": outcome.accuracy,
        "images": len(outcome.labels),
        "neurons": outcome.neurons,
        "inputs": outcome.inputs,
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 3),
        **common.cycles(outcome.counters),
        "per_class": outcome.per_class,
        "counters": outcome.counters,
    }
