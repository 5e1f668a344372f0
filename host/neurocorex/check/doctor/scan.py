"""Scan of the serial ports of this computer: what each is, whether it may be opened, and what answers there."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ...device.open import open_device
from ...errors import DeviceError, DeviceWarning, GarbageError, NeuroCoreXError
from ...fpga.boards import Board
from ...spec import ChipInfo
from ...spec.version import PROTOCOL_VERSION, text
from ...wire import access, ports
from ...wire.ports import Port
from . import bridges
from .bridges import Plugged
from .tools import Tool, tools

Say = Callable[[str], object]
#: What a port turned out to be.
State = Literal["chip", "another version", "something else", "silent", "in use", "forbidden", "not asked"]
#: States of a port behind which a board may be that has to be programmed.
_PROGRAMMABLE = ("another version", "something else", "silent")

#: What to check where no port is listed.
NO_PORT = (
    "no serial port of a USB device is there; check that the board has power, that the cable carries data (many only "
    "charge: try another one), and that `sudo dmesg | tail` shows the device when it is plugged in; a virtual machine, "
    "a container or WSL must be given the device first"
)
#: What to check where ports are there and no chip answers.
NO_CHIP = (
    "no NeuroCoreX chip answers; program the board: `neurocorex boards` lists them, `neurocorex build BOARD` and "
    "`neurocorex program BOARD` bring a chip onto it"
)


@dataclass(kw_only=True)
class Sighting:
    """Serial port, and what is at its other end.

    Attributes
    ----------
    port : Port
        The port.
    boards : list of Board
        Boards that it may belong to, by the USB ids of the bridge.
    state : str
        What it turned out to be.
    told : str
        That in words, with what to do.
    info : ChipInfo or None
        What the chip says of itself.
    error : NeuroCoreXError or None
        Why no chip was found, where the port was asked.
    """

    port: Port
    boards: list[Board]
    state: State
    told: str
    info: ChipInfo | None = None
    error: NeuroCoreXError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        port = self.port
        found: dict[str, Any] = {
            "device": port.device,
            "description": port.description,
            "usb_ids": _ids(port),
            "serial_number": port.serial_number,
            "usb": ports.usb_name(port),
            "boards": [board.name for board in self.boards],
            "state": self.state,
            "message": self.told,
            "notes": bridges.notes(self.boards),
        }
        if self.info is not None:
            found |= {
                "protocol": text(PROTOCOL_VERSION),
                "config": self.info.config.to_dict(),
                "clock_hz": self.info.clock_hz,
                "baud": self.info.baud,
                "build_id": f"{self.info.build_id:08x}",
            }
        return found

    def __str__(self) -> str:
        lines = [self.told]
        if ids := _ids(self.port):
            by_name = f", open it as {name}" if (name := ports.usb_name(self.port)) else ""
            which = (
                ", ".join(board.title for board in self.boards)
                or bridges.adapter(self.port)
                or "no board that is known"
            )
            lines.append(f"USB {ids}, {self.port.description or 'without a description'}: {which}{by_name}")
            lines += bridges.notes(self.boards) if self.state == "silent" else []
        elif self.port.description and self.port.description != "n/a":
            lines.append(self.port.description)
        return "\n".join([f"{self.port.device}: {self.state}", *(f"  {line}" for line in lines)])


@dataclass(kw_only=True)
class Scan:
    """Report on the serial ports of this computer, and on tools.

    Attributes
    ----------
    sightings : list of Sighting
        The ports.
    portless : list of Plugged
        USB devices with ids of a board that have no serial port.
    tools : list of Tool
        Loader and extras.
    """

    sightings: list[Sighting]
    portless: list[Plugged] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Whether a chip answers."""
        return any(each.state == "chip" for each in self.sightings)

    @property
    def advice(self) -> list[str]:
        """Sentences that say what to do."""
        texts = [
            f"USB {bridges.shown(each.ids)} ({each.product or 'no name'}) is plugged in, but has no serial port; "
            + (
                bridges.wiring(each.ids)
                or "plug it in again, as a loader may have taken the port away, and look for its driver in "
                "`sudo dmesg | tail`"
            )
            for each in self.portless
        ]
        if not any(each.port.is_usb for each in self.sightings):
            texts += [] if texts else [NO_PORT]
        elif not self.found and any(each.state in _PROGRAMMABLE for each in self.sightings):
            texts.append(NO_CHIP)
        return texts

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {
            "ports": [each.to_dict() for each in self.sightings],
            "without_port": [{"usb_ids": bridges.shown(each.ids), "product": each.product} for each in self.portless],
            "tools": [asdict(tool) for tool in self.tools],
            "advice": self.advice,
        }

    def __str__(self) -> str:
        width = max((len(tool.name) for tool in self.tools), default=0)
        parts = [
            "\n".join(map(str, self.sightings)),
            "\n".join(f"advice: {text}" for text in self.advice),
            "\n".join(f"{tool.name:<{width}}  {tool.told}" for tool in self.tools),
        ]
        return "\n\n".join(part for part in parts if part)


