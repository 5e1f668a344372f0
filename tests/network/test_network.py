"""Network: populations, connections, parameters, and messages that help."""

import copy
import pickle

import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.learning import stdp
from neurocorex.network.network import Network
from neurocorex.network.parameters import CHOICES, GROUP, KEYWORDS, QUANTITIES, Settings


@pytest.fixture
def net():
    return Network(inputs=3, neurons=4)


def test_weights_of_inputs_come_before_those_of_neurons(net):
    net.connect(net.inputs, net.neurons, np.arange(12).reshape(3, 4))
    net.connect(net.neurons, net.neurons, 100 * np.eye(4, dtype=int))
    assert np.array_equal(net.weights[:3], np.arange(12).reshape(3, 4))
    assert np.array_equal(net.weights[3:], 100 * np.eye(4))


def test_scalar_connects_all_to_all(net):
    net.connect(net.inputs[1:], net.neurons[[0, 3]], 0.5)
    expected = np.zeros((7, 4))
    expected[np.ix_([1, 2], [0, 3])] = 0.5
    assert np.array_equal(net.weights, expected)


def test_list_of_tuples_uses_positions_within_the_groups(net):
    net.connect(net.neurons[1:], net.neurons[2:], [(0, 1, 0.25), (2, 0, -1), (0, 1, 0.5)])
    assert net.weights[3 + 1, 3] == 0.75
    assert net.weights[3 + 3, 2] == -1
    assert np.count_nonzero(net.weights) == 2


def test_list_of_tuples_takes_members_and_numbers_of_numpy(net):
    part, targets = net.neurons[1:], net.neurons[2:]
    net.connect(part, targets, [(net.neurons[1], np.int64(1), np.int16(3)), (np.uint8(2), targets[0], -1)])
    assert net.weights[3 + 1, 3] == 3
    assert net.weights[3 + 3, 2] == -1
    assert net.weights.dtype == np.int64
    for strange in (net.neurons[0], net.neurons[1:3], net.inputs[1]):
        with pytest.raises(InputError, match="pre must be one of <3 neurons"):
            net.connect(part, targets, [(strange, 0, 1)])


def test_population_as_an_index_stands_for_its_members(net):
    assert net.neurons[1:][net.neurons[[3, 1]]].indices.tolist() == [3, 1]
    for part in (net.neurons[0], net.inputs[1], Network(inputs=3, neurons=4).neurons[1]):
        with pytest.raises(InputError, match="it is no part of it"):
            net.neurons[1:][part]


def test_population_is_an_array_of_indices(net):
    assert np.asarray(net.neurons[2:]).tolist() == [2, 3]
    assert np.arange(10)[net.neurons[1:3]].tolist() == [1, 2]


def test_empty_list_connects_nothing(net):
    net.connect(net.inputs, net.neurons, [])
    assert not net.weights.any()


def test_list_of_lists_is_a_matrix():
    net = Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, [[0, 1, 2], [1, 2, 3]])
    assert np.array_equal(net.weights[:2], [[0, 1, 2], [1, 2, 3]])


def test_sparse_array_is_taken(net):
    class Sparse:
        shape = (3, 4)
        row, col, data = np.array([0, 2]), np.array([1, 3]), np.array([1.5, -2.0])

        def tocoo(self):
            return self

    net.connect(net.inputs, net.neurons, Sparse())
    assert net.weights[0, 1] == 1.5
    assert net.weights[2, 3] == -2.0


def test_repeated_connections_add_up(net):
    net.connect(net.inputs, net.neurons, 1)
    net.connect(net.inputs[0], net.neurons[0], 2)
    assert net.weights[0, 0] == 3
    assert net.weights[1, 1] == 1


def test_group_of_a_group(net):
    assert net.neurons[1:][1:].indices.tolist() == [2, 3]
    assert net.neurons[-1].indices.tolist() == [3]
    assert net.neurons[np.array([True, False, True, False])].indices.tolist() == [0, 2]
    assert [len(one) for one in net.inputs] == [1, 1, 1]


def test_integers_stay_integers_until_a_float_joins(net):
    net.connect(net.inputs, net.neurons, 3)
    net.neurons.set(threshold=10, reset=[0, 1, 2, 3])
    assert net.is_integer
    net.neurons[0].set(bias=0.5)
    assert not net.is_integer
    assert net.parameters["bias"].tolist() == [0.5, 0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda net: net.connect(net.inputs, net.neurons, 1.0),
        lambda net: net.neurons.set(threshold=1.0),
        lambda net: net.adaptation(step=1.0),
    ],
    ids=["weight", "threshold", "adaptation"],
)
def test_one_float_makes_the_network_one_of_floats(net, change):
    assert net.is_integer
    change(net)
    assert not net.is_integer


