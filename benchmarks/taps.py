"""The emulator against SuperNeuroMAT, on SuperNeuroMAT's own model: taps, and a constant depression of every synapse.

An all-to-all network of integers, made as a SuperNeuroMAT model and imported; every spike has to be equal. Writes
docs/emulator.md. Needs superneuromat, which `pip install 'neurocorex[dev]'` brings.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import Any

import neurocorex as ncx
import numpy as np
import page
import superneuromat
from neurocorex.importers.superneuromat import from_superneuromat
from neurocorex.measuring import machine
from neurocorex.streams.streams import EventStream

TICKS = 200
REPETITIONS = 5
TARGET = 100


def network(neurons: int, learns: bool) -> Any:
    """Make an all-to-all model with noise for `TICKS` ticks, in which neurons fire in about 15 of 1000 ticks."""
    rng = np.random.default_rng(neurons)
    model = superneuromat.SNN()
    model.backend = "cpu"
    for _ in range(neurons):
        model.create_neuron(threshold=1000, leak=20, reset_state=0, refractory_period=1)
    weights = rng.integers(-8, 9, (neurons, neurons)).tolist()
    for pre in range(neurons):
        for post in range(neurons):
            model.create_synapse(pre, post, weight=weights[pre][post], stdp_enabled=learns)
    for tick in range(TICKS):
        for neuron in np.flatnonzero(rng.random(neurons) < 0.05).tolist():
            model.add_spike(tick, neuron, int(rng.integers(0, 1200)))
    if learns:
        model.stdp_setup(Apos=[4, 2, 1], Aneg=[-1, -1, -1])
    return model


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor time that a call takes, and what it returns."""
    start = time.process_time()
    outcome = run()
    return time.process_time() - start, outcome


def compare(neurons: int, learns: bool) -> dict[str, Any]:
    """Run one network on both, taking turns."""
    construct, model = timed(lambda: network(neurons, learns))
    imported = from_superneuromat(model)
    stimulus = imported.stimulus.cut(0, TICKS)
    seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
    same = imported.report.exact
    with ncx.open("emulator") as device:
        device.load(imported.image)
        device.run(spikes=EventStream.join([stimulus] * 100))  # loads the compiled steps
        for _ in range(REPETITIONS):
            device.load(imported.image)
            elapsed, result = timed(lambda: device.run(TICKS, spikes=stimulus))
            seconds["ours"].append(elapsed)
            fresh = model.copy()
            elapsed, _ = timed(partial(fresh.simulate, TICKS))
            seconds["theirs"].append(elapsed)
            same &= np.array_equal(imported.spikes(result), np.array(fresh.ispikes[-TICKS:]))
    ours, theirs = (statistics.median(seconds[who]) / TICKS * 1e6 for who in ("ours", "theirs"))
    return {
        "neurons": neurons, "mode": "stdp" if learns else "static", "ours": ours, "theirs": theirs,
        "ratio": theirs / ours, "rate": float(np.mean(imported.spikes(result))) * 1000, "same": bool(same),
        "construct": construct,
    }  # fmt: skip


def main() -> int:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", default="100,256,1024")
    options = parser.parse_args()
    rows = [compare(size, learns) for size in map(int, options.neurons.split(",")) for learns in (False, True)]
    heads = ("neurons", "mode", "NeuroCoreX, µs a tick", "SuperNeuroMAT, µs a tick", "ratio", "spikes in 1000 ticks")
    table = page.markdown(heads, [
        (
            str(row["neurons"]), row["mode"], f"{row['ours']:.1f}", f"{row['theirs']:.1f}", f"{row['ratio']:.0f}",
            f"{row['rate']:.1f}{'' if row['same'] else ' (OTHERS)'}",
        )
        for row in rows
    ])  # fmt: skip
    print("\n".join(table))
    about = f"superneuromat {version('superneuromat')}, backend cpu; {TICKS} ticks, medians of {REPETITIONS}"
    page.write("emulator.md", "taps", [f"Measured on {date.today()}, {machine()}; {about}.", "", *table])
    reached = all(row["ratio"] >= TARGET for row in rows if row["neurons"] == 1024)
    return 0 if reached and all(row["same"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
