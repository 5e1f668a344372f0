"""Counters of steps, spikes, weight changes, cycles and frames (region COUNTERS), all in one memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Counter, Learning, Region
from neurocorex.spec.registers import COUNTER_BITS, MODEL_COUNTERS

from ..lib.arithmetic import select
from ..lib.bus import TARGET_LATENCY, RegionBus
from ..lib.delay import stages

#: Exponential traces that are updated in one cycle: an input axon's, a recurrent one's, a neuron's.
TRACES_AT_ONCE = 3
_WORD_BITS = 32
_WORDS = 2 * len(Counter)
#: Less than this are the cycles between two rounds past a counter; a host's reads hold them up only while nothing but
#: frames is counted.
_ROUND = 1 << 5
_IN_LANES = (Counter.POTENTIATIONS, Counter.DEPRESSIONS, Counter.CLIPS_LOW, Counter.CLIPS_HIGH)


def most_ticks(counter: Counter, config: CoreConfig) -> int:
    """Return how often a counter can go up in one cycle: once, or once in every lane that learns, or never."""
    if counter in _IN_LANES:
        return config.lanes if config.learning else 0
    if counter is Counter.DRIFT_CLIPS:
        return config.lanes if config.learning is Learning.WINDOW else 0
    if counter is Counter.FULL_TRACES:
        return TRACES_AT_ONCE if config.learning is Learning.EXPONENTIAL else 0
    return 1


def counted(config: CoreConfig) -> list[Counter]:
    """Return the counters that can go up; the others stay at zero, and take no logic."""
    return [counter for counter in Counter if most_ticks(counter, config)]


def ticks_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of how much each counter, by its name in lower case, goes up in a cycle."""
    return data.StructLayout({counter.name.lower(): range(most_ticks(counter, config) + 1) for counter in Counter})


class Counters(wiring.Component):
    """All counters, in one memory instead of registers.

    Each counter has a few bits that count its ticks at once. A round visits those that can go up, a word a cycle, and
    adds the ticks of a counter to its low word, and the carry to the high word after it. Counters of 48 bits so need
    one adder between them, and no multiplexer for reading.

    Members
    -------
    ticks : In
        How much each `Counter` goes up in this cycle.
    clear : In(1)
        Strobe: all counters go to zero. Ticks while that is done are lost.
    settled : Out(1)
        Everything that the model has counted before this cycle is in the memory, and nothing is being cleared.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles; two words for each counter, the low one first.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "ticks": In(ticks_layout(config)),
            "clear": In(1),
            "settled": Out(1),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the rounds and the ticks that wait for them."""
        m = Module()
        m.submodules.memory = memory = Memory(shape=_WORD_BITS, depth=_WORDS, init=[])
        read, write = memory.read_port(), memory.write_port()
        # The bus waits for its word: it is asked for late enough to be the answer.
        selected = self.bus.read & (self.bus.region == Region.COUNTERS)
        *_, asking, answers = stages(m, selected, TARGET_LATENCY, name="answers", reset_less=False)
        # A word is fetched in one cycle and stored in the next. A read on the bus interrupts that, and the word is
        # fetched again: block RAM may not be written where it is being read.
        word, fetched, storing, high = Signal(range(_WORDS)), Signal(), Signal(), Signal()
        after = self._after(word)
        total, carry = Signal(_WORD_BITS + 1), Signal()
        taken, waiting = self._take(m, word[1:], storing & ~high)
        # The word at hand when clearing begins may be half done, so it comes once more.
        clearing = Signal(range(_WORDS + 2))
        m.d.comb += [
            storing.eq(fetched & ~asking),
            high.eq(word[0]),
            read.addr.eq(Mux(asking, self.bus.column, Mux(storing, after, word))),
            # A mask is free in the LUT of an adder, if it is on the second of its operands.
            total.eq(Mux(clearing.any(), 0, Mux(high, carry, taken)) + Mux(clearing.any(), 0, read.data)),
            write.en.eq(storing),
            write.addr.eq(word),
            write.data.eq(total),
            self.settled.eq(~clearing.any() & ~waiting),
            self.bus.read_data.eq(Mux(answers, read.data, 0)),
        ]
        # A high word wraps at the first bit that it should not have; those above are zero by that.
        with m.If(high):
            m.d.comb += write.data[COUNTER_BITS - _WORD_BITS].eq(0)
        m.d.sync += fetched.eq(~asking)
        with m.If(storing):
            m.d.sync += [word.eq(after), carry.eq(total[-1])]
        with m.If(self.clear):
            m.d.sync += clearing.eq(_WORDS + 1)
        with m.Elif(storing & clearing.any()):
            m.d.sync += clearing.eq(clearing - 1)
        return m

    def _take(self, m: Module, chosen: Value, take: Value) -> tuple[Value, Value]:
        """Count ticks until they are taken; return those of the chosen counter, and whether any of the model wait."""
        ticks = stages(m, self.ticks, 1, name="ticks", reset_less=False)[-1]
        pending = {}
        for counter in counted(self._config):
            name, most = counter.name.lower(), most_ticks(counter, self._config)
            pending[counter] = waiting = Signal(range(_ROUND * most), name=f"pending_{name}")
            m.d.sync += waiting.eq(ticks[name] + Mux((chosen == counter) & take, 0, waiting))
        counting = (
            ticks[counter.name.lower()].any() | waiting.any()
            for counter, waiting in pending.items()
            if counter in MODEL_COUNTERS
        )
        return select([pending.get(counter, Const(0)) for counter in Counter], chosen), Cat(counting).any()

    def _after(self, word: Value) -> Value:
        """Word that follows in a round, which goes past counters that stay at zero."""
        words = [2 * counter + half for counter in counted(self._config) for half in (0, 1)]
        after = word + 1
        for this, following in zip(words, words[1:] + words[:1], strict=True):
            if following != this + 1:
                after = Mux(word == this, following, after)
        return after
