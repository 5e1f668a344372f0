"""Weights, membranes, thresholds and currents come and go in the units and the shape of the network."""

import re
import warnings

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.learning import stdp
from neurocorex.spec import Control, CoreConfig, Region
from support.paths import ROOT

#: What the quantiser says of these networks is of no matter here.
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

LARGE = CoreConfig(neurons=32, inputs=16, extra_axons=8, state_bits=24)


def network():
    """Weights of two kinds and three magnitudes, and an extra axon."""
    rng = np.random.default_rng(4)
    net = ncx.Network(inputs=5, neurons=6)
    net.connect(net.inputs, net.neurons, rng.uniform(0.1, 0.6, (5, 6)))
    net.connect(net.neurons[:3], net.neurons[3:], rng.uniform(-8, 8, (3, 3)))
    net.connect(net.neurons[0], net.neurons[5], 0.25, delay_ms=3.0)
    net.neurons.set(threshold=1.0, tau_ms=15.0)
    return net


def scaled_apart():
    """Return an image of neurons with two scales, and its network."""
    net = network()
    net.neurons[3:].set(threshold=400.0)
    return ncx.quantise(net, LARGE, populations=[net.neurons[:3], net.neurons[3:]])[0], net


def steps_of(image, net):
    """Size of a step of each weight, from the numbers of the image."""
    gains = image.regions[Region.CONTROL][[Control.GAIN_INPUT, Control.GAIN_RECURRENT]]
    rows = np.repeat(2.0**gains, [net.input_count, len(net.weights) - net.input_count])
    return rows[:, None] / ncx.scales_of(image)[: net.neuron_count]


def test_weights_are_those_that_were_given():
    net = ncx.Network(inputs=3, neurons=3)
    net.connect(net.inputs, net.neurons, 2.0 * np.eye(3))
    net.connect(net.neurons[0], net.neurons[1], -0.5)
    with ncx.open("emulator", config=LARGE) as device:
        device.load(net)
        weights = device.weights()
    assert weights.dtype == np.float64
    assert weights.tolist() == net.weights.tolist()


def test_each_neuron_has_its_scale_and_each_kind_of_axon_its_gain():
    image, net = scaled_apart()
    assert len(set(ncx.scales_of(image).tolist())) == 2
    with ncx.open("emulator") as device:
        device.load(image)
        assert np.abs(device.weights() - net.weights).max() > 0
        assert (np.abs(device.weights() - net.weights) <= steps_of(image, net) / 2).all()
        assert device.thresholds() == pytest.approx([1.0] * 3 + [400.0] * 3, rel=1e-3)


def test_units_survive_files_snapshots_and_larger_chips(tmp_path):
    image, net = scaled_apart()
    image.save(tmp_path / "image.npz")
    with ncx.open("emulator") as device:
        device.load(tmp_path / "image.npz")
        device.run(spikes=np.ones((7, 5), bool))
        weights, membranes = device.weights(), device.membranes()
        device.snapshot().save(tmp_path / "snapshot.npz")
    assert weights.shape == net.weights.shape
    assert membranes.any()
    with ncx.open("emulator", config=CoreConfig(neurons=64, inputs=40, extra_axons=9, state_bits=24)) as device:
        device.load(tmp_path / "snapshot.npz")
        assert (device.inputs, device.neurons) == (5, 6)
        assert device.weights().tolist() == weights.tolist()
        assert device.membranes().tolist() == membranes.tolist()
        second = device.snapshot()
        device.load(second)
        assert device.weights().tolist() == weights.tolist()


def test_integers_that_fit_are_the_same_numbers_in_both_units():
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, [[40, -7], [0, 127]])
    net.neurons.set(threshold=60)
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(spikes=np.eye(2, dtype=bool), inject=np.full((2, 2), 3), record=["v"])
        network, chip = device.weights(), device.weights(units="chip")
    assert (network.dtype, chip.dtype) == (np.float64, np.int32)
    assert network.tolist() == chip.tolist() == net.weights.tolist()
    assert result.v.dtype == np.float64
    assert result.v.tolist() == [[43, -4], [46, 0]]
    assert result.in_units("chip").v.dtype == np.int32


