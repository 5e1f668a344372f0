"""SuperNeuroMAT models: relays, scales, labels, files."""

from __future__ import annotations

import copy
import json
import math
import random

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat
from neurocorex.errors import FileFormatError, FitError, InputError
from neurocorex.importers.superneuromat import from_superneuromat
from neurocorex.importers.superneuromat.document import parse
from neurocorex.importers.superneuromat.translation import translated
from neurocorex.spec import CoreConfig, Region
from superneuromat_models import departures, random_model


def model_of(*neurons, synapses=(), spikes=()):
    """Model of neurons {name: value}, synapses (pre, post, {name: value}), input spikes (tick, neuron, value)."""
    model = superneuromat.SNN()
    model.backend = "cpu"
    for neuron in neurons:
        model.create_neuron(**neuron)
    for pre, post, options in synapses:
        model.create_synapse(pre, post, **options)
    for spike in spikes:
        model.add_spike(*spike)
    return model


def item(imported, name):
    return next(each for each in imported.report.items if each.name == name)


# Relays --------------------------------------------------------------------------------------------


def test_relays_become_delays_of_axons():
    delays = {"delay": 3}, {"delay": 5}, {}
    model = model_of({}, {}, {}, {}, synapses=[(0, post, options) for post, options in enumerate(delays, 1)])
    imported = from_superneuromat(model)
    assert model.num_neurons == 4 + 2 + 4
    assert imported.config.neurons == 4
    assert imported.config.extra_axons == 2
    assert imported.network.parameters["delay_ms"][0] == 1
    assert sorted(imported.network.extra_delay_ms) == [3, 5]
    assert item(imported, "delays").detail == "6 relays folded into axons"


@pytest.mark.parametrize("delay", [2, 31, 32, 33, 64, 65, 100])
def test_delays_of_any_length_arrive_in_time(delay):
    model = model_of({}, {}, synapses=[(0, 1, {"delay": delay, "weight": 2.0})], spikes=[(0, 0, 1.0), (3, 0, 1.0)])
    imported = from_superneuromat(model)
    assert imported.config.neurons == 2 + (delay - 1) // 32
    with ncx.open("emulator") as device:
        assert departures(model, device, delay + 6) == []
    assert model.ispikes[:, 1].nonzero()[0].tolist() == [delay, delay + 3]


def changed(model, what):
    relay = 2
    match what:
        case "leaks":
            model.neuron_leaks[relay] = 0.0
        case "threshold":
            model.neuron_thresholds[relay] = 5.0
        case "input":
            model.add_spike(1, relay, 3.0)
        case "another synapse":
            model.create_synapse(relay, 0, weight=1.0)
        case "plastic":
            model.enable_stdp[0] = True
            model.stdp_setup(Apos=[2], Aneg=[-1])
        case "no chain":
            model.synaptic_delays[0] = -2
    return model


@pytest.mark.parametrize("what", ["leaks", "threshold", "input", "another synapse", "plastic", "no chain"])
def test_chains_that_were_changed_stay_neurons_and_do_the_same(what):
    model = model_of({}, {}, synapses=[(0, 1, {"delay": 3, "weight": 2.0})], spikes=[(0, 0, 1.0), (3, 0, 1.0)])
    imported = from_superneuromat(changed(model, what))
    assert imported.config.neurons == 4
    with ncx.open("emulator") as device:
        assert departures(model, device, 12) == []


def test_two_chains_between_the_same_neurons_learn_apart():
    model = model_of({}, {}, synapses=[(0, 1, {"delay": d, "weight": 1.0, "stdp_enabled": True}) for d in (2, 2, 3)],
                     spikes=[(tick, 0, 1.0) for tick in range(0, 20, 3)])  # fmt: skip
    model.stdp_setup(Apos=[3, 2], Aneg=[-1, 0])
    assert from_superneuromat(model).config.neurons == 3
    with ncx.open("emulator") as device:
        assert departures(model, device, 20) == []


