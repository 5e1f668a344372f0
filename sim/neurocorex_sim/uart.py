"""Bus model of a UART, 8N1, at the pins of a chip in a cocotb simulation."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import Event, FallingEdge, First, Timer

DATA_BITS = 8


class UartPins:
    """The other end of a chip's serial line.

    Bits last as long as the chip itself wants: its `divisor` output, which is looked at before every byte, says so.

    Parameters
    ----------
    chip : handle
        With the pins `rx`, `tx` and the output `divisor`.
    period_ns : int
        Of the chip's clock; even.
    """

    def __init__(self, chip: Any, period_ns: int) -> None:
        self.framing_errors = 0
        self._chip = chip
        self._period_ns = period_ns
        self._received = bytearray()
        self._arrival = Event()
        chip.rx.value = 1
        cocotb.start_soon(self._listen())

    @property
    def bit_ns(self) -> int:
        """Length of a bit now."""
        return int(self._chip.divisor.value.to_unsigned()) * self._period_ns

    async def send(self, data: bytes) -> None:
        """Return when the stop bit of the last byte is over."""
        for byte in data:
            bit_ns = self.bit_ns
            for level in (0, *(byte >> bit & 1 for bit in range(DATA_BITS)), 1):
                self._chip.rx.value = level
                await Timer(bit_ns, "ns")

    async def send_break(self, bits: int) -> None:
        """Hold the line low for so many bit times, then high for one."""
        bit_ns = self.bit_ns
        self._chip.rx.value = 0
        await Timer(bits * bit_ns, "ns")
        self._chip.rx.value = 1
        await Timer(bit_ns, "ns")

    async def receive(self, timeout_ns: int) -> bytes:
        """Return what has come, at least one byte; nothing only after `timeout_ns` of silence."""
        if not self._received:
            self._arrival.clear()
            await First(self._arrival.wait(), Timer(timeout_ns, "ns"))
        data = bytes(self._received)
        self._received.clear()
        return data

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
