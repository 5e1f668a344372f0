"""Bus model of a UART, 8N1, at the pins of a chip in a cocotb simulation, and the transport of the host over it."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.queue import Queue
from cocotb.task import resume
from cocotb.triggers import Event, FallingEdge, First, Timer
from neurocorex.wire.transport import Transport

DATA_BITS = 8


class UartPins:
    """Far end of a chip's serial line.

    The `divisor` output of the chip, read before every byte, gives the length of a bit.

    Parameters
    ----------
    chip : handle
        With the pins `rx`, `tx` and the output `divisor`.
    period_ns : int
        Period of the chip's clock; even.

    Attributes
    ----------
    framing_errors : int
        Bytes from the chip whose stop bit was not high.
    """

    def __init__(self, chip: Any, period_ns: int) -> None:
        self.framing_errors = 0
        self._chip = chip
        self._period_ns = period_ns
        self._outgoing: Queue[int] = Queue()
        self._received = bytearray()
        self._arrival = Event()
        chip.rx.value = 1
        cocotb.start_soon(self._talk())
        cocotb.start_soon(self._listen())

    @property
    def bit_ns(self) -> int:
        """Length of a bit now."""
        return int(self._chip.divisor.value.to_unsigned()) * self._period_ns

    def send(self, data: bytes) -> None:
        """Queue bytes; they travel while time passes."""
        for byte in data:
            self._outgoing.put_nowait(byte)

    async def receive(self, timeout_ns: int) -> bytes:
        """Return the bytes that have come, at least one; none only after `timeout_ns` of silence."""
        if not self._received:
            self._arrival.clear()
            await First(self._arrival.wait(), Timer(timeout_ns, "ns"))
        data = bytes(self._received)
        self._received.clear()
        return data

    async def _talk(self) -> None:
        rx = self._chip.rx
        while True:
            byte = await self._outgoing.get()
            bit_ns = self.bit_ns
            for level in (0, *(byte >> bit & 1 for bit in range(DATA_BITS)), 1):
                rx.value = level
                await Timer(bit_ns, "ns")

    async def _listen(self) -> None:
        tx = self._chip.tx
        while True:
            await FallingEdge(tx)
            bit_ns = self.bit_ns
            byte = 0
            await Timer(bit_ns // 2, "ns")
            for bit in range(DATA_BITS):
                await Timer(bit_ns, "ns")
                byte |= int(tx.value) << bit
            await Timer(bit_ns, "ns")
            if int(tx.value) != 1:
                self.framing_errors += 1
            self._received.append(byte)
            self._arrival.set()


class PinTransport(Transport):
    """Transport over the pins of a chip, for blocking host code that runs under `cocotb.task.bridge`.

    Parameters
    ----------
    pins : UartPins
        The line.
    silence_ns : int
        Simulated silence that counts as a timeout. The host's timeout is ignored: its seconds are not simulated ones.
    """

    name = "pins"

    def __init__(self, pins: UartPins, silence_ns: int) -> None:
        @resume
        async def receive() -> bytes:
            return await pins.receive(silence_ns)

        @resume
        async def send(data: bytes) -> None:
            pins.send(data)

        self._receive, self._send = receive, send

    def read(self, timeout_s: float) -> bytes:
        """Return received bytes; see `Transport.read`."""
        return self._receive()

    def write(self, data: bytes) -> None:
        """Send; see `Transport.write`."""
        self._send(data)

    def close(self) -> None:
        """Do nothing: there is no resource."""
