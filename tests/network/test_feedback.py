"""Feedback connections: which axon brings currents and which errors, whatever the order, and what is refused."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.learning import errors, stdp


def made(*calls, inputs=2, neurons=3):
    net = ncx.Network(inputs=inputs, neurons=neurons)
    for call in calls:
        call(net)
    return net


def feedback(**options):
    return lambda net: net.feedback(net.neurons[0], net.neurons[2], -1.0, **options)


def connect(**options):
    return lambda net: net.connect(net.neurons[0], net.neurons[1], 0.5, **options)


def default(delay_ms):
    return lambda net: net.neurons.set(delay_ms=delay_ms)


def brought(net):
    """What spikes of neuron 0 bring: (errors or currents, delay, target, weight), read from the tables alone."""
    own = net.parameters["delay_ms"]
    axons = [(net.input_count, 1.0 if np.isnan(own[0]) else own[0])]
    first = net.input_count + net.neuron_count
    axons += [
        (first + number, delay)
        for number, (source, delay) in enumerate(zip(net.extra_source, net.extra_delay_ms, strict=True))
        if source == 0
    ]
    return sorted(
        ("errors" if net.is_feedback[row] else "currents", float(delay), int(target), float(net.weights[row, target]))
        for row, delay in axons
        for target in np.flatnonzero(net.connected[row])
    )


def test_feedback_alone_needs_no_extra_axon():
    net = made(lambda net: net.feedback(net.neurons, net.neurons, -np.eye(3)))
    assert net.is_feedback.tolist() == [False] * 2 + [True] * 3
    assert net.extra_source == []
    assert not net.current_weights.any()
    assert np.array_equal(net.feedback_weights, net.weights)


@pytest.mark.parametrize("order", [[feedback(), connect()], [connect(), feedback()]], ids=["first", "last"])
def test_neuron_that_brings_both_gets_an_extra_axon(order):
    net = made(*order)
    assert brought(net) == [("currents", 1.0, 1, 0.5), ("errors", 1.0, 2, -1.0)]
    assert net.extra_source == [0]
    assert net.current_weights[net.input_count].tolist() == [0, 0.5, 0]
    assert len(net.is_feedback) == len(net.weights) == len(net.plastic) == 6


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([feedback(), default(3.0)], [("errors", 3.0, 2, -1.0)]),
        ([default(3.0), feedback()], [("errors", 3.0, 2, -1.0)]),
        ([feedback(), connect(), default(3.0)], [("currents", 3.0, 1, 0.5), ("errors", 3.0, 2, -1.0)]),
        ([connect(), feedback(), default(3.0)], [("currents", 3.0, 1, 0.5), ("errors", 3.0, 2, -1.0)]),
        ([feedback(delay_ms=2.0), connect(), default(3.0)], [("currents", 3.0, 1, 0.5), ("errors", 2.0, 2, -1.0)]),
        ([connect(delay_ms=2.0), feedback(), default(3.0)], [("currents", 2.0, 1, 0.5), ("errors", 3.0, 2, -1.0)]),
        ([default(3.0), feedback(delay_ms=2.0), connect()], [("currents", 3.0, 1, 0.5), ("errors", 2.0, 2, -1.0)]),
        ([feedback(), connect(delay_ms=2.0)], [("currents", 2.0, 1, 0.5), ("errors", 1.0, 2, -1.0)]),
        (
            [feedback(), feedback(delay_ms=2.0), connect(), default(4.0)],
            [("currents", 4.0, 1, 0.5), ("errors", 2.0, 2, -1.0), ("errors", 4.0, 2, -1.0)],
        ),
        (
            [connect(delay_ms=3.0), connect(), feedback(), default(3.0)],
            [("currents", 3.0, 1, 1.0), ("errors", 3.0, 2, -1.0)],
        ),
        ([feedback(), connect(), feedback()], [("currents", 1.0, 1, 0.5), ("errors", 1.0, 2, -2.0)]),
    ],
)  # fmt: skip
def test_delays_are_those_that_were_given_or_follow_the_default(calls, expected):
    assert brought(made(*calls)) == expected


def test_weights_that_are_written_away_free_the_axon():
    net = made(feedback())
    net.weights[:] = 0
    net.connected[:] = False
    connect()(net)
    assert brought(net) == [("currents", 1.0, 1, 0.5)]
    assert net.extra_source == []


@pytest.mark.parametrize("first", ["connect", "feedback"])
def test_input_brings_currents_or_errors(first):
    net = ncx.Network(inputs=2, neurons=2)
    other = {"connect": "feedback", "feedback": "connect"}[first]
    getattr(net, first)(net.inputs[1], net.neurons, 1.0)
    with pytest.raises(InputError, match=r"input 1 brings .* already.*give a second input.*inputs=3"):
        getattr(net, other)(net.inputs, net.neurons, 2.0)
    assert net.weights.tolist() == [[0, 0], [1, 1], [0, 0], [0, 0]]
    getattr(net, other)(net.inputs[0], net.neurons, 2.0)
    assert net.is_feedback.tolist() == [first == "connect", first == "feedback", False, False]


def test_feedback_never_becomes_plastic():
    net = made(connect(), feedback())
    net.learn(errors(0.1, bounds=(-1.0, 1.0)), between=(net.neurons, net.neurons))
    assert np.argwhere(net.plastic).tolist() == [[net.input_count, 1]]


def test_copy_of_a_network_has_its_feedback():
    net = made(connect(), feedback())
    copy = net.__copy__()
    default(5.0)(copy)
    assert brought(copy) == [("currents", 5.0, 1, 0.5), ("errors", 5.0, 2, -1.0)]
    assert brought(net) == [("currents", 1.0, 1, 0.5), ("errors", 1.0, 2, -1.0)]


def test_floats_ignore_feedback():
    net = ncx.Network(inputs=2, neurons=1)
    net.connect(net.inputs[0], net.neurons, 2.0)
    spikes = np.random.default_rng(1).random((50, 2)) < 0.5
    alone = ncx.simulate_floats(net, spikes)
    net.feedback(net.inputs[1], net.neurons, 5.0)
    net.feedback(net.neurons, net.neurons, -3.0)
    assert np.array_equal(ncx.simulate_floats(net, spikes).v, alone.v)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": np.nan}, "rate must be a finite number"),
        ({"rate": "fast"}, "rate must be a finite number"),
        ({"rate": 1.0, "deadband": -1}, "deadband must be 0 or more"),
        ({"rate": 1.0, "tau_ms": 0}, "tau_ms must be above 0 ms"),
        ({"rate": 1.0, "accumulate": 0.5}, "accumulate must be 1 or more"),
        ({"rate": 1.0, "bounds": (1, 0)}, "bounds must be"),
    ],
)
def test_bad_numbers_of_a_rule_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        errors(**options)


def test_rules_of_errors_are_no_stdp():
    assert errors(0.1) == errors(0.1)
    assert errors(0.1) != stdp(20.0, 20.0, 0.1, -0.1)
    assert errors(np.float32(0.5), accumulate=np.int64(3)).rate == 0.5
