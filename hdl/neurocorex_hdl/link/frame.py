"""Frame receiver and sender: header, payload and checksum, from and to the stuffed bytes of the wire."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.protocol import RESPONSE, Request, Response
from neurocorex.spec.stuffing import CRC_BYTES

from .cobs import CobsDecoder, TrailingEncoder
from .crc import CRC_INIT, CRC_RESIDUE, crc_step


class ReceivedFrame(wiring.Signature):
    """A frame that is being received, seen from the receiver.

    Members
    -------
    op, sequence, ack : Out(8)
    session : Out(16)
        Header, complete when `index` is 1 and the next byte comes.
    byte : Out(8)
        Byte `index` of operation, payload and checksum.
    write : Out(1)
        `byte` is there.
    index : Out
        Bytes so far; 0 between frames.
    good, bad : Out(1)
        The frame is complete, and can be trusted or not; two cycles after its last byte. Never in the cycle of a
        `write`.
    length : Out
        With `good`: bytes of operation and payload.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "op": Out(8),
            "sequence": Out(8),
            "ack": Out(8),
            "session": Out(16),
            "byte": Out(8),
            "write": Out(1),
            "index": Out(range(config.frame_bytes + 2)),
            "good": Out(1),
            "bad": Out(1),
            "length": Out(range(config.payload_bytes + 2)),
        })  # fmt: skip


class FrameReceiver(wiring.Component):
    """Separates the fields of requests and checks them: each byte a cycle after it has come, the frame in the next.

    Members
    -------
    bytes : In(stream)
        Bytes of the wire.
    frame : Out(ReceivedFrame)
        Their content. The checksum is passed on like the payload before it, because the border between them is known
        only at the end of the frame.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._longest = 1 + config.payload_bytes + CRC_BYTES
        super().__init__({
            "bytes": In(stream.Signature(8, always_ready=True)),
            "frame": Out(ReceivedFrame(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the receiver."""
        m = Module()
        m.submodules.cobs = decoder = CobsDecoder()
        wiring.connect(m, wiring.flipped(self.bytes), decoder.stuffed)
        frame = self.frame
        content, end, intact = decoder.content.signature.create(path=("content",)), Signal(), Signal()
        m.d.sync += [
            content.valid.eq(decoder.content.valid),
            content.payload.eq(decoder.content.payload),
            end.eq(decoder.end),
            intact.eq(decoder.intact),
        ]
        header = Cat(frame.op, frame.sequence, frame.ack, frame.session)
        missing = Signal(range(Request.HEADER.size + 1), init=Request.HEADER.size)  # bytes of the header
        overlong = Signal()
        crc = Signal(32, init=CRC_INIT)

        m.d.comb += frame.byte.eq(content.payload)
        with m.If(content.valid):
            m.d.sync += crc.eq(crc_step(crc, content.payload))
            with m.If(missing != 0):
                m.d.sync += [header.eq(Cat(header[8:], content.payload)), missing.eq(missing - 1)]
            with m.If(frame.index == self._longest):
                m.d.sync += overlong.eq(1)
            with m.Elif((missing == 0) | (missing == missing.init)):
                m.d.comb += frame.write.eq(1)
                m.d.sync += frame.index.eq(frame.index + 1)
        trusted = intact & ~overlong & (frame.index > CRC_BYTES) & (crc == CRC_RESIDUE)
        m.d.sync += [frame.good.eq(end & trusted), frame.bad.eq(end & ~trusted)]
        with m.If(end):
            m.d.sync += frame.length.eq(frame.index - CRC_BYTES)
            m.d.sync += [crc.eq(crc.init), missing.eq(missing.init), frame.index.eq(0), overlong.eq(0)]
        return m


class FrameSender(wiring.Component):
    """Assembles responses.

    Each input is sampled when its field is sent, so that acknowledgement and credit are up to date. `session` has to
    stay as it is within a frame.

    Members
    -------
    start : In(1)
        Send a frame now.
    done : Out(1)
        Its last byte is being taken; the next frame may start in the following cycle.
    sequence, ack, credit, status : In(8)
    session : In(16)
        Header after the operation.
    length : In
        Bytes of operation and payload.
    position : Out
        Byte of these that is needed next; it has to be on `data` two cycles later.
    data : In(8)
        That byte; the bit that marks a response is added to the operation.
    bytes : Out(stream)
        Bytes for the wire, at most one in four cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "start": In(1),
            "done": Out(1),
            "sequence": In(8),
            "ack": In(8),
            "credit": In(8),
            "status": In(8),
            "session": In(16),
            "length": In(range(config.payload_bytes + 2)),
            "position": Out(range(config.payload_bytes + 2)),
            "data": In(8),
            "bytes": Out(stream.Signature(8)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the sender."""
        m = Module()
        m.submodules.encoder = encoder = TrailingEncoder()
        wiring.connect(m, encoder.stuffed, wiring.flipped(self.bytes))
        content = encoder.content
        crc = Signal(32, init=CRC_INIT)
        session = (self.session[:8], self.session[8:])
        header = (self.data | RESPONSE, self.sequence, self.ack, self.credit, self.status, *session)
        # Field of the header; all of them: the payload, until it ends; from there on, bytes of the checksum.
        place = Signal(range(Response.HEADER.size + CRC_BYTES + 1))
        in_payload = (place == len(header)) & (self.position != self.length)
        in_checksum = (place >= len(header)) & ~in_payload
        # The same of the byte that is offered, in registers, because the comparisons above are slow.
        payload_next, checksum_next = Signal(), Signal()

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [place.eq(0), self.position.eq(0), crc.eq(crc.init)]
                with m.If(self.start):
                    m.next = "FETCH"
            with m.State("FETCH"):  # the memory reads, and its output is registered
                m.next = "WAIT"
            with m.State("WAIT"):
                m.next = "LOAD"
            with m.State("LOAD"):
                m.d.sync += [payload_next.eq(in_payload), checksum_next.eq(in_checksum)]
                with m.Switch(place):
                    for number, field in enumerate(header):
                        with m.Case(number):
                            m.d.sync += content.payload.eq(field)
                    with m.Default():
                        m.d.sync += content.payload.eq(Mux(in_payload, self.data, ~crc[:8]))
                m.next = "SEND"
            with m.State("SEND"):
                with m.If(place == len(header) + CRC_BYTES):
                    m.d.comb += encoder.end.eq(1)
                    with m.If(encoder.ended):
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
                with m.Else():
                    m.d.comb += content.valid.eq(1)
                with m.If(content.valid & content.ready):
                    m.d.sync += crc.eq(crc_step(crc, Mux(checksum_next, crc[:8], content.payload)))
                    with m.If(payload_next | (place == 0)):
                        m.d.sync += self.position.eq(self.position + 1)
                    with m.If(~payload_next):
                        m.d.sync += place.eq(place + 1)
                    m.next = "FETCH"
        return m
