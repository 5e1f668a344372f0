"""STDP as SuperNeuroMAT does it: spikes and weights of random models, at every tick."""

from __future__ import annotations

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.quantiser.quantise import quantise
from neurocorex.spec import Region
from superneuromat_models import TICKS, random_model, translated

BATCHES, BATCH = 10, 24


def mismatches(seed: int) -> list[str]:
    """Where a chip departs from the random model of a seed."""
    model = random_model(seed)
    case = translated(model, TICKS)
    image, _ = quantise(case.network, case.config, scale=1)
    with ncx.open("emulator", config=case.config) as device:
        device.load(image)
        device.write(Region.MEMBRANE, case.membranes)
        device.write(Region.REFRACTORY_COUNT, case.refractory)
        result = device.run(inject=case.inject, snapshot_every=1)
    found = []
    weights = [model.weight_mat()]
    for _ in range(TICKS):
        model.simulate(1)
        weights.append(model.weight_mat())
    spikes = np.array(model.ispikes, bool)
    if not np.array_equal(result.spikes, spikes):
        found.append(f"model {seed}: spikes differ first in tick {np.argwhere(result.spikes != spikes)[0]}")
    if not np.array_equal(result.weights_over_time[:, 1:], weights):
        found.append(f"model {seed}: weights differ")
    return found


@pytest.mark.parametrize("batch", range(BATCHES))
def test_spikes_and_weights_equal_at_every_tick(batch):
    assert not [line for seed in range(batch * BATCH, (batch + 1) * BATCH) for line in mismatches(seed)]


def test_random_models_fire_and_learn():
    spikes = potentiated = depressed = 0
    for seed in range(30):
        model = random_model(seed)
        before = model.weight_mat()
        model.simulate(TICKS)
        spikes += int(np.sum(model.ispikes))
        potentiated += int(np.sum(model.weight_mat() > before))
        depressed += int(np.sum(model.weight_mat() < before))
    assert min(spikes, potentiated, depressed) > 200
