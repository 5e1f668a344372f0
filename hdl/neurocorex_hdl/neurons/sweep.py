"""Sweep over the neurons: sends one after the other into the pipeline, to update, recall or clear."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig
from neurocorex.spec.timing import neuron_spacing

from ..registers.extent import extent_member, neuron_bits


class Sweep(enum.Enum, shape=2):
    """What a sweep does to the neurons."""

    UPDATE = 0
    """The step of the model."""
    RECALL = 1
    """Neurons stay; the axons that arrive in the next step are found anew from the histories."""
    CLEAR = 2
    """Regions that `Clear` flags name go to zero."""
    CONTEST = 3
    """Neurons stay, as do their sums; of those that exclude one another the best are found."""


def slot_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a place in the neuron pipeline: which neuron is in it, and in which sweep."""
    return data.StructLayout({"valid": 1, "index": neuron_bits(config), "last": 1, "sweep": Sweep})


class Phase(wiring.Signature):
    """Phase of a step, seen from the sequencer that decides it.

    Members
    -------
    start, sweep : Out
        Strobe: begin a sweep of this kind.
    cleared : Out(Clear)
        What a sweep that clears sets to zero; from the cycle after `start` to its end.
    contest : Out(1)
        Strobe: begin a sweep of this kind, ahead of an update. Nothing but neurons takes notice of it.
    rows : Out(1)
        Level, from the cycle on in which the first axon, or neuron, can be taken: rows are read, not columns.
    """

    def __init__(self) -> None:
        super().__init__(
            {"start": Out(1), "sweep": Out(Sweep), "cleared": Out(Clear), "contest": Out(1), "rows": Out(1)}
        )


class Sweeper(wiring.Component):
    """Sends the neurons into the pipeline, which always flows.

    Nothing behind the pipeline can hold it up: a neuron is sent only if there is room for a record of it
    and of all those before it.

    Members
    -------
    phase : In(Phase)
        When a sweep begins, and which. From `start` to the first neuron in `slot`: 2 cycles.
    extent : In
        Sweeps end at the last neuron in use, except that a sweep that clears passes all neurons.
    end : Out
        Where the present sweep ends.
    room : In(1)
        There is room for one more record.
    contest : Out(1)
        Level: a contest is swept, which leaves no records.
    starts : Out(1)
        Strobe: a sweep begins.
    slot : Out
        The neuron that enters the pipeline.
    sent : Out(1)
        A neuron enters the pipeline in the next cycle.
    stalled : Out(1)
        No neuron is sent because there is no room.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "phase": In(Phase()),
            "extent": extent_member(config),
            "end": Out(neuron_bits(config)),
            "room": In(1),
            "contest": Out(1),
            "starts": Out(1),
            "slot": Out(slot_layout(config)),
            "sent": Out(1),
            "stalled": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter over the neurons."""
        m = Module()
        running, index, sweep = Signal(), Signal(neuron_bits(self._config)), Signal(Sweep)
        # A neuron may need two cycles of the accumulators: then it is sent in the second.
        due = Signal(range(neuron_spacing(self._config)))
        last = index == self.end
        m.d.comb += self.end.eq(Mux(sweep == Sweep.CLEAR, self._config.neurons - 1, self.extent.last_neuron))
        with m.If(running & (due != neuron_spacing(self._config) - 1)):
            m.d.sync += due.eq(due + 1)
        with m.Elif(running):
            room = self.room | self.contest
            m.d.comb += [self.sent.eq(room), self.stalled.eq(~room)]
        m.d.sync += [
            self.slot.valid.eq(self.sent),
            self.slot.index.eq(index),
            self.slot.last.eq(last),
            self.slot.sweep.eq(sweep),
        ]
        with m.If(self.sent):
            m.d.sync += [due.eq(0), index.eq(index + 1), running.eq(~last)]
        m.d.comb += self.starts.eq(self.phase.start | (self.phase.contest if self._config.groups else 0))
        with m.If(self.phase.start):
            m.d.sync += [running.eq(1), index.eq(0), sweep.eq(self.phase.sweep)]
        if self._config.groups:
            m.d.comb += self.contest.eq(sweep == Sweep.CONTEST)
            with m.If(self.phase.contest):
                m.d.sync += [running.eq(1), index.eq(0), sweep.eq(Sweep.CONTEST)]
        return m
