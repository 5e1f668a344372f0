"""Page on conventions: what it says of this system and of SuperNeuroMAT is tried, sentence by sentence."""

import math

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat as snm
from neurocorex.errors import InputError
from neurocorex.learning import stdp
from support.paths import ROOT

PAGE = (ROOT / "docs/conventions.md").read_text()
STEPS = 16


def says(sentence):
    """Mark a test with a sentence of the page that it tries; fails if the page does not say so."""
    assert sentence in PAGE, sentence
    return lambda test: test


def spikes_at(*steps, inputs=1):
    table = np.zeros((STEPS, inputs), bool)
    table[list(steps), 0] = True
    return table


def run(net, **arguments):
    with ncx.open("emulator") as device:
        device.load(net)
        return device.run(record=["spikes", "v"], **arguments)


def neuron(weight=10, **parameters):
    """Return a network of an input and a neuron with a threshold of 5."""
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, weight)
    net.neurons.set(**{"threshold": 5, **parameters})
    return net


def ticks(build, steps=STEPS):
    """Return the ticks at which neuron 0 of a SuperNeuroMAT model fires, and the model."""
    model = snm.SNN()
    model.backend = "cpu"
    build(model)
    model.simulate(steps)
    return np.flatnonzero(np.array(model.ispikes)[:, 0]).tolist(), model


# Order, delay, threshold, reset ------------------------------------------------------------------


@says("A spike that arrives in a step can make its target fire in the same step.")
@says("A recorded membrane is the value at the end of the step, after the reset.")
@says("A spike of an input acts in the step for which it is given.")
def test_an_arrival_fires_its_target_in_the_same_step():
    result = run(neuron(reset=-3), spikes=spikes_at(4))
    assert result.spike_times.tolist() == [4]
    assert result.v[:6, 0].tolist() == [0, 0, 0, 0, -3, -3]


@says("With a delay it acts `delay_ms / dt_ms` steps later, rounded, and 0 is allowed.")
@pytest.mark.parametrize(("delay_ms", "steps"), [(0.0, 0), (0.4, 0), (0.6, 1), (1.0, 1), (5.4, 5)])
def test_delay_of_an_input_is_from_the_step_for_which_a_spike_is_given(delay_ms, steps):
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 10, delay_ms=delay_ms)
    net.neurons.set(threshold=5)
    assert run(net, spikes=spikes_at(4)).spike_times.tolist() == [4 + steps]


@says("From the step of a spike to the step of its arrival there are `delay_ms / dt_ms` steps, rounded, at least 1.")
@pytest.mark.parametrize(("delay_ms", "steps"), [(None, 1), (0.1, 1), (1.0, 1), (1.4, 1), (1.6, 2), (5.0, 5)])
def test_delay_is_from_spike_to_arrival(delay_ms, steps):
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.inputs, net.neurons[0], 10)
    net.connect(net.neurons[0], net.neurons[1], 10, delay_ms=delay_ms)
    net.neurons.set(threshold=5)
    result = run(net, spikes=spikes_at(3))
    assert list(zip(result.spike_neurons, result.spike_times, strict=True)) == [(0, 3), (1, 3 + steps)]


@says('A neuron fires if its membrane is above the threshold. Equal is not enough, unless `fires_at=">="` is set.')
def test_equal_is_not_enough():
    assert run(neuron(weight=5), spikes=spikes_at(2)).spike_times.size == 0
    assert run(neuron(weight=6), spikes=spikes_at(2)).spike_times.tolist() == [2]
    assert run(neuron(weight=5, fires_at=">="), spikes=spikes_at(2)).spike_times.tolist() == [2]
    assert run(neuron(weight=4, fires_at=">="), spikes=spikes_at(2)).spike_times.size == 0
    for weight, fires in ((5, []), (6, [0])):
        assert ticks(lambda model, w=weight: model.create_neuron(threshold=5).add_spike(0, w))[0] == fires


