"""The registers that all neurons share."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Region

from .bus import RegionBus
from .pipeline import stages
from .regions import TARGET_LATENCY


class ControlRegisters(wiring.Component):
    """`Region.CONTROL`.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    gain_input, gain_recurrent, ... : Out
        The value of each `Control`, under its name in lower case.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "bus": In(RegionBus()),
            **{control.name.lower(): Out(control.bits(config)) for control in Control},
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the registers."""
        m = Module()
        bus = self.bus
        answer = Signal(32)
        for control in Control:
            register = getattr(self, control.name.lower())
            with m.If((bus.region == Region.CONTROL) & (bus.column == control)):
                with m.If(bus.write):
                    m.d.sync += register.eq(bus.write_data)
                with m.If(bus.read):
                    m.d.comb += answer.eq(register)
        m.d.comb += bus.read_data.eq(stages(m, answer, TARGET_LATENCY, name="answer")[-1])
        return m
