"""Transport through a serial port, or any other URL that pyserial opens."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from typing import Any

from ..errors import DisconnectedError, NoAnswerError
from ..spec.protocol import DEFAULT_BAUD
from . import access, bridges, ports
from .descriptors import Descriptors
from .transport import WRITE_TIMEOUT_S, Transport

LOGGER = logging.getLogger("neurocorex")


class SerialTransport(Transport):
    """A serial port, or any other URL that pyserial opens (``socket://host:port``, ``rfc2217://``, ``spy://``...).

    Parameters
    ----------
    url : str
        Name of the port, such as ``/dev/ttyUSB1`` or ``COM3``; ``usb:SERIAL``, the port of the USB device with this
        serial number; or a URL.
    baud : int
        Rate to begin with.

    Attributes
    ----------
    port : Port or None
        What the port is, so that `again` finds it under another name; None if the system does not list it.

    Raises
    ------
    NoAnswerError
        If it cannot be opened; the message says why, or lists the ports that there are.
    """

    #: Longest blocking read, where the operating system cannot wait for the port.
    _SLICE_S = 0.05

    def __init__(self, url: str, *, baud: int = DEFAULT_BAUD) -> None:
        import serial

        self.name, self.baud = url, 0 if url.startswith("socket:") else baud
        if by_serial := url.startswith(ports.SCHEME):
            self.port: ports.Port | None = ports.named(url)
        else:
            self.port = None if "://" in url else ports.at(url)
        path = self.port.device if by_serial and self.port else url
        self.begins_anew = url.startswith("socket:")
        self.fastest = None if self.begins_anew else bridges.fastest(self.port)
        self.place = ports.place(self.port)
        self._failure: type[Exception] = serial.SerialException
        options: dict[str, Any] = {} if "://" in path else {"exclusive": True}
        try:
            self._port = serial.serial_for_url(
                path, baudrate=baud, timeout=self._SLICE_S, write_timeout=WRITE_TIMEOUT_S, do_not_open=True, **options
            )
            if self.port is not None and self.port.has_other_dtr:
                self._port.dtr = False
            self._port.open()
        except (serial.SerialException, OSError, ValueError) as error:
            raise NoAnswerError(access.refused(self.name, path, error)) from error
        self._descriptors = self._waitable()
        # FTDI bridges hold a short answer back for 16 ms unless they are told not to; other ports do not know this.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            self._port.set_low_latency_mode(True)

    def _waitable(self) -> Descriptors | None:
        """File descriptors, where the system can wait for them and no layer of pyserial sits between."""
        native = type(self._port).__module__ in ("serial.serialposix", "serial.urlhandler.protocol_socket")
        if os.name != "posix" or not native:
            return None
        fd = self._port.fileno()
        return Descriptors(self.name, fd, fd)

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        self._check_open()
        if self._descriptors is not None:
            return self._descriptors.read(timeout_s)
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                if first := self._port.read(1):
                    return bytes(first + self._port.read(self._port.in_waiting))
                if time.monotonic() >= deadline:
                    return b""
        except (self._failure, OSError) as error:
            raise DisconnectedError(f"{self.name} went away while reading: {error}") from error

    def write(self, data: bytes) -> None:
        """Hand over all bytes; see `Transport.write`."""
        self._check_open()
        if self._descriptors is not None:
            self._descriptors.write(data, self.write_timeout_s)
            return
        try:
            self._port.write(data)
        except (self._failure, OSError) as error:
            raise DisconnectedError(f"{self.name} went away while writing: {error}") from error

    def check(self) -> None:
        """Raise DisconnectedError if the port is known to be gone; see `Transport.check`."""
        self._check_open()
        if self._descriptors is not None:
            self._descriptors.check()

    def set_baud(self, baud: int) -> None:
        """Change the rate; raises NoAnswerError if the port has no such rate."""
        try:
            self._port.baudrate = baud
        except (self._failure, OSError, ValueError) as error:
            raise NoAnswerError(f"{self.name} cannot be set to {baud} baud: {error}; choose another rate") from error
        self.baud = baud

    def send_break(self) -> None:
        """Hold the line low for a quarter of a second; a socket has no line, and other URLs may not offer it."""
        if self.name.startswith("socket:"):
            return
        with contextlib.suppress(NotImplementedError, self._failure, OSError):
            self._port.send_break()

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(self._failure, OSError):
            self._port.close()

    def again(self) -> SerialTransport:
        """Close the port, and open it anew under whatever name it has now; see `Transport.again`."""
        self.close()
        path = self.name if "://" in self.name else ports.returned(self.port, self.name)
        if self.port is not None and path != self.port.device:
            LOGGER.info("%s came back as %s", self.port, path)
        fresh = SerialTransport(self.name if self.name.startswith(ports.SCHEME) else path, baud=self.baud)
        fresh.port = fresh.port or self.port
        fresh.fastest, fresh.place = self.fastest, self.place
        return fresh

    def _check_open(self) -> None:
        if not self._port.is_open:
            raise DisconnectedError(f"{self.name} was closed; open it again")
