"""The whole chip."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import ChipInfo, CoreConfig
from neurocorex.spec.protocol import BREAK_BITS, DIVISOR_MIN

from .lib.leds import Lamps
from .link.baud import TRIAL_BITS
from .link.command import CommandUnit, CoreControl
from .link.info import Info
from .link.retransmission import Link
from .link.uart import DIVISOR_BITS, UartReceiver, UartTransmitter

#: Part of a bit by which the rate may be off; bytes have ten bits, and half a bit is all there is.
RATE_TOLERANCE = 0.02


class ByteChip(wiring.Component):
    """The chip between the two byte streams of its serial port.

    Parameters
    ----------
    core : Component
        The core, with the members of `CoreControl` (flipped), and `frame_good` and `frame_bad` for its counters.
    info : ChipInfo
        What the chip says of itself.
    divisor : int
        Clock cycles per bit after reset.
    trial_bits : int
        See `neurocorex_hdl.link.baud`.

    Members
    -------
    received, sent : In(stream), Out(stream)
        Bytes of the wire. Those that come do not wait.
    interrupted : In(1)
        The line is in a break.
    line_idle : In(1)
        What has been taken from `sent` has left the chip.
    divisor : Out(16)
        Clock cycles per bit.
    busy : Out(1)
        A request is being carried out.
    error : Out(1)
        A bad frame has come, or a request has been refused, since the last HELLO.
    """

    def __init__(self, core: wiring.Component, info: ChipInfo, divisor: int, trial_bits: int = TRIAL_BITS) -> None:
        self._core, self._info = core, info
        self._command = CommandUnit(info.config, divisor, trial_bits)
        super().__init__({
            "received": In(stream.Signature(8, always_ready=True)),
            "sent": Out(stream.Signature(8)),
            "interrupted": In(1),
            "line_idle": In(1, init=1),
            "divisor": Out(DIVISOR_BITS, init=divisor),
            "busy": Out(1),
            "error": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the chip."""
        m = Module()
        m.submodules.link = link = Link(self._info.config)
        m.submodules.command = command = self._command
        m.submodules.core = core = self._core
        m.submodules.info = info = Info(self._info)
        wiring.connect(m, wiring.flipped(self.received), link.received)
        wiring.connect(m, link.sent, wiring.flipped(self.sent))
        wiring.connect(m, link.requests, command.requests)
        wiring.connect(m, command.answer, link.answer)
        wiring.connect(m, command.core.stimulus, core.stimulus)
        wiring.connect(m, core.results, command.core.results)
        for name, member in CoreControl().members.items():
            if member.is_port:
                inner, outer = getattr(command.core, name), getattr(core, name)
                m.d.comb += outer.eq(inner) if member.flow is Out else inner.eq(outer)
        bus = command.core.bus
        for target in (core.bus, info.bus):
            m.d.comb += [
                getattr(target, name).eq(getattr(bus, name)) for name in bus.signature.members if name != "read_data"
            ]
        m.d.comb += [
            bus.read_data.eq(core.bus.read_data | info.bus.read_data),
            command.held.eq(link.held),
            command.stop.eq(link.stop),
            command.hello.eq(link.hello),
            link.greeted.eq(command.greeted),
            command.good.eq(link.good),
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
        For lamps, as `error` is: see `Lamps`.
    divisor : Out(16)
        Clock cycles per bit; for a simulated far end, which cannot measure them.
    """

    def __init__(self, config: CoreConfig, clock_hz: int, baud: int, build_id: int = 0) -> None:
        from .core import Core

        divisor = baud_divisor(clock_hz, baud)
        info = ChipInfo(config=config, clock_hz=clock_hz, baud=baud, build_id=build_id)
        self._bytes = ByteChip(Core(config), info, divisor)
        self._lamps = Lamps(clock_hz)
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
        m.submodules.lamps = lamps = self._lamps
        m.submodules.receiver = receiver = UartReceiver(BREAK_BITS * self._divisor)
        m.submodules.transmitter = transmitter = UartTransmitter()
        wiring.connect(m, receiver.bytes, chip.received)
        wiring.connect(m, chip.sent, transmitter.bytes)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            receiver.divisor.eq(chip.divisor),
            transmitter.divisor.eq(chip.divisor),
            chip.interrupted.eq(receiver.interrupted),
            chip.line_idle.eq(transmitter.idle),
            lamps.busy.eq(chip.busy),
            self.busy.eq(chip.busy),
            self.heartbeat.eq(lamps.heartbeat),
            self.activity.eq(lamps.activity),
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
