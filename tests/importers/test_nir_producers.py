"""Graphs of seven producers do on a chip what these tools simulated.

The graphs and recordings in `nir` were written by the scripts beside them; `make producers` writes them anew. Nengo has
no export to NIR: its spikes are its own, its graph was written by the script.
"""

import os
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from support.spikematch import matched

DATA = Path(os.environ.get("NIR_RECORDINGS", Path(__file__).parent / "nir"))
#: Options beyond those of the producer, and the part of spikes that 8-bit weights must keep within a step.
SPIKING = {
    "snntorch_subtract": ({}, 0.8),
    "snntorch_zero": ({"reset": "zero"}, 0.7),
    "snntorch_recurrent": ({}, 0.8),
    "snntorch_synaptic": ({"reset": "zero-late"}, 0.95),
    "snntorch_recurrent_synaptic": ({"reset": "zero-late"}, 0.8),
    "snntorch_conv": ({"reset": "zero"}, 0.9),
    "snntorch_integrating": ({}, 0.9),
    "norse_lif": ({}, 0.9),
    "norse_cuba": ({}, 0.95),
    "norse_in_seconds": ({}, 0.9),
    "sinabs_iaf": ({}, 1.0),
    "sinabs_lif": ({}, 0.9),
    "rockpool_cuba": ({}, 0.95),
    "rockpool_lif": ({}, 0.9),
    "spikingjelly_if": ({}, 1.0),
    "spikingjelly_lif": ({}, 0.95),
    "spikingjelly_cuba": ({}, 0.95),
    "nengo_lif": ({"refractory": 0.0}, 0.95),
}
#: What a warning must propose for a file that is imported without a producer.
PROPOSED = {
    "snntorch_integrating": "producer='snntorch'",
    "snntorch_recurrent": "producer='snntorch'",
    "snntorch_synaptic": "producer='snntorch'",
    "norse_lif": "producer='norse'",
    "norse_cuba": "producer='norse'",
    "sinabs_iaf": "producer='sinabs'",
    "sinabs_lif": "producer='sinabs'",
    "rockpool_cuba": "producer='rockpool'",
    "rockpool_lif": "producer='rockpool'",
    "spikingjelly_if": "producer='spikingjelly'",
    "spikingjelly_cuba": "producer='spikingjelly'",
}


def run(name, weight_bits, record, **options):
    """Import a graph and drive it as its producer did; what it did, and what it was."""
    recording = np.load(DATA / f"{name}.npz")
    model = ncx.from_nir(DATA / f"{name}.nir", producer=name.partition("_")[0], weight_bits=weight_bits, **options)
    with ncx.open("emulator") as device:
        device.load(model.image)
        steps = len(recording["inputs"]) + model.latency
        result = device.run(steps=steps, spikes=recording["inputs"], record=record)
    return model, result, recording


def spikes(name, weight_bits, **options):
    """What the producer recorded, and what a chip did."""
    model, result, recording = run(name, weight_bits, ["spikes"], **options)
    wanted = recording["spikes"]
    assert wanted.sum() > 100
    return wanted, model.spikes(result)[: len(wanted)]


@pytest.mark.parametrize("name", SPIKING)
def test_16_bits_keep_99_percent_of_the_spikes_in_the_same_step(name):
    wanted, got = spikes(name, 16, **SPIKING[name][0])
    assert (wanted & got).sum() >= 0.99 * max(wanted.sum(), got.sum())


@pytest.mark.parametrize("name", SPIKING)
def test_8_bits_keep_most_spikes(name):
    assert matched(*spikes(name, 8, **SPIKING[name][0])) >= SPIKING[name][1]


def test_refractory_time_of_nengo_keeps_rates():
    """Nengo ends a refractory time within a step, so single spikes move; its profile holds for whole steps."""
    wanted, got = spikes("nengo_refractory", 16)
    assert abs(got.sum() / wanted.sum() - 1) < 0.15


def test_membranes_of_a_layer_that_never_spikes_are_those_of_norse():
    model, result, recording = run("norse_if_li", 16, ["v"])
    wanted = recording["membranes"]
    np.testing.assert_allclose(model.membranes(result)[: len(wanted)], wanted, atol=0.01 * np.ptp(wanted))


@pytest.mark.parametrize("name", PROPOSED)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_file_without_a_stated_producer_leads_to_a_proposal(name):
    with pytest.warns(UserWarning, match=f"looks like a file of .*{PROPOSED[name]}"):
        model = ncx.from_nir(DATA / f"{name}.nir")
    assert any(PROPOSED[name] in text for text in model.report.quantised.warnings)


@pytest.mark.parametrize("name", SPIKING)
def test_report_begins_with_what_was_assumed_of_the_producer(name):
    producer, given = name.partition("_")[0], SPIKING[name][0]
    report = ncx.from_nir(DATA / f"{name}.nir", producer=producer, **given).report
    first = str(report).splitlines()[0]
    assert first.startswith("assumed: dt ")
    for word in ("discretisation", "current", "reset", "fires at"):
        assert word in first
    assert f"({producer})" in first


def test_step_of_rockpool_and_spikingjelly_is_read_from_their_files():
    for name, dt in (("rockpool_lif", 5e-4), ("spikingjelly_if", 1e-3)):
        model = ncx.from_nir(DATA / f"{name}.nir", producer=name.partition("_")[0])
        assert model.dt == pytest.approx(dt)
        assert "(read from the file)" in str(model.report).splitlines()[0]


@pytest.mark.parametrize(("name", "dt"), [("norse_lif", 1e-6), ("norse_in_seconds", 1e-3)])
def test_versions_of_norse_are_told_by_their_time_constants(name, dt):
    assert ncx.from_nir(DATA / f"{name}.nir", producer="norse").dt == pytest.approx(dt)
