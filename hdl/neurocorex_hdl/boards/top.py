"""Board top: a chip joined to the clock, reset button, serial port and LEDs of a board."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import ClockDomain, Const, Elaboratable, Instance, Module
from amaranth.lib import io, wiring
from neurocorex.fpga.boards import Board

from .clock import ClockSource
from .fittings import Place


class BoardTop(Elaboratable):
    """A chip on a board.

    Parameters
    ----------
    board : Board
        Which one.
    chip : Component
        With the ports of `neurocorex_hdl.chip.Chip`.
    clock_hz : int
        Frequency of its clock.
    """

    def __init__(self, board: Board, chip: wiring.Component, clock_hz: int) -> None:
        self._clock = ClockSource(board, clock_hz)
        self._chip = chip

    def elaborate(self, platform: Any) -> Module:
        """Build the chip and the buffers of its pins."""
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.clock = clock = self._clock
        m.submodules.chip = chip = self._chip
        serial = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", serial.rx)
        m.submodules.tx = tx = io.Buffer("o", serial.tx)
        m.d.comb += [chip.rx.eq(rx.i), tx.o.eq(chip.tx)]
        if platform.button is not None:
            m.submodules.button = button = io.Buffer("i", _port(platform, platform.button))
            m.d.comb += clock.button.eq(button.i)

        for number, place in enumerate(platform.held):
            m.submodules[f"held_{number}"] = held = io.Buffer("o", _port(platform, place))
            m.d.comb += held.o.eq(1)
        _show(m, platform, {"heartbeat": chip.heartbeat, "activity": chip.activity, "error": chip.error})
        return m


def _show(m: Module, platform: Any, shown: dict[str, Any]) -> None:
    """Join the LEDs of a board to what they show; the heartbeat LED takes what has no LED."""
    if "activity" not in platform.leds:
        shown["heartbeat"] ^= shown["activity"]
    if "error" not in platform.leds:
        shown["heartbeat"] |= shown["error"]
    requested: dict[Place, Any] = {}
    ports = {name: _port(platform, place, requested) for name, place in platform.leds.items()}
    if platform.current_sources:
        sources: dict[str, Any] = {}
        for number, (name, port) in enumerate(ports.items()):
            # The lowest current, 2 mA at half the range; a source is on while its PWM input is high.
            sources |= {f"p_RGB{number}_CURRENT": "0b000001", f"i_RGB{number}PWM": shown[name]}
            sources[f"o_RGB{number}"] = port.io
        m.submodules.leds = Instance(
            "SB_RGBA_DRV", p_CURRENT_MODE="0b1", i_CURREN=Const(1), i_RGBLEDEN=Const(1), **sources
        )
        return
    for name, port in ports.items():
        m.submodules[name] = led = io.Buffer("o", port)
        m.d.comb += led.o.eq(shown[name])


def _port(platform: Any, place: Place, requested: dict[Place, Any] | None = None) -> Any:
    """Request the port at a place; several LEDs can be parts of the same resource."""
    known = {} if requested is None else requested
    resource = place[:2]
    if resource not in known:
        known[resource] = platform.request(*resource, dir="-")
    return getattr(known[resource], place[2]) if len(place) == 3 else known[resource]
