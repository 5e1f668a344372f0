"""What we write as NIR, others and we read back."""

import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import FileFormatError
from neurocorex.spec import Region
from support.nirgraphs import graph, networks
from support.warned import warned


@pytest.mark.parametrize("name", networks())
def test_export_read_back_gives_the_same_integers(name, tmp_path):
    net, path = networks()[name], tmp_path / "net.nir"
    ncx.to_nir(net, path)
    back = ncx.from_nir(path)
    assert back.image == ncx.quantise(net)[0]
    assert back.report.exact == (name == "whole"), "its numbers are floats, those of the chip are integers"


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
    image = ncx.quantise(networks()[name])[0]
    assert ncx.from_nir(ncx.to_nir(image)).image == image


def test_snapshot_keeps_its_state():
    with ncx.open("emulator") as device:
        device.load(networks()["rich"])
        warned(device.run, spikes=np.ones((20, 6), bool), match="traces .* were full")
        image = device.snapshot()
    assert image.is_snapshot
    assert ncx.from_nir(ncx.to_nir(image)).image == image


@pytest.mark.parametrize("name", networks())
def test_others_read_what_we_write_and_hand_it_on(name, tmp_path):
    path, net = tmp_path / "net.nir", networks()[name]
    ncx.to_nir(net, path)
    read = nir.read(path)
    assert {type(node).__name__ for node in read.nodes.values()} <= {
        "Input", "Output", "LIF", "IF", "CubaLIF", "Linear", "Affine", "Delay",
    }  # fmt: skip
    nir.write(path, read)
    assert ncx.from_nir(path).image == ncx.quantise(net)[0]


@pytest.mark.parametrize("name", ["plain", "whole"])
def test_graph_without_our_metadata_does_the_same(name):
    net = networks()[name]
    tree = ncx.to_nir(net)
    del tree["metadata"]
    spikes = np.random.default_rng(3).random((100, net.input_count)) < 0.3
    again = ncx.from_nir(tree, dt=1e-3, discretisation="euler", scaling="none", scale=ncx.quantise(net)[0].scale)
    found = []
    for image in (ncx.quantise(net)[0], again.image):
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


def test_metadata_without_a_region_give_its_default():
    tree = ncx.to_nir(networks()["plain"])
    before = ncx.from_nir(tree).image
    regions = dict(tree["metadata"]["neurocorex"]["regions"])
    del regions["in_use"]
    tree["metadata"]["neurocorex"]["regions"] = regions
    after = ncx.from_nir(tree).image
    assert not after.regions[Region.IN_USE].any()
    assert np.array_equal(after.weights, before.weights)


def test_metadata_with_a_region_of_a_later_version_are_refused_by_name():
    tree = ncx.to_nir(networks()["plain"])
    tree["metadata"]["neurocorex"]["regions"]["dendrite"] = np.zeros(3, np.int64)
    with pytest.raises(FileFormatError, match="holds DENDRITE, which this version does not know; update"):
        ncx.from_nir(tree)
