"""Demonstrations: complete jobs on data that everybody has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from . import common

if TYPE_CHECKING:
    from ..demos.digits import DigitsResult
    from ..demos.digits_stdp import StdpResult
    from ..demos.digits_unsupervised import UnsupervisedResult
    from ..demos.microseer import MicroseerResult
    from ..device.device import Device
    from ..image import Image
    from ..spec import CoreConfig


class _HasWeights(Protocol):
    @property
    def weights(self) -> Any: ...


Outcome = TypeVar("Outcome", bound=_HasWeights)


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
                found = [str(each) for each in differences(chip, outcome.result, reference, expected.result)]
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


@demo.command("digits-stdp")
@click.option("--device", default="emulator", show_default=True, help="Where to learn: emulator, rtl, a port, a URL.")
@click.option("-n", "--images", type=click.IntRange(1, 1203), help="Only the first so many images of each kind.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of weights, order and rounding.")
@common.device_options
@common.json_option
def digits_stdp(
    device: str, images: int | None, seed: int, config: Path | None, baud: int | None, as_json: bool
) -> None:
    """Learn handwritten digits on the chip by STDP, with teacher spikes.

    90 neurons and weights of 8 bits learn the 1203 training images of the usual split; the 594 test images follow.
    The host streams images, forces spikes, clears and gates, and reads spikes. Anywhere but on the emulator the same
    happens there too, and every weight is compared.

    \b
    Examples:
      neurocorex demo digits-stdp
      neurocorex demo digits-stdp --seed 3 --json
      neurocorex demo digits-stdp --device rtl --images 10
    """
    from ..demos import digits_stdp as job

    def learn(chip: Device) -> StdpResult:
        with common.progress_bar("learning", quiet=as_json) as progress:
            return job.learn(chip, seed=seed, images=images, progress=progress)

    outcome, chip, found = _learned(device, learn, config, baud, quiet=as_json)
    values = {
        "device": device, "seed": seed, "accuracy": outcome.accuracy, "images": len(outcome.labels),
        "trained": outcome.trained, "lessons": outcome.lessons, "neurons": job.NEURONS, "inputs": job.PIXELS,
        "weight_bits": chip.weight_bits, "steps": job.STEPS, "seconds": round(outcome.seconds, 3),
        "counters": outcome.counters, "config": chip.to_dict(), **_verdict(found),
    }  # fmt: skip
    common.emit(
        as_json, values,
        lambda: "\n".join([
            f"{outcome.trained} images learned with {outcome.lessons} lessons",
            _figure(outcome.predictions == outcome.labels, outcome.seconds), *_verdict_text(found),
        ]),
    )  # fmt: skip


@demo.command("digits-unsupervised")
@click.option("--device", default="emulator", show_default=True, help="Where to learn: emulator, rtl, a port, a URL.")
@click.option("-n", "--images", type=click.IntRange(1, 1203), help="Only the first so many images of each kind.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of weights, order and rounding.")
@common.device_options
@common.json_option
def digits_unsupervised(
    device: str, images: int | None, seed: int, config: Path | None, baud: int | None, as_json: bool
) -> None:
    """Sort handwritten digits on the chip, without a teacher.

    96 neurons compete for the 1203 training images; what each stands for is found out afterwards, from what it answers.
    Then the 594 test images follow. Anywhere but on the emulator the same happens there too, and every weight is
    compared.

    \b
    Examples:
      neurocorex demo digits-unsupervised
      neurocorex demo digits-unsupervised --device rtl --images 10 --json
    """
    from ..demos import digits_unsupervised as job

    def sort(chip: Device) -> UnsupervisedResult:
        with common.progress_bar("learning", quiet=as_json) as progress:
            return job.learn(chip, seed=seed, images=images, progress=progress)

    outcome, chip, found = _learned(device, sort, config, baud, quiet=as_json)
    used = int((outcome.digits >= 0).sum())
    values = {
        "device": device, "seed": seed, "accuracy": outcome.accuracy, "images": len(outcome.labels),
        "trained": outcome.trained, "used": used, "digits": outcome.digits, "winners_per_image": outcome.winners,
        "neurons": job.NEURONS, "inputs": job.PIXELS, "weight_bits": chip.weight_bits, "steps": job.STEPS,
        "seconds": round(outcome.seconds, 3), "counters": outcome.counters, "config": chip.to_dict(), **_verdict(found),
    }  # fmt: skip
    common.emit(
        as_json, values,
        lambda: "\n".join([
            f"{outcome.trained} images learned, {used} of {job.NEURONS} neurons stand for a digit",
            _figure(outcome.predictions == outcome.labels, outcome.seconds), *_verdict_text(found),
        ]),
    )  # fmt: skip


@demo.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with papers.csv and citations.csv.",
)  # fmt: skip
@click.option("--device", default="emulator", show_default=True, help="Where to learn: emulator, rtl, a port, a URL.")
@click.option("-n", "--papers", "limit", type=click.IntRange(1), help="Only the first so many test papers.")
@common.device_options
@common.json_option
def microseer(data: Path, device: str, limit: int | None, config: Path | None, baud: int | None, as_json: bool) -> None:
    """Find the topics of papers from who cites whom, by SuperNeuroMAT's STDP.

    Every test paper is asked about, each from the same weights. Answers are compared with those of SuperNeuroMAT, if
    that is installed. Anywhere but on the emulator every weight after every paper is compared, too.

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

    outcome, chip, found = _learned(device, classify, config, baud, quiet=as_json)
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
        "config": chip.to_dict(), **_verdict(found),
    }  # fmt: skip

    def text() -> str:
        width = max(map(len, papers.topics))
        lines = [f"{row['topic']:<{width}} {row['correct']:3} of {row['papers']:3}" for row in topics if row["papers"]]
        same = note if agreement is None else f"{agreement:.2%} of the answers are those of SuperNeuroMAT"
        return "\n".join([
            *lines, _figure(outcome.right, outcome.seconds, "papers"),
            f"{outcome.ties} ties, broken in the order {', '.join(order)}; "
            f"{outcome.accuracy_without_ties:.2%} if they count as wrong",
            same, *_verdict_text(found),
        ])  # fmt: skip

    common.emit(as_json, values, text)


def _learned(
    device: str, job: Callable[[Device], Outcome], config: Path | None, baud: int | None, *, quiet: bool
) -> tuple[Outcome, CoreConfig, list[str] | None]:
    """Do a job on a device, and unless it is the emulator there too; tell what differs (None: not compared)."""
    from ..compare import held_differences
    from ..opening import open_device

    with common.opened(device, config, baud, quiet=quiet) as chip:
        outcome = job(chip)
        if device == "emulator":
            return outcome, chip.config, None
        with open_device("emulator", config=chip.config) as reference:
            expected = job(reference)
            found = [str(each) for each in held_differences(chip, reference)]
        if not (outcome.weights == expected.weights).all():
            found.append("weights on the way differ")
        return outcome, chip.config, found


def _verdict(found: list[str] | None) -> dict[str, Any]:
    return {} if found is None else {"identical": not found, "differences": found}


def _verdict_text(found: list[str] | None) -> list[str]:
    return [] if found is None else found or ["identical to the emulator, every weight"]


def _figure(right: Any, seconds: float, noun: str = "images") -> str:
    return f"{int(right.sum())} of {len(right)} {noun} right: {right.mean():.2%}, in {seconds:.2f} s"
