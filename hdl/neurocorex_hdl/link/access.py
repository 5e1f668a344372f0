"""Region access: READ and WRITE requests, item by item, between the link and the region bus."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Op, Status, layout, regions
from neurocorex.spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS

from ..lib.bus import RegionBus, read_latency
from ..registers.cursor import RegionCursor


class ItemCount(wiring.Component):
    """Counter of the items that are still to be read.

    A number that is larger than any region counts as endless: the region ends first. That saves a third of the counter.

    Members
    -------
    load, place, byte : In
        Store byte `place` of the four of the number.
    down : In(1)
        One item less.
    none : Out(1)
        No item is left; a cycle later.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._most = max(layout(region, config).items for region in regions(config))
        super().__init__({"load": In(1), "place": In(2), "byte": In(8), "down": In(1), "none": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the counter."""
        m = Module()
        places = -(-self._most.bit_length() // 8)
        left, endless = Signal(8 * places), Signal()
        m.d.sync += self.none.eq((left == 0) & ~endless)
        with m.If(self.load):
            m.d.sync += endless.eq((self.byte != 0) & (self.place >= places) | endless & (self.place != 0))
            with m.If(self.place < places):
                m.d.sync += left.word_select(self.place, 8).eq(self.byte)
        with m.Elif(self.down):
            m.d.sync += left.eq(left - 1)
        return m


class Transfer(wiring.Component):
    """Carries out one READ or WRITE.

    An item takes `read_latency` + 1 cycles, and each of its bytes two more, as long as the link takes for it.

    Members
    -------
    go : In(1)
        Level: carry out the request, until `done`.
    op : In(8)
        `Op.READ` or `Op.WRITE`; the payload is at least as long as its arguments.
    payload : In(stream)
        Arguments and items.
    exhausted : In(1)
        The payload has been taken to its end.
    abandon : In(1)
        Level: end a READ early.
    items : Out(stream)
        Bytes of the items that are read.
    limit : Out
        Bytes of a response, operation included, that holds as many whole items as it can.
    done : Out(1)
        For a cycle: it has been carried out, or refused.
    status : Out(Status)
        With `done`: the result.
    bus : Out(RegionBus)
        Memories and registers.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "go": In(1),
            "op": In(8),
            "payload": In(stream.Signature(8)),
            "exhausted": In(1),
            "abandon": In(1),
            "items": Out(stream.Signature(8)),
            "limit": Out(range(config.payload_bytes + 2)),
            "done": Out(1),
            "status": Out(Status),
            "bus": Out(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the unit."""
        m = Module()
        m.submodules.cursor = cursor = RegionCursor(self._config)
        m.submodules.left = left = ItemCount(self._config)
        writing = self.op == Op.WRITE
        item = Signal(32)
        count = Signal(4)  # bytes of the arguments or of the item; cycles of an access
        taken = self.payload.valid & self.payload.ready
        room = self._config.payload_bytes
        m.d.comb += [
            cursor.byte.eq(self.payload.payload),
            left.byte.eq(self.payload.payload),
            left.place.eq(count - WRITE_ARGUMENTS.size),
            self.bus.region.eq(cursor.address.region),
            self.bus.row.eq(cursor.address.row),
            self.bus.column.eq(cursor.address.column),
            self.bus.write_data.eq(item),
            self.items.payload.eq(item.word_select(count[:2], 8)),
            self.limit.eq(Mux(cursor.last_byte == 2, 1 + room - room % 3, 1 + room)),  # 1, 2 and 4 divide it
        ]

        with m.FSM():
            with m.State("ARGUMENTS"):
                in_address = count < WRITE_ARGUMENTS.size
                m.d.comb += [
                    self.payload.ready.eq(self.go),
                    cursor.shift.eq(taken & in_address),
                    left.load.eq(taken & ~in_address),
                ]
                m.d.sync += count.eq(count + taken)
                with m.If(taken & (count == Mux(writing, WRITE_ARGUMENTS.size - 1, READ_ARGUMENTS.size - 1))):
                    m.next = "LOAD"
            self._check(m, cursor, count, writing)
            self._write(m, cursor, item, count)
            self._read(m, cursor, left, item, count)
            with m.State("WAIT"):
                m.d.sync += count.eq(count + 1)
                with m.If(~writing):
                    m.d.sync += item.eq(self.bus.read_data)
                with m.If(count == read_latency(self._config) - 1):
                    m.d.comb += cursor.advance.eq(1)
                    m.d.sync += count.eq(0)
                    m.next = "SEND"
                    with m.If(writing):
                        m.next = "COLLECT"
        return m

    def _check(self, m: Module, cursor: RegionCursor, count: Signal, writing: Value) -> None:
        """States that compare the address with the table of regions."""
        with m.State("LOAD"):
            m.next = "COMPARE"
        with m.State("COMPARE"):
            m.next = "CHECK"
        with m.State("CHECK"):
            m.d.sync += count.eq(0)
            with m.If(~cursor.known):
                self._end(m, Status.BAD_REGION)
            with m.Elif(writing & ~cursor.writable):
                self._end(m, Status.READ_ONLY)
            with m.Elif(~cursor.inside):
                self._end(m, Status.BAD_RANGE)
            with m.Elif(writing):
                m.next = "COLLECT"
            with m.Else():
                m.next = "FETCH"

    def _write(self, m: Module, cursor: RegionCursor, item: Signal, count: Signal) -> None:
        """States that store items."""
        with m.State("COLLECT"):
            m.d.comb += self.payload.ready.eq(1)
            with m.If(self.payload.valid):
                m.d.sync += [item.word_select(count[:2], 8).eq(self.payload.payload), count.eq(count + 1)]
                with m.If(count == cursor.last_byte):
                    m.next = "STORE"
            with m.Elif(self.exhausted):
                m.d.sync += count.eq(0)
                self._end(m, Mux(count == 0, Status.OK, Status.BAD_LENGTH))
        with m.State("STORE"):
            m.d.comb += self.bus.write.eq(~cursor.ended)
            m.d.sync += count.eq(0)
            m.next = "WAIT"
            with m.If(cursor.ended):
                self._end(m, Status.BAD_RANGE)

    def _read(self, m: Module, cursor: RegionCursor, left: ItemCount, item: Signal, count: Signal) -> None:
        """States that fetch and send items."""
        with m.State("FETCH"):
            with m.If(left.none | self.abandon):
                self._end(m, Status.OK)
            with m.Elif(cursor.ended):
                self._end(m, Status.BAD_RANGE)
            with m.Else():
                m.d.comb += [self.bus.read.eq(1), left.down.eq(1)]
                m.next = "WAIT"
        with m.State("SEND"):
            m.d.comb += self.items.valid.eq(1)
            with m.If(self.items.ready):
                m.d.sync += count.eq(count + 1)
                with m.If(count == cursor.last_byte):
                    m.d.sync += count.eq(0)
                    m.next = "FETCH"

    def _end(self, m: Module, status: object) -> None:
        m.d.comb += [self.done.eq(1), self.status.eq(status)]
        m.next = "ARGUMENTS"