@says('Immediate: `reset_mode="value"` sets the membrane to `reset` in the step of the spike, `"subtract"` takes the')
def test_reset_is_immediate():
    assert run(neuron(reset=-2), spikes=spikes_at(3)).v[3, 0] == -2
    net = neuron(reset_mode="subtract")
    net.adaptation(step=4)
    result = run(net, spikes=spikes_at(3, 4))
    assert result.spike_times.tolist() == [3, 4]
    assert result.v[3:5, 0].tolist() == [10 - 5, 5 + 10 - 5]
    _, model = ticks(lambda model: model.create_neuron(threshold=0.5, reset_state=-2).add_spike(0, 3), steps=1)
    assert list(model.neuron_states) == [-2]


# Refractory time ---------------------------------------------------------------------------------


@says("there are p steps without a spike between two spikes, so spikes are at least p + 1 steps apart.")
@says("`refractory_period=p`: p + 1 ticks")
@pytest.mark.parametrize("mode", ["integrate", "hold"])
@pytest.mark.parametrize("period", range(4))
def test_spikes_are_a_period_and_a_step_apart(period, mode):
    result = run(neuron(refractory_ms=float(period), refractory=mode), spikes=np.ones((STEPS, 1), bool))
    assert result.spike_times.tolist() == list(range(0, STEPS, period + 1))

    def driven(model):
        neuron = model.create_neuron(threshold=5, refractory_period=period)
        for tick in range(STEPS):
            neuron.add_spike(tick, 10)

    assert ticks(driven)[0] == result.spike_times.tolist()


@says('A refractory membrane integrates (`refractory="integrate"`), or is held at `reset` and loses what arrives')
def test_what_arrives_meanwhile_is_kept_or_lost():
    assert run(neuron(refractory_ms=4.0), spikes=spikes_at(1, 3)).spike_times.tolist() == [1, 6]
    assert run(neuron(refractory_ms=4.0, refractory="hold"), spikes=spikes_at(1, 3)).spike_times.tolist() == [1]

    def driven(model):
        neuron = model.create_neuron(threshold=5, refractory_period=4, leak=0)
        neuron.add_spike(1, 10)
        neuron.add_spike(3, 10)

    assert ticks(driven)[0] == [1, 6]


@says("Currents integrate in both.")
def test_a_held_neuron_goes_on_with_its_current():
    net = neuron(weight=100, refractory_ms=3.0, refractory="hold", decay_syn=0.5, decay=1.0)
    assert run(net, spikes=spikes_at(0)).spike_times.tolist() == [0, 4]  # 100, 50, 25, 12, 6


# Decay, currents, adaptation ---------------------------------------------------------------------


@says(
    "`tau_ms` becomes the fraction `1 - exp(-dt_ms / tau_ms)` lost in a step, before arrivals are added, so an arrival"
)
@pytest.mark.filterwarnings("ignore:neuron 0 can never fire")
def test_decay_is_exact_and_comes_before_arrivals():
    net = neuron(weight=100_000, threshold=8_000_000, tau_ms=10.0)
    v = run(net, spikes=spikes_at(2, 5)).v[:, 0]
    expected = np.zeros(STEPS)
    for step in range(STEPS):
        expected[step] = expected[step - 1] * math.exp(-0.1) + 100_000 * (step in (2, 5))
    assert v[2] == 100_000
    assert v == pytest.approx(expected, abs=10)


@says("a current I through a resistance R is `bias = I * R * (1 - exp(-dt_ms / tau_ms))`.")
@pytest.mark.filterwarnings("ignore:neuron 0 can never fire")
def test_bias_of_a_current_settles_at_its_voltage():
    net = neuron(threshold=8_000_000, tau_ms=10.0, bias=round(2_000_000 * -math.expm1(-0.1)))
    v = run(net, steps=200).v[:, 0]
    assert v[[0, 9, 199]] == pytest.approx(2_000_000 * -np.expm1([-0.1, -1.0, -20.0]), rel=1e-4)


