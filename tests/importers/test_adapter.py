"""Scripts for SuperNeuroMAT on a device: what they read is where SuperNeuroMAT leaves it."""

from __future__ import annotations

import copy
import math
import warnings

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat
from neurocorex.errors import InputError
from neurocorex.importers.superneuromat import on_device
from neurocorex.importers.superneuromat.saturation import Cause
from support.paths import ROOT
from support.superneuromat_models import random_model


def same(one, other):
    """Where two models differ."""
    names = ("neuron_states", "neuron_refractory_periods_state", "synaptic_weights", "input_spikes", "num_neurons")
    found = [name for name in names if getattr(one, name) != getattr(other, name)]
    return found + (["ispikes"] if not np.array_equal(one.ispikes, other.ispikes) else [])


@pytest.mark.parametrize("seed", range(12))
def test_scripts_find_everything_where_they_expect_it(seed):
    expected = random_model(seed)
    with on_device(copy.deepcopy(expected)) as snn:
        for ticks in (1, 7, 1, 12):
            expected.simulate(ticks)
            snn.simulate(ticks)
            assert same(snn, expected) == []
        assert snn.report.exact
    assert snn.ispikes.dtype == expected.ispikes.dtype
    assert snn.neuron_spike_totals().tolist() == expected.neuron_spike_totals().tolist()


def test_the_example_prints_the_same_without_its_two_lines(capsys):
    example = ROOT / "examples/superneuromat_script.py"
    lines = example.read_text().splitlines()
    plain = [line for line in lines if "# chip" not in line]
    assert len(lines) - len(plain) == 2
    printed = []
    for script in (lines, plain):
        exec("\n".join(script), {})  # noqa: S102
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_changes_between_runs_count():
    expected = random_model(3)
    with on_device(copy.deepcopy(expected)) as snn:
        for model in (expected, snn):
            model.simulate(4)
            model.neurons[0].threshold = 1
            model.neurons[1].state = 7
            model.synapses[0].weight = 9
            model.add_spike(2, 0, 11, exist="overwrite")
            model.simulate(4)
            model.enable_stdp = [False] * model.num_synapses
            model.simulate(4)
            model.reset()
            model.add_spike(0, 1, 30)
            model.simulate(6)
        assert same(snn, expected) == []


def test_the_chip_goes_on_where_nothing_was_changed(monkeypatch):
    with ncx.open("emulator") as device:
        loads = []
        load = device.load
        monkeypatch.setattr(device, "load", lambda image: loads.append(image) or load(image))
        snn = on_device(random_model(1), device)
        for _ in range(3):
            snn.simulate(2)
            snn.add_spike(0, 0, 5, exist="overwrite")
        assert len(loads) == 1
        assert snn.device is device


def test_input_for_a_relay_that_was_folded():
    expected = superneuromat.SNN()
    for _ in range(2):
        expected.create_neuron()
    expected.create_synapse(0, 1, delay=4)
    expected.backend = "cpu"
    expected.add_spike(0, 0)
    with on_device(copy.deepcopy(expected)) as snn:
        for model in (expected, snn):
            model.simulate(2)
            model.add_spike(0, 2, 3.0)
            model.simulate(6)
        assert same(snn, expected) == []


def test_callbacks_see_and_change_every_tick():
    def count(model, tick, ticks):
        seen.append((tick, ticks, len(model.spike_train), model.neurons[0].state))
        if tick == 2:
            model.neurons[0].state = 9

    snn = superneuromat.SNN()
    snn.create_neuron(threshold=20, leak=1)
    snn.add_spike(0, 0, 5)
    seen = []
    with on_device(snn) as chip:
        chip.simulate(4, callback=count)
    assert seen == [(0, 4, 0, 0), (1, 4, 1, 5), (2, 4, 2, 4), (3, 4, 3, 8)]
    assert snn.neuron_states == [7]


def test_attributes_are_those_of_the_model():
    snn = superneuromat.SNN()
    with pytest.raises(InputError, match="no neurons"):
        on_device(snn)
    snn.create_neuron()
    with on_device(snn) as chip:
        chip.backend = "jit"
        chip.create_neuron(threshold=3)
        assert (snn.backend, snn.num_neurons, chip.num_neurons) == ("jit", 2, 2)
        assert {"simulate", "create_synapse", "device"} <= set(dir(chip))
        assert str(chip) == str(snn)
        assert chip == snn == chip.copy()
        assert copy.copy(chip).num_neurons == 2