def test_time_constants_become_fractions():
    net = Network(inputs=1, neurons=3, dt_ms=0.5)
    net.neurons.set(tau_ms=[0.0, 10.0, np.inf], decay_syn=0.25)
    assert net.parameters["decay"] == pytest.approx([1.0, 1 - np.exp(-0.05), 0.0])
    assert net.parameters["decay_syn"].tolist() == [0.25] * 3


def test_values_go_to_the_chosen_neurons_only(net):
    assert net.neurons[1:3].set(threshold=[2, 3], refractory="hold", reset_mode=["value", "subtract"]) is not None
    assert net.parameters["threshold"].tolist() == [1, 2, 3, 1]
    assert net.parameters["hold"].tolist() == [False, True, True, False]
    assert net.parameters["subtract"].tolist() == [False, False, True, False]


def test_delay_may_come_with_the_connection(net):
    net.connect(net.neurons[0], net.neurons, 1.0, delay_ms=3.0)
    net.connect(net.neurons[0], net.neurons, 1.0, delay_ms=3.0)
    assert net.parameters["delay_ms"][0] == 3.0
    assert np.isnan(net.parameters["delay_ms"][1:]).all()


def test_second_delay_gets_an_axon_of_its_own(net):
    net.neurons[0].set(delay_ms=2)
    net.connect(net.neurons, net.neurons[1], 1, delay_ms=3)
    net.connect(net.neurons[:2], net.neurons[2], 4, delay_ms=3)
    assert (net.extra_source, net.extra_delay_ms) == ([0], [3.0])
    assert net.parameters["delay_ms"].tolist() == [2, 3, 3, 3]
    assert net.weights[3 + 4].tolist() == [0, 1, 4, 0]
    assert not net.weights[3].any()


def test_a_delay_leaves_earlier_connections_alone(net):
    net.connect(net.neurons[0], net.neurons[1], 1)
    net.connect(net.neurons[0], net.neurons[2], 2, delay_ms=5)
    net.connect(net.neurons[0], net.neurons[3], 3, delay_ms=1)
    assert net.extra_delay_ms == [5.0]
    assert net.weights[3].tolist() == [0, 1, 0, 3]
    assert net.weights[3 + 4].tolist() == [0, 0, 2, 0]


@pytest.mark.parametrize("delay_ms", [-1.0, np.nan, np.inf])
def test_a_delay_that_cannot_be_is_refused(net, delay_ms):
    with pytest.raises(InputError, match="delay_ms must be 0 or more"):
        net.connect(net.neurons, net.neurons, 1, delay_ms=delay_ms)
    assert not net.weights.any()


def test_plastic_are_all_pairs_of_an_array_and_the_named_ones_of_a_list(net):
    net.connect(net.inputs[:1], net.neurons, [[0, 1, 0, 1]], plastic=True)
    net.connect(net.inputs, net.neurons, [(1, 2, 5)], plastic=True)
    net.connect(net.inputs[2], net.neurons, 7)
    assert net.plastic[:3].tolist() == [[True] * 4, [False, False, True, False], [False] * 4]
    assert not net.learns
    net.learn(stdp(20, 20, 1, -1))
    assert net.learns
    net.learn(None)
    assert not net.learns


def test_learning_between_populations_takes_their_connections_on_all_axons(net):
    net.connect(net.neurons[0], net.neurons, [(0, 1, 1)])
    net.connect(net.neurons[0], net.neurons, [(0, 2, 1)], delay_ms=4)
    net.connect(net.neurons[1], net.neurons[3], 1)
    net.learn(stdp(20, 20, 1, -1), between=[(net.neurons[0], net.neurons), (net.inputs, net.neurons)])
    assert np.argwhere(net.plastic).tolist() == [[3, 1], [3 + 4, 2]]


@pytest.mark.parametrize(
    ("rule", "between", "message"),
    [
        ("stdp", (), "a rule comes from neurocorex.learning.*got 'stdp'"),
        (None, 5, "between needs"),
        (None, [5], r"between needs \(source, target\)"),
    ],
)
def test_bad_rules_are_explained(net, rule, between, message):
    with pytest.raises(InputError, match=message):
        net.learn(rule, between=between)


def test_adaptation_is_shared(net):
    net.adaptation(step=0.5, tau_ms=100.0)
    assert net.adaptation_step == 0.5
    assert net.adaptation_decay == pytest.approx(1 - np.exp(-0.01))


