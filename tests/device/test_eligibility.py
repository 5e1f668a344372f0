"""Changes that wait for a reward, as a user asks for them: against NumPy in floats, and what is refused."""

import itertools
import math
from dataclasses import replace

import neurocorex
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.learning import rectangular_stdp, stdp, symmetric_stdp
from neurocorex.network.network import Network
from neurocorex.quantiser.quantise import quantised
from neurocorex.spec import Control, CoreConfig, Learning, Region

TAU_MS, FORGETS_MS = 20.0, 400.0
RATES = (0.02, -0.024)


def network(inputs=3, dt_ms=1.0, **options):
    """Neurons that fire when they are forced to; all synapses learn."""
    net = Network(inputs=inputs, neurons=2, dt_ms=dt_ms)
    net.neurons.set(threshold=1000.0)
    net.connect(net.inputs, net.neurons, np.linspace(-0.2, 0.2, inputs * 2).reshape(inputs, 2), plastic=True)
    options = {"bounds": (-1.0, 1.0), "eligibility_tau_ms": FORGETS_MS, "seed": 3} | options
    net.learn(stdp(TAU_MS, TAU_MS, *RATES, **options))
    return net


def learned(weights, spikes, forced, rewards, *, part, every):
    """The law in floats: pairs are gathered, rewards add them, and every so many steps a part of them is lost."""
    weights, gathered = weights.copy(), np.zeros_like(weights)
    pre, post = np.zeros(len(weights)), np.zeros(weights.shape[1])
    left = math.exp(-1 / TAU_MS)
    for step, (arrives, fires) in enumerate(zip(spikes, forced, strict=True)):
        gathered += RATES[1] * arrives[:, None] * post[None, :]
        # A pair in one step has a lag of 0: the trace has not faded yet.
        pre = pre * left + arrives
        post = post * left
        gathered += RATES[0] / left * pre[:, None] * fires[None, :]
        post += fires
        if step in rewards:
            weights = np.clip(weights + rewards[step] * gathered, -1, 1)
        if step % every == every - 1:
            gathered *= 1 - part
    return weights


def drive(seed, steps, inputs=3):
    rng = np.random.default_rng(seed)
    return rng.random((steps, inputs)) < 0.04, rng.random((steps, 2)) < 0.04


def fades(device):
    """Part and period as the report says them."""
    image = device.snapshot()
    k, every, _ = image.meta["fades"]
    return {"part": 2.0**-k, "every": every}


@pytest.mark.parametrize("tau_ms", [150.0, FORGETS_MS, 2000.0])
def test_rewards_bring_what_numpy_gathers(tau_ms):
    net, (spikes, forced) = network(eligibility_tau_ms=tau_ms), drive(1, 900)
    rewards = {200: 0.5, 430: -0.25, 431: 0.25, 899: 1.0}
    chip = CoreConfig(
        inputs=3, neurons=2, weight_bits=16, state_bits=24, learning=Learning.EXPONENTIAL, trace_bits=16,
        eligibility=True,
    )  # fmt: skip
    with neurocorex.open("emulator", config=chip) as device:
        report = device.load(net)
        before = device.weights()
        device.run(spikes=spikes, teacher=forced, reward=rewards)
        expected = learned(before[:3], spikes, forced, rewards, **fades(device))
        assert np.abs(expected - before[:3]).max() > 0.05
        assert device.weights()[:3] == pytest.approx(expected, abs=4e-3)
        (tau,) = (each for each in report.learning if each.name == "eligibility_tau_ms")
        assert tau.wanted == tau_ms
        assert abs(tau.error) < 0.01
        law = fades(device)
        assert tau.got == pytest.approx(-law["every"] / math.log1p(-law["part"]))


