"""The emulator against SuperNeuroMAT, on SuperNeuroMAT's own model: taps, and a constant depression of every synapse.

An all-to-all network of integers, made as a SuperNeuroMAT model and imported; all spikes have to be equal.
SuperNeuroMAT runs in whichever of its ways is the fastest for the network, and without what it does before and after a
run. `--write` puts the table into docs/emulator.md. Needs superneuromat, which `pip install 'neurocorex[dev]'` brings.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # read when NumPy is imported

# ruff: noqa: E402
import argparse
import statistics
import sys
import time
from datetime import date
from importlib.metadata import version
from typing import Any

import neurocorex as ncx
import numpy as np
import page
import superneuromat
from neurocorex.check.measuring import machine
from neurocorex.importers.superneuromat import from_superneuromat

PAGE = "emulator.md"
TICKS = 2000
#: Ticks of a run of SuperNeuroMAT, which takes much longer.
THEIR_TICKS = 100
#: Ticks by which the fastest way is found.
TRIAL_TICKS = 12
REPETITIONS = 5
TARGET_NEURONS, TARGET = 1024, 100
WAYS = [(backend, dtype) for backend in ("cpu", "jit") for dtype in (np.float64, np.float32)]
#: Far beyond the weights, so that neurons fire in 15 of 1000 ticks whatever the weights become; exact as 32-bit floats.
THRESHOLD, LEAK, LARGEST_INPUT = 4_000_000, 80_000, 4_800_000


def network(neurons: int, learns: bool) -> Any:
    """Make an all-to-all model with noise for `TICKS` ticks."""
    rng = np.random.default_rng(neurons)
    model = superneuromat.SNN()
    for _ in range(neurons):
        model.create_neuron(threshold=THRESHOLD, leak=LEAK, reset_state=0, refractory_period=1)
    weights = rng.integers(-8, 9, (neurons, neurons)).tolist()
    for pre in range(neurons):
        for post in range(neurons):
            model.create_synapse(pre, post, weight=weights[pre][post], stdp_enabled=learns)
    for tick in range(TICKS):
        for neuron in np.flatnonzero(rng.random(neurons) < 0.05).tolist():
            model.add_spike(tick, neuron, int(rng.integers(0, LARGEST_INPUT)))
    if learns:
        model.stdp_setup(Apos=[4, 2, 1], Aneg=[-1, -1, -1])
    return model


class Theirs:
    """A model in SuperNeuroMAT; it sets up by hand, so that only ticks are measured, each on its own."""

    def __init__(self, model: Any) -> None:
        model.manual_setup = True
        model.sparse = False
        self._model = model
        seconds = {way: statistics.median(self.run(way, TRIAL_TICKS)) for way in WAYS}  # the first tick compiles
        self.way = min(seconds, key=lambda way: seconds[way])

    def run(self, way: tuple[str, Any], ticks: int) -> list[float]:
        """Run from the beginning; return the seconds of the processor that each tick took."""
        model, times = self._model, list[float]()
        model.backend, model.default_dtype = way
        model.spike_train = []
        model.setup()
        model.setup_input_spikes(ticks)
        model.simulate(ticks, callback=lambda *_: times.append(time.process_time()))
        return np.diff([*times, time.process_time()]).tolist()

    @property
    def spikes(self) -> np.ndarray:
        """Raster of the last run."""
        return np.array(self._model.spike_train, np.bool_)


def compare(neurons: int, learns: bool) -> dict[str, Any]:
    """Run one network on both, taking turns."""
    start = time.perf_counter()
    model = network(neurons, learns)
    constructed = time.perf_counter()
    imported = from_superneuromat(model)
    brought = time.perf_counter()
    theirs, stimulus = Theirs(model), imported.stimulus.cut(0, TICKS)
    ticks, runs, same = list[float](), list[float](), imported.report.exact
    with ncx.open("emulator") as device:
        device.load(imported.image)
        device.prepare()
        for _ in range(REPETITIONS):
            device.load(imported.image)
            begin = time.process_time()
            result = device.run(TICKS, spikes=stimulus)
            runs.append((time.process_time() - begin) / TICKS)
            ticks += theirs.run(theirs.way, THEIR_TICKS)
            same &= np.array_equal(imported.spikes(result)[:THEIR_TICKS], theirs.spikes)
    backend, dtype = theirs.way
    ours = statistics.median(runs)
    return {
        "neurons": neurons, "mode": "stdp" if learns else "static", "ours": ours * 1e6,
        "theirs": statistics.median(ticks) * 1e6, "ratio": statistics.median(ticks) / ours,
        "way": f"{backend}, {np.dtype(dtype).name}", "rate": float(np.mean(theirs.spikes)) * 1000, "same": bool(same),
        "construct": constructed - start, "import": brought - constructed,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Lines of a table of rows."""
    heads = (
        "neurons", "mode", "NeuroCoreX, µs a tick", "SuperNeuroMAT, µs a tick", "its way", "ratio",
        "spikes in 1000 ticks", "same spikes",
    )  # fmt: skip
    return page.markdown(heads, [
        (
            str(row["neurons"]), row["mode"], f"{row['ours']:.1f}", f"{row['theirs']:.0f}", row["way"],
            f"{row['ratio']:.0f}", f"{row['rate']:.1f}", "yes" if row["same"] else "NO",
        )
        for row in rows
    ])  # fmt: skip


def main() -> int:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", default="100,256,1024")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    options = parser.parse_args()
    rows = []
    for size in map(int, options.neurons.split(",")):
        for learns in (False, True):
            rows.append(compare(size, learns))
            print("\n".join(table(rows[-1:])[-1:]), flush=True)
    about = (
        f"superneuromat {version('superneuromat')}, NumPy {np.__version__}, one thread; medians of {REPETITIONS} runs "
        f"of {TICKS} ticks here, of every tick in {REPETITIONS} runs of {THEIR_TICKS} there"
    )
    if options.write:
        page.write(PAGE, "taps", [f"Measured on {date.today()}, {machine()}; {about}.", "", *table(rows)])
    reached = all(row["ratio"] >= TARGET for row in rows if row["neurons"] == TARGET_NEURONS and row["mode"] == "stdp")
    return 0 if reached and all(row["same"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
