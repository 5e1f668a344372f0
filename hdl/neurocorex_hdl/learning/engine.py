"""Learning engine: traces of axons and neurons, the weight changes that follow, and the lanes that apply them."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.rows import has_rule_rows

from ..lib.bus import RegionBus
from ..neurons.population import Activity
from ..neurons.sweep import Phase
from ..registers.counters import ticks_layout
from ..registers.file import Settings
from ..synapses.array import Plasticity
from .amounts import ChangeAmounts
from .lanes import LearningLanes


class LearningEngine(wiring.Component):
    """Learning: arriving axons and firing neurons call for changes, which the lanes apply to the synapses.

    Members
    -------
    settings : In(Settings)
        Rates, bounds, time constants, flags; the last axon in use.
    phase, activity : In(Phase), In(Activity)
        The sweep of the neurons, and which of them fire.
    plasticity : In(Plasticity)
        Synapses that are read, and their changes.
    running : Out(1)
        Level: traces are still being updated or cleared.
    ticks : Out
        Ticks of the counters.
    rewarding : In(1)
        Level: columns are walked for a reward or a fade; only with eligibility.
    bus : In(RegionBus)
        Traces and tables. Answers after `TARGET_LATENCY` cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "settings": In(Settings(config)),
            "phase": In(Phase()),
            "activity": In(Activity(config)),
            "plasticity": In(Plasticity(config)),
            "running": Out(1),
            "ticks": Out(ticks_layout(config)),
            "bus": In(RegionBus()),
            **({"rewarding": In(1)} if config.eligibility else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join amounts and lanes."""
        m = Module()
        m.submodules.lanes = lanes = LearningLanes(self._config)
        m.submodules.amounts = amounts = ChangeAmounts(self._config)
        wiring.connect(m, wiring.flipped(self.settings), amounts.settings)
        wiring.connect(m, wiring.flipped(self.settings.control), lanes.control)
        wiring.connect(m, wiring.flipped(self.phase), amounts.phase)
        wiring.connect(m, wiring.flipped(self.activity), amounts.activity)
        wiring.connect(m, wiring.flipped(self.plasticity.reading), amounts.reading)
        wiring.connect(m, wiring.flipped(self.plasticity), lanes.plasticity)
        wiring.connect(m, wiring.flipped(self.bus), amounts.bus)
        m.d.comb += [
            lanes.amounts.eq(amounts.amounts),
            self.running.eq(amounts.running),
            self.ticks.eq(lanes.ticks.as_value() | amounts.ticks.as_value()),
        ]
        if has_rule_rows(self._config):
            m.d.comb += lanes.rules.eq(amounts.rules)
        if self._config.eligibility:
            m.d.comb += [
                lanes.rewarding.eq(self.rewarding),
                amounts.rewarding.eq(self.rewarding),
                *(
                    amounts.eligibilities[lane].eq(self.plasticity.lanes.synapses[lane].eligibility)
                    for lane in range(self._config.lanes)
                ),
            ]
        return m
