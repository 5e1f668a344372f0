"""Graphs that snnTorch and Norse wrote do on a chip what these tools simulated.

The graphs and recordings in `nir` were written by the script beside them; `make producers` writes them anew.
"""

import os
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from support.spikematch import matched

DATA = Path(os.environ.get("NIR_RECORDINGS", Path(__file__).parent / "nir"))
#: Options beyond those of the producer, and the part of spikes that 8-bit weights must keep.
SPIKING = {
    "snntorch_subtract": ({}, 0.8),
    "snntorch_zero": ({"reset": "zero"}, 0.7),
    "snntorch_recurrent": ({}, 0.8),
    "snntorch_synaptic": ({"reset": "zero-late"}, 0.95),
    "snntorch_recurrent_synaptic": ({"reset": "zero-late"}, 0.8),
    "snntorch_conv": ({"reset": "zero"}, 0.9),
    "norse_lif": ({}, 0.9),
    "norse_cuba": ({}, 0.95),
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


def part_matched(name, weight_bits):
    model, result, recording = run(name, weight_bits, ["spikes"], **SPIKING[name][0])
    wanted = recording["spikes"]
    assert wanted.sum() > 100
    return matched(wanted, model.spikes(result)[: len(wanted)])


@pytest.mark.parametrize("name", SPIKING)
def test_16_bits_keep_99_percent_of_the_spikes_within_a_step(name):
    assert part_matched(name, 16) >= 0.99


@pytest.mark.parametrize("name", SPIKING)
def test_8_bits_keep_most_spikes(name):
    assert part_matched(name, 8) >= SPIKING[name][1]


def test_membranes_of_a_layer_that_never_spikes_are_those_of_norse():
    model, result, recording = run("norse_if_li", 16, ["v"])
    wanted = recording["membranes"]
    np.testing.assert_allclose(model.membranes(result)[: len(wanted)], wanted, atol=0.01 * np.ptp(wanted))
