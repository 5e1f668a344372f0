"""An emulated chip that nobody reads does nothing, and one that works answers POLL."""

import numpy as np
import pytest
from neurocorex.emulator import commands
from neurocorex.emulator.commands import CHUNK_S
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig, Counter, Op, Request, Response, ResponseDecoder
from support.fakes import SMALL
from support.wire import SESSION

HELLO = Request(Op.HELLO, session=SESSION).encode()
POLL = Request(Op.POLL, session=SESSION).encode()


def test_unread_polls_are_not_looked_at_and_cost_their_own_bytes_only() -> None:
    transport = VirtualTransport(SMALL)
    transport.write(HELLO)
    transport.read(0.0)
    for _ in range(20):
        transport.write(POLL * (1 << 16))
    assert transport._chip.emulator.counters[Counter.FRAMES_GOOD] == 1
    for _ in range(50):
        assert 0 < len(transport.read(0.0)) < 1 << 17


def test_one_read_is_bounded_whatever_a_poll_brings_back() -> None:
    config = CoreConfig(neurons=7, inputs=5, frame_bytes=4096, tx_frames=16, rx_frames=16)
    transport = VirtualTransport(config)
    transport.write(HELLO)
    for number in range(16):  # answers that are not acknowledged, and sent again for each POLL
        transport.write(Request(Op.READ, number, 0, bytes(9)[:1] + bytes(8), SESSION).encode())
    while transport.read(0.0):
        pass
    transport.write(POLL * 5000)
    notices = 0
    decoder = ResponseDecoder()
    while data := transport.read(0.0):
        assert len(data) < 1 << 18
        notices += sum(isinstance(frame, Response) and frame.op == Op.POLL for frame in decoder.feed(data))
    assert notices == 5000


@pytest.mark.parametrize("cost_s", [1e-6, 1e-4, 1e-2, 1.0], ids=str)
def test_pieces_of_work_are_short_however_long_a_step_takes(cost_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now, pieces = [0.0], list[int]()
    run = Emulator.run

    def slow(self: Emulator, stimulus: EventStream) -> EventStream:
        now[0] += cost_s * stimulus.steps
        pieces.append(stimulus.steps)
        return run(self, stimulus)

    monkeypatch.setattr(Emulator, "run", slow)
    monkeypatch.setattr(commands.time, "perf_counter", lambda: now[0])
    chip = VirtualChip(SMALL)
    chip.receive(HELLO)
    steps = 16_000 if cost_s < 1e-3 else 300
    chip.receive(Request(Op.RUN, 0, 0, EventStream(steps).encode(), SESSION).encode())
    assert sum(pieces) == steps
    assert all(steps * cost_s <= 2 * CHUNK_S or steps == 1 for steps in pieces[1:])
    if cost_s < 1e-5:
        assert max(pieces) == commands.CHUNK_STEPS


def test_first_piece_of_a_large_chip_is_short() -> None:
    large = CoreConfig(neurons=1024, inputs=4096)
    unit = VirtualChip(large)._commands
    assert unit._chunk * large.neurons * large.axons <= 2 * commands.CHUNK_UPDATES


def test_kernel_is_loaded_by_prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = []
    monkeypatch.setattr(Emulator, "prepare", lambda self: prepared.append(self.config))
    VirtualTransport(SMALL).prepare()
    assert prepared == [SMALL]


def test_run_that_fails_between_two_steps_is_answered_and_no_other_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = VirtualChip(SMALL)
    chip.receive(HELLO)
    run, calls = Emulator.run, iter([False, True])

    def failing(self: Emulator, stimulus: EventStream) -> EventStream:
        if next(calls, False):
            raise KeyboardInterrupt
        return run(self, stimulus)

    monkeypatch.setattr(Emulator, "run", failing)
    runs = [Request(Op.RUN, number, 0, b"\xff" * 3, SESSION).encode() for number in range(4)]
    with pytest.raises(KeyboardInterrupt):
        chip.receive(b"".join(runs[:2]))
    chip.receive(b"".join(runs[2:]))
    assert chip.emulator.counters[Counter.STEPS] == 3
    chip.receive(Request(Op.STOP, session=SESSION, ack=2).encode())
    chip.receive(Request(Op.RUN, 4, 4, b"\xff" * 3, SESSION).encode())
    assert chip.emulator.counters[Counter.STEPS] == 6
    assert np.all(chip.emulator.counters[Counter.FRAMES_BAD] == 0)
