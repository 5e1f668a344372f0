"""Output of commands: JSON or text, tables, warnings, progress bars, and files."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from ..errors import NeuroCoreXWarning
from ..progress import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """Add ``--json``: one object on standard output, and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")(command)


def emit(as_json: bool, values: dict[str, Any], text: Callable[[], str]) -> None:
    """Print a result as JSON or as text."""
    click.echo(json.dumps(values, default=_plain) if as_json else text())


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Print warnings of the library as lines on standard error, each once."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", NeuroCoreXWarning)
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **options: Any) -> None:
            if issubclass(category, NeuroCoreXWarning):
                click.echo(f"warning: {message}", err=True)
            else:
                others(message, category, *rest, **options)

        warnings.showwarning = show
        yield


@contextmanager
def warnings_in_report() -> Iterator[None]:
    """Print no warnings of the library: the report that follows has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuroCoreXWarning)
        yield


def _plain(value: Any) -> Any:
    """Turn NumPy numbers and arrays, and paths, into what JSON can hold."""
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
    """Clock cycles per step: those in which the core worked, and those in which it waited for the link."""
    steps = max(counters["steps"], 1)
    return {
        "cycles_per_step": round(counters["busy_cycles"] / steps, 2),
        "stall_cycles_per_step": round(counters["stall_cycles"] / steps, 2),
    }


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Make a progress callback (done, total) that draws on standard error, if that is a terminal, after two seconds."""
    with shown(label, not quiet) as told:
        yield told


def write(path: Path, draw: Callable[[BinaryIO], object]) -> None:
    """Write a file by what draws it into a stream; an older file stays until the new one is whole.

    Raises
    ------
    FileFormatError
        If there can be no file at this place.
    InputError
        If it cannot be drawn so.
    """
    from ..errors import InputError, NeuroCoreXError
    from ..files import write_atomic

    try:
        write_atomic(path, draw)
    except NeuroCoreXError:
        raise
    except ValueError as error:
        raise InputError(f"cannot write {path}: {error}") from error


def picture(path: Path, figure: Figure) -> None:
    """Write a figure in the format of the file's suffix, PNG without one; raises as `write` does."""
    write(path, lambda stream: figure.savefig(stream, format=path.suffix[1:].lower() or "png"))


def check_picture(path: Path) -> None:
    """Find out before a long job whether `picture` could write its figure.

    Raises
    ------
    FileFormatError
        If the folder does not exist.
    InputError
        If the suffix is of no kind of picture.
    MissingToolError
        If matplotlib is not installed.
    """
    from ..errors import FileFormatError, InputError
    from ..plot.canvas import new_figure

    kinds = new_figure(1, 1).canvas.get_supported_filetypes()
    if path.suffix and path.suffix[1:].lower() not in kinds:
        raise InputError(f"{path} is no kind of picture; take one of {', '.join(sorted(kinds))}, such as learned.png")
    if not path.parent.is_dir():
        raise FileFormatError(f"cannot write {path}: there is no folder {path.parent}")