def test_a_chain_made_later_has_nothing_on_its_way():
    model = model_of({}, {}, {}, synapses=[(0, 1, {"delay": 4})], spikes=[(0, 0, 1.0)])
    model.simulate(2)
    model.clear_spike_train()  # as SuperNeuroMAT cannot go on with neurons that are new
    model.create_synapse(0, 2, delay=4)
    model.add_spike(1, 0, 1.0)
    with ncx.open("emulator") as device:
        assert departures(model, device, 10) == []


# Numbers -------------------------------------------------------------------------------------------


def test_a_threshold_between_whole_states_loses_nothing():
    model = model_of({"threshold": 2.5, "leak": 0}, spikes=[(tick, 0, 1) for tick in range(9)])
    imported = from_superneuromat(model)
    assert (imported.scale, imported.report.exact) == (1, True)
    with ncx.open("emulator") as device:
        assert departures(model, device, 9) == []


@pytest.mark.parametrize(
    ("weight", "scale", "label"),
    [(3, 1, "exact"), (0.375, 8, "exact"), (0.3, 10, "approximate"), (0.0001, 10_000, "approximate"), (1 / 3, 3, None)],
)
def test_the_scale_is_the_smallest_at_which_all_is_whole(weight, scale, label):
    imported = from_superneuromat(model_of({}, {}, synapses=[(0, 1, {"weight": weight})]))
    assert imported.scale == scale
    weights = item(imported, "weights")
    assert weights.error < 1e-16
    assert label is None or weights.label == label


def test_numbers_without_a_common_scale_are_approximate_by_as_much_as_is_said():
    rng = np.random.default_rng(3)
    synapses = [(pre, post, {"weight": float(rng.normal())}) for pre in range(6) for post in range(6)]
    model = model_of(*[{"threshold": float(rng.random()), "leak": 0.123456} for _ in range(6)], synapses=synapses)
    imported = from_superneuromat(model)
    table = imported.image.weights[1:] * 2.0**imported.report.quantised.gain_recurrent / imported.scale
    error = np.abs(table - model.weight_mat()).max()
    assert not imported.report.exact
    assert 0 < error == pytest.approx(item(imported, "weights").error)
    assert error < 1e-4
    assert "no scale makes all numbers whole" in imported.report.scale_reason


def test_weights_that_keep_a_scale_from_fitting_are_named():
    synapses = [(0, 1, {"weight": 100.0}), (0, 2, {"weight": 0.001, "stdp_enabled": True})]
    model = model_of({}, {}, {}, synapses=synapses)
    model.stdp_setup(Apos=[1.0], Aneg=[-0.0001])
    reason = from_superneuromat(model).report.scale_reason
    assert "at 10000 all numbers were whole" in reason
    assert "1 weights are beyond 3.2767, such as 100 of synapse 0" in reason


def test_learned_weights_are_read_back_in_the_units_of_the_model():
    rng = np.random.default_rng(1)
    weights = rng.normal(0.3, 0.3, (5, 5)).tolist()
    model = model_of(
        *[{"threshold": 0.71, "leak": 0.05}] * 5, spikes=[(tick, tick % 5, 1.3) for tick in range(30)],
        synapses=[(pre, post, {"weight": weights[pre][post], "stdp_enabled": True})
                  for pre in range(5) for post in range(5)],
    )  # fmt: skip
    model.stdp_setup(Apos=[0.0321, 0.0123], Aneg=[-0.0011, -0.0007])
    imported = from_superneuromat(model, frac_bits=12)
    with ncx.open("emulator") as device:
        device.load(imported.image)
        device.run(30, spikes=imported.stimulus)
        weights = imported.weights(device.weights())
    before = np.array(model.synaptic_weights)
    model.simulate(30)
    assert np.abs(np.array(model.synaptic_weights) - before).max() > 0.1
    assert np.abs(weights - model.synaptic_weights).max() < 0.02


