"""RUN through the wire: steps that span frames, results that fill them, STOP and HELLO in between."""

import numpy as np
import pytest
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig, Counter, Flag, Op, Region, Response, Status
from support.wire import Wire, events, silence

CONFIG = CoreConfig(neurons=6, inputs=4, lanes=2, frame_bytes=64, rx_frames=4, tx_frames=2)
RECORD_ALL = int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)


def program(target: Wire | Emulator, flags: int = RECORD_ALL, seed: int = 4) -> None:
    """A network that fires now and then."""
    emulator = target.chip.emulator if isinstance(target, Wire) else target
    rng = np.random.default_rng(seed)
    for region, value in (
        (Region.THRESHOLD, 60),
        (Region.DECAY, 5000),
        (Region.CURRENT_DECAY, 30000),
        (Region.DELAY, 2),
        (Region.REFRACTORY, 1),
        (Region.FLAGS, flags),
    ):
        emulator.write(region, np.full(6, value))
    emulator.write(Region.WEIGHTS, rng.integers(-40, 60, (10, 6)))


@pytest.fixture
def wire() -> Wire:
    wire = Wire(CONFIG)
    program(wire)
    return wire


def stimulus(steps: int = 120, rate: float = 0.2, seed: int = 2) -> EventStream:
    rng = np.random.default_rng(seed)
    inject = np.where(rng.random((steps, 6)) < 0.05, rng.integers(-50, 90, (steps, 6)), 0)
    return EventStream.from_dense(rng.random((steps, 4)) < rate, inject, clear_steps=np.arange(0, steps, 37))


def expected(stream: EventStream, flags: int = RECORD_ALL) -> EventStream:
    emulator = Emulator(CONFIG)
    program(emulator, flags)
    return emulator.run(stream)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_stimulus_may_be_cut_into_frames_anywhere(wire: Wire, size: int) -> None:
    data = stimulus().encode()
    answers = [wire.call(Op.RUN, data[start : start + size]) for start in range(0, len(data), size)]
    assert {status for status, _ in answers} == {Status.OK}
    assert EventStream.decode(b"".join(payload for _, payload in answers)) == expected(stimulus())


def test_results_of_a_step_come_with_the_frame_that_ends_it(wire: Wire) -> None:
    assert wire.call(Op.RUN, b"\0\0") == (Status.OK, b"")
    status, results = wire.run(b"\0\xff")
    assert (status, results) == (Status.OK, expected(events(1, (0, 0), (0, 1), (0, 2))))


@pytest.mark.parametrize("flags", [0, Flag.RECORD_SPIKES, Flag.RECORD_MEMBRANE, RECORD_ALL])
def test_only_flagged_neurons_are_recorded(flags: int) -> None:
    wire = Wire(CONFIG)
    program(wire, flags)
    stream = stimulus(12)
    assert wire.run(stream) == (Status.OK, expected(stream, flags))


def test_results_come_by_neuron_the_spike_first(wire: Wire) -> None:
    wire.chip.emulator.write(Region.MEMBRANE, [0, 200, 0, 300, 0, 0])
    wire.chip.emulator.write(Region.FLAGS, [0, 12, 8, 4, 0, 0])
    wire.chip.emulator.write(Region.DECAY, np.zeros(6))
    assert wire.call(Op.RUN, b"\xff") == (Status.OK, bytes.fromhex("01 f1 0100 000000 f1 0000 000000 01 ff"))


def test_results_fill_their_frames(wire: Wire) -> None:
    frames = wire.send(Op.RUN, b"\xff" * 9)  # 6 membranes of 6 bytes and an END a step: 333 bytes
    pending = list(frames)
    while pending:
        pending = wire.acknowledge(pending)
        frames += pending
    assert [len(frame.payload) for frame in frames] == [60] * 5 + [33]
    assert [frame.status for frame in frames] == [Status.MORE] * 5 + [Status.OK]


