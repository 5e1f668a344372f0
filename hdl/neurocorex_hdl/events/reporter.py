"""Reporter: items of a region to result bytes, between two steps."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.events import REPORT

from ..lib.bus import RegionBus, read_latency
from ..registers.cursor import ADDRESS, RegionCursor

#: A request of a report: where the first item is, and how many there are.
REQUEST = data.StructLayout({"address": ADDRESS, "items": 16})
_ADDRESS_BYTES = ADDRESS.size // 8
#: Cycles after a new address until all is known of it.
_CHECK_CYCLES = 2


class Reporter(wiring.Component):
    """Master of the region bus while the core stands still: sends the answer to a `REPORT`.

    It first walks over the items without reading them, an item a cycle, to know how many bytes there will be, or that
    the region ends before. Then it goes back, and reads and sends one item after the other.

    Members
    -------
    request : In(REQUEST)
        What is wanted; it stays until `done`.
    go : In(1)
        Level: the core stands still and everything before is among the results; until `done`.
    active : Out(1)
        Level: the region bus is needed.
    done : Out(1)
        Strobe: the last byte has been taken.
    refused : Out(1)
        Strobe: there are no such items; the answer has no bytes.
    bytes : Out(stream)
        The code, the number of bytes, and the bytes.
    bus : Out(RegionBus)
        Memories and registers.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "request": In(REQUEST),
            "go": In(1),
            "active": Out(1),
            "done": Out(1),
            "refused": Out(1),
            "bytes": Out(stream.Signature(8)),
            "bus": Out(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the state machine."""
        m = Module()
        m.submodules.cursor = cursor = RegionCursor(self._config)
        place, left, size = Signal(range(max(_ADDRESS_BYTES, 8) + 1)), Signal(16), Signal(18)
        item, wait = Signal(32), Signal(range(read_latency(self._config) + 1))
        address = self.request.address.as_value()
        m.d.comb += [
            cursor.byte.eq(address.word_select(place, 8)),
            self.bus.region.eq(cursor.address.region),
            self.bus.row.eq(cursor.address.row),
            self.bus.column.eq(cursor.address.column),
        ]
        walked = Signal()
        with m.FSM() as state:
            m.d.comb += self.active.eq(~state.ongoing("REST"))
            with m.State("REST"):
                m.d.sync += [place.eq(0), size.eq(0), walked.eq(0)]
                with m.If(self.go):
                    m.next = "ADDRESS"
            with m.State("ADDRESS"):
                m.d.comb += cursor.shift.eq(1)
                m.d.sync += [place.eq(place + 1), left.eq(self.request.items)]
                with m.If(place == _ADDRESS_BYTES - 1):
                    m.d.sync += place.eq(0)
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += place.eq(place + 1)
                with m.If(place == _CHECK_CYCLES):
                    m.d.sync += place.eq(0)
                    m.next = "WALK"
                    with m.If(walked):
                        m.next = "HEAD"
                    with m.Elif(~cursor.known | ~cursor.inside | (cursor.address.region == Region.INFO)):
                        self._refuse(m, size)
            self._walk(m, cursor, left, size, walked)
            self._send(m, cursor, left, size, place, item, wait)
        return m

    def _refuse(self, m: Module, size: Signal) -> None:
        m.d.comb += self.refused.eq(1)
        m.d.sync += size.eq(0)
        m.next = "HEAD"

    def _walk(self, m: Module, cursor: RegionCursor, left: Signal, size: Signal, walked: Signal) -> None:
        """State that counts the bytes of the items, to their end or that of the region."""
        with m.State("WALK"):
            with m.If(left == 0):
                m.d.sync += walked.eq(1)
                m.next = "ADDRESS"
            with m.Elif(cursor.ended | size[16:].any()):
                self._refuse(m, size)
            with m.Else():
                m.d.comb += cursor.advance.eq(1)
                m.d.sync += [left.eq(left - 1), size.eq(size + cursor.last_byte + 1)]
            with m.If((left == 0) & size[16:].any()):
                self._refuse(m, size)

    def _send(
        self, m: Module, cursor: RegionCursor, left: Signal, size: Signal, place: Signal, item: Signal, wait: Signal
    ) -> None:
        """States that send the head, then fetch and send the items."""
        sent = self.bytes.valid & self.bytes.ready
        with m.State("HEAD"):
            head = Cat(Const(REPORT, 8), size[:16])
            m.d.comb += [self.bytes.valid.eq(1), self.bytes.payload.eq(head.word_select(place[:2], 8))]
            with m.If(sent):
                m.d.sync += place.eq(place + 1)
                with m.If(place == 2):
                    m.d.sync += place.eq(0)
                    m.next = "FETCH"
        with m.State("FETCH"):
            m.d.sync += wait.eq(0)
            with m.If((size == 0) | (left == 0)):
                m.d.comb += self.done.eq(1)
                m.next = "REST"
            with m.Else():
                m.d.comb += self.bus.read.eq(1)
                m.next = "WAIT"
        with m.State("WAIT"):
            m.d.sync += [wait.eq(wait + 1), item.eq(self.bus.read_data)]
            with m.If(wait == read_latency(self._config) - 1):
                m.d.comb += cursor.advance.eq(1)
                m.d.sync += left.eq(left - 1)
                m.next = "ITEM"
        with m.State("ITEM"):
            m.d.comb += [self.bytes.valid.eq(1), self.bytes.payload.eq(item.word_select(place[:2], 8))]
            with m.If(sent):
                m.d.sync += place.eq(place + 1)
                with m.If(place == cursor.last_byte):
                    m.d.sync += place.eq(0)
                    m.next = "FETCH"
