"""A device runs what it was given, tells what it was asked, and can be used after everything that goes wrong."""

import subprocess
import sys
import threading
from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from fakes import (
    SMALL,
    ChatterTransport,
    DyingTransport,
    InterruptingTransport,
    NoisyTransport,
    SilentTransport,
    UartTransport,
    WrappedTransport,
    busy_image,
    random_spikes,
)  # fmt: skip
from neurocorex.device import connection
from neurocorex.device.device import Device
from neurocorex.emulator.emulator import Emulator
from neurocorex.errors import (
    DeviceError,
    DisconnectedError,
    FileFormatError,
    FitError,
    GarbageError,
    InputError,
    MissingToolError,
    NoAnswerError,
)  # fmt: skip
from neurocorex.link.link import Link
from neurocorex.server import Server
from neurocorex.spec import ChipInfo, CoreConfig, Counter, Flag, Region, layout
from neurocorex.spec.registers import MODEL_COUNTERS, STATE
from neurocorex.streams.streams import EventStream
from neurocorex.transport import Transport, VirtualTransport

IMAGE = busy_image()
SPIKES = random_spikes(60, SMALL.inputs)
BOTH = ("spikes", "v")


def emulated(wrapper=lambda inner: inner, config: CoreConfig = SMALL) -> Device:
    return Device(wrapper(VirtualTransport(config)))


@pytest.fixture(params=[lambda inner: inner, WrappedTransport], ids=["at hand", "by wire"])
def device(request: pytest.FixtureRequest):
    with emulated(request.param) as device:
        device.load(IMAGE)
        yield device


@pytest.fixture(scope="module")
def reference() -> ncx.Result:
    """What the network does when nothing is in the way."""
    with emulated() as device:
        device.load(IMAGE)
        return device.run(spikes=SPIKES, record=BOTH)


def assert_same(result: ncx.Result, expected: ncx.Result) -> None:
    assert np.array_equal(result.spikes, expected.spikes)
    assert np.array_equal(result.v, expected.v)
    for counter in MODEL_COUNTERS:
        assert result.counters[counter.name.lower()] == expected.counters[counter.name.lower()]


# What it is -------------------------------------------------------------------------------------


def test_device_describes_itself() -> None:
    with emulated() as device:
        assert device.info == ChipInfo(config=SMALL, clock_hz=0, baud=0, build_id=0)
        assert (device.config, device.inputs, device.neurons) == (SMALL, 5, 7)


def test_another_protocol_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurocorex.device.connection.PROTOCOL_VERSION", 2)
    monkeypatch.setattr("neurocorex.spec.registers.PROTOCOL_VERSION", 2)
    transport = VirtualTransport(SMALL)
    words = [*ChipInfo(config=SMALL, clock_hz=0, baud=0, build_id=0).to_words()]
    words[1] = 1
    monkeypatch.setattr(ChipInfo, "to_words", lambda self: words)
    with pytest.raises(DeviceError, match="chip speaks protocol version 1, this host 2; update the older"):
        _ = Device(transport).info


# Loading ----------------------------------------------------------------------------------------


def test_image_arrives_whole(device: Device) -> None:
    for region, values in IMAGE.regions.items():
        assert np.array_equal(device.read(region), values), region
    device.load(IMAGE, verify=True)


def test_loading_clears_the_state(device: Device) -> None:
    device.run(spikes=SPIKES)
    assert any(values.any() for values in device.state().values())
    device.load(IMAGE)
    assert not any(values.any() for values in device.state().values())


def test_network_is_quantised_for_the_chip() -> None:
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, 2.0)
    net.neurons.set(threshold=1.0)
    with emulated() as device:
        report = device.load(net)
        assert report.config == replace(SMALL, inputs=2, neurons=3)
        assert not report.never_fire
        assert device.run(spikes=np.ones((4, 2), bool)).counts.tolist() == [4, 4, 4]
        assert device.weights().shape == (5, 3)
        with pytest.raises(FitError, match="8 neurons"):
            device.load(ncx.Network(inputs=2, neurons=8))


def test_file_is_loaded(device: Device, tmp_path) -> None:
    IMAGE.save(tmp_path / "image.npz")
    assert not device.load(tmp_path / "image.npz").is_snapshot
    assert not device.load(str(tmp_path / "image.npz")).is_snapshot


