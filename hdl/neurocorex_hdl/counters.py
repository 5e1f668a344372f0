"""What a host may want to know of the past: `Region.COUNTERS`."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Counter, Region
from neurocorex.spec.registers import COUNTER_BITS, MODEL_COUNTERS

from .bus import RegionBus
from .pipeline import stages
from .regions import TARGET_LATENCY

_WORD_BITS = 32
_WORDS = 2 * len(Counter)
#: Ticks that can wait for the walk to come by: at most one a cycle, and a walk of `_WORDS` cycles, which a host's
#: reads hold up only while nothing but frames is counted.
_PENDING_BITS = 5


class Counters(wiring.Component):
    """All counters, in one memory instead of registers.

    Each counter has a few bits that count its ticks at once. A walk goes round the words of the memory, one a cycle,
    and adds what has come together there: to a low word the ticks, to the high word after it the carry. Ten counters of
    48 bits so need one adder, and no multiplexer for reading.

    Members
    -------
    ticks : In
        Counters that go up in this cycle, a bit for each `Counter`.
    clear : In(1)
        Strobe: all counters go to zero. Ticks while that is done are lost.
    settled : Out(1)
        Everything that the model has counted before this cycle is in the memory, and nothing is being cleared.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles; two words for each counter, the low one first.
    """

    def __init__(self) -> None:
        super().__init__({
            "ticks": In(len(Counter)),
            "clear": In(1),
            "settled": Out(1),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the walk round it and the ticks that wait for it."""
        m = Module()
        m.submodules.memory = memory = Memory(shape=_WORD_BITS, depth=_WORDS, init=[])
        read, write = memory.read_port(), memory.write_port()
        # A word is fetched in one cycle and stored in the next. A read on the bus interrupts that, and the word is
        # fetched again: block RAM may not be written where it is being read.
        word, fetched, storing, high = Signal(range(_WORDS)), Signal(), Signal(), Signal()
        after = Mux(word == _WORDS - 1, 0, word + 1)
        total, carry = Signal(_WORD_BITS + 1), Signal()
        taken, waiting = self._take(m, word[1:], storing & ~high)
        # The word at hand when clearing begins may be half done, so it comes once more.
        clearing = Signal(range(_WORDS + 2))
        m.d.comb += [
            storing.eq(fetched & ~self.bus.read),
            high.eq(word[0]),
            read.addr.eq(Mux(self.bus.read, self.bus.column, Mux(storing, after, word))),
            total.eq(read.data + Mux(high, carry, taken)),
            write.en.eq(storing),
            write.addr.eq(word),
            write.data.eq(Mux(clearing.any(), 0, Mux(high, total[: COUNTER_BITS - _WORD_BITS], total[:_WORD_BITS]))),
            self.settled.eq(~clearing.any() & ~waiting),
        ]
        m.d.sync += fetched.eq(~self.bus.read)
        with m.If(storing):
            m.d.sync += [word.eq(after), carry.eq(total[-1] & ~clearing.any())]
        with m.If(self.clear):
            m.d.sync += clearing.eq(_WORDS + 1)
        with m.Elif(storing & clearing.any()):
            m.d.sync += clearing.eq(clearing - 1)
        self._answer(m, read.data)
        return m

    def _take(self, m: Module, chosen: Value, take: Value) -> tuple[Signal, Value]:
        """Count ticks until they are taken; return those of the chosen counter, and whether any of the model wait."""
        taken = Signal(_PENDING_BITS)
        ticks = stages(m, self.ticks, 1, name="ticks", reset_less=False)[-1]
        waiting = [ticks[counter] for counter in MODEL_COUNTERS]
        for counter in Counter:
            pending = Signal(_PENDING_BITS, name=f"pending_{counter.name.lower()}")
            m.d.sync += pending.eq(pending + ticks[counter])
            with m.If(chosen == counter):
                m.d.comb += taken.eq(pending)
                with m.If(take):
                    m.d.sync += pending.eq(ticks[counter])
            if counter in MODEL_COUNTERS:
                waiting.append(pending.any())
        return taken, Cat(waiting).any()

    def _answer(self, m: Module, word: Signal) -> None:
        """Drive the bus with a word that it asked for."""
        selected = self.bus.read & (self.bus.region == Region.COUNTERS)
        answers = stages(m, selected, TARGET_LATENCY, name="answers")
        m.d.comb += self.bus.read_data.eq(Mux(answers[-1], stages(m, word, 1, name="word")[-1], 0))
