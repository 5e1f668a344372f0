"""Commands of the demonstrations: digits, learned digits, MNIST, and papers, each from data to answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from . import choice, conditioning, gallery, hidden, judged, learned, mnist, onchip, output, verdict
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..demos.digits import DigitsResult
    from ..demos.microseer import MicroseerResult
    from ..device.device import Device
    from ..image import Image

#: Where a demonstration runs.
_device = choice.device(default="emulator", trace=True)


def _first(noun: str, help_text: str, most: int | None = None) -> Callable[[output.Command], output.Command]:
    """Option for the number of images or papers."""
    return click.option("-n", f"--{noun}", "limit", type=click.IntRange(1, most), metavar="N", help=help_text)


def _seed(help_text: str) -> Callable[[output.Command], output.Command]:
    return click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help=help_text)


def _learning(command: output.Command) -> Callable[..., Any]:
    """Add the options of the demonstrations that learn digits."""
    images = _first("images", "Only the first N training images, and the first N test images.", 1203)
    picture = click.option(
        "--picture", type=click.Path(path_type=Path), help="Draw receptive fields and confusion (.png, .pdf, .svg)."
    )
    return _device(images(_seed("Seed of weights, order and rounding.")(picture(output.json_option(command)))))


@click.group(cls=gallery.WithGallery)
def demo() -> None:
    """Complete jobs, from data to answer."""


@demo.command()
@_device
@_first("images", "Only the first N test images.", 594)
@click.option("--retrain", is_flag=True, help="Train the network again instead of taking the one that ships.")
@_seed("Seed of --retrain.")
@click.option(
    "--raster", type=click.Path(path_type=Path), default="digits.png", show_default=True, help="Picture to draw."
)
@click.option("--save", type=click.Path(path_type=Path), help="Keep the network as a .npz file for other commands.")
@onchip.option
@output.json_option
def digits(
    chosen: DeviceChoice,
    limit: int | None,
    retrain: bool,
    seed: int,
    raster: Path,
    save: Path | None,
    on_chip: bool,
    as_json: bool,
) -> None:
    """Classify handwritten digits with 96 trained neurons.

    All 594 test images (8 by 8 pixels) of the usual split run on the device. Unless that is the emulator, the same
    images also run on the emulator, and every spike, membrane, weight and counter is compared.

    \b
    Examples:
      neurocorex demo digits
      neurocorex demo digits --device rtl --images 20 --json
      neurocorex demo digits --retrain --save digits.npz
      neurocorex demo digits --on-chip --device rtl --images 20
    """
    if on_chip:
        onchip.classify(chosen, limit, retrain=retrain, save=save, as_json=as_json)
        return
    from ..check.compare import differences
    from ..demos import digits as job
    from ..device.open import EMULATOR, open_device

    image = _network(retrain, seed, quiet=as_json)
    if save is not None:
        image.save(save)
    with chosen.open() as chip:
        chip.load(image)
        with output.progress_bar("classifying", quiet=as_json) as progress:
            outcome = job.evaluate(chip, images=limit, progress=progress)
        values = _values(outcome) | {"config": chip.config.to_dict(), "raster": raster, "retrained": retrain}
        found: list[str] | None = None
        if not chosen.target.is_emulator:
            with open_device(EMULATOR.name, config=chip.config) as reference:
                reference.load(image)
                expected = job.evaluate(reference, images=limit)
                found = [str(each) for each in differences(chip, outcome.result, reference, expected.result)]
    figure = outcome.raster()
    output.picture(raster, figure)

    def text() -> str:
        return "\n".join([str(outcome), *verdict.lines(found, "bit"), f"spikes of the first images: {raster}"])

    verdict.emit(as_json, {"device": chosen.name, **values, **verdict.values(found)}, text, found)


def _network(retrain: bool, seed: int, *, quiet: bool) -> Image:
    from ..demos import digits as job

    if not retrain:
        return job.image()
    from ..demos.training import train_network

    train_x, train_y, _, _ = job.load_data()
    with output.progress_bar("training", quiet=quiet) as progress:
        return train_network(train_x, train_y, seed=seed, progress=progress)


def _values(outcome: DigitsResult) -> dict[str, Any]:
    return {
        "accuracy": outcome.accuracy,
        "images": len(outcome.labels),
        "neurons": outcome.neurons,
        "inputs": outcome.inputs,
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 3),
        **output.cycles(outcome.counters),
        "per_class": outcome.per_class,
        "counters": outcome.counters,
    }


@demo.command("digits-stdp")
@_learning
def digits_stdp(chosen: DeviceChoice, **options: Any) -> None:
    """Learn handwritten digits by STDP, with a teacher.

    90 neurons with weights of 8 bits learn the 1203 training images of the usual split on the chip, from forced spikes;
    the 594 test images follow. The host sends images, forced spikes, clears and gates, and reads spikes. Unless the
    device is the emulator, the same runs there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo digits-stdp
      neurocorex demo digits-stdp --seed 3 --json
      neurocorex demo digits-stdp --picture learned.png
      neurocorex demo digits-stdp --device rtl --images 10
    """
    from ..demos import digits_stdp as job

    _learn_digits(chosen, job, **options)


@demo.command("digits-unsupervised")
@_learning
def digits_unsupervised(chosen: DeviceChoice, **options: Any) -> None:
    """Cluster handwritten digits by STDP, unsupervised.

    96 neurons compete on the chip for the 1203 training images, without a teacher. Afterwards each neuron gets the
    digit that it answered most. Then the 594 test images follow. Unless the device is the emulator, the same runs
    there, too, and every weight is compared.

    \b
    Examples:
      neurocorex demo digits-unsupervised
      neurocorex demo digits-unsupervised --device rtl --images 10 --json
    """
    from ..demos import digits_unsupervised as job

    _learn_digits(chosen, job, **options)


def _learn_digits(
    chosen: DeviceChoice, job: ModuleType, *, limit: int | None, seed: int, picture: Path | None, as_json: bool
) -> None:
    """Let a device learn digits with the job of a module."""

    def learn(chip: Device, progress: learned.Progress | None) -> Any:
        return job.learn(chip, seed=seed, images=limit, progress=progress)

    learned.tell(chosen, learn, seed=seed, as_json=as_json, about=learned.About(picture=picture))


@demo.command()
@_device
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with papers.csv and citations.csv.",
)  # fmt: skip
@_first("papers", "Only the first N test papers.")
@output.json_option
def microseer(chosen: DeviceChoice, data: Path, limit: int | None, as_json: bool) -> None:
    """Find the topics of papers by SuperNeuroMAT's STDP.

    The network knows which paper cites which. It is asked for the topic of every test paper, each time from the same
    weights. Answers are compared with those of SuperNeuroMAT, if that is installed. Unless the device is the emulator,
    every weight after every paper is compared with it, too.

    \b
    Examples:
      neurocorex demo microseer --data microseer
      neurocorex demo microseer --data microseer --device rtl --baud 2000000 --json
    """
    from ..demos import microseer as job
    from ..errors import MissingToolError

    papers = job.Papers.load(data)

    def classify(chip: Device) -> MicroseerResult:
        with output.progress_bar("asking", quiet=as_json) as progress:
            return job.classify(chip, papers, limit=limit, progress=progress)

    outcome, chip, found = verdict.on_both(chosen, classify)
    agreement: float | None = None
    note = ""
    try:
        agreement = float((job.superneuromat_answers(papers, outcome.shown) == outcome.answers).mean())
    except MissingToolError as error:
        note = str(error)
    order = [papers.topics[topic] for topic in papers.preference.tolist()]
    topics = job.per_topic(outcome)
    values = {
        "device": chosen.name, "accuracy": outcome.accuracy, "accuracy_without_ties": outcome.accuracy_without_ties,
        "papers": len(outcome.shown), "ties": outcome.ties, "tie_break": order, "agreement": agreement,
        "topics": topics, "neurons": papers.neurons, "weight_bits": chip.weight_bits,
        "steps": job.STEPS, "seconds": round(outcome.seconds, 3), "counters": outcome.counters,
        "config": chip.to_dict(), **verdict.values(found),
    }  # fmt: skip

    def text() -> str:
        width = max(map(len, papers.topics))
        lines = [f"{row['topic']:<{width}} {row['correct']:3} of {row['papers']:3}" for row in topics if row["papers"]]
        same = note if agreement is None else f"{agreement:.2%} of the answers are those of SuperNeuroMAT"
        return "\n".join([
            *lines, learned.figure(outcome.right, outcome.seconds, "papers"),
            f"{outcome.ties} ties, broken in the order {', '.join(order)}; "
            f"{outcome.accuracy_without_ties:.2%} if they count as wrong",
            same, *verdict.lines(found, "weight"),
        ])  # fmt: skip

    verdict.emit(as_json, values, text, found)


demo.add_command(mnist.mnist)
demo.add_command(mnist.mnist_unsupervised)
demo.add_command(hidden.digits_delta)
demo.add_command(hidden.hidden)
demo.add_command(judged.judged)
demo.add_command(conditioning.conditioning)
