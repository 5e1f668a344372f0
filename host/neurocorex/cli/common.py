"""What the commands share: options, opening devices, progress, and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..device.device import Device
    from ..spec import CoreConfig

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """Add ``--json``: one object on standard output, and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")(command)


def device_options(command: Command) -> Command:
    """Add the options that say how to open DEVICE."""
    for option in (
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Geometry of `emulator` and `rtl` as a JSON file; without it they fit the network.",
        ),
        click.option("--baud", type=click.IntRange(1), help="Speed up a serial link to this rate once it answers."),
    ):
        command = option(command)
    return command


def read_config(path: Path | None) -> CoreConfig | None:
    """Read a `CoreConfig` from a JSON file; None without a path."""
    from ..errors import FileFormatError
    from ..spec import CoreConfig

    if path is None:
        return None
    try:
        return CoreConfig.from_json(path.read_text())
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}; check the path") from error
    except ValueError as error:
        raise FileFormatError(f"{path} is not a core configuration: {error}") from error


@contextmanager
def opened(
    device: str, config: Path | CoreConfig | None = None, baud: int | None = None, *, quiet: bool = False
) -> Iterator[Device]:
    """Open a device for a command, with a geometry or the file of one; what takes long is said on standard error."""
    from ..device.open import open_device

    say = None if quiet else lambda message: click.echo(message, err=True)
    geometry = read_config(config) if config is None or isinstance(config, Path) else config
    with open_device(device, config=geometry, baud=baud, progress=say) as opened_device:
        yield opened_device


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Make a progress callback (done, total) that draws on standard error, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def emit(as_json: bool, values: dict[str, Any], text: Callable[[], str]) -> None:
    """Print a result as JSON or as text."""
    click.echo(json.dumps(values, default=_plain) if as_json else text())


def _plain(value: Any) -> Any:
    """NumPy numbers and arrays, and paths, as JSON understands them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def table(rows: list[tuple[str, object]]) -> str:
    """Two aligned columns."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def cycles(counters: dict[str, int]) -> dict[str, float]:
    """Clock cycles per step: those in which the core worked, and beside them those in which it waited for the link."""
    steps = max(counters["steps"], 1)
    return {
        "cycles_per_step": round(counters["busy_cycles"] / steps, 2),
        "stall_cycles_per_step": round(counters["stall_cycles"] / steps, 2),
    }


def write(path: Path, action: Callable[[], object]) -> None:
    """Run an action that writes `path`; an error says why where there can be no such file, or none of that kind."""
    from ..errors import FileFormatError, InputError

    try:
        action()
    except OSError as error:
        raise FileFormatError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
    except ValueError as error:
        raise InputError(f"cannot write {path}: {error}") from error


def index_list(text: str | None, limit: int) -> list[int]:
    """Read a list of indices such as ``0,3,8-11``, each below `limit`; empty for None."""
    from ..errors import InputError

    found: list[int] = []
    for part in text.split(",") if text else []:
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not (last.isdigit() and int(first) <= int(last))):
            raise InputError(f"{part!r} is not an index or a range; write a list such as 0,3,8-11")
        found += range(int(first), int(last or first) + 1)
    if found and max(found) >= limit:
        raise InputError(f"index {max(found)} is beyond the {limit} that there are (0 to {limit - 1})")
    return sorted(set(found))
