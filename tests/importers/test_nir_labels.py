"""Labels and warnings of imported graphs tell what rounding does to the spikes, and what helps."""

from itertools import pairwise

import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.spec import CoreConfig
from support.nirrandom import DT, cells, drawn
from support.nirreference import Simulation
from support.spikematch import matched

#: Most layers here are made to be rounded badly. What they are warned about is read from the report.
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

STEPS = 200


def port(kind, *shape):
    return {"type": kind, "shape": np.array(shape)}


def linear(weight, bias=None):
    node = {"type": "Linear", "weight": np.asarray(weight, float)}
    return node if bias is None else node | {"type": "Affine", "bias": np.asarray(bias, float)}


def leaky(n, beta):
    """Neurons whose Euler step is ``v * beta + input``."""
    tau = np.full(n, DT / (1 - beta))
    return {"type": "LIF", "tau": tau, "r": tau / DT, "v_leak": np.zeros(n), "v_threshold": np.ones(n),
            "v_reset": np.zeros(n)}  # fmt: skip


def chain(*nodes):
    names = ["in", *(f"n{i}" for i in range(1, len(nodes) - 1)), "out"]
    edges = [[one, two] for one, two in pairwise(names)]
    return {"type": "NIRGraph", "nodes": dict(zip(names, nodes, strict=True)), "edges": edges}


def imported(graph, **options):
    return ncx.from_nir(graph, **{"dt": DT, "discretisation": "euler", "reset": "subtract-late"} | options)


def label(model, name):
    return next(item for item in model.report.items if item.name.startswith(f"{name} "))


def run(model, spikes):
    with ncx.open("emulator") as device:
        device.load(model.image)
        result = device.run(steps=len(spikes) + model.latency, spikes=spikes)
    return model.spikes(result)[: len(spikes)]


def in_floats(weight, beta, spikes):
    v, taken, found = np.zeros(len(weight)), np.zeros(len(weight)), []
    for step in spikes:
        v = beta * v + weight @ step - taken
        taken = (v > 1).astype(float)
        found.append(v > 1)
    return np.array(found)


class Layer:
    """One layer of random size, memory and rate, in which some weights may be outliers of any size."""

    def __init__(self, seed, outliers=True):
        rng = np.random.default_rng(seed)
        inputs, neurons = int(rng.integers(5, 60)), int(rng.integers(5, 30))
        self.beta, rate = float(rng.choice([0.0, 0.5, 0.8, 0.9, 0.95])), float(rng.choice([0.1, 0.2, 0.4]))
        gain = float(rng.choice([1, 2, 4])) * (1.02 - self.beta) / (rate * inputs)
        self.weight = rng.normal(rng.choice([0.3, 1.0]), rng.choice([0.3, 1.0]), (neurons, inputs)) * gain
        for _ in range(int(rng.integers(1, 4)) if outliers else 0):
            at = rng.integers(neurons), rng.integers(inputs)
            self.weight[at] = gain * 10 ** rng.uniform(0.5, 4) * rng.choice([-1, 1])
        self.spikes = rng.random((STEPS, inputs)) < rate
        self.wanted = in_floats(self.weight, self.beta, self.spikes)

    def imported(self, **options):
        neurons, inputs = self.weight.shape
        net = chain(port("Input", inputs), linear(self.weight), leaky(neurons, self.beta), port("Output", neurons))
        return imported(net, **options)


def remedies(model):
    warnings = " ".join(model.report.quantised.warnings)
    return [way for way in ('scaling="neuron"', "weight_bits=16", "clip the largest weights") if way in warnings]


@pytest.mark.parametrize("options", [{}, {"scaling": "neuron"}, {"weight_bits": 16}], ids=str)
@pytest.mark.parametrize("seed", range(30))
def test_outliers_keep_the_spikes_or_a_warning_names_the_remedy(seed, options):
    layer = Layer(seed)
    model = layer.imported(**options)
    got = run(model, layer.spikes)
    if not remedies(model) and (layer.wanted.any() or got.any()):
        assert abs(int(got.sum()) - int(layer.wanted.sum())) <= 0.05 * layer.wanted.sum() + 3
        assert matched(layer.wanted, got) > 0.7


