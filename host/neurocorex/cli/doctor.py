"""Command that examines a device: link, serial rates and memories."""

from __future__ import annotations

import click

from . import choice, output
from .choice import DeviceChoice


@click.command()
@choice.device(baud=False)
@click.option("--rates/--no-rates", default=True, show_default=True, help="Try serial rates, up and down.")
@click.option("--memories/--no-memories", default=True, show_default=True, help="Write patterns to all memories.")
@output.json_option
def doctor(chosen: DeviceChoice, rates: bool, memories: bool, as_json: bool) -> None:
    """Examine the device at DEVICE and print a report.

    Paste it where you ask for help. Measures round trips and advises on the latency timer of USB bridges, writes
    patterns to every memory and reads them back, and tries serial rates with traffic in both directions. What the chip
    held is put back; its counters go on. The exit code is 1 if anything is wrong.

    \b
    Examples:
      neurocorex doctor /dev/ttyUSB1
      neurocorex doctor socket://127.0.0.1:4001 --no-rates --json
    """
    from ..check.doctor.examination import examine
    from ..spec import CoreConfig

    geometry = chosen.geometry() or (CoreConfig() if chosen.target.takes_geometry else None)
    with chosen.open(geometry) as chip:
        found = examine(
            chip, rates=rates, memories=memories, say=lambda text: None if as_json else click.echo(text, err=True)
        )
    output.emit(as_json, found.to_dict() | {"device": chosen.name}, lambda: str(found))
    if not found.healthy:
        raise SystemExit(1)
