"""Brunel (2000): a balanced random network of 1,000 neurons, in its four regimes, beside floats."""

import neurocorex as ncx
import numpy as np
import pytest
from support.published import Balanced

#: Regimes of the paper, with the length of a run; slow oscillations have to be seen for long.
REGIMES = {
    "synchronous regular": (Balanced(inhibition=3.0, drive=2.0), 6000),
    "asynchronous irregular": (Balanced(inhibition=5.0, drive=2.0), 6000),
    "fast oscillation": (Balanced(inhibition=6.0, drive=4.0), 6000),
    "slow oscillation": (Balanced(inhibition=4.5, drive=0.9), 40000),
}


def on_chip(net: Balanced, weights: np.ndarray, noise: np.ndarray) -> np.ndarray:
    chip = ncx.Network(inputs=1, neurons=net.neurons, dt_ms=net.dt)
    chip.connect(chip.neurons, chip.neurons, weights, delay_ms=net.delay)
    chip.neurons.set(
        threshold=net.threshold, reset=net.reset, tau_ms=net.tau, refractory_ms=net.refractory, refractory="hold"
    )
    config = ncx.CoreConfig(inputs=1, neurons=net.neurons, weight_bits=16, state_bits=24, max_delay=16)
    with ncx.open("emulator", config=config) as device:
        device.load(ncx.quantise(chip, config, inject_max=float(noise.max()))[0])
        result = device.run(inject=noise)
    assert result.counters["saturations"] == 0
    return result.spikes


@pytest.mark.parametrize("regime", REGIMES)
def test_rates_and_irregularity_are_those_of_floats(regime: str) -> None:
    net, steps = REGIMES[regime]
    rng = np.random.default_rng(3)
    weights = net.weights(rng)
    noise = net.noise(rng, steps)
    rate, irregularity = net.rate_and_irregularity(net.run(weights, noise))
    found_rate, found_irregularity = net.rate_and_irregularity(on_chip(net, weights, noise))
    assert found_rate == pytest.approx(rate, rel=0.02)
    assert found_irregularity == pytest.approx(irregularity, abs=0.05)
