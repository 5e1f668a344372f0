"""Region bus: when the targets of a fork see a request, and how their answers are joined."""

from neurocorex.spec import CoreConfig
from neurocorex_hdl.lib.bus import BusFork
from support.corebench import simulate


async def seen(ctx, fork, strobe):
    """Cycles after a strobe in which each target sees it."""
    ctx.set(getattr(fork.bus, strobe), 1)
    cycles = []
    for cycle in range(4):
        cycles += [(number, cycle) for number in range(3) if ctx.get(getattr(fork.targets[number], strobe))]
        await ctx.tick()
        ctx.set(getattr(fork.bus, strobe), 0)
    return sorted(cycles)


def test_late_targets_see_reads_two_cycles_later_and_writes_one():
    fork = BusFork(CoreConfig(), early=1, late=2)

    async def testbench(ctx):
        assert await seen(ctx, fork, "read") == [(0, 0), (1, 2), (2, 2)]
        assert await seen(ctx, fork, "write") == [(0, 0), (1, 1), (2, 1)]

    simulate(fork, testbench)


def test_address_and_item_reach_all_targets_at_once():
    fork = BusFork(CoreConfig(), early=1, late=1)

    async def testbench(ctx):
        for name, value in (("region", 0x21), ("row", 300), ("column", 7), ("write_data", 0xFFFF_FFFE)):
            ctx.set(getattr(fork.bus, name), value)
            assert [ctx.get(getattr(fork.targets[number], name)) for number in range(2)] == [value] * 2

    simulate(fork, testbench)


def test_answers_are_joined_a_cycle_later():
    fork = BusFork(CoreConfig(), early=1, late=2)

    async def testbench(ctx):
        for number in range(3):
            ctx.set(fork.targets[number].read_data, 1 << number)
        assert ctx.get(fork.bus.read_data) == 0
        await ctx.tick()
        assert ctx.get(fork.bus.read_data) == 0b111

    simulate(fork, testbench)
