"""Files that are damaged or make no sense are refused by name; what we write, others and we read back."""

import contextlib
import copy
import random

import h5py
import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import FileFormatError, InputError, MissingToolError
from neurocorex.importers.nir import read_spikes, write_spikes
from neurocorex.learning import stdp


def graph():
    ones = np.ones(4)
    lif = nir.LIF(tau=ones * 1e-2, r=ones, v_leak=ones * 0, v_threshold=ones, v_reset=ones * 0)
    nodes = (nir.Input(np.array([3])), nir.Linear(np.ones((4, 3))), lif, nir.Output(np.array([4])))
    return nir.NIRGraph.from_list(*nodes).to_dict()


def changed(node, field, value):
    tree = copy.deepcopy(graph())
    tree["nodes"][node][field] = value
    return tree


def cycle():
    tree = copy.deepcopy(graph())
    tree["nodes"]["again"] = {"type": "Scale", "scale": np.ones(3)}
    tree["nodes"]["back"] = {"type": "Scale", "scale": np.ones(3)}
    tree["edges"] += [("again", "back"), ("back", "again"), ("back", "linear")]
    return tree


def convolution(**fields):
    node = {
        "type": "Conv2d", "input_shape": np.array([8, 8]), "weight": np.ones((2, 1, 3, 3)), "stride": 1, "padding": 0,
        "dilation": 1, "groups": 1, "bias": np.zeros(2),
    }  # fmt: skip
    shape = fields.pop("shape", [1, 8, 8])
    flat = {"type": "Flatten", "start_dim": 0, "end_dim": -1}
    ports = {"input": {"type": "Input", "shape": np.array(shape)}, "output": {"type": "Output"}}
    edges = [("input", "conv"), ("conv", "flat"), ("flat", "output")]
    return {"type": "NIRGraph", "nodes": {"conv": node | fields, "flat": flat, **ports}, "edges": edges}


