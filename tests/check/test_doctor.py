"""The doctor finds what is wrong with a device, and leaves it as it was."""

import itertools

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.doctor.examination import examine
from neurocorex.check.doctor.latency import RoundTrip, advice, latency_timer
from neurocorex.check.doctor.march import PATTERNS, items, march, writable_regions
from neurocorex.check.doctor.rates import divisors, try_rates
from neurocorex.check.selftest import Outcome, check, locate
from neurocorex.check.trial import Trial
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.spec import Control, CoreConfig, Learning, Region, controls, layout
from support.fakes import SMALL, NoisyTransport, RattlingTransport, StuckTransport, UartTransport, busy_image

LEARNS = CoreConfig(neurons=6, inputs=5, lanes=2, extra_axons=3, max_delay=4, learning=Learning.WINDOW, window_steps=3)


def test_round_trips_are_measured():
    ticks = itertools.accumulate(itertools.cycle([5.0, 0.001, 5.0, 0.001, 5.0, 0.003]))
    with Device(WiredChip(VirtualTransport(SMALL))) as device:
        trip = RoundTrip.measured(device.link, 9, clock=lambda: next(ticks))
    assert (trip.count, trip.median_us, trip.worst_us) == (9, 1000.0, 3000.0)


def test_latency_timer_is_read_and_a_long_one_is_named(tmp_path):
    (tmp_path / "ttyUSB1").mkdir()
    (tmp_path / "ttyUSB1" / "latency_timer").write_text("16\n")
    assert latency_timer("/dev/ttyUSB1", tmp_path) == 16
    told = advice("/dev/ttyUSB1", RoundTrip(10, 16_100.0, 17_000.0), 16, tmp_path)
    assert f"echo 1 | sudo tee {tmp_path}/ttyUSB1/latency_timer" in told


def test_port_without_a_timer_has_none(tmp_path):
    assert latency_timer("/dev/ttyACM0", tmp_path) is None
    assert latency_timer("socket://127.0.0.1:4000", tmp_path) is None


@pytest.mark.parametrize(("median_us", "timer_ms", "told"), [(16_200, None, True), (300, None, False), (900, 1, False)])
def test_only_what_looks_like_a_timer_is_blamed_on_it(median_us, timer_ms, told, tmp_path):
    assert bool(advice("COM3", RoundTrip(10, median_us, median_us), timer_ms, tmp_path)) is told


def test_rates_that_the_line_holds_are_found():
    transport = UartTransport(clock_hz=12_000_000, fastest=2_000_000)
    with Device(WiredChip(transport)) as device:
        device.load(busy_image())
        held = device.read(Region.WEIGHTS)
        found = {rate.baud: rate.holds for rate in try_rates(device.link, device.info)}
        assert found[1_000_000]
        assert found[2_000_000]
        assert not found[3_000_000]
        assert 4_000_000 not in found  # three cycles a bit are too few
        assert transport.baud == transport.chip_baud == device.info.baud
        np.testing.assert_array_equal(device.read(Region.WEIGHTS), held)


def test_rate_at_which_frames_are_damaged_does_not_hold():
    with Device(WiredChip(RattlingTransport(clean=1_000_000))) as device:
        found = {rate.baud: rate for rate in try_rates(device.link, device.info)}
    assert found[1_000_000].holds
    assert not found[2_000_000].holds
    assert "damaged" in found[2_000_000].said


def test_only_rates_that_the_clock_can_make_are_tried():
    with Device(WiredChip(UartTransport(clock_hz=12_000_000))) as device:
        tried = divisors(device.info)
    assert tried[115_200] == 104
    assert tried[1_000_000] == 12
    assert max(tried) == 3_000_000  # four cycles a bit


@pytest.mark.parametrize("config", [SMALL, LEARNS], ids=["plain", "learns"])
def test_march_finds_nothing_in_a_good_chip_and_leaves_it_as_it_was(config):
    with ncx.open("emulator", config=config) as device:
        device.restore(Trial.random(config, 3, 1).image)
        before, done = device.snapshot(), []
        assert list(march(device, lambda *progress: done.append(progress))) == []
        assert device.snapshot() == before
    assert done[-1] == (len(PATTERNS), len(PATTERNS))


