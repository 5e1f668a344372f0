"""HELLO, STOP and acknowledgement in every cycle of what the command unit does."""

from __future__ import annotations

import pytest
from neurocorex.spec import Op, Region, Request, Status
from neurocorex.spec.events import END
from neurocorex.spec.protocol import READ_ARGUMENTS
from support.link_bench import (
    CLEAR_STATE,
    CONFIG,
    DIVISOR,
    HOLD,
    Host,
    simulate,
    write_weights,
)

READ_FOUR = READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 4)


async def quiet(host: Host, cycles: int = 80) -> None:
    """Wait until nothing has come from the chip for longer than any request takes here."""
    seen = -1
    while seen != len(host.wire):
        seen = len(host.wire)
        await host.ctx.tick().repeat(cycles)


@pytest.mark.parametrize(
    ("op", "payload", "cycles"),
    [
        (Op.CLEAR, CLEAR_STATE, 25),
        (Op.WRITE, write_weights(b"abc"), 40),
        (Op.READ, READ_FOUR, 50),
        (Op.RUN, bytes([1, END, HOLD, 2]), 50),
        (Op.SET_BAUD, (20).to_bytes(2, "little"), 50),
        (0x15, b"", 20),
    ],
    ids=["CLEAR", "WRITE", "READ", "RUN", "SET_BAUD", "unknown"],
)
def test_hello_in_any_cycle_of_a_command(op: int, payload: bytes, cycles: int) -> None:
    async def scenario(host: Host) -> None:
        host.gaps = (0,)
        await host.hello()
        for delay in range(1, cycles):
            last, session = host.session, 0x8000 + delay
            # The first one takes as long as HELLO does to come.
            await host.request(Op.RUN, bytes([1, END]))
            await host.request(op, payload)
            await host.ctx.tick().repeat(delay)
            assert await host.hello(session) == last, delay
            await host.silence(40)
            assert host.ctx.get(host.chip.divisor) in ({DIVISOR, 20} if op == Op.SET_BAUD else {DIVISOR}), delay
            assert await host.call(Op.RUN, bytes([5, END])) == (Status.OK, bytes([6, END])), delay

    simulate(scenario)


def test_stop_in_any_cycle_of_a_run_spares_the_next() -> None:
    statuses = []

    async def scenario(host: Host) -> None:
        host.gaps = (0,)
        await host.hello()
        for delay in range(1, 70):
            await host.request(Op.RUN, bytes([1, END, 2]))
            await host.ctx.tick().repeat(delay)
            await host.send(Op.STOP)
            stopped = await host.answer()
            statuses.append(stopped.status)
            results = stopped.payload
            assert await host.call(Op.RUN, bytes([7, END])) == (Status.OK, bytes([8, END])), delay
            assert (stopped.status, results.count(END)) in (
                (Status.OK, 1), (Status.STOPPED, 1), (Status.STOPPED, 2),
            ), delay  # fmt: skip

    simulate(scenario)
    assert statuses[0] == Status.STOPPED
    assert statuses[-1] == Status.OK


@pytest.mark.parametrize("op", [Op.ACK, Op.POLL])
def test_acknowledgement_in_any_cycle_of_an_answer_loses_nothing(op: int) -> None:
    """The acknowledgement of one response arrives while the next one is made, closed, chosen and sent."""

    async def scenario(host: Host) -> None:
        host.gaps = (0,)
        await host.hello()
        for delay in range(1, 60):
            first, second = host.ack, host.ack + 1
            await host.request(Op.CLEAR, b"\0")
            await quiet(host)
            await host.request(Op.READ, READ_FOUR)
            await host.ctx.tick().repeat(delay)
            host.ack = second
            await host.send(op)
            await quiet(host)
            frames, host.frames = host.frames, []
            numbered = [frame for frame in frames if frame.op >= Op.READ]
            assert {frame.sequence for frame in numbered} == {first % 256, second % 256}, delay
            assert numbered[0].sequence == first % 256
            assert [frame.sequence for frame in numbered].count(first % 256) == 1, delay
            # What is kept now is the second alone; then nothing.
            assert await _kept(host) == [second % 256], delay
            host.ack += 1
            assert await _kept(host) == [], delay

    async def _kept(host: Host) -> list[int]:
        await host.send(Op.POLL)
        await quiet(host)
        notice, *again = host.frames
        host.frames = []
        assert (notice.op, notice.sequence, notice.ack) == (Op.POLL, host.sequence % 256, host.sequence % 256)
        return [frame.sequence for frame in again]

    simulate(scenario)


def test_room_is_counted_right_when_a_request_is_served_as_another_is_kept() -> None:
    async def scenario(host: Host) -> None:
        host.gaps = (0,)
        await host.hello()
        for delay in range(1, 40):
            begin = host.sequence
            for sequence in range(2):
                await host.request(Op.WRITE, write_weights(bytes([delay, sequence])))
                await host.ctx.tick().repeat(delay)
            assert [(await host.answer()).status for _ in range(2)] == [Status.OK] * 2, delay
            await host.send(Op.POLL)
            notice = await host.response()
            assert (notice.ack, notice.credit) == ((begin + 2) % 256, CONFIG.rx_frames), delay

    simulate(scenario)


@pytest.mark.parametrize("offset", [1, -1, 0x0100, 0x8000])
def test_frame_of_another_session_wherever_it_differs(offset: int) -> None:
    async def scenario(host: Host) -> None:
        mine = 0x4080
        await host.hello(mine)
        other = mine ^ (offset & 0xFFFF)
        for op in (Op.CLEAR, Op.POLL, Op.ACK, Op.STOP, 0x05):
            await host.write(Request(op, 0, 0, b"\1", other).encode())
            if op in (Op.CLEAR, Op.POLL):
                notice = await host.response()
                assert (notice.op, notice.status, notice.session) == (Op.POLL, Status.OTHER_SESSION, mine)
            await host.silence()
        assert host.ctx.get(host.core.state_clears) == 0
        assert (await host.call(Op.CLEAR, CLEAR_STATE))[0] == Status.OK

    simulate(scenario)
