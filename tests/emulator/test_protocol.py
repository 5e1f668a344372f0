"""Protocol of an emulated chip: sequence, credit, notices, retransmission, damage."""

import random

import pytest
from neurocorex.spec import CoreConfig, Counter, Op, Region, Request, Response, Status
from neurocorex.spec.protocol import READ_ARGUMENTS
from neurocorex.spec.stuffing import cobs_encode, with_crc
from support.wire import SESSION, Wire

CONFIG = CoreConfig(neurons=8, inputs=4, lanes=4, frame_bytes=64, rx_frames=4, tx_frames=2)
#: A READ of a region that needs several responses: 96 weights in frames of 60 bytes.
READ_WEIGHTS = READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 96)
READ_BIAS = READ_ARGUMENTS.pack(Region.BIAS, 0, 0, 8)


@pytest.fixture
def wire() -> Wire:
    return Wire(CONFIG)


def summary(frames: list[Response]) -> list[tuple[int, int, int]]:
    return [(frame.op, frame.sequence, frame.status) for frame in frames]


def test_hello_is_answered_with_its_token_and_full_credit(wire: Wire) -> None:
    assert wire.hello() == Response(Op.HELLO, 0, 0, 4, Status.OK, bytes(2), SESSION)


def test_numbered_requests_are_answered_in_order(wire: Wire) -> None:
    assert summary(wire.send(Op.READ, READ_BIAS)) == [(Op.READ, 0, Status.OK)]
    assert summary(wire.send(Op.CLEAR, b"\1")) == [(Op.CLEAR, 1, Status.OK)]


def test_answers_tell_what_is_expected_next(wire: Wire) -> None:
    (first,) = wire.send(Op.CLEAR, b"\1")
    assert (first.ack, first.credit) == (1, 4)


def test_sequences_wrap_at_256(wire: Wire) -> None:
    for number in range(600):
        (answer,) = frames = wire.send(Op.CLEAR, b"\1")
        assert (answer.sequence, answer.ack) == (number % 256, (number + 1) % 256)
        assert wire.acknowledge(frames) == []


def test_repeated_request_is_not_carried_out_twice(wire: Wire) -> None:
    run = wire.frame(Op.RUN, b"\xff")
    assert summary(wire.raw(run)) == [(Op.RUN, 0, Status.OK)]
    for _ in range(3):
        (notice,) = wire.raw(run)
        assert (notice.op, notice.status, notice.ack, notice.sequence) == (Op.POLL, Status.OUT_OF_ORDER, 1, 1)
    assert wire.chip.emulator.counters[Counter.STEPS] == 1


def test_request_out_of_order_is_dropped(wire: Wire) -> None:
    (notice,) = wire.send(Op.RUN, b"\xff", sequence=1)
    assert (notice.op, notice.status, notice.ack) == (Op.POLL, Status.OUT_OF_ORDER, 0)
    assert wire.chip.emulator.counters[Counter.STEPS] == 0
    assert summary(wire.send(Op.RUN, b"\xff", sequence=0)) == [(Op.RUN, 0, Status.OK)]


def test_bad_checksum_is_refused(wire: Wire) -> None:
    run = bytearray(Request(Op.RUN, 0, 0, b"\xff" * 5, SESSION).encode())
    run[5] ^= 1
    (notice,) = wire.raw(bytes(run))
    assert (notice.op, notice.status, notice.ack) == (Op.POLL, Status.BAD_FRAME, 0)
    assert wire.chip.emulator.counters[Counter.STEPS] == 0
    assert wire.chip.emulator.counters[Counter.FRAMES_BAD] == 1


@pytest.mark.parametrize(
    "damaged",
    [b"\x09\x01\x02\0", b"\x01\0", cobs_encode(b"\x03\x00\x00") + b"\0", cobs_encode(with_crc(b"\x03\x00")) + b"\0"],
    ids=["bad distance", "nothing in it", "shorter than a checksum", "shorter than a header"],
)
def test_damaged_frame_is_answered_by_a_notice(wire: Wire, damaged: bytes) -> None:
    assert summary(wire.raw(damaged)) == [(Op.POLL, 0, Status.BAD_FRAME)]


def test_stray_bytes_cost_one_frame_at_most(wire: Wire) -> None:
    assert wire.raw(b"stray") == []
    assert summary(wire.poll()) == [(Op.POLL, 0, Status.BAD_FRAME)]
    assert summary(wire.poll()) == [(Op.POLL, 0, Status.OK)]


def test_stray_delimiters_are_ignored(wire: Wire) -> None:
    assert wire.raw(bytes(100)) == []
    assert summary(wire.poll()) == [(Op.POLL, 0, Status.OK)]