def test_loading_tells_its_progress(device: Device) -> None:
    told: list[tuple[int, int]] = []
    device.load(IMAGE, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


def test_memory_that_forgets_is_found_by_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    write = Emulator.write

    def forgetful(self, region, values, start=0):
        write(self, region, np.zeros_like(values) if region == Region.RESET else values, start)

    monkeypatch.setattr(Emulator, "write", forgetful)
    with emulated() as device, pytest.raises(DeviceError, match=r"RESET reads back as 0 at \[0\] where"):
        device.load(IMAGE, verify=True)


def test_small_network_runs_the_same_on_a_larger_chip(reference: ncx.Result) -> None:
    larger = replace(SMALL, neurons=13, inputs=11, lanes=4, frame_bytes=128)
    with emulated(config=larger) as device:
        device.load(IMAGE, verify=True)
        result = device.run(spikes=SPIKES, record=BOTH)
        assert np.array_equal(result.spikes, reference.spikes)
        assert np.array_equal(result.v, reference.v)
        assert np.array_equal(device.weights(), IMAGE.weights)
        wide = np.zeros((60, 11), bool)
        wide[:, :5] = SPIKES
        assert np.array_equal(device.run(spikes=wide, clear=True).spikes, reference.spikes)


def test_network_that_is_too_large_is_refused_and_the_old_one_stays(device: Device, reference: ncx.Result) -> None:
    with pytest.raises(FitError, match="8 neurons"):
        device.load(busy_image(replace(SMALL, neurons=8)))
    assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


def test_file_of_another_kind_is_refused_and_the_old_network_stays(
    device: Device, reference: ncx.Result, tmp_path
) -> None:
    (tmp_path / "cat.npz").write_bytes(b"meow")
    with pytest.raises(FileFormatError):
        device.load(tmp_path / "cat.npz")
    assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


def test_chip_without_adaptation_gets_no_adaptation_state() -> None:
    plain = replace(SMALL, adaptation=False)
    with emulated(config=plain) as device:
        device.load(busy_image(plain))
        device.run(spikes=SPIKES)
        device.restore(device.snapshot())


# Running ----------------------------------------------------------------------------------------


def test_results_are_those_of_the_core(reference: ncx.Result) -> None:
    core = Emulator(SMALL)
    for region, values in IMAGE.regions.items():
        core.write(region, values.ravel())
    core.write(Region.FLAGS, IMAGE.regions[Region.FLAGS] | int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE))
    stream = core.run(EventStream.from_dense(SPIKES))
    assert np.array_equal(reference.spikes, stream.dense(7))
    assert reference.v.ravel().tolist() == stream.graded_value.tolist()
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
    inject = np.zeros((20, 7), int)
    inject[3, 2], inject[5, 6] = 1000, -1000
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
    monkeypatch.setattr(connection, "DIRECT_ITEMS", 2048 * 7)
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
        ({"inject": np.zeros((4, 7))}, r"inject must hold integers.*got float64"),
        ({"inject": np.full((4, 7), 1 << 17)}, r"-131072 to 131071 on this chip, got 131072 at \[0, 0\]"),
        ({"spikes": np.zeros((4, 5)), "inject": np.zeros((5, 7), int)}, r"must agree.*\(4, 5\) and \(5, 7\)"),
        ({"spikes": EventStream(2, np.array([1]), np.array([5]))}, r"names axon 5, there are 5 \(0 to 4\)"),
        ({"spikes": EventStream(2), "teacher": np.zeros((2, 7))}, r"leave out inject and teacher"),
        ({"steps": 1, "record": "current"}, r"cannot record 'current'; choose from 'spikes', 'v', 'counts'"),
        ({"steps": 1, "record": 7}, r"record must be names or a mapping, got 7"),
        ({"steps": 1, "record": {"v": [7]}}, r"names neuron 7, there are 7 \(0 to 6\)"),
        ({"steps": 1, "record": {"v": [-1]}}, r"names neuron -1"),
        ({"steps": 1, "record": {"v": "all"}}, r"must be True or a list of neurons, got 'all'"),
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


# Snapshots --------------------------------------------------------------------------------------


def test_everything_writable_reads_back(device: Device) -> None:
    rng = np.random.default_rng(3)
    for region in Region:
        table = layout(region, SMALL)
        if table.items and table.writable and region is not Region.CONTROL:
            low, high = table.range
            values = rng.integers(low, high, device.read(region).shape, endpoint=True)
            device.write(region, values)
            assert np.array_equal(device.read(region), values), region


