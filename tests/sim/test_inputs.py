"""The simulated chip, with inputs that have delays and weights that runs write: bit for bit as the emulator."""

import itertools
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.learning import stdp
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.registers import STATE

CONFIG = CoreConfig(
    neurons=4, inputs=8, lanes=2, state_bits=16, max_delay=2, learning=Learning.EXPONENTIAL, frame_bytes=64
)
STEPS = 120
SPIKES = np.random.default_rng(3).random((STEPS, 3)) < 0.35


def network() -> ncx.Network:
    rng = np.random.default_rng(5)
    net = ncx.Network(inputs=3, neurons=4)
    delays = np.array([[0, 2, 0, 2], [5, 5, 5, 5], [1, 40, 1, 3]])
    net.connect(net.inputs, net.neurons, rng.uniform(0.2, 1, (3, 4)), plastic=True, delay_ms=delays)
    net.connect(net.neurons, net.neurons, rng.uniform(-0.3, 0.3, (4, 4)))
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    net.learn(stdp(20.0, 20.0, 0.1, -0.1, bounds=(0.0, 1.0), pre_rate_hz=400, post_rate_hz=400))
    return net


@pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")
def test_simulated_chip_equals_the_emulator() -> None:
    net = network()
    writes = {30: [(net.inputs[1], net.neurons, 0.4)], 31: [(0, 0, 0.9), (2, 3, 0.1)], 77: [([3, 4], [1, 2], 0.5)]}

    def work(device: Device) -> list[Any]:
        device.load(net, stimulus=SPIKES)
        found: list[Any] = [device.inputs, device.config.inputs]
        for start, stop in itertools.pairwise((0, 17, 78, STEPS)):
            own = {step - start: given for step, given in writes.items() if start <= step < stop}
            result = device.run(spikes=SPIKES[start:stop], record=("spikes", "v"), writes=own)
            found += [result.spikes, result.v, device.weights()]
        snapshot = device.snapshot()
        assert "input_events" in snapshot.meta  # the input with a delay of 40 steps
        return [*found, snapshot.meta, *(snapshot.regions[region] for region in STATE if region in snapshot.regions)]

    with ncx.open("rtl", config=CONFIG) as chip, ncx.open("emulator", config=CONFIG) as emulator:
        mine, wanted = work(chip), work(emulator)
    assert len(mine) == len(wanted)
    for one, other in zip(mine, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    assert mine[2].any()
