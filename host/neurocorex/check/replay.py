"""Replay of a log: the requests of a session once more on another chip, up to the first answer that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

from ..device.device import Device
from ..progress import Progress
from ..spec import CoreConfig
from ..wire.log import LogFile
from ..wire.tap import Call, Log
from .part import parts_of, require_geometry
from .player import Answers, Player, Replay

#: Opens the device with a geometry, or with its own, and a log.
Open = Callable[[CoreConfig | None, Log], AbstractContextManager[Device]]


def replay(log: LogFile, opened: Open, *, elastic: bool, progress: Progress | None = None) -> Replay:
    """Carry out the requests of a log on a device, and compare the answers.

    Parameters
    ----------
    log : LogFile
        The log.
    opened : callable
        Opens the device.
    elastic : bool
        Whether it takes a geometry, and has just been powered up each time that it is opened. Other devices must have
        the geometry of the log, and what they hold is lost: they are put into the state that the log began in.
    progress : callable, optional
        Called with (requests done, requests of all).

    Raises
    ------
    FileFormatError
        If the log is damaged, which is found before anything is sent.
    InputError
        If the device has another geometry than the log; nothing of the log is sent then.
    DeviceError
        If the device fails.
    """
    parts = list(parts_of(log))
    total = sum(part.calls for part in parts)
    calls = (entry for entry in log.entries() if isinstance(entry, Call))
    found, answers = Replay(), Answers()
    with ExitStack() as stack:
        device = None if elastic else stack.enter_context(opened(None, answers))
        if device is not None:
            require_geometry(device.config, parts)
        for part in parts:
            with ExitStack() as own:
                here = device or own.enter_context(opened(part.info.config, answers))
                player = Player(found, part, here, answers, (lambda done: progress(done, total)) if progress else None)
                player.play(_first(calls, part.calls), fresh=elastic)
            if found.deviation:
                break
    return found


def _first(calls: Iterator[Call], count: int) -> Iterator[Call]:
    for _, call in zip(range(count), calls, strict=False):
        yield call
