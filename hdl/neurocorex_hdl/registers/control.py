"""Control registers, shared by all neurons and synapses: written by the host, by SET in the stimulus, by every step."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Region, controls
from neurocorex.spec.registers import MOVING, ONE_STEP, RULE_ROWS
from neurocorex.spec.rows import has_rule_rows

from ..lib.bus import TARGET_LATENCY, RegionBus
from ..lib.delay import stages
from ..lib.memory import initial_words


def control_shape(control: Control, config: CoreConfig) -> Shape:
    """Return the number format of a register."""
    return Shape(control.bits(config), signed=control.signed)


class ControlValues(wiring.Signature):
    """Values of the control registers, seen from the registers.

    Members
    -------
    gain_input, gain_recurrent, ... : Out
        The value of each `Control` that the chip has, under its name in lower case.
    """

    def __init__(self, config: CoreConfig) -> None:
        held = (control for control in controls(config) if control.bits(config))
        super().__init__({control.name.lower(): Out(control_shape(control, config)) for control in held})


def scanned(config: CoreConfig) -> tuple[Control, ...]:
    """Return the registers that `Control.MODULATION` scales, of each rule row, on chips with several rows or terms."""
    if not has_rule_rows(config):
        return ()
    rows = RULE_ROWS[: config.rules]
    scaled = ((row.potentiation, row.depression, row.pre_only, row.post_only) for row in rows)
    return tuple(control for row in scaled for control in row if control.bits(config))


class ControlScan(wiring.Signature):
    """Content of the registers that `scanned` names, one after the other, again and again; seen from the registers.

    Members
    -------
    valid : Out(1)
        There is one in this cycle: not where the bus has read in the cycle before.
    place, value : Out
        Its place among them, and its content.
    """

    def __init__(self, config: CoreConfig) -> None:
        places = range(len(scanned(config)))
        super().__init__({"valid": Out(1), "place": Out(places), "value": Out(signed(config.change_bits))})


class ControlWrite(wiring.Signature):
    """Write to a control register, seen from the writer; not while the bus writes one.

    Members
    -------
    strobe : Out(1)
        Store `value`, which is there at the end of the next cycle.
    register, value : Out
        Number of a register that exists, and its new content.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "strobe": Out(1),
            "register": Out(range(len(controls(config)))),
            "value": Out(max(control.bits(config) for control in controls(config))),
        })  # fmt: skip


def advanced(random: Value) -> Value:
    """Return the next state of the generator, `neurocorex.spec.fixed.advance`; three exclusive ors a bit."""
    random = random ^ Cat(Const(0, 13), random[:19])
    random = random ^ random[17:]
    return random ^ Cat(Const(0, 5), random[:27])


class ControlRegisters(wiring.Component):
    """`Region.CONTROL`.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    write : In(ControlWrite)
        `SET` in the stimulus.
    values : Out(ControlValues)
        What the registers hold.
    step_done : In(1)
        Strobe: `RANDOM` and `NOISE_STATE` move on, and those of `ONE_STEP` go to zero. Only with a learning engine or
        noise.
    drawn : In(1)
        Strobe: `STIMULUS` moves on. Only with patterns, as `restarts`.
    restarts : In(1)
        Strobe: with `EVEN`, `STIMULUS` goes to zero.
    scan : Out(ControlScan)
        Registers in turn; only where some are `scanned`.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        steps = {"step_done": In(1)} if config.learning or config.noise else {}
        patterns = {"drawn": In(1), "restarts": In(1)} if config.patterns else {}
        super().__init__({
            "bus": In(RegionBus()),
            "write": In(ControlWrite(config)),
            "values": Out(ControlValues(config)),
            **steps,
            **patterns,
            **({"scan": Out(ControlScan(config))} if scanned(config) else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the registers, and the copy of them that is read."""
        m = Module()
        # A reset leaves them alone, as it does their copy and all other memories.
        config, known = self._config, controls(self._config)
        held = (control for control in known if control.bits(config))
        registers = {c: Signal(control_shape(c, config), init=c.row.power_up(config), reset_less=True) for c in held}
        m.d.comb += [getattr(self.values, control.name.lower()).eq(stored) for control, stored in registers.items()]
        if config.learning or config.noise:
            generators = [
                registers[control] for control in (Control.RANDOM, Control.NOISE_STATE) if control in registers
            ]
            with m.If(self.step_done):
                m.d.sync += [state.eq(advanced(state)) for state in generators]
                m.d.sync += [registers[control].eq(0) for control in ONE_STEP if control in registers]
        if self._config.patterns:
            state, even = registers[Control.STIMULUS], registers[Control.EVEN]
            with m.If(self.drawn):
                m.d.sync += state.eq(Mux(even, state + 1, advanced(state)))
            with m.If(self.restarts & even):
                m.d.sync += state.eq(0)
        bus, setting = self.bus, self.write
        chosen, mask = Signal.like(setting.register), Signal.like(setting.value)
        write, column, value = Signal(), Signal.like(setting.register), Signal.like(setting.value)
        addressed = bus.region == Region.CONTROL
        m.d.comb += chosen.eq(Mux(setting.strobe, setting.register, bus.column))
        m.d.sync += [
            write.eq(setting.strobe | (bus.write & addressed)),
            column.eq(chosen),
            value.eq(Mux(setting.strobe, setting.value, bus.write_data) & mask),
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
        power_up = initial_words([0 if control in moving else control.power_up(config) for control in known])
        m.submodules.copy = copy = Memory(shape=copied, depth=len(known), init=power_up)
        written, found = copy.write_port(), copy.read_port()
        m.d.comb += [
            written.en.eq(write),
            written.addr.eq(column),
            written.data.eq(value),
            found.addr.eq(bus.column),
            bus.read_data.eq(self._answer(m, bus.read & addressed, found.data, moving)),
        ]
        if scanned(config):
            number = self._scan(m)
            m.d.comb += self.scan.value.eq(found.data)
            with m.If(~bus.read):
                m.d.comb += found.addr.eq(number)
        return m

    def _scan(self, m: Module) -> Value:
        """Go from one register to the next while the bus reads none; return the number of the one that is read."""
        registers, scan = scanned(self._config), self.scan
        place, number = Signal.like(scan.place), Signal(range(len(controls(self._config))))
        m.d.sync += [scan.valid.eq(~self.bus.read), scan.place.eq(place)]
        with m.If(~self.bus.read):
            m.d.sync += place.eq(Mux(place == len(registers) - 1, 0, place + 1))
        with m.Switch(place):
            for index, register in enumerate(registers):
                with m.Case(index):
                    m.d.comb += number.eq(register)
        return number

    def _answer(self, m: Module, asked: Value, copied: Value, moving: dict[Control, Signal]) -> Value:
        """Return what the bus reads: the copy, or the register itself of what steps move on."""
        is_moving = {control: self.bus.column == control for control in moving}
        copies = asked & ~Cat(is_moving.values()).any()
        answers = [(copies, copied), *((asked & is_moving[control], stored) for control, stored in moving.items())]
        total: Value = Const(0, 1)
        for number, (chosen, stored) in enumerate(answers):
            answer = Signal(len(stored), name=f"answer_{number}", reset_less=True)
            m.d.sync += answer.eq(Mux(stages(m, chosen, TARGET_LATENCY - 1, name=f"chosen_{number}")[-1], stored, 0))
            total = total | answer
        return total
