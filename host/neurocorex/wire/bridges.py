"""Bridges from USB to serial: the highest rates that they are known to carry, by the ids of the USB device."""

from __future__ import annotations

from .ports import Port

#: Highest rate, in bits per second, as the makers of the bridges state it. An id may stand for several kinds, of which
#: the slowest counts. Ids of FT2232H are those of the bridges of Sipeed as well, see `fastest`.
FASTEST = {
    (0x0403, 0x6001): 3_000_000,  # FT232R
    (0x0403, 0x6010): 12_000_000,  # FT2232H
    (0x0403, 0x6011): 12_000_000,  # FT4232H
    (0x0403, 0x6014): 12_000_000,  # FT232H
    (0x0403, 0x6015): 3_000_000,  # FT231X
    (0x067B, 0x2303): 6_000_000,  # PL2303HX
    (0x10C4, 0xEA60): 1_000_000,  # CP2102; CP2102N carries 3,000,000
    (0x1A86, 0x55D4): 4_000_000,  # CH9102
    (0x1A86, 0x7523): 2_000_000,  # CH340
}
#: Rate of the BL702 and BL616 on boards of Sipeed, some of which fail at 3,000,000.
SIPEED = 2_000_000
#: Rate up to which a line is tried of which nothing is known.
UNKNOWN = 3_000_000


def fastest(port: Port | None) -> int:
    """Return the highest rate that is tried at a port without being asked for, in bits per second."""
    if port is None or port.vid is None or port.pid is None:
        return UNKNOWN
    told = f"{port.manufacturer} {port.product} {port.description}".lower()
    if "sipeed" in told:
        return SIPEED
    return FASTEST.get((port.vid, port.pid), UNKNOWN)
