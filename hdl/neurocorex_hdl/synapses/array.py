"""Synapse array: rows of arriving axons in, sums for the neurons out, columns and changes for the learning engine."""

from amaranth.hdl import Module, Mux, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, LearningFlag

from ..lib.arithmetic import has
from ..lib.bus import RegionBus, fan_out
from ..lib.delay import stages
from ..registers.file import Settings
from .access import ColumnReader, RowReader, column_layout, column_members, piece_layout
from .accumulator import Accumulators, SumKind, Sums
from .axons import AxonKind, axon_layout
from .drift import drifts
from .feedback import FeedbackFlags
from .matrix import Lanes, WeightMatrix


class Reading(wiring.Signature):
    """Rows and columns that are being read, seen from the synapse array.

    Members
    -------
    arrives, axon : Out
        An axon arrives: its row is read next.
    piece : Out
        Synapses that are wanted, at stage 0, see `piece_layout`.
    error, fired, erred : Out
        Of the neuron whose column is read, at stage 0, as `column_members` has them.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "arrives": Out(1),
            "axon": Out(axon_layout(config)),
            "piece": Out(piece_layout(config)),
            **column_members(config),
        })  # fmt: skip


class Plasticity(wiring.Signature):
    """Access of a learning engine to the synapses, seen from the synapse array.

    Members
    -------
    reading : Out(Reading)
        Which synapses are being read.
    lanes : Out(Lanes)
        These synapses, and their changes.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({"reading": Out(Reading(config)), "lanes": Out(Lanes(config))})


class SynapseArray(wiring.Component):
    """The weights, and for each neuron the sums of the weights that have arrived.

    ::

        rows ----> RowReader ----+-> WeightMatrix -+-> Accumulators -> sums
        columns -> ColumnReader -+      ^          +-> plasticity
                                        +------------- changes

    With errors, `FeedbackFlags` tell to which sums the weights of a row come.

    An axon is accepted a cycle before its first synapses are wanted, stage 0 of the matrix. Their sums are written at
    the end of stage 3, or 5 with deep banks, those of the last group ``groups - 1`` cycles later. Columns and changes
    are there on chips that learn.

    Members
    -------
    settings : In(Settings)
        How far the chip is in use; when weights learn, and drift.
    rows : In(stream)
        Arriving axons, each `row_cycles` cycles.
    sums : In(Sums)
        Sums of the neurons. The first neuron of a sweep may come 2 cycles after the first one in which `rows` is ready
        again, with deep banks 4.
    clearing : Out(1)
        Weights cannot be used yet.
    bus : In(RegionBus)
        As `WeightMatrix` has it: slower than other targets.
    columns : In(stream)
        Neurons whose columns are wanted, each `column_cycles` cycles; never while rows or a sweep are on their way.
    plasticity : Out(Plasticity)
        Access of the learning engine.
    step_done : In(1)
        Strobe: a step ends. Only if weights drift, as `folding`.
    folding : Out(1)
        Level, from the next cycle on: weights cannot be used yet.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        drift = {"step_done": In(1), "folding": Out(1)} if drifts(config) else {}
        learning = {"columns": In(stream.Signature(column_layout(config))), "plasticity": Out(Plasticity(config))}
        super().__init__({
            "settings": In(Settings(config)),
            "rows": In(stream.Signature(axon_layout(config))),
            "sums": In(Sums(config)),
            "clearing": Out(1),
            "bus": In(RegionBus()),
            **(learning if config.learning else {}),
            **drift,
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join readers, matrix and accumulators."""
        m = Module()
        m.submodules.row_reader = row_reader = RowReader(self._config)
        m.submodules.matrix = matrix = WeightMatrix(self._config)
        m.submodules.accumulators = accumulators = Accumulators(self._config)
        wiring.connect(m, wiring.flipped(self.rows), row_reader.rows)
        wiring.connect(m, wiring.flipped(self.sums), accumulators.sums)
        buses = [matrix.bus]
        row = row_reader.piece
        m.d.comb += [
            self.clearing.eq(matrix.clearing),
            row_reader.extent.eq(self.settings.extent),
            matrix.read.eq(row.valid),
            matrix.place.eq(row.place),
        ]
        if self._config.learning:
            self._learn(m, matrix, row_reader)

        # Weights are added at stage 2 of the accumulators. They are zero there unless a row, or a column, is read.
        before = matrix.latency(self._config) - Accumulators.WRITE_STAGE
        arriving = stages(m, row, before, name="row", reset_less=False)[-1]
        kind: Value = arriving.kind != AxonKind.INPUT
        if self._config.errors:
            m.submodules.feedback = feedback = FeedbackFlags(self._config)
            m.d.comb += [feedback.axon.kind.eq(row.kind), feedback.axon.index.eq(row.index)]
            kind = Mux(stages(m, feedback.flag, before - 1, name="feedback")[-1], SumKind.ERROR, kind)
            buses.append(feedback.bus)
        fan_out(m, self.bus, buses)
        m.d.comb += [
            accumulators.add.eq(arriving.valid),
            accumulators.add_group.eq(arriving.block),
            accumulators.add_kind.eq(kind),
            *(accumulators.weights[lane].eq(matrix.lanes.synapses[lane].weight) for lane in range(self._config.lanes)),
        ]
        return m

    def _learn(self, m: Module, matrix: WeightMatrix, row_reader: RowReader) -> None:
        """Add the columns, and the changes of the synapses that are read."""
        m.submodules.column_reader = column_reader = ColumnReader(self._config)
        wiring.connect(m, wiring.flipped(self.columns), column_reader.columns)
        wiring.connect(m, matrix.lanes, wiring.flipped(self.plasticity.lanes))
        row, column, reading = row_reader.piece, column_reader.piece, self.plasticity.reading
        m.d.comb += [
            column_reader.extent.eq(self.settings.extent),
            reading.arrives.eq(self.rows.valid & self.rows.ready),
            reading.axon.eq(self.rows.payload),
            reading.piece.eq(Mux(column.valid, column, row)),
            matrix.read.eq(reading.piece.valid),
            matrix.place.eq(reading.piece.place),
        ]
        m.d.comb += [getattr(reading, name).eq(getattr(column_reader, name)) for name in column_members(self._config)]
        if drifts(self._config):
            control = self.settings.control
            m.d.comb += [
                matrix.drift.step.eq(control.drift_step),
                matrix.drift.enable.eq(has(control.learning, LearningFlag.ENABLE)),
                matrix.drift.step_done.eq(self.step_done),
                self.folding.eq(matrix.drift.folding),
            ]
