"""Retransmission in gates: sequence, credit and notices, with a host that makes mistakes of every kind."""

from __future__ import annotations

from neurocorex.spec import Op, Region, Request, Status
from neurocorex.spec.events import END
from neurocorex.spec.protocol import READ_ARGUMENTS, SEQUENCE_MODULUS
from support.link_bench import (
    BURST,
    CLEAR_NOTHING,
    CLEAR_STATE,
    CONFIG,
    READ_WEIGHTS,
    WEIGHTS,
    Host,
    settle,
    simulate,
    write_weights,
)


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
