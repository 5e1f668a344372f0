"""Commands about a chip: what it is, what it holds, and making one reachable."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click

from . import common
from .geometry import configured, geometry_options


@click.command()
@click.argument("device")
@common.device_options
@common.json_option
def info(device: str, config: Path | None, baud: int | None, as_json: bool) -> None:
    """Show what the chip at DEVICE says of itself.

    Everything but the name of the device comes from the chip: geometry, clock, build and counters.
    """
    with common.opened(device, config, baud, quiet=as_json) as chip:
        told = chip.info
        values: dict[str, Any] = {
            "device": device,
            "config": told.config.to_dict(),
            "neurons": told.config.neurons,
            "inputs": told.config.inputs,
            "clock_hz": told.clock_hz,
            "baud": told.baud,
            "build_id": f"{told.build_id:08x}",
            "counters": chip.counters(),
        }

    def text() -> str:
        rows: list[tuple[str, object]] = [
            ("device", device),
            ("clock", f"{told.clock_hz / 1e6:g} MHz" if told.clock_hz else "none (software)"),
            ("link", f"{told.baud} baud after reset" if told.baud else "none (software)"),
            ("build", values["build_id"]),
            *told.config.to_dict().items(),
            ("synapses", told.config.axons * told.config.neurons),
            *((f"counter {name}", count) for name, count in values["counters"].items()),
        ]
        return common.table(rows)

    common.emit(as_json, values, text)


@click.command()
@click.argument("device")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Read everything back and compare.")
@common.device_options
@common.json_option
def load(device: str, file: Path, verify: bool, config: Path | None, baud: int | None, as_json: bool) -> None:
    """Put the network or snapshot in FILE onto the chip at DEVICE.

    FILE is what `Image.save`, `neurocorex demo digits --save` or a snapshot wrote. A network smaller than the
    chip is placed in its corner; one that is larger is refused, naming the limit.

    \b
    Example:
      neurocorex load /dev/ttyUSB1 digits.npz --verify
    """
    with common.opened(device, config, baud, quiet=as_json) as chip:
        with common.progress_bar("loading", quiet=as_json) as progress:
            report = chip.load(file, verify=verify, progress=progress)
        values = {
            "device": device,
            "config": chip.config.to_dict(),
            "neurons": chip.config.neurons,
            "inputs": chip.config.inputs,
            "verified": verify,
            "report": report.to_dict(),
        }
    common.emit(as_json, values, lambda: str(report))


@click.command()
@click.argument("device")
@click.option("--out", type=click.Path(path_type=Path), help="Write them to a .npz or .csv file, axons by neurons.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw them to a picture (.png, .pdf, .svg).")
@common.device_options
@common.json_option
def weights(
    device: str, out: Path | None, plot: Path | None, config: Path | None, baud: int | None, as_json: bool
) -> None:
    """Read the weights back from the chip at DEVICE.

    They are read as they act: learned, and with their drift.

    \b
    Example:
      neurocorex weights socket://127.0.0.1:4001 --out weights.csv --plot weights.png
    """
    import numpy as np

    from ..errors import InputError

    if out is not None and out.suffix not in (".npz", ".csv"):
        raise InputError(f"cannot write weights as {out.suffix or 'a file without a suffix'!r}; use .npz or .csv")
    with common.opened(device, config, baud, quiet=as_json) as chip:
        matrix = chip.weights()
        values = {
            "device": device,
            "config": chip.config.to_dict(),
            "neurons": chip.config.neurons,
            "inputs": chip.config.inputs,
            "minimum": matrix.min(),
            "maximum": matrix.max(),
            "nonzero": np.count_nonzero(matrix),
            "plastic": np.count_nonzero(chip.plastic()),
            "out": out,
            "plot": plot,
        }
        if out is None and as_json:
            values["weights"] = matrix
        inputs = chip.config.inputs
    if out is not None:
        common.write(
            out, lambda: np.savetxt(out, matrix, "%d", ",") if out.suffix == ".csv" else np.savez(out, weights=matrix)
        )
    if plot is not None:
        from ..plot.pictures import weights as draw

        common.write(plot, lambda: draw(matrix, inputs=inputs).savefig(plot))

    def text() -> str:
        names = ("neurons", "inputs", "minimum", "maximum", "nonzero", "plastic", "out", "plot")
        return common.table([(name, values[name]) for name in names if values[name] is not None])

    common.emit(as_json, values, text)


@click.command()
@click.argument("what", type=click.Choice(["emulator", "rtl"]))
@click.option("--port", default=0, type=click.IntRange(0, 65535), show_default="any free one", help="TCP port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; think before you widen it.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Geometry as a JSON file.")
@geometry_options
@common.json_option
def serve(what: str, port: int, host: str, config: Path | None, as_json: bool, **fields: int | None) -> None:
    """Put a software chip on a TCP port, for clients in any language.

    `emulator` is fast; `rtl` is the chip's logic, compiled once per geometry (about half a minute).
    Clients are served one after the other; the chip keeps its state between them. Stop with Ctrl-C. With --json
    the object (`device`, `config`) is printed once the port is open.

    \b
    Example:
      neurocorex serve rtl --port 4001 --neurons 128 &
      neurocorex info socket://127.0.0.1:4001
    """
    from ..device.open import open_transport
    from ..wire.server import Server

    def say(message: str) -> None:
        click.echo(message, err=True)

    geometry = configured(config, fields)
    transport = open_transport(what, config=geometry, progress=say)
    try:
        server = Server(transport, host, port)
        # A shell starts jobs in the background with SIGINT ignored; `kill` must end them all the same.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if as_json:
            common.emit(True, {"device": server.url, "config": geometry.to_dict()}, str)
        say(f"serving {what} on {server.url} - stop with Ctrl-C")
        try:
            server.serve(lambda address: say(f"client {address}"))
        except KeyboardInterrupt:
            say("stopped")
        finally:
            server.close()
    finally:
        transport.close()


@click.command()
@click.option("--probe", is_flag=True, help="Open each port and ask what is there.")
@common.json_option
def devices(probe: bool, as_json: bool) -> None:
    """List what DEVICE can be on this machine.

    Serial ports are listed only; with --probe each is opened and asked, which other equipment may not like.
    """
    from serial.tools import list_ports

    from ..errors import NeuroCoreXError

    found: list[dict[str, Any]] = [
        {"device": "emulator", "description": "software emulator, always there"},
        {"device": "rtl", "description": "simulated chip, needs the extra neurocorex[sim]"},
    ]
    for port in sorted(list_ports.comports()):
        entry: dict[str, Any] = {"device": port.device, "description": port.description}
        if probe:
            try:
                with common.opened(port.device, quiet=True) as chip:
                    entry["config"] = chip.config.to_dict()
            except NeuroCoreXError as error:
                entry["error"] = {"code": error.code, "message": str(error)}
        found.append(entry)

    def text() -> str:
        return common.table([(entry["device"], _describe(entry)) for entry in found])

    common.emit(as_json, {"devices": found}, text)


def _describe(entry: dict[str, Any]) -> str:
    if "config" in entry:
        return f"NeuroCoreX, {entry['config']['neurons']} neurons, {entry['config']['inputs']} inputs"
    if "error" in entry:
        return f"{entry['description']} ({entry['error']['message']})"
    return str(entry["description"])