@pytest.mark.parametrize(("ticks", "error"), [(0, InputError), (-1, InputError), (2.5, TypeError), ("x", TypeError)])
def test_ticks_are_whole_and_at_least_one(ticks, error):
    with on_device(random_model(0)) as snn, pytest.raises(error, match="time_steps must be"):
        snn.simulate(ticks)


#: Calls of `simulate`, as (positional, named) arguments, and attributes that are set before.
CALLS = [
    ((), {}, {}), ((3,), {}, {}), ((True,), {}, {}), ((2.0,), {}, {}), ((np.int16(4),), {}, {}), ((2.5,), {}, {}),
    (("3",), {}, {}), (("x",), {}, {}), ((None,), {}, {}), (([2],), {}, {}), ((0,), {}, {}), ((-1,), {}, {}),
    ((-1.5,), {}, {}), ((math.nan,), {}, {}), ((math.inf,), {}, {}), ((2, 5), {}, {}), ((2, "call"), {}, {}),
    ((2, None, "cpu", False), {}, {}), ((2, None, "cpu", False, 1), {}, {}), ((), {"time_steps": 5}, {}),
    ((2,), {"use": "auto"}, {}), ((2,), {"use": "CPU"}, {}), ((2,), {"use": "none"}, {}),
    ((2,), {"use": ""}, {}), ((2,), {"use": 0}, {}), ((2,), {"use": 7}, {}), ((2,), {"use": ["cpu"]}, {}),
    ((2,), {"sparse": True}, {}), ((2,), {"sparse": False}, {}), ((2,), {"sparse": 1}, {}), ((2,), {"sparse": 0}, {}),
    ((2,), {"sparse": "auto"}, {}), ((2,), {"sparse": "Sparse"}, {}), ((2,), {"sparse": "dense"}, {}),
    ((2,), {"sparse": "false"}, {}), ((2,), {"sparse": "x"}, {}), ((2,), {"sparse": np.ones(2)}, {}),
    ((2,), {"use": "jit", "sparse": True}, {}), ((2,), {"use": "gpu", "sparse": "1"}, {}),
    ((2,), {"use": "", "sparse": True}, {}), ((2,), {"use": "jit"}, {"sparse": True}),
    ((2,), {"use": "cpu", "sparse": False}, {"sparse": True}),
    ((2,), {"sparse": True}, {"backend": "jit"}), ((2,), {}, {"backend": "jit", "sparse": True}),
    ((2,), {}, {"backend": "auto", "sparse": True}), ((2,), {"dtype": np.float32}, {}), ((2,), {"steps": 3}, {}),
    ((2,), {"use": "none", "steps": 3}, {}), ((0,), {"use": "none", "steps": 3}, {}),
    ((2,), {}, {"apos": [1.0], "aneg": [-1.0, -1.0]}), ((2,), {}, {"apos": [-1.0], "aneg": [-1.0]}),
]  # fmt: skip


def outcome_of(snn, arguments, options):
    """Return the kinds of built-in errors that a call raises, or what it leaves behind."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            left = snn.simulate(*arguments, **options)
    except Exception as error:
        kinds = (TypeError, ValueError, OverflowError)
        return next((kind for kind in kinds if isinstance(error, kind)), error)
    return left, snn.neuron_states, np.array(snn.spike_train).tolist(), snn.synaptic_weights


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]}{call[1]}{call[2]}"[:60])
def test_calls_do_what_they_do_in_superneuromat(call):
    arguments, options, attributes = call
    native = random_model(1)
    with on_device(random_model(1)) as chip:
        for model in (native, chip):
            model.stdp_setup(Apos=[2.0], Aneg=[-1.0])
            for name, value in attributes.items():
                setattr(model, name, value)
        assert outcome_of(chip, arguments, options) == outcome_of(native, arguments, options)
        assert chip.input_spikes == native.input_spikes


@pytest.mark.parametrize("use", ["gpu", "jit"])
def test_backends_that_this_computer_may_lack_are_taken(use):
    with on_device(random_model(0)) as snn:
        snn.simulate(2, use=use)
    assert len(snn.spike_train) == 2


def test_manual_setup_is_refused():
    model = random_model(0)
    model.manual_setup = True
    with on_device(model) as snn, pytest.raises(InputError, match="needs no setup"):
        snn.simulate(3)


def test_states_beyond_the_chip_warn_once():
    snn = superneuromat.SNN()
    snn.create_neuron(threshold=1e30, leak=0)
    for tick in range(4):
        snn.add_spike(tick, 0, 4_000_000)
    with on_device(snn) as chip:
        chip.simulate(2)
        with pytest.warns(RuntimeWarning, match="states reached the bounds"):
            chip.simulate(1)
        chip.simulate(1)


def causes(chip, ticks):
    """Run, and return the first words of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        chip.simulate(ticks)
    return [str(each.message).split(" reached")[0] for each in caught if each.category is RuntimeWarning]


