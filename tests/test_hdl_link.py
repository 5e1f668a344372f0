"""Sequence, credit, notices and retransmission in gates, with a host that makes every mistake there is."""

from __future__ import annotations

import random

import pytest
from link_bench import BURST, CONFIG, HOLD, Host, simulate
from neurocorex.spec import FrameError, Op, Region, Request, Response, Status, layout
from neurocorex.spec.events import END
from neurocorex.spec.protocol import READ_ARGUMENTS, SEQUENCE_MODULUS, WRITE_ARGUMENTS

CLEAR_STATE, CLEAR_NOTHING = b"\x01", b"\x00"
WEIGHTS = layout(Region.WEIGHTS, CONFIG)
READ_WEIGHTS = READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, WEIGHTS.items)


def write_weights(values: bytes, row: int = 0, column: int = 0) -> bytes:
    return WRITE_ARGUMENTS.pack(Region.WEIGHTS, row, column) + values


async def settle(host: Host) -> None:
    await host.ctx.tick().repeat(600)


def test_window_of_requests_is_carried_out_in_order() -> None:
    async def scenario(host: Host) -> None:
        for value in range(CONFIG.rx_frames):
            await host.request(Op.WRITE, write_weights(bytes([value])))
        for _ in range(CONFIG.rx_frames):
            assert (await host.answer()).status == Status.OK
        assert await host.call(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 1)) == (Status.OK, b"\x03")

    simulate(scenario)


def test_sequence_numbers_wrap_around() -> None:
    async def scenario(host: Host) -> None:
        host.gaps = (0,)
        sent = answered = 0
        while answered < SEQUENCE_MODULUS + 20:
            while sent < SEQUENCE_MODULUS + 20 and sent - answered < CONFIG.rx_frames:
                await host.request(Op.CLEAR, CLEAR_NOTHING)
                sent += 1
            response = await host.answer()
            assert response.status == Status.OK
            answered += 1
        await host.send(Op.POLL)
        response = await host.response()
        assert response.ack == (SEQUENCE_MODULUS + 20) % SEQUENCE_MODULUS
        assert response.sequence == response.ack

    simulate(scenario)


def test_request_beyond_the_credit_finds_no_room() -> None:
    async def scenario(host: Host) -> None:
        # Unacknowledged responses fill their buffers, then requests fill theirs.
        for _ in range(CONFIG.tx_frames + CONFIG.rx_frames):
            await host.request(Op.CLEAR, CLEAR_STATE)
            await settle(host)
        assert [(await host.response()).credit for _ in range(CONFIG.tx_frames)] == [4] * CONFIG.tx_frames
        await host.send(Op.CLEAR, CLEAR_STATE, host.sequence)
        notice = await host.response()
        assert (notice.op, notice.status, notice.credit) == (Op.POLL, Status.NO_ROOM, 0)
        assert notice.ack == host.sequence
        # An acknowledgement makes room again, and the dropped one can be repeated.
        host.ack = CONFIG.tx_frames
        await host.send(Op.ACK)
        for _ in range(CONFIG.rx_frames):
            await host.answer()
        assert (await host.call(Op.CLEAR, CLEAR_STATE))[0] == Status.OK
        assert host.ctx.get(host.core.state_clears) == CONFIG.tx_frames + CONFIG.rx_frames + 1

    simulate(scenario)


def test_room_that_appears_within_a_frame_comes_too_late_for_it() -> None:
    async def scenario(host: Host) -> None:
        await host.request(Op.RUN, bytes([END] * 50))
        for _ in range(CONFIG.rx_frames - 1):
            await host.request(Op.CLEAR, CLEAR_NOTHING)
        late = Request(Op.WRITE, host.sequence, 0, write_weights(bytes([99]) * 20)).encode()
        await host.write(late[:12])
        for _ in range(CONFIG.rx_frames):
            assert (await host.answer()).status == Status.OK
        await host.write(late[12:])
        notice = await host.response()
        assert (notice.status, notice.ack, notice.credit) == (Status.NO_ROOM, CONFIG.rx_frames, CONFIG.rx_frames)
        assert await host.call(Op.READ, READ_WEIGHTS) == (Status.OK, bytes(WEIGHTS.items))

    simulate(scenario)


def test_repeated_request_is_named_and_not_carried_out_again() -> None:
    async def scenario(host: Host) -> None:
        assert (await host.call(Op.CLEAR, CLEAR_STATE))[0] == Status.OK
        for sequence in (0, 2, 255):
            await host.send(Op.CLEAR, CLEAR_STATE, sequence)
            notice = await host.response()
            assert (notice.op, notice.status, notice.ack) == (Op.POLL, Status.OUT_OF_ORDER, 1)
        assert host.ctx.get(host.core.state_clears) == 1

    simulate(scenario)


