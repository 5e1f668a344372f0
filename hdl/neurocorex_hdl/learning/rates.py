"""Rates and terms of the rule rows, multiplied by the modulation one after the other."""

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig

from ..lib.delay import stages
from ..registers.control import ControlScan, control_shape, scanned
from .rule import Modulation


def rates_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of the registers that `scanned` names, by name: rates and terms of each rule row."""
    return data.StructLayout({control.name.lower(): control_shape(control, config) for control in scanned(config)})


class ModulatedRates(wiring.Component):
    """``sat_C(floor(x * MODULATION / 256))`` for each rate and each term x, by one multiplier.

    All are up to date as many cycles after a write as there are of them, and 5 more: sooner than a step can need them,
    because `Sequencer` sends a sweep ahead when something has been written.

    Members
    -------
    scan : In(ControlScan)
        The registers, one after the other.
    modulation : In
        The factor.
    rates : Out
        See `rates_layout`.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "scan": In(ControlScan(config)),
            "modulation": In(control_shape(Control.MODULATION, config)),
            "rates": Out(rates_layout(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the multiplier, and a register for each product."""
        m = Module()
        m.submodules.modulation = modulation = Modulation(self._config)
        m.d.comb += [
            # What is scanned comes from a memory, which may be slow to answer.
            modulation.value.eq(stages(m, self.scan.value, 1, name="value")[1]),
            modulation.modulation.eq(self.modulation),
        ]
        valid = stages(m, self.scan.valid, 1 + Modulation.LATENCY, name="valid", reset_less=False)[-1]
        place = stages(m, self.scan.place, 1 + Modulation.LATENCY, name="place")[-1]
        with m.If(valid), m.Switch(place):
            for index, control in enumerate(scanned(self._config)):
                with m.Case(index):
                    m.d.sync += self.rates[control.name.lower()].eq(modulation.modulated)
        return m