#: What is wrong, the graph, and what the message must say.
MALFORMED = {
    "NaN": (changed("lif", "tau", np.array([1.0, np.nan, 1.0, 1.0])), "'lif'.*tau must be finite, got nan"),
    "infinite tau": (changed("lif", "tau", np.full(4, np.inf)), "'lif'.*tau must be finite, got inf; IF and I are"),
    "negative tau": (changed("lif", "tau", np.full(4, -1.0)), "'lif'.*tau must be above 0, got -1"),
    "infinite weight": (changed("linear", "weight", np.full((4, 3), np.inf)), "'linear'.*weight must be finite"),
    "negative threshold": (changed("lif", "v_threshold", np.full(4, -1.0)), "'lif'.*threshold must not be below rest"),
    "reset above threshold": (changed("lif", "v_reset", np.full(4, 2.0)), "'lif'.*must not be below v_reset"),
    "absurd weight": (changed("linear", "weight", np.full((4, 3), 1e200)), "'linear'.*weight must be .* at most 1e"),
    "wrong weights": (changed("linear", "weight", np.ones((4, 7))), r"'linear'.*shape \(3,\), expected \(7,\)"),
    "wrong layer": (changed("linear", "weight", np.ones((9, 3))), r"'lif'.*shape \(9,\) from 'linear'"),
    "wrong parameter": (changed("lif", "r", np.ones(3)), r"'lif'.*r has shape \(3,\), expected \(4,\)"),
    "missing field": (changed("linear", "weight", None), "'linear'.*weight is missing"),
    "text as weights": (changed("linear", "weight", "many"), "'linear'.*weight must hold numbers"),
    "no values": (changed("linear", "weight", np.zeros((0, 3))), "'linear'.*weight must hold numbers: it is empty"),
    "flat weights": (changed("linear", "weight", np.ones(3)), "'linear'.*expected 2 dimensions"),
    "unknown node": (changed("linear", "type", "Wormhole"), "node 'linear' is a 'Wormhole'"),
    "no type": (graph() | {"nodes": {"a": {}}}, "node 'a' has no type"),
    "no nodes": (graph() | {"nodes": {}}, "the graph has no nodes"),
    "no graph": ({"type": "LIF"}, "expected a NIR graph, got 'LIF'"),
    "edge to nowhere": (graph() | {"edges": [("input", "hell")]}, "no node 'hell'"),
    "double edge": (graph() | {"edges": [("input", "linear")] * 2}, "from 'input' to 'linear' stands .* twice"),
    "edges of three": (graph() | {"edges": [("a", "b", "c")]}, "edges that are no pairs"),
    "cycle without neurons": (cycle(), "node 'again' and 'back': part of a cycle without neurons"),
    "billion inputs": (changed("input", "shape", np.array([1 << 30])), "node 'input'.*has more than"),
    "absurd inputs": (changed("input", "shape", np.array([1e300])), "node 'input'.*has more than"),
    "negative shape": (changed("input", "shape", np.array([-3])), "node 'input'.*shape must be sizes of at least 1"),
    "huge convolution": (
        convolution(shape=[1, 4096, 4096], input_shape=np.array([4096, 4096])), "node 'conv'.*has more than"
    ),
    "kernel beyond image": (convolution(weight=np.ones((2, 1, 9, 9))), "'conv'.*does not fit into values of shape"),
    "stride of zero": (convolution(stride=0), "'conv'.*stride"),
    "fractional stride": (convolution(stride=1.5), "'conv'.*stride must be whole numbers"),
    "padding of words": (convolution(padding="lots"), "'conv'.*padding must be numbers, 'same' or 'valid'"),
    "groups that do not divide": (convolution(groups=3), "'conv'.*in 3 groups does not fit 3 channels"),
    "delay without a time": (changed("linear", "type", "Delay"), "'linear'.*delay is missing"),
    "negative delay": ({
        "nodes": {
            "i": {"type": "Input", "shape": np.ones(1)}, "d": {"type": "Delay", "delay": -1.0}, "o": {"type": "Output"},
        },
        "edges": [("i", "d"), ("d", "o")],
    }, "'d'.*delay must be 0 or more, got -1"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_graph_is_refused_by_name(name):
    tree, message = MALFORMED[name]
    with pytest.raises((FileFormatError, InputError), match=message):
        ncx.from_nir(tree)


#: What a mutation puts into a graph.
JUNK = [
    None, "x", b"y", [], [1, 2], {}, {"a": 1}, np.nan, np.inf, -1, 0, 1e308, 5e-324, 10**30, True, 1 + 2j,
    [[1], [2, 3]],
    np.zeros(0), np.array([None, 1]), np.ones((2, 2, 2, 2)), np.array([1 << 62]), np.full((3, 4), 1e200), "LIF",
    "Delay", "Output", "Flatten", "Conv2d", "I", "NIRGraph", "Threshold", np.array([1, 2], dtype="M8[s]"),
]  # fmt: skip


def places(tree, way=()):
    """All ways into nested dictionaries."""
    for key, value in tree.items() if isinstance(tree, dict) else ():
        yield (*way, key)
        yield from places(value, (*way, key))


def test_any_change_gives_a_typed_error_or_an_image():
    choice = random.Random(1)
    bases = [graph(), convolution(), cycle(), *(ncx.to_nir(net) for net in networks().values())]
    refused = 0
    for _ in range(400):
        tree = copy.deepcopy(choice.choice(bases))
        *way, last = choice.choice(list(places(tree)))
        inner = tree
        for key in way:
            inner = inner[key]
        inner[last] = choice.choice(JUNK)
        try:
            ncx.from_nir(tree, dt=1e-3)
        except ncx.errors.NeuroCoreXError:
            refused += 1
    assert 200 < refused < 400


def test_step_that_euler_cannot_take_is_refused():
    with pytest.raises(FileFormatError, match=r"tau 0.01 is shorter than a step of 1"):
        ncx.from_nir(graph(), dt=1.0, discretisation="euler")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_bits": 5}, "weight_bits must be one of 4, 8, 16, got 5"),
        ({"dt": 0.0}, "dt must be above 0"),
        ({"discretisation": "magic"}, "discretisation must be one of 'exact', 'euler'"),
        ({"reset": {"lif": "maybe"}}, "reset must be one of"),
        ({"reset": {"lfi": "zero"}}, "reset names 'lfi', which is no layer of neurons; there are lif"),
        ({"refractory": -1.0}, "refractory must be 0 or more"),
        ({"scaling": {"lif": 0.0}}, "scaling must be above 0"),
        ({"producer": "brain"}, "producer must be one of 'snntorch', 'norse'"),
    ],
    ids=str,
)
def test_bad_option_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        ncx.from_nir(graph(), **options)


