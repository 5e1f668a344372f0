"""Inputs and neurons can be named by populations, slices, numbers, lists and masks, the same everywhere."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.network.population import Inputs
from neurocorex.network.selection import indices_of, rows_of

NET = ncx.Network(inputs=4, neurons=6)
MASK = np.array([0, 1, 1, 0, 0, 1], bool)


@pytest.mark.parametrize(
    ("given", "indices"),
    [
        (NET.neurons[2:4], [2, 3]),
        (NET.neurons[[5, 1]], [5, 1]),
        (NET.neurons[3], [3]),
        ([NET.neurons[0], NET.neurons[4:]], [0, 4, 5]),
        (slice(4, None), [4, 5]),
        (slice(-2, None), [4, 5]),
        (range(1, 6, 2), [1, 3, 5]),
        (3, [3]),
        (np.int16(3), [3]),
        (np.uint8([1, 0]), [1, 0]),
        ((2, np.int64(0)), [2, 0]),
        (MASK, [1, 2, 5]),
        (MASK.tolist(), [1, 2, 5]),
        ([], []),
        (np.zeros(6, bool), []),
    ],
)
def test_every_way_of_naming_neurons(given, indices):
    found = indices_of(given, 6, "these")
    assert found.dtype == np.int64
    assert found.tolist() == indices


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (NET.inputs[:2], r"these takes neurons, got <2 inputs: 0, 1>"),
        ([NET.neurons[0], NET.inputs[0]], r"these takes neurons, got <1 inputs: 0>"),
        (ncx.Network(inputs=1, neurons=9).neurons, r"these names neuron 6, there are 6 \(0 to 5\)"),
        (6, r"these names neuron 6, there are 6 \(0 to 5\)"),
        ([0, -1], r"these names neuron -1"),
        (1.0, r"these must be a population such as net.neurons\[0:4\], a slice, neurons by number.*got 1.0"),
        ("all", r"got 'all'"),
        (np.ones(5, bool), r"a bool array of 6"),
        ([[0, 1], [2]], r"one dimension|must be a population"),
        (np.zeros((2, 2), int), r"must be a population"),
    ],
)
def test_what_names_no_neurons_is_explained(given, message):
    with pytest.raises(InputError, match=message):
        indices_of(given, 6, "these")


def test_rows_of_a_matrix_by_populations_and_numbers():
    sizes = {"inputs": 4, "neurons": 6, "axons": 12, "name": "source"}
    assert rows_of(NET.inputs[1:3], **sizes).tolist() == [1, 2]
    assert rows_of(NET.neurons[1:3], **sizes).tolist() == [5, 6]
    assert rows_of([0, 11], **sizes).tolist() == [0, 11]
    assert indices_of(NET.inputs[3], 4, "these", Inputs).tolist() == [3]
    with pytest.raises(InputError, match=r"source names axon 12, there are 12"):
        rows_of(12, **sizes)


def test_population_indexes_arrays():
    table = np.arange(24).reshape(4, 6)
    assert table[:, NET.neurons[[5, 1]]].tolist() == table[:, [5, 1]].tolist()
    assert np.asarray(NET.neurons[2:4]).tolist() == [2, 3]
