"""Stimulus decoder: bytes to events, injected currents, changes of registers and ends of steps."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, controls
from neurocorex.spec.events import (
    CLEAR,
    END,
    FORCE,
    GAP_CODES,
    GENERATE,
    GRADED,
    IDLE,
    PLAY,
    RATES,
    REPORT,
    SET,
    SKIP,
)

from ..registers.extent import extent_member, in_use
from .codes import CodeCollector
from .reporter import REQUEST


class ItemKind(enum.Enum, shape=4):
    """Kind of an item of the stimulus. The fourth bit, of `REPORT`, costs nothing on a chip without reports."""

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
    GENERATE = 6
    """So many steps, the value, are drawn by the rates of a row, the index. Only with patterns, as `RATE`."""
    RATE = 7
    """A rate of row 0 changes; two of 4 bits at once, the first of an even axon."""
    REPORT = 8
    """Items of a region go into the results between two steps, see `report`; only with reports."""


def value_bits(config: CoreConfig) -> int:
    """Width of the value of an item: a current, or the content of a control register."""
    return max(config.state_bits, *(control.bits(config) for control in controls(config)))


def item_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of an item: kind, axon, neuron, register or row, and value; with reports, a request."""
    return data.StructLayout({
        "kind": ItemKind,
        "index": (max(config.inputs, config.neurons, len(controls(config)), config.patterns) - 1).bit_length(),
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
        rates = Signal(16)
        taken = codes.valid & codes.ready
        if self._config.patterns:
            m.d.comb += collector.raw.eq(rates.any())
            self._rate(m, codes.payload.code, taken & rates.any(), rates, give)
            taken = taken & ~rates.any()
        self._interpret(m, codes, taken, ends, pending, give, rates)
        with m.If(ending):
            m.d.sync += [items.payload.kind.eq(ItemKind.END), self.open.eq(0)]
            m.d.sync += [ends.eq(ends - 1), pending.eq(ends != 1)]
        with m.If(self.abort):
            m.d.sync += [ends.eq(1), pending.eq(self.open & ~ending)]
        return m

    def _rate(self, m: Module, byte: Value, taken: Value, rates: Signal, give: Signal) -> None:
        """Turn a byte of rates into an item, or half of one; `rates` counts those that are still to come."""
        config, item = self._config, self.items.payload
        axon, refused, half, low = Signal(range(config.inputs + 2)), Signal(), Signal(), Signal(8, reset_less=True)
        # Not where the code stands inside a step, nor for axons that the chip lacks.
        wanted = ~refused & (axon < config.inputs)
        with m.If(rates == 0):
            m.d.sync += [axon.eq(0), refused.eq(self.open), half.eq(0)]
        with m.If(taken):
            m.d.sync += [rates.eq(rates - 1), item.kind.eq(ItemKind.RATE), item.index.eq(axon), low.eq(byte)]
            if config.rate_bits == 16:
                m.d.sync += [half.eq(~half), item.value.eq(Cat(low, byte))]
            else:
                m.d.sync += item.value.eq(byte)
            with m.If(half if config.rate_bits == 16 else 1):
                m.d.comb += give.eq(wanted)
                with m.If(wanted):
                    m.d.sync += axon.eq(axon + (2 if config.rate_bits == 4 else 1))
        with m.If(self.abort):
            m.d.sync += rates.eq(0)

    def _draw(self, m: Module, arguments: Value, code: Value, ends: Signal, pending: Signal, give: Signal) -> None:
        """Turn `GENERATE` or `PLAY` into an item, or into silent steps if it names a row that the chip lacks."""
        item, row = self.items.payload, Mux(code == PLAY, arguments.row, 0)
        m.d.sync += [item.kind.eq(ItemKind.GENERATE), item.value.eq(arguments.steps), item.index.eq(row)]
        with m.If(self.open & arguments.steps.any()):
            m.d.comb += self.refused.eq(1)
            m.d.sync += [ends.eq(1), pending.eq(1)]
        with m.Elif((row >= self._config.patterns) & arguments.steps.any()):
            m.d.comb += self.refused.eq(1)
            m.d.sync += [ends.eq(arguments.steps), pending.eq(1)]
        with m.Else():
            m.d.comb += [give.eq(arguments.steps.any()), self.refused.eq(~give)]

    def _interpret(
        self, m: Module, codes: wiring.PureInterface, taken: Value, ends: Signal, pending: Signal, give: Signal,
        rates: Signal,
    ) -> None:  # fmt: skip
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

        with m.If(taken):
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
            if self._config.patterns:
                with m.Elif((code == GENERATE) | (code == PLAY)):
                    self._draw(m, given, code, ends, pending, give)
                with m.Elif(code == RATES):
                    m.d.comb += self.refused.eq(self.open)
                    m.d.sync += rates.eq(given.steps)
            with m.Else():
                m.d.comb += self.refused.eq(1)
