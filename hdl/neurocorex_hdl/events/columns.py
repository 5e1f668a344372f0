"""Columns of a step, the last part of the `Sequencer`: those of spikes and errors, of a reward, and of scaling."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from neurocorex.spec import CoreConfig
from neurocorex.spec.timing import column_drain, scaling_cycles

from ..registers.rules import mixes
from ..synapses.access import rewarded_layout


def add_columns(m: Module, sequencer: wiring.Component, config: CoreConfig, finish: Callable[[], None]) -> None:
    """Add the states in which columns are read, one after the other, when the traces are those of this step.

    Parameters
    ----------
    m : Module
        Is in the state machine of the sequencer.
    sequencer : Component
        The `Sequencer`: has lists, columns, and levels that tell what the columns are walked for.
    config : CoreConfig
        Geometry of the chip.
    finish : callable
        Ends the step, in the state ``WRITE_BACK``.
    """
    changing, columns, tracing = sequencer.changing, sequencer.columns, sequencer.tracing
    waits = max(column_drain(config), scaling_cycles(config) if config.scaling else 0)
    left = Signal(range(waits))
    taken, pending = columns.valid & columns.ready, changing.pending
    m.d.comb += changing.taken.eq(taken)
    _offer(m, sequencer, config)
    if config.eligibility:
        rewarded, rewarding = sequencer.rewarded, sequencer.rewarding
        pending = Mux(rewarding, rewarded.pending, pending)
        m.d.comb += [changing.taken.eq(taken & ~rewarding), rewarded.taken.eq(taken & rewarding)]
    with m.State("LISTED"):
        m.next = "COLUMNS"
    with m.State("COLUMNS"):
        m.d.comb += columns.valid.eq(pending & ~tracing)
        m.d.sync += left.eq(column_drain(config) - 1)
        with m.If(~pending & ~tracing & columns.ready):
            m.next = "WRITE_BACK"
    with m.State("WRITE_BACK"):
        m.d.sync += left.eq(left - 1)
        with m.If(left == 0):
            _go_on(m, sequencer, config, finish)
    if config.scaling:
        _scale(m, sequencer, config, left)


def _offer(m: Module, sequencer: wiring.Component, config: CoreConfig) -> None:
    """Offer the first column of a list; of a reward and of scaling, synapses change whatever their rule goes by."""
    offered, item = sequencer.columns.payload, sequencer.changing.item
    m.d.comb += offered.eq(item)
    others = [(sequencer.rewarding, sequencer.rewarded)] if config.eligibility else []
    others += [(sequencer.scaling.active, sequencer.scaled)] if config.scaling else []
    causes = [name for name in ("fired", "erred") if mixes(config)]
    for name in (*causes, *(name for name, _ in rewarded_layout(config))) if others else ():
        value: Value = item[name]
        for chosen, walked in others:
            value = Mux(chosen, 1 if name in causes else walked.item[name], value)
        m.d.comb += offered[name].eq(value)


def _go_on(m: Module, sequencer: wiring.Component, config: CoreConfig, finish: Callable[[], None]) -> None:
    """Go on to columns of a reward, or of scaling, perhaps of the same neurons, which have been written now; or end."""
    rewards: Value = Const(0, 1)
    following = []
    if config.eligibility:
        rewards = sequencer.rewarded.pending & ~sequencer.rewarding
        m.d.sync += sequencer.rewarding.eq(rewards)
        following.append((rewards, "COLUMNS"))
    if config.scaling:
        scales = sequencer.scaled.pending & ~rewards
        m.d.sync += [sequencer.scaling.active.eq(scales), sequencer.scaling.adding.eq(scales)]
        following.append((scales, "SCALE"))
    for begins, state in following:
        with m.If(begins):
            m.next = state
    with m.If(~Cat(begins for begins, _ in following).any()):
        finish()


def _scale(m: Module, sequencer: wiring.Component, config: CoreConfig, left: Signal) -> None:
    """Read each column to be scaled twice: to be added up, and when the factor is there to be changed."""
    columns, scaled, scaling = sequencer.columns, sequencer.scaled, sequencer.scaling
    with m.State("SCALE"):
        m.d.comb += [
            columns.valid.eq(1),
            sequencer.changing.taken.eq(0),
            scaling.start.eq(scaling.adding),
            scaled.taken.eq(~scaling.adding),
        ]
        m.next = "SCALED"
    with m.State("SCALED"), m.If(columns.ready):
        m.d.sync += left.eq(Mux(scaling.adding, scaling_cycles(config), column_drain(config)) - 1)
        m.next = "WRITE_BACK"
        with m.If(scaling.adding):
            m.next = "DIVIDE"
    with m.State("DIVIDE"):
        m.d.sync += left.eq(left - 1)
        m.d.comb += scaling.divide.eq(left == scaling_cycles(config) - 1)
        with m.If(left == 0):
            m.d.sync += scaling.adding.eq(0)
            m.next = "SCALE"
