"""Groups of neurons and judgements as a user states them, and what is refused."""

import math

import neurocorex as ncx
import pytest
from neurocorex.errors import InputError


@pytest.fixture
def net():
    return ncx.Network(inputs=2, neurons=4)


def test_neurons_are_in_no_group_at_first(net):
    assert net.parameters["group"].tolist() == [0, 0, 0, 0]
    assert net.groups == 0
    net.neurons[1:].set(group=[2, 2, 5])
    assert net.parameters["group"].tolist() == [0, 2, 2, 5]
    assert net.groups == 5


@pytest.mark.parametrize(
    ("group", "message"),
    [(17, "group must be 0 to 16, got 17"), (-1, "group must be 0 to 16"), (1.5, "group must be a whole number"),
     ([1, 2], "one for each neuron"), ("one", "is no number")],
)  # fmt: skip
def test_a_wrong_group_is_refused(net, group, message):
    with pytest.raises(InputError, match=message):
        net.neurons.set(group=group)
    assert net.groups == 0


def test_a_judgement_is_kept_and_counts_as_a_call(net):
    calls = net.calls
    net.judge(praise=1.0, blame=-0.5, conscience=3)
    assert (net.praise, net.blame, net.conscience) == (1.0, -0.5, 3)
    assert net.calls > calls


@pytest.mark.parametrize(
    ("numbers", "message"),
    [({"praise": math.inf}, "praise of a judgement must be a finite number, got inf"), ({"blame": "1"}, "blame of a"),
     ({"conscience": -1}, "conscience of a judgement must be a finite number from 0 up, got -1"),
     ({"praise": True}, "praise of a judgement")],
)  # fmt: skip
def test_a_wrong_judgement_is_refused(net, numbers, message):
    with pytest.raises(InputError, match=message):
        net.judge(**{"praise": 1.0, "blame": 1.0, **numbers})
    assert (net.praise, net.blame, net.conscience) == (0, 0, 0)


def test_judge_needs_praise_and_blame_by_name(net):
    with pytest.raises(TypeError, match="did you mean 'praise'"):
        net.judge(prise=1.0, blame=1.0)


def test_groups_of_which_one_fires_are_kept_and_replaced(net):
    calls = net.calls
    net.one_fires([2, 1, 2])
    assert net.exclusive == (1, 2)
    assert net.calls > calls
    net.one_fires(())
    assert net.exclusive == ()


@pytest.mark.parametrize("groups", [3, [17], [-1], [1.0], [True], "12", None])
def test_wrong_groups_of_which_one_fires_are_refused(net, groups):
    net.one_fires([0])
    with pytest.raises(InputError, match=r"one_fires takes groups from 0 \(neurons of none\) to 16 such as \[1, 2\]"):
        net.one_fires(groups)
    assert net.exclusive == (0,)
