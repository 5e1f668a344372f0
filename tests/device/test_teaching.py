"""Teaching through a device: forced spikes, reward, gates, frozen weights, and what is told of them."""

import re

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.changes import Changes
from neurocorex.errors import InputError
from neurocorex.learning import reward_stdp, stdp, superneuromat
from neurocorex.spec import Clear, Control, CoreConfig, Learning, LearningFlag, Region
from support.paths import ROOT

INPUTS, NEURONS = 6, 4
RULE = stdp(20.0, 20.0, 8.0, -8.0, bounds=(0, 127), nearest=True)


def build(rule=RULE):
    net = ncx.Network(inputs=INPUTS, neurons=NEURONS)
    net.connect(net.inputs[:4], net.neurons, 40, plastic=True)
    net.connect(net.inputs[4:], net.neurons, 7)
    net.neurons.set(threshold=np.inf, tau_ms=5.0)
    net.learn(rule)
    return net


@pytest.fixture
def device():
    with ncx.open("emulator", config=CoreConfig(neurons=9, inputs=8, lanes=4, learning=Learning.EXPONENTIAL)) as device:
        device.load(build())
        yield device


def lesson(neurons=(0, 1, 2, 3), steps=10, at=4):
    """Return spikes of all inputs, and forced ones of some neurons a step later."""
    spikes, teacher = np.zeros((steps, INPUTS), bool), np.zeros((steps, NEURONS), bool)
    spikes[at], teacher[at + 1, list(neurons)] = True, True
    return {"spikes": spikes, "teacher": teacher}


def learned(device):
    """Return which neurons have other weights than at first."""
    change = device.weights()[:INPUTS] - np.repeat([40, 7], [4, 2])[:, None]
    return np.flatnonzero(change.any(axis=0)).tolist()


# Forced spikes -----------------------------------------------------------------------------------


def test_teacher_makes_neurons_fire_and_learn(device):
    result = device.run(**lesson([1, 3]))
    assert result.spikes.sum(axis=0).tolist() == [0, 1, 0, 1]
    assert result.spike_times.tolist() == [5, 5]
    assert learned(device) == [1, 3]
    assert device.weights()[:INPUTS, 1].tolist() == [48] * 4 + [7] * 2
    assert result.counters["potentiations"] == 8


def test_teacher_and_currents_may_meet_in_one_neuron(device):
    inject, teacher = np.zeros((3, NEURONS), int), np.zeros((3, NEURONS), bool)
    inject[0] = [0, 500, 600, 0]
    teacher[0] = [1, 1, 0, 0]
    result = device.run(inject=inject, teacher=teacher, record=("spikes", "v"))
    assert result.spikes[0].tolist() == [True, True, False, False]
    assert result.v[0].tolist() == [0, 0, 600, 0]


def test_teacher_may_name_neurons_by_step(device):
    net = build()
    spikes = lesson()["spikes"]
    named = {5: net.neurons[[1, 3]], np.int64(7): 2, 8: [0, np.uint8(1)], 9: net.neurons[:0]}
    result = device.run(spikes=spikes, teacher=named)
    assert list(zip(result.spike_times, result.spike_neurons, strict=True)) == [(5, 1), (5, 3), (7, 2), (8, 0), (8, 1)]
    with pytest.raises(InputError, match="teacher takes neurons"):
        device.run(spikes=spikes, teacher={5: net.inputs[0]})


def test_teacher_by_step_counts_through_samples_and_meets_currents(device):
    inject = np.zeros((2, 5, NEURONS), int)
    inject[1, 0] = 500
    result = device.run(inject=inject, teacher={5: 1}, record=("spikes", "v"))
    assert list(zip(result.spike_samples, result.spike_times, result.spike_neurons, strict=True)) == [(1, 0, 1)]
    assert result.v[1, 0].tolist() == [500, 0, 500, 500]


def test_gate_takes_a_population_of_one_and_numbers_of_numpy(device):
    net = build()
    device.gate(net.neurons[2])
    device.run(**lesson())
    assert learned(device) == [2]
    device.run(**lesson(), gate={0: net.neurons[1], np.int32(8): np.int64(3)})
    assert learned(device) == [1, 2]
    for wrong in (net.neurons, net.inputs[1]):
        with pytest.raises(InputError, match="the gate takes a neuron"):
            device.gate(wrong)


