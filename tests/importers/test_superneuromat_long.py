"""SuperNeuroMAT models of integers over 100,000 ticks: spikes equal at every tick, weights after every piece."""

from __future__ import annotations

import warnings

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat
from neurocorex.importers.superneuromat import on_device
from neurocorex.spec import CoreConfig, Learning
from support.superneuromat_reference import WholeModel

TICKS, PIECE = 100_000, 10_000
STRONG = 4_000_000


def drifting(top):
    """Return three neurons whose synapses learn; depression alone would take them out of range within seconds."""
    weights = np.array([[0, 40, -20], [30, 0, 5], [0, 50, 0]])
    plastic = np.array([[False, True, True], [True, False, False], [False, True, False]])
    if top == 127:
        return WholeModel([0, 0, 0], [None, None, None], weights, plastic, [2, 1], [-2, -1])
    return WholeModel([0, 0, 10], [None, None, STRONG], weights, plastic, [18, 9, 9], [-6, -3, -3])


def inputs(top, rng):
    """Return what is added to each state in each tick: spikes of neurons about as often as keeps weights in range."""
    if top == 127:  # neurons fire in three of four ticks, so that gains and losses of every lag are equal
        on = np.array([[1], [1], [1], [0]], bool)
        return np.where(np.tile(on, (TICKS // 4, 3)), STRONG, -STRONG)
    return rng.integers(-STRONG, STRONG + 1, (TICKS, 3))


@pytest.mark.parametrize("top", [127, 32_767], ids=["W = 8", "W = 16"])
def test_drift_of_weights_in_range_does_nothing_else_for_100_000_ticks(top):
    reference, added = drifting(top), inputs(top, np.random.default_rng(12))
    chip, native = (reference.fill(superneuromat.SNN()) for _ in range(2))
    config = CoreConfig(
        neurons=3, inputs=1, lanes=4, weight_bits=top.bit_length() + 1, state_bits=24, adaptation=False,
        max_delay=1, learning=Learning.WINDOW, window_steps=3, refractory_bits=1,
    )  # fmt: skip
    largest = 0
    with warnings.catch_warnings(), ncx.open("emulator", config=config) as device:
        warnings.simplefilter("error", RuntimeWarning)
        adapter = on_device(chip, device)
        for start in range(0, TICKS, PIECE):
            spikes, piece = [], added[start : start + PIECE]
            queue(chip, piece)
            for row in piece:
                spikes.append(reference.tick(row))
                largest = max(largest, int(np.abs(reference.weights).max()))
            adapter.simulate(PIECE)
            assert np.array_equal(chip.ispikes[-PIECE:], spikes)
            assert np.array_equal(chip.weight_mat(), reference.weights)
            if not start:
                assert adapter.report.exact
                compare(native, added[:1000], np.array(spikes))
    assert adapter.saturated == {}
    assert top // 8 < largest <= top
    assert -sum(reference.losses) * TICKS > 8 * top


def queue(model, added):
    """Queue input spikes for all neurons in the next ticks."""
    nids = list(range(added.shape[1]))
    model.input_spikes = {tick: {"nids": nids, "values": row.tolist()} for tick, row in enumerate(added)}


def compare(native, added, spikes):
    """Hold the reference against SuperNeuroMAT in the first ticks."""
    queue(native, added)
    native.simulate(len(added), use="cpu", sparse=False)
    assert np.array_equal(native.ispikes, spikes[: len(added)])
