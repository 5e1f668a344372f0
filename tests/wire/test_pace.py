"""Pace of asking: soon where a chip answers at once, seldom where it takes its time, never for ever."""

from collections.abc import Callable

import pytest
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.errors import NoAnswerError
from neurocorex.spec import Op, Request, RequestDecoder
from neurocorex.wire.link import Link
from neurocorex.wire.pace import FLOOR_S, Pace
from neurocorex.wire.transport import Transport
from support.fakes import SMALL, SilentTransport
from support.tap import CLEAR


class TimedChip(Transport):
    """A chip that needs some time for each answer, on a clock of its own; `loses` says which answers get lost."""

    name = "timed"

    def __init__(self, needs_s: float, loses: Callable[[int], bool] = lambda _count: False) -> None:
        self.now = 0.0
        self.polls = 0
        self._chip, self._needs_s, self._loses = VirtualChip(SMALL), needs_s, loses
        self._due: list[tuple[float, bytes]] = []
        self._count = 0

    def write(self, data: bytes) -> None:
        self.polls += sum(frame.op == Op.POLL for frame in RequestDecoder().feed(data) if isinstance(frame, Request))
        if answer := self._chip.receive(data):
            self._count += 1
            if not self._loses(self._count):
                self._due.append((self.now + self._needs_s, answer))

    def read(self, timeout_s: float) -> bytes:
        due, answer = self._due[0] if self._due else (float("inf"), b"")
        if due > self.now + timeout_s:
            self.now += timeout_s
            return b""
        self.now = max(self.now, due)
        self._due.pop(0)
        return answer

    def close(self) -> None:
        pass


def linked(chip: TimedChip) -> Link:
    link = Link(chip)
    link.patience.clock = link._line.pace._clock = lambda: chip.now
    link.call(*CLEAR)
    return link


@pytest.mark.parametrize("needs_s", [0.0001, 0.004, 0.05, 0.2])
def test_loss_costs_a_few_round_trips(needs_s: float) -> None:
    calls = 2000
    clean, lossy = TimedChip(needs_s), TimedChip(needs_s, lambda count: count % 500 == 499)
    for chip in (clean, lossy):
        link = linked(chip)
        for _ in range(calls):
            link.call(*CLEAR)
    assert clean.polls == 0
    lost = calls // 500
    assert lossy.now - clean.now < lost * max(12 * needs_s, 4 * FLOOR_S)


def test_slow_chip_is_asked_seldom() -> None:
    chip = TimedChip(0.001)
    link = linked(chip)
    chip._needs_s = 0.4
    for _ in range(50):
        link.call(*CLEAR)
    assert chip.polls < 10


def test_chip_that_stays_silent_is_given_up_after_the_whole_time() -> None:
    chip = TimedChip(0.001)
    link = linked(chip)
    begun, chip._loses = chip.now, lambda _count: True
    with pytest.raises(NoAnswerError):
        link.call(*CLEAR)
    assert 2.5 < chip.now - begun < 3.6
    assert chip.polls < 16


def test_chip_that_answers_poll_for_ever_is_ended_by_the_deadline() -> None:
    class Stuck(TimedChip):
        def write(self, data: bytes) -> None:
            polls = [f for f in RequestDecoder().feed(data) if isinstance(f, Request) and f.op < Op.READ]
            super().write(b"".join(b"\0" + frame.encode() for frame in polls))

    chip = Stuck(0.001)
    link = Link(chip)
    link.patience.clock = link._line.pace._clock = lambda: chip.now
    link.patience.begin(20.0)
    with pytest.raises(NoAnswerError, match="took longer than deadline_s=20"):
        link.call(*CLEAR)
    assert chip.now == pytest.approx(20.0, abs=0.1)
    assert link.cut


def test_write_has_no_more_time_than_the_call() -> None:
    chip = TimedChip(0.0)
    link = linked(chip)
    link.patience.begin(3.0)
    link.call(*CLEAR)
    assert chip.write_timeout_s == pytest.approx(3.0)
    link.patience.begin(None)
    link.call(*CLEAR)
    assert chip.write_timeout_s == 10.0


def test_deadline_ends_a_greeting_too() -> None:
    link = Link(SilentTransport())
    link.patience.clock = iter(range(100)).__next__
    link.patience.begin(3)
    with pytest.raises(NoAnswerError, match="deadline_s=3"):
        link.call(*CLEAR)


def test_pace_forgets_a_long_pause_slowly_and_learns_nothing_from_a_loss() -> None:
    now = [0.0]
    pace = Pace(0.5, lambda: now[0])
    assert pace.wait_s == 0.5

    def pause(seconds: float, *, lost: bool = False) -> float:
        pace.waits()
        now[0] += seconds
        if lost:
            pace.loses()
        pace.hears()
        return pace.wait_s

    assert pause(0.1) == pytest.approx(0.2)
    assert pause(0.4, lost=True) == pytest.approx(0.2)
    assert pause(0.0) == pytest.approx(0.196)
    assert pause(3.0) == 0.5
    for _ in range(1000):
        pause(0.0)
    assert pace.wait_s == FLOOR_S
    pace.asks()
    assert pace.wait_s == 2 * FLOOR_S
