"""Drift: what all plastic weights have gained since the last fold, and the fold, which adds it to what banks hold."""

from amaranth.hdl import Cat, Module, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.timing import piece_cycles

from ..lib.delay import stages
from .banks import bank_latency, place_at, place_layout


def drifts(config: CoreConfig) -> bool:
    """Whether the weights of a chip drift."""
    return config.learning is Learning.WINDOW


def drift_shape(config: CoreConfig) -> Shape:
    """Return the format of a pending drift: half the range of a weight, both ways."""
    return signed(config.weight_bits + 1)


class Drift(wiring.Component):
    """Puts off the drift of docs/model.md: a sum of its steps, and from time to time a sweep over the banks.

    A weight is ``sat_W(stored + pending)``. While the sum only grows, what is clamped once is as good as what is
    clamped in each step; so a fold comes first when the step has turned its sign, and when the sum would exceed half
    the range of a weight, with which ``w - pending`` would not fit in the banks any more. All words are folded,
    whether in use or not, L in a cycle: read, added up, and stored where they came from.

    Members
    -------
    step, enable : In
        `Control.DRIFT_STEP`, and whether weights learn. They stay from the last changes of a step on.
    step_done : In(1)
        Strobe: a step ends, and its weights are being written.
    pending : Out
        The sum; it stays while weights are read or written.
    folding : Out(1)
        Level, from the cycle after `step_done` on: synapses are not to be used yet.
    read, place : Out
        A word is wanted from all banks, at stage 0.
    write, write_place : Out
        It is to be stored, a cycle after the banks have given it, with the sum added.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "step": In(signed(config.weight_bits)),
            "enable": In(1),
            "step_done": In(1),
            "pending": Out(drift_shape(config)),
            "folding": Out(1),
            "read": Out(1),
            "place": Out(place_layout(config)),
            "write": Out(1),
            "write_place": Out(place_layout(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the sum, and the counter over the words."""
        m = Module()
        config, step = self._config, self.step
        words, pieces = max(2, config.weight_words), piece_cycles(config)
        # As the memories, it outlives a reset.
        pending = Signal(drift_shape(config), reset_less=True)
        following, due, reading = Signal(signed(len(pending) + 1)), Signal(), Signal()
        # A single port reads every other cycle and writes in between.
        position = Signal(range(words * pieces))
        most = 1 << (config.weight_bits - 1)
        starts = self.step_done & self.enable & due
        turned = step.any() & pending.any() & (step[-1] != pending[-1])
        m.d.comb += [
            following.eq(pending + step),
            self.pending.eq(pending),
            self.read.eq(reading & ~position[: pieces - 1].any()),
            self.place.eq(place_at(position[pieces - 1 :], config)),
        ]
        m.d.sync += due.eq(turned | (following > most) | (following < -most))
        stage = 1 + bank_latency(config)  # of the registers before the write ports
        places = stages(m, self.place, stage, name="place")
        reads = stages(m, self.read, stage + 1, name="read", reset_less=False)
        # The last changes of the step may still be on their way to the banks.
        begins = stages(m, starts, 3, name="begins", reset_less=False)
        m.d.comb += [self.write.eq(reads[-2]), self.write_place.eq(places[-1])]
        with m.If(reading):
            m.d.sync += [position.eq(position + 1), reading.eq(position != words * pieces - 1)]
        with m.Elif(self.folding & ~Cat(begins, reads).any()):
            m.d.sync += [self.folding.eq(0), pending.eq(step)]
        with m.If(starts):
            m.d.sync += self.folding.eq(1)
        with m.Elif(self.step_done & self.enable):
            m.d.sync += pending.eq(following)
        with m.If(begins[-1]):
            m.d.sync += [reading.eq(1), position.eq(0)]
        return m