def test_representations_say_what_it_is(net):
    net.connect(net.inputs[0], net.neurons, 1)
    assert repr(net) == "<Network of 3 inputs, 4 neurons and 4 synapses, 1 ms>"
    assert repr(net.neurons[2:]) == "<2 neurons: 2, 3>"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        pytest.param(
            lambda: Network(inputs=0, neurons=1), "inputs must be an integer from 1 to 4096, got 0", id="inputs"
        ),
        pytest.param(lambda: Network(inputs=1, neurons=1.5), "neurons must be an integer .*, got 1.5", id="neurons"),
        pytest.param(lambda: Network(1, 1, dt_ms=0), "dt_ms must be above 0 ms, got 0", id="dt"),
    ],
)
def test_impossible_network_is_refused(action, message):
    with pytest.raises(InputError, match=message):
        action()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        pytest.param(np.zeros((4, 3)), r"shape \(4, 3\), expected \(3, 4\) .*numpy.zeros\(\(3, 4\)\)", id="transposed"),
        pytest.param(np.zeros(4), r"shape \(4,\), expected \(3, 4\)", id="vector"),
        pytest.param([[1, 2], [3]], "different lengths", id="ragged"),
        pytest.param(float("nan"), "must be finite, got nan", id="nan"),
        pytest.param(np.where(np.eye(3, 4), np.inf, 0.0), r"finite, got inf at \(0, 0\)", id="inf"),
        pytest.param("strong", "must be numbers", id="text"),
        pytest.param([(0, 4, 1.0)], "post must be an integer from 0 to 3, got 4", id="post"),
        pytest.param([(-1, 0, 1.0)], "pre must be an integer from 0 to 2, got -1", id="pre"),
        pytest.param([(0.5, 0, 1.0)], "pre must be an integer from 0 to 2, got 0.5", id="half"),
        pytest.param([(0, 1)], "tuples", id="pair"),
        pytest.param([(0, 1, 2), 5], "tuples", id="number"),
        pytest.param([((0, 1), 1, 2), (0, 1, 2)], "pre of a list must be a number", id="tuple in a tuple"),
        pytest.param([(0, 1, "x")], "must be numbers", id="word"),
    ],
)
def test_bad_weights_are_refused_and_change_nothing(net, weights, message):
    with pytest.raises(InputError, match=message):
        net.connect(net.inputs, net.neurons, weights)
    assert not net.weights.any()


def test_parts_must_belong_together(net):
    other = Network(inputs=3, neurons=4)
    with pytest.raises(InputError, match="source must be a part of this network"):
        net.connect(other.inputs, net.neurons, 1)
    with pytest.raises(InputError, match="target must be a part of this network"):
        net.connect(net.inputs, 3, 1)
    with pytest.raises(InputError, match="only neurons can be a target"):
        net.connect(net.inputs, net.inputs, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"threshold": [1, 2]}, "threshold needs one number, or 4", id="length"),
        pytest.param({"threshold": "high"}, "threshold needs one number", id="text"),
        pytest.param({"threshold": np.nan}, "threshold must be a finite number, got nan for neuron 0", id="nan"),
        pytest.param({"leak": [0, 0, -1, 0]}, "leak must be 0 or more, got -1 for neuron 2", id="leak"),
        pytest.param({"tau_ms": -1}, "tau_ms must be 0 or more, got -1", id="tau"),
        pytest.param({"decay": 1.5}, "decay must be 0 to 1, got 1.5", id="decay"),
        pytest.param({"tau_ms": 1, "decay": 0.5}, "tau_ms or decay, not both", id="both"),
        pytest.param({"tau_syn_ms": 1, "decay_syn": 0.5}, "tau_syn_ms or decay_syn, not both", id="both syn"),
        pytest.param({"refractory_ms": np.inf}, "refractory_ms must be 0 or more, got inf", id="refractory"),
        pytest.param({"refractory": "pause"}, "refractory must be one of 'integrate', 'hold', got 'pause'", id="mode"),
        pytest.param({"reset_mode": ["value"] * 3}, "reset_mode must be one of .*, got 3 for 4 neurons", id="modes"),
        pytest.param({"delay_ms": -1}, "delay_ms must be 0 or more, got -1", id="delay"),
    ],
)
def test_bad_parameter_is_refused_and_changes_nothing(net, values, message):
    before = {name: array.copy() for name, array in net.parameters.items()}
    with pytest.raises(InputError, match=message):
        net.neurons.set(bias=5, **values)
    assert all(
        np.array_equal(before[name], array, equal_nan=True)
        for name, array in net.parameters.items()
        if array.dtype != bool
    )
    assert net.parameters["bias"].tolist() == [0] * 4


@pytest.mark.parametrize("values", [{"step": -1}, {"step": np.nan}, {"step": 1, "tau_ms": -2}])
def test_bad_adaptation_is_refused(net, values):
    with pytest.raises(InputError, match="adaptation"):
        net.adaptation(**values)


@pytest.mark.parametrize("key", [7, [0, 0], "a", (0, 1)], ids=["beyond", "twice", "text", "two axes"])
def test_bad_index_is_refused(net, key):
    with pytest.raises(InputError, match="neuron"):
        net.neurons[key]


