"""Arithmetic in gates against `neurocorex.spec.fixed`, exhaustively where numbers are small."""

import random

import pytest
from amaranth.hdl import Module, Signal, signed
from neurocorex.spec.fixed import saturate as saturated
from neurocorex.spec.fixed import shrink
from neurocorex_hdl.lib import arithmetic
from neurocorex_hdl.lib.arithmetic import Shrink, add_signed, magnitude, times
from support import gateengine
from support.corebench import simulate


def evaluate(inputs, outputs, rows):
    """Values of expressions for rows of values of signals."""
    m = Module()
    results = [Signal(output.shape()) for output in outputs]
    m.d.comb += [result.eq(output) for result, output in zip(results, outputs, strict=True)]
    answers = []

    async def testbench(ctx):
        for row in rows:
            for signal, value in zip(inputs, row, strict=True):
                ctx.set(signal, value)
            answers.append(tuple(ctx.get(result) for result in results))

    simulator = gateengine.simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
    return answers


@pytest.mark.parametrize(("width", "bits"), [(4, 3), (6, 3), (7, 6), (8, 5)])
def test_saturate_clamps_every_value(width, bits):
    value = Signal(signed(width))
    rows = [(number,) for number in range(-(1 << (width - 1)), 1 << (width - 1))]
    expected = [(saturated(number, bits), saturated(number, bits) != number) for (number,) in rows]
    assert evaluate([value], arithmetic.saturate(value, bits), rows) == expected


def test_saturate_leaves_what_is_narrow_enough():
    value = Signal(signed(4))
    rows = [(number,) for number in range(-8, 8)]
    assert evaluate([value], arithmetic.saturate(value, 6), rows) == [(number, 0) for (number,) in rows]


def test_magnitude_of_every_value():
    value = Signal(signed(6))
    rows = [(number,) for number in range(-32, 32)]
    assert evaluate([value], [magnitude(value)], rows) == [(abs(number),) for (number,) in rows]


@pytest.mark.parametrize(("width", "size_width"), [(4, 3), (3, 4), (5, 5), (1, 2)])
def test_add_signed_is_exact_for_every_pair(width, size_width):
    value, size, negative = Signal(signed(width)), Signal(size_width), Signal()
    rows = [
        (number, amount, sign)
        for number in range(-(1 << (width - 1)), 1 << (width - 1))
        for amount in range(1 << size_width)
        for sign in (0, 1)
    ]
    expected = [(number - amount if sign else number + amount,) for number, amount, sign in rows]
    assert evaluate([value, size, negative], [add_signed(value, size, negative)], rows) == expected


@pytest.mark.parametrize("factor", [1, 2, 7, 160, 8191])
def test_times_a_constant(factor):
    value = Signal(6)
    rows = [(number,) for number in range(64)]
    assert evaluate([value], [times(value, factor)], rows) == [(number * factor,) for (number,) in rows]


@pytest.mark.parametrize("bits", [5, 16, 19, 24])
def test_shrink_takes_a_value_in_every_cycle(bits):
    rng = random.Random(bits)
    top = (1 << bits) - 1
    decays = [0, 1, 2, 32768, 65533, 65534, 65535]
    cases = [(size, decay) for size in (0, 1, 2, top // 2, top // 2 + 1, top - 1, top) for decay in decays]
    cases += [(rng.randint(0, top) >> rng.randint(0, bits), rng.randint(0, 65535)) for _ in range(400)]
    unit, results = Shrink(bits), []

    async def testbench(ctx):
        for size, decay in [*cases, *[(0, 0)] * Shrink.LATENCY]:
            ctx.set(unit.magnitude, size)
            ctx.set(unit.decay, decay)
            *_, shrunk = await ctx.tick().sample(unit.shrunk)
            results.append(shrunk)

    simulate(unit, testbench)
    assert results[Shrink.LATENCY :] == [shrink(size, decay) for size, decay in cases]