def test_snapshot_goes_on_elsewhere_bit_for_bit(device: Device, reference: ncx.Result, tmp_path) -> None:
    device.run(spikes=SPIKES[:31])
    device.snapshot().save(tmp_path / "running.npz")
    assert any(device.read(region).any() for region in STATE)
    other = replace(SMALL, lanes=1, frame_bytes=256)
    with emulated(config=other) as elsewhere:
        assert elsewhere.load(tmp_path / "running.npz").is_snapshot
        result = elsewhere.run(spikes=SPIKES[31:], record=BOTH)
    assert np.array_equal(result.v, reference.v[31:])
    assert np.array_equal(result.spikes, reference.spikes[31:])


def test_snapshot_keeps_the_scale_and_what_is_known_of_the_network(device: Device) -> None:
    snapshot = device.snapshot()
    assert (snapshot.scale, snapshot.meta["dt_ms"]) == (2.0, 0.5)
    assert device.run(steps=1).dt_ms == 0.5


# What goes wrong on the way ---------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_noise_on_the_line_changes_no_result(reference: ncx.Result, seed: int) -> None:
    noisy = NoisyTransport(VirtualTransport(SMALL), 0.003, seed)
    with Device(noisy) as device:
        device.load(IMAGE, verify=True)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
        assert noisy.damaged > 20
        assert device.counters()["frames_bad"] > 0


def test_device_that_goes_away_in_a_run_can_be_loaded_again(reference: ncx.Result) -> None:
    opened: list[Transport] = []

    def connect(_config):
        opened.append(DyingTransport(VirtualTransport(SMALL), after=4000 if not opened else 1 << 30))
        return opened[-1]

    with Device(connect=connect) as device:
        device.load(IMAGE)
        with pytest.raises(DisconnectedError, match="the cable was pulled"):
            device.run(spikes=random_spikes(2000, 5), record=BOTH)
        with pytest.raises(DisconnectedError, match=r"the network is gone.*load it again"):
            device.run(steps=1)
        device.load(IMAGE)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
    assert len(opened) == 2


def test_network_that_was_lost_while_loading_does_not_run(device: Device) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        device.load(IMAGE, progress=interrupt)
    with pytest.raises(DisconnectedError, match="lost while loading; load it again"):
        device.run(steps=1)
    device.load(IMAGE, verify=True)
    assert device.run(steps=1).steps == 1


def test_transport_that_is_gone_for_good_says_so() -> None:
    with emulated(lambda inner: DyingTransport(inner, after=0)) as device:
        with pytest.raises(DisconnectedError, match="the cable was pulled"):
            _ = device.info
        with pytest.raises(DisconnectedError, match="the device is gone; open it again"):
            _ = device.info


def test_closed_device_says_so(device: Device) -> None:
    device.close()
    with pytest.raises(DisconnectedError, match="this device was closed; open it again"):
        device.counters()


@pytest.mark.parametrize(
    ("transport", "error"), [(SilentTransport(), NoAnswerError), (ChatterTransport(b"$GPGGA,\n"), GarbageError)]
)
def test_other_equipment_has_an_error_of_its_own(transport: Transport, error: type[DeviceError]) -> None:
    with pytest.raises(error):
        _ = Device(transport).info


def test_interrupted_run_leaves_what_came_and_a_device_that_works(reference: ncx.Result) -> None:
    transport = InterruptingTransport(VirtualTransport(SMALL))
    spikes = np.concatenate([SPIKES, random_spikes(3000, 5)])
    with Device(transport) as device:
        device.load(IMAGE)
        transport.arm(*[False] * 20, True)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=spikes, record=BOTH)
        partial = device.interrupted
        assert partial is not None
        assert 60 < partial.steps < 3060
        assert partial.steps == device.counters()["steps"]
        assert np.array_equal(partial.v[:60], reference.v)
        assert_same(device.run(spikes=SPIKES, record=BOTH, clear=True), reference)


def test_interrupted_samples_are_whole_ones(reference: ncx.Result) -> None:
    transport = InterruptingTransport(VirtualTransport(SMALL))
    with Device(transport) as device:
        device.load(IMAGE)
        transport.arm(*[False] * 20, True)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=np.stack([SPIKES] * 50), record=BOTH)
        partial = device.interrupted
        assert partial is not None
        assert partial.samples is not None
        assert 0 < partial.samples < 50
        assert np.array_equal(partial.spikes[-1], reference.spikes)


