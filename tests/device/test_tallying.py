"""Counts, first steps and winners: the same whether a chip tallies them or the host makes them of spikes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.accumulators import Extent
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.gathering import Gathering
from neurocorex.device.recording import Recording, Tally
from neurocorex.errors import DisconnectedError, FileFormatError, InputError
from neurocorex.events.codec import ITEM, REPORTED
from neurocorex.events.reports import request
from neurocorex.events.stream import EventStream
from neurocorex.many.pieces import joined
from neurocorex.spec import Clear, CoreConfig, Region
from neurocorex.spec.registers import NEVER, NOBODY
from neurocorex.wire.traffic import Traffic

NEURONS, STEPS, SAMPLES = 7, 12, 5
EVERYTHING = ("counts", "first", "winner")


def by_hand(raster: np.ndarray, among: list[int]) -> tuple[list[int], list[int], int]:
    """Counts, first steps, and the winner among some neurons, spike by spike."""
    counts, first, winner, most = [0] * raster.shape[1], [-1] * raster.shape[1], -1, 0
    for step, neuron in np.argwhere(raster).tolist():
        counts[neuron] += 1
        if first[neuron] < 0:
            first[neuron] = step
        if neuron in among and counts[neuron] > most:
            winner, most = neuron, counts[neuron]
    return counts, first, winner


def assert_by_hand(result: ncx.Result, rasters: np.ndarray, among: list[int]) -> None:
    for sample, raster in enumerate(rasters):
        counts, first, winner = by_hand(raster, among)
        assert result.counts[sample].tolist() == counts
        assert result.first_steps[sample].tolist() == first
        assert result.winners[sample] == winner


# Accumulators --------------------------------------------------------------------------------------


def pieces(stream: EventStream, rng: np.random.Generator) -> Iterator[EventStream]:
    """Cut anywhere; what is reported behind the last step comes by itself."""
    cuts = sorted(rng.integers(0, stream.steps + 1, 6).tolist())
    for start, stop in zip([0, *cuts], [*cuts, stream.steps], strict=True):
        yield stream.cut(start, stop)
    yield stream.cut(stream.steps, stream.steps + 1)


def gathered(recording: Recording, stream: EventStream, samples: int | None, seed: int) -> ncx.Result:
    gathering, done = Gathering(recording, Extent(NEURONS, samples and STEPS)), 0
    for piece in pieces(stream, np.random.default_rng(seed)):
        done += piece.steps
        gathering.pieces.append((piece, done))
        if seed % 2:
            gathering.fields()  # reduces whatever waits
    return ncx.Result.gathered(gathering, recording=recording)


@pytest.mark.parametrize("seed", range(8))
def test_host_makes_of_spikes_what_is_made_by_hand(seed: int) -> None:
    raster = np.random.default_rng(seed).random((SAMPLES * STEPS, NEURONS)) < [0.0, 0.1, 0.3, 0.9][seed % 4]
    result = gathered(Recording.of(EVERYTHING, NEURONS), EventStream.from_dense(raster), SAMPLES, seed)
    assert_by_hand(result, raster.reshape(SAMPLES, STEPS, NEURONS), list(range(NEURONS)))
    with pytest.raises(InputError, match="no spikes"):
        _ = result.spikes


def test_a_run_without_samples_has_one_winner() -> None:
    raster = np.random.default_rng(1).random((STEPS, NEURONS)) < 0.4
    result = gathered(Recording.of(EVERYTHING, NEURONS), EventStream.from_dense(raster), None, 1)
    assert result.winners.shape == ()
    counts, first, winner = by_hand(raster, list(range(NEURONS)))
    assert (result.counts.tolist(), result.first_steps.tolist(), int(result.winners)) == (counts, first, winner)


def reported(rasters: np.ndarray) -> tuple[EventStream, Recording]:
    """Results of a chip that tallies, and what was recorded."""
    rows: list[tuple[int, int, int]] = []
    asked = (
        request(Region.COUNT, 0, 1, 4), request(Region.FIRST_STEP, 0, 2, 3), request(Region.MOST, 0, 0, 1)
    )  # fmt: skip
    for sample, raster in enumerate(rasters):
        counts, first, winner = by_hand(raster, list(range(NEURONS)))
        items = (counts[1:5], [NEVER if step < 0 else step for step in first[2:5]], [winner if winner >= 0 else NOBODY])
        for word, values in zip(asked, items, strict=True):
            rows += [
                ((sample + 1) * STEPS, code, value) for code, value in ((REPORTED, word), *((ITEM, v) for v in values))
            ]
        rows.append(((sample + 1) * STEPS, REPORTED, request(Region.MOST, 0, 1, 0)))  # one that a stimulus asked for
    changes = np.array(rows).T
    among = np.arange(NEURONS)
    recording = Recording(
        np.array([1, 4]), np.empty(0, np.int64), True, first=np.array([2, 4]), winner=among,
        tally=Tally(STEPS, asked, (4, 3, 1)),
    )  # fmt: skip
    return EventStream(len(rasters) * STEPS).with_changes(*changes), recording


@pytest.mark.parametrize("seed", range(6))
def test_reports_are_placed_by_sample_and_neuron_and_others_stay_reports(seed: int) -> None:
    rasters = np.random.default_rng(seed).random((SAMPLES, STEPS, NEURONS)) < 0.2
    stream, recording = reported(rasters)
    result = gathered(recording, stream, SAMPLES, seed)
    for sample, raster in enumerate(rasters):
        counts, first, winner = by_hand(raster, list(range(NEURONS)))
        assert result.counts[sample].tolist() == [0, counts[1], 0, 0, counts[4], 0, 0]
        assert result.first_steps[sample].tolist() == [-1, -1, first[2], -1, first[4], -1, -1]
        assert result.winners[sample] == winner
    assert [(report.step, report.region) for report in result.reports] == [
        ((sample + 1) * STEPS, Region.MOST) for sample in range(SAMPLES)
    ]


def test_a_sample_without_its_report_is_left_out() -> None:
    stream, recording = reported(np.ones((SAMPLES, STEPS, NEURONS), np.bool_))
    gathering = Gathering(recording, Extent(NEURONS, STEPS))
    gathering.pieces.append((stream.cut(0, 3 * STEPS), 3 * STEPS))  # the reports of the third come with the fourth
    assert ncx.Result.gathered(gathering, recording=recording).samples == 2


def test_other_reports_than_were_asked_for_are_an_error() -> None:
    stream, recording = reported(np.ones((1, STEPS, NEURONS), np.bool_))
    other = stream.with_changes(stream.change_step, stream.change_register, stream.change_value + 1)
    with pytest.raises(InputError, match="faulty"):
        gathered(recording, other, 1, 0)


def until_connected(call: Callable[[], Any]) -> Any:
    """Call again until the line holds."""
    while True:
        try:
            return call()
        except DisconnectedError:
            pass


# Devices -------------------------------------------------------------------------------------------

PLAIN = CoreConfig(neurons=24, inputs=16)
TALLIES = replace(PLAIN, tallies=6, reports=True)
GROUPED = replace(PLAIN, groups=3)
BOTH = replace(GROUPED, tallies=6, reports=True)
SPIKES = np.random.default_rng(5).random((SAMPLES, STEPS, 10)) < 0.3


def network(*, groups: bool) -> ncx.Network:
    net = ncx.Network(inputs=10, neurons=NEURONS)
    net.neurons.set(threshold=3.0, decay=0.1)
    net.connect(net.inputs, net.neurons, np.random.default_rng(2).integers(-2, 5, (10, NEURONS)).astype(float))
    if groups:
        for group, some in ((1, net.neurons[1:3]), (2, net.neurons[4:6])):
            some.set(group=group)
    return net


class Counting(EmulatedChip):
    """Chip that counts the events of its results, as behind a line."""

    events = 0

    def traffic(self) -> Traffic:
        return Traffic(bytes_from_chip=self.events)

    def run(self, stimulus: EventStream, take: Any, **options: Any) -> None:
        def counted(results: EventStream) -> None:
            self.events += results.event_step.size
            take(results)

        super().run(stimulus, counted, **options)


def opened(config: CoreConfig) -> tuple[ncx.Device, Counting]:
    chip = Counting(config)
    device = ncx.Device(chip)
    device.load(network(groups=config.groups > 0))
    return device, chip


@pytest.mark.parametrize(
    ("tallies", "plain", "among"),
    [
        pytest.param(BOTH, GROUPED, [1, 2, 4, 5], id="with groups"),
        pytest.param(TALLIES, PLAIN, list(range(NEURONS)), id="without groups, so the host finds the winner"),
    ],
)
def test_a_chip_with_tallies_gives_what_one_without_gives(
    tallies: CoreConfig, plain: CoreConfig, among: list[int]
) -> None:
    device, chip = opened(tallies)
    other, _ = opened(plain)
    rasters = other.run(spikes=SPIKES).spikes
    assert rasters.any()
    assert_by_hand(other.run(spikes=SPIKES, record=EVERYTHING), rasters, among)
    assert_by_hand(device.run(spikes=SPIKES, record=EVERYTHING), rasters, among)
    assert (chip.events == 0) == (tallies.groups > 0)
    chip.events = 0
    counts = device.run(spikes=SPIKES, record={"counts": [2, 5], "first": 5})
    assert chip.events == 0
    wanted = other.run(spikes=SPIKES, record={"counts": [2, 5], "first": 5})
    assert np.array_equal(counts.counts, wanted.counts)
    assert np.array_equal(counts.first_steps, wanted.first_steps)
    assert np.array_equal(counts.spikes_of, wanted.spikes_of)


def test_the_chip_reports_also_where_a_run_is_no_batch_and_counted_before() -> None:
    device, chip = opened(BOTH)
    other, _ = opened(GROUPED)
    for sample in SPIKES[:2]:
        mine, theirs = (each.run(spikes=sample, record=EVERYTHING) for each in (device, other))
        assert np.array_equal(mine.counts, theirs.counts)
        assert np.array_equal(mine.first_steps, theirs.first_steps)
        assert mine.winners == theirs.winners
    assert chip.events == 0


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"record": ["counts", "spikes"]}, id="spikes are wanted"),
        pytest.param({"record": ["counts"], "steps": 64}, id="counts could saturate"),
        pytest.param({"record": ["counts"], "clear": {5: Clear.TALLIES}}, id="cleared in a sample"),
        pytest.param({"record": ["counts"], "watch": lambda start, results: None}, id="pieces are watched"),
        pytest.param({"record": {"winner": [0, 4]}}, id="a winner of other neurons"),
    ],
)
def test_the_host_counts_where_the_chip_cannot(options: dict[str, Any]) -> None:
    device, chip = opened(BOTH)
    other, _ = opened(GROUPED)
    mine, theirs = (each.run(spikes=SPIKES, **options) for each in (device, other))
    assert chip.events > 0
    if "winner" in options["record"]:
        assert np.array_equal(mine.winners, theirs.winners)
        assert set(mine.winners.tolist()) <= {-1, 0, 4}
    else:
        assert np.array_equal(mine.counts, theirs.counts)


def test_reports_of_a_stimulus_stay_beside_those_of_a_recording() -> None:
    device, _ = opened(BOTH)
    stream = EventStream.from_dense(SPIKES[0]).reporting([3, STEPS], Region.COUNT, NEURONS)
    result = device.run(spikes=stream, record=["counts"])
    assert [report.step for report in result.reports] == [3, STEPS]
    assert result.reports[1].items.tolist() == result.counts.tolist()


def test_a_winner_costs_five_bytes_and_its_silent_steps_four() -> None:
    with ncx.open("emulator", config=BOTH, by_wire=True) as device:
        device.load(network(groups=True))
        device.run(spikes=SPIKES, record="winner", counters=False)  # flags are written
        few, many = (
            device.run(spikes=np.concatenate([SPIKES] * count), record="winner", counters=False).link
            for count in (2, 6)
        )
    assert few is not None
    assert many is not None
    more = many - few
    assert more.frames_from_chip > 0
    assert more.bytes_from_chip <= 4 * SAMPLES * 9 + 14 * more.frames_from_chip


def test_a_result_keeps_them_in_its_file(tmp_path: Path) -> None:
    device, _ = opened(BOTH)
    for number, given in enumerate((SPIKES, SPIKES[0])):
        result = device.run(spikes=given, record=EVERYTHING)
        result.save(tmp_path / f"{number}.npz")
        again = ncx.Result.load(tmp_path / f"{number}.npz")
        assert np.array_equal(again.first_steps, result.first_steps)
        assert np.array_equal(again.winners, result.winners)
        assert again.winners.shape == result.winners.shape
        assert np.array_equal(again.counts, result.counts)
    stream = EventStream.from_dense(SPIKES[0]).reporting([3], Region.COUNT, NEURONS)
    result = device.run(spikes=stream)
    result.save(tmp_path / "reports.npz")
    (mine,), (theirs,) = (each.reports for each in (result, ncx.Result.load(tmp_path / "reports.npz")))
    assert (mine[:-1], mine.items.tolist()) == (theirs[:-1], theirs.items.tolist())


def test_a_file_with_winners_that_there_are_not_is_refused(tmp_path: Path) -> None:
    device, _ = opened(GROUPED)
    result = device.run(spikes=SPIKES, record="winner")
    replace(result, winner_items=result.winners + NEURONS).save(tmp_path / "result.npz")
    with pytest.raises(FileFormatError, match="out of range"):
        ncx.Result.load(tmp_path / "result.npz")


def test_a_checkpoint_keeps_reports(tmp_path: Path) -> None:
    stream = EventStream.from_dense(SPIKES.reshape(-1, 10)).reporting(np.arange(SAMPLES) * STEPS, Region.MEMBRANE, 3)
    wanted = opened(BOTH)[0].run(spikes=stream, record=EVERYTHING)
    device, _ = opened(BOTH)
    options: dict[str, Any] = {"checkpoint": tmp_path / "file", "checkpoint_every": STEPS, "record": EVERYTHING}

    def failing(done: int, steps: int) -> None:
        if done > 2 * STEPS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        device.run(spikes=stream, progress=failing, **options)
    again = opened(BOTH)[0].run(spikes=stream, **options)
    assert np.array_equal(again.report_items, wanted.report_items)
    assert np.array_equal(again.counts, wanted.counts)
    assert again.winners == wanted.winners


def test_a_stream_of_ticks_refuses_what_is_of_a_run() -> None:
    device, _ = opened(BOTH)
    for record in ("first", "winner", {"spikes": True, "winner": True}):
        with pytest.raises(InputError, match="first spikes, winners and currents"), device.stream(record=record):
            pass


def test_what_was_not_recorded_is_not_there() -> None:
    result = opened(GROUPED)[0].run(spikes=SPIKES)
    with pytest.raises(InputError, match=r"record=\['first'\]"):
        _ = result.first_steps
    with pytest.raises(InputError, match=r"record=\['winner'\]"):
        _ = result.winners


def test_a_clear_of_the_device_is_of_tallies_too_unless_they_are_kept() -> None:
    device, _ = opened(BOTH)
    device.run(spikes=SPIKES[0], record=())
    held = device.snapshot().regions[Region.COUNT]
    assert held.any()
    device.clear(tallies=False)
    assert np.array_equal(device.snapshot().regions[Region.COUNT], held)
    device.clear()
    assert not device.snapshot().regions[Region.COUNT].any()


def test_a_run_that_is_interrupted_has_the_samples_that_were_reported() -> None:
    many = np.concatenate([SPIKES] * 50)
    wanted = opened(GROUPED)[0].run(spikes=many, record=EVERYTHING)

    def stopping(done: int, steps: int) -> None:
        if done > steps // 2:
            raise KeyboardInterrupt

    with ncx.open("emulator", config=BOTH, by_wire=True) as device:
        device.load(network(groups=True))
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=many, record=EVERYTHING, progress=stopping)
        found = device.interrupted
    assert found is not None
    assert found.samples is not None
    assert 0 < found.samples < len(many)
    for mine, whole in (
        (found.counts, wanted.counts), (found.first_steps, wanted.first_steps), (found.winners, wanted.winners)
    ):  # fmt: skip
        assert np.array_equal(mine, whole[: found.samples])


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_run_that_is_resumed_has_all_reports(seed: int) -> None:
    many = np.concatenate([SPIKES] * 20)
    wanted = opened(GROUPED)[0].run(spikes=many, record=EVERYTHING)
    with ncx.open(f"faulty:emulator?disconnect=0.05&loss=0.02&seed={seed}", config=BOTH) as device:
        until_connected(lambda: device.load(network(groups=True)))
        try:
            found = device.run(spikes=many, record=EVERYTHING)
        except DisconnectedError:
            found = until_connected(device.resume)
        assert device.link.faults["disconnect"]
    assert np.array_equal(found.counts, wanted.counts)
    assert np.array_equal(found.first_steps, wanted.first_steps)
    assert np.array_equal(found.winners, wanted.winners)


def test_parts_of_a_batch_are_joined_with_their_reports() -> None:
    device, _ = opened(BOTH)
    parts = [device.run(spikes=each, record=EVERYTHING) for each in (SPIKES[:2], SPIKES[2:])]
    asked = np.array([[STEPS], [REPORTED], [request(Region.COUNT, 0, 0, 0)]])
    whole = joined([replace(part, report_items=asked) for part in parts])
    wanted = device.run(spikes=SPIKES, record=EVERYTHING)
    assert np.array_equal(whole.counts, wanted.counts)
    assert np.array_equal(whole.first_steps, wanted.first_steps)
    assert np.array_equal(whole.winners, wanted.winners)
    assert [report.step for report in whole.reports] == [STEPS, 3 * STEPS]
    with pytest.raises(InputError):
        _ = joined([device.run(spikes=each) for each in (SPIKES[:2], SPIKES[2:])]).winners