def test_models_of_real_numbers_compare_with_their_floats():
    rng = np.random.default_rng(8)
    weights = rng.normal(0.1, 0.3, (6, 6)).tolist()
    model = model_of(
        *[
            {"threshold": float(each), "leak": 0.0371, "reset_state": 0.5, "initial_state": None}
            for each in rng.uniform(1, 2, 6)
        ],
        synapses=[(pre, post, {"weight": weights[pre][post]}) for pre in range(6) for post in range(6)],
    )
    inject = (rng.random((200, 6)) < 0.2) * 1.1
    for tick, neuron in np.argwhere(inject):
        model.add_spike(int(tick), int(neuron), 1.1)
    imported = from_superneuromat(model)
    fidelity = imported.report.quantised.compare(inject=inject)
    model.simulate(200)
    assert fidelity.match > 0.98
    assert fidelity.float_spikes.tolist() == model.ispikes.sum(axis=0).tolist()


def test_frac_bits_are_the_numbers_of_spikeengine():
    values = [0.3, -0.7123, 1.99, 0.00004]
    model = model_of({"threshold": 0.77}, *[{}] * 4, synapses=[(0, 1 + k, {"weight": w}) for k, w in enumerate(values)])
    image = from_superneuromat(model, frac_bits=13).image
    assert image.weights[1].tolist() == [0, *(round(w * 2**13) for w in values)]
    assert image.regions[Region.THRESHOLD][0] == round(0.77 * 2**13)
    assert (image.config.weight_bits, image.config.state_bits, image.scale) == (16, 24, 2**13)


def test_thresholds_and_leaks_may_be_infinite():
    model = model_of({"threshold": math.inf, "leak": 0}, {"threshold": -math.inf}, {"leak": 1e30, "threshold": 3},
                     spikes=[(tick, neuron, 2) for tick in range(5) for neuron in range(3)])  # fmt: skip
    assert "1 beyond" not in item(from_superneuromat(model), "leaks").detail
    with ncx.open("emulator") as device:
        assert departures(model, device, 5) == []
    assert model.ispikes.sum(axis=0).tolist() == [0, 5, 0]


def test_input_far_beyond_the_range_is_cut_and_said_so():
    imported = from_superneuromat(model_of({"threshold": 1}, spikes=[(0, 0, 1e9)]))
    assert item(imported, "input spikes").error == 1e9 - (2**23 - 1)
    assert not imported.report.exact


def test_input_at_a_far_tick_takes_no_room():
    assert from_superneuromat(model_of({}, spikes=[(10**12, 0, 1.0)])).stimulus.steps == 10**12 + 1


def test_warnings_count_what_is_injected():
    model = model_of({"threshold": 3}, {"threshold": 3}, spikes=[(0, 0, 5)])
    assert from_superneuromat(model).report.quantised.never_fire == [1]


def test_reports_fit_into_json_and_have_a_line_for_every_item():
    report = from_superneuromat(random_model(1)).report
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert plain["exact"] is True
    assert [each["name"] for each in plain["items"]] == [
        "thresholds", "reset states", "leaks", "refractory periods", "initial states", "weights", "delays",
        "input spikes", "STDP", "STDP per synapse", "room of learned weights",
    ]  # fmt: skip
    assert plain["quantised"]["plastic"] > 0
    assert {str(each) for each in report.items} <= set(report.lines)


# What cannot be --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said", "model"),
    [
        (InputError, "list has no neuron_thresholds", []),
        (InputError, "there are no neurons", superneuromat.SNN()),
        (FitError, "neuron 1 is refractory for 70000 ticks", model_of({}, {"refractory_period": 70_000})),
        (FitError, "the state of neuron 0, 2e", model_of({"initial_state": 2e7, "leak": 1, "threshold": 1})),
    ],
    ids=["no model", "no neurons", "refractory", "state"],
)
def test_models_that_no_chip_holds_are_refused(error, said, model):
    with pytest.raises(error, match=said):
        from_superneuromat(model, scale=1)


def test_too_many_lags_are_refused():
    model = model_of({}, {}, synapses=[(0, 1, {"stdp_enabled": True})])
    model.stdp_setup(Apos=[1.0] * 11, Aneg=[-1.0] * 11)
    with pytest.raises(FitError, match="11 lags, at most 10"):
        from_superneuromat(model)


