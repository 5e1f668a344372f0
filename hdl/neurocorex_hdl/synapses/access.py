"""Row and column access: which L synapses of an axon or of a neuron are read in each cycle."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.timing import column_cycles, piece_cycles, row_cycles

from ..lib.arithmetic import times
from ..registers.extent import extent_member, neuron_bits
from ..registers.region import region_shape
from ..registers.rules import mixes, rules_layout
from .axons import AxonKind, AxonRow, axon_layout, index_bits
from .banks import lane_bits, place_layout


def block_bits(config: CoreConfig) -> int:
    """Width of the number of a group of L neurons, or of a block of L axons among those of its kind."""
    return max(1, (max(config.neuron_blocks, config.input_blocks, config.extra_blocks) - 1).bit_length())


def piece_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a piece: L synapses of a row or of a column.

    In a row, `kind` is that of its axon, and `block` is the group of neurons. In a column, both tell about the axons.
    `index` is that of the axon of a row among those of its kind, or of the neuron of a column. `begins` marks the first
    piece of a row, and in a column that of each kind. `rule` is the rule row of a column's synapses, on chips with
    several.
    """
    return data.StructLayout({
        "valid": 1,
        "begins": 1,
        "kind": AxonKind,
        "index": index_bits(config),
        "block": block_bits(config),
        "place": place_layout(config),
        **({"rule": config.rule_bits} if config.rules > 1 else {}),
    })  # fmt: skip


def column_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a column: its neuron, and with errors that of the neuron.

    With several rule rows, those of its synapses. If some of these may go by spikes and others by errors, whether the
    neuron has `fired`, and whether it has `erred`: that its error calls for changes.
    """
    return data.StructLayout({
        "neuron": neuron_bits(config),
        **({"error": region_shape(Region.ERROR, config)} if config.errors else {}),
        **({"rules": rules_layout(config)} if config.rules > 1 else {}),
        **({"fired": 1, "erred": 1} if mixes(config) else {}),
    })  # fmt: skip


def rewarded_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a column that is walked for a reward or a fade: what it needs of `column_layout`."""
    names = ("neuron", *["rules"] * (config.rules > 1))
    return data.StructLayout({name: column_layout(config)[name].shape for name in names})


def column_members(config: CoreConfig) -> dict[str, wiring.Member]:
    """Return outputs that tell what a column's changes follow from, beside its pieces: as `column_layout` has them."""
    names = (*["error"] * config.errors, *["fired", "erred"] * mixes(config))
    return {name: Out(column_layout(config)[name].shape) for name in names}


class RowReader(wiring.Component):
    """Reads the row of an axon: a group of L neurons each `piece_cycles`.

    Rows follow each other without a gap. A row shorter than the pipeline of the accumulators waits at its end, so that
    the next one does not read a sum before it has been written: each row takes `row_cycles` cycles.

    Members
    -------
    extent : In
        How far the chip is in use: a row ends there.
    rows : In(stream)
        Arriving axons; ready in the last cycle of a row.
    piece : Out
        Synapses that are wanted.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "extent": extent_member(config),
            "rows": In(stream.Signature(axon_layout(config))),
            "piece": Out(piece_layout(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter along the row."""
        m = Module()
        config, piece = self._config, self.piece
        m.submodules.first = first = AxonRow(config)
        lanes = lane_bits(config)
        # With a single port, every other cycle is left to writing.
        waits = piece_cycles(config) - 1
        # Known a cycle ahead, because long paths begin at it.
        active, position, ready = Signal(), Signal(range(row_cycles(config))), Signal(init=1)
        m.d.comb += [
            first.axon.eq(self.rows.payload),
            self.rows.ready.eq(ready),
            piece.valid.eq(active & (position[waits:] < self.extent.groups) & ~position[:waits].any()),
            piece.begins.eq(position == 0),
            piece.block.eq(position[waits:]),
        ]
        with m.If(ready):
            m.d.sync += [
                active.eq(self.rows.valid),
                ready.eq(~self.rows.valid),
                position.eq(0),
                piece.kind.eq(self.rows.payload.kind),
                piece.index.eq(self.rows.payload.index),
                # Each kind begins with a whole block.
                piece.place.turn.eq(self.rows.payload.index),
                piece.place.word.eq(first.row[lanes:]),
            ]
        with m.Else():
            m.d.sync += [position.eq(position + 1), ready.eq(position == self.extent.row_end)]
            with m.If(position[:waits].all()):
                m.d.sync += piece.place.word.eq(piece.place.word + config.axon_blocks)
        return m


