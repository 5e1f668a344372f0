"""Replay of a log: equal on an equal chip, and the first difference by its place on any other."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.player import Replay
from neurocorex.check.replay import replay
from neurocorex.check.stimulus import StepCutter
from neurocorex.device.device import Device
from neurocorex.device.open import open_device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, DisconnectedError, FileFormatError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig, EventDecoder, Graded, Op, Region, Step, encode_steps, layout
from neurocorex.spec.protocol import READ_ARGUMENTS
from neurocorex.spec.registers import MODEL_COUNTERS, Counter
from neurocorex.wire.log import LogFile, SessionLog
from neurocorex.wire.tap import Log
from neurocorex.wire.transport import Transport
from support.devices import BOTH, IMAGE, SPIKES
from support.fakes import SMALL, DyingTransport, InterruptingTransport, StuckTransport, WrappedTransport, random_spikes

Wrap = Callable[[Transport], Transport]


@contextmanager
def wired(transport: Transport, log: Log) -> Iterator[Device]:
    device = Device(WiredChip(log.wrap(transport)))
    try:
        yield device
    finally:
        device.close()


def on_emulator(path: Path) -> Replay:
    return replay(LogFile(path), lambda config, log: open_device("emulator", config=config, log=log), elastic=True)


def on(path: Path, transport: Transport, *, elastic: bool = True) -> Replay:
    return replay(LogFile(path), lambda _config, log: wired(transport, log), elastic=elastic)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Session of two runs, with what they left behind read back."""
    path = tmp_path_factory.mktemp("log") / "session.log"
    with ncx.open("emulator", config=SMALL, log=path) as device:
        device.load(IMAGE, verify=True)
        device.run(spikes=SPIKES, record=BOTH)
        device.run(spikes=SPIKES[:20], record=BOTH, snapshot_every=5)
        device.snapshot()
    return path


def changed(written: Path, path: Path, number: int, change: Callable[[bytes], bytes]) -> Path:
    """Write a log of which the answer to one request is another, in one frame."""
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    (answers,) = (line["answers"] for line in lines if line.get("request") == number)
    answers[:] = [[answers[-1][0], change(bytes.fromhex("".join(data for _, data in answers))).hex()]]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def requests(written: Path, op: Op) -> list[tuple[int, bytes, bytes]]:
    """Requests whose answer has data: number, payload, answer."""
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    return [
        (line["request"], bytes.fromhex(line["payload"]), bytes.fromhex("".join(data for _, data in line["answers"])))
        for line in lines
        if line.get("op") == op.name and line["answers"][0][1]
    ]


def test_replay_on_an_equal_chip_is_equal(written: Path) -> None:
    found = on_emulator(written)
    assert found.deviation is None
    assert (found.steps, found.skipped) == (80, [])
    assert found.requests == written.read_text().count('{"request"')
    assert found.requests - found.compared == 2  # what the chip says of itself


def test_replay_behind_a_faulty_line_is_equal(written: Path) -> None:
    name = "faulty:emulator?loss=0.03&corrupt=0.03&duplicate=0.03&insert=0.03&seed=6"
    found = replay(LogFile(written), lambda config, log: open_device(name, config=config, log=log), elastic=True)
    assert (found.deviation, found.steps) == (None, 80)