def test_a_chip_that_is_too_small_is_refused():
    model = model_of({}, {}, {}, synapses=[(0, 1, {"delay": 2}), (0, 2, {"delay": 3})])
    with pytest.raises(FitError, match="extra axons"):
        from_superneuromat(model, config=CoreConfig(neurons=8, inputs=1, max_delay=4))


def test_scale_and_frac_bits_exclude_each_other():
    with pytest.raises(InputError, match="not both"):
        from_superneuromat(model_of({}), scale=2, frac_bits=3)


# Files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["json-native", "base64", "base85"])
def test_files_hold_the_same_model(tmp_path, encoding):
    for seed in range(12):
        model = random_model(seed)
        model.simulate(seed + 1)
        path = tmp_path / f"{seed}.json"
        path.write_text(model.to_json(array_representation=encoding, net_name="a"))
        live, read = from_superneuromat(model), from_superneuromat(path, network="a")
        assert read.image == live.image
        assert read.stimulus == live.stimulus


def document(**changes):
    """Return the text of a file of two neurons and two synapses, with other values in its data."""
    model = model_of({}, {}, synapses=[(0, 1, {"stdp_enabled": True}), (1, 0, {})], spikes=[(3, 1, 1.0)])
    model.stdp_setup(Apos=[1.0, 0.5], Aneg=[-1.0, -0.5])
    whole = json.loads(model.to_json())
    data = whole["networks"][0]["data"]
    for key, value in changes.items():
        if value is None:
            del data[key]
        else:
            data[key] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"neuron_thresholds": [0.0, "x"]}, "neuron_thresholds of neuron 1 is 'x'"),
        ({"neuron_thresholds": [0.0, math.nan]}, "neuron_thresholds of neuron 1 is nan"),
        ({"neuron_thresholds": None}, "neuron_thresholds is missing"),
        ({"neuron_thresholds": 7}, "neuron_thresholds must be a list, got 7"),
        ({"neuron_leaks": [1.0]}, "neuron_leaks has 1 entries for 2 neurons"),
        ({"neuron_leaks": [1.0, -2.0]}, "neuron_leaks of neuron 1 is -2"),
        ({"neuron_states": [math.inf, 0.0]}, "neuron_states of neuron 0 is inf"),
        ({"neuron_reset_states": [0.0, [1.0]]}, r"neuron_reset_states of neuron 1 is \[1.0\]"),
        ({"neuron_refractory_periods": [0, 1.5]}, "neuron_refractory_periods of neuron 1 is 1.5"),
        ({"neuron_refractory_periods_state": [-1, 0]}, "neuron_refractory_periods_state of neuron 0 is -1"),
        ({"pre_synaptic_neuron_ids": [0, 2]}, "pre_synaptic_neuron_ids of synapse 1 is 2; .* from 0 to 1"),
        ({"post_synaptic_neuron_ids": [-1, 0]}, "post_synaptic_neuron_ids of synapse 0 is -1"),
        ({"pre_synaptic_neuron_ids": [0]}, "pre_synaptic_neuron_ids has 1 entries for 2 synapses"),
        ({"pre_synaptic_neuron_ids": [0, 0], "post_synaptic_neuron_ids": [1, 1]}, "synapse 1 joins neuron 0 with 1"),
        ({"synaptic_weights": [1.0, math.inf]}, "synaptic_weights of synapse 1 is inf"),
        ({"synaptic_weights": [1.0, 10**400]}, "synaptic_weights of synapse 1 is inf"),
        ({"synaptic_delays": [1, 0]}, "synaptic_delays of synapse 1 is 0"),
        ({"enable_stdp": [2, 0]}, "enable_stdp of synapse 0 is 2"),
        ({"apos": [1.0]}, "apos has 1 lags and aneg 2"),
        ({"apos": [1.0, -1.0]}, "apos must be 0 or more"),
        ({"stdp": "yes"}, "stdp is 'yes', which is no number"),
        ({"input_spikes": {"x": {}}}, "a tick 'x'"),
        ({"input_spikes": {"-1": {}}}, "a tick '-1'"),
        ({"input_spikes": {"2": {"nids": [5], "values": [1.0]}}}, "input_spikes of tick 2: nids of entry 0 is 5"),
        ({"input_spikes": {"2": {"nids": [0], "values": []}}}, "input_spikes of tick 2: values has 0 entries"),
        ({"input_spikes": {"2": [0]}}, r"input_spikes of tick 2 must be a mapping, got \[0\]"),
        ({"input_spikes": []}, "input_spikes must be a mapping"),
        ({"spike_train": [[0, 1, 1]]}, "spike_train: tick 0 has 3 entries for 2 neurons"),
        ({"spike_train": [[0, 7]]}, "spike_train: tick 0 of neuron 1 is 7"),
        ({"spike_train": 3}, "spike_train must be a list"),
        ({"num_neurons": 1 << 40}, "num_neurons is 1099511627776, but there are 2"),
        ({"num_synapses": 3}, "num_synapses is 3, but there are 2"),
        ({"neuron_leaks": {"dtype": "O", "base64": ""}}, "neuron_leaks has the type 'O'"),
        ({"neuron_leaks": {"dtype": "<f8", "base64": "AAA"}}, "neuron_leaks cannot be decoded from base64"),
        ({"neuron_leaks": {"dtype": "<f8", "base85": 5}}, "neuron_leaks cannot be decoded from base85"),
    ],
)
def test_malformed_data_is_refused_by_name(tmp_path, changes, said):
    path = tmp_path / "model.json"
    path.write_text(document(**changes))
    with pytest.raises(FileFormatError, match=said):
        from_superneuromat(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (document()[:200], "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("\x80", "is no JSON"),
        ("[]", "has no list of networks"),
        ('{"networks": [3]}', "has no list of networks"),
        ('{"networks": []}', "has 0 networks 0"),
        ('{"networks": [{"data": {}}]}', "not of SuperNeuroMAT's format"),
        (document().replace('"snm"', '"nir"'), "not of SuperNeuroMAT's format"),
        ('{"networks": [{"meta": {"format": "snm"}, "data": 1}]}', "a network without data"),
        ("1" * 5000, "is no JSON"),
    ],
    ids=["truncated", "deep", "bytes", "list", "number", "empty", "meta", "format", "data", "digits"],
)
def test_other_files_are_refused(tmp_path, text, said):
    path = tmp_path / "model.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FileFormatError, match=said):
        from_superneuromat(path)


