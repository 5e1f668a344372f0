"""Recorder: records of spikes and membranes to result bytes, with the queue that decouples neurons from the link."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.events import ARGUMENTS, END, GAP_CODES, GRADED, IDLE, IDLE_MAX, SKIP

from ..neurons.population import Records
from ..neurons.updated import record_layout
from ..registers.extent import neuron_bits

_CODE_BYTES_MAX = 1 + max(ARGUMENTS.values())


class RecordQueue(wiring.Component):
    """Queue of records between the neuron pipeline, which cannot wait, and the recorder, which may have to.

    Before a neuron is sent into the pipeline, a place is reserved for it; without a record it gives the place back.

    Members
    -------
    given : In(Records)
        Records and reservations of the neurons.
    records : Out(stream)
        Records, in order.
    empty : Out(1)
        No neuron is in the pipeline and no record here.
    """

    #: Enough for all neurons in the pipeline and for a recorder that is a few bytes behind.
    DEPTH = 32

    def __init__(self, config: CoreConfig) -> None:
        self._layout = record_layout(config)
        super().__init__({
            "given": In(Records(config)),
            "records": Out(stream.Signature(self._layout)),
            "empty": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the queue and the count of its free places."""
        m = Module()
        m.submodules.fifo = queue = fifo.SyncFIFOBuffered(width=self._layout.size, depth=self.DEPTH)
        free = Signal(range(self.DEPTH + 1), init=self.DEPTH)
        given = self.given
        returned, popped = given.retire & ~given.push, self.records.valid & self.records.ready
        m.d.comb += [
            queue.w_en.eq(given.push),
            queue.w_data.eq(given.record),
            self.records.valid.eq(queue.r_rdy),
            self.records.payload.eq(queue.r_data),
            queue.r_en.eq(self.records.ready),
            given.room.eq(free.any()),
            self.empty.eq(free == self.DEPTH),
        ]
        m.d.sync += free.eq(free - given.reserve + returned + popped)
        return m


def sent_code_layout() -> data.StructLayout:
    """Return the layout of a code with its arguments, the code lowest, and how many bytes follow it."""
    return data.StructLayout({"content": 8 * _CODE_BYTES_MAX, "following": range(_CODE_BYTES_MAX)})


