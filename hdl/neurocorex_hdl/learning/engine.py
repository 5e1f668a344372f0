"""Learning engine: traces of axons and neurons, the weight changes that follow, and the lanes that apply them."""

from amaranth.hdl import Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.rows import has_factors, has_rule_rows

from ..lib.bus import RegionBus
from ..neurons.population import Activity
from ..neurons.sweep import Phase
from ..registers.counters import ticks_layout
from ..registers.file import Settings
from ..synapses.array import Plasticity
from .amounts import ChangeAmounts
from .lanes import LearningLanes
from .scaling import ColumnFactor, Scaling


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
    scaling : In(Scaling)
        Columns that are scaled; only with scaling.
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
            **({"scaling": In(Scaling())} if config.scaling else {}),
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
        if has_factors(self._config):
            self._multiply(m, lanes, amounts)
        return m

    def _multiply(self, m: Module, lanes: LearningLanes, amounts: ChangeAmounts) -> None:
        """Find what synapses hold that is multiplied, eligibilities by a reward or weights by a factor."""
        config, control, synapses = self._config, self.settings.control, self.plasticity.lanes.synapses
        held, factor, multiplies = [Const(0)] * config.lanes, Const(0), Const(0, 1)
        if config.eligibility:
            held = [synapses[lane].eligibility for lane in range(config.lanes)]
            factor, multiplies = control.reward, self.rewarding
            m.d.comb += lanes.rewarding.eq(self.rewarding)
        if config.scaling:
            m.submodules.column = column = ColumnFactor(config)
            wiring.connect(m, wiring.flipped(control), column.control)
            wiring.connect(m, wiring.flipped(self.scaling), column.scaling)
            wiring.connect(m, wiring.flipped(self.scaling), lanes.scaling)
            scales = self.scaling.active
            held = [Mux(scales, synapses[lane].weight, each) for lane, each in enumerate(held)]
            factor, multiplies = Mux(scales, column.factor, factor), multiplies | scales
            m.d.comb += [
                column.piece.eq(self.plasticity.reading.piece),
                column.synapses.eq(synapses),
                amounts.scales.eq(scales),
            ]
        m.d.comb += [amounts.factor.eq(factor), amounts.multiplies.eq(multiplies)]
        m.d.comb += [amounts.held[lane].eq(each) for lane, each in enumerate(held)]