@pytest.mark.parametrize("seed", range(12))
def test_a_bit_flipped_in_what_was_read_is_named_by_row_and_column(written: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    told = {region for region in Region if region not in (Region.INFO, Region.COUNTERS)}
    reads = [each for each in requests(written, Op.READ) if each[1][0] in told]
    number, payload, answer = reads[rng.integers(len(reads))]
    region, row, column, _ = READ_ARGUMENTS.unpack(payload)
    table = layout(Region(region), SMALL)
    bit = int(rng.integers(8 * len(answer)))

    def flip(data: bytes) -> bytes:
        return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]

    item = bit // 8 // table.item_bytes + row * table.columns + column
    found = on_emulator(changed(written, tmp_path / "log", number, flip)).deviation
    assert found is not None
    assert (found.request, found.operation) == (number, f"READ of {Region(region).name}")
    assert found.difference.quantity == Region(region).name.lower().replace("_", " ")
    assert found.difference.place.startswith(f"row {item // table.columns}, column {item % table.columns} ")
    assert isinstance(found.difference.got, int)
    assert isinstance(found.difference.expected, int)
    within = bit - item * 8 * table.item_bytes + 8 * table.item_bytes * (row * table.columns + column)
    size = 8 * table.item_bytes
    assert (found.difference.got ^ found.difference.expected) % (1 << size) == 1 << within


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_result_is_named_by_step_neuron_and_kind(written: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    runs = requests(written, Op.RUN)
    at = int(rng.integers(len(runs)))
    number, _, answer = runs[at]
    before = sum(len(EventDecoder().feed(data)) for _, _, data in runs[:at])
    steps = EventDecoder().feed(answer)
    place = int(rng.integers(len(steps)))
    while not steps[place].graded:
        place = (place + 1) % len(steps)
    which = int(rng.integers(len(steps[place].graded)))
    neuron, value, _ = steps[place].graded[which]
    kind = ("membrane", "spike")[seed % 2]
    if kind == "membrane":
        graded = list(steps[place].graded)
        graded[which] = Graded(neuron, value ^ 4)
        steps[place] = Step(steps[place].events, tuple(graded))
        expected = (value, value ^ 4)
    else:
        events = set(steps[place].events) ^ {neuron}
        steps[place] = Step(tuple(sorted(events)), steps[place].graded)
        expected = (None, 1) if neuron in events else (1, None)
    found = on_emulator(changed(written, tmp_path / "log", number, lambda _: encode_steps(steps))).deviation
    assert found is not None
    assert (found.request, found.operation, found.difference.quantity) == (number, "RUN", kind)
    assert found.difference.place == f"step {before + place}, neuron {neuron}"
    assert (found.difference.got, found.difference.expected) == expected


def test_results_in_other_bytes_that_mean_the_same_are_equal(written: Path, tmp_path: Path) -> None:
    number, _, answer = requests(written, Op.RUN)[0]
    other = encode_steps(EventDecoder().feed(answer))  # spikes before membranes, where the chip has them by neuron
    assert other != answer
    assert on_emulator(changed(written, tmp_path / "log", number, lambda _: other)).deviation is None


def test_results_that_are_no_whole_steps_are_named(written: Path, tmp_path: Path) -> None:
    number, _, answer = requests(written, Op.RUN)[0]
    found = on_emulator(changed(written, tmp_path / "log", number, lambda _: answer[:-1])).deviation
    assert found is not None
    assert str(found) == f"request {number}, RUN: results: whole steps, expected no whole steps"


@pytest.mark.parametrize(
    ("region", "item"), [(Region.WEIGHTS, 3 * SMALL.neurons + 2), (Region.THRESHOLD, 4), (Region.DECAY, 1)]
)
def test_a_defect_of_the_chip_is_found(written: Path, region: Region, item: int) -> None:
    found = on(written, StuckTransport(SMALL, region, item, 1)).deviation
    assert found is not None
    row, column = divmod(item, layout(region, SMALL).columns)
    if found.operation != "RUN":
        assert found.operation == f"READ of {region.name}"
        assert f"row {row}, column {column} (" in found.difference.place
    else:
        assert found.difference.place.startswith("step ")


def test_a_spike_that_a_chip_loses_is_found(written: Path) -> None:
    chip = VirtualTransport(SMALL)
    emulator = chip._chip.emulator
    right, done, lost = emulator.run, [0], []

    def run(stimulus: EventStream) -> EventStream:
        results = right(stimulus)
        if results.event_step.size and not lost:
            lost.append((done[0] + results.event_step[0], results.event_index[0]))
            columns = (results.event_step[1:], results.event_index[1:], *results.columns[2:])
            results = EventStream(results.steps, *columns)
        done[0] += results.steps
        return results

    emulator.run = run  # type: ignore[method-assign]
    found = on(written, chip).deviation
    assert found is not None
    assert lost
    step, neuron = lost[0]
    assert found.operation == "RUN"
    assert str(found.difference) == f"spike at step {step}, neuron {neuron}: nothing, expected 1"


def test_counters_of_the_model_are_compared_and_those_of_the_line_are_not(written: Path, tmp_path: Path) -> None:
    number = next(number for number, payload, _ in requests(written, Op.READ) if payload[0] == Region.COUNTERS)
    for counter in Counter:
        place = 8 * counter

        def change(data: bytes, place: int = place) -> bytes:
            return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

        found = on_emulator(changed(written, tmp_path / "log", number, change)).deviation
        if counter in MODEL_COUNTERS:
            assert found is not None
            assert (found.request, found.difference.quantity) == (number, f"counter {counter.name.lower()}")
        else:
            assert found is None


def test_another_geometry_is_refused_before_anything_is_sent(written: Path) -> None:
    other = WrappedTransport(VirtualTransport(CoreConfig(neurons=9, inputs=5, lanes=2)))
    with pytest.raises(InputError, match=r"neurons is 9, in the log 7.*emulator or rtl"):
        on(written, other, elastic=False)
    assert len(other.written) < 100  # HELLO, and the question what the chip is


@pytest.mark.parametrize(
    "line", ["{}", '{"request":%d,"op":"RUN","payload":"' + "ff" * 61 + '","answers":[]}'], ids=["nonsense", "too long"]
)
def test_damaged_log_is_refused_before_anything_is_sent(written: Path, tmp_path: Path, line: str) -> None:
    path = tmp_path / "log"
    text = written.read_text()
    path.write_text(text + line.replace("%d", str(text.count('{"request"') + 1)) + "\n")
    transport = WrappedTransport(VirtualTransport(SMALL))
    with pytest.raises(FileFormatError, match=r"line|no frame"):
        on(path, transport)
    assert not transport.written


def test_a_chip_that_was_used_is_put_into_the_state_of_the_log_first(written: Path) -> None:
    used = Shared(VirtualTransport(SMALL))
    for _ in range(2):
        found = on(written, used, elastic=False)
        assert (found.deviation, found.steps) == (None, 80)
        assert on_emulator(written).compared == found.compared


class Shared(WrappedTransport):
    """Connection to a chip that outlives it."""

    def close(self) -> None:
        pass


def test_a_log_that_begins_on_a_used_chip_has_what_that_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = VirtualTransport(SMALL)
    monkeypatch.setattr("neurocorex.device.open.SerialTransport", lambda _name: Shared(chip))
    with ncx.open("/dev/board") as device:
        device.load(IMAGE)
        device.run(spikes=SPIKES)
    with ncx.open("/dev/board", log=tmp_path / "log") as device:
        result = device.run(spikes=SPIKES[:20], record=BOTH, units="chip")
        device.clear(counters=True)
        device.counters()
    assert result.spikes.any()
    found = on_emulator(tmp_path / "log")
    assert (found.deviation, found.steps) == (None, 20)
    assert [each.partition(",")[0] for each in found.skipped] == ["counters"]


def test_a_log_without_what_the_chip_held_is_not_compared(tmp_path: Path) -> None:
    chip = VirtualTransport(SMALL)
    for name in ("first", "second"):
        with wired(Shared(chip), SessionLog(tmp_path / name, "board")) as device:
            device.load(IMAGE)
            device.run(spikes=SPIKES)
    found = on_emulator(tmp_path / "second")
    assert found.compared == found.steps == 0
    assert found.skipped == [f"{found.requests} requests: the chip held something before that the log does not have"]


def test_geometries_follow_each_other_as_in_the_log(tmp_path: Path) -> None:
    log = SessionLog(tmp_path / "log", "emulator")
    for neurons in (3, 5):
        with ncx.open("emulator", log=log) as device:
            net = ncx.Network(inputs=4, neurons=neurons)
            net.connect(net.inputs, net.neurons, np.full((4, neurons), 60))
            net.neurons.set(threshold=100)
            device.load(net)
            device.run(spikes=random_spikes(10, 4, seed=neurons))
    found = on_emulator(tmp_path / "log")
    assert (found.deviation, found.steps, found.skipped) == (None, 20, [])


def test_refused_requests_are_repeated(tmp_path: Path) -> None:
    with ncx.open("emulator", config=SMALL, log=tmp_path / "log") as device:
        for _ in range(2):
            with pytest.raises(DeviceError, match="refused READ"):
                device.link.call(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 999, 0, 1))
            device.load(IMAGE)
            device.run(spikes=SPIKES)
    found = on_emulator(tmp_path / "log")
    assert (found.deviation, found.steps, found.skipped) == (None, 120, [])
    path = tmp_path / "other"
    path.write_text((tmp_path / "log").read_text().replace("BAD_RANGE", "BAD_LENGTH"))
    deviation = on_emulator(path).deviation
    assert deviation is not None
    assert str(deviation) == "request 3, READ of WEIGHTS: status: BAD_RANGE, expected BAD_LENGTH"