# Files --------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "graph.nir"
    nir.write(path, nir.NIRGraph.from_dict(graph()))
    return path


def test_file_and_graph_give_the_same_image(file):
    assert ncx.from_nir(file).image == ncx.from_nir(graph()).image == ncx.from_nir(nir.read(file)).image


def test_truncated_file_is_refused_wherever_it_ends(file):
    data = file.read_bytes()
    for size in range(0, len(data), 977):
        file.write_bytes(data[:size])
        with pytest.raises(FileFormatError, match=r"graph.nir"):
            ncx.from_nir(file)


def test_lost_blocks_give_typed_errors_or_a_graph(file):
    data = file.read_bytes()
    for start in range(0, len(data), 512):
        file.write_bytes(data[:start] + bytes(512) + data[start + 512 :])
        with contextlib.suppress(ncx.errors.NeuroCoreXError):
            ncx.from_nir(file)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        ncx.from_nir(tmp_path / "nothing.nir")


def test_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "text.nir"
    path.write_text("not a graph")
    with pytest.raises(FileFormatError, match="damaged or of another format"):
        ncx.from_nir(path)


def test_billion_elements_are_refused_before_they_are_read(file):
    with h5py.File(file, "r+") as content:
        del content["node/nodes/linear/weight"]
        content.create_dataset("node/nodes/linear/weight", (1 << 30, 3), "f4", chunks=(1024, 3))
    with pytest.raises(
        FileFormatError, match=r"linear/weight has shape .1073741824, 3., which is more than any chip holds"
    ):
        ncx.from_nir(file)


@pytest.mark.parametrize("link", [h5py.ExternalLink("/etc/passwd", "/x"), h5py.SoftLink("/node")], ids=["file", "soft"])
def test_links_are_refused(file, link):
    with h5py.File(file, "r+") as content:
        content["node/nodes/linear/elsewhere"] = link
    with pytest.raises(FileFormatError, match="linear/elsewhere is a link to somewhere else"):
        ncx.from_nir(file)


def test_group_within_itself_is_refused(file):
    with h5py.File(file, "r+") as content:
        content["node/nodes/inner"] = content["node"]
    with pytest.raises(FileFormatError, match="deep"):
        ncx.from_nir(file)