def test_samples_can_be_taught(device):
    one = lesson([2])
    device.run(**{name: np.stack([table] * 3) for name, table in one.items()})
    assert device.weights()[0].tolist() == [40, 40, 64, 40]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"teacher": np.full((4, NEURONS), 2)}, "teacher must be 0 or 1, got 2"),
        ({"teacher": np.zeros((4, 5))}, r"teacher must have shape \[steps, 4 or 9\]"),
        ({"teacher": np.zeros((4, NEURONS)), "spikes": np.zeros((5, INPUTS))}, r"must agree in samples and steps"),
        ({"steps": 5, "modulation": {5: 1.0}}, r"modulation names step 5, the run has 5 \(0 to 4\)"),
        ({"steps": 5, "modulation": {1: 300}}, "modulation must be -127 to 127, got 300"),
        ({"steps": 5, "modulation": np.zeros(6)}, "a number for each of 5 steps"),
        ({"steps": 5, "gate": {0: 4}}, "the gate takes a neuron from 0 to 3, or None for all, got 4"),
        ({"steps": 5, "gate": 3}, "gate must be a mapping of steps"),
        ({"steps": 5, "learning": 3}, "learning must be a mapping of steps"),
        ({"steps": 5, "learning": {0: 3}}, "learning is True or False, got 3 at step 0"),
        ({"steps": 5, "adaptation": {0: None}}, "adaptation is True or False, got None at step 0"),
        ({"steps": 5, "adaptation": {5: False}}, r"adaptation names step 5, the run has 5 \(0 to 4\)"),
        ({"steps": 5, "modulation": [[1.0], [1.0, 2.0]]}, "a number for each of 5 steps"),
        ({"steps": 5, "teacher": {5: 0}}, r"teacher names step 5, the run has 5 \(0 to 4\)"),
        ({"steps": 5, "teacher": {0: 9}}, "teacher needs neurons from 0 to 8.* got 9 at 0"),
        ({"steps": 5, "teacher": {0: [1, 1]}}, "teacher names a neuron twice at step 0"),
        ({"steps": 5, "teacher": {0: 0.5}}, "teacher needs neurons from 0 to 8"),
        ({"teacher": {0: 1}}, "nothing to run; give steps=100"),
        ({"steps": 5, "changes": {0: {99: 1}}}, "this chip has no register 99"),
        ({"steps": 5, "changes": {0: {Control.WEIGHT_MAX: 128}}}, "WEIGHT_MAX of this chip holds integers from -128"),
        ({"steps": 5, "changes": {0: 5}}, "changes of a step are a mapping"),
        ({"steps": 5, "clear": {0: Clear.COUNTERS}}, "a run clears"),
        ({"steps": 5, "snapshot_every": 0}, "snapshot_every must be a number of steps from 1 up, got 0"),
    ],
)
def test_bad_teaching_is_explained_and_nothing_has_run(device, arguments, message):
    with pytest.raises(InputError, match=message):
        device.run(**arguments)
    assert device.counters()["steps"] == 0


# Reward, gate, freezing --------------------------------------------------------------------------


def test_gate_lets_one_neuron_learn(device):
    device.gate(2)
    device.run(**lesson())
    assert learned(device) == [2]
    device.gate(None)
    device.run(**lesson())
    assert learned(device) == [0, 1, 2, 3]


def test_gate_moves_within_a_run(device):
    device.run(**lesson(), gate={0: 1, 8: None})
    assert learned(device) == [1]
    device.run(**lesson())
    assert learned(device) == [0, 1, 2, 3]


def test_frozen_weights_stay_until_learning_goes_on(device):
    device.learning(False)
    device.run(**lesson())
    assert learned(device) == []
    assert device.traces().pre.any()
    device.learning(True)
    device.run(**lesson())
    assert learned(device) == [0, 1, 2, 3]


def test_freezing_keeps_the_other_flags(device):
    before = device.read(Region.CONTROL)[Control.LEARNING]
    device.learning(False)
    assert device.read(Region.CONTROL)[Control.LEARNING] == before & ~int(LearningFlag.ENABLE)
    device.run(5, learning={0: False, 3: True})
    assert device.read(Region.CONTROL)[Control.LEARNING] == before & ~int(LearningFlag.ENABLE)
    registers = device.read(Region.CONTROL).copy()
    registers[Control.LEARNING] = 0
    device.write(Region.CONTROL, registers)
    device.learning(True)
    assert device.read(Region.CONTROL)[Control.LEARNING] == LearningFlag.ENABLE


