"""From spikes to the changes that they call for: all traces of a core."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, Control, CoreConfig, Learning, Region

from ..events.sweep import CLEAR_BITS, Sweep, slot_layout
from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..lib.memory import TARGET_LATENCY, has
from ..registers.extent import input_bits
from ..synapses.axons import AxonFinder, AxonKind, axon_layout
from ..synapses.matrix import WeightMatrix
from ..synapses.walk import piece_layout
from .rule import CauseBlocks, LaneChange, Modulation, TableChange, cause_lanes, change_lanes
from .store import AxonSweep, TraceStore, outer_after, outer_entries
from .trace import law_layout


class Tracing(wiring.Component):
    """Three stores of traces: of input and extra axons (`outer`), recurrent axons (`inner`), and neurons (`post`).

    They are updated side by side, one trace of each in a cycle, and so are the changes that follow from them. Where a
    row or column is walked, its changes are read L at a time. The same sweep without a step finds changes out anew, if
    what they depend on has been written.

    Members
    -------
    start, sweep, cleared, stalled : In
        The sweep of the neurons, as the sequencer and `Sweeper` have it.
    last_input : In
        The last input axon in use.
    running : Out(1)
        Traces of axons are on their way.
    walks_rows : In(1)
        As the sequencer has it.
    arrives, arrival : In
        An axon arrives.
    slot, retired, fired, learns : In
        Neuron that enters its pipeline; the one that leaves it, whether it has fired, and whether its synapses learn.
    pre_law, post_law, potentiation, depression, modulation : In
        Registers.
    piece : In
        Synapses that are wanted, at stage 0.
    changes : Out
        P of each of them, when they are there.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles. Traces and tables.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        rate = In(signed(config.change_bits))
        super().__init__({
            "start": In(1),
            "sweep": In(Sweep),
            "cleared": In(CLEAR_BITS),
            "stalled": In(1),
            "last_input": In(input_bits(config), init=config.inputs - 1),
            "running": Out(1),
            "walks_rows": In(1),
            "arrives": In(1),
            "arrival": In(axon_layout(config)),
            "slot": In(slot_layout(config)),
            "retired": In(slot_layout(config)),
            "fired": In(1),
            "learns": In(1),
            "pre_law": In(law_layout(config)),
            "post_law": In(law_layout(config)),
            "potentiation": rate,
            "depression": rate,
            "modulation": In(signed(Control.MODULATION.bits(config))),
            "piece": In(piece_layout(config)),
            "changes": Out(change_lanes(config)),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the stores; what comes to them and from them follows."""
        m = Module()
        config = self._config
        neurons = config.neurons
        step, clearing, last_input = Signal(), Signal(), Signal.like(self.last_input)
        m.d.comb += last_input.eq(Mux(clearing, config.inputs - 1, self.last_input))
        inner = TraceStore(config, neurons, marked=True, after=lambda index: index + 1)
        post = TraceStore(config, neurons, marked=False, after=lambda index: index + 1)
        outer = TraceStore(
            config, outer_entries(config), marked=True, after=lambda index: outer_after(index, last_input, config)
        )
        m.submodules.outer, m.submodules.inner, m.submodules.post = outer, inner, post
        with m.If(self.start):
            m.d.sync += [step.eq(self.sweep == Sweep.UPDATE), clearing.eq(self.sweep == Sweep.CLEAR)]
        clear = clearing & has(self.cleared, Clear.TRACES)
        for store in (outer, inner, post):
            m.d.comb += [store.start.eq(self.start), store.step.eq(step), store.clear.eq(clear)]
        m.d.comb += [outer.law.eq(self.pre_law), inner.law.eq(self.pre_law), post.law.eq(self.post_law)]
        self._feed(m, last_input, outer, inner, post)
        causes = {
            "outer": self._keep(m, "outer", outer, config.input_blocks + config.extra_blocks),
            "inner": self._keep(m, "inner", inner, config.groups),
            "post": self._keep(m, "post", post, config.groups),
        }
        self._serve(m, {"outer": outer, "inner": inner, "post": post})
        self._select(m, causes)
        return m

    def _feed(self, m: Module, last_input: Value, outer: TraceStore, inner: TraceStore, post: TraceStore) -> None:
        """Send traces into the pipelines, with the spikes of this step."""
        m.submodules.axon_sweep = axon_sweep = AxonSweep(self._config, outer_entries(self._config))
        # An arrival comes from a memory, and traces are not updated soon after it.
        arrives = stages(m, self.arrives, 1, name="arrives", reset_less=False)[1]
        arrival = stages(m, self.arrival, 1, name="arrival")[1]
        recurrent = arrival.kind == AxonKind.RECURRENT
        m.d.comb += [
            axon_sweep.start.eq(self.start),
            axon_sweep.last_input.eq(last_input),
            axon_sweep.stalled.eq(self.stalled),
            self.running.eq(axon_sweep.running),
            outer.slot.eq(axon_sweep.slot),
            outer.mark.eq(arrives & ~recurrent),
            outer.mark_index.eq(self._outer_index(arrival)),
            inner.mark.eq(arrives & recurrent),
            inner.mark_index.eq(arrival.index),
            post.spike.eq(stages(m, self.fired, TraceStore.read_stage(self._config), name="fired")[-1]),
        ]
        for store, slot in ((inner, self.slot), (post, self.retired)):
            m.d.comb += [store.slot.valid.eq(slot.valid), store.slot.index.eq(slot.index)]

    def _outer_index(self, axon: Value) -> Value:
        """Place of an input or extra axon in the outer store."""
        return axon.index + Mux(axon.kind == AxonKind.EXTRA, self._config.input_blocks * self._config.lanes, 0)

    def _keep(self, m: Module, name: str, store: TraceStore, blocks: int) -> CauseBlocks:
        """Build the way from a store of traces to where rows and columns find them, or what tables make of them."""
        config = self._config
        # A 7-series part of 50 block RAMs has room for one of the three, and LUTs for two.
        m.submodules[f"{name}_blocks"] = kept = CauseBlocks(config, blocks, block_ram=name == "post")
        cause, latency = store.trace, 0
        if config.learning is Learning.WINDOW:
            m.submodules[f"{name}_table"] = table = TableChange(config)
            m.d.comb += [table.trace.eq(store.trace), table.modulation.eq(self.modulation)]
            cause, latency = table.change, TableChange.LATENCY
        slot = stages(m, store.updated, latency, name=f"{name}_updated", reset_less=False)[-1]
        m.d.comb += [
            kept.write.eq(slot.valid),
            kept.write_index.eq(slot.index),
            kept.write_data.eq(cause),
        ]
        if name == "post":
            # Synapses onto a neuron that does not learn change by nothing.
            learns = stages(m, self.learns, TraceStore.updated_stage(config) + latency, name="learns")[-1]
            m.d.comb += kept.write_data.eq(Mux(learns, cause, 0))
        return kept

    def _select(self, m: Module, blocks: dict[str, CauseBlocks]) -> None:
        """Read the causes of a piece, those of neurons for a row, those of axons for a column; find the changes."""
        config = self._config
        exponential = config.learning is Learning.EXPONENTIAL
        last = WeightMatrix.LATENCY - 1 - (LaneChange.LATENCY if exponential else 0)
        pieces = stages(m, self.piece, last, name="piece")
        wanted, there = pieces[last - 1 : last + 1]
        skipped = Mux(wanted.kind == AxonKind.EXTRA, config.input_blocks, 0)
        m.d.comb += [
            blocks["outer"].block.eq(wanted.block + skipped),
            blocks["inner"].block.eq(wanted.block),
            blocks["post"].block.eq(wanted.block),
        ]
        axons = Mux(there.kind == AxonKind.RECURRENT, *(blocks[name].causes.as_value() for name in ("inner", "outer")))
        chosen = Signal(cause_lanes(config), reset_less=True)
        m.d.sync += chosen.eq(Mux(there.place.column, axons, blocks["post"].causes.as_value()))
        if not exponential:
            m.d.comb += self.changes.as_value().eq(chosen)
            return
        m.submodules.lanes = lanes = LaneChange(config)
        m.submodules.modulation = modulation = Modulation(config)
        # One multiplier modulates both rates, since rows and columns do not come together.
        rate = Signal.like(self.potentiation, reset_less=True)
        m.d.sync += rate.eq(Mux(self.walks_rows, self.depression, self.potentiation))
        m.d.comb += [
            modulation.value.eq(rate),
            modulation.modulation.eq(self.modulation),
            lanes.traces.eq(chosen),
            lanes.rate.eq(modulation.modulated),
            self.changes.eq(lanes.changes),
        ]

    def _serve(self, m: Module, stores: dict[str, TraceStore]) -> None:
        """Let the bus reach traces and tables."""
        bus = self.bus
        m.submodules.finder = finder = AxonFinder(self._config)
        m.d.comb += finder.number.eq(bus.column)
        inner = finder.axon.kind == AxonKind.RECURRENT
        pre, post = bus.region == Region.PRE_TRACE, bus.region == Region.POST_TRACE
        places = {
            "outer": (stores["outer"], pre & ~inner, self._outer_index(finder.axon)),
            "inner": (stores["inner"], pre & inner, finder.axon.index),
            "post": (stores["post"], post, bus.column),
        }
        if self._config.learning is Learning.WINDOW:
            pre_table = bus.region == Region.PRE_TABLE
            for name, table in (("outer", pre_table), ("inner", pre_table), ("post", bus.region == Region.POST_TABLE)):
                places[f"{name}_table"] = (m.submodules[f"{name}_table"], table, bus.column)
        answers = []
        for name, (target, selected, index) in places.items():
            m.d.comb += [
                target.host_read.eq(bus.read & selected),
                target.host_write.eq(bus.write & selected),
                target.host_index.eq(index),
                target.host_data.eq(bus.write_data),
            ]
            if name != "inner_table":
                reading = stages(m, target.host_read, TARGET_LATENCY, name=f"reading_{name}")[-1]
                answers.append(Mux(reading, target.host_answer, 0))
        for answer in answers[1:]:
            answers[0] = answers[0] | answer
        m.d.comb += bus.read_data.eq(answers[0])