@pytest.mark.parametrize("options", [{}, {"scaling": "neuron"}, {"weight_bits": 16}], ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_layers_without_outliers_raise_no_warning(seed, options):
    assert not remedies(Layer(seed, outliers=False).imported(**options))


def weights_in(nodes):
    for node in nodes.values():
        yield from weights_in(node["nodes"]) if node["type"] == "NIRGraph" else [node] if "weight" in node else []


@pytest.mark.parametrize("seed", range(20))
def test_outliers_anywhere_in_a_random_graph_keep_the_rates_or_a_warning_names_the_remedy(seed):
    """Several layers with synapses, delays and loops, where single spikes may differ."""
    rng, tree = np.random.default_rng(seed), drawn(seed, reader=False)
    weighted = list(weights_in(tree["nodes"]))
    for _ in range(seed % 3):
        weight = weighted[rng.integers(len(weighted))]["weight"]
        weight[tuple(rng.integers(size) for size in weight.shape)] = 10 ** rng.uniform(0, 3.5) * rng.choice([-1, 1])
    values = {
        name: rng.random((STEPS, node["shape"][0])) < 0.25
        for name, node in tree["nodes"].items() if node["type"] == "Input"
    }  # fmt: skip
    model = imported(tree, reset="value")
    got = run(model, np.concatenate([values[name] for name in model.inputs], axis=1))
    if not remedies(model):
        wanted = Simulation(nir.NIRGraph.from_dict(tree), DT).run(values, "out") > 0
        assert abs(int(got.sum()) - int(wanted.sum())) <= 0.1 * max(wanted.sum(), 20)


def silenced():
    """One inhibiting weight so large that nothing else is left of its layer."""
    rng = np.random.default_rng(1)
    weight = rng.uniform(0.05, 0.2, (10, 20))
    weight[0, 0] = -50.0
    return chain(port("Input", 20), linear(weight), leaky(10, 0.9), port("Output", 10))


def test_label_of_weights_says_how_many_vanished():
    model = imported(silenced())
    assert label(model, "n1").error == 1.0
    assert "1 of a weight at worst" in label(model, "n1").detail
    assert "199 of 200 weights became 0" in label(model, "n1").detail


def test_silence_is_a_warning_with_two_remedies_that_help():
    (first, *_) = imported(silenced()).report.quantised.warnings
    assert "weights onto 10 of 10 neurons of 'n2'" in first
    assert "10 neurons have lost all excitation and cannot fire" in first
    assert 'take scaling="neuron" or weight_bits=16' in first
    assert not remedies(imported(silenced(), weight_bits=16, scaling="neuron"))


def test_weights_that_the_importer_made_have_a_label():
    """A reset after the decay is a weight of each neuron onto itself: decay times threshold, tiny beside the others."""
    weight = np.full((4, 3), 900.0)
    model = imported(chain(port("Input", 3), linear(weight), leaky(4, 0.999), port("Output", 4)), scaling="none")
    assert "of a weight of its late reset at worst" in label(model, "n2").detail


def test_a_bias_that_a_clock_brings_has_a_label():
    net = chain(
        port("Input", 3), linear(np.ones((4, 3))), leaky(4, 0.9), linear(np.full((2, 4), 30.0), [0.07, 0.3]),
        leaky(2, 0.9), port("Output", 2),
    )  # fmt: skip
    detail = label(imported(net), "n4").detail
    assert "1 of a weight of the clock, which brings the bias, at worst" in detail
    assert "1 of 2 weights became 0" in detail


def test_an_input_that_waits_for_a_late_layer_is_exact():
    rng = np.random.default_rng(2)
    nodes = {
        "in": port("Input", 3), "a": linear(rng.random((4, 3)) * 0.3), "first": leaky(4, 0.9),
        "b": linear(rng.random((2, 4))), "c": linear(rng.random((2, 3))), "last": leaky(2, 0.9),
        "out": port("Output", 2),
    }  # fmt: skip
    edges = [
        ["in", "a"], ["a", "first"], ["first", "b"], ["b", "last"], ["in", "c"], ["c", "last"], ["last", "out"],
    ]  # fmt: skip
    model = imported({"type": "NIRGraph", "nodes": nodes, "edges": edges})
    item = label(model, "in")
    assert item.error == 0
    assert item.detail == "its spikes reach 'last' 1 step later"


def readout():
    """A layer that is read by its membrane, as classifiers end."""
    rng = np.random.default_rng(3)
    reader = cells(rng, "LI", 3, (0.0,))
    return chain(
        port("Input", 5), linear(rng.random((8, 5))), leaky(8, 0.9), linear(rng.normal(0, 1, (3, 8)), [0.1, 0.2, 0.3]),
        reader, port("Output", 3),
    )  # fmt: skip


@pytest.mark.parametrize("config", [None, CoreConfig(inputs=64, neurons=64, state_bits=20)], ids=["own", "larger"])
def test_readouts_helpers_and_unused_neurons_are_no_mistakes(config):
    model = imported(readout(), reset="value", config=config)
    assert not [text for text in model.report.quantised.warnings if "never fire" in text or "without any input" in text]
    assert not model.report.quantised.never_fire
    assert not model.report.quantised.never_silent
    again = ncx.from_nir(ncx.to_nir(model))
    assert not [text for text in again.report.quantised.warnings if "never fire" in text or "without any" in text]


def test_neurons_that_cannot_fire_are_named_beside_readouts():
    net = readout()
    net["nodes"]["n1"]["weight"][2] = 1e-3
    model = imported(net, reset="value", weight_bits=16)
    assert model.report.quantised.never_fire == [2]
    assert [text for text in model.report.quantised.warnings if text.startswith("neuron 2 can never fire")]


def test_export_of_floats_is_labelled_by_what_the_integers_lost():
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, np.random.default_rng(4).random((3, 4)))
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    again = ncx.from_nir(ncx.to_nir(net))
    assert not again.report.exact
    assert 0 < label(again, "input_to_neurons").error < 0.1
    assert ncx.from_nir(ncx.to_nir(ncx.quantise(net)[0])).report.exact