def test_reward_scales_and_turns_changes(device):
    device.load(build(reward_stdp(20.0, 20.0, 8.0, -8.0, bounds=(0, 127), nearest=True)))
    device.run(**lesson())
    assert learned(device) == []
    device.run(**lesson(), modulation={5: 1.0})
    device.clear()
    device.modulation(0.0)
    device.run(**lesson(), modulation=np.where(np.arange(10) == 5, -2.0, 0.0))
    assert device.weights()[:4].tolist() == [[48 - 16] * NEURONS] * 4


def test_clears_within_a_run(device):
    device.run(**lesson(), clear={5: Clear.TRACES})
    assert learned(device) == []
    assert not device.traces().pre.any()
    assert device.state()[Region.HISTORY].any()


def test_clear_by_kind(device):
    device.run(**lesson())
    device.clear(state=False, traces=True)
    traces = device.traces()
    assert traces.pre.shape == (INPUTS + NEURONS,)
    assert not traces.pre.any()
    assert not traces.post.any()
    assert device.state()[Region.HISTORY].any()
    device.run(**lesson())
    device.clear(traces=False)
    assert device.traces().post.any()
    assert not device.state()[Region.HISTORY].any()


def test_chip_without_learning_says_so():
    with ncx.open("emulator", config=CoreConfig(neurons=4, inputs=6)) as device:
        device.load(ncx.Network(inputs=6, neurons=4))
        for attempt in (
            lambda: device.learning(False), lambda: device.gate(1), lambda: device.modulation(0.5),
            lambda: device.run(3, modulation={0: 1.0}), lambda: device.run(3, learning=True),
        ):  # fmt: skip
            with pytest.raises(InputError, match="needs a chip that learns"):
                attempt()
        assert not device.plastic().any()
        assert not device.traces().pre.any()


# What is told ------------------------------------------------------------------------------------


def test_plastic_tells_which_synapses_learn(device):
    expected = np.zeros((INPUTS + NEURONS, NEURONS), bool)
    expected[:4] = True
    assert np.array_equal(device.plastic(), expected)


def test_drift_is_in_the_weights():
    net = build(superneuromat([4, 2], [-1, -2]))
    with ncx.open("emulator") as device:
        device.load(net)
        device.run(5)  # 0, -1, -3, -3, -3
        assert device.weights()[:INPUTS, 0].tolist() == [30] * 4 + [7] * 2
        assert device.read(Region.WEIGHTS)[0, 0] == 30


def test_weights_over_time_are_those_of_separate_runs(device, tmp_path):
    table = {name: np.concatenate([each] * 5) for name, each in lesson().items()}
    result = device.run(**table, snapshot_every=20)
    assert result.weight_steps.tolist() == [0, 20, 40]
    device.load(build())
    singly = [device.weights()]
    for start in (0, 20):
        device.run(**{name: each[start : start + 20] for name, each in table.items()})
        singly.append(device.weights())
    assert np.array_equal(result.weights_over_time, singly)
    result.save(tmp_path / "r.npz")
    again = ncx.Result.load(tmp_path / "r.npz")
    assert np.array_equal(again.weights_over_time, result.weights_over_time)
    assert result.plot_weights(plastic=device.plastic()).axes


def test_weights_over_time_follow_the_drift():
    with ncx.open("emulator", config=CoreConfig(neurons=5, inputs=9, learning=Learning.WINDOW)) as device:
        device.load(build(superneuromat([4, 2], [-1, -2])))
        result = device.run(6, snapshot_every=2)
        assert result.weights_over_time[:, 0, 0].tolist() == [40, 39, 33, 27]
        assert result.weights_over_time[:, 4, 0].tolist() == [7] * 4


def test_steps_counted_through_samples(device):
    result = device.run(**{name: np.stack([table] * 3) for name, table in lesson().items()}, snapshot_every=10)
    assert result.weight_steps.tolist() == [0, 10, 20, 30]
    assert result.weights_over_time[:, 0, 0].tolist() == [40, 48, 56, 64]


