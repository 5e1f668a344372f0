"""The registers that all neurons and synapses share."""

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, LearningFlag, Region, controls

from .arithmetic import saturate, select
from .bus import RegionBus
from .pipeline import stages
from .regions import TARGET_LATENCY, has


def control_shape(control: Control, config: CoreConfig) -> Shape:
    """Return the number format of a register."""
    return Shape(control.bits(config), signed=control.signed)


class ControlRegisters(wiring.Component):
    """`Region.CONTROL`, reached by the host, by `SET` in the stimulus, and by learning itself.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    set, set_register, set_value : In
        Write a register, which exists; not while the bus writes one. It changes at the end of the next cycle.
    step_done : In(1)
        Strobe: `DRIFT` moves on, if learning is enabled. Only with a learning engine, as what follows.
    random_advance, random_next : In
        `RANDOM` takes a new value.
    gain_input, gain_recurrent, ... : Out
        The value of each `Control` that the chip has, under its name in lower case.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        members = {control.name.lower(): Out(control_shape(control, config)) for control in controls(config)}
        if config.learning:
            members |= {"step_done": In(1), "random_advance": In(1), "random_next": In(32)}
        super().__init__({
            "bus": In(RegionBus()),
            "set": In(1),
            "set_register": In(range(len(controls(config)))),
            "set_value": In(max(control.bits(config) for control in controls(config))),
            **members,
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the registers."""
        m = Module()
        if self._config.learning:
            self._learn(m)
        bus = self.bus
        addressed, answer = Signal(), Signal(32)
        write, register, value = Signal(), Signal.like(self.set_register), Signal.like(self.set_value)
        m.d.comb += addressed.eq(bus.region == Region.CONTROL)
        m.d.sync += [
            write.eq(self.set | (bus.write & addressed)),
            register.eq(Mux(self.set, self.set_register, bus.column)),
            value.eq(Mux(self.set, self.set_value, bus.write_data)),
        ]
        with m.If(write), m.Switch(register):
            for control in controls(self._config):
                with m.Case(control):
                    m.d.sync += getattr(self, control.name.lower()).eq(value)
        with m.If(bus.read & addressed):
            stored = [getattr(self, control.name.lower()).as_unsigned() for control in controls(self._config)]
            m.d.comb += answer.eq(select(stored, bus.column))
        m.d.comb += bus.read_data.eq(stages(m, answer, TARGET_LATENCY, name="answer")[-1])
        return m

    def _learn(self, m: Module) -> None:
        """Let learning move its own registers on: ``DRIFT = sat(DRIFT + DRIFT_STEP)``, and the generator."""
        drifted, _ = saturate(self.drift + self.drift_step, len(self.drift))
        with m.If(self.step_done & has(self.learning, LearningFlag.ENABLE)):
            m.d.sync += self.drift.eq(drifted)
        with m.If(self.random_advance):
            m.d.sync += self.random.eq(self.random_next)