@pytest.mark.parametrize("reads", [1, 2, 3, 5])
def test_a_stopped_run_is_repeated_as_far_as_it_came(tmp_path: Path, reads: int) -> None:
    line = InterruptingTransport(VirtualTransport(SMALL))
    with wired(line, SessionLog(tmp_path / "log", "emulator")) as device:
        device.load(IMAGE)
        line.arm(*[False] * reads, True)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=random_spikes(3000, SMALL.inputs), record=BOTH)
        device.run(spikes=SPIKES, record=BOTH)
        device.snapshot()
        kept = device.interrupted
    found = on_emulator(tmp_path / "log")
    assert found.deviation is None
    assert 60 <= found.steps < 3060
    assert kept is None


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_a_run_of_the_emulator_that_ctrl_c_ends_inside_is_repeated(tmp_path: Path, pieces: int) -> None:
    chip = VirtualTransport(SMALL)
    emulator = chip._chip.emulator
    right, left = emulator.run, [1 << 30]

    def run(stimulus: EventStream) -> EventStream:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return right(stimulus)

    emulator.run = run  # type: ignore[method-assign]
    with wired(chip, SessionLog(tmp_path / "log", "emulator")) as device:
        device.load(IMAGE)
        left[0] = pieces + 1
        with pytest.raises(KeyboardInterrupt):
            device.run(8000, record=BOTH)
        device.run(spikes=SPIKES, record=BOTH)
        device.snapshot()
        steps = device.counters()["steps"]
    found = on_emulator(tmp_path / "log")
    assert (found.deviation, found.steps) == (None, steps)


