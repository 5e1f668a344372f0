"""Graphs and files that are damaged or make no sense are refused by name."""

import contextlib
import copy
import random
import warnings

import h5py
import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import FileFormatError, InputError, MissingToolError, QuantisationWarning
from neurocorex.importers.nir import child
from neurocorex.importers.nir.hdf5 import read_here
from support.nirgraphs import graph, networks


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
    "negative threshold": (changed("lif", "v_threshold", np.full(4, -1.0)), "'lif'.*must not be below v_reset .0."),
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


@pytest.mark.filterwarnings("ignore:the NIR graph:UserWarning")
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
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", QuantisationWarning)  # many of these networks are silent
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
        ({"producer": "brain"}, "producer must be one of 'nir', 'snntorch', 'norse'"),
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


@pytest.fixture
def here(monkeypatch):
    """Read in this process what would need hundreds of children."""
    monkeypatch.setattr(child, "read_tree", read_here)


@pytest.mark.usefixtures("here")
def test_truncated_file_is_refused_wherever_it_ends(file):
    data = file.read_bytes()
    for size in range(0, len(data), 977):
        file.write_bytes(data[:size])
        with pytest.raises(FileFormatError, match=r"graph.nir"):
            ncx.from_nir(file)


@pytest.mark.usefixtures("here")
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
