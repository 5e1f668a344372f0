"""USB bridges by their ids: which boards have them, which of their ports is the serial one, and what is plugged in."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...fpga.boards import BOARDS, Board
from ...wire.ports import Port

#: Vendor and product of a USB device.
Ids = tuple[int, int]
#: Folder in which Linux has the USB devices.
DEVICES = Path("/sys/bus/usb/devices")
#: Bridges with two ports, of which the first programs the FPGA and the second is the serial one.
TWO_PORTS: frozenset[Ids] = frozenset({(0x0403, 0x6010)})
#: USB-serial adapters in shops, for boards whose serial port is on pins.
ADAPTERS: dict[Ids, str] = {
    (0x0403, 0x6001): "FT232R",
    (0x0403, 0x6014): "FT232H",
    (0x0403, 0x6015): "FT231X",
    (0x067B, 0x2303): "PL2303",
    (0x10C4, 0xEA60): "CP2102",
    (0x1A86, 0x55D4): "CH9102",
    (0x1A86, 0x7523): "CH340",
}
#: What the makers of bridges call themselves where the title of the board does not say it.
_MAKERS = {"sipeed": "tang"}
#: Size of an FPGA in the words of a bridge: ``ULX3S FPGA 12K v3.0.3``.
_SIZE = re.compile(r"\b(\d+)k\b")


@dataclass(frozen=True, slots=True)
class Plugged:
    """USB device that is plugged in and has the ids of a board.

    Attributes
    ----------
    ids : tuple of int
        Vendor and product.
    product : str
        What it calls itself; may be empty.
    """

    ids: Ids
    product: str


def of_boards() -> dict[Ids, list[Board]]:
    """Return the boards of the table by the ids of their bridges."""
    found: dict[Ids, list[Board]] = {}
    for board in BOARDS.values():
        for ids in board.usb:
            found.setdefault(ids, []).append(board)
    return found


def candidates(port: Port) -> list[Board]:
    """Return the boards that a port may belong to: of those with its ids, the ones that the words of the bridge fit."""
    if port.vid is None or port.pid is None:
        return []
    boards = of_boards().get((port.vid, port.pid), [])
    told = " ".join(each or "" for each in (port.manufacturer, port.product, port.description)).lower()
    words = set(told.replace("-", " ").split()) | {name for maker, name in _MAKERS.items() if maker in told}
    boards = [board for board in boards if _first_word(board) in words] or boards
    size = _SIZE.search(told)
    return [board for board in boards if size and board.name.endswith((f"-{size[1]}f", f"-{size[1]}k"))] or boards


def adapter(port: Port) -> str | None:
    """Return what USB-serial adapter a port is that has no board around it; None if it is none that is known."""
    name = ADAPTERS.get((port.vid or 0, port.pid or 0))
    return f"a USB-serial adapter ({name})" if name else None


def wiring(ids: Ids) -> str:
    """Return what to wire for the boards with these ids, none of which has a bridge; empty if one has."""
    boards = of_boards().get(ids, [])
    return "" if any(board.bridge for board in boards) else "; ".join(notes(boards))


def notes(boards: Iterable[Board]) -> list[str]:
    """Return what to wire, to switch or to know before the chips of boards answer."""
    return [f"{board.title}: {board.wiring}" for board in boards if board.wiring]


def is_for_loaders(port: Port) -> bool:
    """Whether a port is the one through which a bridge with two ports programs the FPGA; False if nobody tells."""
    return (port.vid, port.pid) in TWO_PORTS and port.interface.endswith((".0", ":0"))


def plugged(devices: Path = DEVICES) -> list[Plugged]:
    """Return the USB devices with ids of a board or an adapter that are plugged in; Linux only, elsewhere empty."""
    wanted, found = {*of_boards(), *ADAPTERS}, []
    for device in sorted(devices.glob("*/idVendor")):
        with contextlib.suppress(OSError, ValueError):  # pulled out meanwhile
            ids = int(device.read_text(), 16), int((device.parent / "idProduct").read_text(), 16)
            if ids in wanted:
                name = device.parent / "product"
                found.append(Plugged(ids, name.read_text(errors="replace").strip() if name.exists() else ""))
    return found


def without_port(found: Iterable[Plugged], ports: Iterable[Port]) -> list[Plugged]:
    """Return what is plugged in and has no serial port."""
    served = {(port.vid, port.pid) for port in ports}
    return [each for each in found if each.ids not in served]


def shown(ids: Ids) -> str:
    """Return ids as `lsusb` shows them: ``0403:6010``."""
    return f"{ids[0]:04x}:{ids[1]:04x}"


def _first_word(board: Board) -> str:
    return board.title.lower().replace("-", " ").split()[0]
