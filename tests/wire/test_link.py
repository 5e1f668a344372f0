"""Link: requests are answered once and in order, and every failure has a name and an end."""

from collections.abc import Iterator

import numpy as np
import pytest
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, DisconnectedError, GarbageError, NoAnswerError
from neurocorex.spec import CoreConfig, Op, Region, Request, Status
from neurocorex.spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex.wire.link import ATTEMPTS, Link
from neurocorex.wire.regions import from_bytes, write_requests
from support.fakes import (
    BusyTransport,
    ChatterTransport,
    MutingTransport,
    NoisyTransport,
    SilentTransport,
    UartTransport,
)
from support.tap import CLEAR, LONG_RUN, READ_WEIGHTS, WEIGHTS, WIDE, Tap


def random_weights(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (WEIGHTS.rows, WEIGHTS.columns))


def write_weights(link: Link, weights: np.ndarray) -> None:
    for _ in link.execute(write_requests(Region.WEIGHTS, weights, WIDE)):
        pass


def read_weights(link: Link) -> np.ndarray:
    return from_bytes(link.call(*READ_WEIGHTS), WEIGHTS)


@pytest.fixture
def tap() -> Tap:
    return Tap(VirtualTransport(WIDE))


# A line without faults --------------------------------------------------------------------------


def test_region_comes_back_as_it_was_written(tap: Tap) -> None:
    link = Link(tap)
    weights = random_weights()
    write_weights(link, weights)
    assert np.array_equal(read_weights(link), weights)


def test_nothing_is_sent_before_the_first_exchange(tap: Tap) -> None:
    Link(tap)
    assert not tap.written


def test_ends_meet_once_however_many_exchanges_follow(tap: Tap) -> None:
    link = Link(tap)
    for _ in range(300):  # beyond the modulus of the sequence
        link.call(*CLEAR)
    assert tap.sent(Op.HELLO) == 1
    assert tap.sent(Op.POLL) == 0


@pytest.mark.parametrize("rx_frames", [2, 4, 16])
def test_window_is_as_wide_as_the_credit_and_no_wider(rx_frames: int) -> None:
    config = CoreConfig(**{**WIDE.to_dict(), "rx_frames": rx_frames})
    tap = Tap(VirtualTransport(config))
    list(Link(tap).execute([CLEAR] * 40))
    assert all(response.status == Status.OK for response in tap.responses)
    first_answer = next(response for response in tap.responses if response.op == Op.CLEAR)
    before = tap.requests[: tap.requests.index(next(r for r in tap.requests if r.ack > 0))]
    assert sum(request.op == Op.CLEAR for request in before) == rx_frames
    assert first_answer.sequence == 0


def test_requests_are_taken_only_when_there_is_room() -> None:
    taken = 0

    def requests() -> Iterator[tuple[int, bytes]]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield CLEAR

    exchange = Link(VirtualTransport(WIDE)).execute(requests())
    next(exchange)
    assert taken <= 2 * WIDE.rx_frames


def test_long_answer_is_acknowledged_while_it_comes(tap: Tap) -> None:
    Link(tap).call(*READ_WEIGHTS)
    assert sum(response.status == Status.MORE for response in tap.responses) > WIDE.tx_frames
    assert tap.sent(Op.ACK) > 0
    assert tap.sent(Op.POLL) == 0


def test_empty_exchange_meets_the_chip(tap: Tap) -> None:
    assert list(Link(tap).execute([])) == []
    assert tap.sent(Op.HELLO) == 1


def test_answers_of_an_earlier_host_are_thrown_away() -> None:
    chip = VirtualTransport(WIDE)
    crashed = Link(chip)
    next(crashed.execute([LONG_RUN, READ_WEIGHTS, READ_WEIGHTS]))
    chip.write(Request(Op.WRITE, 77, 0, b"half a fra").encode()[:-5])
    weights = random_weights()
    link = Link(chip)
    write_weights(link, weights)
    assert np.array_equal(read_weights(link), weights)


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "payload", "message"),
    [
        (Op.READ, READ_ARGUMENTS.pack(0x77, 0, 0, 1), "refused READ: it has no such region"),
        (Op.READ, READ_ARGUMENTS.pack(Region.DELAY, 0, 99, 1), "refused READ of DELAY: that is beyond its end"),
        (Op.READ, b"\x10", "refused READ of WEIGHTS: the arguments have the wrong length"),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.INFO, 0, 0) + bytes(4), "refused WRITE of INFO: that can be read only"),
        (0x7F, b"", "refused operation 0x7f: it does not know this operation"),
    ],
    ids=["region", "range", "length", "read-only", "operation"],
)
def test_refusal_is_a_sentence_and_the_link_goes_on(op: int, payload: bytes, message: str) -> None:
    link = Link(VirtualTransport(WIDE))
    with pytest.raises(DeviceError, match=message):
        list(link.execute([CLEAR, (op, payload), CLEAR, CLEAR]))
    assert len(list(link.execute([CLEAR]))) == 1


