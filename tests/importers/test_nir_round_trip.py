"""A graph that goes out by `to_nir`, through the nir package and in again is the same, in integers or in spikes."""

import neurocorex as ncx
import nir
import numpy as np
import pytest
from support.nirrandom import DT, drawn

#: Some random graphs lose rates at 8 bits. That is told, and does not matter to a round trip.
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

SEEDS = range(16)
STEPS = 100


def options(seed):
    """Options of the import: both widths of weights, and resets that need neurons or weights of the importer."""
    reset = ("value", "subtract-late", "zero-late")[seed % 3]
    return {"dt": DT, "discretisation": "euler", "weight_bits": (8, 16)[seed % 2], "reset": reset}


def graph(seed):
    return drawn(seed, rests=(0.0,) if seed % 3 == 2 else (0.0, -3.0))


def outputs(model, spikes):
    with ncx.open("emulator") as device:
        device.load(model.image)
        result = device.run(steps=STEPS + model.latency, spikes=spikes, record=["spikes", "v"])
    return model.spikes(result)[:STEPS], model.membranes(result)[:STEPS]


def through_the_package(path, *, metadata=True):
    read = nir.read(path)
    if not metadata:
        read.metadata = {}
    nir.write(path, read)


@pytest.mark.parametrize("seed", SEEDS)
def test_round_trip_of_a_random_graph_gives_the_same_integers_names_and_units(seed, tmp_path):
    path = tmp_path / "out.nir"
    model = ncx.from_nir(graph(seed), **options(seed))
    ncx.to_nir(model, path)
    through_the_package(path)
    again = ncx.from_nir(path)
    assert again.image == model.image
    assert (again.inputs, again.outputs, again.dt, again.latency) == (
        model.inputs, model.outputs, pytest.approx(model.dt), model.latency,
    )  # fmt: skip
    for name, place in model.layers.items():
        np.testing.assert_array_equal(again.part(name).neurons, place.neurons)
        np.testing.assert_array_equal(again.part(name).unit, place.unit)
        assert (again.part(name).silent, again.part(name).late) == (place.silent, place.late)


@pytest.mark.parametrize("seed", SEEDS)
def test_round_trip_without_metadata_gives_the_same_spikes(seed, tmp_path):
    path = tmp_path / "out.nir"
    model = ncx.from_nir(graph(seed), **options(seed))
    ncx.to_nir(model, path)
    through_the_package(path, metadata=False)
    again = ncx.from_nir(path, **options(seed))
    assert again.network is not None
    assert again.latency == model.latency
    inputs = max(axons.stop for axons in model.inputs.values())
    spikes = np.random.default_rng(seed).random((STEPS, inputs)) < 0.3
    (fired, membranes), (fired_again, membranes_again) = outputs(model, spikes), outputs(again, spikes)
    np.testing.assert_array_equal(fired_again, fired)
    np.testing.assert_allclose(membranes_again, membranes, atol=0.01 * max(np.ptp(membranes), 1e-9))


@pytest.mark.parametrize("seed", SEEDS)
def test_round_trip_twice_writes_the_same_graph(seed, tmp_path):
    first, second = tmp_path / "first.nir", tmp_path / "second.nir"
    model = ncx.from_nir(graph(seed), **options(seed))
    ncx.to_nir(model, first)
    ncx.to_nir(ncx.from_nir(first), second)
    assert first.read_bytes() == second.read_bytes()


def alone():
    """A network that no input leads to: one neuron wakes the other."""
    net = ncx.Network(inputs=1, neurons=2)
    net.neurons.set(threshold=5, bias=[1, 0])
    net.connect(net.neurons[:1], net.neurons[1:], 6)
    return net


def circle():
    """A network of two kinds that only excite each other."""
    net = ncx.Network(inputs=3, neurons=4)
    net.neurons.set(threshold=2.0, tau_ms=10.0, bias=0.3)
    net.neurons[2:].set(tau_syn_ms=4.0)
    net.connect(net.neurons, net.neurons, np.full((4, 4), 0.25), delay_ms=3.0)
    return net


def idle():
    """A network without a single weight."""
    net = ncx.Network(inputs=2, neurons=3)
    net.neurons.set(threshold=2.0)
    return net


@pytest.mark.parametrize("make", [alone, circle, idle])
@pytest.mark.parametrize("metadata", [True, False])
def test_round_trip_of_a_network_without_inputs(make, metadata, tmp_path):
    path, net = tmp_path / "out.nir", make()
    image = ncx.quantise(net)[0]
    ncx.to_nir(net, path)
    through_the_package(path, metadata=metadata)
    again = ncx.from_nir(path, dt=1e-3, discretisation="euler", weight_bits=16)
    if metadata:
        assert again.image == image
    assert (again.network is None) is metadata
    if not metadata and make is not circle:  # a current that fades in does not know when a bias begins
        found = []
        for each in (image, again.image):
            with ncx.open("emulator") as device:
                device.load(each)
                found.append(device.run(steps=50).spikes[:, : net.neuron_count])
        np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("metadata", [True, False])
def test_round_trip_of_inputs_with_delays(metadata, tmp_path):
    rng, path = np.random.default_rng(6), tmp_path / "late.nir"
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, rng.integers(1, 9, (3, 4)) / 8, delay_ms=rng.integers(0, 50, (3, 4)))
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    image = ncx.quantise(net, ncx.CoreConfig(inputs=12, neurons=4, weight_bits=16))[0]
    tree = ncx.to_nir(net, path, config=image.config)
    assert "Delay" in {node["type"] for node in tree["nodes"].values()}
    assert tree["nodes"]["input"]["shape"].tolist() == [3]
    through_the_package(path, metadata=metadata)
    again = ncx.from_nir(path, dt=1e-3, discretisation="euler", weight_bits=16)
    if metadata:
        assert again.image == image
    spikes, found = rng.random((120, 3)) < 0.3, []
    for each in (image, again.image):
        with ncx.open("emulator") as device:
            device.load(each)
            assert device.inputs == 3
            found.append(device.run(spikes=spikes).spikes)
    np.testing.assert_array_equal(*found)
    assert found[0].any()


def test_round_trip_keeps_clock_and_late_weights_out_of_the_file():
    tree = ncx.to_nir(ncx.from_nir(graph(4), **options(4)))
    assert not [name for name in tree["nodes"] if "clock" in name]
    kinds = {node["type"] for node in tree["nodes"].values()}
    assert "Affine" in kinds
    assert not [
        name for name, node in tree["nodes"].items()
        if node["type"] in ("LIF", "CubaLIF") and (np.asarray(node["v_threshold"]) < node["v_leak"]).any()
    ]  # fmt: skip


def test_round_trip_of_populations_with_scales_of_their_own(tmp_path):
    rng = np.random.default_rng(3)
    net = ncx.Network(inputs=4, neurons=6)
    net.neurons[:3].set(threshold=1.0, tau_ms=10.0)
    net.neurons[3:].set(threshold=100.0, tau_ms=10.0)
    net.connect(net.inputs, net.neurons[:3], rng.random((4, 3)))
    net.connect(net.neurons[:3], net.neurons[3:], 80 * rng.random((3, 3)))
    image = ncx.quantise(net, populations=[net.neurons[:3], net.neurons[3:]])[0]
    tree = ncx.to_nir(image)
    np.testing.assert_allclose(tree["nodes"]["neurons"]["v_threshold"], net.parameters["threshold"], rtol=0.02)
    again = ncx.from_nir(tree)
    assert again.image == image
    np.testing.assert_allclose(again.part().unit, ncx.quantiser.populations.scales_of(image))
