"""Which neurons' axons arrive in the next step."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from .regions import index_bits, neuron_memory


class ArrivalList(wiring.Component):
    """A list of neurons, filled by one sweep and read after it. A neuron that is silent costs nothing.

    Members
    -------
    restart : In(1)
        Strobe: the list becomes empty.
    push, push_neuron : In
        Append a neuron.
    neuron, pending : Out
        The next neuron that has not been taken, if any. Valid from the second cycle after a push or a pop on.
    pop : In(1)
        Take it.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "restart": In(1),
            "push": In(1),
            "push_neuron": In(index_bits(config)),
            "neuron": Out(index_bits(config)),
            "pending": Out(1),
            "pop": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its two pointers."""
        m = Module()
        neurons = self._config.neurons
        m.submodules.memory = memory = neuron_memory(index_bits(self._config), self._config)
        read, write = memory.read_port(), memory.write_port()
        pushed, popped = Signal(range(neurons + 1)), Signal(range(neurons + 1))
        m.d.comb += [
            read.addr.eq(popped),
            self.neuron.eq(read.data),
            write.en.eq(self.push),
            write.addr.eq(pushed),
            write.data.eq(self.push_neuron),
        ]
        m.d.sync += self.pending.eq(pushed != popped)
        with m.If(self.restart):
            m.d.sync += [pushed.eq(0), popped.eq(0)]
        with m.Else():
            m.d.sync += [pushed.eq(pushed + self.push), popped.eq(popped + self.pop)]
        return m
