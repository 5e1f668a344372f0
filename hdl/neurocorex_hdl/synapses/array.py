"""From arriving axons to the sums of their weights."""

from amaranth.hdl import Module, Mux, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig

from ..events.sweep import slot_layout
from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..lib.memory import index_bits
from ..registers.extent import extent_member
from .accumulator import Accumulators, sum_shape
from .axons import AxonKind, axon_layout
from .banks import synapse_lanes
from .matrix import WeightMatrix
from .update import changed_layout
from .walk import ColumnWalk, RowWalk, piece_layout


class SynapseArray(wiring.Component):
    """The weights, and for each neuron the two sums of those that have arrived.

    ::

        rows ----> RowWalk ----+-> WeightMatrix -+-> Accumulators -> sums
        columns -> ColumnWalk -+      ^          +-> synapses
                                      +------------- changes

    An axon is accepted a cycle before its first synapses are wanted, stage 0 of the matrix. Their sums are written at
    the end of stage 3, those of the last group ``groups - 1`` cycles later. Columns, and what comes back changed, are
    there on chips that learn.

    Members
    -------
    extent : In
        How far the chip is in use.
    rows : In(stream)
        Arriving axons, each `row_cycles` cycles.
    slot : In
        Neuron that enters the pipeline. Its sums are taken, that is, they are zero afterwards. The first neuron of a
        sweep may come 2 cycles after the first one in which `rows` is ready again.
    input_sum, recurrent_sum : Out
        The sums of a neuron, 3 and 4 cycles after it was in the slot.
    clearing : Out(1)
        Weights are not there yet.
    bus : In(RegionBus)
        As `WeightMatrix` has it: it is to be given requests a cycle earlier than other targets.
    columns : In(stream)
        Neurons whose columns are wanted, each `column_cycles` cycles; never while rows or a sweep are on their way.
    piece : Out
        What is wanted, at stage 0.
    synapses, drift, changes, host, host_weight : Out, In, In, Out, Out
        As `WeightMatrix` has them.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        learning = {
            "columns": In(stream.Signature(index_bits(config))),
            "piece": Out(piece_layout(config)),
            "synapses": Out(synapse_lanes(config)),
            "drift": In(signed(Control.DRIFT.bits(config))),
            "changes": In(data.ArrayLayout(changed_layout(config), config.lanes)),
            "host": Out(1),
            "host_weight": Out(signed(config.weight_bits)),
        }  # fmt: skip
        super().__init__({
            "extent": extent_member(config),
            "rows": In(stream.Signature(axon_layout(config))),
            "slot": In(slot_layout(config)),
            "input_sum": Out(sum_shape(config)),
            "recurrent_sum": Out(sum_shape(config)),
            "clearing": Out(1),
            "bus": In(RegionBus()),
            **(learning if config.learning else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join the components."""
        m = Module()
        m.submodules.row_walk = row_walk = RowWalk(self._config)
        m.submodules.matrix = matrix = WeightMatrix(self._config)
        m.submodules.accumulators = accumulators = Accumulators(self._config)
        wiring.connect(m, wiring.flipped(self.rows), row_walk.rows)
        wiring.connect(m, wiring.flipped(self.bus), matrix.bus)
        m.d.comb += [self.clearing.eq(matrix.clearing), row_walk.extent.eq(self.extent)]
        row = row_walk.piece
        m.d.comb += [matrix.read.eq(row.valid), matrix.place.eq(row.place)]
        if self._config.learning:
            self._learn(m, matrix, row)

        # Weights are added at stage 2 of the accumulators. They are zero there unless a row, or a column, is walked.
        before = matrix.LATENCY - Accumulators.WRITE_STAGE
        arriving = stages(m, row, before, name="row", reset_less=False)[-1]
        m.d.comb += [
            accumulators.add.eq(arriving.valid),
            accumulators.add_group.eq(arriving.block),
            accumulators.add_recurrent.eq(arriving.kind != AxonKind.INPUT),
            *(accumulators.weights[lane].eq(matrix.synapses[lane].weight) for lane in range(self._config.lanes)),
            accumulators.take.eq(self.slot.valid),
            accumulators.take_index.eq(self.slot.index),
            self.input_sum.eq(accumulators.input_sum),
            self.recurrent_sum.eq(accumulators.recurrent_sum),
        ]
        return m

    def _learn(self, m: Module, matrix: WeightMatrix, row: data.View) -> None:
        """Let columns go to the matrix, too, and what is read to those who change it."""
        m.submodules.column_walk = column_walk = ColumnWalk(self._config)
        wiring.connect(m, wiring.flipped(self.columns), column_walk.columns)
        m.d.comb += [
            column_walk.extent.eq(self.extent),
            self.piece.eq(Mux(column_walk.piece.valid, column_walk.piece, row)),
            matrix.read.eq(self.piece.valid),
            matrix.place.eq(self.piece.place),
            matrix.drift.eq(self.drift),
            matrix.changes.eq(self.changes),
            self.host.eq(matrix.host),
            self.host_weight.eq(matrix.host_weight),
            self.synapses.eq(matrix.synapses),
        ]
