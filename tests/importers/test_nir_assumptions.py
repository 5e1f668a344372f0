"""What a NIR graph leaves open is said, proposed or asked for; and graphs that tools really write run."""

import itertools
import warnings

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FileFormatError, InputError


def port(kind, *shape):
    return {"type": kind, "shape": np.array(shape)}


def linear(weights):
    return {"type": "Linear", "weight": np.asarray(weights, float)}


def cells(kind, n, **fields):
    given = {"v_threshold": 1.0, "v_reset": 0.0} | fields
    return {"type": kind} | {
        name: value if isinstance(value, np.ndarray) else np.full(n, float(value))
        for name, value in given.items()
        if value is not None
    }


def lif(n, **fields):
    return cells("LIF", n, **({"tau": 0.01, "r": 2.0, "v_leak": 0.0} | fields))


def fire(n, **fields):
    return cells("IF", n, **({"r": 5.0} | fields))


def chain(*nodes):
    """Nodes in a row, named by their place."""
    names = [f"n{place}" for place in range(len(nodes))]
    return {"type": "NIRGraph", "nodes": dict(zip(names, nodes, strict=True)), "edges": list(itertools.pairwise(names))}


def net(neurons, n=1, weights=None):
    weights = np.eye(n) if weights is None else weights
    return chain(port("Input", np.shape(weights)[1]), linear(weights), neurons, port("Output", n))


def run(model, spikes, record=("spikes",)):
    with ncx.open("emulator") as device:
        device.load(model.image)
        return device.run(steps=len(spikes) + model.latency, spikes=np.asarray(spikes, bool), record=list(record))


def fired(model, spikes):
    return [np.flatnonzero(column).tolist() for column in model.spikes(run(model, spikes)).T]


