"""Generator of input spikes: steps whose events are drawn by the rates of a pattern, one axon a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.fixed import AXON_STRIDE, SPIKE_DRAW_BITS
from neurocorex.spec.memories import DRAWN_PLACES

from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..lib.draw import WORD_BITS, SpikeDraw
from ..registers.extent import extent_member, input_bits
from ..registers.region import RegionMemory, RegionPort
from .decoder import ItemKind, item_layout


class EvenTrain(wiring.Component):
    """Even train of an input axon, `neurocorex.spec.fixed.even_spike`: whether its sum passes one in this step.

    Members
    -------
    count : In
        Steps of the train before this one, as many bits as a rate has.
    rate : In
        Rate of the axon.
    passes : Out(1)
        `LATENCY` cycles later. Never at rate 0; all bits set are no exception here.
    """

    LATENCY = 2

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.rate_bits
        super().__init__({"count": In(self._bits), "rate": In(self._bits), "passes": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the product, of which only the bits behind the point matter, and the sum of one step more."""
        m = Module()
        product, rate, total = Signal(self._bits), Signal(self._bits), Signal(self._bits + 1)
        m.d.sync += [product.eq(self.count * self.rate), rate.eq(self.rate)]
        m.d.sync += total.eq((product ^ (1 << (self._bits - 1))) + rate)  # one half is added
        m.d.comb += self.passes.eq(total[-1])
        return m


