"""Command that repeats the session of a log on a chip, and names the first answer that differs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import choice, output
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..check.player import Replay
    from ..device.device import Device
    from ..spec import CoreConfig
    from ..wire.log import LogFile
    from ..wire.tap import Log


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@choice.device(config=False, log=False)
@output.json_option
def replay(chosen: DeviceChoice, file: Path, as_json: bool) -> None:
    """Repeat the session in FILE on the chip at DEVICE, and compare.

    FILE was written by the option --log of another command, or by `neurocorex.open(..., log=FILE)`. (The files of
    `selftest` are for its own option --replay.) `emulator` and `rtl` get the geometry of the log; another chip must
    have it, and what it held is lost.

    The first difference is named, and the exit code is 1: number and operation of the request, then region, row and
    column, or step and neuron, and both values. What tells of the line and not of the model is not compared: the
    description of the chip, its rate, and counters of frames and stalls.

    \b
    Examples:
      neurocorex run /dev/ttyUSB1 digits.npz --poisson 0.1 --log session.log
      neurocorex replay session.log emulator
      neurocorex replay session.log faulty:emulator?loss=0.01 --json
    """
    from ..check.replay import replay as repeat
    from ..wire.log import LogFile

    log = LogFile(file)

    @contextmanager
    def opened(config: CoreConfig | None, kept: Log) -> Iterator[Device]:
        with chosen._replace(log=kept).open(config) as device:
            yield device

    with output.progress_bar("replaying", quiet=as_json) as progress:
        found = repeat(log, opened, elastic=chosen.target.takes_geometry, progress=progress)
    output.emit(as_json, _values(chosen, log, found), lambda: _text(log, found))
    if found.deviation:
        raise SystemExit(1)


def _values(chosen: DeviceChoice, log: LogFile, found: Replay) -> dict[str, Any]:
    deviation = found.deviation
    return {
        "device": chosen.name,
        "log": {"path": log.path, "device": log.device, "library": log.library, "cut": log.cut},
        "config": log.info.config.to_dict(),
        "requests": found.requests,
        "compared": found.compared,
        "steps": found.steps,
        "identical": deviation is None,
        "difference": None
        if deviation is None
        else {
            "message": str(deviation),
            "request": deviation.request,
            "operation": deviation.operation,
            "quantity": deviation.difference.quantity,
            "place": deviation.difference.place,
            "got": deviation.difference.got,
            "expected": deviation.difference.expected,
        },
        "skipped": found.skipped,
    }


def _text(log: LogFile, found: Replay) -> str:
    work = f"{found.compared} answers of {found.requests} requests, {found.steps} steps"
    lines = [f"{work}: {'every bit is equal' if found.deviation is None else 'a difference'}"]
    if found.deviation is not None:
        lines.append(str(found.deviation))
    lines += [f"not compared: {each}" for each in found.skipped]
    if log.cut:
        lines.append("the last line of the log is not whole: the session was killed there")
    return "\n".join(lines)