@says(
    "A spike raises the threshold of its neuron by a step that all neurons share, after the comparison; the rise decays"
)
def test_adaptation_rises_after_the_spike_and_decays_before_the_next_comparison():
    net = neuron(weight=10_000, threshold=5_000, decay=1.0)
    net.adaptation(step=10_000, tau_ms=2.0)
    rise, fires = 0.0, []
    for step in range(STEPS):
        rise *= math.exp(-0.5)
        if 5_000 + rise < 10_000:
            fires.append(step)
            rise += 10_000
    assert run(net, spikes=np.ones((STEPS, 1), bool)).spike_times.tolist() == fires


# Learning ----------------------------------------------------------------------------------------


def change(lag, delay=1):
    """Return the change of a synapse from neuron 0 to neuron 1, whose spikes are `lag` steps apart."""
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.neurons[0], net.neurons[1], 50, delay_ms=float(delay), plastic=True)
    net.neurons.set(threshold=10_000)
    net.learn(stdp(5.0, 5.0, 20.0, -10.0, bounds=(0, 127), nearest=True))
    with ncx.open("emulator") as device:
        device.load(net)
        device.run(40, teacher={15: 0, 15 + lag: 1} if lag else {15: [0, 1]})
        return int(device.weights()[1, 1]) - 50


@says("A lag is counted from the **arrival** of a spike at the synapse, not from its emission,")
@says("Lags of 0, 1, 2, ... steps potentiate, -1, -2, ... depress")
@says("`stdp` states its changes at lags of 1 and -1.")
@pytest.mark.parametrize("delay", [1, 4])
def test_pairs_are_of_arrivals(delay):
    assert change(delay + 1, delay) == pytest.approx(20, abs=1)
    assert change(delay - 1, delay) == pytest.approx(-10, abs=1)
    for lag in range(3):
        assert change(delay + lag, delay) == pytest.approx(20 * math.exp(-(lag - 1) / 5), abs=1.5)
    for lag in (-2, -3):
        assert change(delay + lag, delay) == pytest.approx(-10 * math.exp((lag + 1) / 5), abs=1.5)


@says("from emission to emission; every tick without a coincidence depresses | no coincidence; the first is at 1")
def test_superneuromat_pairs_emissions():
    def after(lag):
        def build(model):
            pre, post = (model.create_neuron(threshold=0.5, leak=np.inf) for _ in range(2))
            model.create_synapse(pre, post, weight=0.1, stdp_enabled=True)
            model.stdp_setup(Apos=[4.0, 2.0, 1.0], Aneg=[-0.25] * 3, positive_update=True, negative_update=True)
            pre.add_spike(5, 1)
            post.add_spike(5 + lag, 100)

        return float(ticks(build)[1].synapses[0].weight)

    silent = after(9)
    assert [after(lag) - silent for lag in (-1, 0, 1, 2, 3, 4)] == pytest.approx([0, 0, 4.25, 2.25, 1.25, 0])


# Events ------------------------------------------------------------------------------------------


@says("An input has at most one spike in a step. Given twice, it is an error.")
@says("`add_spike`: an error, unless `exist=` says what to do")
def test_a_spike_given_twice_is_an_error():
    with pytest.raises(InputError, match="input 0 at step 2 is given twice"):
        ncx.encode.explicit([2, 2], [0, 0], steps=4, inputs=1)
    model = snm.SNN()
    neuron = model.create_neuron()
    neuron.add_spike(2, 1)
    with pytest.raises(ValueError, match="exist="):
        neuron.add_spike(2, 1)


@says("a constant amount towards the reset state, before arrivals are added")
def test_superneuromat_leaks_before_it_adds():
    _, model = ticks(lambda model: model.create_neuron(threshold=10, leak=2, initial_state=5).add_spike(0, 3), steps=1)
    assert list(model.neuron_states) == [6]
