"""Accuracy of the digits learned on the chip, with and without a teacher, over several seeds on the emulator.

Run as ``python benchmarks/learning.py [--json] [--seeds 5]``.
"""

from __future__ import annotations

import argparse
import json
from statistics import median
from typing import Any

import neurocorex as ncx
from neurocorex.demos import digits_stdp, digits_unsupervised

DEMOS = {"digits-stdp": digits_stdp, "digits-unsupervised": digits_unsupervised}


def measure(name: str, seeds: int) -> dict[str, Any]:
    """Return the accuracies on the 594 test images, and the seconds, of each seed."""
    outcomes = []
    for seed in range(seeds):
        with ncx.open("emulator") as device:
            outcomes.append(DEMOS[name].learn(device, seed=seed))
    accuracies = [outcome.accuracy for outcome in outcomes]
    return {
        "demo": name,
        "neurons": DEMOS[name].NEURONS,
        "accuracy": [round(accuracy, 4) for accuracy in accuracies],
        "median": round(median(accuracies), 4),
        "seconds": [round(outcome.seconds, 1) for outcome in outcomes],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object for each demonstration")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    for name in DEMOS:
        told = measure(name, options.seeds)
        if options.json:
            print(json.dumps(told))
        else:
            each = ", ".join(f"{accuracy:.2%}" for accuracy in told["accuracy"])
            print(f"{name}: median {told['median']:.2%} of seeds {each}; {max(told['seconds']):.0f} s at most")


if __name__ == "__main__":
    main()
