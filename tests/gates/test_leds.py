"""LEDs: a heartbeat, and activity that lasts long enough to be seen."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest
from neurocorex.spec.protocol import TICK_S, heartbeat_bits
from neurocorex_hdl.lib.leds import Leds
from support import gateengine

CLOCK_HZ = 256
BLINK = CLOCK_HZ // 16


def levels(clock_hz: int, cycles: int, busy: frozenset[int] = frozenset()) -> tuple[list[int], list[int], list[int]]:
    """Heartbeat, activity and tick in each cycle, of a chip that is busy in some of them."""
    leds = Leds(heartbeat_bits(clock_hz))
    heartbeat: list[int] = []
    activity: list[int] = []
    tick: list[int] = []

    async def testbench(ctx) -> None:
        for cycle in range(cycles):
            ctx.set(leds.busy, cycle in busy)
            heartbeat.append(ctx.get(leds.heartbeat))
            activity.append(ctx.get(leds.activity))
            tick.append(ctx.get(leds.tick))
            await ctx.tick()

    simulator = gateengine.simulator(leds)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return heartbeat, activity, tick


@pytest.mark.parametrize("clock_hz", [200, 256])
def test_heart_beats_about_once_a_second(clock_hz: int) -> None:
    heartbeat, activity, _ = levels(clock_hz, 1024)
    assert [(level, len([*run])) for level, run in groupby(heartbeat)] == [(0, 128), (1, 128)] * 4
    assert not any(activity)


@pytest.mark.parametrize("clock_hz", [9, 129, 200, 256, 257])
def test_tick_comes_with_each_change_of_the_heartbeat(clock_hz: int) -> None:
    heartbeat, _, tick = levels(clock_hz, 1024)
    changes = [cycle for cycle, (before, now) in enumerate(pairwise(heartbeat), 1) if before != now]
    assert [cycle for cycle, level in enumerate(tick) if level] == changes
    assert len(changes) >= 3


@pytest.mark.parametrize("clock_hz", [129, 200, 256, 257])
def test_ticks_are_as_far_apart_as_the_protocol_says(clock_hz: int) -> None:
    _, _, tick = levels(clock_hz, 1100)
    cycles = [cycle for cycle, level in enumerate(tick) if level]
    (apart,) = {later - earlier for earlier, later in pairwise(cycles)}
    assert TICK_S[0] <= apart / clock_hz <= TICK_S[1]


@pytest.mark.parametrize("cycle", [3, BLINK - 1, BLINK, BLINK + 1, 100])
def test_single_busy_cycle_is_seen_for_a_while(cycle: int) -> None:
    _, activity, _ = levels(CLOCK_HZ, 200, frozenset({cycle}))
    assert sum(activity) == BLINK
    assert 0 < activity.index(1) - cycle <= BLINK + 1


def test_work_without_a_pause_is_seen_without_one() -> None:
    _, activity, _ = levels(CLOCK_HZ, 200, frozenset(range(150)))
    assert [level for level, _ in groupby(activity)] == [0, 1, 0]
    assert sum(activity) >= 150 - BLINK
