"""Stimulus decoder: bytes to events, injected currents, changes of registers and ends of steps."""

from amaranth.hdl import Cat, Const, Module, Mux, ShapeLike, Signal, signed
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, controls
from neurocorex.spec.events import CLEAR, END, FORCE, GAP_CODES, GRADED, IDLE, REPORT, SET, SKIP, arguments

from ..registers.extent import extent_member, in_use
from .reporter import REQUEST


class ItemKind(enum.Enum, shape=3):
    """Kind of an item of the stimulus."""

    EVENT = 0
    """A spike of an input axon."""
    GRADED = 1
    """A current injected into a neuron."""
    FORCE = 2
    """The same, and the neuron fires."""
    CLEAR = 3
    """State goes to zero between two steps; the value has the `Clear` flags."""
    SET = 4
    """A control register changes between two steps."""
    END = 5
    """The step ends."""
    REPORT = 6
    """Items of a region go into the results between two steps, see `report`; only with reports."""


def value_bits(config: CoreConfig) -> int:
    """Width of the value of an item: a current, or the content of a control register."""
    return max(config.state_bits, *(control.bits(config) for control in controls(config)))


def item_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of an item: its kind, the axon, neuron or register, and the value; with reports, a request."""
    return data.StructLayout({
        "kind": ItemKind,
        "index": (max(config.inputs, config.neurons, len(controls(config))) - 1).bit_length(),
        "value": signed(value_bits(config)),
        **({"report": REQUEST} if config.reports else {}),
    })  # fmt: skip


class Cursor(wiring.Component):
    """Index of the next event: events rise within a step, and the stimulus holds the distances between them.

    It stops behind the last index in use: every event after one beyond that is refused as well.

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
    last : In
        The last index in use: the end of a block of `USE_BLOCK`, or of all.
    index, exists : Out
        Where the gap leads to, combinational.
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
            "last": In(max(1, (limit - 1).bit_length()), init=limit - 1),
            "index": Out(max(1, (limit - 1).bit_length())),
            "exists": Out(1),
            "move": In(1),
            "skip": In(1),
            "restart": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build a sum for the index, and one that carries where there is none; they are one if the limit suits."""
        m = Module()
        bits = len(self.index)
        # The one behind an event comes in as the carry of the next sum, which so is no longer than another.
        behind, beyond = Signal(), Signal()
        moves = self.move | self.skip

        def reach(origin: int) -> Signal:
            """Register a place, counted from `origin` on; return where the gap leads from there."""
            place, reached = Signal(bits, init=origin), Signal(bits + 1)
            m.d.comb += reached.eq((Cat(Const(1, 1), place) + Cat(behind, self.gap[:bits]))[1:])
            with m.If(self.restart):
                m.d.sync += place.eq(origin)
            with m.Elif(moves):
                m.d.sync += place.eq(reached)
            return reached

        reached, spare = reach(0), (1 << bits) - self._limit
        outside = (reach(spare) if spare else reached)[-1] | self.gap[bits:].any()
        awake = in_use(self.index, self.last)
        m.d.comb += [self.index.eq(reached), self.exists.eq(~outside & ~beyond & awake)]
        with m.If(self.restart):
            m.d.sync += [behind.eq(0), beyond.eq(0)]
        with m.Elif(moves):
            m.d.sync += [behind.eq(self.move), beyond.eq(~self.exists)]
        return m


def code_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a code with its arguments, which overlap: each code has some of them."""
    sizes = arguments(reports=config.reports)
    most = max(sizes.values())

    def argument(shape: ShapeLike, code: int, start: int) -> data.Field:
        """Place an argument of a code that begins `start` bytes after it. Those of a code with few are at the top."""
        return data.Field(shape, 8 * (most - sizes[code] + start))

    fields = {
        "gap": argument(16, GRADED, 0),
        "current": argument(signed(24), GRADED, 2),
        "register": argument(8, SET, 0),
        "content": argument(32, SET, 1),
        "flags": argument(8, CLEAR, 0),
        "steps": argument(16, IDLE, 0),
        **({"report": argument(REQUEST, REPORT, 0)} if config.reports else {}),
    }
    return data.StructLayout({"code": 8, "arguments": data.FlexibleLayout(8 * most, fields)})


class CodeCollector(wiring.Component):
    """Collects the bytes of a code and of its arguments.

    Members
    -------
    bytes : In(stream)
        A byte a cycle, but for the one in which a code is taken.
    codes : Out(stream)
        Complete codes, a cycle after their last byte.
    abort : In(1)
        Level: everything is thrown away.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._sizes = arguments(reports=config.reports)
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "codes": Out(stream.Signature(code_layout(config))),
            "abort": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the registers for a code and its arguments."""
        m = Module()
        code, complete = Signal(8, reset_less=True), Signal()
        # Arguments move in from the top.
        most = max(self._sizes.values())
        given, missing = Signal(8 * most, reset_less=True), Signal(range(most + 1))
        m.d.comb += [
            self.bytes.ready.eq(~complete | self.abort),
            self.codes.valid.eq(complete & ~self.abort),
            self.codes.payload.code.eq(code),
            self.codes.payload.arguments.eq(given),
        ]
        with m.If(self.codes.ready):
            m.d.sync += complete.eq(0)
        with m.If(self.bytes.valid & self.bytes.ready):
            with m.If(missing.any()):
                m.d.sync += [given.eq(Cat(given, self.bytes.payload)[8:]), missing.eq(missing - 1)]
                m.d.sync += complete.eq(missing == 1)
            with m.Else():
                m.d.sync += [code.eq(self.bytes.payload), complete.eq(1)]
                for kind, count in self._sizes.items():
                    with m.If(self.bytes.payload == kind):
                        m.d.sync += [complete.eq(0), missing.eq(count)]
        with m.If(self.abort):
            m.d.sync += [complete.eq(0), missing.eq(0)]
        return m


