"""Rules with time constants of their own for inputs and for neurons as sources, from pairs of spikes on the emulator.

The reference adds up the law over all pairs of an arrival and a spike, in floats, and knows no traces.
"""

import math
from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.emulator.emulator import Emulator
from neurocorex.learning import stdp
from neurocorex.spec import Control, CoreConfig, Learning, Region
from neurocorex.spec.registers import OTHERS

INPUTS, NEURONS, STEPS = 8, 6, 240
SHORT = stdp(8.0, 25.0, 0.003, -0.002, bounds=(-4.0, 4.0), accumulate=(12, 20))
LONG = stdp(60.0, 25.0, 0.003, -0.003, bounds=(-4.0, 4.0), accumulate=(30, 20))


def network(of_inputs, of_neurons):
    """Inputs onto all neurons; the last two onto the first four, at once and, by extra axons, 2 ms later."""
    net = ncx.Network(inputs=INPUTS, neurons=NEURONS, dt_ms=1.0)
    net.connect(net.inputs, net.neurons, 0.5)
    net.connect(net.neurons[4:], net.neurons[:4], 0.5)
    net.connect(net.neurons[4:], net.neurons[:4], 0.25, delay_ms=3.0)
    net.neurons.set(threshold=math.inf, tau_ms=2.0)
    net.learn(of_inputs, between=(net.inputs, net.neurons))
    net.learn(of_neurons, between=(net.neurons[4:], net.neurons[:4]))
    return net


def pair_sums(rule, arrived, fired):
    """Change of each weight [axons, N]: the law at a lag, once for each pair."""
    lag = np.arange(len(fired))[None, :] - np.arange(len(fired))[:, None]  # from an arrival to a spike, in ms
    up = np.where(lag >= 0, rule.potentiation * np.exp(-(lag - 1) / rule.tau_pre_ms), 0.0)
    down = np.where(lag < 0, rule.depression * np.exp((lag + 1) / rule.tau_post_ms), 0.0)
    return arrived.T.astype(float) @ (up + down) @ fired.astype(float)


def delayed(spikes, steps):
    return np.vstack([np.zeros((steps, spikes.shape[1]), bool), spikes[:-steps]])


@pytest.mark.parametrize("rules", [(SHORT, LONG), (LONG, SHORT)], ids=["inputs are faster", "neurons are faster"])
def test_each_kind_of_source_learns_by_its_time_constant(rules):
    rng = np.random.default_rng(4)
    spikes, teacher = rng.random((STEPS, INPUTS)) < 0.1, rng.random((STEPS, NEURONS)) < 0.06
    config = CoreConfig(
        inputs=INPUTS, neurons=NEURONS, learning=Learning.EXPONENTIAL, trace_bits=16, weight_bits=16, extra_axons=2,
        rules=2,
    )  # fmt: skip
    with ncx.open("emulator", config=config) as device:
        report = device.load(network(*rules))
        before = device.weights()
        result = device.run(spikes=spikes, teacher=teacher)
        learned = device.weights() - before
    assert not result.counters["full_traces"]
    fired = result.spikes
    of_neurons = np.hstack([delayed(fired[:, 4:], 1), delayed(fired[:, 4:], 3)])
    wanted = [pair_sums(rules[0], spikes, fired), pair_sums(rules[1], of_neurons, fired[:, :4])]
    rows = np.r_[INPUTS + 4 : INPUTS + NEURONS, INPUTS + NEURONS : INPUTS + NEURONS + 2]
    found = [learned[:INPUTS], learned[rows, :4]]
    for number in (0, 1):
        assert found[number] == pytest.approx(wanted[number], rel=0.01, abs=0.004)
        other = replace(rules[number], tau_pre_ms=rules[1 - number].tau_pre_ms)
        swapped = pair_sums(other, [spikes, of_neurons][number], [fired, fired[:, :4]][number])
        assert np.abs(swapped - wanted[number]).max() > 0.1
        window, rule = report.rules[number].window, rules[number]
        assert window.potentiation.area_error == pytest.approx(0, abs=0.005)
        assert window.potentiation.area == pytest.approx(
            rule.potentiation / -math.expm1(-1 / rule.tau_pre_ms) * math.exp(1 / rule.tau_pre_ms), rel=0.01
        )


def test_registers_of_other_axons_say_when_they_are_full_and_what_stays():
    """By hand: an input keeps all, a neuron loses half in each step and has a lower cap."""
    config = CoreConfig(inputs=1, neurons=1, learning=Learning.EXPONENTIAL, trace_bits=8, rules=2)
    emulator = Emulator(config)
    laws = zip((*OTHERS, *OTHERS.values()), (0, 50, 120, 32768, 100, 140), strict=True)
    for register, value in (*laws, (Control.RANDOM, 1 << 20)):
        emulator.write(Region.CONTROL, [value], register)
    emulator.write(Region.THRESHOLD, [100])
    emulator.write(Region.DELAY, [1])
    traces = []
    for _ in range(4):
        emulator.step([0], [0], [0], [True])
        emulator.write(Region.CONTROL, [1 << 20], Control.RANDOM)  # draws of the place alone
        traces.append(emulator.regions[Region.PRE_TRACE].tolist())
    assert [own for own, _ in traces] == [50, 100, 120, 120]
    assert [other for _, other in traces] == [0, 100, 140, 140]
