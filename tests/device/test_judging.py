"""Groups of neurons through a device: winners, judgements and silence as arguments of a run, and what is refused."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.learning import errors
from neurocorex.spec import Clear, Control, CoreConfig, JudgeFlag, Learning

BIASES = (3, 4, 6, 5)
LACKS = CoreConfig(neurons=4, inputs=2, learning=Learning.EXPONENTIAL, errors=True)


def racing(**judgement):
    """Four neurons of two groups: 2 fires first, then 3, 1, 0; integers, so that nothing is scaled."""
    net = ncx.Network(inputs=2, neurons=4)
    net.connect(net.inputs[:1], net.neurons, np.zeros((1, 4), int), plastic=True)
    net.neurons.set(threshold=30, bias=np.array(BIASES), group=[1, 1, 2, 2], error_always=True, refractory_ms=255)
    net.judge(**{"praise": 2, "blame": 3, **judgement})
    net.learn(errors(1.0, accumulate=4, bounds=(-100, 100)))
    return net


@pytest.fixture
def device():
    with ncx.open("emulator") as opened:
        opened.load(racing())
        yield opened


def test_winners_are_the_first_to_fire(device):
    assert device.winners().tolist() == [-1, -1, -1]
    device.run(20)
    assert device.winners().tolist() == [2, 1, 2]
    device.clear()
    assert device.winners().tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("label", "always", "brought"),
    [(1, False, [0, 2, -3, 0]), (2, False, [0, 0, 0, 0]), (2, True, [0, 0, 2, 0]), (0, False, [0, 0, -3, 0])],
    ids=["wrong", "right", "right, always", "none is right"],
)
def test_judgement_brings_errors(device, label, always, brought):
    changes = {15: {Control.JUDGE: int(JudgeFlag.JUDGE)}} if always else None
    device.run(20, judge={15: label}, changes=changes)
    assert device.errors().tolist() == brought
    assert device.read(ncx.Region.CONTROL)[[Control.JUDGE, Control.LABEL]].tolist() == [0, 0]


def test_lesson_learns_from_the_judgement_of_its_step(device):
    spikes = np.zeros((20, 2), bool)
    spikes[:3, 0] = True
    device.run(spikes=spikes, judge={19: 1}, learn=[19])
    assert device.weights()[0].tolist() == [0, 6, -9, 0]


def test_conscience_raises_the_threshold_of_the_right_one():
    with ncx.open("emulator") as device:
        device.load(racing(conscience=7))
        device.run(20, judge={15: 1, 17: 1, 18: 2})
        assert device.thresholds().tolist() == [30, 44, 37, 30]


def test_silent_groups_do_not_fire(device):
    result = device.run(20, silence={0: [2], 9: ()})
    assert np.argmax(result.spikes, axis=0).tolist() == [10, 7, 9, 9]
    device.clear()
    quiet = device.run(20, silence={0: [1, 2]}, teacher={4: 3})
    assert [(int(s), int(n)) for s, n in np.argwhere(quiet.spikes)] == [(4, 3)]
    device.clear()
    assert device.run(20).spikes.any()  # silence does not outlast its run


def test_streams_judge_as_arguments_do(device):
    by_arguments = device.run(40, judge={15: 1, 35: 2}, silence={20: [1]}, clear={20: Clear.STATE | Clear.WINNERS})
    held, winners = device.errors(), device.winners()
    device.clear(errors=True)
    stream = EventStream(40).judging([15, 35], [1, 2]).silencing(20, [1]).clearing(20, Clear.STATE | Clear.WINNERS)
    assert np.array_equal(device.run(spikes=stream).spikes, by_arguments.spikes)
    assert device.errors().tolist() == held.tolist()
    assert device.winners().tolist() == winners.tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"judge": {3: 3}}, "a judgement takes a group from 1 to 2, or 0 for none, got 3"),
        ({"judge": {25: 1}}, "judge names step 25"),
        ({"judge": [3]}, "judge must be a mapping"),
        ({"silence": {3: [3]}}, "this chip has groups 1 to 2"),
        ({"silence": {3: 1}}, r"silence takes groups such as \[1, 3\]"),
        ({"silence": {3: [-1]}}, "silent groups are 0"),
    ],
)
def test_a_wrong_argument_is_refused(device, arguments, message):
    with pytest.raises(InputError, match=message):
        device.run(20, **arguments)


def test_chips_without_groups_refuse():
    net = racing()
    with ncx.open("emulator", config=LACKS) as device:
        with pytest.raises(FitError, match=r"groups 2 \(the chip has 0\)"):
            device.load(net)
        net.neurons.set(group=0)
        net.feedback(net.inputs[1:], net.neurons, 1)
        net.judge(praise=0, blame=0)
        device.load(net)
        for arguments in ({"judge": {3: 1}}, {"silence": {3: [1]}}, {"spikes": EventStream(5).judging(1, 1)}):
            with pytest.raises(InputError, match=r"groups.*; this one was built without: CoreConfig\("):
                device.run(20, **arguments)
        assert device.winners().tolist() == [-1]


def test_chips_with_groups_alone_race_and_refuse_judgements():
    net = ncx.Network(inputs=2, neurons=4)
    net.neurons.set(threshold=30, bias=np.array(BIASES), group=[1, 1, 2, 2], refractory_ms=255)
    with ncx.open("emulator") as device:
        device.load(net)
        assert (device.config.groups, device.config.errors, device.config.learning) == (2, False, Learning.NONE)
        device.run(20)
        assert device.winners().tolist() == [2, 1, 2]
        device.clear()
        device.run(20, silence={0: [2]})
        assert device.winners().tolist() == [1, 1, -1]
        for arguments in ({"judge": {3: 1}}, {"spikes": EventStream(5).judging(1, 1)}):
            with pytest.raises(InputError, match=r"groups and errors; this one .* CoreConfig\(errors=True"):
                device.run(20, **arguments)


def test_a_snapshot_keeps_winners(device):
    device.run(20)
    snapshot = device.snapshot()
    with ncx.open("emulator") as other:
        other.load(snapshot)
        assert other.winners().tolist() == [2, 1, 2]


def test_of_neurons_that_pass_together_the_one_furthest_above_its_threshold_fires():
    net = ncx.Network(inputs=1, neurons=4)
    net.neurons.set(threshold=11, bias=np.array(BIASES), group=[1, 1, 1, 2], refractory_ms=255)
    net.neurons[:3].set(threshold=[11, 11, 17])  # membranes of 12, 12 and 18 in the third step, or the fourth: 12
    with ncx.open("emulator") as device:
        device.load(net)
        assert np.argmax(device.run(8).spikes, axis=0).tolist() == [3, 2, 2, 2]
        net.one_fires([1])
        report = device.load(net)
        assert "one fires: in a step at most one neuron each of group 1 (3 neurons)" in report.lines
        assert np.argmax(device.run(8).spikes, axis=0).tolist() == [4, 2, 3, 2]
        device.clear()
        both = device.run(8, changes={0: {Control.ONE_FIRES: 0}, 3: {Control.ONE_FIRES: 0b10}})
        assert np.argmax(both.spikes, axis=0).tolist() == [3, 2, 2, 2]
        device.clear()
        forced = device.run(8, teacher={2: [0]})  # beside the one of those that are not forced
        assert np.argmax(forced.spikes, axis=0).tolist() == [2, 2, 3, 2]
        snapshot = device.snapshot()
    with ncx.open("emulator") as other:
        other.load(snapshot)
        other.clear()
        assert np.argmax(other.run(8).spikes, axis=0).tolist() == [4, 2, 3, 2]


def test_a_chip_without_groups_refuses_one_fires():
    with ncx.open("emulator", config=LACKS) as device:
        net = ncx.Network(inputs=1, neurons=4)
        net.connect(net.inputs, net.neurons, 1)
        device.load(net)
        with pytest.raises(InputError, match="no register"):
            device.run(20, changes={0: {Control.ONE_FIRES: 1}})
        with pytest.raises(InputError, match="ONE_FIRES, in the stimulus needs a chip with groups"):
            device.run(spikes=EventStream(5).setting(1, Control.ONE_FIRES, 1))
