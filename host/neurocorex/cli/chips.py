"""Commands of one chip: info, load, weights, and the list of devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import choice, output
from .choice import DeviceChoice


@click.command()
@choice.device()
@output.json_option
def info(chosen: DeviceChoice, as_json: bool) -> None:
    """Show what the chip at DEVICE says of itself.

    Geometry, clock, build and counters come from the chip, not from this computer.
    """
    with chosen.open() as chip:
        told = chip.info
        values: dict[str, Any] = {
            "device": chosen.name,
            "config": told.config.to_dict(),
            "neurons": told.config.neurons,
            "inputs": told.config.inputs,
            "clock_hz": told.clock_hz,
            "baud": told.baud,
            "build_id": f"{told.build_id:08x}",
            "counters": chip.counters(),
        }
        if chosen.is_faulty:
            values["faults"] = chip.link.faults

    def text() -> str:
        rows: list[tuple[str, object]] = [
            ("device", chosen.name),
            ("clock", f"{told.clock_hz / 1e6:g} MHz" if told.clock_hz else "none (software)"),
            ("link", f"{told.baud} baud after reset" if told.baud else "none (software)"),
            ("build", values["build_id"]),
            *told.config.to_dict().items(),
            ("synapses", told.config.axons * told.config.neurons),
            *((f"counter {name}", count) for name, count in values["counters"].items()),
            *((f"fault {name}", count) for name, count in values.get("faults", {}).items()),
        ]
        return output.table(rows)

    output.emit(as_json, values, text)


@click.command()
@choice.device()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Read everything back and compare.")
@output.json_option
def load(chosen: DeviceChoice, file: Path, verify: bool, as_json: bool) -> None:
    """Load the network or snapshot in FILE onto the chip at DEVICE.

    `Image.save`, `neurocorex demo digits --save` and snapshots write such files. A network smaller than the chip takes
    its first inputs and neurons; a larger one is refused, and the message names the limit.

    \b
    Example:
      neurocorex load /dev/ttyUSB1 digits.npz --verify
    """
    with chosen.open() as chip:
        with output.progress_bar("loading", quiet=as_json) as progress, output.warnings_in_report():
            report = chip.load(file, verify=verify, progress=progress)
        values = {
            "device": chosen.name,
            "config": chip.config.to_dict(),
            "neurons": chip.config.neurons,
            "inputs": chip.config.inputs,
            "verified": verify,
            "report": report.to_dict(),
        }
    output.emit(as_json, values, lambda: str(report))


@click.command()
@choice.device()
@click.option("--out", type=click.Path(path_type=Path), help="Write them to a .npz or .csv file, axons by neurons.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw them to a picture (.png, .pdf, .svg).")
@output.json_option
def weights(chosen: DeviceChoice, out: Path | None, plot: Path | None, as_json: bool) -> None:
    """Read the weights of the chip at DEVICE.

    They are the integers of the whole chip, with what was learned.

    \b
    Example:
      neurocorex weights socket://127.0.0.1:4001 --out weights.csv --plot weights.png
    """
    import numpy as np

    from ..errors import InputError
    from ..files import write_arrays

    if out is not None and out.suffix not in (".npz", ".csv"):
        raise InputError(f"cannot write weights as {out.suffix or 'a file without a suffix'!r}; use .npz or .csv")
    with chosen.open() as chip:
        matrix, inputs = chip.weights(units="chip"), chip.config.inputs
        values = {
            "device": chosen.name,
            "config": chip.config.to_dict(),
            "neurons": chip.config.neurons,
            "inputs": inputs,
            "minimum": matrix.min(),
            "maximum": matrix.max(),
            "nonzero": np.count_nonzero(matrix),
            "plastic": np.count_nonzero(chip.plastic()),
            "out": out,
            "plot": plot,
        }
    if out is None and as_json:
        values["weights"] = matrix
    if out is not None:
        if out.suffix == ".csv":
            output.write(out, lambda stream: np.savetxt(stream, matrix, "%d", ","))
        else:
            write_arrays(out, {"weights": matrix}, compressed=False)
    if plot is not None:
        from ..plot.matrices import weights as draw

        output.picture(plot, draw(matrix, inputs=inputs))

    def text() -> str:
        names = ("neurons", "inputs", "minimum", "maximum", "nonzero", "plastic", "out", "plot")
        return output.table([(name, values[name]) for name in names if values[name] is not None])

    output.emit(as_json, values, text)


@click.command()
@click.option("--probe", is_flag=True, help="Open each port and ask what is there.")
@output.json_option
def devices(probe: bool, as_json: bool) -> None:
    """List the devices of this computer.

    A board is opened by its port, or by usb: and its serial number, which stays the same wherever it is plugged in.
    Serial ports are only listed. With --probe each that may lead to a board is opened and gets requests, which other
    equipment may not like; `neurocorex doctor` says more.
    """
    from ..check.doctor.bridges import candidates
    from ..check.doctor.scan import sighted
    from ..device.open import SOFTWARE
    from ..wire import ports

    found: list[dict[str, Any]] = [{"device": each.name, "description": each.description} for each in SOFTWARE]
    listed = ports.listed()
    for port in listed:
        entry: dict[str, Any] = {"device": port.device, "description": port.description}
        if name := ports.usb_name(port):
            entry |= {"serial_number": port.serial_number, "usb": name}
        if boards := candidates(port):
            entry["boards"] = [board.name for board in boards]
        if probe:
            seen = sighted(port, listed)
            entry |= {"state": seen.state, "message": seen.told}
            if seen.info is not None:
                entry["config"] = seen.info.config.to_dict()
            if seen.error is not None:
                entry["error"] = {"code": seen.error.code, "message": str(seen.error)}
        found.append(entry)

    def text() -> str:
        return output.table([(_shown(entry), _describe(entry)) for entry in found])

    output.emit(as_json, {"devices": found}, text)


def _describe(entry: dict[str, Any]) -> str:
    if "config" in entry:
        return f"NeuroCoreX, {entry['config']['neurons']} neurons, {entry['config']['inputs']} inputs"
    boards = f", {' or '.join(entry['boards'])}" if "boards" in entry else ""
    seen = f" ({entry['message']})" if "message" in entry else ""
    return f"{entry['description']}{boards}{seen}"


def _shown(entry: dict[str, Any]) -> str:
    """Name of a device; of a board also that by its serial number, which stays when it is plugged in elsewhere."""
    return ", ".join(str(entry[name]) for name in ("device", "usb") if name in entry)
