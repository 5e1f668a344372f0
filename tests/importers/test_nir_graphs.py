"""Graphs written by hand do on a chip what a plain simulation of their equations does."""

import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import FitError
from support.nirreference import Simulation
from support.spikematch import matched

DT = 1e-3
STEPS = 200


def weights(rng, outputs, inputs, gain):
    return (rng.random((outputs, inputs)) * 1.4 - 0.4) * gain


def lif(n, tau=10e-3, threshold=1.0, leak=0.0, reset=0.0):
    ones = np.ones(n)
    return nir.LIF(
        tau=ones * tau, r=ones * tau / DT, v_leak=ones * leak, v_threshold=ones * threshold, v_reset=ones * reset
    )


def cuba(n, tau_syn=5e-3, tau_mem=10e-3):
    ones = np.ones(n)
    return nir.CubaLIF(
        tau_syn=ones * tau_syn, tau_mem=ones * tau_mem, r=ones * tau_mem / DT, v_leak=ones * 0, v_threshold=ones,
        w_in=ones * tau_syn / DT,
    )  # fmt: skip


def chain(*nodes, inputs):
    return nir.NIRGraph.from_list(nir.Input(np.array(inputs)), *nodes)


def skipping(rng):
    """The last layer is reached directly, through one layer, and through a delay."""
    nodes = {
        "input": nir.Input(np.array([12])), "output": nir.Output(np.array([8])), "first": lif(16), "last": lif(8),
        "a": nir.Linear(weights(rng, 16, 12, 0.3)), "b": nir.Linear(weights(rng, 8, 16, 0.2)),
        "c": nir.Affine(weights(rng, 8, 12, 0.1), rng.random(8) * 0.02),
        "wait": nir.Delay(np.repeat([0.0, 3e-3, 5e-3, 7e-3], 4)), "d": nir.Linear(weights(rng, 8, 16, 0.1)),
    }  # fmt: skip
    edges = [
        ("input", "a"), ("a", "first"), ("first", "b"), ("b", "last"), ("input", "c"), ("c", "last"),
        ("first", "wait"), ("wait", "d"), ("d", "last"), ("last", "output"),
    ]  # fmt: skip
    return nir.NIRGraph(nodes, edges)


def recurrent(rng):
    """A nested graph with a loop, behind a layer with leak and reset potentials."""
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([16])), "output": nir.Output(np.array([16])), "cells": cuba(16),
            "back": nir.Linear(weights(rng, 16, 16, 0.03) - 0.01),
        },
        [("input", "cells"), ("cells", "back"), ("back", "cells"), ("cells", "output")],
    )  # fmt: skip
    nodes = {
        "input": nir.Input(np.array([12])), "output": nir.Output(np.array([16])),
        "a": nir.Linear(weights(rng, 16, 12, 5.0)),
        "cells": lif(16, leak=-65.0, threshold=-50.0, reset=-70.0), "b": nir.Linear(weights(rng, 16, 16, 0.1)),
        "net": inner,
    }  # fmt: skip
    edges = [("input", "a"), ("a", "cells"), ("cells", "b"), ("b", "net"), ("net", "output")]
    return nir.NIRGraph(nodes, edges)


def convolved(rng):
    kernel, ones = weights(rng, 4, 2 * 3, 0.3).reshape(4, 2, 3), np.ones((4, 5))
    return chain(
        nir.Conv1d(10, kernel, 2, 1, 1, 1, rng.random(4) * 0.02), nir.Scale(1 + rng.random((4, 5))),
        nir.IF(r=ones / DT, v_threshold=ones), nir.Flatten({"input": np.array([4, 5])}, 0, -1),
        nir.Linear(weights(rng, 8, 20, 0.6)), nir.Threshold(np.full(8, 0.5)), inputs=[2, 10],
    )  # fmt: skip


def pooled(rng):
    return chain(
        nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])), nir.Flatten(None, 0, -1),
        nir.Linear(weights(rng, 12, 16, 0.15)), cuba(12), nir.Linear(weights(rng, 8, 12, 0.2)), lif(8, tau=20e-3),
        inputs=[1, 8, 8],
    )  # fmt: skip


