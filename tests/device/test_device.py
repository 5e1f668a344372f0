"""A device tells what it is, runs what it was given, and explains what cannot be run."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import emulated as emulated_chip
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.spec import ChipInfo, Counter, Flag, Region
from neurocorex.wire.link import Link
from support.devices import BOTH, IMAGE, SPIKES, assert_same, emulated
from support.fakes import SMALL, WrappedTransport, random_spikes

# What it is -------------------------------------------------------------------------------------


def test_device_describes_itself() -> None:
    with emulated() as device:
        assert device.info == ChipInfo(config=SMALL, clock_hz=0, baud=0, build_id=0)
        assert (device.config, device.inputs, device.neurons) == (SMALL, 5, 7)


def test_another_protocol_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurocorex.device.wired.PROTOCOL_VERSION", 2)
    monkeypatch.setattr("neurocorex.spec.info.PROTOCOL_VERSION", 2)
    transport = VirtualTransport(SMALL)
    words = [*ChipInfo(config=SMALL, clock_hz=0, baud=0, build_id=0).to_words()]
    words[1] = 1
    monkeypatch.setattr(ChipInfo, "to_words", lambda self: words)
    with pytest.raises(
        DeviceError,
        match=r"bitstream of another version: .*: chip speaks protocol version 1, this host 2",
    ):
        _ = Device(WiredChip(transport)).info


# Running ----------------------------------------------------------------------------------------


def test_results_are_those_of_the_core(reference: ncx.Result) -> None:
    core = Emulator(SMALL)
    for region, values in IMAGE.regions.items():
        core.write(region, values.ravel())
    core.write(Region.FLAGS, IMAGE.regions[Region.FLAGS] | int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE))
    stream = core.run(EventStream.from_dense(SPIKES))
    assert np.array_equal(reference.spikes, stream.dense(7))
    assert reference.in_units("chip").v.ravel().tolist() == stream.graded_value.tolist()
    assert reference.spikes.any()


def test_run_by_wire_is_one_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    device = emulated(WrappedTransport)
    device.load(IMAGE)
    exchanges = []
    execute = Link.execute
    monkeypatch.setattr(Link, "execute", lambda self, requests: exchanges.append(1) or execute(self, requests))
    device.run(spikes=random_spikes(5000, 5), record=BOTH)
    assert len(exchanges) == 1


def test_state_lasts_from_run_to_run(device: Device, reference: ncx.Result) -> None:
    parts = [device.run(spikes=SPIKES[:23], record=BOTH), device.run(spikes=SPIKES[23:], record=BOTH)]
    assert np.array_equal(np.concatenate([part.spikes for part in parts]), reference.spikes)
    assert np.array_equal(np.concatenate([part.v for part in parts]), reference.v)


def test_clear_starts_from_rest(device: Device, reference: ncx.Result) -> None:
    device.run(spikes=~SPIKES)
    assert_same(device.run(spikes=SPIKES, record=BOTH, clear=True), reference)
    device.clear()
    assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


def test_each_sample_starts_from_rest(device: Device, reference: ncx.Result) -> None:
    result = device.run(spikes=np.stack([SPIKES, ~SPIKES, SPIKES]), record=BOTH)
    assert result.spikes.shape == (3, 60, 7)
    assert result.v.shape == (3, 60, 7)
    assert result.counts.shape == (3, 7)
    for sample in (0, 2):
        assert np.array_equal(result.spikes[sample], reference.spikes)
        assert np.array_equal(result.v[sample], reference.v)
    assert np.array_equal(result.counts, result.spikes.sum(axis=1))


def test_steps_beyond_the_stimulus_are_silent(device: Device) -> None:
    result = device.run(70, SPIKES, record=BOTH)
    padded = np.concatenate([SPIKES, np.zeros((10, 5), bool)])
    assert_same(device.run(spikes=padded, record=BOTH, clear=True), result)
    samples = device.run(70, np.stack([SPIKES, SPIKES]), record=BOTH)
    assert np.array_equal(samples.v[1], result.v)


def test_run_without_stimulus(device: Device) -> None:
    result = device.run(steps=10_000)
    assert result.steps == result.counters["steps"] == 10_000
    assert result.spikes.shape == (10_000, 7)


def test_injected_currents_reach_their_neurons(device: Device) -> None:
    inject = np.zeros((20, 7))
    inject[3, 2], inject[5, 6] = 500.0, -500.0
    before = device.run(steps=20, record="v").v
    after = device.run(inject=inject, record="v", clear=True).v
    assert np.array_equal(before[:3], after[:3])
    assert after[3, 2] != before[3, 2]
    assert after[5, 6] < before[5, 6]


def test_stream_as_stimulus_may_clear_itself(device: Device, reference: ncx.Result) -> None:
    device.run(spikes=~SPIKES)
    stream = EventStream.from_dense(SPIKES, clear_steps=[0])
    assert_same(device.run(spikes=stream, record=BOTH), reference)


def test_only_chosen_neurons_are_recorded(device: Device, reference: ncx.Result) -> None:
    result = device.run(spikes=SPIKES, record={"spikes": [4, 1], "v": slice(2, 4)})
    assert result.v_neurons.tolist() == [2, 3]
    assert np.array_equal(result.v, reference.v[:, 2:4])
    assert np.array_equal(result.spikes[:, [1, 4]], reference.spikes[:, [1, 4]])
    assert result.counts[[0, 2, 3, 5, 6]].tolist() == [0] * 5


@pytest.mark.parametrize(
    ("record", "v_neurons"),
    [
        ("v", 7), (["v", "spikes"], 7), ({"v": True, "spikes": False}, 7), ({"v": np.arange(7) > 4}, 2),
        ({"v": []}, 0), ({"v": None}, 0), ((), 0), (None, 0),
    ],
)  # fmt: skip
def test_record_takes_names_and_mappings(device: Device, record, v_neurons: int) -> None:
    assert device.run(steps=3, record=record).v.shape == (3, v_neurons)


def test_counts_alone_keep_no_raster(device: Device, reference: ncx.Result) -> None:
    result = device.run(spikes=SPIKES, record="counts")
    assert np.array_equal(result.counts, reference.counts)
    assert not result.spike_times.size
    with pytest.raises(InputError, match=r"no spikes; run with record=\['spikes'\]"):
        _ = result.spikes


def test_recording_leaves_the_other_flags_alone(device: Device) -> None:
    device.run(steps=1, record=BOTH)
    flags = device.read(Region.FLAGS)
    assert np.array_equal(flags & 3, IMAGE.regions[Region.FLAGS])
    assert (flags & int(Flag.RECORD_MEMBRANE)).all()
    device.run(steps=1, record=())
    assert np.array_equal(device.read(Region.FLAGS), IMAGE.regions[Region.FLAGS])


def test_flags_written_by_hand_are_respected(device: Device) -> None:
    device.run(steps=1)
    device.write(Region.FLAGS, np.zeros(7, int))
    device.run(steps=1)
    assert (device.read(Region.FLAGS) == int(Flag.RECORD_SPIKES)).all()


def test_run_tells_its_progress(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated_chip, "PIECE_UPDATES", 2048 * 7)
    told: list[tuple[int, int]] = []
    device.run(steps=5000, progress=lambda done, total: told.append((done, total)))
    assert told == [(2048, 5000), (4096, 5000), (5000, 5000)]


def test_counters_of_a_result_are_those_of_its_run(device: Device, reference: ncx.Result) -> None:
    first, second = device.run(spikes=SPIKES), device.run(spikes=SPIKES, clear=True)
    assert first.counters["input_events"] == second.counters["input_events"] == SPIKES.sum()
    total = device.counters()
    assert total["steps"] == 120
    assert total["synaptic_events"] == 7 * (total["input_events"] + total["recurrent_events"])
    assert total["cycles"] == total["busy_cycles"] + total["stall_cycles"]
    assert set(total) == {counter.name.lower() for counter in Counter} | {"synaptic_events", "cycles"}
    device.clear(state=False, counters=True)
    assert device.counters()["steps"] == 0


# What cannot be used ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"nothing to run; give steps=100, or spikes"),
        ({"steps": -1}, r"steps must be an integer from 0 up, got -1"),
        ({"steps": 2.5}, r"steps must be an integer from 0 up, got 2.5"),
        ({"spikes": np.zeros((4, 6), bool)}, r"spikes must have shape \[steps, 5\].*got \(4, 6\); for example"),
        ({"spikes": np.zeros(5, bool)}, r"spikes must have shape .*got \(5,\)"),
        ({"spikes": [["a"] * 5]}, r"spikes must be an array of numbers"),
        ({"spikes": np.full((4, 5), 2)}, r"spikes must be 0 or 1, got 2 at \[0, 0\]"),
        ({"spikes": np.full((4, 5), 0.5)}, r"spikes must be 0 or 1, got 0.5 at"),
        ({"spikes": np.zeros((4, 5)), "steps": 3}, r"the stimulus has 4 steps, more than steps=3"),
        ({"inject": np.zeros((4, 6), int)}, r"inject must have shape \[steps, 7\]"),
        ({"inject": np.zeros((4, 7)), "units": "chip"}, r"inject in units='chip' holds integers, got float64"),
        ({"inject": np.full((4, 7), 1 << 17), "units": "chip"}, r"-131072 to 131071 on this chip, got 131072 at \[0"),
        (
            {"inject": np.full((4, 7), 65536.0)},
            r"-65536 to 65535.5 on this chip \(-131072 to 131071 units.*got 65536.0",
        ),
        ({"inject": np.full((4, 7), np.nan)}, r"inject must be finite, got nan at \[0, 0\]"),
        ({"steps": 3, "units": "volt"}, r"units must be 'network' or 'chip'.*got 'volt'"),
        ({"spikes": np.zeros((4, 5)), "inject": np.zeros((5, 7), int)}, r"must agree.*\(4, 5\) and \(5, 7\)"),
        ({"spikes": EventStream(2, np.array([1]), np.array([5]))}, r"names axon 5, there are 5 \(0 to 4\)"),
        ({"spikes": EventStream(2), "teacher": np.zeros((2, 7))}, r"leave out inject and teacher"),
        ({"steps": 1, "record": "current"}, r"cannot record 'current'; choose from 'spikes', 'v', 'counts'"),
        ({"steps": 1, "record": 7}, r"record must be names or a mapping, got 7"),
        ({"steps": 1, "record": {"v": [7]}}, r"names neuron 7, there are 7 \(0 to 6\)"),
        ({"steps": 1, "record": {"v": [-1]}}, r"names neuron -1"),
        ({"steps": 1, "record": {"v": "all"}}, r"must be a population such as net.neurons\[0:4\], a slice.*got 'all'"),
    ],
)
def test_bad_run_is_explained_and_nothing_has_run(device: Device, arguments, message: str) -> None:
    with pytest.raises(InputError, match=message):
        device.run(**arguments)
    assert device.counters()["steps"] == 0


@pytest.mark.parametrize(
    ("region", "values", "message"),
    [
        (Region.THRESHOLD, np.zeros(8, int), r"THRESHOLD of this chip has shape \(7,\), got \(8,\)"),
        (Region.WEIGHTS, np.zeros((12, 6), int), r"WEIGHTS of this chip has shape \(12, 7\)"),
        (Region.WEIGHTS, np.full((12, 7), 128), r"WEIGHTS holds -128 to 127, got 128 at \[0, 0\]"),
        (Region.DECAY, [0, 0, -1, 0, 0, 0, 0], r"DECAY holds 0 to 65535, got -1 at \[2\]"),
        (Region.BIAS, np.zeros(7), r"BIAS holds integers, got an array of float64"),
        (Region.INFO, np.zeros(16, int), r"INFO of this chip can be read only"),
    ],
)
def test_bad_write_is_explained_and_nothing_is_written(device: Device, region: Region, values, message: str) -> None:
    before = device.read(region)
    with pytest.raises(InputError, match=message):
        device.write(region, values)
    assert np.array_equal(device.read(region), before)
