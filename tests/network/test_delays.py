"""Delays: each connection keeps its own, in whatever order the calls come; checked against plain bookkeeping."""

import copy
import warnings

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.learning import stdp
from neurocorex.quantiser.quantise import quantise, quantised
from neurocorex.spec import CoreConfig

NEURONS, LONGEST = 4, 5


class Book:
    """Connections as a list, and the last default of each neuron; delays are looked up at the end."""

    def __init__(self, dt_ms):
        self.dt_ms, self.default = dt_ms, dict.fromkeys(range(NEURONS), dt_ms)
        self.lines = []

    def connect(self, sources, targets, weights, delay_ms, plastic):
        self.lines += [
            [s, t, int(weights[i, k]), delay_ms, plastic] for i, s in enumerate(sources) for k, t in enumerate(targets)
        ]

    def learn(self, sources, targets):
        for line in self.lines:
            line[4] |= line[0] in sources and line[1] in targets

    def steps(self, line):
        return round((self.default[line[0]] if line[3] is None else line[3]) / self.dt_ms)

    def arrivals(self):
        """Return what arrives after the spike of each neuron: [source, steps, target]."""
        table = np.zeros((NEURONS, LONGEST + 1, NEURONS), int)
        for line in self.lines:
            table[line[0], self.steps(line), line[1]] += line[2]
        table[:, 0] = 0  # a delay of 0 is silence
        return table

    def plastic(self):
        return {(line[0], self.steps(line), line[1]) for line in self.lines if line[4]}


def some(rng):
    return np.sort(rng.choice(NEURONS, rng.integers(1, NEURONS + 1), replace=False))


def calls(rng, net, book):
    """Make one random call, and note it."""
    kind, dt_ms = rng.integers(8), net.dt_ms
    sources, targets = some(rng), some(rng)
    if kind < 5:
        delay = None if rng.random() < 0.5 else float(rng.integers(0, LONGEST + 1)) * dt_ms
        weights, plastic = rng.integers(1, 9, (len(sources), len(targets))), bool(rng.random() < 0.2)
        net.connect(net.neurons[sources], net.neurons[targets], weights, delay_ms=delay, plastic=plastic)
        book.connect(sources, targets, weights, delay, plastic)
    elif kind < 7:
        delays = rng.integers(1, LONGEST + 1, len(sources)) * dt_ms
        net.neurons[sources].set(delay_ms=delays)
        book.default |= dict(zip(sources.tolist(), delays.tolist(), strict=True))
    else:
        net.learn(stdp(20, 20, 1, -1, bounds=(0, 127)), between=(net.neurons[sources], net.neurons[targets]))
        book.learn(sources, targets)


def random_network(seed):
    rng = np.random.default_rng(seed)
    net = ncx.Network(inputs=1, neurons=NEURONS, dt_ms=float(rng.choice([1.0, 0.1, 0.25])))
    net.neurons.set(threshold=10_000, decay=1.0)
    book = Book(net.dt_ms)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(rng.integers(1, 12)):
            calls(rng, net, book)
    return net, book


def told(net):
    """Return what the tables of a network say: arrivals as `Book.arrivals`, and plastic synapses."""
    own = np.nan_to_num(net.parameters["delay_ms"], nan=net.dt_ms)
    sources = [*range(NEURONS), *net.extra_source]
    steps = np.rint(np.array([*own, *net.extra_delay_ms]) / net.dt_ms).astype(int)
    table = np.zeros((NEURONS, LONGEST + 1, NEURONS), int)
    plastic = set()
    for source, step, row, learns in zip(sources, steps, net.weights[1:], net.plastic[1:], strict=True):
        table[source, step] += row
        plastic |= {(source, int(step), int(target)) for target in np.flatnonzero(learns)}
    table[:, 0] = 0
    return table, plastic


@pytest.mark.parametrize("seed", range(150))
def test_connections_keep_their_delays_in_any_order_of_calls(seed):
    net, book = random_network(seed)
    arrivals, plastic = told(net)
    assert np.array_equal(arrivals, book.arrivals())
    assert plastic == book.plastic()
    assert len(net.connected) == len(net.plastic) == len(net.weights)


@pytest.mark.parametrize("seed", range(25))
def test_chips_send_spikes_after_these_delays(seed):
    net, book = random_network(seed)
    teacher = np.zeros((NEURONS, LONGEST + 1, NEURONS), bool)
    teacher[np.arange(NEURONS), 0, np.arange(NEURONS)] = True
    with ncx.open("emulator") as device:
        device.load(quantised(net)[0])  # some have plastic synapses without a rule, or the other way around
        learning = {"learning": False} if device.config.learning else {}
        result = device.run(teacher=teacher, record=["v"], **learning)
    assert np.array_equal(np.asarray(result.v)[:, 1:], book.arrivals()[:, 1:])


