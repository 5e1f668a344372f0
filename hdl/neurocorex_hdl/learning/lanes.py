"""The learning engine: what changes weights."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from ..lib.delay import stages
from ..synapses.banks import synapse_lanes
from ..synapses.matrix import WeightMatrix
from ..synapses.update import SynapseChange, changed_layout, rule_layout
from ..synapses.walk import piece_layout
from .random import Draws
from .rule import change_lanes


class LearningLanes(wiring.Component):
    """L lanes in which synapses change, the same ones for rows and columns.

    Members
    -------
    rule, enable : In
        Registers, which stay while synapses are on their way.
    piece : In
        Synapses that are wanted, at stage 0.
    random, random_next, advance : In, Out, Out
        The generator, see `Draws`.
    synapses, amounts : In
        They, and the changes that are called for, at stage `WeightMatrix.LATENCY`.
    host, host_weight : In
        A weight of the host, which is in `changes` a cycle later, in all lanes.
    changes : Out
        What comes of them, `SynapseChange.latency` later.
    raised, lowered, low, high : Out
        How many synapses of a piece did what `tally_layout` says.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        count = range(config.lanes + 1)
        super().__init__({
            "rule": In(rule_layout(config)),
            "enable": In(1),
            "piece": In(piece_layout(config)),
            "random": In(32),
            "random_next": Out(32),
            "advance": Out(1),
            "synapses": In(synapse_lanes(config)),
            "amounts": In(change_lanes(config)),
            "host": In(1),
            "host_weight": In(signed(config.weight_bits)),
            "changes": Out(data.ArrayLayout(changed_layout(config), config.lanes)),
            "raised": Out(count),
            "lowered": Out(count),
            "low": Out(count),
            "high": Out(count),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the lanes, and count what happens in them."""
        m = Module()
        m.submodules.draws = draws = Draws(self._config)
        enable = stages(m, self.piece.valid & self.enable, WeightMatrix.LATENCY, name="enable", reset_less=False)[-1]
        m.d.comb += [
            draws.piece.eq(self.piece),
            draws.random.eq(self.random),
            self.random_next.eq(draws.random_next),
            self.advance.eq(draws.advance & self.enable),
        ]
        tallies = []
        for lane in range(self._config.lanes):
            m.submodules[f"lane_{lane}"] = change = SynapseChange(self._config)
            m.d.comb += [
                change.rule.eq(self.rule),
                change.enable.eq(enable),
                change.synapse.eq(self.synapses[lane]),
                change.amount.eq(self.amounts[lane]),
                change.draw.eq(draws.draws[lane]),
                change.host.eq(self.host),
                change.host_weight.eq(self.host_weight),
                self.changes[lane].eq(change.result),
            ]
            tallies.append(change.tally)
        for name in ("raised", "lowered", "low", "high"):
            m.d.comb += getattr(self, name).eq(sum(getattr(tally, name) for tally in tallies))
        return m
