"""Device that a command works on: its options, their completion in the shell, opening it, and its waveform."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from . import geometry

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..device.device import Device
    from ..device.open import Target, Trace
    from ..spec import CoreConfig
    from ..wire.tap import Log

#: Kind of a block of an FST file that is being written.
_UNFINISHED = 255

Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


class DeviceChoice(NamedTuple):
    """Device as it was given on the command line.

    Attributes
    ----------
    name : str
        Argument of `neurocorex.open`.
    config : Path, optional
        JSON file of a geometry.
    baud : int or "reset", optional
        Rate for a serial link, see `open_device`.
    trace : Trace, optional
        Waveform to write.
    quiet : bool
        Whether nothing is printed while the device is opened.
    log : Log, optional
        Gets the session, see `open_device`.
    """

    name: str
    config: Path | None = None
    baud: int | str | None = None
    trace: Trace | None = None
    quiet: bool = False
    log: Log | None = None

    @property
    def target(self) -> Target:
        """Kind of device that the name stands for."""
        from ..device.open import Target

        return Target.of(self.name)

    @property
    def is_faulty(self) -> bool:
        """Whether faults are made on its line."""
        from ..wire.faults import PREFIX

        return self.name.startswith(PREFIX)

    def geometry(self) -> CoreConfig | None:
        """Geometry of ``--config``; None without it."""
        return geometry.read_config(self.config)

    @contextmanager
    def open(self, config: CoreConfig | None = None, *, by_wire: bool = False) -> Iterator[Device]:
        """Open the device, with a geometry other than that of ``--config`` if one is given; see `open_device`.

        Raises
        ------
        InputError
            When it is closed, if it never came to the first step of the waveform.
        """
        from ..device.open import open_device

        say = None if self.quiet else lambda message: click.echo(message, err=True)
        geometry, trace = config or self.geometry(), self.trace
        with (
            nullcontext(trace) if trace is None or not self.target.is_simulated else _waveform(trace) as trace,
            open_device(
                self.name, config=geometry, baud=self.baud, trace=trace, by_wire=by_wire, log=self.log, progress=say
            ) as device,
        ):
            yield device


def _rate(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | str | None:
    """Read a rate in bits per second, or the word that keeps the one after reset."""
    if value is None or value == "reset":
        return value
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither a rate in bits per second, such as 3000000, nor 'reset'")
    return int(value)


@contextmanager
def _waveform(trace: Trace) -> Iterator[Trace]:
    """Waveform that becomes its file when the simulated chip has ended; an older file stays until then.

    That of a run which failed is kept as well: it is there to be looked at.
    """
    from ..errors import FileFormatError, InputError, NeuroCoreXError
    from ..files import replacing

    failed: NeuroCoreXError | None = None
    with replacing(trace.path) as temporary:
        try:
            yield replace(trace, path=temporary)
        except NeuroCoreXError as error:
            failed = error
        if not temporary.stat().st_size:
            raise failed or InputError(f"--from {trace.first} is beyond the last step; steps are counted from 0")
        if not _is_whole(temporary):
            raise failed or FileFormatError(
                f"cannot write {trace.path}: the waveform is cut off, as on a full disk; choose another place"
            )
    if failed:
        raise failed


def _is_whole(waveform: Path) -> bool:
    """Whether the blocks of an FST file, each a kind and a length before its content, end where the file ends."""
    place, size = 0, waveform.stat().st_size
    with waveform.open("rb") as file:
        while place < size and len(head := file.read(9)) == 9 and head[0] != _UNFINISHED:
            place += 1 + int.from_bytes(head[1:], "big")
            file.seek(place)
    return place == size


def complete_software(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a software device in the shell."""
    from click.shell_completion import CompletionItem

    from ..device.open import SOFTWARE

    return [CompletionItem(each.name, help=each.description) for each in SOFTWARE if each.name.startswith(incomplete)]


