"""The registers that all neurons and synapses share."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, LearningFlag, Region, controls
from neurocorex.spec.registers import MOVING

from ..lib.arithmetic import saturate
from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..lib.memory import TARGET_LATENCY, has


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
        """Build the registers, and the copy of them that is read."""
        m = Module()
        # A reset leaves them alone, as it does their copy and all other memories.
        registers = {c: Signal(control_shape(c, self._config), reset_less=True) for c in controls(self._config)}
        m.d.comb += [getattr(self, control.name.lower()).eq(stored) for control, stored in registers.items()]
        if self._config.learning:
            self._learn(m, registers)
        bus = self.bus
        chosen, mask = Signal.like(self.set_register), Signal.like(self.set_value)
        write, column, value = Signal(), Signal.like(self.set_register), Signal.like(self.set_value)
        addressed = bus.region == Region.CONTROL
        m.d.comb += chosen.eq(Mux(self.set, self.set_register, bus.column))
        m.d.sync += [
            write.eq(self.set | (bus.write & addressed)),
            column.eq(chosen),
            value.eq(Mux(self.set, self.set_value, bus.write_data) & mask),
        ]
        with m.Switch(chosen):
            for control, stored in registers.items():
                with m.Case(control):
                    m.d.comb += mask.eq((1 << len(stored)) - 1)
        with m.If(write), m.Switch(column):
            for control, stored in registers.items():
                with m.Case(control):
                    m.d.sync += stored.eq(value)
        moving = {control: stored for control, stored in registers.items() if control in MOVING}
        copied = max(len(stored) for control, stored in registers.items() if control not in MOVING)
        m.submodules.copy = copy = Memory(shape=copied, depth=len(registers), init=[])
        written, found = copy.write_port(), copy.read_port()
        m.d.comb += [
            written.en.eq(write),
            written.addr.eq(column),
            written.data.eq(value),
            found.addr.eq(bus.column),
            bus.read_data.eq(self._answer(m, bus.read & addressed, found.data, moving)),
        ]
        return m

    def _answer(self, m: Module, asked: Value, copied: Value, moving: dict[Control, Signal]) -> Value:
        """Return what the bus reads: the copy, or the register itself of what learning moves on."""
        is_moving = {control: self.bus.column == control for control in moving}
        copies = asked & ~Cat(is_moving.values()).any()
        answers = [(copies, copied), *((asked & is_moving[control], stored) for control, stored in moving.items())]
        total: Value = Const(0, 1)
        for number, (chosen, stored) in enumerate(answers):
            answer = Signal(len(stored), name=f"answer_{number}", reset_less=True)
            m.d.sync += answer.eq(Mux(stages(m, chosen, TARGET_LATENCY - 1, name=f"chosen_{number}")[-1], stored, 0))
            total = total | answer
        return total

    def _learn(self, m: Module, registers: dict[Control, Signal]) -> None:
        """Let learning move its own registers on: ``DRIFT = sat(DRIFT + DRIFT_STEP)``, and the generator."""
        drifted, _ = saturate(self.drift + self.drift_step, len(self.drift))
        with m.If(self.step_done & has(self.learning, LearningFlag.ENABLE)):
            m.d.sync += registers[Control.DRIFT].eq(drifted)
        with m.If(self.random_advance):
            m.d.sync += registers[Control.RANDOM].eq(self.random_next)
