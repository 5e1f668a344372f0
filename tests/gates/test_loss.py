"""A line that loses and damages frames, between the gates and a host that keeps to the protocol."""

from __future__ import annotations

import random

import pytest
from neurocorex.spec import FrameError, Op, Request, Response, Status
from neurocorex.spec.events import END
from support.link_bench import CLEAR_STATE, CONFIG, READ_WEIGHTS, WEIGHTS, Host, simulate, write_weights


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