def test_runs_of_any_length_fade_alike():
    """Fades count from the load on, also behind a snapshot."""
    net, (spikes, forced) = network(), drive(2, 600)
    ends = []
    for cuts in ((0, 600), (0, 1, 114, 115, 116, 377, 600)):
        with neurocorex.open("emulator") as device:
            device.load(net)
            for start, stop in itertools.pairwise(cuts):
                device.run(spikes=spikes[start:stop], teacher=forced[start:stop], counters=False)
                if start:
                    device.restore(device.snapshot())
            ends.append(device.read(Region.ELIGIBILITY))
    assert ends[0].any()
    assert np.array_equal(*ends)


@pytest.mark.parametrize("dt_ms", [1.0, 0.5])
@pytest.mark.parametrize("tau_ms", [3.0, 20.0, 77.0, 1000.0, 30000.0])
@pytest.mark.parametrize("bits", [4, 8])
def test_time_constant_is_that_of_the_law_of_fades(dt_ms, tau_ms, bits):
    net = network(eligibility_tau_ms=tau_ms, dt_ms=dt_ms)
    chip = CoreConfig(inputs=3, neurons=2, weight_bits=bits, learning=Learning.EXPONENTIAL, eligibility=True)
    image, report = quantised(net, chip)
    k, every, _ = image.meta["fades"]
    (got,) = (each for each in report.learning if each.name == "eligibility_tau_ms")
    assert got.got == pytest.approx(-every * dt_ms / math.log1p(-(2.0**-k)))
    if tau_ms / dt_ms >= 20:
        assert abs(got.error) <= 0.03
    told = any("eligibility_tau_ms became" in line for line in report.warnings)
    assert told == (abs(got.error) > 0.01)
    (line,) = (line for line in report.remarks if line.startswith("eligibility"))
    assert f"loses 1/{1 << k}, rounded up, every {every} step" in line


def test_eligibility_that_waits_for_ever_does_not_fade():
    net, (spikes, forced) = network(eligibility_tau_ms=math.inf), drive(3, 200)
    with neurocorex.open("emulator") as device:
        report = device.load(net)
        assert not [line for line in report.remarks if line.startswith("eligibility")]
        device.run(spikes=spikes, teacher=forced)
        held, before = device.read(Region.ELIGIBILITY), device.weights()
        device.run(1000)
        assert held.any()
        assert np.array_equal(device.read(Region.ELIGIBILITY), held)
        assert np.array_equal(device.weights(), before)


def test_time_constant_beyond_all_runs_is_told():
    image, report = quantised(network(eligibility_tau_ms=1e300))
    assert "fades" not in image.meta
    assert any("eligibility_tau_ms became inf instead of 1e+300" in line for line in report.warnings)


def test_fades_that_make_no_sense_are_left_out():
    image, _ = quantised(network())
    for fades in ([0, 5, 5], [15, 5, 5], [2, 0, 0], [2, 5, -1], [2, 5], "2", [2, 1 << 60, 5]):
        with neurocorex.open("emulator") as device:
            device.load(replace(image, meta=image.meta | {"fades": fades}))
            device.run(20)


def test_reward_by_step_as_an_array_and_in_a_stream_are_one():
    net, (spikes, forced) = network(), drive(4, 120)
    by_step = np.zeros(120)
    by_step[[50, 119]] = 1.0, -0.5
    stream = EventStream.from_dense(spikes)
    forced_at = np.argwhere(forced)
    stream = EventStream(
        stream.steps, stream.event_step, stream.event_index, *forced_at.T, np.zeros(len(forced_at), int),
        np.ones(len(forced_at), int),
    )  # fmt: skip
    runs = (
        {"spikes": spikes, "teacher": forced, "reward": {50: 1.0, 119: -0.5}},
        {"spikes": spikes, "teacher": forced, "reward": by_step},
        {"spikes": stream.rewarding([50, 119], [1.0, -0.5])},
    )
    ends = []
    for arguments in runs:
        with neurocorex.open("emulator") as device:
            device.load(net)
            device.run(**arguments)
            assert not device.read(Region.CONTROL)[[Control.REWARD, Control.FADE]].any()
            ends.append(device.weights())
    assert np.array_equal(ends[0], ends[1])
    assert np.array_equal(ends[0], ends[2])


