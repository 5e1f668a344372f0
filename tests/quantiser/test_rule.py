"""Numbers of a learning rule on a chip: ratios, room to learn, bounds, and errors that are said."""

import re

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.learning import stdp, superneuromat, window_stdp
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.quantiser.quantise import smallest_config
from neurocorex.quantiser.ratio import quanta
from neurocorex.spec import Control, CoreConfig, Learning, Region

WINDOW = {"inputs": 1, "neurons": 3, "learning": Learning.WINDOW, "window_steps": 4}


def network(rule, weights=(0.2, 0.7)):
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.inputs, net.neurons[0], 1.0)
    net.connect(net.neurons[0], net.neurons[1:], [list(weights)], plastic=True)
    net.neurons.set(threshold=1.0, tau_ms=np.inf)
    net.learn(rule)
    return net


def numbers(report):
    return {each.name: each for each in report.learning if each.wanted}


@pytest.mark.parametrize(
    ("taps", "drift"),
    [((0.3, 0.7), -0.1), ((0.06, 0.15, 0.21), -0.03), ((0.25, 0.1), -0.05), ((1.0, 0.5, 0.1), -0.01)],
)
@pytest.mark.parametrize("weight_bits", [8, 16])
def test_taps_and_drift_keep_their_ratios(taps, drift, weight_bits):
    rule = superneuromat(taps, [drift] * len(taps))
    report = quantise(network(rule), CoreConfig(**WINDOW, weight_bits=weight_bits))[1]
    if weight_bits == 16:
        assert all(each.exact for name, each in numbers(report).items() if "bound" not in name), report
    else:
        assert all(abs(each.error) < 0.06 for name, each in numbers(report).items() if "bound" not in name), report


def test_weights_without_bounds_have_room_to_grow():
    rule = superneuromat([0.3, 0.7], [-0.1, -0.1])
    image, report = quantise(network(rule), CoreConfig(**WINDOW, weight_bits=16))
    unit = (1 << report.gain_recurrent) / report.scale
    assert image.config.weight_range[1] * unit > 10 * (0.7 + 1.2)
    assert not [line for line in report.warnings if "saturate" not in line]


def test_room_to_grow_costs_no_exactness():
    rule = superneuromat([1, 0.5, 0.1, 0.01], [-0.0001] * 4)
    report = quantise(network(rule, (0.001, 0.001)), CoreConfig(**WINDOW, weight_bits=16))[1]
    assert all(each.exact for name, each in numbers(report).items() if "bound" not in name), report


def test_integers_without_bounds_get_wide_weights():
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 20, plastic=True)
    net.neurons.set(threshold=100)
    net.learn(superneuromat([3], [-1]))
    assert smallest_config(net).weight_bits == 16
    net.learn(window_stdp([3.0], [], bounds=(0, 100)))
    assert smallest_config(net).weight_bits == 8


def test_common_unit_is_the_largest_that_all_are_multiples_of():
    assert quanta(np.array([0.3, 0.7])) == pytest.approx([0.1, 0.3])
    assert quanta(np.array([6.0, 15.0])) == [3.0, 6.0]
    assert quanta(np.array([np.pi, 1.0])) == [1.0]
    assert quanta(np.zeros(0)) == []


def test_error_of_every_number_is_told():
    report = quantise(network(window_stdp([0.1, 0.033], [-0.05], bounds=(0.0, 1.0))))[1]
    tap = numbers(report)["potentiation at lag 1"]
    assert tap.error == pytest.approx(tap.got / 0.033 - 1)
    assert report.to_dict()["learning"][3]["error"] is not None
    assert all(abs(each.error) < 0.01 for each in numbers(report).values())


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        (window_stdp([0.1, 1e-5], [], bounds=(0.0, 1.0)), "potentiation at lag 1 of 1e-05 vanishes"),
        (
            window_stdp([0.1, 8e-5], [], bounds=(0.0, 1.0)),
            r"potentiation at lag 1 became \S+ instead of 8e-05 \(.*%\): take",
        ),
        (window_stdp([0.1, 0.003], [], bounds=(0.0, 1.0), stochastic=False), "lag 1 of 0.003 vanishes.*use stochastic"),
    ],
)
def test_number_that_moves_by_a_percent_is_warned_about(rule, warning):
    lines = "\n".join(quantise(network(rule), CoreConfig(**WINDOW))[1].warnings)
    assert re.search(warning, lines), lines


def test_whole_changes_are_rounded_to_the_nearest():
    image, report = quantise(
        network(window_stdp([0.01], [], bounds=(0.0, 1.0), stochastic=False)), CoreConfig(**WINDOW)
    )
    unit = (1 << report.gain_recurrent) / report.scale
    assert image.regions[Region.PRE_TABLE][1] == 256 * round(0.01 / unit)


def test_weights_that_start_outside_the_bounds_are_warned_about():
    net = network(stdp(20.0, 20.0, 0.01, -0.01, bounds=(0.3, 0.6)))
    lines = [line for line in quantise(net)[1].warnings if "outside" in line]
    assert len(lines) == 1
    assert "2 plastic weights start outside the bounds of the rule (1 below and 1 above)" in lines[0]
    assert "axon 1 to neuron 1, axon 1 to neuron 2" in lines[0]
    net.learn(stdp(20.0, 20.0, 0.01, -0.01, bounds=(0.2, 0.7)))
    assert not [line for line in quantise(net)[1].warnings if "outside" in line]


def test_weights_that_do_not_learn_may_be_anywhere():
    net = network(stdp(20.0, 20.0, 0.01, -0.01, bounds=(0.3, 0.6)))
    net.neurons.set(learns=False)
    assert not [line for line in quantise(net)[1].warnings if "outside" in line]


def test_rates_of_both_sides_keep_their_ratio():
    net = network(stdp(20.0, 20.0, 0.01, -0.0105, bounds=(0.0, 1.0)))
    image, report = quantise(net)
    assert report.window.balance_error == pytest.approx(0, abs=0.002)
    assert image.regions[Region.CONTROL][Control.PRE_INCREMENT] <= 1024