def complete_device(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a device in the shell: software, or a serial port of this computer."""
    from click.shell_completion import CompletionItem
    from serial.tools import list_ports

    ports = [port for port in sorted(list_ports.comports()) if port.device.startswith(incomplete)]
    found = [CompletionItem(port.device, help=port.description) for port in ports]
    return complete_software(ctx, param, incomplete) + found


def device(
    *,
    default: str | None = None,
    required: bool = True,
    config: bool = True,
    baud: bool = True,
    trace: bool = False,
    log: bool = True,
) -> Wrapper:
    """Give a command its device as the argument `chosen`, a `DeviceChoice`.

    The command must have `output.json_option`, too.

    Parameters
    ----------
    default : str, optional
        With a default the device is the option ``--device``, otherwise the argument DEVICE.
    required : bool
        Whether DEVICE must be given; without it `chosen` is None, and there is nothing for its options.
    config, baud, trace, log : bool
        Which options the command has beside it.
    """
    options = [
        click.argument("device", required=required, shell_complete=complete_device)
        if default is None
        else click.option(
            "--device", default=default, show_default=True, metavar="DEVICE", shell_complete=complete_device,
            help="Where to run: emulator, rtl, a port, a URL.",
        )
    ]  # fmt: skip
    if config:
        options.append(_CONFIG)
    if baud:
        options.append(_BAUD)
    if trace:
        options += _TRACE
    if log:
        options.append(_LOG)

    def wrap(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def choosing(
            device: str | None, as_json: bool, config: Path | None = None, baud: int | str | None = None,
            session_log: Path | None = None, **others: Any,
        ) -> Any:  # fmt: skip
            if device is None:
                if config or baud or session_log:
                    raise click.UsageError("--config, --baud and --log belong to a DEVICE, and none was given")
                return command(chosen=None, as_json=as_json, **others)
            traced = _trace(**{name: others.pop(name) for name in ("trace", "first", "last")}) if trace else None
            with _logged(session_log, device) as kept:
                chosen = DeviceChoice(device, config, baud, traced, quiet=as_json, log=kept)
                return command(chosen=chosen, as_json=as_json, **others)

        wrapped: Callable[..., Any] = choosing
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return wrap


_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Geometry of `emulator` and `rtl` as a JSON file; without it they fit the network.",
)
_BAUD = click.option(
    "--baud",
    callback=_rate,
    metavar="RATE|reset",
    help="Rate of a serial link, or `reset`: that after reset.  [default: the fastest that holds]",
)
_LOG = click.option(
    "--log", "session_log", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Keep every request and its answers in FILE, for `neurocorex replay`.",
)  # fmt: skip
_TRACE = (
    click.option(
        "--trace", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.fst",
        help="Write the waveform of `rtl`: every signal of the chip.",
    ),
    click.option(
        "--from", "first", type=click.IntRange(0), metavar="STEP",
        help="First step of the waveform, counted from 0.  [default: 0]",
    ),
    click.option(
        "--to", "last", type=click.IntRange(0), metavar="STEP",
        help="Last step of the waveform, itself included.  [default: the last one]",
    ),
)  # fmt: skip


@contextmanager
def _logged(path: Path | None, device: str) -> Iterator[Log | None]:
    """Make the log of all that a command opens; if it could not be written to its end, the exit code tells."""
    if path is None:
        yield None
        return
    from ..errors import FileFormatError
    from ..wire.log import SessionLog

    log = SessionLog(path, device)
    yield log
    if log.failed:  # as a warning has said
        raise SystemExit(FileFormatError.exit_code)


def _trace(trace: Path | None, first: int | None, last: int | None) -> Trace | None:
    from ..errors import InputError

    if trace is None:
        if first is None and last is None:
            return None
        raise InputError("--from and --to are steps of a waveform; name its file: --trace FILE.fst")
    from ..device.open import Trace

    if trace.suffix != ".fst":
        raise InputError(f"cannot write a waveform as {trace.suffix or 'a file without a suffix'!r}; use .fst")
    found = Trace(trace, first or 0, last)
    if last is not None and last < found.first:
        raise InputError(f"--to {last} is before --from {found.first}; both steps are in the waveform")
    return found