def test_counters_can_be_left_out_and_are_the_same_otherwise(device):
    device.run(**lesson(), counters=False)
    assert device.run(**lesson(), counters=False).counters == {}
    first = device.run(**lesson()).counters
    second = device.run(**lesson()).counters  # begins with what the first ended with
    assert first["steps"] == second["steps"] == 10
    assert first["frames_good"] == second["frames_good"]
    device.clear(state=False, counters=True)
    assert device.run(**lesson()).counters["steps"] == 10


def test_tiny_runs_need_one_exchange(device):
    device.run(**lesson(), counters=False)
    before = device._session.exchanges
    device.run(**lesson(), gate={0: 1, 5: 2}, modulation={3: 0.5}, learning={0: False}, clear=True, counters=False)
    assert device._session.exchanges == before + 1


def test_changes_come_in_a_fixed_order_and_are_taken_back():
    registers = np.zeros(20, np.int64)
    registers[[Control.MODULATION, Control.GATE]] = 256, 0xFFFF
    changes = Changes(10, CoreConfig(learning=Learning.EXPONENTIAL), NEURONS, lambda: registers)
    changes.gate({3: 1})
    changes.clear({3: Clear.TRACES, 1: Clear.STATE})
    changes.modulate([1.0, 1.0, 2.0])
    changes.planned([[4, Control.POTENTIATION, 3]])
    changes.registers({5: {Control.RANDOM: 7}})
    stream = changes.applied(ncx.EventStream(10).setting(10, Control.DEPRESSION, 9))
    assert stream.change_step.tolist() == [0, 1, 2, 3, 3, 4, 5, 10, 10, 10]
    assert [Control(r).name if r >= 0 else "clear" for r in stream.change_register] == [
        "MODULATION", "clear", "MODULATION", "clear", "GATE", "POTENTIATION", "RANDOM",
        "MODULATION", "GATE", "DEPRESSION",
    ]  # fmt: skip
    assert stream.change_value.tolist()[7:] == [256, 0xFFFF, 9]
    assert changes.last == {Control.POTENTIATION: 3, Control.DEPRESSION: 9}


def test_examples_of_the_page_on_learning_run(tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs" / "learning.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", page, re.S)
    stdp_example, errors_example, rules_example, judge_example, one_example, reward_example, sum_example = examples
    monkeypatch.chdir(tmp_path)
    exec(stdp_example, {})  # noqa: S102  # it is our own
    assert (tmp_path / "weights.png").read_bytes().startswith(b"\x89PNG")
    assert "64 synapses learn" in capsys.readouterr().out
    exec(errors_example, {})  # noqa: S102
    printed = capsys.readouterr().out
    (report,) = re.findall(r"```\n(errors: .*?)```", page, re.S)
    assert report in printed
    exec(rules_example, {})  # noqa: S102
    (alone,) = re.findall(r"```\n(window: alone.*?)\n```", page)
    assert f"rule 1: {alone}\n" in capsys.readouterr().out
    assert [line.split() for line in re.findall(r"\[(\d \d)\]", printed)] == [["4", "0"]] * 2 + [["0", "4"]] * 2
    exec(judge_example, {})  # noqa: S102
    printed = capsys.readouterr().out
    (line,) = re.findall(r"```\n(judge: .*?)```", page, re.S)
    assert line in printed
    assert printed.splitlines()[-1] == "[0 0 2]"
    exec(one_example, {})  # noqa: S102
    printed = capsys.readouterr().out
    (line,) = re.findall(r"```\n(one fires: .*?)```", page, re.S)
    assert line in printed
    assert printed.splitlines()[-2:] == ["[[0 1 0]", " [1 0 0]]"]
    exec(sum_example, {})  # noqa: S102
    sums = [
        float(each) for each in " ".join(capsys.readouterr().out.splitlines()[-2:]).split("[")[1].strip("]").split()
    ]
    assert sums == pytest.approx([20.0] * 10, rel=0.02)
    exec(reward_example, {})  # noqa: S102
    printed = capsys.readouterr().out
    (line,) = re.findall(r"```\n(eligibility: .*?)```", page, re.S)
    assert line in printed
    gained = [float(each) for each in printed.splitlines()[-1].strip("[]").split()]
    assert min(gained[2:]) > max(gained[:2]) + 0.05
