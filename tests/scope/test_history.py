"""History of a live run: rings hold what came last, in whatever blocks it came."""

import numpy as np
import pytest
from neurocorex.scope.history import BINS, COLUMNS, History


def add(history: History, spikes: np.ndarray, driven: np.ndarray, v: np.ndarray) -> None:
    times, neurons = np.nonzero(spikes)
    history.add(len(spikes), times, neurons, v, np.nonzero(driven)[0])


@pytest.mark.parametrize("blocks", [(25,) * 100, (7, 400, 1, 92, 2000), (2500,)], ids=["even", "odd", "one"])
def test_rings_hold_the_last_steps(blocks: tuple[int, ...]) -> None:
    random = np.random.default_rng(2)
    spikes, driven = random.random((2500, 6)) < 0.05, random.random((2500, 4)) < 0.1
    v = random.random((2500, 2))
    history = History(6, 4, 1.0, membranes=2)
    for start, steps in zip(np.cumsum((0, *blocks)), blocks, strict=False):
        add(history, *(each[start : start + steps] for each in (spikes, driven, v)))
    columns = spikes.reshape(-1, 2, 6).any(axis=1)
    raster = history.raster()
    assert raster.steps == 2500
    assert np.array_equal(raster.cells.T, columns[-COLUMNS:])
    assert history.membranes() == pytest.approx(v[1::2][-COLUMNS:].T, rel=1e-6)
    rates = history.rates()
    assert rates.neurons[-25:] == pytest.approx(spikes.reshape(25, 100, 6).mean(axis=(1, 2)) * 1000)
    assert rates.inputs[-25:] == pytest.approx(driven.reshape(25, 100, 4).mean(axis=(1, 2)) * 1000)
    assert not rates.neurons[:-25].any()
    assert (rates.neurons.size, rates.end_s) == (BINS, 2.5)
    totals = history.totals()
    assert (totals.steps, totals.spikes, totals.input_spikes) == (2500, spikes.sum(), driven.sum())
    assert np.array_equal(totals.counts, spikes.sum(axis=0))


def test_many_neurons_share_rows() -> None:
    history = History(4096, 1, 1.0)
    history.add(1, np.zeros(2, int), np.array([0, 4095]), np.zeros((1, 0)), np.zeros(0, int))
    cells = history.raster().cells
    assert cells.shape[0] == 512
    assert np.argwhere(cells).tolist() == [[0, COLUMNS - 1], [511, COLUMNS - 1]]