@pytest.mark.parametrize(
    ("region", "item", "bit", "place"),
    [
        (Region.WEIGHTS, 8 * LEARNS.neurons + 3, 2, "axon 8 (neuron 3), neuron 3"),
        (Region.PLASTIC, 5, 0, "axon 0 (input 0), neuron 5"),
        (Region.MEMBRANE, 4, 19, "neuron 4"),
        (Region.POST_TABLE, 6, 11, "entry 6"),
        (Region.CONTROL, Control.RANDOM, 31, "register RANDOM"),
        (Region.EXTRA_DELAY, 1, 1, "extra axon 1"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_march_finds_a_stuck_bit(region, item, bit, place):
    with Device(WiredChip(StuckTransport(LEARNS, region, item, bit))) as device:
        faults = list(march(device))
    assert {fault.region for fault in faults} == {region}
    assert {(fault.count, fault.place, fault.bits) for fault in faults} == {(1, place, 1 << bit)}
    assert "zeros" in {fault.pattern for fault in faults}


def test_patterns_set_and_clear_every_bit_and_tell_items_apart():
    for region in writable_regions(LEARNS):
        place = layout(region, LEARNS)
        drawn = [items(region, LEARNS, pattern).reshape(-1) for pattern in PATTERNS.values()]
        low, high = place.range
        assert all(low <= values.min() <= values.max() <= high for values in drawn)
        bits = place.bits if region is not Region.CONTROL else min(r.bits(LEARNS) for r in controls(LEARNS))
        full = (1 << bits) - 1
        assert all(np.bitwise_or.reduce(values & full) == full for values in (drawn[1], drawn[2] | drawn[3]))
    addresses = items(Region.BIAS, LEARNS, PATTERNS["addresses"])
    assert len(set(addresses.tolist())) == LEARNS.neurons


def test_healthy_device_is_called_so():
    with Device(WiredChip(UartTransport())) as device:
        found = examine(device)
    assert found.healthy
    assert found.fastest == 3_000_000
    assert "healthy" in str(found)
    assert found.to_dict()["faults"] == []


def test_noisy_line_is_told_apart_from_bad_memory():
    with Device(WiredChip(NoisyTransport(VirtualTransport(SMALL), rate=2e-3, seed=1))) as device:
        found = examine(device)
    assert not found.healthy
    assert found.damaged > 0
    assert found.faults == []
    assert any("cable" in text for text in found.advice)


def clear_bit(trial, region, item):
    """Lowest bit that an item of a trial does not have set."""
    value = int(trial.image.regions[region].reshape(-1)[item])
    return (~value & value + 1).bit_length() - 1


def test_selftest_finds_the_first_bit_that_differs():
    trial = Trial.random(LEARNS, 8, 20)
    bit = clear_bit(trial, Region.WEIGHTS, 4)
    with Device(WiredChip(StuckTransport(LEARNS, Region.WEIGHTS, 4, bit))) as device:
        outcome = Outcome.of(device, trial)
    assert outcome.first is not None
    assert (outcome.first.steps, outcome.first.difference.quantity) == (0, "weights")
    assert (outcome.first.difference.place, outcome.first.difference.bit) == ("axon 0 (input 0), neuron 4", bit)


def test_selftest_finds_the_step_in_which_a_difference_begins(monkeypatch):
    trial = Trial.random(LEARNS, 8, 24)
    honest = Device.run

    def faulty(device, **arguments):
        result = honest(device, **arguments)
        if device is suspect and arguments["spikes"].steps > 13:
            result.v_items[13, 2] ^= 4
        return result

    monkeypatch.setattr(Device, "run", faulty)
    with ncx.open("emulator", config=LEARNS) as suspect:
        first = locate(suspect, trial)
    assert (first.steps, first.difference.quantity) == (14, "membranes")
    assert (first.difference.place, first.difference.bit) == ("step 13, neuron 2", 2)
    assert str(first).startswith("first in step 13: membranes: step 13, neuron 2: ")


def test_trial_that_was_kept_shows_the_fault_again(tmp_path):
    trial = Trial.random(LEARNS, 5, 10)
    trial.save(tmp_path / "trial.npz")
    with Device(WiredChip(StuckTransport(LEARNS, Region.WEIGHTS, 3, clear_bit(trial, Region.WEIGHTS, 3)))) as device:
        assert check(device, Trial.load(tmp_path / "trial.npz"))
    with ncx.open("emulator", config=LEARNS) as device:
        assert check(device, Trial.load(tmp_path / "trial.npz")) == []
        assert locate(device, trial) is None