class RateSweep(wiring.Component):
    """Sweep over the axons in use, which tells those that fire in a step.

    Members
    -------
    start : In(1)
        Strobe: begin, with the `row`, the `state` and `even` of this cycle. The row stays.
    row, state : In
        Row of rates, and state of the generator.
    even : In(1)
        Trains are even.
    go : In(1)
        Another axon may be looked at.
    last : In
        Last axon in use.
    ended : Out(1)
        Strobe: the last axon is looked at.
    fires, axon : Out
        An axon that fires. They come rising.
    done : Out(1)
        Strobe, in the cycle of the last axon: all have come.
    bus : In(RegionBus)
        `Region.RATES`. Answers after `TARGET_LATENCY` cycles.
    """

    #: Cycles from an axon to whether it fires.
    LATENCY = SpikeDraw.LATENCY + 1

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "start": In(1),
            "row": In(max(1, (config.patterns - 1).bit_length())),
            "state": In(WORD_BITS),
            "even": In(1),
            "go": In(1),
            "last": In(input_bits(config), init=config.inputs - 1),
            "ended": Out(1),
            "fires": Out(1),
            "axon": Out(input_bits(config)),
            "done": Out(1),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter over the axons, their draws, and the comparison with their rates."""
        m = Module()
        config = self._config
        m.submodules.draw = draw = SpikeDraw()
        m.submodules.rates = rates = RegionMemory((Region.RATES,), config)
        wiring.connect(m, wiring.flipped(self.bus), rates.bus)
        m.submodules.train = train = EvenTrain(config)
        running, axon, word = Signal(), Signal.like(self.axon), Signal(WORD_BITS, reset_less=True)
        even, count = Signal(reset_less=True), Signal(config.rate_bits, reset_less=True)
        looks = running & self.go
        m.d.comb += [draw.word.eq(word), self.ended.eq(looks & (axon == self.last))]
        with m.If(looks):
            m.d.sync += [axon.eq(axon + 1), word.eq(word + AXON_STRIDE), running.eq(~self.ended)]
        with m.If(self.start):
            m.d.sync += [axon.eq(0), word.eq(self.state), running.eq(1), even.eq(self.even), count.eq(self.state)]

        looking = stages(m, looks, self.LATENCY, name="looking", reset_less=False)
        ending = stages(m, self.ended, self.LATENCY, name="ending", reset_less=False)
        axons = stages(m, axon, self.LATENCY, name="axon")
        # The rate comes from its memory so early that the sum of a train is there with the draw.
        port, column = rates.port, axons[draw.LATENCY - RegionPort.LATENCY - train.LATENCY]
        m.d.comb += [
            port.read_index.eq(Cat(column, self.row) if config.patterns > 1 else column),
            train.count.eq(count),
            train.rate.eq(port.read_data.rates),
        ]
        rate = stages(m, port.read_data.rates, train.LATENCY, name="rate")[-1]
        below = draw.draw[SPIKE_DRAW_BITS - config.rate_bits :] < rate
        fires = stages(m, Mux(even, train.passes, below) | rate.all(), 1, name="fires")[-1]
        m.d.comb += [self.fires.eq(looking[-1] & fires), self.axon.eq(axons[-1]), self.done.eq(ending[-1])]
        return m


class Generator(wiring.Component):
    """Steps that are drawn, in the way of the stimulus from its decoder to the sequencer.

    Items pass, but for two kinds. `RATE` changes row 0. `GENERATE` becomes steps: the axons that fire, and their `END`.
    These are ahead of the sequencer by as many as the queue holds, so that a sweep over the axons takes place while
    neurons are updated. What is behind them waits until they have been taken, and so does the next `GENERATE`, because
    the state may be set before it.

    Members
    -------
    items : In(stream)
        Items of the decoder, see `item_layout`.
    given : Out(stream)
        Items for the sequencer.
    state, even : In
        `Control.STIMULUS` and `Control.EVEN`.
    drawn : Out(1)
        Strobe: the state moves on, and has two cycles for that.
    extent : In
        How many axons are in use.
    abort : In(1)
        Level: the step that is being drawn is the last one.
    holding : Out(1)
        Steps are not drawn or not taken yet.
    bus : In(RegionBus)
        `Region.RATES`. Answers after `TARGET_LATENCY` cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "items": In(stream.Signature(item_layout(config))),
            "given": Out(stream.Signature(item_layout(config))),
            "state": In(WORD_BITS),
            "even": In(1),
            "drawn": Out(1),
            "extent": extent_member(config),
            "abort": In(1),
            "holding": Out(1),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the queue, and the state machine that fills it."""
        m = Module()
        config, items, given = self._config, self.items, self.given
        m.submodules.sweep = sweep = RateSweep(config)
        entry = data.StructLayout({"axon": input_bits(config), "ends": 1})
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=entry.size, depth=DRAWN_PLACES)
        push, first = Signal(entry), data.View(entry, queue.r_data)
        left, drawing, empty = Signal(16, reset_less=True), Signal(), Signal()
        m.d.comb += [
            # An entry is ready a cycle after it is there; nothing may overtake it then.
            empty.eq(queue.level == 0),
            sweep.state.eq(self.state),
            sweep.even.eq(self.even),
            sweep.last.eq(self.extent.last_input),
            # Room for all axons that are on their way, for this one, and for the end.
            sweep.go.eq(queue.level <= DRAWN_PLACES - RateSweep.LATENCY - 2),
            self.drawn.eq(sweep.ended),
            push.axon.eq(sweep.axon),
            queue.w_data.eq(push),
            queue.w_en.eq(sweep.fires),
            self.holding.eq(drawing | ~empty),
        ]
        with m.If(queue.r_rdy):
            m.d.comb += [
                given.valid.eq(1),
                given.payload.kind.eq(Mux(first.ends, ItemKind.END, ItemKind.EVENT)),
                given.payload.index.eq(first.axon),
                queue.r_en.eq(given.ready),
            ]
        is_rate, is_generate = items.payload.kind == ItemKind.RATE, items.payload.kind == ItemKind.GENERATE
        passes = empty & ~drawing & ~is_rate & ~is_generate
        with m.If(passes):
            m.d.comb += [given.valid.eq(items.valid), given.payload.eq(items.payload), items.ready.eq(given.ready)]
        self._reach_rates(m, sweep, items.valid & is_rate & ~drawing)
        row = Signal.like(sweep.row, reset_less=True)
        m.d.comb += sweep.row.eq(row)
        with m.FSM():
            with m.State("PASS"), m.If(items.valid & is_generate & empty):
                m.d.comb += items.ready.eq(1)
                m.d.sync += [left.eq(items.payload.value[:16]), row.eq(items.payload.index)]
                m.d.sync += drawing.eq(~self.abort)
                with m.If(~self.abort):
                    m.next = "START"
            with m.State("START"):
                m.d.comb += sweep.start.eq(1)
                m.d.sync += left.eq(left - 1)
                m.next = "SWEEP"
            with m.State("SWEEP"), m.If(sweep.done):
                m.next = "END"
            with m.State("END"):
                m.d.comb += [push.ends.eq(1), queue.w_en.eq(1)]
                m.next = "START"
                with m.If((left == 0) | self.abort):
                    m.d.sync += drawing.eq(0)
                    m.next = "PASS"
        return m

    def _reach_rates(self, m: Module, sweep: RateSweep, changes: Value) -> None:
        """Write rates for the host, or for the stimulus: one in a cycle, of two in a byte the lower one first."""
        bus, item = sweep.bus, self.items.payload
        axon, rate, ready = item.index, item.value, changes
        for name in ("region", "row", "column", "write", "write_data", "read"):
            m.d.comb += getattr(bus, name).eq(getattr(self.bus, name))
        m.d.comb += self.bus.read_data.eq(bus.read_data)
        if self._config.rate_bits == 4:
            upper = Signal()
            m.d.sync += upper.eq(changes & ~upper)
            axon, rate, ready = axon | upper, Mux(upper, rate[4:8], rate[:4]), changes & upper
        with m.If(changes):
            m.d.comb += [
                bus.region.eq(Region.RATES),
                bus.row.eq(0),
                bus.column.eq(axon),
                bus.write.eq(axon < self._config.inputs),
                bus.write_data.eq(rate),
                self.items.ready.eq(ready),
            ]