def scan(*, say: Say = lambda _: None) -> Scan:
    """Find the serial ports of this computer, and ask those that may lead to a board.

    A chip that answers has begun another session: a run of it is stopped, and all that it holds stays. Ports that
    another program has open, or that belong to no USB device, are not opened.

    Parameters
    ----------
    say : callable
        Called with a few words about what is being done.
    """
    listed = ports.listed()
    found = [sighted(port, listed, say=say) for port in listed]
    return Scan(sightings=found, portless=bridges.without_port(bridges.plugged(), listed), tools=tools())


def sighted(port: Port, listed: Iterable[Port], *, say: Say = lambda _: None) -> Sighting:
    """Return what a port is, among those that are listed; it is asked if it may lead to a board, see `scan`."""
    boards = bridges.candidates(port)
    if not port.is_usb or "bluetooth" in port.description.lower():
        return Sighting(port=port, boards=boards, state="not asked", told="it belongs to no USB device")
    if bridges.is_for_loaders(port):
        twin = next((each for each in listed if each.is_same(port) and each.interface != port.interface), None)
        which = f": {twin.device}" if twin else ", which is not there"
        told = f"the port with which this bridge programs the FPGA; its other port is the serial one{which}"
        return Sighting(port=port, boards=boards, state="not asked", told=told)
    if (why := access.denied(port.device)) is not None:
        return Sighting(port=port, boards=boards, state="forbidden", told=why)
    if access.users(port.device):
        told = f"in use ({access.held(port.device)}); close that first"
        return Sighting(port=port, boards=boards, state="in use", told=told)
    say(f"asking {port.device}")
    return _asked(port, boards)


def _asked(port: Port, boards: list[Board]) -> Sighting:
    """Open a port and ask what is there."""
    try:
        with warnings.catch_warnings(record=True) as odd:
            warnings.simplefilter("always", DeviceWarning)
            with open_device(port.device, baud="reset") as device:
                info = device.info
    except NeuroCoreXError as error:
        return Sighting(port=port, boards=boards, state=_state(error), told=str(error), error=error)
    config = info.config
    told = (
        f"{config.neurons} neurons, {config.inputs} inputs, {config.lanes} lanes, "
        f"{f'{info.clock_hz / 1e6:g} MHz' if info.clock_hz else 'no clock (software)'}, "
        f"{f'{info.baud} baud after reset, ' if info.baud else ''}"
        f"protocol {text(PROTOCOL_VERSION)}, build {info.build_id:08x}"
    )
    odd_told = [str(each.message) for each in odd if issubclass(each.category, DeviceWarning)]
    return Sighting(port=port, boards=boards, state="chip", told="; ".join([told, *odd_told]), info=info)


def _state(error: NeuroCoreXError) -> State:
    """Return what a port is at which no chip answered."""
    if isinstance(error, GarbageError):
        return "something else"
    if type(error) is DeviceError:
        return "another version"
    return "in use" if "it is in use" in str(error) else "silent"


def _ids(port: Port) -> str | None:
    return None if port.vid is None or port.pid is None else bridges.shown((port.vid, port.pid))