def test_the_order_of_calls_costs_no_axons():
    orders = {
        "given first": ["given", "plain"],
        "plain first": ["plain", "given"],
    }
    for order in orders.values():
        net = ncx.Network(inputs=1, neurons=3)
        for call in order:
            net.connect(
                net.neurons[0], net.neurons[1 + (call == "given")], 1, delay_ms=5.0 if call == "given" else None
            )
        assert len(net.extra_source) == 1
        net.neurons[0].set(delay_ms=5.0)
        assert net.extra_source == []
        assert net.weights[1].tolist() == [0, 1, 1]
        net.neurons[0].set(delay_ms=2.0)
        assert net.extra_delay_ms == [5.0]


def test_both_kinds_on_one_pair_part_again():
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.neurons[0], net.neurons[1], 0.1)
    net.connect(net.neurons[0], net.neurons[1], 0.2, delay_ms=1.0)
    net.connect(net.neurons[0], net.neurons[1], 0.7)
    assert net.extra_source == []
    net.neurons[0].set(delay_ms=3.0)
    assert net.extra_delay_ms == [1.0]
    assert net.weights[1, 1] == 0.1 + 0.7
    assert net.weights[3, 1] == 0.2


def test_what_was_written_to_the_tables_stays():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.neurons[0], net.neurons[1], 1)
    net.connect(net.neurons[0], net.neurons[2], 2, delay_ms=1.0)
    net.weights[1] *= 10
    net.plastic[1, 2] = True
    net.neurons[0].set(delay_ms=3.0)
    assert net.weights[1].tolist() == [0, 10, 0]
    assert net.weights[4].tolist() == [0, 0, 20]
    assert np.argwhere(net.plastic).tolist() == [[4, 2]]


def test_division_by_a_step_makes_no_second_delay():
    net = ncx.Network(inputs=1, neurons=2, dt_ms=0.1)
    net.connect(net.neurons[0], net.neurons[1], 1, delay_ms=0.1 + 0.2)
    net.connect(net.neurons[0], net.neurons[1], 1, delay_ms=0.3)
    assert net.extra_source == []


def test_neurons_without_a_pair_in_a_list_get_no_axon():
    net = ncx.Network(inputs=1, neurons=3)
    net.neurons.set(delay_ms=2.0)
    net.connect(net.neurons, net.neurons, [(1, 2, 4)], delay_ms=3.0)
    assert net.extra_source == [1]


def test_a_default_that_changes_after_it_was_used_is_told():
    net = ncx.Network(inputs=1, neurons=3)
    net.neurons.set(delay_ms=2.0)
    net.connect(net.neurons[:2], net.neurons[2], 1)
    with pytest.warns(UserWarning, match=r"2 neurons \(0, 1\) changes .* take 4 instead of 2 ms"):
        net.neurons.set(delay_ms=4.0)
    assert net.moved_delays == {0: (2.0, 4.0), 1: (2.0, 4.0)}
    assert net.default_delay_ms.tolist() == [4.0] * 3


def test_a_first_default_stands_in_the_report_without_a_warning():
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.neurons[0], net.neurons[1], 1)
    net.neurons.set(delay_ms=3.0)
    assert net.moved_delays == {0: (1.0, 3.0)}
    line = "delays: connections of neuron 0 that were given none take 3 ms, set after they were made (before: 1 ms)"
    assert line in quantise(net)[1].lines
    net.neurons.set(delay_ms=1.0)
    assert not quantise(net)[1].remarks


def test_setting_all_and_then_some_is_no_change_worth_a_warning():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.neurons[0], net.neurons[1], 1)
    net.neurons.set(delay_ms=3.0)
    net.neurons[0].set(delay_ms=6.0)
    net.connect(net.neurons[0], net.neurons[2], 1)
    assert net.moved_delays == {0: (1.0, 6.0)}
    with pytest.warns(UserWarning, match="neuron 0 .* now take 3 instead of 6 ms"):
        net.neurons.set(delay_ms=3.0)
    net.neurons.set(delay_ms=3.0)


def test_a_copy_goes_its_own_way():
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.neurons[0], net.neurons[1], 1, delay_ms=4.0)
    other = copy.copy(net)
    other.connect(other.neurons[0], other.neurons[1], 2)
    assert (net.extra_delay_ms, other.extra_delay_ms) == ([], [4.0])
    net.connect(net.neurons[0], net.neurons[0], 3, delay_ms=4.0)
    assert net.weights[1].tolist() == [3, 1]


def test_chip_without_extra_axons_refuses_a_second_delay_in_words():
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.neurons[0], net.neurons[1], 1)
    net.connect(net.neurons[0], net.neurons[1], 1, delay_ms=4.0)
    with pytest.raises(FitError, match=r"extra_axons 1 \(the chip has 0\)"):
        quantise(net, CoreConfig(inputs=1, neurons=2, max_delay=8))


@pytest.mark.parametrize("delay", ["5", [1.0], True, None.__class__])
def test_a_delay_that_is_no_number_is_refused(delay):
    net = ncx.Network(inputs=1, neurons=2)
    with pytest.raises(InputError, match="delay_ms must be 0 or more"):
        net.connect(net.neurons, net.neurons, 1, delay_ms=delay)
    assert not net.connected.any()