def test_silence_comes_back_as_idle(wire: Wire) -> None:
    wire.fill(Region.FLAGS, Flag.RECORD_SPIKES)
    assert wire.call(Op.RUN, b"\xfe\x00\x10" * 2) == (Status.OK, b"\xfe\x00\x20")
    assert wire.call(Op.RUN, b"\xff") == (Status.OK, b"\xff")


def test_long_silence_is_cut_into_chunks_that_do_not_show(wire: Wire) -> None:
    wire.fill(Region.FLAGS, Flag.RECORD_SPIKES)
    assert wire.call(Op.RUN, b"\xfe\xff\xff" * 20) == (Status.OK, b"\xfe\xff\xff" * 20)
    assert wire.chip.emulator.counters[Counter.STEPS] == 20 * 65535


def test_run_of_nothing_is_answered(wire: Wire) -> None:
    assert wire.call(Op.RUN) == (Status.OK, b"")


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        ("04 ff", 1),
        ("04 00 ff", 2),
        ("f1 0600 010000 ff", 1),
        ("f1 0000 010000 00 ff", 1),
        ("f5 ff", 1),
        ("00 f2 01 ff", 1),
        ("00 f4 00 01000000 ff", 1),
        ("f4 80 01000000 ff", 1),
        ("f4 00 09000000 f2 f0 ff", 0),
        ("fe 0000 ff", 1),
        ("00 ff f2 01 ff f2 01 00 ff", 0),
    ],
    ids=[
        "axon",
        "cursor",
        "neuron",
        "event after graded",
        "reserved",
        "clear inside",
        "set inside",
        "no such register",
        "clear of nothing",
        "idle of nothing",
        "nothing",
    ],
)
def test_refused_events_are_counted_and_skipped(wire: Wire, data: str, refused: int) -> None:
    status, results = wire.run(bytes.fromhex(data))
    assert status is Status.OK
    assert results.steps == bytes.fromhex(data).count(0xFF)
    assert wire.chip.emulator.counters[Counter.REFUSED_EVENTS] == refused


def test_stop_ends_a_run_that_waits(wire: Wire) -> None:
    """Membranes fill both response buffers; the chip then waits, and the rest of the run never happens."""
    frames = wire.send(Op.RUN, b"\xfe\xff\xff" * 20)
    assert [frame.status for frame in frames] == [Status.MORE] * 2
    assert wire.send(Op.STOP) == []
    pending = wire.acknowledge(frames)
    while pending:
        frames += pending
        pending = wire.acknowledge(pending)
    assert frames[-1].status == Status.STOPPED
    results = EventStream.decode(b"".join(frame.payload for frame in frames))
    assert results.steps == wire.chip.emulator.counters[Counter.STEPS] < 65535
    assert wire.run(silence(1))[0] is Status.OK


def test_stop_ends_queued_runs_without_running_them(wire: Wire) -> None:
    frames = wire.raw(b"".join(wire.frame(Op.CLEAR, b"\1") for _ in range(2)))
    for op, payload in ((Op.RUN, b"\xff"), (Op.CLEAR, b"\1"), (Op.RUN, b"\0")):
        assert wire.send(op, payload) == []
    assert wire.send(Op.STOP) == []
    assert wire.send(Op.RUN, b"\xff") == []  # came after STOP
    answers: list[Response] = []
    while frames := wire.acknowledge(frames):
        answers += frames
    assert [(frame.op, frame.status) for frame in answers] == [
        (Op.RUN, Status.STOPPED), (Op.CLEAR, Status.OK), (Op.RUN, Status.STOPPED), (Op.RUN, Status.OK),
    ]  # fmt: skip
    assert wire.chip.emulator.counters[Counter.STEPS] == 1


def test_stop_ends_an_open_step(wire: Wire) -> None:
    wire.call(Op.RUN, b"\0")
    assert wire.send(Op.STOP) == []
    assert wire.chip.emulator.counters[Counter.STEPS] == 1
    assert wire.chip.emulator.counters[Counter.INPUT_EVENTS] == 1
    assert wire.run(b"\xff")[1].steps == 1


