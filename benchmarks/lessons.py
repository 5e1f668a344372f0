"""Time that demonstrations which learn would take on a board, by rate: bytes of a sample, cycles by formula, scaled.

    python benchmarks/lessons.py [--only digits-stdp digits-unsupervised mnist] [--json] [--write]

Nothing ran on a board. An emulator behind the byte layer is given a few images. Each run counts with the bytes of its
link or the cycles of the core, whichever take longer, at 80 MHz; that is scaled to the images of the whole job. The
questions of digits-stdp are counted: an emulator in this process carries out the whole job. mnist, which takes minutes,
counts as if each image were asked in every epoch. The networks of the samples have not learned yet, so a teacher gives
them more lessons. Loading, the time of the host, and that of a USB adapter between two runs are not in it. `--write`
puts the table into docs/patterns.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import neurocorex as ncx
import numpy as np
import page
from experiments import Formula
from link import CLOCK_HZ, RATES
from neurocorex.check.measuring import machine
from neurocorex.demos import competition, digits, digits_stdp, digits_unsupervised, mnist, mnist_stdp, teacher
from neurocorex.demos.samples import Samples
from neurocorex.device.device import Device
from neurocorex.spec import CoreConfig, Learning

PAGE, MARK = "patterns.md", "lessons"
HEADS = ("demonstration", "images", "Mbaud", "us an image, before", "us, after", "all, before, s", "all, after, s")
#: What a chip has for answers beside what learning takes.
ADDED = {"patterns": 1, "rate_bits": 4, "reports": True, "tallies": 4, "groups": 1}
#: Images of a sample: some runs of the teacher, which has shorter ones.
PART = 96


def questions(settings: teacher.Settings, samples: Samples) -> int:
    """Return how many questions a teacher asks in the whole job, those of the test left out."""
    with ncx.open("emulator") as device:
        outcome = teacher.learn(device, samples, settings, progress=False)
    lessons = outcome.facts["lessons"] * (settings.spikes + 2)
    return int(outcome.counters["steps"] - lessons) // settings.steps - len(samples.test)


def taught(settings: teacher.Settings, samples: Samples, answers: int, *, count: bool) -> dict[str, Any]:
    """Measure a job with a teacher; `answers` is how many it gives in all, and its questions are counted or bounded."""
    asked = questions(settings, samples) if count else settings.epochs * len(samples.train)
    plain = CoreConfig(neurons=settings.neurons, inputs=settings.inputs, learning=Learning.EXPONENTIAL)
    shown, labels, test = samples.train[:PART], samples.train_labels[:PART], samples.test[:PART]

    def learns(device: Device) -> Callable[[], object]:
        device.load(teacher.build(settings))
        chosen = teacher.Teacher(device, settings)
        parts = [slice(at, at + settings.batch) for at in range(0, len(shown), settings.batch)]
        chosen.teach(shown[parts[0]], labels[parts[0]])  # its lessons come with the next questions
        return lambda: [chosen.teach(shown[part], labels[part]) for part in parts]

    def replies(device: Device) -> Callable[[], object]:
        device.load(teacher.build(settings))
        chosen = teacher.Teacher(device, settings)
        chosen.answers(test[:1])
        return lambda: chosen.answers(test)

    chips = (plain, replace(plain, **ADDED))
    return {
        f"questions with lessons{'' if count else ', at most'}": (asked, times(chips, learns, len(shown))),
        "answers": (answers, times(chips, replies, len(test))),
    }


def sorted_out(settings: competition.Settings, samples: Samples) -> dict[str, Any]:
    """Measure a job without a teacher. It uses nothing of what is added: about one spike comes back for an image."""
    image = competition.build(settings)
    shown = samples.train[:PART]

    def learns(device: Device) -> Callable[[], object]:
        device.load(image)
        device.run(spikes=competition.questions(shown[:1], settings), counters=False)
        return lambda: device.run(spikes=competition.lesson(shown, settings, 1.0), counters=False)

    def replies(device: Device) -> Callable[[], object]:
        device.load(image)
        competition.winners(device, shown[:1], settings)
        return lambda: competition.winners(device, shown, settings)

    chips = (image.config, replace(image.config, **ADDED))
    return {
        "images learned": (settings.epochs * len(samples.train), times(chips, learns, len(shown))),
        "answers": (len(samples.train) + len(samples.test), times(chips, replies, len(shown))),
    }


def times(
    chips: tuple[CoreConfig, ...], prepared: Callable[[Device], Callable[[], object]], images: int
) -> dict[int, list[float]]:
    """Return seconds of an image on each chip, by rate; every run by itself is as long as what takes longest in it."""
    found: dict[int, list[float]] = {baud: [] for baud in RATES}
    for config in chips:
        with ncx.open("emulator", config=config, by_wire=True) as device:
            action, given = prepared(device), device.run
            spent = np.zeros(len(RATES))
            meters = [Formula(device, baud) for baud in RATES]

            def run(*args: Any, **options: Any) -> Any:
                results: list[Any] = []
                moved = meters[0].measure(lambda: results.append(given(*args, **options)))  # noqa: B023
                spent[:] += [meter.cycles(moved) for meter in meters]  # noqa: B023
                return results[0]

            device.run = run  # type: ignore[method-assign]
            action()
        for baud, cycles in zip(RATES, spent, strict=True):
            found[baud].append(cycles / CLOCK_HZ / images)
    return found


def of_digits(spikes: int) -> Samples:
    """Return the samples of the digits."""
    return Samples.of(digits.load_data(), spikes)


def of_mnist() -> dict[str, Any]:
    """Measure `mnist` as the command does it, with an answer to all test images after each epoch."""
    settings = mnist_stdp.settings()
    samples = mnist.Preparation(warp=mnist_stdp.WARP).samples(mnist.subset())
    return taught(settings, samples, settings.epochs * len(samples.test), count=False)


JOBS: dict[str, Callable[[], dict[str, Any]]] = {
    "digits-stdp": lambda: taught(
        digits_stdp.SETTINGS, of_digits(digits_stdp.SETTINGS.spikes), digits.TEST_IMAGES, count=True
    ),
    "digits-unsupervised": lambda: sorted_out(
        digits_unsupervised.SETTINGS, of_digits(digits_unsupervised.SETTINGS.spikes)
    ),
    "mnist": of_mnist,
}


def rows(name: str, found: dict[str, Any]) -> list[list[str]]:
    """Return the cells of a demonstration: its parts, and all of it."""
    cells = []
    for baud in RATES:
        whole = np.zeros(2)
        for what, (count, by_rate) in found.items():
            each = np.array(by_rate[baud])
            whole += count * each
            before, after = 1e6 * each
            cells.append([
                f"{name}: {what}", f"{count:,}", f"{baud / 1e6:g}", f"{before:,.0f}", f"{after:,.0f}",
                f"{count * each[0]:,.1f}", f"{count * each[1]:,.1f}",
            ])  # fmt: skip
        cells.append([f"**{name}**", "", f"{baud / 1e6:g}", "", "", f"**{whole[0]:,.1f}**", f"**{whole[1]:,.1f}**"])
    return cells


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS), help="demonstrations to measure")
    parser.add_argument("--json", action="store_true", help="print one object and nothing else")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    given = parser.parse_args()
    found = {name: JOBS[name]() for name in given.only}
    table = page.markdown(HEADS, [row for name, each in found.items() for row in rows(name, each)])
    print(json.dumps(found) if given.json else "\n".join(table))
    if given.write:
        command = f"python benchmarks/lessons.py --only {' '.join(given.only)}"
        page.write(PAGE, MARK, [f"Measured on {date.today()} by `{command}`, {machine()}.", "", *table])
    return 0


if __name__ == "__main__":
    sys.exit(main())
