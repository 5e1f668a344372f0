"""SuperNeuroMAT's models on a chip: spikes, states and weights of random ones, at every tick."""

from __future__ import annotations

import neurocorex as ncx
import numpy as np
import pytest
from support.superneuromat_models import CHIP, TICKS, departures, random_model

BATCHES, BATCH = 10, 20


@pytest.mark.parametrize("batch", range(BATCHES))
def test_spikes_states_and_weights_equal_at_every_tick(batch):
    with ncx.open("emulator") as device:
        found = {seed: departures(random_model(seed), device) for seed in range(batch * BATCH, (batch + 1) * BATCH)}
    assert not {seed: lines for seed, lines in found.items() if lines}


def test_they_equal_from_any_tick_on():
    with ncx.open("emulator") as device:
        for seed in range(30):
            model = random_model(seed)
            model.simulate(1 + seed % 12)
            assert departures(model, device, 12) == [], seed


@pytest.mark.slow
def test_the_gates_of_a_chip_do_the_same():
    with ncx.open("rtl", config=CHIP) as device:
        found = {seed: departures(random_model(seed), device, config=CHIP) for seed in range(20)}
    assert not {seed: lines for seed, lines in found.items() if lines}


def test_random_models_fire_and_learn():
    spikes = potentiated = depressed = delayed = 0
    for seed in range(30):
        model = random_model(seed)
        before = model.weight_mat()
        model.simulate(TICKS)
        spikes += int(np.sum(model.ispikes))
        potentiated += int(np.sum(model.weight_mat() > before))
        depressed += int(np.sum(model.weight_mat() < before))
        delayed += int(np.sum(np.array(model.synaptic_delays) < 0))
    assert min(spikes, delayed) > 200
    assert min(potentiated, depressed) > 80
