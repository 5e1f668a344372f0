"""Commands around the server: serve a software chip, and watch what a served chip sends."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import secrets
import select
import signal
import sys
from contextlib import closing
from pathlib import Path

import click

from . import choice, output
from .geometry import GeometryCommand, configured
from .signals import closed_by_signals

#: Open files that a server may need, beside those of the process itself: one for each connection.
_FILES = 4096


@click.command(cls=GeometryCommand)
@click.argument("software", metavar="{emulator|rtl}", shell_complete=choice.complete_software)
@click.option("--port", default=0, type=click.IntRange(0, 65535), show_default="any free one", help="TCP port.")
@click.option(
    "--host", default="127.0.0.1", show_default=True,
    help="Address to listen on. Whoever reaches it controls the chip, unless there is a --token.",
)  # fmt: skip
@click.option("--token", default="", metavar="TEXT|auto", help="Serve only clients that know it; auto: make one.")
@click.option(
    "--idle", "idle_s", default=600.0, type=click.FloatRange(0, min_open=True), show_default=True, metavar="SECONDS",
    help="Silence after which a client loses the chip.",
)  # fmt: skip
@click.option("--queue", is_flag=True, help="Let clients wait for the chip: URL with ?wait at its end.")
@click.option("--share", is_flag=True, help="Let others see what the chip sends: neurocorex watch URL.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Geometry as a JSON file.")
@output.json_option
def serve(
    software: str, port: int, host: str, token: str, idle_s: float, queue: bool, share: bool, config: Path | None,
    as_json: bool, **fields: int | None,
) -> None:  # fmt: skip
    """Serve a software chip on a TCP port.

    Clients can be in any language. `emulator` is fast. `rtl` is the chip's logic, compiled once per geometry (about
    half a minute). One client has the chip, others are told who it is; the chip keeps its state between them. Stop
    with Ctrl-C. With --json the object (`device`, `config`) is printed once the port is open.

    \b
    Example:
      neurocorex serve rtl --port 4001 --neurons 128 &
      neurocorex info socket://127.0.0.1:4001
    """
    from ..device.open import SOFTWARE, Target, open_transport
    from ..server.server import Server
    from ..wire.greeting import check_token

    if not Target.of(software).takes_geometry:
        known = " or ".join(target.name for target in SOFTWARE)
        raise click.BadParameter(f"{software!r} cannot be served; choose {known}", param_hint="DEVICE")
    if token:
        check_token(token)  # before anything is compiled
    # A shell starts background jobs with SIGINT ignored; `kill` must end them, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    geometry = configured(config, fields)
    with closing(open_transport(software, config=geometry, progress=_say)) as transport:
        transport.prepare()
        token = secrets.token_urlsafe(12) if token == "auto" else token  # noqa: S105
        server = Server(transport, host, port, token=token, idle_s=idle_s, queue=queue, share=share)
        _allow_files()
        with closed_by_signals(server.close):
            if as_json:
                output.emit(True, {"device": server.url, "config": geometry.to_dict()}, str)
            _say(f"serving {software} on {server.url} - stop with Ctrl-C")
            _say(f"a client that is silent for {idle_s:g} s loses the chip")
            _warn(server.host, token)
            server.serve(_say)
        _say("stopped")


@click.command()
@click.argument("url", metavar="URL")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line and nothing else.")
def watch(url: str, as_json: bool) -> None:
    """Show the spikes of a served chip while another client uses it.

    The server must have been started with --share. Steps are counted from the start of each run; steps without a spike
    are not shown, and without recorded spikes there are none. Stop with Ctrl-C.

    \b
    Example:
      neurocorex serve emulator --port 4000 --share &
      neurocorex watch socket://127.0.0.1:4000
    """
    from ..server.spikes import watching
    from ..wire.socketport import SocketTransport

    with contextlib.suppress(KeyboardInterrupt), closing(SocketTransport(url, watch=True)) as transport:
        for seen in watching(transport):
            click.echo(json.dumps(seen) if as_json else _line(**seen))


def _line(
    *, step: int = 0, neurons: list[int] | None = None, session: int | None = None, missed: int | None = None
) -> str:
    if session is not None:
        return f"session {session}"
    if missed is not None:
        return f"missed {missed} frames; the next run is shown again"
    return f"step {step}: {' '.join(map(str, neurons or []))}"


def _say(line: str) -> None:
    """Print a line on standard error, unless that is a full pipe, which nobody reads: then the line is lost."""
    with contextlib.suppress(OSError, ValueError):  # no descriptor, or one that cannot be waited for
        if not select.select([], [sys.stderr], [], 0)[1]:
            return
    click.echo(line, err=True)


def _warn(host: str, token: str) -> None:
    """Say who can reach a server that does not listen on the loopback address."""
    if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        return
    if token:
        _say(f"warning: {host} can be reached from other machines; the token travels in the clear")
    else:
        _say(
            f"WARNING: {host} can be reached from other machines, and anybody there controls the chip: "
            "use --token auto, or leave out --host"
        )


def _allow_files() -> None:
    """Raise the limit of open files as far as this process may and a server needs."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
