"""Room of traces: by rates, by a stimulus, or assumed; and what the report says of it."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.events.stream import EventStream
from neurocorex.learning import stdp
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.spec import Control, Region

BOUNDS = (0.0, 1.0)


def network(inputs=3, refractory_ms=0.0, recurrent=False, **options):
    net = ncx.Network(inputs=inputs, neurons=2)
    net.connect(net.inputs, net.neurons, 0.5, plastic=True)
    if recurrent:
        net.connect(net.neurons, net.neurons, 0.5, plastic=True)
    net.neurons.set(threshold=9.0, tau_ms=10.0, refractory_ms=refractory_ms)
    net.learn(stdp(20.0, 40.0, 0.01, -0.005, bounds=BOUNDS, **options))
    return net


def rooms(net, **options):
    """Rooms of both sides by the registers, and why."""
    image, report = quantise(net, **options)
    control = image.regions[Region.CONTROL].astype(float)
    held = (
        control[Control.PRE_CAP] / control[Control.PRE_INCREMENT],
        control[Control.POST_CAP] / control[Control.POST_INCREMENT],
    )
    return held, (report.window.potentiation.why, report.window.depression.why)


def test_room_is_assumed_and_said():
    held, why = rooms(network())
    assert held == pytest.approx((4, 4), rel=0.1)
    assert why == ("assumed", "assumed")


def test_room_is_as_stated():
    held, why = rooms(network(accumulate=(2.0, 35.0)))
    assert held == pytest.approx((2, 35), rel=0.1)
    assert why == ("stated", "stated")
    assert rooms(network(accumulate=7))[0] == pytest.approx((7, 7), rel=0.1)


def filled(rate_hz, tau_ms, rng, steps=200_000):
    """Values of a trace in floats before each spike, for spikes at random."""
    trace, found = 0.0, []
    for spike in rng.random(steps) < rate_hz / 1000:
        trace *= np.exp(-1 / tau_ms)
        if spike:
            trace += 1
            found.append(trace)
    return np.array(found)


@pytest.mark.parametrize("rate_hz", [5.0, 50.0, 200.0])
def test_room_by_rate_is_seldom_too_small(rate_hz):
    held, why = rooms(network(pre_rate_hz=rate_hz, post_rate_hz=rate_hz))
    for room, tau_ms in zip(held, (20.0, 40.0), strict=True):
        assert np.mean(filled(rate_hz, tau_ms, np.random.default_rng(1)) > room) < 0.005
        assert room < 1.3 * (1 + rate_hz * tau_ms / 1000 + 4 * np.sqrt(rate_hz * tau_ms / 2000))
    assert "by rate" in why


def test_room_by_stimulus_is_what_fills_the_traces_of_inputs():
    rng = np.random.default_rng(2)
    spikes = rng.random((500, 3)) < 0.3
    trace, most = np.zeros(3), 0.0
    for step in spikes:
        trace = trace * np.exp(-1 / 20) + step
        most = max(most, trace.max())
    for stimulus in (spikes, EventStream.from_dense(spikes), np.stack([spikes, np.zeros_like(spikes)])):
        held, why = rooms(network(), stimulus=stimulus)
        assert held[0] == pytest.approx(most, rel=0.1)
        assert why == ("by stimulus", "assumed")


def test_stimulus_says_nothing_of_neurons_that_learn_from_neurons():
    quiet = np.zeros((50, 3), bool)
    assert rooms(network(recurrent=True), stimulus=quiet)[1] == ("assumed", "assumed")
    assert rooms(network(), stimulus=quiet)[1] == ("by stimulus", "assumed")


def test_no_more_room_than_refractory_neurons_can_fill():
    held, why = rooms(network(refractory_ms=19.0, post_rate_hz=1000.0))
    assert held[1] == pytest.approx(1 / (1 - np.exp(-20 / 40)), rel=0.1)
    assert why[1] == "enough for the closest spikes that can be"


def test_more_room_than_a_trace_has_values_is_said():
    net = network(accumulate=(4.0, 100.0))
    config = ncx.CoreConfig(inputs=3, neurons=2, learning=1, trace_bits=6)
    report = quantise(net, config)[1]
    assert any("traces of 6 bits hold 63 spikes for depression, not 100" in line for line in report.warnings)


def test_room_ends_where_rates_would_be_clipped():
    net = network(post_rate_hz=400.0)
    net.learn(stdp(20.0, 40.0, 0.01, -0.1, bounds=BOUNDS, post_rate_hz=400.0))
    report = quantise(net)[1]
    assert report.window.depression.area_error == pytest.approx(0, abs=0.01)
    assert 8 < report.window.depression.room < 11
    assert report.window.depression.why == "by rate, as much as changes of this size allow"
    assert not [line for line in report.warnings if "clipped" in line]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accumulate": 0.5}, "accumulate must be 1 or more spikes, got 0.5"),
        ({"accumulate": (4.0, 0.0)}, "for axons and neurons"),
        ({"accumulate": (1, 2, 3)}, "accumulate must be"),
        ({"accumulate": "many"}, "accumulate must be"),
        ({"pre_rate_hz": -1.0}, "pre_rate_hz must be 0 or more spikes a second, got -1.0"),
        ({"post_rate_hz": np.inf}, "post_rate_hz must be"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        network(**options)


def test_rate_of_a_trace_that_never_fades_is_refused():
    with pytest.raises(InputError, match="holds the spikes of a whole run"):
        stdp(np.inf, 20.0, 0.1, -0.1, pre_rate_hz=20.0)


def test_stimulus_of_another_shape_is_refused():
    with pytest.raises(InputError, match=r"stimulus has shape \(50, 2\), expected \[steps, 3\]"):
        quantise(network(), stimulus=np.zeros((50, 2), bool))
