"""Ctrl-C stops the chip, and the next exchange finds the link in order."""

import pytest
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.spec import Op, Status
from neurocorex.wire.link import Link
from support.fakes import InterruptingTransport, NoisyTransport
from support.tap import CLEAR, LONG_RUN, READ_WEIGHTS, WIDE, Tap


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