def driven(weight, gain, loss, *, leak=math.inf):
    snn = superneuromat.SNN()
    for threshold in (0, 30_000):
        snn.create_neuron(threshold=threshold, leak=leak)
    snn.create_synapse(0, 1, weight=weight, stdp_enabled=True)
    snn.stdp_setup(Apos=[gain], Aneg=[loss])
    return snn


def test_each_cause_warns_once_and_is_counted():
    with on_device(driven(-20_000, 5_000, -2_000)) as chip:
        assert causes(chip, 5) == []
        assert causes(chip, 5) == ["weights pushed down by depression"]
        chip.add_spike(0, 0, 2**24)
        assert causes(chip, 1) == ["input spikes"]
        for tick in range(14):
            chip.add_spike(tick, 0, 1)
            chip.add_spike(tick, 1, 90_000)
        assert causes(chip, 14) == ["learned weights"]
        assert causes(chip, 20) == []
        chip.neuron_states = [0, 3 - 2**23]
        chip.neuron_leaks = [0, 0]
        chip.add_spike(0, 1, -5)
        assert causes(chip, 1) == ["states"]
        counts = dict(chip.saturated)
        chip.add_spike(0, 1, -5)
        assert causes(chip, 1) == []
    assert chip.saturated[Cause.STATES] == counts[Cause.STATES] + 1
    assert chip.saturated[Cause.INPUTS] == 1
    assert chip.saturated[Cause.ABOVE] > 1


def test_weights_that_leave_the_range_and_come_back_are_told():
    native, chip = driven(-32_000, 9_000, -300), on_device(driven(-32_000, 9_000, -300))
    for model in (native, chip):
        for tick in (8, 9, 10):
            model.add_spike(tick, 0, 1)
            model.add_spike(tick, 1, 90_000)
    native.simulate(11, use="cpu", sparse=False)
    assert causes(chip, 11) == ["weights pushed down by depression"]
    assert native.synaptic_weights != chip.synaptic_weights
    assert -32_768 < chip.synaptic_weights[0] < 32_767
    chip.close()


@pytest.mark.parametrize("weight", [32_767, -32_768])
def test_weights_that_stand_at_the_ends_of_their_range_are_right(weight):
    with on_device(driven(weight, 5, 0)) as chip:
        assert causes(chip, 9) == []
        assert chip.synaptic_weights == [weight]


def test_input_of_another_size_that_comes_later_is_not_rounded():
    native = superneuromat.SNN()
    native.create_neuron(threshold=1, leak=0)
    with on_device(copy.deepcopy(native)) as chip:
        for model in (native, chip):
            for value in (1, 0.25, 0.375, 0.5, 3):
                model.add_spike(0, 0, value)
                model.simulate(1)
        assert same(chip, native) == []
        assert chip.report.exact


def test_one_load_serves_decimals_that_come_later(monkeypatch):
    with ncx.open("emulator") as device:
        loads = []
        load = device.load
        monkeypatch.setattr(device, "load", lambda image: loads.append(image) or load(image))
        snn = superneuromat.SNN()
        snn.create_neuron(threshold=0.7, leak=0.1)
        chip = on_device(snn, device)
        for value in (0.3, 0.1, 0.7):
            chip.add_spike(0, 0, value)
            chip.simulate(1)
        assert len(loads) == 1
