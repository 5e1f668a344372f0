"""The host's end of the wire: everything arrives once and in order, and every failure has a name and an end."""

from collections.abc import Iterator

import numpy as np
import pytest
from fakes import (
    BusyTransport,
    ChatterTransport,
    InterruptingTransport,
    MutingTransport,
    NoisyTransport,
    SilentTransport,
    UartTransport,
    WrappedTransport,
)  # fmt: skip
from neurocorex.errors import DeviceError, DisconnectedError, GarbageError, NoAnswerError
from neurocorex.link.link import ATTEMPTS, Link
from neurocorex.link.window import Window
from neurocorex.spec import Clear, CoreConfig, Op, Region, Request, RequestDecoder, Response, ResponseDecoder, Status
from neurocorex.spec.events import IDLE
from neurocorex.spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex.spec.registers import layout
from neurocorex.streams.items import from_bytes, read_request, to_bytes, write_requests
from neurocorex.transport import VirtualTransport

WIDE = CoreConfig(neurons=40, inputs=30, lanes=8, frame_bytes=64)
WEIGHTS = layout(Region.WEIGHTS, WIDE)
READ_WEIGHTS = read_request(Region.WEIGHTS, WIDE)
CLEAR = (Op.CLEAR, bytes([Clear.STATE]))
LONG_RUN = (Op.RUN, bytes([IDLE, 0xFF, 0xFF]) * 4)


def random_weights(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (WEIGHTS.rows, WEIGHTS.columns))


def write_weights(link: Link, weights: np.ndarray) -> None:
    for _ in link.execute(write_requests(Region.WEIGHTS, weights, WIDE)):
        pass


def read_weights(link: Link) -> np.ndarray:
    return from_bytes(link.call(*READ_WEIGHTS), WEIGHTS)


class Tap(WrappedTransport):
    """Keeps the frames of both directions."""

    def __init__(self, inner):
        super().__init__(inner)
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self._down, self._up = RequestDecoder(), ResponseDecoder()

    def write(self, data):
        self.requests += [frame for frame in self._down.feed(data) if isinstance(frame, Request)]
        super().write(data)

    def read(self, timeout_s):
        data = super().read(timeout_s)
        self.responses += [frame for frame in self._up.feed(data) if isinstance(frame, Response)]
        return data

    def sent(self, op):
        return sum(request.op == op for request in self.requests)


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


# Ctrl-C -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads_before", range(6))
def test_interrupt_stops_the_chip_and_yields_what_still_comes(reads_before: int) -> None:
    interrupting = InterruptingTransport(VirtualTransport(WIDE))
    tap = Tap(interrupting)
    link = Link(tap)
    link.call(*CLEAR)
    interrupting.arm(*[False] * reads_before, True)
    statuses = []

    def run() -> None:
        for status, _ in link.execute([LONG_RUN] * 20):
            statuses.append(status)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(statuses) < 20
    assert Status.STOPPED in statuses
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]
    assert tap.sent(Op.HELLO) == 1


def test_second_interrupt_ends_the_waiting() -> None:
    interrupting = InterruptingTransport(VirtualTransport(WIDE))
    link = Link(interrupting)
    link.call(*CLEAR)
    interrupting.arm(True, True)
    with pytest.raises(KeyboardInterrupt):
        list(link.execute([LONG_RUN] * 20))
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]


def test_interrupt_outside_of_waiting_is_ended_by_the_next_exchange() -> None:
    class Interrupted(Tap):
        armed = False

        def write(self, data: bytes) -> None:
            if self.armed:
                self.armed = False
                super().write(data[: len(data) // 2])
                raise KeyboardInterrupt
            super().write(data)

    tap = Interrupted(VirtualTransport(WIDE))
    link = Link(tap)
    link.call(*CLEAR)
    tap.armed = True
    with pytest.raises(KeyboardInterrupt):
        list(link.execute([LONG_RUN] * 20))
    assert list(link.execute([CLEAR])) == [(Status.OK, b"")]
    assert tap.sent(Op.HELLO) == 2


def test_stop_reaches_the_chip_through_noise() -> None:
    for seed in range(10):
        interrupting = InterruptingTransport(NoisyTransport(VirtualTransport(WIDE), 0.003, seed))
        link = Link(interrupting)
        link.call(*CLEAR)
        interrupting.arm(False, True)
        with pytest.raises(KeyboardInterrupt):
            list(link.execute([LONG_RUN] * 20))
        assert link.call(*READ_WEIGHTS)


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


# Bookkeeping ------------------------------------------------------------------------------------


def test_window_counts_on_beyond_the_modulus() -> None:
    window = Window(limit=2)
    for number in range(600):
        window.push(Op.CLEAR, b"")
        request = window.due()
        assert request is not None
        assert request.sequence == number % 256
        response = Response(Op.CLEAR, sequence=number % 256, ack=(number + 1) % 256, credit=2)
        assert window.acknowledge(response)
        assert window.distance(response) == 0
        window.expected += 1
        window.finish()
    assert window.limit == 602


def test_window_ignores_old_acknowledgements_and_refuses_impossible_ones() -> None:
    window = Window(limit=4)
    for _ in range(3):
        window.push(Op.CLEAR, b"")
        window.due()
    assert window.acknowledge(Response(Op.POLL, ack=2, credit=4))
    assert not window.acknowledge(Response(Op.POLL, ack=1, credit=4))
    assert not window.acknowledge(Response(Op.POLL, ack=9, credit=4))
    assert (window.taken, window.limit) == (2, 6)


def test_window_sends_again_from_where_the_chip_stands() -> None:
    window = Window(limit=4)
    for payload in (b"a", b"b", b"c"):
        window.push(Op.CLEAR, payload)
        window.due()
    notice = Response(Op.POLL, ack=1, credit=2)
    window.acknowledge(notice)
    window.rewind(notice)
    again = [window.due(), window.due(), window.due()]
    assert [request and request.payload for request in again] == [b"b", b"c", None]


def test_items_are_cut_to_their_bytes_and_extended_again() -> None:
    config = CoreConfig(neurons=3, state_bits=20)
    table = layout(Region.THRESHOLD, config)
    values = np.array([-(1 << 19), -1, (1 << 19) - 1])
    assert to_bytes(values, table) == b"\0\0\xf8\xff\xff\xff\xff\xff\x07"
    assert from_bytes(to_bytes(values, table), table).tolist() == values.tolist()
