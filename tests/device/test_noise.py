"""Noise of neurons on devices, against its laws: mean, variance, independence, rates; and what chips without it say."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.floating import simulate_floats
from neurocorex.errors import FitError, InputError
from neurocorex.events import generator
from neurocorex.spec import Control, CoreConfig, Region
from neurocorex.spec.fixed import RANDOM_START, noise, noise_draw

NEURONS, STEPS = 32, 20_000
CHIP = CoreConfig(neurons=NEURONS, inputs=1, state_bits=24, noise=True)


def noisy(noise: float = 2.0, **parameters: float) -> ncx.Network:
    net = ncx.Network(inputs=1, neurons=NEURONS)
    net.neurons.set(noise=noise, **{"threshold": np.inf, **parameters})
    return net


def membranes(net: ncx.Network, steps: int = STEPS, seed: int = RANDOM_START) -> np.ndarray:
    """Membranes of a run without stimulus, [steps, NEURONS]."""
    with ncx.open("emulator", config=CHIP) as device:
        device.load(ncx.quantise(net, CHIP, scale=1 << 14)[0])
        result = device.run(steps=steps, record=["v"], changes={0: {Control.NOISE_STATE: seed}})
    return np.asarray(result.v, np.float64).reshape(steps, NEURONS)


@pytest.fixture(scope="module")
def white() -> np.ndarray:
    """Membranes that forget at once: the noise itself."""
    return membranes(noisy(decay=1.0))


def test_noise_is_even_about_zero(white):
    """Mean, variance and fourth moment of an even distribution with a standard deviation of 2."""
    n = white.size
    assert abs(white.mean()) < 4 * 2 / n**0.5
    assert white.var() == pytest.approx(4, rel=4 * (0.8 / n) ** 0.5)
    assert (white**4).mean() == pytest.approx(9 / 5 * 16, rel=0.01)
    assert np.abs(white).max() <= 2 * 3**0.5 + 1e-3
    assert np.abs(white).max() > 2 * 3**0.5 - 1e-3


def test_neurons_and_steps_are_independent(white):
    """Correlations of all pairs, and of each neuron with itself and its neighbour some steps later."""
    x = (white - white.mean(axis=0)) / white.std(axis=0)
    pairs = (x.T @ x / STEPS)[np.triu_indices(NEURONS, 1)]
    assert np.abs(pairs).max() < 4.5 / STEPS**0.5  # the largest of 496 is 3.1 on average
    assert pairs.std() == pytest.approx(STEPS**-0.5, rel=0.15)
    for lag in (*range(1, 20), 100, 1000):
        for shift in (0, 1):
            product = x[:-lag] * np.roll(x, shift, axis=1)[lag:]
            assert abs(product.mean()) < 4.5 / product.size**0.5, (lag, shift)


def test_noise_differs_from_input_spikes_of_the_same_seed(white):
    """A neuron and the input axon of its number, or any other, have nothing in common."""
    states, _ = generator.states(RANDOM_START, STEPS)
    axons = generator.draws(states, np.arange(NEURONS)).astype(np.float64)
    a, x = ((each - each.mean(axis=0)) / each.std(axis=0) for each in (axons, white))
    assert np.abs(a.T @ x / STEPS).max() < 5 / STEPS**0.5


def test_membrane_follows_the_law_of_a_leaky_integrator():
    """v(t + 1) = a v(t) + x(t), so the variance is that of x over 1 - a^2, and the correlation over k steps a^k."""
    decay = 0.05
    v = membranes(noisy(decay=decay))[500:]
    a, independent = 1 - decay, v.size * decay
    assert abs(v.mean()) < 5 * v.std() / (independent / 2) ** 0.5
    assert v.var() == pytest.approx(4 / (1 - a * a), rel=0.05)
    for k in (1, 10, 40):
        assert (v[:-k] * v[k:]).mean() / v.var() == pytest.approx(a**k, abs=0.03)


def test_synaptic_current_filters_noise():
    """With a current that decays, the current is the leaky integrator, and the membrane here shows it."""
    v = membranes(noisy(decay=1.0, decay_syn=0.2))[200:]
    assert v.var() == pytest.approx(4 / (1 - 0.8**2), rel=0.04)


def test_firing_rate_is_that_of_a_simulation_by_other_draws():
    """A leaky neuron with a bias below its threshold fires by noise alone: against NumPy's normal generator."""
    with ncx.open("emulator", config=CHIP) as device:
        device.load(noisy(2.0, threshold=10.0, decay=0.1, bias=0.7, refractory_ms=2.0))
        rate = device.run(steps=STEPS).counts.sum() / (STEPS * NEURONS)
    rng = np.random.default_rng(5)
    v, left, fired = np.zeros(1000), np.zeros(1000, int), 0
    for _ in range(2000):
        v = 0.9 * v + rng.uniform(-(12**0.5), 12**0.5, 1000) + 0.7
        fires = (left == 0) & (v > 10)
        left = np.where(fires, 2, np.maximum(left - 1, 0))
        v = np.where(fires, 0, v)
        fired += fires.sum()
    assert rate == pytest.approx(fired / 2_000_000, rel=0.03)
    assert rate > 0.005


