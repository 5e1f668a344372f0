"""Arrivals: the list of axons whose spikes arrive in the next step, and the list of neurons that fired."""

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
    ahead : bool
        Whether the first index waits in a register, and the memory already reads the one after it: on large chips the
        way from a memory to what takes the index is long.

    Members
    -------
    restart : In(1)
        Strobe: the list becomes empty.
    push, push_index : In
        Append an index.
    head : In(ListHead)
        The first index that has not been taken.
    """

    def __init__(self, most: int, *, ahead: bool = False) -> None:
        self._most, self._ahead = most, ahead
        bits = max(1, (most - 1).bit_length())
        super().__init__({
            "restart": In(1),
            "push": In(1),
            "push_index": In(bits),
            "head": In(ListHead(bits)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its two pointers."""
        m = Module()
        head = self.head
        m.submodules.memory = memory = block_memory(len(head.item), self._most)
        read, write = memory.read_port(), memory.write_port()
        pushed, popped = Signal(range(self._most + 1)), Signal(range(self._most + 1))
        if self._ahead:
            first = Signal.like(read.data, reset_less=True)
            m.d.comb += [read.addr.eq(popped + 1), head.item.eq(first)]
            with m.If(head.taken):
                m.d.sync += first.eq(read.data)
            with m.Elif(self.push & (pushed == 0)):
                m.d.sync += first.eq(self.push_index)
        else:
            m.d.comb += [read.addr.eq(popped), head.item.eq(read.data)]
        m.d.comb += [
            write.en.eq(self.push),
            write.addr.eq(pushed),
            write.data.eq(self.push_index),
        ]
        # As late as an index that comes from the memory.
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
            recurrent.push_index.eq(self.push_neuron),
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
                extra.push_index.eq(self.push_extra_axon),
                extra.head.taken.eq(head.taken & ~recurrent.head.pending),
                head.pending.eq(recurrent.head.pending | extra.head.pending),
            ]
            with m.If(~recurrent.head.pending):
                m.d.comb += [head.item.kind.eq(AxonKind.EXTRA), head.item.index.eq(extra.head.item)]
        return m