def test_nothing_is_compared_behind_a_run_that_was_cut_off(tmp_path: Path) -> None:
    line = DyingTransport(VirtualTransport(SMALL), 3000)
    with wired(line, SessionLog(tmp_path / "log", "emulator")) as device:
        device.load(IMAGE)
        with pytest.raises(DisconnectedError):
            device.run(spikes=random_spikes(3000, SMALL.inputs), record=BOTH)
    found = on_emulator(tmp_path / "log")
    assert found.deviation is None
    assert found.compared


@pytest.mark.parametrize("seed", range(20))
def test_steps_are_cut_out_of_any_payloads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stimulus = EventStream.from_dense(rng.random((40, 300)) < rng.choice([0.0, 0.001, 0.02]))
    data = stimulus.encode()
    cuts = sorted(rng.integers(0, len(data) + 1, 3).tolist())
    payloads = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    stopped = int(rng.integers(4))
    cutter, decoder = StepCutter(SMALL), EventDecoder()
    ran = []
    for payload in payloads[:stopped]:
        cutter.pass_on(payload)
        ran += decoder.feed(payload)
    ended = len(EventDecoder().feed(data[: sum(map(len, payloads[: stopped + 1]))])) - len(ran)
    for steps in range(ended + 1):
        again = StepCutter(SMALL)
        for payload in payloads[:stopped]:
            again.pass_on(payload)
        part = again.cut(payloads[stopped], steps)
        if part is None:
            continue  # a code that stands for many steps had begun before
        whole = EventDecoder()
        done = [step for payload in [*payloads[:stopped], part] for step in whole.feed(payload)]
        assert done == EventDecoder().feed(data)[: len(ran) + steps]


@pytest.mark.parametrize("seed", [0, 1, 2, 8])
def test_a_run_that_was_resumed_is_in_the_log_as_if_it_had_not_been_cut(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "log"
    with ncx.open(f"faulty:emulator?disconnect=0.02&loss=0.02&seed={seed}", log=path) as device:
        until_connected(lambda: device.load(IMAGE))
        try:
            device.run(spikes=SPIKES, record=BOTH)
        except DisconnectedError:
            until_connected(device.resume)
        until_connected(device.snapshot)
        assert device.link.faults["disconnect"]
    found = on_emulator(path)
    assert found.deviation is None
    assert (found.steps, found.skipped) == (60, [])


def until_connected(call: Callable[[], object]) -> None:
    while True:
        try:
            call()
            return
        except DisconnectedError:
            pass