def test_missing_library_is_named(file, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[nir\]'"):
        ncx.from_nir(file)


# The way out and back ------------------------------------------------------------------------


def networks():
    rng = np.random.default_rng(2)
    plain = ncx.Network(inputs=6, neurons=8)
    plain.connect(plain.inputs, plain.neurons, rng.normal(size=(6, 8)))
    plain.connect(plain.neurons, plain.neurons, rng.normal(size=(8, 8)) * 0.3)
    plain.neurons.set(threshold=1.0, tau_ms=12.0, bias=0.01)
    rich = ncx.Network(inputs=6, neurons=9)
    rich.connect(rich.inputs, rich.neurons, rng.normal(size=(6, 9)), plastic=True)
    rich.connect(rich.neurons[:4], rich.neurons, rng.normal(size=(4, 9)), delay_ms=3.0)
    rich.connect(rich.neurons[:2], rich.neurons, rng.normal(size=(2, 9)), delay_ms=5.0)
    rich.neurons[:3].set(tau_ms=5.0, tau_syn_ms=3.0, refractory_ms=2.0, refractory="hold")
    rich.neurons[3:6].set(decay=0.0, reset_mode="subtract", leak=0.01)
    rich.neurons[6:].set(threshold=2.0, reset=-0.5, bias=0.1)
    rich.adaptation(step=0.1, tau_ms=50.0)
    rich.learn(stdp(10.0, 10.0, 0.02, -0.02, bounds=(-3.0, 3.0)))
    whole = ncx.Network(inputs=2, neurons=3)
    whole.connect(whole.inputs, whole.neurons, [[1, 2, 3], [-4, 5, 6]])
    whole.neurons.set(threshold=7)
    return {"plain": plain, "rich": rich, "whole": whole}


@pytest.mark.parametrize("name", networks())
def test_export_read_back_gives_the_same_integers(name, tmp_path):
    net, path = networks()[name], tmp_path / "net.nir"
    ncx.to_nir(net, path)
    back = ncx.from_nir(path)
    assert back.image == ncx.quantise.quantise(net)[0]
    assert back.report.exact


def test_names_and_units_of_an_imported_graph_go_with_it(tmp_path):
    model = ncx.from_nir(graph(), dt=1e-3, scaling={"lif": 3.0})
    ncx.to_nir(model, tmp_path / "again.nir")
    back = ncx.from_nir(tmp_path / "again.nir")
    assert (back.image, back.inputs, back.outputs, back.dt) == (model.image, model.inputs, model.outputs, model.dt)
    np.testing.assert_array_equal(back.part("lif").unit, model.part("lif").unit)


@pytest.mark.parametrize(
    "parts",
    ["[", "[]", "{}", '{"inputs": {"a": [0, 99]}, "layers": {}, "outputs": {}}',
     '{"inputs": {}, "layers": {}, "outputs": {"a": "b"}}',
     '{"inputs": {}, "outputs": {}, "layers": {"a": {"neurons": [99], "unit": [1], "rest": [0], "shape": [1]}}}'],
)  # fmt: skip
def test_damaged_parts_are_refused(parts):
    tree = ncx.to_nir(ncx.from_nir(graph(), dt=1e-3))
    tree["metadata"]["neurocorex"]["parts"] = parts
    with pytest.raises(FileFormatError, match="parts make no sense"):
        ncx.from_nir(tree)


def test_equal_networks_give_equal_files(tmp_path):
    for name in ("one.nir", "two.nir"):
        ncx.to_nir(networks()["rich"], tmp_path / name)
    assert (tmp_path / "one.nir").read_bytes() == (tmp_path / "two.nir").read_bytes()


@pytest.mark.parametrize("name", networks())
def test_image_exports_as_well_as_its_network(name):
    image = ncx.quantise.quantise(networks()[name])[0]
    assert ncx.from_nir(ncx.to_nir(image)).image == image


def test_snapshot_keeps_its_state():
    with ncx.open("emulator") as device:
        device.load(networks()["rich"])
        device.run(spikes=np.ones((20, 6), bool))
        image = device.snapshot()
    assert image.is_snapshot
    assert ncx.from_nir(ncx.to_nir(image)).image == image


@pytest.mark.parametrize("name", networks())
def test_others_read_what_we_write_and_hand_it_on(name, tmp_path):
    path, net = tmp_path / "net.nir", networks()[name]
    ncx.to_nir(net, path)
    read = nir.read(path, type_check=False)
    assert {type(node).__name__ for node in read.nodes.values()} <= {
        "Input", "Output", "LIF", "IF", "CubaLIF", "Linear", "Affine", "Delay",
    }  # fmt: skip
    nir.write(path, read)
    assert ncx.from_nir(path).image == ncx.quantise.quantise(net)[0]


@pytest.mark.parametrize("name", ["plain", "whole"])
def test_graph_without_our_metadata_does_the_same(name):
    net = networks()[name]
    tree = ncx.to_nir(net)
    del tree["metadata"]
    spikes = np.random.default_rng(3).random((100, net.input_count)) < 0.3
    again = ncx.from_nir(
        tree, dt=1e-3, discretisation="euler", scaling="none", scale=ncx.quantise.quantise(net)[0].scale
    )
    found = []
    for image in (ncx.quantise.quantise(net)[0], again.image):
        with ncx.open("emulator") as device:
            device.load(image)
            found.append(device.run(spikes=spikes).spikes)
    assert found[0].any()
    np.testing.assert_array_equal(*found)


def test_graph_that_was_changed_counts_and_says_so():
    tree = ncx.to_nir(networks()["plain"])
    tree["nodes"]["input_to_neurons"]["weight"] = tree["nodes"]["input_to_neurons"]["weight"] * 2
    back = ncx.from_nir(tree, dt=1e-3)
    assert "the graph was changed after NeuroCoreX wrote it" in str(back.report)
    assert back.network is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("config", "{}x"),
        ("scale", -1.0),
        ("meta", "[]"),
        ("regions", {"weights": np.zeros(3, np.int64)}),
        ("dt", "soon"),
    ],
)
def test_damaged_metadata_are_refused(name, value):
    tree = ncx.to_nir(networks()["plain"])
    tree["metadata"]["neurocorex"][name] = value
    with pytest.raises(FileFormatError, match="metadata neurocorex"):
        ncx.from_nir(tree)