@pytest.mark.parametrize("wrapper", [lambda inner: inner, WrappedTransport], ids=["at hand", "by wire"])
def test_emulator_that_is_interrupted_at_work_loses_no_more_than_its_last_answer(
    reference: ncx.Result, monkeypatch: pytest.MonkeyPatch, wrapper
) -> None:
    run, calls = Emulator.run, iter(range(12))

    def interrupted(self, stimulus):
        if next(calls, 0) == 11:
            raise KeyboardInterrupt
        return run(self, stimulus)

    monkeypatch.setattr(connection, "DIRECT_ITEMS", 100 * 7)
    with emulated(wrapper) as device:
        device.load(IMAGE)
        monkeypatch.setattr(Emulator, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=np.concatenate([SPIKES] * 50), record=BOTH)
        partial = device.interrupted
        assert partial is not None
        assert 0 < partial.steps < 3000
        common = min(partial.steps, 60)
        assert np.array_equal(partial.v[:common], reference.v[:common])
        assert_same(device.run(spikes=SPIKES, record=BOTH, clear=True), reference)


def test_new_host_takes_over_where_another_one_crashed(reference: ncx.Result) -> None:
    chip = VirtualTransport(SMALL)
    crashed = Device(chip)
    crashed.load(IMAGE)
    chip.write(b"\x05\x12\x07")  # the beginning of a frame
    survivor = Device(chip)
    assert survivor.config == SMALL
    assert_same(survivor.run(spikes=SPIKES, record=BOTH), reference)


# Opening ----------------------------------------------------------------------------------------


def test_emulator_fits_what_is_loaded() -> None:
    with ncx.open("emulator") as device:
        device.load(IMAGE)
        assert device.config == SMALL
        larger = busy_image(replace(SMALL, neurons=9))
        device.load(larger)
        assert device.config == larger.config
        assert device.run(steps=2).spikes.shape == (2, 9)


def test_emulator_of_a_given_geometry_keeps_it() -> None:
    with ncx.open("emulator", config=SMALL) as device:
        assert device.config == SMALL
        with pytest.raises(FitError):
            device.load(busy_image(replace(SMALL, neurons=9)))
        assert device.config == SMALL


def test_board_behind_a_socket_runs_the_same(reference: ncx.Result) -> None:
    chip = VirtualTransport(SMALL, wait=True)
    server = Server(chip)
    serving = threading.Thread(target=server.serve)
    serving.start()
    with ncx.open(server.url) as device:
        device.load(IMAGE, verify=True)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
    server.close()
    serving.join()
    chip.close()


def test_absent_port_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="cannot open '/dev/ttyNONE'"):
        ncx.open("/dev/ttyNONE")


def test_geometry_of_a_board_cannot_be_chosen() -> None:
    with pytest.raises(InputError, match="/dev/ttyUSB1 has a geometry of its own"):
        ncx.open("/dev/ttyUSB1", config=SMALL)


def test_missing_simulator_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neurocorex_sim.chip", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[sim\]'"):
        ncx.open("rtl")


def test_link_is_sped_up_on_request() -> None:
    uart = UartTransport()
    with Device(uart, baud=3_000_000) as device:
        assert device.config == SMALL
    assert uart.baud == uart.chip_baud == 3_000_000


def test_rate_that_fails_is_a_warning() -> None:
    uart = UartTransport(fastest=2_000_000)
    with Device(uart, baud=3_000_000) as device:
        with pytest.warns(UserWarning, match="not heard at 3000000 baud and stays at 1000000"):
            assert device.config == SMALL
        assert device.run(steps=1).steps == 1


@pytest.mark.parametrize(
    ("baud", "message"),
    [(5_000_000, "its fastest rate is 3000000"), (2_700_000, "cannot make 2700000 baud; the nearest is 3000000")],
)
def test_rate_that_the_clock_cannot_make_is_refused(baud: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _ = Device(UartTransport(), baud=baud).info


def test_package_imports_nothing_heavy() -> None:
    program = "import sys, neurocorex; sys.exit(bool({'numpy', 'serial', 'numba'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_public_names_are_all_there() -> None:
    assert {"CoreConfig", "Device", "Image", "Network", "Result", "encode", "errors", "open"} <= set(dir(ncx))
    for name in ncx.__all__:
        assert getattr(ncx, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        _ = ncx.Netwrok