def test_a_cut_frame_is_finished_by_the_delimiter_before_the_next(wire: Wire) -> None:
    run = wire.frame(Op.RUN, b"\xff")
    assert wire.raw(run[:4]) == []
    frames = wire.raw(b"\0" + run)
    assert summary(frames) == [(Op.POLL, 0, Status.BAD_FRAME), (Op.RUN, 0, Status.OK)]


def test_bytes_may_come_one_by_one(wire: Wire) -> None:
    frames = [frame for byte in wire.frame(Op.RUN, b"\xff" * 9) for frame in wire.raw(bytes([byte]))]
    assert summary(frames) == [(Op.RUN, 0, Status.OK)]


def test_many_frames_may_come_at_once(wire: Wire) -> None:
    frames = wire.raw(b"".join(wire.frame(Op.CLEAR, b"\1") for _ in range(2)))
    assert summary(frames) == [(Op.CLEAR, 0, Status.OK), (Op.CLEAR, 1, Status.OK)]


def test_payload_as_long_as_a_buffer_is_taken(wire: Wire) -> None:
    assert summary(wire.send(Op.RUN, b"\xff" * CONFIG.payload_bytes)) == [(Op.RUN, 0, Status.OK)]


def test_payload_beyond_the_buffer_is_a_bad_frame(wire: Wire) -> None:
    frames = wire.send(Op.RUN, b"\xff" * (CONFIG.payload_bytes + 1), sequence=0)
    assert summary(frames) == [(Op.POLL, 0, Status.BAD_FRAME)]
    assert wire.chip.emulator.counters[Counter.FRAMES_BAD] == 1


def test_chip_waits_while_its_responses_are_not_acknowledged(wire: Wire) -> None:
    assert len(wire.send(Op.CLEAR, b"\1")) == 1
    assert len(wire.send(Op.CLEAR, b"\1")) == 1
    for _ in range(4):
        assert wire.send(Op.RUN, b"\xff") == []
    assert wire.chip.emulator.counters[Counter.STEPS] == 0
    (notice,) = wire.poll()[:1]
    assert (notice.ack, notice.credit) == (6, 0)


def test_request_beyond_the_credit_is_refused(wire: Wire) -> None:
    wire.raw(b"".join(wire.frame(Op.CLEAR, b"\1") for _ in range(6)))
    (notice,) = wire.send(Op.CLEAR, b"\1", sequence=6)
    assert (notice.op, notice.status, notice.ack, notice.credit) == (Op.POLL, Status.NO_ROOM, 6, 0)


def test_chip_goes_on_when_responses_are_acknowledged(wire: Wire) -> None:
    frames = wire.raw(b"".join(wire.frame(Op.CLEAR, b"\1") for _ in range(6)))
    assert summary(frames) == [(Op.CLEAR, 0, Status.OK), (Op.CLEAR, 1, Status.OK)]
    more = wire.acknowledge(frames)
    assert summary(more) == [(Op.CLEAR, 2, Status.OK), (Op.CLEAR, 3, Status.OK)]
    assert [frame.credit for frame in more] == [1 + CONFIG.rx_frames - 4, 4 - 2]
    assert summary(wire.acknowledge(more)) == [(Op.CLEAR, 4, Status.OK), (Op.CLEAR, 5, Status.OK)]


def test_any_request_acknowledges(wire: Wire) -> None:
    wire.raw(wire.frame(Op.CLEAR, b"\1") + wire.frame(Op.CLEAR, b"\1"))
    wire.ack = 2
    assert summary(wire.send(Op.CLEAR, b"\1")) == [(Op.CLEAR, 2, Status.OK)]


def test_long_answer_waits_for_its_acknowledgement(wire: Wire) -> None:
    frames = wire.send(Op.READ, READ_ARGUMENTS.pack(Region.INFO, 0, 0, 16))
    frames += wire.send(Op.READ, READ_WEIGHTS)
    assert summary(frames) == [(Op.READ, 0, Status.MORE), (Op.READ, 1, Status.OK)]
    assert summary(wire.acknowledge(frames)) == [(Op.READ, 2, Status.MORE), (Op.READ, 3, Status.OK)]


def test_poll_sends_again_what_was_not_acknowledged(wire: Wire) -> None:
    frames = wire.raw(wire.frame(Op.READ, READ_BIAS) + wire.frame(Op.CLEAR, b"\1"))
    notice, *again = wire.poll()
    assert (notice.op, notice.status, notice.sequence, notice.ack) == (Op.POLL, Status.OK, 2, 2)
    assert summary(again) == summary(frames)
    assert [frame.payload for frame in again] == [frame.payload for frame in frames]


