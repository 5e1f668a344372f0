"""Which axons arrive in the next step."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from ..lib.memory import block_memory, index_bits
from ..synapses.axons import AxonKind, axon_layout


class IndexList(wiring.Component):
    """A list of indices, filled by one sweep and read after it. What is silent costs nothing.

    Parameters
    ----------
    most : int
        How many indices there are.

    Members
    -------
    restart : In(1)
        Strobe: the list becomes empty.
    push, push_index : In
        Append an index.
    index, pending : Out
        The next index that has not been taken, if any. Valid from the second cycle after a push or a pop on.
    pop : In(1)
        Take it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        bits = max(1, (most - 1).bit_length())
        super().__init__({
            "restart": In(1),
            "push": In(1),
            "push_index": In(bits),
            "index": Out(bits),
            "pending": Out(1),
            "pop": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its two pointers."""
        m = Module()
        m.submodules.memory = memory = block_memory(len(self.index), self._most)
        read, write = memory.read_port(), memory.write_port()
        pushed, popped = Signal(range(self._most + 1)), Signal(range(self._most + 1))
        m.d.comb += [
            read.addr.eq(popped),
            self.index.eq(read.data),
            write.en.eq(self.push),
            write.addr.eq(pushed),
            write.data.eq(self.push_index),
        ]
        # As late as the index, which comes from a memory.
        m.d.sync += self.pending.eq(pushed != popped)
        with m.If(self.restart):
            m.d.sync += [pushed.eq(0), popped.eq(0)]
        with m.Else():
            m.d.sync += [pushed.eq(pushed + self.push), popped.eq(popped + self.pop)]
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
    axon, pending : Out
        The next axon that has not been taken, if any. Valid from the second cycle after a push or a pop on.
    pop : In(1)
        Take it.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "restart": In(1),
            "push": In(1),
            "push_neuron": In(index_bits(config)),
            "push_extra": In(1),
            "push_extra_axon": In(axon_layout(config)["index"].shape),
            "axon": Out(axon_layout(config)),
            "pending": Out(1),
            "pop": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build a list for each kind."""
        m = Module()
        m.submodules.recurrent = recurrent = IndexList(self._config.neurons)
        m.d.comb += [
            recurrent.restart.eq(self.restart),
            recurrent.push.eq(self.push),
            recurrent.push_index.eq(self.push_neuron),
            recurrent.pop.eq(self.pop & recurrent.pending),
            self.axon.kind.eq(AxonKind.RECURRENT),
            self.axon.index.eq(recurrent.index),
            self.pending.eq(recurrent.pending),
        ]
        if self._config.extra_axons:
            m.submodules.extra = extra = IndexList(self._config.extra_axons)
            m.d.comb += [
                extra.restart.eq(self.restart),
                extra.push.eq(self.push_extra),
                extra.push_index.eq(self.push_extra_axon),
                extra.pop.eq(self.pop & ~recurrent.pending),
                self.pending.eq(recurrent.pending | extra.pending),
            ]
            with m.If(~recurrent.pending):
                m.d.comb += [self.axon.kind.eq(AxonKind.EXTRA), self.axon.index.eq(extra.index)]
        return m
