"""USB bridges and chips that are at another rate than the host expects: fakes with a line that has a rate."""

from __future__ import annotations

import os
import select
import termios
import threading
from fractions import Fraction

import pytest
from neurocorex.check.doctor import bridges, scan
from neurocorex.check.doctor.tools import Tool
from neurocorex.device import open as opening
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.errors import NoAnswerError
from neurocorex.spec import CoreConfig
from neurocorex.spec.protocol import DEFAULT_BAUD
from neurocorex.wire import access, ports
from neurocorex.wire.ports import Port
from neurocorex.wire.transport import Transport

from support.fakes import SMALL, UartTransport


class Bridge(UartTransport):
    """A bridge before a chip that hears only what comes at its own rate.

    Parameters
    ----------
    built : int
        Rate of the chip after reset.
    left : int, optional
        Rate at which an earlier session has left it.
    breaks : bool
        Whether the bridge sends a break.
    factor : Fraction or int
        What it multiplies each rate by that it is asked for.
    returns_after : int, optional
        Frames at other rates after which a chip that has lost its rate returns to the one after reset.
    fastest : int
        Highest rate that it can be asked for.
    config, clock_hz
        Geometry and clock of the chip.
    """

    name = "/dev/ttyUSB1"

    def __init__(
        self, *, built: int = DEFAULT_BAUD, left: int | None = None, breaks: bool = True, factor: Fraction | int = 1,
        returns_after: int | None = None, fastest: int = 12_000_000, config: CoreConfig = SMALL,
        clock_hz: int = 12_000_000,
    ) -> None:  # fmt: skip
        super().__init__(clock_hz, fastest, config=config, built=built)
        self.chip_baud = left or built
        self._can_break, self._factor, self._returns_after = breaks, Fraction(factor), returns_after
        self.missed, self.asked = 0, [DEFAULT_BAUD]

    @property
    def line_baud(self) -> int:
        """Rate on the line."""
        return int(self.baud * self._factor)

    def lose(self) -> None:
        self.missed += 1
        if self.missed == self._returns_after:
            self.chip_baud = self.built

    def set_baud(self, baud: int) -> None:
        if baud > self.fastest:
            raise NoAnswerError(f"{self.name} cannot be set to {baud} baud")
        super().set_baud(baud)
        self.asked.append(baud)

    def send_break(self) -> None:
        if self._can_break:
            super().send_break()


class Stranger(Transport):
    """Something that is no chip: it says a text at one rate, zeros at others, or sends back what it gets.

    Parameters
    ----------
    text : bytes
        What it says after each byte that it gets.
    baud : int, optional
        Rate at which it says so; noise comes at others. Without it there is no rate.
    echoes : bool
        Whether it sends back all it gets.
    """

    name = "/dev/ttyUSB1"

    def __init__(self, text: bytes = b"", baud: int | None = None, *, echoes: bool = False) -> None:
        self.baud = DEFAULT_BAUD if baud else 0
        self._text, self._baud, self._echoes, self._out = text, baud, echoes, bytearray()

    def write(self, data: bytes) -> None:
        if self._echoes:
            self._out += data
        elif self._baud in (None, self.baud):
            self._out += self._text
        elif self._text:
            self._out += b"\xf8\x80\xc7\x3c\x9e"

    def read(self, timeout_s: float) -> bytes:
        data = bytes(self._out)
        self._out.clear()
        return data

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def close(self) -> None:
        pass


class RatedTerminal:
    """A chip behind a pseudo terminal that hears only what comes at one rate of the terminal; no break reaches it.

    Parameters
    ----------
    speed : int
        Constant of `termios`, such as ``termios.B115200``.
    built : int
        The rate that this is.
    """

    def __init__(self, speed: int, built: int) -> None:
        self._speed, self._chip = speed, VirtualChip(SMALL, clock_hz=12_000_000, baud=built)
        self._master, self._slave = os.openpty()
        self.name = os.ttyname(self._slave)
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> RatedTerminal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._waker, b".")
        self._thread.join()
        for fd in (self._wake, self._waker, self._slave, self._master):
            os.close(fd)

    def _serve(self) -> None:
        while self._wake not in select.select([self._master, self._wake], [], [])[0]:
            data = os.read(self._master, 1 << 12)
            if termios.tcgetattr(self._slave)[4] == self._speed:
                os.write(self._master, self._chip.receive(data))


#: What the doctor finds of tools, once ports are plugged in.
TOOLS = [Tool("openFPGALoader", True, "openFPGALoader v1.1.1"), Tool("extra sim", False, "not installed")]


def plug_in(monkeypatch: pytest.MonkeyPatch, *there: tuple[Port, Transport | Exception | None]) -> list[str]:
    """Let the computer have these ports alone, with what is at their other ends; return the names that are opened.

    An exception is what pyserial raises when the port is opened.
    """
    opened: list[str] = []
    ends = {port.device: end for port, end in there}

    def transport(name: str) -> Transport:
        opened.append(name)
        end = ends[name]
        if isinstance(end, Exception):
            raise NoAnswerError(access.refused(name, name, end))
        assert end is not None
        end.name = name
        return end

    monkeypatch.setattr(ports, "listed", lambda: [port for port, _ in there])
    monkeypatch.setattr(opening, "SerialTransport", transport)
    monkeypatch.setattr(bridges, "plugged", list)
    monkeypatch.setattr(scan, "tools", lambda: TOOLS)
    monkeypatch.setattr(access, "users", lambda _: [])
    monkeypatch.setattr(access, "denied", lambda _: None)
    return opened