def test_poll_sends_again_from_the_hosts_ack_on(wire: Wire) -> None:
    wire.raw(wire.frame(Op.READ, READ_BIAS) + wire.frame(Op.CLEAR, b"\1"))
    wire.ack = 1
    assert summary(wire.poll()) == [(Op.POLL, 2, Status.OK), (Op.CLEAR, 1, Status.OK)]
    wire.ack = 2
    assert summary(wire.poll()) == [(Op.POLL, 2, Status.OK)]


@pytest.mark.parametrize("ack", [3, 128, 255])
def test_ack_of_what_was_never_sent_means_nothing(wire: Wire, ack: int) -> None:
    wire.raw(wire.frame(Op.CLEAR, b"\1") + wire.frame(Op.CLEAR, b"\1"))
    wire.ack = ack
    assert summary(wire.poll()) == [(Op.POLL, 2, Status.OK), (Op.CLEAR, 0, Status.OK), (Op.CLEAR, 1, Status.OK)]


def test_busy_chip_answers_polls(wire: Wire) -> None:
    wire.raw(b"".join(wire.frame(Op.CLEAR, b"\1") for _ in range(5)))
    assert summary(wire.poll())[0] == (Op.POLL, 2, Status.OK)


def test_ack_is_not_answered(wire: Wire) -> None:
    assert wire.send(Op.ACK) == []


def test_unknown_unnumbered_operation_is_answered_by_a_notice(wire: Wire) -> None:
    assert summary(wire.send(0x07)) == [(Op.POLL, 0, Status.BAD_OP)]


def test_hello_drops_requests_and_responses(wire: Wire) -> None:
    wire.raw(b"".join(wire.frame(Op.RUN, b"\xff") for _ in range(6)))
    answer = wire.hello()
    assert (answer.sequence, answer.ack, answer.credit) == (0, 0, 4)
    assert summary(wire.poll()) == [(Op.POLL, 0, Status.OK)]
    assert wire.chip.emulator.counters[Counter.STEPS] == 2
    assert summary(wire.send(Op.CLEAR, b"\1")) == [(Op.CLEAR, 0, Status.OK)]


def test_frames_are_counted(wire: Wire) -> None:
    wire.send(Op.CLEAR, b"\2")
    wire.poll()
    wire.raw(b"stray\0")
    counters = wire.chip.emulator.counters
    assert (counters[Counter.FRAMES_GOOD], counters[Counter.FRAMES_BAD]) == (1, 1)


def test_work_can_be_rationed(wire: Wire) -> None:
    request = wire.frame(Op.READ, READ_WEIGHTS) + wire.frame(Op.CLEAR, b"\1")
    assert wire.chip.receive(request, work=0) == b""
    assert wire.chip.busy
    frames = wire.raw(b"")
    assert summary(frames) == [(Op.READ, 0, Status.MORE), (Op.READ, 1, Status.OK)]
    assert not wire.chip.busy
    assert summary(wire.acknowledge(frames)) == [(Op.CLEAR, 2, Status.OK)]


@pytest.mark.parametrize("seed", range(8))
def test_lossy_line_to_the_chip_changes_nothing(seed: int) -> None:
    """Requests are lost, damaged and repeated; going back to the chip's ack carries each out exactly once."""
    rng = random.Random(seed)
    wire = Wire(CONFIG)
    requests = [(Op.RUN, b"\xff" * rng.randint(1, 5)) if rng.random() < 0.7 else (Op.CLEAR, b"\1") for _ in range(300)]
    answered: list[Response] = []
    begun = 0
    while len(answered) < len(requests):
        data = bytearray()
        for number in range(begun, min(begun + 4, len(requests))):
            op, payload = requests[number]
            frame = bytearray(Request(op, number % 256, wire.ack, payload, SESSION).encode())
            fate = rng.random()
            if fate < 0.1:
                continue
            if fate < 0.2:
                frame[rng.randrange(len(frame) - 1)] ^= 1 << rng.randrange(8)
            data += frame * (2 if fate > 0.9 else 1)
        frames = wire.raw(bytes(data)) + wire.poll()
        for frame in frames:
            if frame.op >= Op.READ and frame.sequence == wire.ack:
                answered.append(frame)
                wire.ack = (wire.ack + 1) % 256
        begun += (frames[-1].ack - begun) % 256
    assert [frame.op for frame in answered] == [op for op, _ in requests]
    assert {frame.status for frame in answered} == {Status.OK}
    assert wire.chip.emulator.counters[Counter.STEPS] == sum(len(payload) for op, payload in requests if op == Op.RUN)