def delayed(rng):
    """Delays of inputs, of sources and of targets, and in a loop."""
    nodes = {
        "input": nir.Input(np.array([12])), "output": nir.Output(np.array([8])),
        "wait": nir.Delay(np.arange(12) % 3 * DT),
        "a": nir.Linear(weights(rng, 8, 12, 0.35)), "first": lif(8), "b": nir.Linear(weights(rng, 8, 8, 0.3)),
        "later": nir.Delay(np.arange(8) % 4 * 2 * DT), "last": lif(8), "c": nir.Linear(weights(rng, 8, 8, 0.1)),
        "back": nir.Delay(np.full(8, 3 * DT)),
    }  # fmt: skip
    edges = [
        ("input", "wait"), ("wait", "a"), ("a", "first"), ("first", "b"), ("b", "later"), ("later", "last"),
        ("last", "output"), ("first", "back"), ("back", "c"), ("c", "first"),
    ]  # fmt: skip
    return nir.NIRGraph(nodes, edges)


GRAPHS = {"skipping": skipping, "recurrent": recurrent, "convolved": convolved, "pooled": pooled, "delayed": delayed}


def run(graph, spikes, record=("spikes",), **options):
    model = ncx.from_nir(graph, dt=DT, **options)
    with ncx.open("emulator") as device:
        device.load(model.image)
        result = device.run(steps=len(spikes) + model.latency, spikes=spikes, record=list(record))
    return model, result


def drawn(graph, rate, steps=STEPS):
    size = int(np.prod(next(iter(graph.inputs.values())).input_type["input"]))
    return np.random.default_rng(1).random((steps, size)) < rate


def kept(name, rate=0.2, **options):
    """Part of the spikes that a chip keeps."""
    graph = GRAPHS[name](np.random.default_rng(3))
    spikes = drawn(graph, rate)
    wanted = Simulation(graph, DT, euler=options.get("discretisation") != "exact").run(spikes, "output") > 0
    assert wanted.sum() > 100
    model, result = run(graph, spikes, **options)
    return matched(wanted, model.spikes(result)[:STEPS])


@pytest.mark.parametrize("discretisation", ["euler", "exact"])
@pytest.mark.parametrize("name", GRAPHS)
def test_16_bits_keep_99_percent_of_the_spikes_within_a_step(name, discretisation):
    assert kept(name, weight_bits=16, discretisation=discretisation) >= 0.99


@pytest.mark.parametrize("name", GRAPHS)
def test_8_bits_keep_most_spikes(name):
    assert kept(name, weight_bits=8, discretisation="euler") >= 0.8


@pytest.mark.parametrize("kind", ["LI", "I", "CubaLI"])
def test_neurons_that_never_spike_are_read_by_their_membrane(kind):
    rng = np.random.default_rng(4)
    ones = np.ones(4)
    reader = {
        "LI": nir.LI(tau=ones * 30e-3, r=ones, v_leak=ones * 0.5),
        "I": nir.I(r=ones),
        "CubaLI": nir.CubaLI(tau_mem=ones * 30e-3, tau_syn=ones * 5e-3, r=ones, v_leak=ones * 0),
    }[kind]
    graph = chain(
        nir.Linear(weights(rng, 16, 12, 0.3)), lif(16), nir.Linear(weights(rng, 4, 16, 1.0)), reader, inputs=[12]
    )
    spikes = drawn(graph, 0.2)
    wanted = Simulation(graph, DT).run(spikes, "output")
    model, result = run(graph, spikes, ["spikes", "v"], weight_bits=16, discretisation="euler")
    got = model.membranes(result)[:STEPS]
    assert not model.spikes(result).any()
    np.testing.assert_allclose(got, wanted, atol=2e-3 * np.ptp(wanted))


def test_output_of_plain_weights_is_their_sum_in_every_step():
    rng = np.random.default_rng(5)
    graph = chain(nir.Linear(weights(rng, 16, 12, 0.3)), lif(16), nir.Linear(weights(rng, 4, 16, 1.0)), inputs=[12])
    spikes = drawn(graph, 0.2)
    wanted = Simulation(graph, DT).run(spikes, "output")
    model, result = run(graph, spikes, ["v"], weight_bits=16, discretisation="euler")
    np.testing.assert_allclose(model.membranes(result)[:STEPS], wanted, atol=1e-3)


def test_subtracting_reset():
    rng = np.random.default_rng(6)
    graph = chain(nir.Linear(weights(rng, 8, 12, 0.3)), lif(8), inputs=[12])
    spikes = drawn(graph, 0.2)
    wanted = Simulation(graph, DT, subtract={"lif"}).run(spikes, "output") > 0
    model, result = run(graph, spikes, weight_bits=16, discretisation="euler", reset={"lif": "subtract"})
    assert matched(wanted, model.spikes(result)[:STEPS]) >= 0.99


