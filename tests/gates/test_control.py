"""Control registers: widths, the ways to write them, and those that learning moves on."""

import pytest
from neurocorex.spec import Control, CoreConfig, Learning, LearningFlag, Region, controls
from neurocorex_hdl.registers.control import ControlRegisters
from support.corebench import simulate

PLAIN = CoreConfig(neurons=3, inputs=2, state_bits=18)
LEARNING = CoreConfig(neurons=3, inputs=2, state_bits=18, learning=Learning.EXPONENTIAL)
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
@pytest.mark.parametrize("config", [PLAIN, LEARNING], ids=["plain", "learning"])
def test_register_is_cut_to_its_bits_and_read_without_a_sign(config, way):
    async def body(registers):
        held = [control for control in controls(config) if control.bits(config)]
        for control in held:
            await getattr(registers, way)(control, -1)
            assert await registers.read(control) == (1 << control.bits(config)) - 1
            assert registers.value(control) == (-1 if control.signed else (1 << control.bits(config)) - 1)
        for control in held:
            await getattr(registers, way)(control, 2)
            assert await registers.read(control) == 2

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


@pytest.mark.parametrize(("start", "step", "after"), [(0, 3, 6), (0, -3, -6), (250, 4, 255), (-255, -2, -256)])
def test_drift_moves_on_with_every_step_and_saturates(start, step, after):
    async def body(registers):
        await registers.set(Control.LEARNING, LearningFlag.ENABLE)
        await registers.set(Control.DRIFT, start)
        await registers.set(Control.DRIFT_STEP, step)
        await registers.end_step()
        await registers.end_step()
        assert registers.value(Control.DRIFT) == after
        assert registers.value(Control.DRIFT_STEP) == step

    on_registers(LEARNING, body)


def test_drift_stands_still_while_learning_is_off():
    async def body(registers):
        await registers.set(Control.LEARNING, 0x3F & ~LearningFlag.ENABLE)
        await registers.set(Control.DRIFT_STEP, 1)
        await registers.end_step()
        assert registers.value(Control.DRIFT) == 0

    on_registers(LEARNING, body)


def test_generator_takes_the_next_number_when_told():
    async def body(registers):
        registers.ctx.set(registers.unit.random.following, ONES - 5)
        await registers.ctx.tick()
        assert registers.value(Control.RANDOM) == 0
        await registers.pulse(registers.unit.random.advance)
        assert registers.value(Control.RANDOM) == ONES - 5

    on_registers(LEARNING, body)
