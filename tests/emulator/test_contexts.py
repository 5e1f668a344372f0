"""Laws of contexts: gains are factors of recurrent weights, biases add to biases, and a plain simulation agrees."""

from typing import Any

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Learning, Region

CONFIG = CoreConfig(neurons=20, inputs=12, max_delay=5, extra_axons=6, contexts=4)
LEARNS = CoreConfig(neurons=20, inputs=12, max_delay=5, extra_axons=6, contexts=4, learning=Learning.WINDOW)
IN_FORCE = 2


def drawn(config: CoreConfig, seed: int) -> tuple[dict[Region, np.ndarray], EventStream]:
    """Network that stays in one context, of which all banks are neutral, and weights that can be doubled."""
    trial = Trial.random(config, seed, 60, fixed={Control.CONTEXT: IN_FORCE, Control.LEARNING: 0}, record_all=True)
    regions = {region: values.copy() for region, values in trial.image.regions.items()}
    regions[Region.WEIGHTS] //= 2
    regions[Region.CONTEXT_BIAS][:] = 0
    regions[Region.CONTEXT_GAIN][:] = 256
    return regions, trial.stimulus


def run(config: CoreConfig, regions: dict[Region, np.ndarray], stimulus: EventStream) -> tuple[EventStream, Any, int]:
    """Records, membranes and saturations; all neurons record both."""
    emulator = Emulator(config)
    for region, values in regions.items():
        emulator.write(region, values)
    records = emulator.run(stimulus)
    return records, emulator.regions[Region.MEMBRANE].tolist(), emulator.counters[Counter.SATURATIONS]


@pytest.mark.parametrize("config", [CONFIG, LEARNS], ids=["static", "learns"])
@pytest.mark.parametrize("seed", range(3))
def test_gain_is_a_factor_of_recurrent_weights(config: CoreConfig, seed: int) -> None:
    regions, stimulus = drawn(config, seed)
    for gain, factor in ((512, 2), (0, 0), (256, 1)):
        scaled, weighted = ({region: values.copy() for region, values in regions.items()} for _ in range(2))
        scaled[Region.CONTEXT_GAIN][IN_FORCE] = gain
        scaled[Region.CONTEXT_GAIN][IN_FORCE + 1] = 77
        weighted[Region.WEIGHTS][config.inputs :] *= factor
        assert run(config, scaled, stimulus) == run(config, weighted, stimulus)


@pytest.mark.parametrize("seed", range(3))
def test_bias_adds_to_the_bias(seed: int) -> None:
    regions, stimulus = drawn(CONFIG, seed)
    regions[Region.BIAS] //= 2
    added = np.random.default_rng(seed).integers(-300, 300, CONFIG.neurons)
    moved, biased = ({region: values.copy() for region, values in regions.items()} for _ in range(2))
    moved[Region.CONTEXT_BIAS][IN_FORCE] = added
    moved[Region.CONTEXT_BIAS][0] = 999
    biased[Region.BIAS] += added
    assert run(CONFIG, moved, stimulus) == run(CONFIG, biased, stimulus)


def test_plain_simulation_agrees_while_contexts_change() -> None:
    """Integrate and fire in NumPy, with floor arithmetic; clears leave the context alone."""
    rng, steps, neurons, inputs = np.random.default_rng(4), 200, CONFIG.neurons, CONFIG.inputs
    weights = rng.integers(-90, 128, (CONFIG.axons, neurons))
    weights[inputs + neurons :] = 0
    biases, gains = rng.integers(-40, 40, (4, neurons)), rng.integers(0, 700, (4, neurons))
    emulator = Emulator(CONFIG)
    for region, values in (
        (Region.WEIGHTS, weights), (Region.THRESHOLD, np.full(neurons, 300)), (Region.DELAY, np.ones(neurons, int)),
        (Region.CURRENT_DECAY, np.full(neurons, 65535)), (Region.CONTEXT_BIAS, biases), (Region.CONTEXT_GAIN, gains),
        (Region.FLAGS, np.full(neurons, 4)),
    ):  # fmt: skip
        emulator.write(region, values)
    emulator.write(Region.CONTROL, [1, 2])
    at = np.arange(0, steps, 7)
    contexts = rng.integers(0, 4, at.size)
    spikes = rng.random((steps, inputs)) < 0.2
    stimulus = EventStream(steps, *np.nonzero(spikes)).switching(at, contexts).clearing([50, 51], Clear(63))

    in_force, v, before, fired = 0, np.zeros(neurons, int), np.zeros(neurons, bool), []
    for step in range(steps):
        if step in at:
            in_force = int(contexts[at.tolist().index(step)])
        if step in (50, 51):
            v[:], before[:] = 0, False
        recurrent = (weights[inputs : inputs + neurons][before].sum(axis=0) << 2) * gains[in_force] // 256
        v += (weights[:inputs][spikes[step]].sum(axis=0) << 1) + recurrent + biases[in_force]
        before = v > 300
        v[before] = 0
        fired += [(step, j) for j in np.flatnonzero(before).tolist()]
    records = emulator.run(stimulus)
    assert list(zip(records.event_step.tolist(), records.event_index.tolist(), strict=True)) == fired
    assert len(fired) > 500
    assert emulator.regions[Region.CONTROL][Control.CONTEXT] == in_force


@pytest.mark.parametrize("current", [-5, 0, 1234])
@pytest.mark.parametrize(("neurons", "contexts"), [(64, 2), (256, 1)])
def test_sums_far_beyond_a_state_cancel_exactly(neurons: int, contexts: int, current: int) -> None:
    """256 inputs of the largest weight, and as many neurons of the smallest, or a quarter with a gain of four."""
    config = CoreConfig(neurons=neurons, inputs=256, weight_bits=16, state_bits=24, contexts=contexts)
    weights = np.concatenate([np.full((256, neurons), 32767), np.full((neurons, neurons), -32767)])
    emulator = Emulator(config)
    for region, values in (
        (Region.WEIGHTS, weights), (Region.THRESHOLD, np.full(neurons, 9999)),
        (Region.DELAY, np.ones(neurons, int)), (Region.CURRENT_DECAY, np.full(neurons, 65535)),
    ):  # fmt: skip
        emulator.write(region, values)
    if contexts > 1:
        emulator.write(Region.CONTEXT_GAIN, np.full((contexts, neurons), 1024))
    emulator.write(Region.CONTROL, [7, 7])
    everyone = np.arange(neurons)
    emulator.step(graded_neurons=everyone, graded_values=everyone * 0, graded_forced=everyone * 0 + 1)
    emulator.step(np.arange(256), everyone, everyone * 0 + current)
    assert emulator.regions[Region.MEMBRANE].tolist() == [current] * neurons