def test_open_step_refuses_all_but_run_and_is_ended_by_the_next_exchange() -> None:
    link = Link(VirtualTransport(WIDE))
    with pytest.raises(DeviceError, match="has begun a step"):
        list(link.execute([(Op.RUN, b"\0"), CLEAR]))
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]


def test_exchange_that_is_abandoned_harms_no_other(tap: Tap) -> None:
    link = Link(tap)
    abandoned = link.execute([READ_WEIGHTS, CLEAR, READ_WEIGHTS])
    next(abandoned)
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]
    assert tap.sent(Op.HELLO) == 2


def test_source_that_fails_harms_no_other_exchange() -> None:
    def requests() -> Iterator[tuple[int, bytes]]:
        yield CLEAR
        raise ZeroDivisionError

    link = Link(VirtualTransport(WIDE))
    with pytest.raises(ZeroDivisionError):
        list(link.execute(requests()))
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]


# Damage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rate", [0.001, 0.004])
def test_noise_changes_nothing(rate: float, seed: int) -> None:
    noisy = NoisyTransport(VirtualTransport(WIDE), rate, seed)
    link = Link(noisy)
    for round_ in range(4):
        weights = random_weights(round_)
        write_weights(link, weights)
        assert np.array_equal(read_weights(link), weights)
    assert noisy.damaged


def test_lost_answer_is_asked_for_again() -> None:
    muting = MutingTransport(VirtualTransport(WIDE))
    link = Link(muting)
    link.call(*CLEAR)
    exchange = link.execute([READ_WEIGHTS])
    pieces = [next(exchange)]
    muting.mute(reads=1)
    pieces += exchange
    assert from_bytes(b"".join(data for _, data in pieces), WEIGHTS).shape == (WEIGHTS.rows, WEIGHTS.columns)


def test_busy_chip_is_waited_for_as_long_as_it_answers_polls() -> None:
    link = Link(BusyTransport(reads=20 * ATTEMPTS))
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]


def test_silence_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="silent does not answer; check that it is powered"):
        Link(SilentTransport()).call(*CLEAR)


def test_chip_that_falls_silent_is_no_answer_and_can_come_back() -> None:
    muting = MutingTransport(VirtualTransport(WIDE))
    link = Link(muting)
    link.call(*CLEAR)
    muting.mute(reads=10 * ATTEMPTS)
    with pytest.raises(NoAnswerError):
        link.call(*CLEAR)
    muting.mute(reads=0)
    assert link.call(*CLEAR) == b""


@pytest.mark.parametrize("times", [3, None], ids=["a greeting", "without end"])
@pytest.mark.parametrize("text", [b"login: \r\n", bytes(range(256)), b"\0\1\2\0"], ids=["text", "binary", "delimited"])
def test_another_protocol_is_garbage(text: bytes, times: int | None) -> None:
    with pytest.raises(GarbageError, match=rf"chatter sent \d+ bytes without one valid frame \({text[:3].hex(' ')}"):
        Link(ChatterTransport(text, times)).call(*CLEAR)


def test_chip_that_was_reset_is_noticed() -> None:
    tap = Tap(VirtualTransport(WIDE))
    link = Link(tap)
    list(link.execute([CLEAR] * 10))
    tap.inner = VirtualTransport(WIDE)
    with pytest.raises(DisconnectedError, match="was reset"):
        list(link.execute([CLEAR] * 10))
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]


# Baud rate --------------------------------------------------------------------------------------


def test_faster_rate_is_agreed_on() -> None:
    uart = UartTransport()
    link = Link(uart)
    assert link.set_baud(4, 3_000_000)
    assert (uart.baud, uart.chip_baud) == (3_000_000, 3_000_000)
    assert link.call(*CLEAR) == b""
    assert uart.breaks == 0


def test_rate_that_the_line_does_not_carry_is_given_up() -> None:
    uart = UartTransport(fastest=2_000_000)
    link = Link(uart)
    assert not link.set_baud(4, 3_000_000)
    assert (uart.baud, uart.chip_baud) == (1_000_000, 1_000_000)
    assert link.call(*CLEAR) == b""


def test_chip_left_at_another_rate_is_called_back() -> None:
    uart = UartTransport()
    Link(uart).set_baud(4, 3_000_000)
    uart.baud = 1_000_000
    assert Link(uart).call(*CLEAR) == b""
    assert uart.breaks == 1


def test_impossible_divisor_is_refused_and_the_rate_stays() -> None:
    uart = UartTransport()
    link = Link(uart)
    with pytest.raises(DeviceError, match="refused SET_BAUD"):
        link.set_baud(3, 4_000_000)
    assert uart.baud == 1_000_000
    assert link.call(*CLEAR) == b""
