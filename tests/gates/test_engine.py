"""Engine of the tests: every signal of a design is what Amaranth's own simulator says, in every cycle."""

import random

import pytest
from amaranth.hdl import Array, Assert, Cat, ClockSignal, Fragment, Module, Mux, Signal, signed, unsigned
from amaranth.hdl import _nir as nir
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator
from neurocorex.spec import CoreConfig, Learning
from neurocorex_hdl.core import Core
from support.corebench import BlockRam, on_core
from support.gateengine import GateEngine
from support.gatenets import UnsupportedError

CORES = {
    "static": CoreConfig(neurons=4, inputs=3, lanes=2, max_delay=4),
    "one lane, one port": CoreConfig(neurons=3, inputs=2, lanes=1, weight_ports=1, weight_bits=4),
    "learning": CoreConfig(neurons=6, inputs=3, lanes=2, learning=Learning.EXPONENTIAL, extra_axons=3),
}


def lockstep(design: Fragment, cycles: int, seed: int = 1) -> int:
    """Run a design on both engines with random inputs; return how many signals were compared."""
    simulator = Simulator(design)
    engine = GateEngine(simulator._design)
    netlist, comb = engine.state.netlist, engine.state.comb
    signals = [signal for signal in netlist.signals if len(signal)]

    def is_input(signal: Signal) -> bool:
        cells = [netlist.cells[net.cell] if net.is_cell else None for net in netlist.signals[signal]]
        return signal not in comb and all(isinstance(cell, nir.FlipFlop) and cell.clk == 0 for cell in cells)

    inputs = [signal for signal in signals if is_input(signal)]

    def traced() -> list[list[int]]:
        rng, trace = random.Random(seed), []

        async def testbench(ctx) -> None:
            for _ in range(cycles):
                for signal in inputs:
                    if rng.random() < 0.3:
                        ctx.set(signal, rng.choice([0, rng.getrandbits(len(signal))]))
                trace.append([ctx.get(signal) for signal in signals])
                await ctx.tick()

        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        simulator.run()
        return trace

    expected = traced()
    simulator._engine, simulator._running = engine, False
    simulator._clocked.clear()
    for cycle, (values, others) in enumerate(zip(expected, traced(), strict=True)):
        different = [signal.name for signal, one, two in zip(signals, values, others, strict=True) if one != two]
        assert not different, (cycle, different)
    assert any(values != expected[0] for values in expected)
    return len(signals)


@pytest.mark.parametrize("name", CORES)
def test_core_does_the_same_on_both_engines(name: str) -> None:
    assert lockstep(Fragment.get(Core(CORES[name]), BlockRam()), 200) > 500


def test_operators_do_the_same_on_both_engines() -> None:
    """Of widths around a word of the machine, signed and not, with every operator that gates may use."""
    m = Module()
    shapes = [unsigned(0), *(kind(width) for width in (1, 3, 31, 63, 64, 65, 130) for kind in (unsigned, signed))]
    operands = [Signal(shape, name=f"operand{place}") for place, shape in enumerate(shapes)]
    count, chosen = Signal(8), Signal(2)
    results = []
    for a in operands:
        results += [~a, -a, a.any(), a.all(), a.xor(), a.bool(), a << count[:4], a >> count, a.bit_select(count, 3)]
        results += [a.word_select(count[:2], 2), Cat(a, count, a), Mux(chosen[0], a, count)]
        if len(a) > 3:
            results += [a[1:-1], a[:2], a.rotate_left(1), a.matches("1" * len(a), "-" * len(a[1:]) + "0")]
        for b in operands[-7:]:
            results += [a + b, a - b, a & b, a | b, a ^ b, a == b, a != b, a < b, a <= b, a > b, a >= b]
        results.append(a * operands[5])
    registered = [Signal.like(Cat(result)) for result in results[::7]]
    m.d.sync += [register.eq(result) for register, result in zip(registered, results[::7], strict=True)]
    outputs = [Signal(result.shape()) for result in results]
    m.d.comb += [output.eq(result) for output, result in zip(outputs, results, strict=True)]
    table = Array(Signal(5, name=f"entry{entry}") for entry in range(3))
    m.d.sync += table[chosen].eq(table[count[:2]] + count)
    assert lockstep(Fragment.get(m, None), 60) > 500


@pytest.mark.parametrize(("depth", "width"), [(1, 5), (5, 7), (4, 70), (8, 64)])
def test_memories_do_the_same_on_both_engines(depth: int, width: int) -> None:
    """With rows that are not there, writing of parts of a row, and ports that see what is written."""
    m = Module()
    m.submodules.memory = memory = Memory(shape=width, depth=depth, init=[3] * depth)
    first, second = memory.write_port(), memory.write_port(granularity=width if width % 2 else width // 2)
    ports = [
        memory.read_port(transparent_for=(first, second)), memory.read_port(transparent_for=(second,)),
        memory.read_port(), memory.read_port(domain="comb"),
    ]  # fmt: skip
    for port in (first, second, *ports):
        address = Signal(4)
        m.d.comb += port.addr.eq(address)
    m.d.sync += [Signal.like(port.data).eq(port.data) for port in ports]
    assert lockstep(Fragment.get(m, None), 200) > 10


def test_values_without_bits_do_the_same_on_both_engines() -> None:
    m = Module()
    chosen, empty, other, also = Signal(2), Signal(0), Signal(0), Signal(0)
    with m.If(chosen[0]):
        m.d.comb += empty.eq(chosen)
    with m.Elif(chosen[1]):
        m.d.comb += empty.eq(also)
    m.d.sync += other.eq(Mux(chosen[0], empty, also))
    out = Signal(4)
    m.d.comb += out.eq(Cat(empty, chosen) + Mux(chosen[1], other, empty) - also)
    assert lockstep(Fragment.get(m, None), 40) > 1


def test_loop_of_cells_that_is_none_of_bits_settles() -> None:
    m = Module()
    pair, into = Signal(3), Signal()
    m.d.comb += [pair[0].eq(into), pair[1].eq(~pair[0]), pair[2].eq(pair[1] & pair[0])]
    m.d.sync += Signal(3).eq(pair)
    lockstep(Fragment.get(m, None), 20)


def test_assertion_of_a_design_that_does_not_hold_ends_the_simulation() -> None:
    m, count = Module(), Signal(4)
    m.d.sync += [count.eq(count + 1), Assert(count != 5, "five is too many")]

    async def testbench(ctx) -> None:
        await ctx.tick().repeat(5)
        assert ctx.get(count) == 5
        with pytest.raises(AssertionError, match=r"assert violated at .*test_engine.py.*: five is too many"):
            ctx._engine.state.code.edge()

    simulator = Simulator(m, engine=GateEngine)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_design_that_the_engine_cannot_run_is_refused() -> None:
    m = Module()
    m.d.sync += Signal().eq(~Signal())
    m.d.comb += Signal(name="gated").eq(ClockSignal() & Signal())
    divided, a = Signal(8), Signal(8)
    m.d.comb += divided.eq(a // 3)
    with pytest.raises(UnsupportedError, match="the operator u//"):
        Simulator(m, engine=GateEngine)


def test_core_that_is_used_again_is_as_after_power_up() -> None:
    config, found = CORES["static"], []

    async def body(core) -> None:
        found.append([await core.read(region) for region in range(3)])
        for region in range(3):
            await core.write(region, [1] * 4)
        await core.run(bytes([0]), flush=False)

    on_core(config, body)
    on_core(config, body)
    assert found[0] == found[1]