def test_refractory_period_keeps_spikes_apart():
    graph = chain(nir.Linear(np.full((1, 1), 2.0)), lif(1), inputs=[1])
    _, result = run(graph, np.ones((20, 1), bool), refractory=4 * DT, discretisation="euler")
    assert np.diff(result.spike_times).tolist() == [5, 5, 5]


def test_skipped_layers_delay_inputs_and_labels_say_so():
    model = ncx.from_nir(skipping(np.random.default_rng(3)), dt=DT)
    report = str(model.report)
    assert "its spikes reach 'last' 1 step later" in report
    assert model.image.config.neurons == sum(place.neurons.size for place in model.layers.values())
    assert model.image.config.inputs == 24  # 12 inputs, each at once and one step later
    assert "last (LIF): approximate" in report
    assert "1 step later than in the graph" in report


def test_loop_of_two_layers_takes_a_step_for_each():
    nodes = {
        "input": nir.Input(np.array([1])), "output": nir.Output(np.array([1])), "a": lif(1, threshold=0.5),
        "b": lif(1, threshold=0.5), "ab": nir.Linear(np.ones((1, 1))), "ba": nir.Linear(np.ones((1, 1))),
    }  # fmt: skip
    edges = [("input", "a"), ("a", "ab"), ("ab", "b"), ("b", "ba"), ("ba", "a"), ("a", "output")]
    graph = nir.NIRGraph(nodes, edges)
    spikes = np.zeros((8, 1), bool)
    spikes[0] = True
    model, result = run(graph, spikes, discretisation="euler")
    assert model.spikes(result)[:, 0].tolist() == [True, False] * 4
    assert "connections within its loop take one step each" in str(model.report)


def test_whole_numbers_are_exact():
    graph = chain(
        nir.Linear(np.array([[1.0, 2.0], [3.0, -4.0]])), nir.IF(np.full(2, 1 / DT), np.full(2, 3.0)), inputs=[2]
    )
    report = ncx.from_nir(graph, dt=DT, scaling="none", scale=1.0).report
    assert report.exact
    assert [str(item) for item in report.items if "IF" in item.name] == ["if (IF): exact"]


@pytest.mark.parametrize("scaling", ["none", "population", "neuron", {"lif": 3.0}], ids=str)
def test_units_of_a_layer_change_no_spike(scaling):
    graph = chain(nir.Linear(np.random.default_rng(7).random((8, 12)) * 0.3), lif(8), inputs=[12])
    spikes = drawn(graph, 0.2)
    wanted = Simulation(graph, DT).run(spikes, "output") > 0
    model, result = run(graph, spikes, weight_bits=16, discretisation="euler", scaling=scaling)
    assert matched(wanted, model.spikes(result)[:STEPS]) >= 0.99


def test_all_unsupported_nodes_are_named_with_reason_and_way_out():
    ones = np.ones(2)
    reader, adder = nir.LI(tau=ones * 0.01, r=ones, v_leak=ones * 0), nir.I(r=ones)
    graph = chain(
        nir.Linear(np.eye(2)), reader, lif(2), nir.Linear(np.eye(2)), adder, nir.Linear(np.eye(2)), inputs=[2]
    )
    message = r"node 'li' \(LI\): its membrane goes to 'lif', but .* use a CubaLIF.*; node 'i' \(I\): its membrane"
    with pytest.raises(FitError, match=message):
        ncx.from_nir(graph, dt=DT)


def test_too_many_neurons_do_not_fit():
    graph = chain(nir.Scale(np.ones(5000)), lif(5000), inputs=[5000])
    with pytest.raises(FitError, match="5000 inputs, at most 4096 can be built; the largest part is 'input'"):
        ncx.from_nir(graph, dt=DT)


def test_longest_delay_is_named():
    graph = chain(
        nir.Linear(np.ones((2, 2))),
        lif(2),
        nir.Delay(np.full(2, 0.05)),
        nir.Linear(np.ones((2, 2))),
        lif(2),
        inputs=[2],
    )
    with pytest.raises(FitError, match="node 'lif_1' needs spikes that are 50 steps old, at most 32"):
        ncx.from_nir(graph, dt=DT)
