"""Register file: control registers, counters and the extent in use, behind one bus."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from ..lib.bus import RegionBus, fan_out
from .control import ControlRegisters, ControlScan, ControlValues, ControlWrite, scanned
from .counters import Counters, ticks_layout
from .extent import Extent, extent_member


class Settings(wiring.Signature):
    """All that the host has set and other subsystems act by, seen from the register file.

    Members
    -------
    control : Out(ControlValues)
        The control registers.
    extent : Out
        How much of the chip is in use, see `extent_layout`.
    scan : Out(ControlScan)
        Registers in turn; only where some are `scanned`.
    """

    def __init__(self, config: CoreConfig) -> None:
        scan = {"scan": Out(ControlScan(config))} if scanned(config) else {}
        super().__init__({"control": Out(ControlValues(config)), "extent": extent_member(config).flip(), **scan})


class RegisterFile(wiring.Component):
    """The registers of a core behind one bus.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    settings : Out(Settings)
        What other subsystems act by.
    write : In(ControlWrite)
        `SET` in the stimulus.
    ticks : In
        How much each counter goes up in this cycle, see `ticks_layout`.
    clear : In(1)
        Strobe: all counters go to zero.
    drawn : In(1)
        Strobe: `Control.STIMULUS` moves on; only with patterns, as `restarts`.
    restarts : In(1)
        Strobe: even trains begin anew.
    settled : Out(1)
        The counters hold all that has been counted, see `Counters`.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "bus": In(RegionBus()),
            "settings": Out(Settings(config)),
            "write": In(ControlWrite(config)),
            "ticks": In(ticks_layout(config)),
            "clear": In(1),
            "settled": Out(1),
            **({"drawn": In(1), "restarts": In(1)} if config.patterns else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join the three kinds of registers."""
        m = Module()
        m.submodules.control = control = ControlRegisters(self._config)
        m.submodules.extent = extent = Extent(self._config)
        m.submodules.counters = counters = Counters(self._config)
        fan_out(m, self.bus, (control.bus, extent.bus, counters.bus))
        wiring.connect(m, control.values, wiring.flipped(self.settings.control))
        wiring.connect(m, wiring.flipped(self.write), control.write)
        m.d.comb += [
            self.settings.extent.eq(extent.extent),
            counters.ticks.eq(self.ticks),
            counters.clear.eq(self.clear),
            self.settled.eq(counters.settled),
        ]
        if scanned(self._config):
            wiring.connect(m, control.scan, wiring.flipped(self.settings.scan))
        if self._config.learning or self._config.noise:
            # Generators move on with every step that is counted.
            m.d.comb += control.step_done.eq(self.ticks.steps)
        if self._config.patterns:
            m.d.comb += [control.drawn.eq(self.drawn), control.restarts.eq(self.restarts)]
        return m
