"""Baud rate in gates: what makes a chip return to its rate after reset, and what does not."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from neurocorex.spec.protocol import RETURN_TICKS
from neurocorex_hdl.link.baud import BaudRate
from support import gateengine

RESET, OTHER = 12, 300
#: Events of a cycle: a byte begins, a good frame has come, a tick, a new rate, a break.
BYTE, GOOD, TICK, SWITCH, BREAK = EVENTS = ("begun", "good", "tick", "switch", "interrupted")
LOST, PROVEN = [BYTE, TICK], [SWITCH, BYTE, GOOD]


def divisors(events: Iterable[str | tuple[str, ...]], candidate: int = OTHER) -> list[int]:
    """Divisor after each cycle, of a unit that has been told a candidate."""
    dut = BaudRate(RESET)
    found: list[int] = []

    async def testbench(ctx) -> None:
        ctx.set(dut.go, 1)
        for byte in candidate.to_bytes(2, "little"):
            ctx.set(dut.payload.payload, byte)
            ctx.set(dut.payload.valid, 1)
            await ctx.tick()
        ctx.set(dut.payload.valid, 0)
        await ctx.tick()
        ctx.set(dut.go, 0)
        for event in events:
            happening = (event,) if isinstance(event, str) else event
            for name in EVENTS:
                ctx.set(getattr(dut, name), name in happening)
            await ctx.tick()
            found.append(ctx.get(dut.divisor))

    simulator = gateengine.simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return found


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([SWITCH, TICK, TICK, TICK], id="silence from the beginning"),
        pytest.param([SWITCH, *LOST * 3], id="strange bytes from the beginning"),
        pytest.param([*PROVEN, *LOST * 3], id="strange bytes at a proven rate"),
        pytest.param([*PROVEN, BYTE, BYTE, TICK, *LOST, *LOST], id="bytes in every interval, however many"),
        pytest.param([*PROVEN, *LOST, TICK, TICK, *LOST, TICK, TICK, TICK, *LOST], id="bytes now and then"),
        pytest.param([*PROVEN, *LOST * 2, BYTE, GOOD, *LOST * 3], id="a good frame only begins the count anew"),
        pytest.param([SWITCH, TICK, TICK, BYTE, GOOD, *LOST * 3], id="proven late"),
        pytest.param([*PROVEN, SWITCH, TICK, TICK, TICK], id="the next rate has to be proven, too"),
        pytest.param([SWITCH, GOOD, TICK, TICK, TICK], id="a frame that came before the switch proves nothing"),
        pytest.param([BYTE, TICK, BYTE, SWITCH, GOOD, TICK, TICK, TICK], id="nor does one with bytes before it"),
        pytest.param([*PROVEN, BREAK], id="a break at once"),
        pytest.param([SWITCH, BREAK], id="a break before the rate is proven"),
    ],
)
def test_rate_is_given_up_at_the_last_event_and_not_before(events: list[str]) -> None:
    found = divisors(events)
    assert found[-1] == RESET
    assert set(found[events.index(SWITCH) : -1]) == {OTHER}


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([*PROVEN, *[TICK] * 50], id="a silent line"),
        pytest.param([*PROVEN, *LOST, *[TICK] * 50], id="a line that falls silent"),
        pytest.param([*PROVEN, *[*LOST * 2, BYTE, GOOD] * 10], id="a good frame in every third interval"),
        pytest.param([*PROVEN, *[BYTE, GOOD, TICK] * 20], id="good frames"),
        pytest.param([*PROVEN, *[BYTE, (GOOD, TICK)] * 20], id="good frames with the ticks"),
        pytest.param([*PROVEN, *LOST * 2, BYTE, (GOOD, TICK), *LOST * 2], id="a good frame with the third tick"),
        pytest.param([*PROVEN, *LOST * 2, BYTE, GOOD, TICK, TICK, TICK], id="bytes before a good frame"),
        pytest.param([*[TICK, BYTE] * 2, SWITCH, TICK, TICK, BYTE, GOOD, TICK], id="ticks before the switch"),
        pytest.param([(SWITCH, TICK), TICK, TICK], id="a tick with the switch"),
        pytest.param([SWITCH, TICK, BYTE, TICK, GOOD, TICK, TICK, TICK], id="a tick within the frame that proves it"),
        pytest.param([*PROVEN, BYTE, TICK, TICK, GOOD, *LOST * 2], id="a good frame whose bytes a tick has seen"),
    ],
)
def test_rate_is_kept(events: list) -> None:
    assert divisors(events)[-1] == OTHER


def test_rate_after_reset_stays_whatever_comes() -> None:
    rng = random.Random(5)
    events = [tuple(name for name in (BYTE, GOOD, TICK, BREAK) if rng.random() < 0.2) for _ in range(500)]
    assert set(divisors(events)) == {RESET}


class Rule:
    """The rule, in the words of docs/protocol.md."""

    def __init__(self) -> None:
        self.divisor, self.has_had_good_frame = RESET, True
        self.bytes_since_tick = self.bytes_since_switch = self.suspicious_ticks = 0

    def cycle(self, happening: tuple[str, ...]) -> int:
        proves = GOOD in happening and (self.has_had_good_frame or self.bytes_since_switch > 0)
        suspicious = TICK in happening and (self.bytes_since_tick > 0 or not self.has_had_good_frame)
        if SWITCH in happening:
            self.divisor, self.has_had_good_frame = OTHER, False
            self.bytes_since_tick = self.bytes_since_switch = self.suspicious_ticks = 0
        elif proves:
            self.has_had_good_frame = True
            self.bytes_since_tick = self.suspicious_ticks = 0
        else:
            self.suspicious_ticks += suspicious
            if self.suspicious_ticks == RETURN_TICKS or BREAK in happening:
                self.divisor, self.has_had_good_frame, self.suspicious_ticks = RESET, True, 0
            if TICK in happening:
                self.bytes_since_tick = 0
        self.bytes_since_tick += BYTE in happening
        self.bytes_since_switch += BYTE in happening
        return self.divisor


@pytest.mark.parametrize("seed", range(4))
def test_random_events_are_taken_by_the_rule(seed: int) -> None:
    rng = random.Random(seed)
    chances = {BYTE: 0.2, GOOD: 0.06, TICK: 0.2, SWITCH: 0.05, BREAK: 0.01}
    events = [tuple(name for name, chance in chances.items() if rng.random() < chance) for _ in range(4000)]
    rule = Rule()
    expected = [rule.cycle(happening) for happening in events]
    assert 0.2 < expected.count(OTHER) / len(events) < 0.8
    assert divisors(events) == expected
