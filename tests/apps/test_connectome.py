"""Connectomes: tables are read, counted and drawn at random as their words say."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.apps import Connectome
from neurocorex.errors import FileFormatError, InputError

HEAD = "Source,Target,Weight,Type\n"
TABLE = HEAD + (
    "AVAL , VA01 ,12,chemical\nAVAL,AVAR,5,electrical\nAVAR,AVAL,4,electrical\nDD01,VA01,3,chemical\n"
    "VA01,dBWML1,9,chemical\nVA01,VA01,2,chemical\nAVAL,VA01,1,chemical\n\n"
)


@pytest.fixture
def random():
    """A table of 60 neurons, of which one in ten pairs is connected."""
    rng = np.random.default_rng(3)
    tables = np.where(rng.random((2, 60, 60)) < 0.1, rng.integers(1, 9, (2, 60, 60)), 0)
    tables[:, np.arange(60), np.arange(60)] = 0
    gaps = np.triu(tables[1])
    return Connectome(tuple(f"N{each}" for each in range(60)), tables[0], gaps + gaps.T)


def test_table_is_read_without_muscles_and_loops():
    table = Connectome.parse(TABLE)
    assert table.names == ("AVAL", "AVAR", "DD01", "VA01")
    assert table.chemical.tolist() == [[0, 0, 0, 13], [0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 0, 0]]
    assert table.gaps.tolist() == [[0, 5, 0, 0], [5, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_inhibitory_neurons_have_negative_weights_and_excite_by_gaps():
    weights = Connectome.parse(TABLE).weights(["DD01", "AVAL"])
    assert weights[[0, 0, 2], [3, 1, 3]].tolist() == [-13, 5, -3]


def test_removed_neurons_keep_their_places():
    table = Connectome.parse(TABLE)
    without = table.without(["AVAL"])
    assert without.names == table.names
    assert not without.gaps.any()
    assert without.chemical.sum() == 3
    assert table.chemical.sum() == 16


def test_distances_are_those_of_another_library(random):
    shortest_path = pytest.importorskip("scipy.sparse.csgraph").shortest_path
    expected = shortest_path(random.without(["N7"]).weights() > 0, unweighted=True)[[3, 5]].min(axis=0)
    found = random.without(["N7"]).distances(["N3", "N5"])
    assert np.array_equal(found, np.where(np.isinf(expected), -1, expected))
    assert found[7] == -1


def test_shuffled_table_keeps_degrees_and_little_else(random):
    drawn = random.shuffled(1)
    for mine, theirs in ((drawn.chemical, random.chemical), (drawn.gaps, random.gaps)):
        assert np.array_equal((mine > 0).sum(axis=0), (theirs > 0).sum(axis=0))
        assert np.array_equal((mine > 0).sum(axis=1), (theirs > 0).sum(axis=1))
        assert not mine.diagonal().any()
        # One in ten pairs is connected, so that about as many connections should be where they were.
        assert ((mine > 0) & (theirs > 0)).sum() < 0.2 * (theirs > 0).sum()
    assert np.array_equal(drawn.chemical.sum(axis=1), random.chemical.sum(axis=1))
    assert np.array_equal(drawn.gaps, drawn.gaps.T)
    assert sorted(drawn.gaps[drawn.gaps > 0]) == sorted(random.gaps[random.gaps > 0])
    assert np.array_equal(random.shuffled(1).chemical, drawn.chemical)
    assert not np.array_equal(random.shuffled(2).chemical, drawn.chemical)


def test_activity_spreads_along_the_table():
    table = Connectome.parse(TABLE)
    net = ncx.Network(inputs=1, neurons=4)
    net.connect(net.inputs, net.neurons, np.eye(4, dtype=int)[:1])
    net.connect(net.neurons, net.neurons, table.weights())
    net.neurons.set(threshold=0.5, tau_ms=0.0, refractory_ms=9.0)
    with ncx.open("emulator") as device:
        device.load(net)
        spikes = device.run(spikes=np.eye(6, 1, dtype=bool), counters=False).spikes
    assert np.where(spikes.any(axis=0), spikes.argmax(axis=0), -1).tolist() == table.distances(["AVAL"]).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must begin with the line Source,Target,Weight,Type"),
        ("a,b,c\n", "must begin with the line Source,Target,Weight,Type"),
        (HEAD, "has no synapse between two neurons, as in: AVAL,VA01,12,chemical"),
        (HEAD + "A,B,1\n", "line 2 of the table is no synapse"),
        (HEAD + "A,B,1.5,chemical\n", "line 2 of the table is no synapse"),
        (HEAD + "A,B,0,chemical\n", "line 2 of the table is no synapse"),
        (HEAD + "A,B,99999999999,chemical\n", "line 2 of the table is no synapse"),
        (HEAD + "A,B,1,magic\n", "line 2 of the table has type 'magic', expected chemical or electrical"),
        (HEAD + "".join(f"A{n},B,1,chemical\n" for n in range(4096)), "names 4097 neurons, more than 4096"),
    ],
    ids=["empty", "head", "nothing", "short", "fraction", "zero", "huge", "type", "many"],
)
def test_other_text_is_refused(text, message):
    with pytest.raises(FileFormatError, match=message):
        Connectome.parse(text)


def test_unknown_neuron_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="the table has no neuron 'AVAX'; did you mean 'AVA"):
        Connectome.parse(TABLE).without(["AVAX"])
    with pytest.raises(InputError, match="has no neuron '!'; it has AVAL, AVAR, DD01"):
        Connectome.parse(TABLE).without(["!"])