def test_smallest_sizes_are_rounded_without_a_drift():
    """By the law of docs/model.md, over all draws that there are."""
    for size in (1, 2, 3, 1000, 8_388_607):
        values = [noise(n, size) for n in range(-65535, 65536, 2)]
        assert sum(values) == 0
        assert max(values) == -min(values) == (size * 65535 + 32768) // 65536
        variance = sum(value * value for value in values) / 65536
        assert variance == pytest.approx(size * size / 3 + 1 / 12, rel=0.21 if size == 1 else 0.08)


def test_noise_goes_on_from_run_to_run_and_begins_anew_by_its_seed():
    net = noisy(decay=1.0)
    with ncx.open("emulator", config=CHIP) as device:
        device.load(net)
        first, second = (device.run(steps=50, record=["v"]).v for _ in range(2))
        device.load(net)
        whole = device.run(steps=100, record=["v"]).v
        device.clear()
        seeded = [
            device.run(steps=50, record=["v"], changes={0: {Control.NOISE_STATE: RANDOM_START}}).v for _ in range(2)
        ]
    assert np.array_equal(np.concatenate([first, second]), whole)
    assert np.array_equal(seeded[0], first)
    assert np.array_equal(seeded[1], first)
    assert not np.array_equal(first, second)


def test_long_silence_is_not_skipped():
    """A single neuron with noise among silent ones, for which nothing is drawn."""
    net = ncx.Network(inputs=1, neurons=3)
    net.neurons.set(threshold=np.inf, decay=0.5)
    net.neurons[1].set(noise=100)
    with ncx.open("emulator", config=CoreConfig(neurons=3, inputs=1, noise=True)) as device:
        device.load(net)
        size = int(device.read(Region.NOISE)[1])
        v = device.run(steps=3000, record=["v"], units="chip").v
    assert size > 100
    state, membrane, expected = RANDOM_START, 0, []
    for _ in range(3000):
        left = abs(membrane) // 2  # half is lost, rounded up
        membrane = (left if membrane >= 0 else -left) + noise(noise_draw(state, 1), size)
        expected.append(membrane)
        state = int(generator.states(state, 1)[1])
    assert v[:, 1].tolist() == expected
    assert not v[:, [0, 2]].any()


def test_chip_without_noise_refuses():
    with pytest.raises(FitError, match=r"noise 1 \(the chip has 0\)"):
        ncx.quantise(noisy(), CoreConfig(neurons=NEURONS, inputs=1))
    with pytest.raises(InputError, match="noise must be 0 or more, got -1"):
        noisy(-1.0)


def test_smallest_chip_has_noise_only_if_it_is_wanted():
    assert ncx.smallest_config(noisy()).noise
    assert not ncx.smallest_config(noisy(0.0)).noise


def test_report_tells_how_noise_is_rounded():
    """At a scale of 1 a standard deviation of 2 is a largest size of 3.46, for which the chip has 3, that is 1.73."""
    image, report = ncx.quantise(noisy(2.0), CoreConfig(neurons=NEURONS, inputs=1, noise=True), scale=1)
    assert image.regions[Region.NOISE].tolist() == [3] * NEURONS
    assert not report.exact
    told = report.comparison.kinds["noise"]
    assert told.absolute == pytest.approx(2 - 3**0.5)


def test_floats_have_the_same_noise():
    net = noisy(2.0, threshold=10.0, decay=0.1)
    spikes = np.zeros((300, 1), bool)
    with ncx.open("emulator", config=CHIP) as device:
        device.load(net)
        result = device.run(spikes=spikes, record=["spikes", "v"])
    floats = simulate_floats(net, spikes)
    assert np.array_equal(result.spikes, floats.spikes[0])
    assert np.abs(result.v - floats.v[0]).max() < 0.01
