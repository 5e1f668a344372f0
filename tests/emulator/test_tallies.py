"""Tallies and reports of the emulator: against NumPy on recorded spikes, over the wire, and in part of a chip."""

from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.open import open_device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import InputError
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, CoreConfig, Counter, Flag, Region
from neurocorex.spec.registers import NEVER, NOBODY

CONFIG = CoreConfig(neurons=40, inputs=12, groups=3, tallies=5, reports=True)
SAMPLES, STEPS = 6, 30


def network(chip: Emulator, seed: int) -> None:
    """Write a lively network in which all spikes are recorded."""
    rng, config = np.random.default_rng(seed), chip.config
    n = config.neurons
    chip.write(Region.WEIGHTS, rng.integers(-30, 60, (config.axons, n)))
    chip.write(Region.THRESHOLD, rng.integers(50, 150, n))
    chip.write(Region.DELAY, rng.integers(0, 4, n))
    chip.write(Region.GROUP, rng.integers(0, 4, n))
    chip.write(Region.FLAGS, [int(Flag.RECORD_SPIKES)] * n)


def stimulus(seed: int) -> EventStream:
    """Samples that begin with a clear; at the end of each all tallies are reported."""
    dense = np.random.default_rng(seed).random((SAMPLES * STEPS, CONFIG.inputs)) < 0.15
    ends = np.arange(1, SAMPLES + 1) * STEPS
    stream = EventStream.from_dense(dense)
    for region, items in ((Region.COUNT, 40), (Region.FIRST_STEP, 40), (Region.MOST, 4)):
        stream = stream.reporting(ends, region, items)
    return stream.clearing(np.arange(SAMPLES) * STEPS)


def by_numpy(raster: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Counts, first steps and who has most, from the raster of a sample alone."""
    sums = np.minimum(raster.cumsum(axis=0), 2**CONFIG.tallies - 1)
    counts = sums[-1]
    first = np.where(raster.any(axis=0), raster.argmax(axis=0), NEVER)
    most = []
    for group in (None, 1, 2, 3):
        members = np.flatnonzero(groups > 0 if group is None else groups == group)
        largest = counts[members].max(initial=0)
        reached = (sums[:, members] == largest).argmax(axis=0)
        best = [m for m in members if counts[m] == largest]
        steps = dict(zip(members.tolist(), reached.tolist(), strict=True))
        most.append(int(min(best, key=lambda m: (steps[int(m)], m))) if largest else NOBODY)
    return counts, first, most


@pytest.mark.parametrize("seed", range(4))
def test_reports_are_what_numpy_makes_of_the_spikes(seed: int) -> None:
    chip = Emulator(CONFIG)
    network(chip, seed)
    results = chip.run(stimulus(seed))
    assert len(results.reports) == 3 * SAMPLES
    groups = chip.regions[Region.GROUP]
    for sample in range(SAMPLES):
        raster = results.cut(sample * STEPS, (sample + 1) * STEPS).dense(CONFIG.neurons)
        count, first, most = results.reports[3 * sample : 3 * sample + 3]
        assert {each.step for each in (count, first, most)} == {(sample + 1) * STEPS}
        expected = by_numpy(raster, groups)
        assert (count.region, first.region, most.region) == (Region.COUNT, Region.FIRST_STEP, Region.MOST)
        assert count.items.tolist() == expected[0].tolist()
        assert first.items.tolist() == expected[1].tolist()
        assert most.items.tolist() == expected[2]


def test_reports_come_over_the_wire_as_in_the_process() -> None:
    """Through frames of a few bytes, so that reports go on in the next."""
    config = replace(CONFIG, frame_bytes=64)
    found = []
    for chip in (EmulatedChip(config), WiredChip(VirtualTransport(config))):
        plain = Emulator(config)
        network(plain, 1)
        written = (Region.WEIGHTS, Region.THRESHOLD, Region.DELAY, Region.GROUP, Region.FLAGS)
        chip.write({region: plain.regions[region] for region in written})
        taken: list[EventStream] = []
        chip.run(stimulus(1), taken.append)
        chip.close()
        found.append(EventStream.join(taken))
    assert found[0] == found[1]
    assert len(found[0].reports) == 3 * SAMPLES


def test_neurons_that_sleep_are_not_counted() -> None:
    chip = Emulator(CONFIG)
    network(chip, 2)
    chip.write(Region.COUNT, [3] * 40)
    chip.write(Region.IN_USE, [1, 0])
    forced = EventStream(2, [], [], [0, 1], [4, 5], [0, 0], [1, 1]).reporting([1, 2], Region.COUNT, 8, column=32)
    results = chip.run(forced)
    assert [report.items.tolist() for report in results.reports] == [[3] * 8] * 2
    assert chip.regions[Region.COUNT][[4, 5]].tolist() == [4, 4]
    chip.clear(Clear.TALLIES)
    assert not chip.regions[Region.COUNT].any()


def test_counters_of_a_report_are_those_of_the_steps_before() -> None:
    chip = Emulator(CONFIG)
    stream = EventStream(5).reporting([0, 2, 5], Region.COUNTERS, 1, column=2 * Counter.STEPS)
    assert [report.items.tolist() for report in chip.run(stream).reports] == [[0], [2], [5]]


def test_a_chip_without_reports_is_not_given_any() -> None:
    with open_device("emulator", config=CoreConfig(neurons=4, inputs=2)) as device:
        device.load(ncx.Network(2, 4))
        with pytest.raises(InputError, match="reports=True"):
            device.run(spikes=EventStream(2).reporting([1], Region.COUNT, 1))


@pytest.mark.parametrize(
    ("words", "message"), [((300, 0, 0, 1), "region"), ((1, 0, -1, 1), "column"), ((1, 0, 0, 2.5), "items")]
)
def test_requests_without_room_are_refused(words: tuple[int, int, int, int], message: str) -> None:
    region, row, column, items = words
    with pytest.raises(InputError, match=message):
        EventStream(1).reporting([0], region, items, column=column, row=row)


def test_an_emulated_chip_hands_reports_over() -> None:
    chip, taken = EmulatedChip(CONFIG), list[EventStream]()
    chip.run(EventStream(3).reporting([3], Region.FIRST_STEP, 2), taken.append)
    assert EventStream.join(taken).reports[0].items.tolist() == [NEVER, NEVER]


def test_result_of_a_device_has_the_reports() -> None:
    net = ncx.Network(2, 4)
    spikes = EventStream(4, [], [], [1, 2], [3, 3], [0, 0], [1, 1])
    with open_device("emulator", config=CoreConfig(neurons=4, inputs=2, tallies=4, reports=True)) as device:
        device.load(net)
        result = device.run(spikes=spikes.reporting([0, 4], Region.COUNT, 2, column=2), record=())
        assert [report.items.tolist() for report in result.reports] == [[0, 0], [0, 2]]
        assert [report.step for report in result.reports] == [0, 4]
        assert not device.run(3).reports
