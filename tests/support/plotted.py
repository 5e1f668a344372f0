"""Pictures that tests compare with files within a tolerance; `python tests/support/plotted.py` writes these anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from neurocorex import plot
from neurocorex.device.result import Result
from neurocorex.plot.canvas import new_figure

FOLDER = Path(__file__).resolve().parents[1] / "plot/images"
#: Small enough for a repository, large enough to see what is wrong.
DPI = 45


def result() -> Result:
    """Four neurons that fire every 20 steps, each a little later, and are refractory for 6 steps."""
    neurons, steps = 4, 100
    step, neuron = np.nonzero((np.arange(steps)[:, None] - 3 * np.arange(neurons)) % 20 == 10)
    ramp = (np.arange(steps)[:, None] - 3 * np.arange(neurons) - 10) % 20
    return Result(
        steps=steps, neurons=neurons, samples=None, spike_samples=np.zeros_like(step), spike_times=step,
        spike_neurons=neuron, spikes_of=np.arange(neurons), spike_counts=np.bincount(neuron, minlength=neurons),
        v_items=(50 * ramp).astype(np.int32), v_neurons=np.arange(neurons), scales=np.full(neurons, 1000.0),
        units="network", threshold_items=np.full(neurons, 1000), refractory_steps=np.full(neurons, 6),
    )  # fmt: skip


def history() -> np.ndarray:
    """Weights [times, axons, neurons] that part into two modes."""
    rng = np.random.default_rng(4)
    up = rng.random((12, 10)) < 0.5
    drift = np.where(up, 0.02, -0.02) + rng.normal(0, 0.015, (30, 12, 10))
    return np.clip(0.5 + np.cumsum(drift, axis=0), 0, 1)


def inhibited() -> np.ndarray:
    """Weights of 0 to 0.5 from 8 inputs, and inhibition of -8 between all of 16 neurons."""
    excitation = np.random.default_rng(5).uniform(0, 0.5, (8, 16))
    return np.concatenate([excitation, -8.0 * (1 - np.eye(16))])


def everything() -> Figure:
    """Four pictures in one figure."""
    figure = new_figure(12, 8)
    axes = figure.subplots(2, 2).ravel()
    plot.raster(result(), groups={"first": [0, 1], "second": [2]}, inputs=result().spikes, ax=axes[0], title="raster")
    plot.membranes(result(), window=(20, 70), ax=axes[1], title="membranes")
    plot.weights_over_time(history(), ax=axes[2], title="weights")
    plot.weight_change(history()[0], history()[-1], ax=axes[3], title="change")
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "raster": lambda: plot.raster(result(), groups={"first": [0, 1], "second": [2, 3]}),
    "membranes": lambda: plot.membranes(result(), neurons=[0, 3]),
    "weights": lambda: plot.weights(inhibited(), inputs=8),
    "history": lambda: plot.weights_over_time(history(), steps=np.arange(30) * 10),
    "everything": everything,
}


def draw(name: str, path: Path) -> None:
    """Write one picture as PNG, with the same style wherever it is drawn."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 10}):
        PICTURES[name]().savefig(path, dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    for each in PICTURES:
        draw(each, FOLDER / f"{each}.png")
