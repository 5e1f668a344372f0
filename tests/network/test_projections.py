"""Rules of projections: who learns by which, through all orders of calls, copies and files of before."""

import copy
import pickle

import numpy as np
import pytest
from neurocorex import Network
from neurocorex.errors import InputError
from neurocorex.learning import errors, stdp, symmetric_stdp, window_stdp

A = stdp(20.0, 20.0, 0.01, -0.012, bounds=(0.0, 1.0))
B = stdp(20.0, 20.0, 0.02, -0.012, bounds=(-1.0, 0.5))
C = stdp(20.0, 20.0, 0.03, -0.012, bounds=(0.0, 1.0))


@pytest.fixture
def net():
    net = Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, 0.5)
    net.connect(net.neurons, net.neurons[:2], -0.5)
    return net


def learned(net):
    """Synapses by rule, as (axon, neuron)."""
    return {rule: {tuple(place) for place in np.argwhere(synapses).tolist()} for rule, synapses in net.projections}


def block(rows, columns):
    return {(row, column) for row in rows for column in columns}


def test_each_projection_keeps_its_rule(net):
    net.learn(A, between=(net.inputs, net.neurons))
    net.learn(B, between=(net.neurons, net.neurons))
    assert learned(net) == {A: block(range(3), range(4)), B: block(range(3, 7), range(2))}
    assert net.rules == (A, B)
    assert net.rule == B


def test_later_call_holds_where_two_name_the_same(net):
    net.learn(A, between=(net.inputs, net.neurons))
    net.learn(B, between=(net.inputs[1], net.neurons[2:]))
    assert learned(net)[B] == block([1], [2, 3])
    assert learned(net)[A] == block(range(3), range(4)) - block([1], [2, 3])
    net.learn(C, between=(net.inputs, net.neurons))
    assert learned(net) == {C: block(range(3), range(4))}


def test_equal_rules_are_one(net):
    net.learn(A, between=(net.inputs, net.neurons))
    again = stdp(20.0, 20.0, 0.01, -0.012, bounds=(0.0, 1.0))
    net.learn(again, between=(net.neurons, net.neurons))
    assert net.rules == (A,)
    assert learned(net)[A] == block(range(3), range(4)) | block(range(3, 7), range(2))


def test_call_without_projections_is_that_of_all(net):
    net.learn(A, between=(net.inputs, net.neurons))
    net.learn(B, between=(net.neurons, net.neurons))
    net.learn(C)
    assert net.rules == (C,)
    net.rule = A
    assert net.rules == (A,)
    net.learn(None)
    assert net.rules == ()
    assert not net.learns


def test_synapses_that_no_call_names_take_the_rule_of_all_or_the_oldest(net):
    net.connect(net.inputs[0], net.neurons[0], 0.1, plastic=True)
    net.learn(A, between=(net.inputs[1], net.neurons))
    net.learn(B, between=(net.inputs[2], net.neurons))
    assert (0, 0) in learned(net)[A]
    net.learn(C)
    net.learn(B, between=(net.inputs[2], net.neurons))
    assert learned(net) == {C: {(0, 0)} | block([1], range(4)), B: block([2], range(4))}


def test_order_of_rules_is_that_of_the_calls(net):
    net.learn(A, between=(net.inputs[0], net.neurons))
    net.learn(B, between=(net.inputs[1], net.neurons))
    net.learn(C, between=(net.inputs[2], net.neurons))
    net.learn(C, between=(net.inputs[0], net.neurons))
    assert net.rules == (B, C)


def test_extra_axons_have_the_rule_of_their_neuron(net):
    net.connect(net.neurons[0], net.neurons, 0.1, delay_ms=3.0)
    net.learn(A, between=(net.inputs, net.neurons))
    net.learn(B, between=(net.neurons[0], net.neurons))
    assert learned(net)[B] == block([3], range(2)) | block([7], range(4))


def test_none_with_projections_takes_their_plasticity(net):
    net.learn(A, between=(net.inputs, net.neurons))
    net.learn(None, between=(net.inputs[0], net.neurons))
    assert learned(net) == {A: block([1, 2], range(4))}
    assert net.rule == A


def test_reach_of_a_weight_is_that_of_its_rule(net):
    net.learn(A, between=(net.inputs, net.neurons))
    net.learn(B, between=(net.neurons, net.neurons))
    low, high = net.reach()
    assert (low[:3] == 0).all()
    assert (high[:3] == 1).all()
    assert (low[3:, :2] == -1).all()
    assert (high[3:, :2] == 0.5).all()
    assert not low[3:, 2:].any()


def pickled(net):
    return pickle.loads(pickle.dumps(net))  # noqa: S301 what this test has pickled itself


@pytest.mark.parametrize("remake", [copy.deepcopy, copy.copy, pickled])
def test_copies_keep_the_rules(net, remake):
    net.learn(A, between=(net.inputs, net.neurons))
    net.learn(B, between=(net.neurons, net.neurons))
    other = remake(net)
    assert learned(other) == learned(net)
    other.learn(C, between=(other.inputs, other.neurons))
    assert net.rules == (A, B)


def test_network_that_was_pickled_before_has_one_rule(net):
    net.connect(net.inputs, net.neurons, 0.1, plastic=True)
    net.learn(A)
    for later in ("_projections", "is_feedback"):
        del vars(net)[later]
    del net.parameters["error_always"]
    again = pickled(net)
    assert again.rules == (A,)
    assert not again.is_feedback.any()
    again.learn(B, between=(again.inputs[0], again.neurons))
    assert again.rules == (A, B)


def test_rule_that_was_pickled_before_has_no_terms():
    rule = symmetric_stdp(20.0, 0.1, x_target=0.5)
    old = {name: value for name, value in vars(rule).items() if name not in ("x_target", "pre_only", "post_only")}
    again = object.__new__(type(rule))
    vars(again).update(old)
    assert again == symmetric_stdp(20.0, 0.1)
    assert not again.has_terms


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: stdp(20, 20, 1, -1, x_target=-0.1), "x_target must be 0 or more spikes, got -0.1; for example 0.4"),
        (lambda: errors(0.1, x_target="1"), "x_target must be 0 or more spikes, got '1'"),
        (lambda: stdp(20, 20, 1, -1, pre_only=float("nan")), "pre_only must be a finite number, got nan"),
        (lambda: window_stdp([1], [], pre_only=0.1), r"pre_only belongs to .* traces; take stdp\(..., pre_only=0.1\)"),
        (lambda: stdp(20, 20, 1, -1, post_only=None), "post_only must be a finite number, got None"),
    ],
)
def test_impossible_terms_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