class StimulusDecoder(wiring.Component):
    """Decodes bytes, as `neurocorex.spec.events` defines them, into items, one every other cycle at most.

    Within a step items are: events; graded and forced ones, their neurons rising; `END`. Between steps: `CLEAR`,
    `SET` and `REPORT`. A code that breaks the rules gives no item, and is counted as refused.

    Members
    -------
    bytes : In(stream)
        Payload of RUN requests.
    items : Out(stream)
        Items, see `item_layout`.
    extent : In
        How far the chip is in use.
    abort : In(1)
        Level: bytes are thrown away, also the beginning of a code; a step that is open ends; `IDLE` ends with the
        `END` that is offered.
    open : Out(1)
        A step has begun, and its end has not been offered.
    holding : Out(1)
        A code, an item or an end is not taken yet. The beginning of a code does not count.
    refused : Out(1)
        Strobe: a code was refused.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "items": Out(stream.Signature(item_layout(config))),
            "extent": extent_member(config),
            "abort": In(1),
            "open": Out(1),
            "holding": Out(1),
            "refused": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the source of items: codes, or one `END` for each step that is to end."""
        m = Module()
        m.submodules.collector = collector = CodeCollector(self._config)
        wiring.connect(m, wiring.flipped(self.bytes), collector.bytes)
        codes, items = collector.codes, self.items
        ends, pending, ending, give = Signal(16), Signal(), Signal(), Signal()
        m.d.comb += [
            # Not from `items.ready` to `bytes.ready` in one cycle: an item every other cycle is more than rows take.
            ending.eq(pending & ~items.valid & (self.open | ~self.abort)),
            codes.ready.eq(~pending & ~items.valid),
            collector.abort.eq(self.abort),
            self.holding.eq(codes.valid | pending | items.valid | (self.abort & self.open)),
        ]
        with m.If(~items.valid | items.ready):
            m.d.sync += items.valid.eq(give | ending)
        self._interpret(m, codes, ends, pending, give)
        with m.If(ending):
            m.d.sync += [items.payload.kind.eq(ItemKind.END), self.open.eq(0)]
            m.d.sync += [ends.eq(ends - 1), pending.eq(ends != 1)]
        with m.If(self.abort):
            m.d.sync += [ends.eq(1), pending.eq(self.open & ~ending)]
        return m

    def _interpret(self, m: Module, codes: wiring.PureInterface, ends: Signal, pending: Signal, give: Signal) -> None:
        """Turn a code into an item, a number of ends, or a refusal."""
        m.submodules.events = events = Cursor(self._config.inputs, 8)
        m.submodules.graded = graded = Cursor(self._config.neurons, 16)
        graded_seen = Signal()
        item, code, given = self.items.payload, codes.payload.code, codes.payload.arguments
        # The distance of a skip equals its code, so there is nothing to choose.
        m.d.comb += [events.gap.eq(code), graded.gap.eq(given.gap)]
        m.d.comb += [events.last.eq(self.extent.last_input), graded.last.eq(self.extent.last_neuron)]
        m.d.comb += [events.restart.eq(pending), graded.restart.eq(pending)]
        with m.If(pending):
            m.d.sync += graded_seen.eq(0)

        with m.If(codes.valid & codes.ready):
            m.d.sync += [item.value.eq(given.current), item.index.eq(events.index)]
            if self._config.reports:
                m.d.sync += item.report.eq(given.report)
            with m.If(code < GAP_CODES):
                m.d.comb += [events.move.eq(1), give.eq(events.exists & ~graded_seen), self.refused.eq(~give)]
                m.d.sync += [item.kind.eq(ItemKind.EVENT), self.open.eq(1)]
            with m.Elif(code == SKIP):
                m.d.comb += [events.skip.eq(1), self.refused.eq(graded_seen)]
                m.d.sync += self.open.eq(1)
            with m.Elif((code == GRADED) | (code == FORCE)):
                m.d.comb += [graded.move.eq(1), give.eq(graded.exists), self.refused.eq(~give)]
                m.d.sync += item.kind.eq(Mux(code == FORCE, ItemKind.FORCE, ItemKind.GRADED))
                m.d.sync += [item.index.eq(graded.index), graded_seen.eq(1), self.open.eq(1)]
            with m.Elif(code == CLEAR):
                m.d.comb += [give.eq(~self.open), self.refused.eq(~give)]
                m.d.sync += [item.kind.eq(ItemKind.CLEAR), item.value.eq(given.flags)]
            with m.Elif(code == SET):
                known = given.register < len(controls(self._config))
                for missing in (register for register in controls(self._config) if not register.bits(self._config)):
                    known &= given.register != missing
                m.d.comb += [give.eq(~self.open & known), self.refused.eq(~give)]
                m.d.sync += item.kind.eq(ItemKind.SET)
                m.d.sync += [item.index.eq(given.register), item.value.eq(given.content)]
            if self._config.reports:
                with m.Elif(code == REPORT):
                    m.d.comb += [give.eq(~self.open), self.refused.eq(~give)]
                    m.d.sync += item.kind.eq(ItemKind.REPORT)
            with m.Elif(code == END):
                # Open until that is offered, so that an abort does not lose a step that was taken whole.
                m.d.sync += [ends.eq(1), pending.eq(1), self.open.eq(1)]
            with m.Elif((code == IDLE) & given.steps.any()):
                m.d.sync += [ends.eq(given.steps), pending.eq(1)]
            with m.Else():
                m.d.comb += self.refused.eq(1)