class ColumnReader(wiring.Component):
    """Reads the column of a neuron: a block of L axons each `piece_cycles`, without a gap.

    Members
    -------
    extent : In
        How far the chip is in use: axons beyond are left out.
    columns : In(stream)
        Neurons whose synapses are potentiated; ready in the last cycle of a column.
    piece : Out
        Synapses that are wanted.
    error, fired, erred : Out
        Of the neuron of that column, as `column_members` has them.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "extent": extent_member(config),
            "columns": In(stream.Signature(column_layout(config))),
            "piece": Out(piece_layout(config)),
            **column_members(config),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counters along the column."""
        m = Module()
        config, piece = self._config, self.piece
        lanes, neuron = lane_bits(config), self.columns.payload.neuron
        active, position, ready = Signal(), Signal(range(column_cycles(config))), Signal(init=1)
        others = Signal(config.rule_bits)
        waits = piece_cycles(config) - 1
        following = piece.block + 1
        next_kind, next_begins, skipped = self._kind(m, following)
        m.d.comb += [
            self.columns.ready.eq(ready),
            piece.valid.eq(active & ~position[:waits].any()),
            piece.place.column.eq(1),
        ]
        with m.If(ready):
            m.d.sync += [
                active.eq(self.columns.valid),
                ready.eq(~self.columns.valid),
                position.eq(0),
                piece.kind.eq(AxonKind.INPUT),
                piece.begins.eq(1),
                piece.block.eq(0),
                piece.index.eq(neuron),
                piece.place.turn.eq(neuron[:lanes]),
                piece.place.word.eq(times(neuron[lanes:], config.axon_blocks)),
            ]
            m.d.sync += [getattr(self, name).eq(self.columns.payload[name]) for name in column_members(config)]
            if config.rules > 1:
                m.d.sync += [
                    piece.rule.eq(self.columns.payload.rules.inputs),
                    others.eq(self.columns.payload.rules.others),
                ]
        with m.Else():
            m.d.sync += [position.eq(position + 1), ready.eq(position == self.extent.column_end)]
            with m.If(position[:waits].all()):
                m.d.sync += [
                    piece.kind.eq(next_kind),
                    piece.begins.eq(next_begins),
                    piece.block.eq(Mux(next_begins, 0, following)),
                    piece.place.word.eq(piece.place.word + 1 + skipped),
                ]
                if config.rules > 1:
                    with m.If(next_begins):
                        m.d.sync += piece.rule.eq(others)
        return m

    def _kind(self, m: Module, block: Value) -> tuple[Signal, Signal, Value]:
        """Kind of the axons of the next block; whether it is their first one; how many blocks lie idle before it."""
        extent, kind, begins = self.extent, Signal.like(self.piece.kind), Signal()
        skipped = Signal(range(1 + max(self._config.neuron_blocks, self._config.input_blocks)))
        m.d.comb += kind.eq(self.piece.kind)
        with m.If((self.piece.kind == AxonKind.INPUT) & (block == extent.input_blocks)):
            m.d.comb += [kind.eq(AxonKind.RECURRENT), begins.eq(1), skipped.eq(extent.idle_blocks)]
        with m.If((self.piece.kind == AxonKind.RECURRENT) & (block == extent.groups)):
            m.d.comb += [kind.eq(AxonKind.EXTRA), begins.eq(1), skipped.eq(extent.idle_groups)]
        return kind, begins, skipped
