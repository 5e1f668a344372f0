"""Processor time of sweeps, as a ratio to one warmed device that does the same runs in a loop.

    python benchmarks/sweep.py [--seeds 200] [--json]

All processes count, those of workers with their start included; Dask's scheduler, which is a thread of this one, too.
Ends with 1 if a sweep the obvious way takes more than 1.2 times the loop, or returns other rows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import neurocorex as ncx
import numpy as np

NEURONS, STEPS, RATE = 256, 2000, 0.02
#: Most that a sweep may take beside the loop.
TARGET = 1.2


def network(learns: bool) -> ncx.Network:
    """Return 256 inputs onto 256 neurons that fire at some 10 Hz, with or without STDP."""
    net = ncx.Network(inputs=NEURONS, neurons=NEURONS)
    weights = np.random.default_rng(0).uniform(0.0, 0.1, (NEURONS, NEURONS))
    net.connect(net.inputs, net.neurons, weights, plastic=learns)
    net.neurons.set(threshold=2.0, tau_ms=20.0)
    if learns:
        rates = {"pre_rate_hz": 200.0, "post_rate_hz": 200.0}
        net.learn(ncx.learning.stdp(20.0, 20.0, 0.005, -0.005, bounds=(0.0, 0.2), **rates))
    return net


STATIC, LEARNING = network(False), network(True)


def stimulus(seed: int) -> np.ndarray:
    """Input spikes of a seed."""
    return np.random.default_rng(seed).random((STEPS, NEURONS), np.float32) < RATE


def total(result: ncx.Result) -> int:
    """Return the number of all spikes."""
    return int(result.counts.sum())


def function_static(seed: int) -> int:
    """Run a seed on a device of its own."""
    with ncx.open("emulator") as device:
        device.load(STATIC)
        return total(device.run(spikes=stimulus(seed), record="counts"))


def loop(net: ncx.Network, learns: bool, seeds: int) -> list[int]:
    """Run all seeds on one device that is warm, each from the start of the network."""
    with ncx.open("emulator") as device:
        device.load(net)
        image = device.snapshot() if learns else None
        found = []
        for seed in range(seeds):
            if image is None:
                device.clear()
            else:
                device.load(image)
            found.append(total(device.run(spikes=stimulus(seed), record="counts")))
    return found


def measured(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what work returns, and its processor time in all processes and its duration, in seconds."""
    before, begun = sum(os.times()[:4]), time.perf_counter()
    found = work()
    return found, sum(os.times()[:4]) - before, time.perf_counter() - begun


def cases(seeds: int) -> list[tuple[str, bool, bool, Callable[[], ncx.Table]]]:
    """Name of each way, whether its network learns, whether it is held to the target, and the sweep."""

    def swept(net: ncx.Network, workers: Any = None) -> ncx.Table:
        return ncx.sweep(net, seeds=range(seeds), spikes=stimulus, measure=total, record="counts", workers=workers)

    found: list[tuple[str, bool, bool, Callable[[], ncx.Table]]] = [
        ("a network, the obvious way", False, True, lambda: swept(STATIC)),
        ("a network, two workers", False, False, lambda: swept(STATIC, 2)),
        ("a network with STDP, the obvious way", True, True, lambda: swept(LEARNING)),
        ("a network with STDP, two workers", True, False, lambda: swept(LEARNING, 2)),
        ("a function that opens and loads", False, False, lambda: ncx.sweep(function_static, seeds=range(seeds))),
    ]
    if find_spec("distributed") is not None:
        found.append(("a network with STDP, two workers of Dask", True, False, lambda: on_dask(swept)))
    return found


def on_dask(swept: Callable[[ncx.Network, Any], ncx.Table]) -> ncx.Table:
    """Sweep on a cluster of two processes."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        return swept(LEARNING, cluster)


def main() -> int:
    """Measure all ways and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="a line of JSON for each way")
    options = parser.parse_args()
    loops: dict[bool, tuple[list[int], float, float]] = {}
    for learns, net in ((False, STATIC), (True, LEARNING)):
        loop(net, learns, 2)  # warms it
        loops[learns] = measured(lambda net=net, learns=learns: loop(net, learns, options.seeds))
        label = "loop on one warmed device" + (" with STDP" if learns else "")
        show(options.json, label, loops[learns][1], loops[learns][2], 1.0)
    failed = 0
    for name, learns, held, sweep in cases(options.seeds):
        expected, base, _ = loops[learns]
        table, processor, duration = measured(sweep)
        same = [row["result"] for row in table] == expected
        show(options.json, name, processor, duration, processor / base, "" if same else "OTHER ROWS")
        failed |= not same or (held and processor > TARGET * base)
    return int(failed)


def show(as_json: bool, name: str, processor_s: float, duration_s: float, ratio: float, remark: str = "") -> None:
    """Print one way."""
    if as_json:
        print(json.dumps({"way": name, "processor_s": processor_s, "duration_s": duration_s, "ratio": ratio}))
    else:
        print(f"{name:44} {processor_s:7.2f} s  {duration_s:7.2f} s  {ratio:5.2f} x  {remark}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
