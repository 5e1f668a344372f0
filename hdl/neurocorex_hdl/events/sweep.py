"""A walk over all neurons, one after the other."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig
from neurocorex.spec.timing import neuron_spacing

from ..lib.memory import index_bits


class Sweep(enum.Enum, shape=2):
    """What is done to the neurons on the way."""

    UPDATE = 0
    """The step of the model."""
    RECALL = 1
    """Nothing; but which of their axons arrive in the next step is found out anew from their histories."""
    CLEAR = 2
    """What some `Clear` flags name goes to zero."""


#: Width of `neurocorex.spec.Clear` flags.
CLEAR_BITS = max(Clear).bit_length()


def slot_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a place in the neuron pipeline: which neuron is in it, and what is done to it."""
    return data.StructLayout({"valid": 1, "index": index_bits(config), "last": 1, "sweep": Sweep})


class Sweeper(wiring.Component):
    """Sends the neurons into the pipeline, which always flows.

    Nothing behind the pipeline can hold it up: a neuron is sent only if there is room for a record of it
    and of all those before it.

    Members
    -------
    start : In(1)
        Strobe: begin with the first neuron in the next cycle.
    sweep : In
        What to do, at `start`.
    last_neuron : In
        The last one in use: sweeps end there, but for those that clear.
    end : Out
        Where the sweep at hand ends.
    room : In(1)
        There is room for one more record.
    slot : Out
        The neuron that enters the pipeline. `start` to the first: 2 cycles.
    sent : Out(1)
        A neuron enters the pipeline in the next cycle.
    stalled : Out(1)
        No neuron is sent because there is no room.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "start": In(1),
            "sweep": In(Sweep),
            "last_neuron": In(index_bits(config), init=config.neurons - 1),
            "end": Out(index_bits(config)),
            "room": In(1),
            "slot": Out(slot_layout(config)),
            "sent": Out(1),
            "stalled": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter over the neurons."""
        m = Module()
        running, index, sweep = Signal(), Signal(index_bits(self._config)), Signal(Sweep)
        # A neuron may need two cycles of the accumulators: then it is sent in the second.
        due = Signal(range(neuron_spacing(self._config)))
        last = index == self.end
        m.d.comb += self.end.eq(Mux(sweep == Sweep.CLEAR, self._config.neurons - 1, self.last_neuron))
        with m.If(running & (due != neuron_spacing(self._config) - 1)):
            m.d.sync += due.eq(due + 1)
        with m.Elif(running):
            m.d.comb += [self.sent.eq(self.room), self.stalled.eq(~self.room)]
        m.d.sync += [
            self.slot.valid.eq(self.sent),
            self.slot.index.eq(index),
            self.slot.last.eq(last),
            self.slot.sweep.eq(sweep),
        ]
        with m.If(self.sent):
            m.d.sync += [due.eq(0), index.eq(index + 1), running.eq(~last)]
        with m.If(self.start):
            m.d.sync += [running.eq(1), index.eq(0), sweep.eq(self.sweep)]
        return m
