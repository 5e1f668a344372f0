"""SuperNeuroMAT models: the numbers of an image, their scale, and a label for every part."""

from __future__ import annotations

import json
import math

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat
from neurocorex.errors import FitError, InputError
from neurocorex.importers.superneuromat import from_superneuromat
from neurocorex.spec import CoreConfig, Region
from support.superneuromat_models import departures, item, model_of, random_model
from support.warned import warned

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
    reason = warned(from_superneuromat, model).report.scale_reason
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
    imported = warned(from_superneuromat, model, frac_bits=12)
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
    fidelity = ncx.measure_fidelity(imported.report.quantised, inject=inject)
    model.simulate(200)
    assert fidelity.match > 0.98
    assert fidelity.float_spikes.tolist() == model.ispikes.sum(axis=0).tolist()


def test_frac_bits_are_the_numbers_of_spikeengine():
    values = [0.3, -0.7123, 1.99, 0.00004]
    model = model_of({"threshold": 0.77}, *[{}] * 4, synapses=[(0, 1 + k, {"weight": w}) for k, w in enumerate(values)])
    image = warned(from_superneuromat, model, frac_bits=13).image
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
        (FitError, "the state of neuron 0, 2e", model_of({"initial_state": 2e7, "leak": 1, "threshold": 1})),
    ],
    ids=["no model", "no neurons", "state"],
)
def test_models_that_no_chip_holds_are_refused(error, said, model):
    with pytest.raises(error, match=said):
        from_superneuromat(model, scale=1)


def test_too_many_lags_are_refused():
    model = model_of({}, {}, synapses=[(0, 1, {"stdp_enabled": True})])
    model.stdp_setup(Apos=[1.0] * 21, Aneg=[-1.0] * 21)
    with pytest.raises(FitError, match="21 lags, at most 20"):
        from_superneuromat(model)


def test_a_chip_that_is_too_small_is_refused():
    model = model_of({}, {}, {}, synapses=[(0, 1, {"delay": 2}), (0, 2, {"delay": 3})])
    with pytest.raises(FitError, match="extra axons"):
        from_superneuromat(model, config=CoreConfig(neurons=8, inputs=1, max_delay=4))


def test_scale_and_frac_bits_exclude_each_other():
    with pytest.raises(InputError, match="not both"):
        from_superneuromat(model_of({}), scale=2, frac_bits=3)