def said(graph, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = ncx.from_nir(graph, **options)
    texts = [str(each.message) for each in caught]
    assert all(text.removeprefix("the NIR graph: ") in model.report.quantised.warnings for text in texts)
    return model, " ".join(texts)


# What was assumed ---------------------------------------------------------------------------


def test_report_begins_with_the_options_and_where_they_come_from():
    report = ncx.from_nir(net(lif(1)), dt=1e-3, reset="subtract").report
    assert str(report).splitlines()[0] == (
        "assumed: dt 0.001 (given); discretisation exact (default); current filter (default); reset subtract (given); "
        "fires at > (default)"
    )
    assert report.to_dict()["assumed"] == list(report.assumed)


def test_nodes_that_differ_have_lines_of_their_own():
    graph = chain(
        port("Input", 1), linear([[1.0]]), lif(1), linear([[1.0]]), lif(1, v_leak=None, v_reset=None), port("Output", 1)
    )
    lines = str(ncx.from_nir(graph, reset={"n2": "zero", "n4": "value"}).report).splitlines()
    assert "reset value (default) but for nodes below" in lines[0]
    assert "assumed: 'n2': reset zero (given)" in lines
    assert (
        "assumed: 'n4': reset value (given); v_leak 0, which the file lacks; v_reset 0, which the file lacks" in lines
    )


def test_own_exports_assume_nothing():
    model = ncx.from_nir(net(lif(1)))
    assert str(ncx.from_nir(ncx.to_nir(model)).report).startswith("assumed: nothing; the graph holds the integers")


def test_missing_v_reset_is_a_warning_until_the_reset_is_stated():
    graph = net(lif(1, v_reset=None))
    _, text = said(graph)
    assert "'n2' has no v_reset, and 0 was assumed" in text
    assert "reset='subtract'" in text
    for options in ({"reset": "subtract"}, {"reset": "value"}, {"reset": {"n2": "value"}}, {"producer": "norse"}):
        assert said(graph, **options)[1] == ""


# Signatures ---------------------------------------------------------------------------------

SIGNS = {
    "r = tau / dt": (lif(2, tau=1e-3, r=10.0), ("snntorch", "spikingjelly")),
    "r = tau / dt, other rest": (lif(2, tau=1e-3, r=10.0, v_leak=-0.5, v_reset=-0.5), ("spikingjelly",)),
    "r = tau / dt per neuron": (lif(2, tau=np.array([1e-3, 4e-4]), r=np.array([10.0, 4.0])), ("snntorch",)),
    "another step": (lif(2, tau=0.01, r=10.0), ("spikingjelly",)),
    "infinite tau": (lif(2, tau=np.inf, r=np.inf), ("snntorch",)),
    "short time constants": (lif(2, tau=1e-5, r=1.0), ("norse",)),
    "IF with r of 1": (fire(2, r=1.0), ("norse", "sinabs")),
    "IF with a step in r": (fire(2, r=1e4), ("spikingjelly",)),
    "steps": (lif(2, tau=20.0, r=1.0), ("sinabs",)),
    "Rockpool": (lif(2, tau=0.02, r=20 * np.exp(-0.05)), ("rockpool",)),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_signature_leads_to_a_proposal(sign):
    neurons, producers = SIGNS[sign]
    _, text = said(net(neurons, 2))
    assert "looks like a file of" in text
    for producer in producers:
        assert f"producer={producer!r}" in text
        assert "looks like" not in said(net(neurons, 2), producer=producer)[1]
    assert said(net(neurons, 2), producer="nir")[1] == ""


@pytest.mark.parametrize("neurons", [lif(2), lif(2, tau=0.02, r=1.0), fire(2)], ids=["r of 2", "r of 1", "IF"])
def test_plain_graphs_are_taken_as_they_are(neurons):
    assert said(net(neurons, 2, np.eye(2) * 900))[1] == ""


def test_nodes_of_different_tools_need_a_word():
    graph = chain(port("Input", 2), fire(2, r=1.0), linear(np.eye(2)), lif(2, tau=1e-3, r=10.0), port("Output", 2))
    with pytest.raises(InputError, match=r"nodes point to different tools: 'n1' has r = 1.*pass a producer"):
        ncx.from_nir(graph)
    assert "nodes point to different tools" in said(graph, discretisation="euler")[1]
    assert said(graph, producer="nir")[1] == ""


def test_producer_that_does_not_fit_the_file_is_a_warning():
    assert "looks like one of snntorch or spikingjelly" in said(net(lif(1, tau=1e-3, r=10.0)), producer="norse")[1]


def test_time_constants_of_two_versions_of_norse_contradict():
    graph = chain(port("Input", 1), lif(1, tau=1e-5), linear([[1.0]]), lif(1, tau=0.01), port("Output", 1))
    with pytest.raises(InputError, match=r"'n1' are below 1 ms.*'n3' are in seconds.*norse-1\.1\.0.*norse-seconds"):
        ncx.from_nir(graph, producer="norse")


# Graphs that tools write --------------------------------------------------------------------


def test_neuron_of_sinabs_fires_at_its_threshold():
    spikes = np.arange(100)[:, None] % 10 == 0
    model = ncx.from_nir(net(fire(1, r=1.0, v_reset=None)), producer="sinabs")
    assert fired(model, spikes) == [list(range(0, 100, 10))]
    leaky = ncx.from_nir(net(lif(1, tau=20.0, r=20.0)), producer="sinabs")
    assert fired(leaky, spikes) == [list(range(0, 100, 10))]


def test_binary_fractions_meet_the_threshold_exactly():
    """Weights of 3/8 and 1/8 with a largest of 3/8 are no whole numbers of 1/127 of it."""
    weights = np.array([[0.375, 0.125], [0.25, -0.125]])
    spikes = np.random.default_rng(2).random((400, 2)) < 0.6
    v, wanted = np.zeros(2), np.zeros((400, 2), bool)
    for t, step in enumerate(spikes):
        v += weights @ step
        wanted[t] = v >= 1
        v[wanted[t]] -= 1
    graph = net(fire(2, r=1.0), 2, weights)
    options = {"current": "jump", "reset": "subtract", "fires_at": ">=", "dt": 1.0, "discretisation": "exact"}
    for bits in (4, 8, 16):
        model = ncx.from_nir(graph, weight_bits=bits, **options)
        np.testing.assert_array_equal(model.spikes(run(model, spikes))[:400], wanted)
        assert model.report.exact


@pytest.mark.parametrize("rest", [1.2, 3.0])
@pytest.mark.parametrize("kind", ["LIF", "CubaLIF"])
@pytest.mark.parametrize("discretisation", ["exact", "euler"])
def test_rest_above_the_threshold_fires_by_itself(rest, kind, discretisation):
    more = {} if kind == "LIF" else {"tau_mem": 0.01, "tau_syn": 5e-3}
    neurons = lif(1, v_leak=rest) if kind == "LIF" else cells("CubaLIF", 1, r=1.0, v_leak=rest, **more)
    model = ncx.from_nir(net(neurons), discretisation=discretisation, weight_bits=16)
    loss = 0.01 if discretisation == "euler" else -np.expm1(-0.01)
    v, wanted = 0.0, []
    for t in range(1000):
        v += (rest - v) * loss
        if v > 1:
            wanted, v = [*wanted, t], 0.0
    assert fired(model, np.zeros((1000, 1))) == [wanted]
    assert model.report.quantised.warnings == []
    assert "fires by itself" in str(model.report)


def test_pacemaker_of_a_later_layer_keeps_its_phase():
    """It starts when its layer does, at its reset value far below; the other neuron of the layer rests."""
    last = lif(2, v_leak=np.array([-50.0, -65.0]), v_threshold=-55.0, v_reset=-70.0)
    graph = chain(port("Input", 1), linear([[1.0]]), lif(1), linear([[0.0], [0.0]]), last, port("Output", 2))
    model = ncx.from_nir(graph, weight_bits=16)
    assert model.place().latency == 1
    v, wanted = -70.0, []
    for t in range(600):
        v += (-50.0 - v) * -np.expm1(-0.01)
        if v > -55:
            wanted, v = [*wanted, t], -70.0
    assert fired(model, np.zeros((600, 1))) == [wanted, []]
    membrane = model.membranes(run(model, np.zeros((100, 1)), ["v"]))
    np.testing.assert_allclose(membrane[0], [-70 + 20 * -np.expm1(-0.01), -65], atol=1e-2)


def test_pacemaker_that_subtracts_loses_its_threshold():
    model = ncx.from_nir(net(lif(1, v_leak=3.0)), reset="subtract", weight_bits=16)
    v, wanted = 0.0, []
    for t in range(600):
        v += (3.0 - v) * -np.expm1(-0.01)
        if v > 1:
            wanted, v = [*wanted, t], v - 1
    assert fired(model, np.zeros((600, 1))) == [wanted]


def test_infinite_tau_with_infinite_r_adds_weights():
    neurons = lif(2, tau=np.array([np.inf, 1e-3]), r=np.array([np.inf, 10.0]))
    model = ncx.from_nir(net(neurons, 2, np.full((2, 1), 0.5)), producer="snntorch", weight_bits=16)
    # Without loss 0.5, 1.0, 1.5, 1.0, 1.5; with 0.9 it is 0.5, 0.95, 1.355, 0.72, 1.15, 0.53, 0.98, 1.38.
    assert [column[:3] for column in fired(model, np.ones((10, 1)))] == [[2, 4, 6], [2, 4, 7]]
    assert "'n2': tau and r are infinite: no decay" in str(model.report)


@pytest.mark.filterwarnings("ignore:states of neurons reached the end")  # it has no end
def test_infinite_current_of_snntorch_adds_up():
    neurons = cells("CubaLIF", 1, tau_syn=np.inf, w_in=np.inf, tau_mem=1e-4, r=1.0, v_leak=0.0)
    model = ncx.from_nir(net(neurons, 1, [[0.4]]), producer="snntorch", reset="zero", weight_bits=16)
    # The current is 0.4, 0.8, 1.2, 1.6, and the membrane forgets.
    assert fired(model, np.ones((5, 1))) == [[2, 3, 4]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tau": np.inf, "r": 2.0}, "tau must be finite, got inf; IF and I are neurons without leak"),
        ({"tau": 0.01, "r": np.inf}, "r must be finite where tau is, got inf"),
        ({"tau": -0.005, "r": -50.0}, "tau must be above 0, got -0.005; .*beta .* is 1.02, and above 1 .* clamp it"),
        ({"tau": -838.0, "r": -8388608.0}, "beta .* is 1, and above 1|beta .* is 1.0"),
    ],
)
def test_impossible_decay_is_refused_with_advice(fields, message):
    with pytest.raises(FileFormatError, match=message):
        ncx.from_nir(net(lif(1, **fields)), producer="snntorch")


@pytest.mark.parametrize("shape", [(2,), (1, 2), (1, 1, 2), (1, 1, 1, 2)])
def test_leading_ones_of_ports_are_batch_and_time(shape):
    graph = chain(port("Input", *shape), linear(np.eye(2) * 900), lif(2), port("Output", *shape))
    model, _ = said(graph)
    assert fired(model, np.eye(2)) == [[0], [1]]


def test_leading_ones_of_neurons_are_too():
    neurons = {name: value if name == "type" else value[None] for name, value in lif(2).items()}
    model = ncx.from_nir(net(neurons, 2, np.eye(2) * 900))
    assert fired(model, np.eye(2)) == [[0], [1]]


@pytest.mark.parametrize("given", ["tau", "r", "v_threshold", "v_reset", "v_leak"])
def test_one_number_stands_for_all_neurons_whichever_it_is(given):
    full = lif(3, r=200.0)
    scalars = {name: value if name == "type" else value.flat[0] for name, value in full.items()}
    some = scalars | {given: full[given]}
    wanted = ncx.from_nir(net(full, 3)).image
    assert ncx.from_nir(net(some, 3)).image == wanted
    assert ncx.from_nir(net(scalars, 3)).image == wanted
    # Without weights in between, the neurons themselves say how many they are.
    assert ncx.from_nir(chain({"type": "Input"}, some, {"type": "Output"})).layers["n1"].neurons.size == 3


@pytest.mark.parametrize("given", [None, np.zeros(3), {"input": np.zeros(3)}, {"input": np.array([1, 2, 2])}])
def test_flatten_of_old_files_takes_the_shape_of_its_source(given):
    flat = {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": given}
    graph = chain(port("Input", 1, 2, 2), flat, linear(np.eye(4) * 900), lif(4), port("Output", 4))
    assert fired(ncx.from_nir(graph), np.eye(4)) == [[0], [1], [2], [3]]


@pytest.mark.parametrize("missing", ["Input", "Output"])
def test_graph_without_a_port_is_refused_with_the_reason(missing):
    nodes = {"Input": port("Input", 1), "lif": lif(1), "Output": port("Output", 1)}
    names = [name for name in nodes if name != missing]
    graph = {"nodes": {name: nodes[name] for name in names}, "edges": [tuple(names)]}
    with pytest.raises(FileFormatError, match=f"the graph has no {missing}, so nothing (could|would)"):
        ncx.from_nir(graph)


def test_comparison_can_be_given_for_one_node():
    graph = chain(port("Input", 1), fire(1), linear([[1.0]]), fire(1), port("Output", 1))
    model = ncx.from_nir(graph, fires_at={"n3": ">="}, current="jump")
    assert [str(line) for line in model.report.assumed][-1] == "'n3': fires at >= (given)"
    with pytest.raises(InputError, match="fires_at names 'n9', which is no layer of neurons"):
        ncx.from_nir(graph, fires_at={"n9": ">="})


def test_slow_currents_that_go_on_adding_do_not_saturate():
    weights = np.full((1, 8), 1.0)
    neurons = cells("CubaLIF", 1, tau_syn=20.0, tau_mem=40.0, r=1.0, v_leak=0.0, v_threshold=20.0)
    options = {"dt": 1.0, "current": "decayed", "reset": "subtract", "discretisation": "exact", "fires_at": ">="}
    model = ncx.from_nir(net(neurons, 1, weights), **options)
    spikes = np.zeros((100, 8), bool)
    spikes[0] = True
    result = run(model, spikes)
    assert result.counters["saturations"] == 0
    assert result.spikes.any()


def test_command_line_knows_all_producers():
    from neurocorex.cli.convert import PRODUCERS
    from neurocorex.importers.nir import PRODUCERS as PROFILES

    assert tuple(PROFILES) == PRODUCERS
