"""Delays of inputs in a network: which axons they take, in which forms they are given, and what is refused."""

from copy import copy

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.learning import stdp
from neurocorex.spec import CoreConfig, Region


def axons(net: ncx.Network) -> list[tuple[int, float]]:
    return list(zip(net.input_source, net.input_delay_ms, strict=True))


def test_one_delay_costs_no_axon() -> None:
    net = ncx.Network(inputs=3, neurons=2)
    net.connect(net.inputs, net.neurons, 1.0, delay_ms=[0.0, 2.0, 7.0])
    assert axons(net) == [(0, 0.0), (1, 2.0), (2, 7.0)]
    assert net.weights.shape == (5, 2)


def test_each_further_delay_of_an_input_takes_an_axon_behind_the_inputs() -> None:
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.neurons, net.neurons, -1)
    net.connect(net.inputs, net.neurons, [[1, 2], [3, 4]])
    net.connect(net.inputs, net.neurons, [[5, 6], [7, 8]], delay_ms=[[0, 3], [3, 4]])
    assert axons(net) == [(0, 0.0), (1, 0.0), (0, 3.0), (1, 3.0), (1, 4.0)]
    assert net.input_count == 5
    assert len(net.inputs) == 2
    wanted = [[6, 2], [3, 4], [0, 6], [7, 0], [0, 8], [-1, -1], [-1, -1]]
    assert net.weights.tolist() == wanted
    assert net.neurons.rows.tolist() == [5, 6]
    assert repr(net) == "<Network of 2 inputs, 2 neurons and 11 synapses, 1 ms>"


def test_a_list_names_the_pairs_that_have_delays() -> None:
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, [(0, 1, 5), (1, 0, 6)], delay_ms=[[9, 1], [2, 9]])
    assert axons(net) == [(0, 1.0), (1, 2.0)]
    assert net.weights[:2].tolist() == [[0, 5], [6, 0]]


def test_delays_that_round_to_one_step_share_an_axon_and_the_report_tells_the_worst() -> None:
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.inputs, net.neurons, 20, delay_ms=[[1.9, 2.2, 2.45]])
    net.connect(net.inputs, net.neurons, 1, delay_ms=1.75)
    assert axons(net) == [(0, 2.45)]
    _, report = ncx.quantise(net)
    assert not report.exact
    assert report.parameters == {"delay_ms": pytest.approx(0.45)}


def test_neurons_take_arrays_of_delays_as_well() -> None:
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.neurons, net.neurons, [[1, 2], [3, 4]], delay_ms=[[1, 2], [2, 2]])
    other = ncx.Network(inputs=1, neurons=2)
    other.connect(other.neurons[0], other.neurons[0], 1, delay_ms=1.0)
    other.connect(other.neurons, other.neurons, [(0, 1, 2), (1, 0, 3), (1, 1, 4)], delay_ms=2.0)
    assert net.weights.tolist() == other.weights.tolist()
    assert (net.extra_source, net.extra_delay_ms) == (other.extra_source, other.extra_delay_ms)
    assert net.parameters["delay_ms"].tolist() == [1.0, 2.0]


def test_plastic_synapses_are_those_of_the_axon_that_carries_them() -> None:
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.inputs, net.neurons, 0.5)
    net.connect(net.inputs, net.neurons[0], 0.5, delay_ms=3.0, plastic=True)
    assert net.plastic.tolist() == [[False, False], [True, False], [False, False], [False, False]]
    net.learn(stdp(20, 20, 0.01, -0.01, bounds=(0.0, 1.0)), between=(net.inputs, net.neurons[1]))
    assert net.plastic[:2].tolist() == [[False, True], [True, False]]


def test_errors_come_later_too() -> None:
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs[0], net.neurons, 0.5, plastic=True)
    net.feedback(net.inputs[1], net.neurons, [[1.0, -1.0]], delay_ms=[[1.0, 4.0]])
    assert axons(net) == [(0, 0.0), (1, 1.0), (1, 4.0)]
    assert net.is_feedback.tolist() == [False, True, True, False, False]
    with pytest.raises(InputError, match="input 1 brings errors already"):
        net.connect(net.inputs, net.neurons, 1.0, delay_ms=4.0)
    assert axons(net) == [(0, 0.0), (1, 1.0), (1, 4.0)]


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        (-1.0, "0 or more, got -1.0"),
        (float("inf"), "0 or more, got inf"),
        ([1.0, 2.0, 3.0], r"array of shape \(2,\), .* or \(2, 3\), .* got shape \(3,\)"),
        ([[1.0, 2.0]], r"got shape \(1, 2\)"),
        ([1.0, float("nan")], r"got nan at \[1\]"),
        ([[1.0], [2.0, 3.0]], "0 or more, got"),
        ("2", "0 or more, got '2'"),
        (1e9, "of an input must be at most"),
    ],
)
def test_delays_that_cannot_be_leave_the_network_as_it_was(delay: object, message: str) -> None:
    net = ncx.Network(inputs=2, neurons=3)
    with pytest.raises(InputError, match=message):
        net.connect(net.inputs, net.neurons, 1.0, delay_ms=delay)
    assert not net.weights.any()
    assert axons(net) == [(0, 0.0), (1, 0.0)]


def test_more_axons_than_any_chip_has_are_refused_before_anything_is_connected() -> None:
    net = ncx.Network(inputs=4000, neurons=2)
    with pytest.raises(FitError, match=r"the 4000 inputs need 8000 axons, .* at most 4096"):
        net.connect(net.inputs, net.neurons, 1, delay_ms=np.tile([0.0, 1.0], (4000, 1)))
    assert net.input_count == 4000
    assert not net.connected.any()


def test_a_chip_without_room_says_why() -> None:
    net = ncx.Network(inputs=3, neurons=2)
    net.connect(net.inputs, net.neurons, 1, delay_ms=[[0, 1]] * 3)
    with (
        ncx.open("emulator", config=CoreConfig(inputs=4, neurons=2)) as device,
        pytest.raises(FitError, match=r"the 3 inputs of the network need 6 input axons, .* the chip has 4"),
    ):
        device.load(net)
    with pytest.raises(FitError, match="need 6 input axons"):
        ncx.quantise(net, CoreConfig(inputs=4, neurons=2))


def test_the_report_says_which_inputs_act_later() -> None:
    net = ncx.Network(inputs=3, neurons=2)
    net.connect(net.inputs, net.neurons, 5, delay_ms=[[0, 0], [1, 4], [0, 1]])
    image, report = ncx.quantise(net)
    line = "inputs: events of 2 of 3 arrive later, by 1 to 4 steps; inputs with several delays have 2 further axons"
    assert report.exact
    assert line in report.lines
    assert line in ncx.Report.of(image).lines


def test_a_network_without_delays_has_the_image_that_it_had() -> None:
    net = ncx.Network(inputs=3, neurons=2)
    net.connect(net.inputs, net.neurons, 5, delay_ms=0.0)
    image, report = ncx.quantise(net)
    assert set(image.meta) == {"dt_ms"}
    assert not report.remarks
    assert image.regions[Region.WEIGHTS][:3].tolist() == [[5, 5]] * 3


def test_a_copy_has_axons_of_its_own() -> None:
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 1)
    other = copy(net)
    other.connect(other.inputs, other.neurons, 1, delay_ms=2)
    assert (net.input_count, other.input_count) == (1, 2)
    assert axons(net) == [(0, 0.0)]