class CodeSender(wiring.Component):
    """Sends the bytes of a code and of its arguments.

    Members
    -------
    codes : In(stream)
        Codes with their arguments; the next one is taken after the last byte of the one before.
    bytes : Out(stream)
        A byte a cycle.
    """

    def __init__(self) -> None:
        super().__init__({
            "codes": In(stream.Signature(sent_code_layout())),
            "bytes": Out(stream.Signature(8)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build a shift register."""
        m = Module()
        left = Signal(sent_code_layout())
        # `ready` does not depend on the other `ready` in the same cycle: the path to the link is long.
        m.d.comb += [self.bytes.payload.eq(left.content), self.codes.ready.eq(~self.bytes.valid)]
        with m.If(~self.bytes.valid):
            m.d.sync += [self.bytes.valid.eq(self.codes.valid), left.eq(self.codes.payload)]
        with m.Elif(self.bytes.ready):
            m.d.sync += [left.content.eq(left.content >> 8), left.following.eq(left.following - 1)]
            m.d.sync += self.bytes.valid.eq(left.following.any())
        return m


class Distance(wiring.Component):
    """Distance of a neuron from the one after the last that was sent: the inverse of `decoder.Cursor`.

    Members
    -------
    index : In
        Neuron.
    gap : Out
        Its distance, combinational.
    move, skip, restart : In(1)
        Strobes: continue behind `index`; continue `GAP_CODES` further on; back to the start.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._bits = neuron_bits(config)
        super().__init__({
            "index": In(self._bits),
            "gap": Out(self._bits),
            "move": In(1),
            "skip": In(1),
            "restart": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the cursor."""
        m = Module()
        place = Signal(self._bits + 1)
        m.d.sync += self.gap.eq(self.index - place)
        with m.If(self.restart):
            m.d.sync += place.eq(0)
        with m.Elif(self.skip):
            m.d.sync += place.eq(place + GAP_CODES)
        with m.Elif(self.move):
            m.d.sync += place.eq(self.index + 1)
        return m


class Recorder(wiring.Component):
    """Encodes the records of steps into bytes, as `neurocorex.spec.events` defines them.

    Members
    -------
    records : In(stream)
        Neurons in rising order; the last of each step is always there.
    results : Out(stream)
        Bytes for the host.
    flush : In(1)
        Level: no further step will come for now, so silent steps that are held back must go.
    empty : Out(1)
        No byte and no silent step is held back.
    report : In(stream)
        Bytes of a report, for which silent steps that are held back have to go first; only with reports. None comes
        while there are records.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "records": In(stream.Signature(record_layout(config))),
            "results": Out(stream.Signature(8)),
            "flush": In(1),
            "empty": Out(1),
            **({"report": In(stream.Signature(8))} if config.reports else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the state machine that gives one code after the other."""
        m = Module()
        m.submodules.sender = sender = CodeSender()
        wiring.connect(m, sender.bytes, wiring.flipped(self.results))
        records, record, codes = self.records, self.records.payload, sender.codes
        content, following = codes.payload.content, codes.payload.following
        silent, begun, swallow, near = Signal(range(IDLE_MAX + 1)), Signal(), Signal(), Signal()
        events, graded = self._distances(m)
        m.d.comb += [
            near.eq(events.gap < GAP_CODES),
            swallow.eq(record.last & ~record.fired & ~record.watched & ~begun),
            self.empty.eq(~silent.any() & ~sender.bytes.valid),
        ]
        with m.FSM():
            with m.State("RECORD"):
                reports = self.report.valid if self._config.reports else Const(0)
                with m.If(silent.any() & Mux(records.valid, ~swallow | silent.all(), self.flush | reports)):
                    m.next = "SILENT"
                with m.Elif(records.valid & swallow):
                    m.d.comb += records.ready.eq(1)
                    m.d.sync += silent.eq(silent + 1)
                with m.Elif(records.valid & record.fired):
                    m.next = "SPIKE"
                with m.Elif(records.valid):
                    self._go_on(m, record.watched)
                if self._config.reports:
                    with m.Elif(reports):
                        m.d.comb += [codes.valid.eq(1), content.eq(self.report.payload)]
                        m.d.comb += self.report.ready.eq(codes.ready)
            with m.State("SILENT"):
                m.d.comb += codes.valid.eq(1)
                with m.If(silent == 1):
                    m.d.comb += content.eq(END)
                with m.Else():
                    m.d.comb += [content.eq(Cat(Const(IDLE, 8), silent)), following.eq(ARGUMENTS[IDLE])]
                with m.If(codes.ready):
                    m.d.sync += silent.eq(0)
                    m.next = "RECORD"
            with m.State("SPIKE"):
                m.d.comb += [codes.valid.eq(1), content.eq(Mux(near, events.gap, SKIP))]
                with m.If(codes.ready):
                    m.d.comb += [events.move.eq(near), events.skip.eq(~near)]
                with m.If(codes.ready & near):
                    m.d.sync += begun.eq(1)
                    self._go_on(m, record.watched)
            with m.State("MEMBRANE"):
                arguments = Cat(_extended(graded.gap, 16), _extended(record.membrane, 24))
                m.d.comb += [codes.valid.eq(1), content.eq(Cat(Const(GRADED, 8), arguments))]
                m.d.comb += following.eq(ARGUMENTS[GRADED])
                with m.If(codes.ready):
                    m.d.comb += graded.move.eq(1)
                    m.d.sync += begun.eq(1)
                    self._go_on(m, 0)
            with m.State("END"):
                m.d.comb += [codes.valid.eq(1), content.eq(END)]
                with m.If(codes.ready):
                    m.d.comb += records.ready.eq(1)
                    m.d.sync += begun.eq(0)
                    m.next = "RECORD"
        return m

    def _distances(self, m: Module) -> tuple[Distance, Distance]:
        """Build the cursors over spikes and over membranes."""
        m.submodules.events = events = Distance(self._config)
        m.submodules.graded = graded = Distance(self._config)
        for distance in (events, graded):
            m.d.comb += distance.index.eq(self.records.payload.neuron)
            m.d.comb += distance.restart.eq(self.records.ready & self.records.payload.last)
        return events, graded

    def _go_on(self, m: Module, watched: ValueLike) -> None:
        """Send the membrane or the end of the step if the record has them, or take the next record."""
        with m.If(watched):
            m.next = "MEMBRANE"
        with m.Elif(self.records.payload.last):
            m.next = "END"
        with m.Else():
            m.d.comb += self.records.ready.eq(1)
            m.next = "RECORD"


def _extended(value: ValueLike, bits: int) -> Value:
    """Bring a number to a width, by its sign if it has one."""
    value = Value.cast(value)
    sign = value[-1] if value.shape().signed else Const(0, 1)
    return Cat(value, sign.replicate(bits - len(value)))