def test_stream_forgets_all_or_a_part():
    net, (spikes, forced) = network(eligibility_tau_ms=math.inf), drive(5, 100)
    with neurocorex.open("emulator") as device:
        device.load(net)
        device.run(spikes=spikes, teacher=forced)
        held = device.read(Region.ELIGIBILITY)
        device.run(spikes=EventStream(1).fading(0, 1))
        assert np.array_equal(device.read(Region.ELIGIBILITY), np.sign(held) * (np.abs(held) // 2))
        device.run(spikes=EventStream(1).fading(0))
        assert not device.read(Region.ELIGIBILITY).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reward": {3: 128.0}}, "a reward must be -127 to 127, got 128.0"),
        ({"reward": {3: "1"}}, "a reward must be"),
        ({"reward": {30: 1.0}}, "reward names step 30"),
        ({"reward": 1.0}, "reward needs a number for each of 10 steps"),
    ],
    ids=str,
)
def test_rewards_that_cannot_be_are_refused(options, said):
    with neurocorex.open("emulator") as device:
        device.load(network())
        with pytest.raises(InputError, match=said):
            device.run(10, **options)


def test_streams_refuse_rewards_and_fades_that_cannot_be():
    stream = EventStream(10)
    for make, said in (
        (lambda: stream.rewarding([2, 2]), "hold one twice"),
        (lambda: stream.rewarding(10), "a reward names step 10"),
        (lambda: stream.rewarding(1, 200.0), "a reward must be"),
        (lambda: stream.fading(1, 0), "part of a fade must be 1 to 14"),
        (lambda: stream.fading(1, 16), "part of a fade must be 1 to 14"),
        (lambda: stream.fading(-1), "a fade names step -1"),
    ):
        with pytest.raises(InputError, match=said):
            make()


def test_chip_without_eligibility_is_refused():
    plain = CoreConfig(inputs=3, neurons=2, learning=Learning.EXPONENTIAL)
    built = r"CoreConfig\(eligibility=True, learning=1\)"
    with pytest.raises(FitError, match=f"eligibility for eligibility_tau_ms .*{built}"):
        neurocorex.quantise(network(), plain)
    with neurocorex.open("emulator", config=plain) as device:
        device.load(network(eligibility_tau_ms=None))
        for arguments in ({"steps": 5, "reward": {1: 1.0}}, {"spikes": EventStream(5).fading(2)}):
            with pytest.raises(InputError, match=f"needs a chip with eligibility.*{built}"):
                device.run(**arguments)


@pytest.mark.parametrize("tau_ms", [0, -1.0, math.nan, "10", True])
def test_time_constants_that_cannot_be_are_refused(tau_ms):
    with pytest.raises(InputError, match="eligibility_tau_ms must be above 0 ms"):
        stdp(20.0, 20.0, 0.1, -0.1, eligibility_tau_ms=tau_ms)
    assert symmetric_stdp(20.0, 0.1, eligibility_tau_ms=500.0).eligibility_tau_ms == 500.0


def test_windows_have_no_eligibility():
    with pytest.raises(InputError, match="eligibility_tau_ms belongs to rules of exponential traces"):
        rectangular_stdp(5.0, 0.1, -0.1, eligibility_tau_ms=100.0)


def test_rules_of_a_network_share_the_time_constant():
    net = Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 0.1, plastic=True)
    for neuron, tau_ms in ((0, 100.0), (1, None)):
        rule = stdp(20.0, 20.0, 0.1 + neuron, -0.1, bounds=(-1.0, 1.0), eligibility_tau_ms=tau_ms)
        net.learn(rule, between=(net.inputs, net.neurons[neuron : neuron + 1]))
    with pytest.raises(FitError, match="share eligibility_tau_ms"):
        neurocorex.quantise(net)
