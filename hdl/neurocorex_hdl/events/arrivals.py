"""Arrivals: the list of axons whose spikes arrive in the next step, and the list of columns to be changed."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from ..lib.memory import block_memory
from ..registers.extent import neuron_bits
from ..synapses.axons import AxonKind, axon_layout


class ListHead(wiring.Signature):
    """First item of a list, seen from what takes it.

    Members
    -------
    pending, item : In
        There is an item, and which. Valid from the second cycle after a push or a `taken` on.
    taken : Out(1)
        Strobe: the next one.
    """

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__({"pending": In(1), "item": In(shape), "taken": Out(1)})


class IndexList(wiring.Component):
    """A list of indices, filled by one sweep and read after it, so that silent neurons and axons cost no cycle.

    Parameters
    ----------
    most : int
        How many indices there are.
    shape : ShapeLike, optional
        Format of an item, where it is more than an index.
    ahead : bool
        Whether the first item waits in a register, and the memory already reads the one after it: on large chips the
        way from a memory to what takes the item is long.

    Members
    -------
    restart : In(1)
        Strobe: the list becomes empty.
    push, push_item : In
        Append an item.
    head : In(ListHead)
        The first item that has not been taken.
    """

    def __init__(self, most: int, shape: ShapeLike | None = None, *, ahead: bool = False) -> None:
        self._most, self._ahead = most, ahead
        self._shape = max(1, (most - 1).bit_length()) if shape is None else shape
        super().__init__({
            "restart": In(1),
            "push": In(1),
            "push_item": In(self._shape),
            "head": In(ListHead(self._shape)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its two pointers."""
        m = Module()
        head = self.head
        m.submodules.memory = memory = block_memory(self._shape, self._most)
        read, write = memory.read_port(), memory.write_port()
        pushed, popped = Signal(range(self._most + 1)), Signal(range(self._most + 1))
        if self._ahead:
            first = Signal(self._shape, reset_less=True)
            m.d.comb += [read.addr.eq(popped + 1), head.item.eq(first)]
            with m.If(head.taken):
                m.d.sync += first.eq(read.data)
            with m.Elif(self.push & (pushed == 0)):
                m.d.sync += first.eq(self.push_item)
        else:
            m.d.comb += [read.addr.eq(popped), head.item.eq(read.data)]
        m.d.comb += [
            write.en.eq(self.push),
            write.addr.eq(pushed),
            write.data.eq(self.push_item),
        ]
        # As late as an item that comes from the memory.
        m.d.sync += head.pending.eq(pushed != popped)
        with m.If(self.restart):
            m.d.sync += [pushed.eq(0), popped.eq(0)]
        with m.Else():
            m.d.sync += [pushed.eq(pushed + self.push), popped.eq(popped + head.taken)]
        return m


class ArrivalList(wiring.Component):
    """The axons that neurons drive and that arrive: recurrent ones first, then extra ones, each rising.

    Members
    -------
    restart : In(1)
        Strobe: the list becomes empty.
    push, push_neuron : In
        Append the axon of a neuron.
    push_extra, push_extra_axon : In
        Append an extra axon; only if there are any.
    head : In(ListHead)
        The first axon that has not been taken.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "restart": In(1),
            "push": In(1),
            "push_neuron": In(neuron_bits(config)),
            "push_extra": In(1),
            "push_extra_axon": In(axon_layout(config)["index"].shape),
            "head": In(ListHead(axon_layout(config))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build a list for each kind."""
        m = Module()
        head = self.head
        m.submodules.recurrent = recurrent = IndexList(self._config.neurons)
        m.d.comb += [
            recurrent.restart.eq(self.restart),
            recurrent.push.eq(self.push),
            recurrent.push_item.eq(self.push_neuron),
            recurrent.head.taken.eq(head.taken & recurrent.head.pending),
            head.item.kind.eq(AxonKind.RECURRENT),
            head.item.index.eq(recurrent.head.item),
            head.pending.eq(recurrent.head.pending),
        ]
        if self._config.extra_axons:
            m.submodules.extra = extra = IndexList(self._config.extra_axons)
            m.d.comb += [
                extra.restart.eq(self.restart),
                extra.push.eq(self.push_extra),
                extra.push_item.eq(self.push_extra_axon),
                extra.head.taken.eq(head.taken & ~recurrent.head.pending),
                head.pending.eq(recurrent.head.pending | extra.head.pending),
            ]
            with m.If(~recurrent.head.pending):
                m.d.comb += [head.item.kind.eq(AxonKind.EXTRA), head.item.index.eq(extra.head.item)]
        return m