JUNK = (
    None, True, 0, -1, 2.5, 1e308, math.inf, math.nan, "x", "", [], [[1]], {}, {"base64": "AAAA"}, {"base64": 3},
    {"dtype": "<f8", "base85": "!!"}, {"nids": [0], "values": [1e300]}, 10**30, 1 << 63,
)  # fmt: skip


def damage(value, rng):
    """Take away, add or replace something somewhere in a list or mapping."""
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not places:
        return
    place = rng.choice(places)
    match rng.choice(["take", "deeper", "deeper", "replace"]):
        case "take":
            del value[place]
        case "deeper" if isinstance(value[place], dict | list):
            damage(value[place], rng)
        case _:
            value[place] = copy.deepcopy(rng.choice(JUNK))


def test_damaged_files_are_read_or_refused_by_an_error_of_ours():
    rng = random.Random(6)
    texts = [random_model(seed).to_json(array_representation=("json-native", "base64")[seed % 2]) for seed in range(6)]
    refused = 0
    for _ in range(300):
        whole = json.loads(rng.choice(texts))
        damage(whole if rng.random() < 0.1 else whole["networks"][0]["data"], rng)
        try:
            str(translated(parse(json.dumps(whole).encode(), "it"), "it").report)
        except (FileFormatError, FitError):
            refused += 1
    assert 100 < refused < 300


def test_files_that_are_missing_or_huge_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="No such file"):
        from_superneuromat(tmp_path / "none.json")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(FileFormatError, match="more than 64 MiB"):
        from_superneuromat(huge)


def test_no_network_of_that_name(tmp_path):
    path = tmp_path / "model.json"
    path.write_text(document())
    with pytest.raises(FileFormatError, match="has 0 networks 'other'"):
        from_superneuromat(path, network="other")