def test_damaged_request_is_named_and_not_carried_out() -> None:
    async def scenario(host: Host) -> None:
        frame = bytearray(Request(Op.CLEAR, 0, 0, CLEAR_STATE).encode())
        frame[-3] ^= 0x40
        await host.write(bytes(frame))
        notice = await host.response()
        assert (notice.op, notice.status, notice.ack, notice.credit) == (Op.POLL, Status.BAD_FRAME, 0, 4)
        assert host.ctx.get(host.chip.error)
        assert (await host.call(Op.CLEAR, CLEAR_STATE))[0] == Status.OK
        assert host.ctx.get(host.core.state_clears) == 1
        assert host.ctx.get(host.core.bad_frames) == 1
        await host.hello()
        assert not host.ctx.get(host.chip.error)

    simulate(scenario)


def test_refused_request_is_shown_until_the_next_hello() -> None:
    async def scenario(host: Host) -> None:
        assert (await host.call(Op.CLEAR, CLEAR_STATE))[0] == Status.OK
        assert not host.ctx.get(host.chip.error)
        assert (await host.call(Op.READ, READ_ARGUMENTS.pack(0xEE, 0, 0, 1)))[0] == Status.BAD_REGION
        assert host.ctx.get(host.chip.error)
        await host.hello()
        assert not host.ctx.get(host.chip.error)

    simulate(scenario)


def test_overlong_request_is_dropped_whole() -> None:
    async def scenario(host: Host) -> None:
        await host.send(Op.WRITE, write_weights(b"\x55" * (CONFIG.payload_bytes - 4)))
        assert (await host.response()).status == Status.BAD_FRAME
        await host.request(Op.WRITE, write_weights(b"\x66" * (CONFIG.payload_bytes - 5)))
        assert (await host.answer()).status == Status.OK
        assert await host.call(Op.READ, READ_WEIGHTS) == (Status.OK, b"\x66" * 55 + b"\0" * 5)

    simulate(scenario)


def test_unknown_unnumbered_request_is_named() -> None:
    async def scenario(host: Host) -> None:
        for op in (0x00, 0x05, 0x0F):
            await host.send(op, b"what")
            notice = await host.response()
            assert (notice.op, notice.status) == (Op.POLL, Status.BAD_OP)

    simulate(scenario)


def test_poll_brings_back_lost_responses_from_the_acknowledged_one_on() -> None:
    async def scenario(host: Host) -> None:
        await host.request(Op.WRITE, write_weights(bytes(range(60))[:50]))
        await host.request(Op.READ, READ_WEIGHTS)
        await host.request(Op.CLEAR, CLEAR_NOTHING)
        first = [await host.response() for _ in range(3)]
        for expected in (0, 1, 3):
            host.ack = expected
            await host.send(Op.POLL)
            notice = await host.response()
            assert (notice.op, notice.status, notice.sequence) == (Op.POLL, Status.OK, 3)
            again = [await host.response() for _ in range(3 - expected)]
            assert [(frame.sequence, frame.op, frame.payload) for frame in again] == [
                (frame.sequence, frame.op, frame.payload) for frame in first[expected:]
            ]
        host.ack = 0
        await host.send(Op.POLL)
        assert (await host.response()).status == Status.OK
        await host.silence()

    simulate(scenario)


def test_poll_within_a_response_lets_it_end() -> None:
    async def scenario(host: Host) -> None:
        await host.request(Op.READ, READ_WEIGHTS)
        while len(host.wire) < 20:
            await host.ctx.tick()
        for _ in range(2):
            await host.send(Op.POLL)
        frames = [await host.response() for _ in range(3)]
        assert [frame.op for frame in frames] == [Op.READ, Op.POLL, Op.READ]
        assert frames[0].payload == frames[2].payload

    simulate(scenario)


def test_acknowledgement_within_a_repeated_response_keeps_its_buffer() -> None:
    async def scenario(host: Host) -> None:
        patterns = [bytes([value]) * 50 for value in range(1, 8)]
        for pattern in patterns[: CONFIG.tx_frames]:
            await host.request(Op.RUN, pattern[:-1] + bytes([END]))
            host.frames.clear()
            await settle(host)
        host.frames.clear()
        await host.send(Op.POLL)
        await host.response()
        mark = len(host.wire)
        while len(host.wire) < mark + 12:  # response 0 is on its way again
            await host.ctx.tick()
        host.ack = CONFIG.tx_frames
        await host.send(Op.ACK)
        for pattern in patterns[CONFIG.tx_frames :]:
            await host.request(Op.RUN, pattern[:-1] + bytes([END]))
        again = await host.response()
        assert again.sequence == 0
        assert again.payload == b"\x02" * 49 + bytes([END])
        for pattern in patterns[CONFIG.tx_frames :]:
            assert (await host.answer()).payload[:-1] == bytes([pattern[0] + 1]) * 49

    simulate(scenario)


