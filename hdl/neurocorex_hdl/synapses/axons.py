"""Axons: input, recurrent and extra ones, and the rows of the weight matrix that belong to them."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig


class AxonKind(enum.Enum, shape=2):
    """Where the spikes of an axon come from."""

    INPUT = 0
    """From outside."""
    RECURRENT = 1
    """From the neuron of the same index."""
    EXTRA = 2
    """From the neuron that `Region.EXTRA_SOURCE` names."""


def axon_counts(config: CoreConfig) -> dict[AxonKind, int]:
    """Return how many axons of each kind there are, in the order in which the model numbers them."""
    return {
        AxonKind.INPUT: config.inputs,
        AxonKind.RECURRENT: config.neurons,
        AxonKind.EXTRA: config.extra_axons,
    }


def first_axons(config: CoreConfig) -> dict[AxonKind, int]:
    """Return the number of the first axon of each kind."""
    return {
        AxonKind.INPUT: 0,
        AxonKind.RECURRENT: config.inputs,
        AxonKind.EXTRA: config.inputs + config.neurons,
    }


def first_blocks(config: CoreConfig) -> dict[AxonKind, int]:
    """Return the block of L rows with which each kind begins: whole ones, so that a column meets all banks."""
    return {
        AxonKind.INPUT: 0,
        AxonKind.RECURRENT: config.input_blocks,
        AxonKind.EXTRA: config.input_blocks + config.neuron_blocks,
    }


def index_bits(config: CoreConfig) -> int:
    """Width of the index of an axon among those of its kind."""
    return max(1, (max(axon_counts(config).values()) - 1).bit_length())


def axon_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of an axon: its kind, and its index among those of its kind."""
    return data.StructLayout({"kind": AxonKind, "index": index_bits(config)})


def by_kind(kind: Value, values: dict[AxonKind, int], width: int) -> Value:
    """Return the constant for a kind, of `width` bits."""
    chosen = Mux(kind == AxonKind.RECURRENT, Const(values[AxonKind.RECURRENT], width), Const(0, width))
    return Mux(kind == AxonKind.EXTRA, Const(values[AxonKind.EXTRA], width), chosen)


class AxonRow(wiring.Component):
    """Row of an axon, in the order in which the banks hold them.

    Combinational. Rows without an axon lie between the kinds, if the number of one is no multiple of L.

    Members
    -------
    axon : In
        Kind and index.
    row : Out
        Its row, less than `CoreConfig.axon_stride`.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({"axon": In(axon_layout(config)), "row": Out(range(config.axon_stride))})

    def elaborate(self, platform: object) -> Module:
        """Build the adder."""
        m = Module()
        config = self._config
        first = {kind: block * config.lanes for kind, block in first_blocks(config).items()}
        m.d.comb += self.row.eq(by_kind(self.axon.kind, first, len(self.row)) + self.axon.index)
        return m


class AxonFinder(wiring.Component):
    """Kind and index of an axon, from its number in the model: a < M, then M + j, then M + N + e.

    Combinational.

    Members
    -------
    number : In(16)
        The axon, as a host writes it.
    axon : Out
        Kind and index.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({"number": In(16), "axon": Out(axon_layout(config))})

    def elaborate(self, platform: object) -> Module:
        """Build the comparisons and the subtractor."""
        m = Module()
        first = first_axons(self._config)
        base = Signal(range(max(1, first[AxonKind.EXTRA]) + 1))
        m.d.comb += self.axon.kind.eq(AxonKind.INPUT)
        for kind in (AxonKind.RECURRENT, AxonKind.EXTRA):
            if axon_counts(self._config)[kind]:
                with m.If(self.number >= first[kind]):
                    m.d.comb += [self.axon.kind.eq(kind), base.eq(first[kind])]
        m.d.comb += self.axon.index.eq(self.number - base)
        return m
