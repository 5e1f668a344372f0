"""Real-valued inputs (direct coding) do on a chip what they do in a plain simulation of the graph."""

from itertools import pairwise

import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import InputError
from support.nirrandom import DT, cells, drawn
from support.nirreference import Simulation
from support.spikematch import matched

#: Some random layers have weights too coarse for 8 bits. That is told, and does not matter to currents.
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

STEPS = 150


def port(kind, *shape):
    return {"type": kind, "shape": np.array(shape)}


def chain(*nodes):
    names = [f"n{i}" for i in range(len(nodes))]
    return {
        "type": "NIRGraph",
        "nodes": dict(zip(names, nodes, strict=True)),
        "edges": list(pairwise(names)),
    }


def convolved(rng):
    kernel = rng.random((4, 2, 3, 3)) * 0.5 - 0.1
    return chain(
        port("Input", 2, 6, 6),
        {"type": "Conv2d", "input_shape": np.array([6, 6]), "weight": kernel, "stride": np.array([1, 1]),
         "padding": np.array([0, 0]), "dilation": np.array([1, 1]), "groups": 1, "bias": rng.random(4) * 0.05},
        {"type": "AvgPool2d", "kernel_size": np.array([2, 2]), "stride": np.array([2, 2]), "padding": np.array([0, 0])},
        {"type": "Scale", "scale": 0.5 + rng.random((4, 2, 2))},
        {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": np.array([4, 2, 2])},
        cells(rng, "LIF", 16, (0.0,)),
        {"type": "Affine", "weight": rng.random((5, 16)) - 0.2, "bias": rng.random(5) * 0.05},
        cells(rng, "CubaLIF", 5),
        port("Output", 5),
    )  # fmt: skip


def rasters(tree, values, weight_bits=16):
    """Spikes of the output: in floats, and on the chip."""
    graph = nir.NIRGraph.from_dict(tree)
    output = next(name for name, node in tree["nodes"].items() if node["type"] == "Output")
    wanted = Simulation(graph, DT).run(values, output) > 0
    model = ncx.from_nir(graph, dt=DT, discretisation="euler", weight_bits=weight_bits)
    return wanted, direct(model, values)


def direct(model, values):
    with ncx.open("emulator") as device:
        device.load(model.image)
        result = device.run(steps=STEPS + model.latency, inject=model.currents(values))
    return model.spikes(result)[:STEPS]


@pytest.mark.parametrize("weight_bits", [8, 16])
def test_values_pass_convolution_pool_scale_and_bias(weight_bits):
    rng = np.random.default_rng(5)
    image = rng.random((2, 6, 6))
    wanted, got = rasters(convolved(rng), np.tile(image, (STEPS, 1, 1, 1)), weight_bits)
    assert wanted.sum() > 50
    assert matched(wanted, got) > (0.98 if weight_bits == 16 else 0.85)


@pytest.mark.parametrize("seed", range(12))
def test_values_reach_every_layer_of_a_random_graph_in_its_step(seed):
    """Several inputs and first layers, delays of inputs, inputs that skip layers, loops, biases."""
    tree = drawn(seed, reader=False)
    rng = np.random.default_rng(seed)
    values = {
        name: rng.normal(0.3, 0.3, (STEPS, node["shape"][0]))
        for name, node in tree["nodes"].items()
        if node["type"] == "Input"
    }
    wanted, got = rasters(tree, values)
    assert matched(wanted, got) > 0.95


def dense(rng, inputs=16, outputs=20):
    weight = {"type": "Linear", "weight": rng.normal(0.1, 0.3, (outputs, inputs))}
    return chain(port("Input", inputs), weight, cells(rng, "LIF", outputs, (0.0,)), port("Output", outputs))


def model_of(tree, **options):
    return ncx.from_nir(tree, dt=DT, discretisation="euler", **options)


def test_spikes_as_values_are_the_currents_of_spikes():
    rng = np.random.default_rng(1)
    model = model_of(dense(rng), weight_bits=16)
    spikes = rng.random((STEPS, 16)) < 0.3
    with ncx.open("emulator") as device:
        device.load(model.image)
        by_axons = device.run(spikes=spikes.astype(float)).spikes
    assert matched(by_axons, direct(model, spikes)) > 0.99


def test_one_frame_is_repeated():
    rng = np.random.default_rng(2)
    model, frame = model_of(dense(rng)), rng.random(16)
    np.testing.assert_array_equal(model.currents(frame, steps=7), model.currents(np.tile(frame, (7, 1))))
    assert model.currents(np.tile(frame, (3, 1)), steps=7).shape[:2] == (3, 7)


def test_samples_are_independent():
    rng = np.random.default_rng(3)
    model, values = model_of(dense(rng)), rng.random((2, STEPS, 16))
    with ncx.open("emulator") as device:
        device.load(model.image)
        both = device.run(inject=model.currents(values)).spikes
        one = device.run(inject=model.currents(values[1]), clear=True).spikes
    np.testing.assert_array_equal(both[1], one)


def test_graph_that_was_exported_takes_values_too():
    rng = np.random.default_rng(4)
    tree = dense(rng)
    model, values = model_of(tree, weight_bits=16), rng.random((STEPS, 16))
    again = ncx.from_nir(ncx.to_nir(model))
    assert again.network is None
    assert matched(direct(model, values), direct(again, values)) > 0.99


def test_values_are_in_the_units_of_the_graph_whatever_those_of_the_chip():
    rng = np.random.default_rng(6)
    tree, values = dense(rng), rng.random((STEPS, 16))
    rasters = [
        direct(model_of(tree, weight_bits=16, scaling=scaling), values) for scaling in ("none", "population", "neuron")
    ]
    assert matched(rasters[0], rasters[1]) > 0.98
    assert matched(rasters[0], rasters[2]) > 0.98


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        (np.zeros((5, 3)), {}, r"shape \[steps, 16\] or \[samples, steps, 16\], got \(5, 3\)"),
        (np.zeros(16), {}, "one frame and steps=100"),
        (np.zeros(16), {"steps": 0}, "steps must be an integer from 1 up, got 0"),
        (np.full((5, 16), np.nan), {}, "must be finite, got nan"),
        ("spikes", {}, "must be an array of numbers, got str"),
        ({"nobody": np.zeros((5, 16))}, {}, "give values for each input, n0; got nobody"),
    ],
    ids=str,
)
def test_values_that_cannot_be_used_are_refused(values, more, message):
    with pytest.raises(InputError, match=message):
        model_of(dense(np.random.default_rng(1))).currents(values, **more)


def test_real_values_as_spikes_are_sent_to_currents():
    model = model_of(dense(np.random.default_rng(1)))
    with ncx.open("emulator") as device:
        device.load(model.image)
        with pytest.raises(InputError, match=r"must be 0 or 1, got 0\.5 .*model\.currents"):
            device.run(spikes=np.full((5, 16), 0.5))
