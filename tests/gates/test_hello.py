"""HELLO gets through in every state of the link, and resets it."""

from __future__ import annotations

import pytest
from neurocorex.spec import Op, Region, Request, Status
from neurocorex.spec.events import END
from neurocorex.spec.protocol import READ_ARGUMENTS
from support.link_bench import (
    BURST,
    CLEAR_STATE,
    CONFIG,
    HOLD,
    READ_WEIGHTS,
    WEIGHTS,
    Host,
    settle,
    simulate,
    write_weights,
)


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
    await host.write(b"\0" + Request(Op.HELLO, session=1).encode())
    await settle(host)
    host.listening = True


async def rate_about_to_change(host: Host) -> None:
    host.listening = False
    await host.request(Op.SET_BAUD, (20).to_bytes(2, "little"))
    await settle(host)
    await host.write(b"\0" + Request(Op.HELLO, session=1).encode())
    host.listening = True


async def hello_twice(host: Host) -> None:
    await host.request(Op.RUN, bytes([BURST] * 20))
    for session in (1, 2):
        await host.write(Request(Op.HELLO, session=session).encode())


async def damaged_hello(host: Host) -> None:
    await host.request(Op.RUN, bytes([BURST] * 20))
    frame = bytearray(Request(Op.HELLO, session=1).encode())
    frame[-2] ^= 1
    await host.write(bytes(frame))


async def hello_and_impatience(host: Host) -> None:
    await host.request(Op.RUN, bytes([BURST] * 20))
    await host.write(Request(Op.HELLO, session=1).encode())
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
        await host.hello(session=0xFACE)
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
