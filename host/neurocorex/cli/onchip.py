"""Digits on the chip: the command's way with rates in and winners out, and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import output, verdict
from .choice import DeviceChoice


def classify(chosen: DeviceChoice, limit: int | None, *, retrain: bool, save: Path | None, as_json: bool) -> None:
    """Classify digits from rates, on a device and, unless it is one, on the emulator; print what differs.

    Raises
    ------
    InputError
        For options that this way does not have.
    """
    from ..check.compare import held_differences
    from ..demos import digits_on_chip as job
    from ..device.open import EMULATOR, open_device
    from ..errors import InputError

    if retrain or save is not None:
        raise InputError("--on-chip takes the network that ships, so it has neither --retrain nor --save")
    with chosen.open(chosen.geometry() or job.config()) as chip:
        job.load(chip)
        with output.progress_bar("classifying", quiet=as_json) as progress:
            outcome = job.evaluate(chip, images=limit, progress=progress)
        config, found = chip.config, None
        if not chosen.target.is_emulator:
            with open_device(EMULATOR.name, config=config) as reference:
                job.load(reference)
                expected = job.evaluate(reference, images=limit)
                found = [str(each) for each in held_differences(chip, reference)]
            if (outcome.predictions != expected.predictions).any():
                found.append("answers differ")
    other = int((job.by_spikes(len(outcome.labels)) != outcome.predictions).sum())
    each = outcome.bytes_per_image
    values: dict[str, Any] = {
        "device": chosen.name, "accuracy": outcome.accuracy, "images": len(outcome.labels),
        "input": outcome.input, "output": outcome.output, "rate_bits": outcome.rate_bits,
        "answers_unlike_spike_trains": other,
        "bytes_to_chip_per_image": each and each[0], "bytes_from_chip_per_image": each and each[1],
        "seconds": round(outcome.seconds, 3), **output.cycles(outcome.counters), "counters": outcome.counters,
        "config": config.to_dict(), **verdict.values(found),
    }  # fmt: skip

    def text() -> str:
        wire = "no line" if each is None else f"{each[0]:g} bytes to the chip and {each[1]:g} from it for an image"
        return "\n".join([
            f"{outcome.accuracy:.2%} of {len(outcome.labels)} images in {outcome.seconds:.1f} s",
            f"{outcome.input} in, {outcome.output} out: {wire}",
            f"{other} answers are not those of the spike trains, because rates have {outcome.rate_bits} bits",
            *verdict.lines(found, "answer, state, weight and counter"),
        ])  # fmt: skip

    verdict.emit(as_json, values, text, found)


def option(command: output.Command) -> output.Command:
    """Add the option that chooses this way."""
    return click.option(
        "--on-chip", is_flag=True,
        help="Send rates, from which the chip makes even spike trains, and get the winner of each image back.",
    )(command)  # fmt: skip
