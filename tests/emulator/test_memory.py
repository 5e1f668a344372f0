"""Memories and counters of the emulator: what is stored, refused, cleared, and kept when something fails."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.memory import wrap
from neurocorex.errors import InputError
from neurocorex.events.stream import EventStream
from neurocorex.image import blank
from neurocorex.spec import Clear, CoreConfig, Counter, Flag, Learning, Region, controls, layout, regions
from neurocorex.spec.registers import COUNTER_BITS, PARAMETERS, STATE
from neurocorex.spec.timing import busy_cycles

CONFIG = CoreConfig(neurons=5, inputs=3, lanes=4, max_delay=32)
PARAMETERS_HERE, STATE_HERE = (
    tuple(region for region in kind if layout(region, CONFIG).items) for kind in (PARAMETERS, STATE)
)
WRITABLE = (Region.CONTROL, Region.IN_USE, Region.WEIGHTS, *PARAMETERS_HERE, *STATE_HERE)
ERRORS = replace(CONFIG, learning=Learning.EXPONENTIAL, errors=True, groups=5)


def test_memories_hold_their_defaults_at_first() -> None:
    emulator = Emulator(CONFIG)
    assert set(emulator.regions) == set(WRITABLE)
    assert all(np.array_equal(memory, blank(region, CONFIG)) for region, memory in emulator.regions.items())
    assert not emulator.regions[Region.WEIGHTS].any()


def test_with_zero_parameters_nothing_ever_fires() -> None:
    emulator = Emulator(CONFIG)
    emulator.run(EventStream(100))
    assert emulator.counters[Counter.SPIKES] == 0


@pytest.mark.parametrize(
    ("value", "bits", "signed", "stored"),
    [
        pytest.param(127, 8, True, 127, id="largest"),
        pytest.param(128, 8, True, -128, id="one above"),
        pytest.param(-129, 8, True, 127, id="one below"),
        pytest.param(-1, 8, False, 255, id="without sign"),
        pytest.param(256, 8, False, 0, id="beyond its bits"),
        pytest.param((1 << 40) + 5, 32, True, 5, id="far beyond"),
        pytest.param(-1, 32, False, (1 << 32) - 1, id="word"),
        pytest.param(77, 0, False, 0, id="no bits"),
    ],
)
def test_number_that_does_not_fit_keeps_its_low_bits(value: int, bits: int, signed: bool, stored: int) -> None:
    assert wrap([value], bits, signed=signed).tolist() == [stored]


def test_numbers_of_different_widths_keep_their_own_bits() -> None:
    values = np.arange(-300, 300)
    for bits in (1, 4, 8):
        modulus = 1 << bits
        expected = [(value + modulus // 2) % modulus - modulus // 2 for value in values.tolist()]
        assert wrap(values, bits, signed=True).tolist() == expected
    assert wrap([-1, -1, 9], [3, 16, 3], signed=False).tolist() == [7, 65535, 1]


@pytest.mark.parametrize("region", [region for region in regions(ERRORS) if layout(region, ERRORS).writable])
def test_extremes_of_every_region_are_kept(region: Region) -> None:
    emulator = Emulator(ERRORS)
    table = layout(region, ERRORS)
    for extreme in table.range:
        emulator.write(region, np.full(table.items, extreme))
        expected = [extreme] * table.items
        if region is Region.CONTROL:
            expected = [extreme & ((1 << control.bits(ERRORS)) - 1) for control in controls(ERRORS)]
        assert emulator.regions[region].reshape(-1).tolist() == expected


@pytest.mark.parametrize(
    ("region", "value", "stored"),
    [
        (Region.WEIGHTS, 128, -128),
        (Region.WEIGHTS, -129, 127),
        (Region.THRESHOLD, 1 << 19, -(1 << 19)),
        (Region.LEAK, -1, (1 << 19) - 1),
        (Region.FLAGS, 0x43, 0x3),
        (Region.CONTROL, 9, 1),
    ],
)
def test_excess_bits_are_cut(region: Region, value: int, stored: int) -> None:
    emulator = Emulator(CONFIG)
    emulator.write(region, [value], 0)
    assert emulator.regions[region].reshape(-1)[0] == stored


def test_items_run_along_rows() -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.WEIGHTS, [1, 2, 3], start=4)
    assert emulator.regions[Region.WEIGHTS][:2].tolist() == [[0, 0, 0, 0, 1], [2, 3, 0, 0, 0]]


@pytest.mark.parametrize(("items", "start"), [(6, 0), (1, 5), (2, 4), (1, -1)])
def test_items_beyond_the_end_are_refused(items: int, start: int) -> None:
    with pytest.raises(InputError, match="has 5 items"):
        Emulator(CONFIG).write(Region.THRESHOLD, np.zeros(items, int), start)


@pytest.mark.parametrize("region", [Region.INFO, Region.COUNTERS])
def test_read_only_regions_are_refused(region: Region) -> None:
    with pytest.raises(InputError, match=f"{region.name} is read-only"):
        Emulator(CONFIG).write(region, [0])


def test_regions_cannot_be_changed_behind_the_emulators_back() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Emulator(CONFIG).regions[Region.THRESHOLD][0] = 1


def test_without_adaptation_there_is_none() -> None:
    emulator = Emulator(CoreConfig(neurons=2, inputs=1, adaptation=False))
    with pytest.raises(InputError, match="ADAPTATION is read-only"):
        emulator.write(Region.ADAPTATION, [1, 1])
    emulator.write(Region.CONTROL, [0, 0, 100, 0])
    emulator.write(Region.BIAS, [5, 5])
    for _ in range(3):
        assert emulator.step().spikes.tolist() == [0, 1]
    assert not emulator.regions[Region.ADAPTATION].any()


def test_writes_between_steps_take_effect() -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.THRESHOLD, np.full(5, 10))
    emulator.step()
    emulator.write(Region.MEMBRANE, [11, 10, 0, 0, 0])
    assert emulator.step().spikes.tolist() == [0]
    emulator.write(Region.REFRACTORY_COUNT, [0, 1, 0, 0, 0])
    emulator.write(Region.THRESHOLD, np.full(5, 9))
    assert emulator.step().spikes.size == 0
    assert emulator.step().spikes.tolist() == [1]


def test_written_history_and_delay_make_spikes_arrive() -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.WEIGHTS, np.arange(40).reshape(8, 5))
    emulator.write(Region.THRESHOLD, np.full(5, 500))
    emulator.write(Region.HISTORY, [0, 0, 1 << 31, 0, 0])
    emulator.write(Region.DELAY, [0, 0, 32, 0, 0])
    emulator.step()
    assert emulator.regions[Region.MEMBRANE].tolist() == [25, 26, 27, 28, 29]
    assert emulator.counters[Counter.RECURRENT_EVENTS] == 1
    assert not emulator.regions[Region.HISTORY].any()


@pytest.mark.parametrize("delay", [1, 2, 7, 32])
def test_a_spike_arrives_after_its_delay(delay: int) -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.WEIGHTS, [9], start=3 * 5 + 1)
    emulator.write(Region.THRESHOLD, np.full(5, 500))
    emulator.write(Region.MEMBRANE, [501])
    emulator.write(Region.DELAY, [delay])
    fired = emulator.step().spikes
    assert fired.tolist() == [0]
    arrivals = [emulator.step() and emulator.regions[Region.MEMBRANE][1] for _ in range(delay)]
    assert arrivals == [0] * (delay - 1) + [9]


def test_an_axon_without_delay_is_silent() -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.HISTORY, np.full(5, (1 << 32) - 1))
    emulator.write(Region.THRESHOLD, np.full(5, 500))
    emulator.step()
    assert emulator.counters[Counter.RECURRENT_EVENTS] == 0


def test_injected_current_is_cut_to_the_state_bits() -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.THRESHOLD, np.full(5, 500))
    emulator.step([], [0, 1], [1 << 19, (1 << 20) + 7])
    assert emulator.regions[Region.MEMBRANE].tolist() == [-(1 << 19), 7, 0, 0, 0]


def test_events_of_nobody_are_refused_and_counted() -> None:
    emulator = Emulator(CONFIG)
    emulator.step([0, 3, 9], [4, 5], [1, 1])
    assert emulator.counters[Counter.REFUSED_EVENTS] == 3
    assert emulator.counters[Counter.INPUT_EVENTS] == 1


def test_state_and_counters_are_cleared_apart() -> None:
    emulator = Emulator(CONFIG)
    for region in (Region.THRESHOLD, *STATE_HERE):
        emulator.write(region, np.full(5, 3))
    emulator.step([0])
    emulator.clear(Clear.STATE)
    others = [region for region in STATE_HERE if region is not Region.ADAPTATION]
    assert not any(emulator.regions[region].any() for region in others)
    assert emulator.regions[Region.ADAPTATION].tolist() == [3] * 5
    emulator.clear(Clear.ADAPTATION)
    assert not emulator.regions[Region.ADAPTATION].any()
    assert emulator.regions[Region.THRESHOLD].tolist() == [3] * 5
    assert emulator.counters[Counter.STEPS] == 1
    emulator.clear(Clear.COUNTERS)
    assert set(emulator.counters.values()) == {0}


def test_counters_wrap_at_48_bits() -> None:
    emulator = Emulator(CONFIG)
    emulator.count(Counter.FRAMES_GOOD, (1 << COUNTER_BITS) + 5)
    assert emulator.counters[Counter.FRAMES_GOOD] == 5


def test_busy_cycles_follow_the_timing_of_the_chip() -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.HISTORY, [1, 1, 0, 0, 0])
    emulator.write(Region.DELAY, np.ones(5))
    emulator.write(Region.THRESHOLD, np.full(5, 500))
    emulator.run(EventStream(4, np.array([0, 0, 2]), np.array([0, 2, 1])))
    assert emulator.counters[Counter.BUSY_CYCLES] == busy_cycles(CONFIG, steps=4, arrivals=5, columns=0)


@pytest.mark.parametrize(
    ("v", "i", "h", "flags", "saturations"),
    [
        (0, 0, 0, 0, 0),
        ((1 << 19) - 1, 5, 0, 0, 1),
        ((1 << 19) - 1, (1 << 19) - 1, 0, 0, 1),
        (100, 0, (1 << 19) - 1, 0, 0),
        ((1 << 19) - 1, 5, 9, Flag.REFRACTORY_HOLD, 1),
    ],
    ids=["none", "membrane", "once for all of it", "adaptation stays", "before the pin"],
)
def test_saturations_count_once_per_neuron_and_step(v: int, i: int, h: int, flags: int, saturations: int) -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.THRESHOLD, np.full(5, (1 << 19) - 1))
    for region, value in ((Region.MEMBRANE, v), (Region.CURRENT, i), (Region.ADAPTATION, h), (Region.FLAGS, flags)):
        emulator.write(region, [value])
    emulator.write(Region.REFRACTORY_COUNT, [1 if flags else 0])
    emulator.write(Region.BIAS, [5])
    emulator.step()
    assert emulator.counters[Counter.SATURATIONS] == saturations


def test_subtracting_reset_saturates_and_counts() -> None:
    emulator = Emulator(CONFIG)
    emulator.write(Region.THRESHOLD, np.full(5, -(1 << 19)))
    emulator.write(Region.REFRACTORY_COUNT, [0, 1, 1, 1, 1])
    emulator.write(Region.FLAGS, np.full(5, Flag.RESET_SUBTRACT))
    assert emulator.step().spikes.tolist() == [0]
    assert emulator.regions[Region.MEMBRANE][0] == (1 << 19) - 1
    assert emulator.counters[Counter.SATURATIONS] == 1


@pytest.mark.parametrize(
    "step", [{"events": [1, 0]}, {"events": [1, 1]}, {"events": [-1]}, {"events": [0.5]}, {"graded_neurons": [1]}]
)
def test_step_refuses_what_is_no_stimulus(step: dict[str, list[float]]) -> None:
    with pytest.raises(InputError):
        Emulator(CONFIG).step(**step)
