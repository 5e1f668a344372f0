"""Chip: the core behind its serial port, from pin to pin."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import ChipInfo, CoreConfig
from neurocorex.spec.protocol import BREAK_BITS, DIVISOR_MIN, heartbeat_bits

from .core import Core
from .lib.bus import fan_out
from .lib.leds import Leds
from .link.command import CommandUnit
from .link.info import Info
from .link.retransmission import Retransmission
from .link.uart import DIVISOR_BITS, UartReceiver, UartTransmitter

#: Relative error of the rate that is accepted: a byte has ten bits, and half a bit is lost at the latest.
RATE_TOLERANCE = 0.02


class ByteChip(wiring.Component):
    """The chip between the two byte streams of its serial port.

    Parameters
    ----------
    core : Component
        The core, with the ports of `neurocorex_hdl.core.Core`.
    info : ChipInfo
        Description of the chip, which the host reads.
    divisor : int
        Clock cycles per bit after reset.

    Members
    -------
    received, sent : In(stream), Out(stream)
        Bytes of the wire. Received bytes cannot wait.
    begun, tick, interrupted : In(1)
        A start bit has begun; time passes; the line is in a break. See `BaudRate`.
    line_idle : In(1)
        All bytes taken from `sent` have left the chip.
    divisor : Out(16)
        Clock cycles per bit.
    busy : Out(1)
        A request is being carried out.
    error : Out(1)
        A bad frame has come, or a request has been refused, since the last HELLO.
    """

    def __init__(self, core: wiring.Component, info: ChipInfo, divisor: int) -> None:
        self._core, self._info = core, info
        self._command = CommandUnit(info.config, divisor)
        super().__init__({
            "received": In(stream.Signature(8, always_ready=True)),
            "sent": Out(stream.Signature(8)),
            "begun": In(1),
            "tick": In(1),
            "interrupted": In(1),
            "line_idle": In(1, init=1),
            "divisor": Out(DIVISOR_BITS, init=divisor),
            "busy": Out(1),
            "error": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the chip."""
        m = Module()
        m.submodules.link = link = Retransmission(self._info.config)
        m.submodules.command = command = self._command
        m.submodules.core = core = self._core
        m.submodules.info = info = Info(self._info)
        wiring.connect(m, wiring.flipped(self.received), link.received)
        wiring.connect(m, link.sent, wiring.flipped(self.sent))
        wiring.connect(m, link.requests, command.requests)
        wiring.connect(m, command.answer, link.answer)
        wiring.connect(m, command.run, core.run)
        fan_out(m, command.bus, (core.bus, info.bus))
        m.d.comb += [
            command.held.eq(link.held),
            command.stop.eq(link.stop),
            command.hello.eq(link.hello),
            link.greeted.eq(command.greeted),
            command.good.eq(link.good),
            command.begun.eq(self.begun),
            command.tick.eq(self.tick),
            command.interrupted.eq(self.interrupted),
            command.sent.eq(link.idle & self.line_idle),
            core.frame_good.eq(link.good),
            core.frame_bad.eq(link.bad),
            self.divisor.eq(command.divisor),
            self.busy.eq(command.busy),
        ]
        with m.If(link.bad | command.refused):
            m.d.sync += self.error.eq(1)
        with m.Elif(link.greeted):
            m.d.sync += self.error.eq(0)
        return m


class Chip(wiring.Component):
    """The whole chip, from pin to pin, in the clock domain `sync`.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    clock_hz : int
        Frequency of the clock.
    baud : int
        Rate of the serial port after reset.
    build_id : int
        32 bits by which builds can be told apart, see `neurocorex_hdl.synthesis.verilog`.
    beat_bits : int, optional
        See `Leds`; by default that of the clock.

    Raises
    ------
    ValueError
        If the clock cannot be divided to the rate.

    Members
    -------
    rx, tx : In(1), Out(1)
        Serial port, high when idle; `rx` need not be synchronous.
    busy, error : Out(1)
        See `ByteChip`.
    heartbeat, activity : Out(1)
        Levels for LEDs, as `error` is: see `Leds`.
    divisor : Out(16)
        Clock cycles per bit; for a simulated host, which cannot measure them.
    """

    def __init__(
        self, config: CoreConfig, clock_hz: int, baud: int, build_id: int = 0, beat_bits: int | None = None
    ) -> None:
        divisor = baud_divisor(clock_hz, baud)
        info = ChipInfo(config=config, clock_hz=clock_hz, baud=baud, build_id=build_id)
        self._bytes = ByteChip(Core(config), info, divisor)
        self._leds = Leds(heartbeat_bits(clock_hz) if beat_bits is None else beat_bits)
        self._divisor = divisor
        super().__init__({
            "rx": In(1, init=1),
            "tx": Out(1, init=1),
            "busy": Out(1),
            "heartbeat": Out(1),
            "activity": Out(1),
            "error": Out(1),
            "divisor": Out(DIVISOR_BITS, init=divisor),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the chip."""
        m = Module()
        m.submodules.bytes = chip = self._bytes
        m.submodules.leds = leds = self._leds
        m.submodules.receiver = receiver = UartReceiver(BREAK_BITS * self._divisor)
        m.submodules.transmitter = transmitter = UartTransmitter()
        wiring.connect(m, receiver.bytes, chip.received)
        wiring.connect(m, chip.sent, transmitter.bytes)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            receiver.divisor.eq(chip.divisor),
            transmitter.divisor.eq(chip.divisor),
            chip.begun.eq(receiver.begun),
            chip.tick.eq(leds.tick),
            chip.interrupted.eq(receiver.interrupted),
            chip.line_idle.eq(transmitter.idle),
            leds.busy.eq(chip.busy),
            self.busy.eq(chip.busy),
            self.heartbeat.eq(leds.heartbeat),
            self.activity.eq(leds.activity),
            self.error.eq(chip.error),
            self.divisor.eq(chip.divisor),
        ]
        return m


def baud_divisor(clock_hz: int, baud: int) -> int:
    """Clock cycles per bit.

    Raises
    ------
    ValueError
        If there are too few or too many, or if the rate that comes out is more than 2 % off.
    """
    divisor = round(clock_hz / baud)
    if not DIVISOR_MIN <= divisor < 1 << DIVISOR_BITS:
        raise ValueError(
            f"a clock of {clock_hz} Hz gives {divisor} cycles per bit at {baud} baud, "
            f"{DIVISOR_MIN} to {(1 << DIVISOR_BITS) - 1} are possible; choose another baud rate"
        )
    if abs(clock_hz / divisor / baud - 1) > RATE_TOLERANCE:
        raise ValueError(f"a clock of {clock_hz} Hz gives {clock_hz / divisor:.0f} baud, too far from {baud}")
    return divisor