def test_membranes_are_those_of_a_simulation_in_floats():
    net = network()
    net.neurons.set(threshold=1e4)
    rng = np.random.default_rng(2)
    spikes, inject = rng.random((40, 5)) < 0.3, rng.normal(0, 3, (40, 6))
    floats = ncx.simulate_floats(net, spikes, inject)
    with ncx.open(
        "emulator", config=CoreConfig(neurons=8, inputs=8, extra_axons=1, weight_bits=16, state_bits=24)
    ) as d:
        d.load(net)
        result = d.run(spikes=spikes, inject=inject, record="v")
        assert d.membranes() == pytest.approx(result.v[-1])
    assert result.v == pytest.approx(floats.v[0], abs=0.01 * np.abs(floats.v).max())


def test_weights_over_time_have_the_gain_that_acted_then():
    net = network()
    with ncx.open("emulator") as device:
        device.load(net)
        before = device.weights()
        gain = int(device.read(Region.CONTROL)[Control.GAIN_INPUT])
        result = device.run(20, changes={10: {Control.GAIN_INPUT: gain + 1}}, snapshot_every=5)
    assert result.weight_steps.tolist() == [0, 5, 10, 15, 20]
    assert result.weights_over_time[:2].tolist() == [before.tolist()] * 2
    assert (result.weights_over_time[3, :5] == 2 * before[:5]).all()
    assert (result.weights_over_time[3, 5:] == before[5:]).all()


def test_learned_weights_end_at_their_bound():
    net = ncx.Network(inputs=8, neurons=4)
    net.connect(net.inputs, net.neurons, np.random.default_rng(1).uniform(0.1, 0.6, (8, 4)), plastic=True)
    net.neurons.set(threshold=1.0, tau_ms=20.0)
    net.learn(stdp(20.0, 20.0, 0.1, -0.001, bounds=(0.0, 0.6)))
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(spikes=np.ones((300, 8), bool), snapshot_every=100)
        assert result.weights_over_time.max() == pytest.approx(0.6, rel=0.01)
        assert device.weights().max() == result.weights_over_time[-1].max()


# Currents ----------------------------------------------------------------------------------------


@pytest.fixture
def loaded():
    """Two neurons without a leak, scale 400, that do not fire."""
    net = ncx.Network(inputs=1, neurons=2)
    net.neurons.set(threshold=100.0)
    image, _ = ncx.quantise(net, scale=400.0)
    with ncx.open("emulator") as device:
        device.load(image)
        yield device, net


def injected(device, inject, **options):
    return device.run(inject=inject, record="v", clear=True, **options).in_units("chip").v.tolist()


def test_floats_are_in_units_of_the_network(loaded):
    device, _ = loaded
    assert injected(device, [[0.5, -0.25], [0.0, 0.25]]) == [[200, -100], [200, 0]]
    assert injected(device, np.float32([[1.0, 0.0]])) == [[400, 0]]
    assert device.run(inject=[[0.5, 0.0]], record="v", clear=True).v.tolist() == [[0.5, 0.0]]


def test_integers_of_earlier_versions_keep_their_meaning_and_say_so(loaded):
    device, _ = loaded
    with pytest.warns(
        FutureWarning, match=r"units of the chip, as in earlier.*units='chip'.*inject.astype\(float\)"
    ) as told:
        assert injected(device, [[200, -100]]) == [[200, -100]]
    assert told[0].filename == __file__
    assert injected(device, [[200, -100]], units="chip") == [[200, -100]]
    assert injected(device, [[2, -1]], units="network") == [[800, -400]]
    assert injected(device, np.zeros((1, 2), int)) == [[0, 0]]


def test_currents_are_rounded_to_the_nearest_and_half_to_even(loaded):
    device, _ = loaded
    with pytest.warns(UserWarning, match="inject is rounded"):
        assert injected(device, np.array([[0.6, 0.5], [1.5, -2.5]]) / 400) == [[1, 0], [3, -2]]