def test_acknowledgement_out_of_the_window_is_ignored() -> None:
    async def scenario(host: Host) -> None:
        await host.request(Op.CLEAR, CLEAR_NOTHING)
        first = await host.response()
        for ack in (2, 100, 255):
            host.ack = ack
            await host.send(Op.ACK)
            await host.send(Op.POLL)
            notice, again = await host.response(), await host.response()
            assert (notice.op, again.op, again.sequence) == (Op.POLL, first.op, first.sequence)

    simulate(scenario)


def test_busy_chip_answers_poll() -> None:
    async def scenario(host: Host) -> None:
        await host.request(Op.RUN, bytes([BURST] * 40))
        await settle(host)
        frames = [await host.response() for _ in range(CONFIG.tx_frames)]
        assert {frame.status for frame in frames} == {Status.MORE}
        await host.silence()
        host.ack = CONFIG.tx_frames - 1
        await host.send(Op.POLL)
        notice = await host.response()
        assert (notice.op, notice.status, notice.credit) == (Op.POLL, Status.OK, CONFIG.rx_frames - 1)

    simulate(scenario)


# HELLO out of every state ------------------------------------------------------------------------


async def nothing(host: Host) -> None:
    pass


async def half_a_frame(host: Host) -> None:
    await host.write(Request(Op.WRITE, 0, 0, write_weights(b"abcdef")).encode()[:9])


async def open_step(host: Host) -> None:
    await host.call(Op.RUN, bytes([1, 2]))


async def held_back_results(host: Host) -> None:
    await host.request(Op.RUN, bytes([HOLD] * 5))


async def run_without_acknowledgement(host: Host) -> None:
    await host.request(Op.RUN, bytes([BURST] * 50))
    await settle(host)


async def read_without_acknowledgement(host: Host) -> None:
    for _ in range(CONFIG.rx_frames):
        await host.request(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, WEIGHTS.items))
    for _ in range(CONFIG.rx_frames):
        await host.response()
    for _ in range(CONFIG.rx_frames):
        await host.request(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, WEIGHTS.items))
    await settle(host)


async def everything_full(host: Host) -> None:
    for _ in range(CONFIG.tx_frames + CONFIG.rx_frames + 2):
        await host.request(Op.RUN, bytes([3] * 20))
        await settle(host)


async def deaf_host(host: Host) -> None:
    host.listening = False
    await host.request(Op.READ, READ_WEIGHTS)
    await host.request(Op.RUN, bytes([BURST] * 20))
    await settle(host)
    await host.write(b"\0" + Request(Op.HELLO, 0, 0, b"gone").encode())
    await settle(host)
    host.listening = True


async def rate_about_to_change(host: Host) -> None:
    host.listening = False
    await host.request(Op.SET_BAUD, (20).to_bytes(2, "little"))
    await settle(host)
    await host.write(b"\0" + Request(Op.HELLO, 0, 0, b"gone").encode())
    host.listening = True


async def hello_twice(host: Host) -> None:
    await host.request(Op.RUN, bytes([BURST] * 20))
    for token in (b"abcd", b"efgh"):
        await host.write(Request(Op.HELLO, 0, 0, token).encode())


async def damaged_hello(host: Host) -> None:
    await host.request(Op.RUN, bytes([BURST] * 20))
    frame = bytearray(Request(Op.HELLO, 0, 0, b"abcd").encode())
    frame[-2] ^= 1
    await host.write(bytes(frame))


async def hello_and_impatience(host: Host) -> None:
    await host.request(Op.RUN, bytes([BURST] * 20))
    await host.write(Request(Op.HELLO, 0, 0, b"abcd").encode())
    for sequence in range(3):
        await host.send(Op.CLEAR, CLEAR_STATE, sequence)
        await host.send(Op.POLL)


async def noise(host: Host) -> None:
    await host.write(host.rng.randbytes(200))


