"""The stimulus, from bytes to what they mean; `neurocorex.spec.events` defines the codes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.events import ARGUMENTS, CLEAR, END, GAP_CODES, GRADED, IDLE, SKIP


class ItemKind(enum.Enum, shape=2):
    """What an item of the stimulus is."""

    EVENT = 0
    """A spike of an input axon."""
    GRADED = 1
    """A current injected into a neuron."""
    CLEAR = 2
    """State goes to zero; comes first in a step."""
    END = 3
    """The step ends."""


def item_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of an item: its kind, the axon or neuron, and the current."""
    return data.StructLayout({
        "kind": ItemKind,
        "index": max(1, (max(config.inputs, config.neurons) - 1).bit_length()),
        "value": signed(config.state_bits),
    })  # fmt: skip


class Cursor(wiring.Component):
    """Place of the next event in a list of rising indices, of which only the distances are known.

    It stops behind the last index: whatever comes after one that does not exist does not exist either.

    Parameters
    ----------
    limit : int
        How many indices there are.
    gap_bits : int
        Width of a distance.

    Members
    -------
    gap : In
        Distance from the index after the one before.
    index, exists : Out
        Where that leads to, combinational.
    move, skip : In(1)
        Strobes: the cursor moves behind `index`, or just to it.
    restart : In(1)
        Strobe: back to 0.
    """

    def __init__(self, limit: int, gap_bits: int) -> None:
        self._limit = limit
        self._gap_bits = gap_bits
        super().__init__({
            "gap": In(gap_bits),
            "index": Out(max(1, (limit - 1).bit_length())),
            "exists": Out(1),
            "move": In(1),
            "skip": In(1),
            "restart": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build two sums side by side: where the gap leads to, and how many indices are left behind that."""
        m = Module()
        bits = max(self._gap_bits, self._limit.bit_length()) + 1
        place, left = Signal(bits), Signal(bits, init=self._limit - 1)
        # The one behind an event comes in as the carry of the next sum, which so is no longer than another.
        behind, beyond = Signal(), Signal()
        reached, remaining = Signal(bits), Signal(bits + 1)
        m.d.comb += [
            reached.eq((Cat(Const(1, 1), place) + Cat(behind, self.gap))[1:]),
            remaining.eq((Cat(Const(0, 1), left, Const(0, 1)) - Cat(behind, self.gap))[1:]),
            self.index.eq(reached),
            self.exists.eq(~remaining[-1] & ~beyond),
        ]
        with m.If(self.move | self.skip):
            m.d.sync += [place.eq(reached), left.eq(remaining), behind.eq(self.move)]
            with m.If(~self.exists):
                m.d.sync += beyond.eq(1)
        with m.If(self.restart):
            m.d.sync += [place.eq(0), left.eq(self._limit - 1), behind.eq(0), beyond.eq(0)]
        return m


def code_layout() -> data.StructLayout:
    """Return the layout of a code with its arguments: a distance, or a number of steps, and a value."""
    return data.StructLayout({"code": 8, "number": 16, "value": signed(24)})


class CodeCollector(wiring.Component):
    """Puts codes together with the arguments that follow them.

    Members
    -------
    bytes : In(stream)
        A byte a cycle.
    codes : Out(stream)
        Complete codes, a cycle after their last byte.
    abort : In(1)
        Level: everything is thrown away.
    """

    def __init__(self) -> None:
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "codes": Out(stream.Signature(code_layout())),
            "abort": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the registers for a code and its arguments."""
        m = Module()
        code, complete = Signal(8, reset_less=True), Signal()
        # Arguments move in from the top. Of a code with fewer of them they are at the top, too.
        most = max(ARGUMENTS.values())
        arguments, missing = Signal(8 * most, reset_less=True), Signal(range(most + 1))
        m.d.comb += [
            self.bytes.ready.eq(~complete | self.codes.ready | self.abort),
            self.codes.valid.eq(complete & ~self.abort),
            self.codes.payload.code.eq(code),
            self.codes.payload.number.eq(Mux(code == IDLE, arguments[8 * (most - ARGUMENTS[IDLE]) :], arguments[:16])),
            self.codes.payload.value.eq(arguments[16:]),
        ]
        with m.If(self.codes.ready):
            m.d.sync += complete.eq(0)
        with m.If(self.bytes.valid & self.bytes.ready):
            with m.If(missing.any()):
                m.d.sync += [arguments.eq(Cat(arguments, self.bytes.payload)[8:]), missing.eq(missing - 1)]
                m.d.sync += complete.eq(missing == 1)
            with m.Else():
                m.d.sync += [code.eq(self.bytes.payload), complete.eq(1)]
                for kind, count in ARGUMENTS.items():
                    with m.If(self.bytes.payload == kind):
                        m.d.sync += [complete.eq(0), missing.eq(count)]
        with m.If(self.abort):
            m.d.sync += [complete.eq(0), missing.eq(0)]
        return m


class StimulusDecoder(wiring.Component):
    """Takes bytes; gives the items that they complete, in order, one every other cycle.

    Within a step items are: perhaps `CLEAR`; events; graded events, their neurons rising; `END`. What breaks the rules
    comes out as a refusal only.

    Members
    -------
    bytes : In(stream)
        Payload of RUN requests.
    items : Out(stream)
        What they mean.
    abort : In(1)
        Level: bytes are thrown away, also the beginning of a code; a step that is open ends; `IDLE` ends with the
        `END` that is offered.
    open : Out(1)
        A step has begun, and its end has not been offered.
    holding : Out(1)
        Something is in hand. The beginning of a code does not count.
    refused : Out(1)
        Strobe: a code was refused.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "items": Out(stream.Signature(item_layout(config))),
            "abort": In(1),
            "open": Out(1),
            "holding": Out(1),
            "refused": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build what gives items: from codes, or while steps are to be ended, `END` again and again."""
        m = Module()
        m.submodules.collector = collector = CodeCollector()
        wiring.connect(m, wiring.flipped(self.bytes), collector.bytes)
        codes, items = collector.codes, self.items
        ends, free, ending, give = Signal(16), Signal(), Signal(), Signal()
        m.d.comb += [
            free.eq(~items.valid | items.ready),
            ending.eq(ends.any() & free & (self.open | ~self.abort)),
            # Not from `items.ready` to `bytes.ready` in one cycle: an item every other cycle is more than a row takes.
            codes.ready.eq(~ends.any() & ~items.valid),
            collector.abort.eq(self.abort),
            self.holding.eq(codes.valid | ends.any() | items.valid | (self.abort & self.open)),
        ]
        with m.If(free):
            m.d.sync += items.valid.eq(give | ending)
        self._interpret(m, codes, ends, give)
        with m.If(ending):
            m.d.sync += [items.payload.kind.eq(ItemKind.END), ends.eq(ends - 1), self.open.eq(0)]
        with m.If(self.abort):
            m.d.sync += ends.eq(self.open & ~ending)
        return m

    def _interpret(self, m: Module, codes: wiring.PureInterface, ends: Signal, give: Signal) -> None:
        """Turn a code into an item, a number of ends, or a refusal."""
        m.submodules.events = events = Cursor(self._config.inputs, 8)
        m.submodules.graded = graded = Cursor(self._config.neurons, 16)
        graded_seen = Signal()
        item, code, number = self.items.payload, codes.payload.code, codes.payload.number
        # A skip is as large as its code, so there is nothing to choose.
        m.d.comb += [events.gap.eq(code), graded.gap.eq(number)]
        m.d.comb += [events.restart.eq(ends.any()), graded.restart.eq(ends.any())]
        with m.If(ends.any()):
            m.d.sync += graded_seen.eq(0)

        with m.If(codes.valid & codes.ready):
            m.d.sync += [item.value.eq(codes.payload.value), item.index.eq(events.index)]
            m.d.sync += self.open.eq(self.open | (code <= CLEAR))
            with m.If(code < GAP_CODES):
                m.d.comb += [events.move.eq(1), give.eq(events.exists & ~graded_seen), self.refused.eq(~give)]
                m.d.sync += item.kind.eq(ItemKind.EVENT)
            with m.Elif(code == SKIP):
                m.d.comb += [events.skip.eq(1), self.refused.eq(graded_seen)]
            with m.Elif(code == GRADED):
                m.d.comb += [graded.move.eq(1), give.eq(graded.exists), self.refused.eq(~give)]
                m.d.sync += [item.kind.eq(ItemKind.GRADED), item.index.eq(graded.index), graded_seen.eq(1)]
            with m.Elif(code == CLEAR):
                m.d.comb += [give.eq(~self.open), self.refused.eq(~give)]
                m.d.sync += item.kind.eq(ItemKind.CLEAR)
            with m.Elif(code == END):
                m.d.sync += ends.eq(1)
            with m.Elif((code == IDLE) & number.any()):
                m.d.sync += ends.eq(number)
            with m.Else():
                m.d.comb += self.refused.eq(1)
