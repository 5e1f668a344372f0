"""Geometry of a chip in its answers: regions that it lacks, flags of CLEAR, its description."""

from __future__ import annotations

import pytest
from neurocorex.spec import ChipInfo, Clear, CoreConfig, Learning, Op, Region, Status, layout, regions
from neurocorex.spec.fixed import unpack
from neurocorex.spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex_hdl.link.access import RegionCursor
from support.corebench import simulate as simulate_unit
from support.link_bench import CONFIG, INFO, Host, simulate

LEARNING = CoreConfig(neurons=6, inputs=4, lanes=2, frame_bytes=64, learning=Learning.WINDOW, extra_axons=3)


@pytest.mark.parametrize(
    "region",
    [
        Region.PLASTIC, Region.POST_TABLE, Region.EXTRA_SOURCE, Region.PRE_TRACE, Region.FEEDBACK, Region.RULE,
        Region.CONTEXT_GAIN,
    ],
)  # fmt: skip
def test_region_that_a_chip_lacks_is_unknown_to_it(region: Region) -> None:
    async def scenario(host: Host) -> None:
        assert await host.call(Op.READ, READ_ARGUMENTS.pack(region, 0, 0, 1)) == (Status.BAD_REGION, b"")
        assert await host.call(Op.WRITE, WRITE_ARGUMENTS.pack(region, 0, 0) + b"1") == (Status.BAD_REGION, b"")

    simulate(scenario)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        LEARNING,
        CoreConfig(learning=Learning.EXPONENTIAL, neurons=9, inputs=1),
        CoreConfig(learning=Learning.EXPONENTIAL, errors=True),
        CoreConfig(learning=Learning.EXPONENTIAL, errors=True, groups=9),
        CoreConfig(learning=Learning.EXPONENTIAL, rules=2),
        CoreConfig(learning=Learning.EXPONENTIAL, rules=4, terms=True, adaptation=False),
        CoreConfig(learning=Learning.EXPONENTIAL, eligibility=True),
        CoreConfig(
            learning=Learning.EXPONENTIAL, errors=True, groups=9, rules=4, terms=True, eligibility=True, scaling=True
        ),
        CoreConfig(extra_axons=1),
        CoreConfig(neurons=9, inputs=1, contexts=16),
        CoreConfig(neurons=9, inputs=3, patterns=7, rate_bits=16),
    ],
    ids=[
        "plain",
        "windows and extra axons",
        "exponential",
        "errors",
        "groups",
        "rules",
        "rules and terms",
        "eligibility",
        "all of exponential traces",
        "extra axon",
        "contexts",
        "patterns",
    ],
)
def test_table_of_regions_is_that_of_the_contract(config: CoreConfig) -> None:
    cursor = RegionCursor(config)

    async def testbench(ctx) -> None:
        for code in range(0x60):
            for row, column in ((0, 0), (config.axons - 1, config.neurons - 1), (0, len(ChipInfo.WORDS))):
                address = [code, row & 0xFF, row >> 8, column & 0xFF, column >> 8]
                ctx.set(cursor.shift, 1)
                for byte in address:
                    ctx.set(cursor.byte, byte)
                    await ctx.tick()
                ctx.set(cursor.shift, 0)
                await ctx.tick().repeat(2)  # the table answers behind registers
                assert ctx.get(cursor.known) == (code in regions(config))
                if code in regions(config):
                    form = layout(Region(code), config)
                    assert ctx.get(cursor.writable) == form.writable
                    assert ctx.get(cursor.last_byte) == form.item_bytes - 1
                    assert ctx.get(cursor.inside) == (row < form.rows and column < form.columns)

    simulate_unit(cursor, testbench)


@pytest.mark.parametrize("flags", [0, Clear.STATE, Clear.COUNTERS, Clear.TRACES | Clear.ADAPTATION, 0xF3])
def test_clear_hands_its_flags_to_the_core(flags: int) -> None:
    async def scenario(host: Host) -> None:
        assert await host.call(Op.CLEAR, bytes([flags])) == (Status.OK, b"")
        cleared = host.ctx.get(host.core.state_clears), host.ctx.get(host.core.counter_clears)
        assert cleared == (bool(flags & Clear.STATE), bool(flags & Clear.COUNTERS))

    simulate(scenario)


def test_chip_that_learns_says_so() -> None:
    info = ChipInfo(config=LEARNING, clock_hz=INFO.clock_hz, baud=INFO.baud, build_id=INFO.build_id)

    async def scenario(host: Host) -> None:
        status, data = await host.call(Op.READ, READ_ARGUMENTS.pack(Region.INFO, 0, 0, len(ChipInfo.WORDS)))
        assert status == Status.OK
        assert ChipInfo.from_words(unpack(data, 4, signed=False)) == info

    simulate(scenario, config=LEARNING)
