"""From what a person calls a device to the device."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from ..emulator.transport import VirtualTransport
from ..errors import InputError, MissingToolError
from ..spec import CoreConfig
from ..wire.process import ProcessTransport
from ..wire.serialport import SerialTransport
from ..wire.transport import Transport
from .device import Device

Say = Callable[[str], None]

EMULATOR, RTL = "emulator", "rtl"

#: Silence after which a chip is asked whether it is still there. A simulated one is as slow as the computer is busy,
#: and its end is noticed without waiting.
_TIMEOUT_S, _SOFTWARE_TIMEOUT_S = 0.5, 5.0


def open_device(
    target: str, *, config: CoreConfig | None = None, baud: int | None = None, progress: Say | None = None
) -> Device:
    """Open a chip.

    Parameters
    ----------
    target : str
        ``"emulator"``: software, in this process. ``"rtl"``: the chip's own logic, simulated behind its UART pins and
        compiled when it is first needed, once per geometry. A serial port such as ``"/dev/ttyUSB1"`` or ``"COM3"``.
        Any URL that pyserial opens, such as ``"socket://127.0.0.1:4000"``.
    config : CoreConfig, optional
        Geometry of the emulator or the simulated chip. Without it they fit what is loaded.
    baud : int, optional
        Rate to speed a serial link up to, once the chip answers.
    progress : callable, optional
        Told, in words, about what takes long.

    Returns
    -------
    Device
        To be closed, best by a ``with`` statement.

    Raises
    ------
    InputError
        For a geometry given to a device that has one, or a rate that it cannot have.
    NoAnswerError, GarbageError
        If it cannot be opened, does not answer, or answers something else.
    MissingToolError
        If what ``"rtl"`` needs is not installed.
    """
    software = target in (EMULATOR, RTL)
    if config is not None and not software:
        raise InputError(f"{target} has a geometry of its own; leave out config, or open 'emulator' or 'rtl'")
    if target == RTL:
        _chip_builder()  # now rather than when something is loaded
    device = Device(
        connect=lambda geometry: open_transport(target, config=config or geometry, progress=progress, shared=False),
        elastic=software and config is None,
        baud=baud,
        timeout_s=_SOFTWARE_TIMEOUT_S if software else _TIMEOUT_S,
    )
    if config is not None or not software:
        try:
            _ = device.info
        except BaseException:
            device.close()
            raise
    return device


def open_transport(
    target: str, *, config: CoreConfig | None = None, progress: Say | None = None, shared: bool = True
) -> Transport:
    """Open the way to a chip without talking to it.

    Parameters
    ----------
    target, config, progress
        See `open_device`; without a geometry software chips get the default one.
    shared : bool
        Whether one thread reads while another writes, as a server does.
    """
    if target == EMULATOR:
        return VirtualTransport(config or CoreConfig(), wait=shared)
    if target == RTL:
        program = _chip_builder()(config or CoreConfig(), progress=progress)
        return ProcessTransport([program], name="the simulated chip")
    return SerialTransport(target)


def _chip_builder() -> Callable[..., Path]:
    """Find the compiler of the simulated chip, in another package."""
    try:
        module = import_module("neurocorex_sim.chip")
    except ImportError as error:
        raise MissingToolError(
            f"the simulated chip needs {error.name}; install it: pip install 'neurocorex[sim]'"
        ) from error
    return cast("Callable[..., Path]", module.build_chip)
