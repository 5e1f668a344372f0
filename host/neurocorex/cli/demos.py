"""Demonstrations: complete jobs on data that everybody has."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from . import common, verdict

if TYPE_CHECKING:
    from ..demos.answers import Learned
    from ..demos.digits import DigitsResult
    from ..demos.microseer import MicroseerResult
    from ..device.device import Device
    from ..image import Image


@click.group()
def demo() -> None:
    """Complete jobs, from data to answer."""


def _device_options(command: common.Command) -> common.Command:
    """Add ``--device``, and how to open it."""
    where = click.option(
        "--device", default="emulator", show_default=True, help="Where to run: emulator, rtl, a port, a URL."
    )
    return where(common.device_options(command))


@demo.command()
@click.option("-n", "--images", type=click.IntRange(1, 594), help="Only the first so many test images.")
@click.option("--retrain", is_flag=True, help="Train the network again instead of taking the one that ships.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of --retrain.")
@click.option(
    "--raster", type=click.Path(path_type=Path), default="digits.png", show_default=True, help="Picture to draw."
)
@click.option("--save", type=click.Path(path_type=Path), help="Keep the network as a .npz file for other commands.")
@_device_options
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
    """Classify handwritten digits with 96 trained neurons.

    All 594 test images (8 by 8 pixels) of the usual split run on DEVICE. Anywhere but on the emulator the same images
    run there too, and every spike, membrane, weight and counter is compared.

    \b
    Examples:
      neurocorex demo digits
      neurocorex demo digits --device rtl --images 20 --json
      neurocorex demo digits --retrain --save digits.npz
    """
    from ..check.compare import differences
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
                found = [str(each) for each in differences(chip, outcome.result, reference, expected.result)]
            values |= verdict.values(found)
    figure = outcome.raster()
    common.write(raster, lambda: figure.savefig(raster))

    def text() -> str:
        return "\n".join([str(outcome), *verdict.lines(found, "bit"), f"spikes of the first images: {raster}"])

    verdict.emit(as_json, values, text, found)


def _network(retrain: bool, seed: int, *, quiet: bool) -> Image:
    from ..demos import digits as job

    if not retrain:
        return job.image()
    from ..demos.training import train_network

    train_x, train_y, _, _ = job.load_data()
    with common.progress_bar("training", quiet=quiet) as progress:
        return train_network(train_x, train_y, seed=seed, progress=progress)


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


def _learning_options(command: common.Command) -> common.Command:
    """Add the options of the demonstrations that learn digits."""
    images = click.option(
        "-n", "--images", type=click.IntRange(1, 1203), help="Only the first so many images of each kind."
    )
    seed = click.option(
        "--seed", default=0, show_default=True, type=click.IntRange(0), help="Of weights, order and rounding."
    )
    return images(seed(_device_options(common.json_option(command))))


@demo.command("digits-stdp")
@_learning_options
def digits_stdp(**options: Any) -> None:
    """Learn handwritten digits by STDP, with a teacher.

    90 neurons and weights of 8 bits learn on the chip, from forced spikes, the 1203 training images of the usual split;
    the 594 test images follow. The host streams images, forces spikes, clears and gates, and reads spikes. Anywhere but
    on the emulator the same happens there too, and every weight is compared.

    \b
    Examples:
      neurocorex demo digits-stdp
      neurocorex demo digits-stdp --seed 3 --json
      neurocorex demo digits-stdp --device rtl --images 10
    """
    from ..demos import digits_stdp as job

    _learn_digits(job, **options)


@demo.command("digits-unsupervised")
@_learning_options
def digits_unsupervised(**options: Any) -> None:
    """Sort handwritten digits by STDP, without a teacher.

    On the chip, 96 neurons compete for the 1203 training images; what each stands for is found out afterwards, from
    what it answers. Then the 594 test images follow. Anywhere but on the emulator the same happens there too, and every
    weight is compared.

    \b
    Examples:
      neurocorex demo digits-unsupervised
      neurocorex demo digits-unsupervised --device rtl --images 10 --json
    """
    from ..demos import digits_unsupervised as job

    _learn_digits(job, **options)


def _learn_digits(
    job: ModuleType,
    *,
    device: str,
    images: int | None,
    seed: int,
    config: Path | None,
    baud: int | None,
    as_json: bool,
) -> None:
    """Let a device learn digits with the job of a module."""

    def learn(chip: Device) -> Learned:
        with common.progress_bar("learning", quiet=as_json) as progress:
            outcome: Learned = job.learn(chip, seed=seed, images=images, progress=progress)
        return outcome

    outcome, chip, found = verdict.on_both(device, learn, config, baud, quiet=as_json)
    values = {
        "device": device, "seed": seed, "accuracy": outcome.accuracy, "images": len(outcome.labels),
        "trained": outcome.trained, **outcome.facts, "neurons": job.NEURONS, "inputs": job.PIXELS,
        "weight_bits": chip.weight_bits, "steps": job.STEPS, "seconds": round(outcome.seconds, 3),
        "counters": outcome.counters, "config": chip.to_dict(), **verdict.values(found),
    }  # fmt: skip
    lines = [outcome.summary, _figure(outcome.right, outcome.seconds), *verdict.lines(found, "weight")]
    verdict.emit(as_json, values, lambda: "\n".join(lines), found)


@demo.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with papers.csv and citations.csv.",
)  # fmt: skip
@click.option("-n", "--papers", "limit", type=click.IntRange(1), help="Only the first so many test papers.")
@_device_options
@common.json_option
def microseer(data: Path, device: str, limit: int | None, config: Path | None, baud: int | None, as_json: bool) -> None:
    """Find the topics of papers by SuperNeuroMAT's STDP.

    What is known is who cites whom. Every test paper is asked about, each from the same weights. Answers are compared
    with those of SuperNeuroMAT, if that is installed. Anywhere but on the emulator every weight after every paper is
    compared, too.

    \b
    Examples:
      neurocorex demo microseer --data microseer
      neurocorex demo microseer --data microseer --device rtl --baud 2000000 --json
    """
    from ..demos import microseer as job
    from ..errors import MissingToolError

    papers = job.Papers.load(data)

    def classify(chip: Device) -> MicroseerResult:
        with common.progress_bar("asking", quiet=as_json) as progress:
            return job.classify(chip, papers, limit=limit, progress=progress)

    outcome, chip, found = verdict.on_both(device, classify, config, baud, quiet=as_json)
    agreement: float | None = None
    note = ""
    try:
        agreement = float((job.superneuromat_answers(papers, outcome.shown) == outcome.answers).mean())
    except MissingToolError as error:
        note = str(error)
    order = [papers.topics[topic] for topic in papers.preference.tolist()]
    topics = job.per_topic(outcome)
    values = {
        "device": device, "accuracy": outcome.accuracy, "accuracy_without_ties": outcome.accuracy_without_ties,
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
            *lines, _figure(outcome.right, outcome.seconds, "papers"),
            f"{outcome.ties} ties, broken in the order {', '.join(order)}; "
            f"{outcome.accuracy_without_ties:.2%} if they count as wrong",
            same, *verdict.lines(found, "weight"),
        ])  # fmt: skip

    verdict.emit(as_json, values, text, found)


def _figure(right: Any, seconds: float, noun: str = "images") -> str:
    return f"{int(right.sum())} of {len(right)} {noun} right: {right.mean():.2%}, in {seconds:.2f} s"
