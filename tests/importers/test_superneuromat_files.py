"""SuperNeuroMAT's files hold the same as the model they come from; those that make no sense are refused by name."""

from __future__ import annotations

import copy
import json
import math
import random
import warnings

import pytest
from neurocorex.errors import FileFormatError, FitError, QuantisationWarning
from neurocorex.importers.superneuromat import from_superneuromat
from neurocorex.importers.superneuromat.document import parse
from neurocorex.importers.superneuromat.translation import translated
from support.superneuromat_models import model_of, random_model


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
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", QuantisationWarning)  # some of these models make no sense
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