# Names that do not exist -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "name", "message"),
    [
        (lambda net: net, "treshold", "no attribute 'treshold'; did you mean 'threshold'.*neurons.set.threshold="),
        (lambda net: net, "threshold", "no attribute of Network; set it by net.neurons.set.threshold="),
        (lambda net: net, "taums", "did you mean 'tau_ms'"),
        (lambda net: net, "dt", "did you mean 'dt_ms'.*when the network is made"),
        (lambda net: net, "weight", "did you mean 'weights'"),
        (lambda net: net, "qqq", "no attribute 'qqq'; it has adaptation_decay, .*weights"),
        (lambda net: net, "dt_ms", r"dt_ms is fixed; give it when the network is made: Network\(..., dt_ms=...\)"),
        (lambda net: net, "neuron_count", "neuron_count is fixed"),
        (lambda net: net, "neurons", "neurons is fixed"),
        (lambda net: net, "inputs", "inputs is fixed"),
        (lambda net: net, "parameters", "parameters is fixed"),
        (lambda net: net, "connect", "connect of Network cannot be assigned"),
        (lambda net: net, "is_integer", "is_integer of Network cannot be assigned"),
        (lambda net: net.neurons, "treshold", "Neurons has no attribute 'treshold'; did you mean 'threshold'"),
        (lambda net: net.neurons[3:5], "threshold", "set it by net.neurons.set"),
        (lambda net: net.neurons, "indices", "indices is fixed"),
        (lambda net: net.neurons, "noun", "noun of Neurons cannot be assigned"),
        (lambda net: net.inputs, "x", "Inputs has no attribute 'x'; it has indices, network"),
        (lambda net: net.inputs[0], "threshold", "Inputs has no attribute 'threshold'"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_assigning_what_cannot_be_assigned_is_an_error(net, part, name, message):
    with pytest.raises(AttributeError, match=message):
        setattr(part(net), name, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: Network(input=3, neurons=4), "Network has no keyword 'input'; did you mean 'inputs'"),
        (lambda net: net.connect(net.inputs, net.neurons, 1, plastik=True), "did you mean 'plastic'"),
        (lambda net: net.learn(None, betwen=()), "did you mean 'between'"),
        (lambda net: net.adaptation(steps=1), "did you mean 'step'"),
        (lambda net: net.neurons.set(treshold=1), "Neurons.set has no keyword 'treshold'; did you mean 'threshold'"),
        (lambda net: net.neurons.set(qqq=1), "it takes bias, decay, .*threshold"),
    ],
    ids=["Network", "connect", "learn", "adaptation", "set", "nothing near"],
)
def test_unknown_keywords_name_the_nearest(net, call, message):
    with pytest.raises(TypeError, match=message):
        call(net)


def test_arrays_and_rule_can_be_replaced(net):
    net.weights, net.rule, net.adaptation_step = np.ones((7, 4)), stdp(20, 20, 1, -1), 2
    assert net.weights.all()


def test_a_derived_network_annotates_its_attributes():
    class Named(Network):
        name: str

    net = Named(inputs=1, neurons=1)
    net.name = "retina"
    assert net.name == "retina"
    with pytest.raises(AttributeError, match="did you mean 'name'"):
        net.nam = "retina"


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],  # noqa: S301
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_is_a_network_of_its_own(net, copied):
    net.connect(net.inputs, net.neurons, 1)
    net.learn(stdp(20, 20, 1, -1))
    other = copied(net)
    other.connect(other.inputs, other.neurons[1:], 2)
    other.neurons.set(threshold=9)
    assert other.neurons[1:].network is other
    assert (net.weights[:3] == 1).all()
    assert net.parameters["threshold"].tolist() == [1] * 4
    assert (other.rule, other.dt_ms) == (net.rule, net.dt_ms)
    with pytest.raises(AttributeError, match="fixed"):
        other.dt_ms = 2.0


# Declared parameters ---------------------------------------------------------------------------------


def test_every_declared_parameter_is_a_keyword_with_its_initial_value(net):
    for name, quantity in QUANTITIES.items():
        assert name in KEYWORDS
        initial = np.nan if quantity.initial is None else quantity.initial
        assert np.array_equal(net.parameters[name], np.full(4, initial), equal_nan=True)
    assert set(net.parameters) == {*QUANTITIES, *(flag for flag, _ in CHOICES.values()), GROUP}


def test_type_checkers_know_existing_keywords_only():
    assert set(Settings.__annotations__) <= set(KEYWORDS)


def test_none_is_not_given(net):
    net.neurons.set(threshold=None, bias=2, tau_ms=None, decay=0.5)
    assert net.parameters["threshold"].tolist() == [1] * 4
    assert net.parameters["decay"].tolist() == [0.5] * 4
