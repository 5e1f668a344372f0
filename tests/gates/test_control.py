"""Control registers: widths, the ways to write them, and the one that steps move on."""

from itertools import product

import pytest
from neurocorex.spec import Control, CoreConfig, Learning, LearningFlag, Region, controls
from neurocorex.spec.fixed import RANDOM_START, advance
from neurocorex_hdl.registers.control import ControlRegisters
from support.corebench import simulate

PLAIN = CoreConfig(neurons=3, inputs=2, state_bits=18)
LEARNING = CoreConfig(neurons=3, inputs=2, state_bits=18, learning=Learning.EXPONENTIAL)
ERRORS = CoreConfig(neurons=3, inputs=2, lanes=4, state_bits=18, learning=Learning.EXPONENTIAL, errors=True, groups=2)
ELIGIBILITY = CoreConfig(neurons=3, inputs=2, lanes=4, state_bits=18, learning=Learning.EXPONENTIAL, eligibility=True)
WINDOW = CoreConfig(neurons=3, inputs=2, state_bits=18, learning=Learning.WINDOW)
CHIPS = {
    "plain": PLAIN, "exponential": LEARNING, "errors": ERRORS, "eligibility": ELIGIBILITY, "window": WINDOW,
    "contexts": CoreConfig(neurons=3, inputs=2, state_bits=18, contexts=4),
    "patterns": CoreConfig(neurons=3, inputs=2, state_bits=18, patterns=4),
}  # fmt: skip
ONES = 0xFFFFFFFF


class Registers:
    """Registers, and the three ways to reach them. What is written is there a cycle later, before anybody looks."""

    def __init__(self, ctx, unit):
        self.ctx, self.unit = ctx, unit

    async def pulse(self, signal):
        self.ctx.set(signal, 1)
        await self.ctx.tick()
        self.ctx.set(signal, 0)

    async def write(self, control, value, region=Region.CONTROL):
        bus = self.unit.bus
        self.ctx.set(bus.region, region)
        self.ctx.set(bus.column, control)
        self.ctx.set(bus.write_data, value % (1 << 32))
        self.ctx.set(bus.write, 1)
        await self.ctx.tick()
        self.ctx.set(bus.write, 0)
        await self.ctx.tick()

    async def set(self, control, value):
        write = self.unit.write
        self.ctx.set(write.register, control)
        self.ctx.set(write.value, value % (1 << len(write.value)))
        await self.pulse(write.strobe)
        await self.ctx.tick()

    async def read(self, control):
        bus = self.unit.bus
        self.ctx.set(bus.region, Region.CONTROL)
        self.ctx.set(bus.column, control)
        self.ctx.set(bus.read, 1)
        await self.ctx.tick()
        self.ctx.set(bus.read, 0)
        await self.ctx.tick()
        return self.ctx.get(bus.read_data)

    async def end_step(self):
        await self.pulse(self.unit.step_done)

    def value(self, control):
        return self.ctx.get(getattr(self.unit.values, control.name.lower()))


def on_registers(config, body):
    unit = ControlRegisters(config)

    async def testbench(ctx):
        await body(Registers(ctx, unit))

    simulate(unit, testbench)


@pytest.mark.parametrize("way", ["write", "set"])
@pytest.mark.parametrize("config", CHIPS.values(), ids=CHIPS)
def test_register_is_cut_to_its_bits_and_read_without_a_sign(config, way):
    async def body(registers):
        held = [control for control in controls(config) if control.bits(config)]
        for control in held:
            await getattr(registers, way)(control, -1)
            assert await registers.read(control) == (1 << control.bits(config)) - 1
            assert registers.value(control) == (-1 if control.signed else (1 << control.bits(config)) - 1)
        for control in held:
            await getattr(registers, way)(control, 2)
            assert await registers.read(control) == 2 % (1 << control.bits(config))

    on_registers(config, body)


def test_other_regions_leave_the_registers_alone():
    async def body(registers):
        await registers.write(Control.GAIN_INPUT, 5, region=Region.BIAS)
        assert registers.value(Control.GAIN_INPUT) == 0

    on_registers(PLAIN, body)


def test_chip_without_learning_has_no_registers_of_it():
    async def body(registers):
        assert hasattr(registers.unit.values, "adaptation_decay")
        assert not hasattr(registers.unit.values, "learning")

    on_registers(PLAIN, body)


@pytest.mark.parametrize("flags", [0, LearningFlag.ENABLE, LearningFlag.ENABLE | LearningFlag.STOCHASTIC])
def test_generator_advances_with_every_step_whether_weights_learn_or_not(flags):
    async def body(registers):
        await registers.set(Control.LEARNING, flags)
        state = RANDOM_START
        for _ in range(50):
            assert registers.value(Control.RANDOM) == await registers.read(Control.RANDOM) == state
            await registers.end_step()
            state = advance(state)
        await registers.write(Control.RANDOM, 0)
        await registers.end_step()
        assert registers.value(Control.RANDOM) == 0

    on_registers(LEARNING, body)


def test_lesson_and_judgement_are_over_with_their_step_and_all_else_stays():
    async def body(registers):
        await registers.set(Control.DEADBAND, 7)
        for way, register in product(("set", "write"), (Control.LEARN, Control.JUDGE)):
            await getattr(registers, way)(register, 1)
            assert registers.value(register) == await registers.read(register) == 1
            await registers.end_step()
            assert registers.value(register) == await registers.read(register) == 0
        assert registers.value(Control.DEADBAND) == 7

    on_registers(ERRORS, body)


@pytest.mark.parametrize("config", [LEARNING, WINDOW], ids=["exponential", "window"])
def test_registers_that_a_chip_lacks_read_zero(config):
    async def body(registers):
        lacking = [control for control in controls(config) if not control.bits(config)]
        assert Control.DRIFT in lacking
        assert (Control.DRIFT_STEP in lacking) == (config is LEARNING)
        for control in lacking:
            await registers.write(control, ONES)
            assert await registers.read(control) == 0

    on_registers(config, body)
