"""Serial ports of this computer: what they are by USB serial number, found again under whatever name."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass

from ..errors import DisconnectedError, NoAnswerError

#: What the name of a board by its serial number begins with, as in ``usb:210319B57D2A``.
SCHEME = "usb:"


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port as the system lists it.

    Attributes
    ----------
    device : str
        Its name now, such as ``/dev/ttyUSB1`` or ``COM3``; it may have another one when it is plugged in again.
    description : str
        What the system calls it.
    serial_number : str or None
        Of the USB device; None for a port without one.
    vid, pid : int or None
        Vendor and product of the USB device.
    location : str or None
        Where it is plugged in, with the interface of the USB device behind a colon: ``1-1.2:1.1``. A board with
        several ports has the same serial number on all of them.
    manufacturer, product : str or None
        What the USB device calls itself.
    """

    device: str
    description: str = ""
    serial_number: str | None = None
    vid: int | None = None
    pid: int | None = None
    location: str | None = None
    manufacturer: str | None = None
    product: str | None = None

    @property
    def is_usb(self) -> bool:
        """Whether it is a port of a USB device."""
        return self.vid is not None

    @property
    def has_other_dtr(self) -> bool:
        """Whether DTR may do something else: reset an Arty A7 with jumper JP2, or select the flash of a UPduino.

        DTR is left low on ports of these makers alone: many bridges that are CDC devices send nothing without it.
        """
        maker = (self.manufacturer or self.description).lower()
        return "digilent" in maker or "tinyvision" in maker

    @property
    def interface(self) -> str:
        """Interface of the USB device, such as ``1.1``; empty if the system does not tell."""
        return (self.location or "").partition(":")[2]

    def __str__(self) -> str:
        known = [f"serial {self.serial_number}" if self.serial_number else "", self.interface]
        told = ", interface ".join(each for each in known if each)
        return f"{self.device} ({told})" if told else self.device

    def is_same(self, other: Port) -> bool:
        """Whether both are ports of the same USB device, or of devices of the same kind without serial numbers."""
        return (self.vid, self.pid, self.serial_number) == (other.vid, other.pid, other.serial_number)


def listed() -> list[Port]:
    """Return the ports of this computer, by name."""
    from serial.tools import list_ports

    return [
        Port(
            port.device, port.description or "", port.serial_number or None, port.vid, port.pid, port.location or None,
            port.manufacturer or None, port.product or None,
        )
        for port in sorted(list_ports.comports())
    ]  # fmt: skip


def known() -> str:
    """Return a list of the ports that there are, for messages."""
    ports = ", ".join(map(str, listed()))
    there = f"ports here: {ports}" if ports else "there is no serial port here"
    return f"{there}; other devices are 'emulator', 'rtl' and URLs such as socket://127.0.0.1:4000"


def near(name: str) -> str:
    """Return a question for the device that a name may have been meant for, with a blank behind; empty if none is."""
    names = [port.device for port in listed() if port.device != name] + ["emulator", "rtl"]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(map(repr, close))}? " if close else ""


def at(name: str) -> Port | None:
    """Return the port of a name, which may be a link such as those in ``/dev/serial/by-id``; None if none is listed."""
    names = {name, os.path.realpath(name)}
    return next((port for port in listed() if port.device in names), None)


def named(name: str) -> Port:
    """Return the port that ``usb:SERIAL`` or ``usb:SERIAL:INTERFACE`` names.

    Raises
    ------
    NoAnswerError
        If no port has this serial number, or several have; the message lists what is there.
    """
    serial, _, interface = name.removeprefix(SCHEME).partition(":")
    found = [port for port in listed() if port.serial_number == serial and interface in ("", port.interface)]
    if len(found) == 1:
        return found[0]
    if not found:
        there = {port.serial_number: usb_name(port) for port in listed() if port.serial_number}
        close = difflib.get_close_matches(serial, there, n=1, cutoff=0.6)
        meant = f"did you mean {there[close[0]]!r}? " if close else ""
        raise NoAnswerError(f"no port has the serial number of {name!r}; {meant}{known()}")
    choice = " or ".join(f"{usb_name(port)!r} ({port.device})" for port in found)
    raise NoAnswerError(f"{name!r} names several ports; choose {choice}, or give the name of the port")


def place(port: Port | None) -> str:
    """Return what tells a port from all others at any time: its board, or where that is; empty if unknown."""
    if port is None:
        return ""
    if not port.is_usb:
        return port.device
    ids = f"{port.vid:04x}:{port.pid or 0:04x}"
    if port.serial_number:
        return f"usb {ids} {port.serial_number} {port.interface}".rstrip()
    return f"usb {ids} at {port.location}" if port.location else ""


def usb_name(port: Port) -> str | None:
    """Return the name that opens a port whatever the system calls it; None for a port without a serial number."""
    if not port.serial_number:
        return None
    is_shared = sum(each.serial_number == port.serial_number for each in listed()) > 1
    return f"{SCHEME}{port.serial_number}" + (f":{port.interface}" if is_shared and port.interface else "")


def returned(port: Port | None, name: str) -> str:
    """Return the name that a port has now, after it went away.

    Parameters
    ----------
    port : Port or None
        What it was; None if the system did not list it. Without a serial number it is known by its name alone, and
        the session of the chip has to tell whether it is the same board.
    name : str
        What it was opened as.

    Raises
    ------
    DisconnectedError
        If it is not back, or if its name belongs to another board now.
    """
    if port is not None and port.serial_number:
        same = [each for each in listed() if each.is_same(port) and each.interface == port.interface]
        for matters in ("location", "device"):
            if len(same) > 1:
                same = [each for each in same if getattr(each, matters) == getattr(port, matters)] or same
        if len(same) == 1:
            return same[0].device
        if same:
            raise DisconnectedError(
                f"several boards have the serial number {port.serial_number}: {', '.join(map(str, same))}; "
                "unplug all but the right one"
            )
    path = port.device if port is not None and name.startswith(SCHEME) else name
    now = at(path)
    if port is not None and now is not None and not now.is_same(port):
        raise DisconnectedError(f"{path} is another board now: {_told(now)}, it was {_told(port)}; plug that in again")
    if port is not None and port.serial_number:
        raise DisconnectedError(f"{name} ({_told(port)}) is not back yet: plug it in again")
    if os.name == "posix" and not os.path.exists(path):
        raise DisconnectedError(f"{name} is not back yet: plug it in again")
    return path


def _told(port: Port) -> str:
    """Return what tells a board from others."""
    if port.serial_number:
        return f"serial {port.serial_number}"
    return "a port of no USB device" if port.vid is None else f"{port.vid:04x}:{port.pid or 0:04x} without a serial"