@pytest.mark.parametrize(
    "mess",
    [
        nothing, half_a_frame, open_step, held_back_results, run_without_acknowledgement, read_without_acknowledgement,
        everything_full, deaf_host, rate_about_to_change, hello_twice, damaged_hello, hello_and_impatience, noise,
    ],
    ids=lambda mess: mess.__name__,
)  # fmt: skip
@pytest.mark.parametrize("seed", range(2))
def test_hello_gets_through(mess, seed: int) -> None:
    async def scenario(host: Host) -> None:
        await mess(host)
        host.ack = 200
        await host.hello(token=0xFACE)
        await settle(host)
        # If the chip was about to answer an earlier HELLO, it has answered this one twice.
        assert {frame.op for frame in host.frames} <= {Op.HELLO}
        host.frames.clear()
        assert host.ctx.get(host.chip.divisor) == 12
        # Everything works, from number 0 on, and nothing is left of what was.
        assert (await host.call(Op.WRITE, write_weights(bytes(range(30)))))[0] == Status.OK
        assert (await host.call(Op.READ, READ_WEIGHTS))[1][:30] == bytes(range(30))
        assert await host.call(Op.RUN, bytes([5, END])) == (Status.OK, bytes([6, END]))

    simulate(scenario, seed=seed)


# A line that loses and damages frames, and a host that keeps to the protocol ------------------------


class Sender:
    """Go-back-N: keeps up to the credit in flight, and repeats from where the chip says."""

    def __init__(self, host: Host, requests: list[tuple[int, bytes]], loss: float) -> None:
        self.host, self.requests, self.loss = host, requests, loss
        self.answers: list[tuple[int, int, bytes]] = []
        self.acknowledged = self.sent = 0  # requests that the chip has, and that have been sent
        self.credit = CONFIG.rx_frames
        self.received = 0  # responses

    async def run(self) -> None:
        host, quiet = self.host, 0
        while len([answer for answer in self.answers if answer[1] != Status.MORE]) < len(self.requests):
            while self.sent < min(len(self.requests), self.acknowledged + self.credit):
                await self._send(self.sent, *self.requests[self.sent])
                self.sent += 1
            while host.frames:
                quiet = 0
                await self._take(host.frames.pop(0))
            await host.ctx.tick()
            quiet += 1
            if quiet > 600:
                quiet = 0
                self.sent = self.acknowledged
                await self._send(0, Op.POLL, b"")

    async def _send(self, sequence: int, op: int, payload: bytes) -> None:
        frame = bytearray(Request(op, sequence % 256, self.received % 256, payload).encode())
        if self.host.rng.random() < self.loss:
            frame[self.host.rng.randrange(len(frame))] ^= 1 << self.host.rng.randrange(8)
        await self.host.write(bytes(frame))

    async def _take(self, frame: Response | FrameError) -> None:
        if isinstance(frame, FrameError) or self.host.rng.random() < self.loss:
            return
        self.acknowledged += (frame.ack - self.acknowledged) % 256 if frame.ack != self.acknowledged % 256 else 0
        self.credit = frame.credit
        if frame.status in (Status.BAD_FRAME, Status.OUT_OF_ORDER, Status.NO_ROOM):
            self.sent = self.acknowledged
        if frame.op >= Op.READ and frame.sequence == self.received % 256:
            self.received += 1
            self.answers.append((frame.op, frame.status, frame.payload))
            await self._send(0, Op.ACK, b"")


@pytest.mark.parametrize("seed", range(3))
def test_lossy_line_loses_nothing_and_does_nothing_twice(seed: int) -> None:
    rng = random.Random(seed)
    weights = bytearray(WEIGHTS.items)
    requests: list[tuple[int, bytes]] = []
    expected: list[tuple[int, bytes]] = []
    for _ in range(25):
        kind = rng.choice(("write", "read", "run", "clear"))
        if kind == "write":
            start = rng.randrange(WEIGHTS.items)
            values = rng.randbytes(min(rng.randrange(1, 50), WEIGHTS.items - start))
            weights[start : start + len(values)] = values
            requests.append((Op.WRITE, write_weights(values, *divmod(start, WEIGHTS.columns))))
            expected.append((Op.WRITE, b""))
        elif kind == "read":
            requests.append((Op.READ, READ_WEIGHTS))
            expected.append((Op.READ, bytes(weights)))
        elif kind == "run":
            stimulus = bytes(rng.choices(range(0xD0), k=rng.randrange(40))) + bytes([END])
            requests.append((Op.RUN, stimulus))
            expected.append((Op.RUN, bytes(code + 1 for code in stimulus[:-1]) + bytes([END])))
        else:
            requests.append((Op.CLEAR, CLEAR_STATE))
            expected.append((Op.CLEAR, b""))

    async def scenario(host: Host) -> None:
        sender = Sender(host, requests, loss=0.08)
        await sender.run()
        assert [(op, payload) for op, _, payload in sender.answers] == expected
        assert {status for _, status, _ in sender.answers} == {Status.OK}
        assert host.ctx.get(host.core.state_clears) == sum(op == Op.CLEAR for op, _ in requests)

    simulate(scenario, seed=seed)
