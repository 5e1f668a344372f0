"""COBS: byte stuffing, so that zero bytes delimit frames and occur nowhere else."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

#: Distance that stands for a block of 254 bytes with no zero behind it.
FULL_BLOCK = 0xFF


class CobsDecoder(wiring.Component):
    """Decodes stuffed frames, each byte in the cycle in which it comes.

    A distance tells where the next zero of the content is. That zero is put out when the next distance comes, because
    the one after the last block is not part of the content. So one byte in is at most one byte out.

    Members
    -------
    stuffed : In(stream)
        Bytes of the wire.
    content : Out(stream)
        Bytes of the content. They cannot wait.
    end : Out(1)
        This byte is the delimiter of a frame that is not empty.
    intact : Out(1)
        With `end`: the last distance points to the delimiter.
    """

    stuffed: In(stream.Signature(8, always_ready=True))
    content: Out(stream.Signature(8, always_ready=True))
    end: Out(1)
    intact: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the decoder."""
        m = Module()
        left = Signal(8)  # bytes of the block still to come
        begun = Signal()
        full = Signal()
        byte = self.stuffed.payload
        at_distance = left == 0
        m.d.comb += [
            self.content.payload.eq(Mux(at_distance, 0, byte)),
            self.intact.eq(at_distance),
        ]
        with m.If(self.stuffed.valid):
            with m.If(byte == 0):
                m.d.comb += self.end.eq(begun)
                m.d.sync += [left.eq(0), begun.eq(0)]
            with m.Else():
                m.d.comb += self.content.valid.eq(~at_distance | (begun & ~full))
                m.d.sync += [left.eq(Mux(at_distance, byte, left) - 1), begun.eq(1)]
                with m.If(at_distance):
                    m.d.sync += full.eq(byte == FULL_BLOCK)
        return m


class TrailingEncoder(wiring.Component):
    """Encodes frames with the distances after their blocks, so that no block has to be buffered.

    Members
    -------
    content : In(stream)
        Bytes of the content.
    end : In(1)
        The content is complete; held until `ended`.
    ended : Out(1)
        The delimiter is being taken.
    stuffed : Out(stream)
        Bytes for the wire.
    """

    content: In(stream.Signature(8))
    end: In(1)
    ended: Out(1)
    stuffed: Out(stream.Signature(8))

    def elaborate(self, platform: object) -> Module:
        """Build the encoder."""
        m = Module()
        distance = Signal(8, init=1)  # that is sent if the next byte is zero
        closed = Signal()  # the last distance has been sent, the delimiter has not
        insert = distance == FULL_BLOCK
        content, stuffed = self.content, self.stuffed
        taken = stuffed.valid & stuffed.ready
        with m.If(closed):
            m.d.comb += [stuffed.valid.eq(1), stuffed.payload.eq(0), self.ended.eq(stuffed.ready)]
        with m.Elif(insert | self.end | (content.payload == 0)):
            m.d.comb += [stuffed.valid.eq(insert | self.end | content.valid), stuffed.payload.eq(distance)]
        with m.Else():
            m.d.comb += [stuffed.valid.eq(content.valid), stuffed.payload.eq(content.payload)]
        m.d.comb += content.ready.eq(stuffed.ready & ~closed & ~insert & ~self.end)
        with m.If(taken):
            m.d.sync += closed.eq(self.end & ~insert & ~closed)
            with m.If(closed | insert | self.end | (content.payload == 0)):
                m.d.sync += distance.eq(1)
            with m.Else():
                m.d.sync += distance.eq(distance + 1)
        return m