def test_results_of_a_step_ended_by_stop_are_in_the_stopped_run(wire: Wire) -> None:
    wire.call(Op.RUN, b"\0")
    frames = wire.raw(wire.frame(Op.RUN) + wire.frame(Op.RUN))
    assert wire.send(Op.RUN, b"\xff") == []
    wire.send(Op.STOP)
    (answer,) = wire.acknowledge(frames)
    assert answer.status == Status.STOPPED
    assert EventStream.decode(answer.payload) == expected(events(1, (0, 0)))


def test_stop_of_nothing_does_nothing(wire: Wire) -> None:
    assert wire.send(Op.STOP) == []
    assert wire.chip.emulator.counters[Counter.STEPS] == 0
    assert wire.run(b"\xff")[0] is Status.OK


@pytest.mark.parametrize("begun", ["00", "f1 0000 010000", "f3 0000 010000"])
def test_hello_ends_an_open_step(wire: Wire, begun: str) -> None:
    wire.call(Op.RUN, bytes.fromhex(begun))
    wire.hello()
    assert wire.chip.emulator.counters[Counter.STEPS] == 1
    assert wire.call(Op.CLEAR, b"\1") == (Status.OK, b"")


@pytest.mark.parametrize("partial", ["f1", "f1 0000 01", "f2", "f4 00 01", "fe 05"])
def test_hello_forgets_the_beginning_of_a_code(wire: Wire, partial: str) -> None:
    wire.call(Op.RUN, bytes.fromhex(partial))
    wire.hello()
    assert wire.chip.emulator.counters[Counter.STEPS] == 0
    assert wire.run(b"\xff\xff")[1].steps == 2


def test_hello_stops_a_run_that_waits(wire: Wire) -> None:
    assert len(wire.send(Op.RUN, b"\xfe\xff\xff" * 20)) == 2
    wire.hello()
    steps = wire.chip.emulator.counters[Counter.STEPS]
    assert steps < 65535
    wire.run(b"\xff")
    assert wire.chip.emulator.counters[Counter.STEPS] == steps + 1


def test_stop_comes_through_between_pieces_of_work(wire: Wire) -> None:
    wire.fill(Region.FLAGS, 0)
    assert wire.chip.receive(wire.frame(Op.RUN, b"\xfe\xff\xff" * 20), work=3) == b""
    assert wire.chip.busy
    assert wire.chip.receive(wire.frame(Op.STOP), work=0) == b""
    (answer,) = wire.raw(b"")
    assert answer.status == Status.STOPPED
    assert EventStream.decode(answer.payload) == silence(wire.chip.emulator.counters[Counter.STEPS])
    assert not wire.chip.busy


def test_interrupted_run_ends_as_stopped(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: Emulator, _stimulus: EventStream) -> EventStream:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Emulator, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            wire.send(Op.RUN, b"\xff\xff\x00")
    (answer,) = wire.send(Op.STOP)
    assert (answer.op, answer.status) == (Op.RUN, Status.STOPPED)
    assert wire.acknowledge([answer]) == []
    assert wire.run(b"\xff")[0] is Status.OK


def test_results_equal_the_emulators_at_the_bounds_of_chunks() -> None:
    """Many neurons make the chunks short."""
    config = CoreConfig(neurons=1024, inputs=2, max_delay=1, frame_bytes=4096, tx_frames=16)
    wire = Wire(config)
    rng = np.random.default_rng(3)
    stream = EventStream.from_dense(rng.random((600, 2)) < 0.2)
    emulator = Emulator(config)
    for target in (emulator, wire.chip.emulator):
        target.write(Region.WEIGHTS, np.random.default_rng(5).integers(0, 30, 2 * 1024))
        target.write(Region.THRESHOLD, np.full(1024, 100))
        target.write(Region.FLAGS, np.where(np.arange(1024) % 16 == 0, Flag.RECORD_SPIKES, 0))
    assert wire.run(stream) == (Status.OK, emulator.run(stream))