# Events ---------------------------------------------------------------------------------------


def recorded(samples):
    shape = (3, 40, 6) if samples else (40, 6)
    with ncx.open("emulator") as device:
        device.load(networks()["plain"])
        return device.run(spikes=np.random.default_rng(4).random(shape) < 0.4)


@pytest.mark.parametrize("samples", [False, True])
def test_spikes_go_out_as_nir_events_and_come_back(samples, tmp_path):
    path, result = tmp_path / "events.nir", recorded(samples)
    write_spikes(result, path)
    raster = result.spikes if samples else result.spikes[None]
    assert raster.any()
    np.testing.assert_array_equal(read_spikes(path, 1e-3), raster)
    events = nir.read_data(path).nodes["neurons"].observables["spikes"]
    assert (events.n_neurons, events.t_max) == (8, pytest.approx(0.04))
    np.testing.assert_array_equal(events.to_time_gridded(1e-3 * (1 - 1e-9)).data[:, :40], raster)


def test_events_of_nir_are_read(tmp_path):
    raster = np.random.default_rng(5).random((2, 30, 4)) < 0.2
    events = nir.TimeGriddedData(raster, 1e-3).to_event(100, time_shift=5e-4)
    data = nir.NIRGraphData({"input": nir.NIRNodeData({"spikes": events})})
    nir.write_data(tmp_path / "in.nir", data)
    np.testing.assert_array_equal(read_spikes(tmp_path / "in.nir", 1e-3, node="input"), raster)


def test_events_are_split_by_layer(tmp_path):
    result = recorded(samples=False)
    write_spikes(result, tmp_path / "e.nir", nodes={"a": range(3), "b": [7]})
    np.testing.assert_array_equal(read_spikes(tmp_path / "e.nir", 1e-3, node="b")[0], result.spikes[:, [7]])
    with pytest.raises(InputError, match="events of 2 nodes; name one of a, b"):
        read_spikes(tmp_path / "e.nir", 1e-3)


def test_events_that_cannot_be_are_refused(tmp_path):
    path = tmp_path / "e.nir"
    write_spikes(recorded(samples=False), path)
    with h5py.File(path, "r+") as file:
        file["nodes/neurons/observables/spikes"].attrs["n_neurons"] = 2
    with pytest.raises(FileFormatError, match="'neurons' has events of neurons or at times that there are not"):
        read_spikes(path, 1e-3)
    with h5py.File(path, "r+") as file:
        file["nodes/neurons/observables/spikes"].attrs["t_max"] = 1e12
    with pytest.raises(FileFormatError, match="which is too much"):
        read_spikes(path, 1e-3)
