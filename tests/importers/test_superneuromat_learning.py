"""SuperNeuroMAT's models on a chip: spikes, states and weights of random ones, at every tick."""

from __future__ import annotations

from dataclasses import replace

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


@pytest.mark.parametrize("lags", [9, 10, 11, 15, 20])
def test_stdp_of_many_lags(lags):
    rng = np.random.default_rng([lags, 7])
    model = random_model(3, learns=True)
    model.stdp_setup(Apos=rng.integers(0, 9, lags).tolist(), Aneg=(-rng.integers(0, 3, lags)).tolist())
    with ncx.open("emulator") as device:
        assert departures(model, device, 60) == []
    assert len(set(model.synaptic_weights)) > 3


@pytest.mark.slow
def test_stdp_of_20_lags_on_the_gates():
    model = random_model(3, learns=True)
    model.stdp_setup(Apos=list(range(20, 0, -1)), Aneg=[-1] * 20)
    with ncx.open("rtl", config=(chip := replace(CHIP, window_steps=20))) as device:
        assert departures(model, device, 40, config=chip) == []