def test_coarse_currents_are_told_and_noise_is_not(loaded):
    device, _ = loaded
    with pytest.warns(UserWarning, match=r"what neuron 1 gets by 3\.8%; take a larger scale") as told:
        injected(device, np.tile([[0.2, 10.4 / 400]], (50, 1)))
    assert told[0].filename == __file__
    faint = np.tile([[1.0, 0.4 / 400]], (50, 1))
    noise = np.random.default_rng(3).normal(0, 30 / 400, (2000, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        injected(device, noise)
        injected(device, faint)


def test_currents_by_population(loaded):
    device, net = loaded
    assert injected(device, {net.neurons[1]: [0.5, 0.0, 0.25]}) == [[0, 200], [0, 200], [0, 300]]
    assert injected(device, {net.neurons: [[0.5, 1.0]]}) == [[200, 400]]
    assert injected(device, {0: 0.25, net.neurons[1]: 0.5}, steps=2) == [[100, 200], [200, 400]]
    assert injected(device, {(0, 1): np.full((2, 1, 2), 0.5)}) == [[[200, 200]]] * 2


@pytest.mark.parametrize(
    ("inject", "message"),
    [
        (
            [[0.0, 4000.0]],
            r"injected currents are -1310.72 to 1310.72 on this chip \(-524288 to 524287 units.*got 4000.0 at",
        ),
        ([[0.0, np.inf]], r"inject must be finite, got inf at \[0, 1\]"),
        ([[0.0, 0.0, 0.0]], r"inject must have shape \[steps, 2\]"),
        ({5: [0.5]}, r"inject names neuron 5, there are 2"),
        ({0: [0.5], (0, 1): [[0.5, 0.5]]}, r"inject names neuron 0 twice"),
        ({0: [0.5], 1: [0.5, 0.5]}, r"the same steps .*\(1,\), \(2,\)"),
        ({0: 0.5}, r"\[steps, 1\] or \[steps\] of numbers, or a number with steps="),
        ({0: np.zeros((3, 2))}, r"must have shape \[steps, 1\] or \[steps\], got \(3, 2\)"),
        ({}, r"inject names no neurons"),
    ],
)
def test_currents_that_cannot_be_are_explained(loaded, inject, message):
    device, _ = loaded
    with pytest.raises(InputError, match=message):
        device.run(inject=inject)
    assert device.counters()["steps"] == 0


def test_units_of_a_chip_that_was_written_region_by_region_are_its_own():
    net = network()
    image, _ = ncx.quantise(net)
    with ncx.open("emulator", config=image.config) as device:
        with pytest.raises(InputError, match="no network was loaded"):
            device.weights()
        for region, values in image.regions.items():
            device.write(region, values)
        with pytest.raises(InputError, match=r"scale of this network is not known.*units='chip'"):
            device.weights()
        with pytest.raises(InputError, match="scale of this network is not known"):
            device.run(3, units="network")
        assert device.weights(units="chip").tolist() == image.weights.tolist()
        assert device.run(3, record="v").v.dtype == np.int32
        assert device.run(inject=np.full((2, 6), 5)).units == "chip"


# Populations and NumPy integers --------------------------------------------------------------------


def test_populations_say_what_is_recorded():
    net = network()
    with ncx.open("emulator") as device:
        device.load(net)
        spikes = np.ones((9, 5), bool)
        result = device.run(spikes=spikes, record={"spikes": net.neurons[2:4], "v": net.neurons[[4, 1]]})
        assert (result.spikes_of.tolist(), result.v_neurons.tolist()) == ([2, 3], [1, 4])
        mixed = device.run(3, record={"spikes": [net.neurons[0], net.neurons[5]], "v": np.int8(3)})
        assert (mixed.spikes_of.tolist(), mixed.v_neurons.tolist()) == ([0, 5], [3])
        with pytest.raises(InputError, match=r"record of 'v' takes neurons, got <5 inputs"):
            device.run(3, record={"v": net.inputs})


def test_integers_may_be_of_numpy():
    with ncx.open("emulator") as device:
        device.load(network())
        result = device.run(np.int64(20), snapshot_every=np.int16(10), record={"v": np.uint8([1, 2])})
    assert result.weight_steps.tolist() == [0, 10, 20]


# The page ----------------------------------------------------------------------------------------


def test_example_of_the_page_runs_as_it_says(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/units.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(code, "units.md", "exec"), names)  # noqa: S102
    assert names["weights"].tolist() == names["net"].weights.tolist()
    assert names["result"].spikes.any()
    assert names["result"].v.shape == (50, 2)
