"""The command that examines a device."""

from __future__ import annotations

from pathlib import Path

import click

from . import common


@click.command()
@click.argument("device")
@click.option("--rates/--no-rates", default=True, show_default=True, help="Try serial rates, up and down.")
@click.option("--memories/--no-memories", default=True, show_default=True, help="Write patterns to all memories.")
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Geometry of `emulator` and `rtl` as a JSON file."
)
@common.json_option
def doctor(device: str, rates: bool, memories: bool, config: Path | None, as_json: bool) -> None:
    """Examine the device at DEVICE and print one report.

    It is to be pasted where help is asked for. Measures round trips and advises on the latency timer of USB bridges,
    writes patterns to every memory and reads them back, and tries serial rates with traffic in both directions. What
    the chip held is put back; its counters go on. The exit code is 1 if anything is wrong.

    \b
    Examples:
      neurocorex doctor /dev/ttyUSB1
      neurocorex doctor socket://127.0.0.1:4001 --no-rates --json
    """
    from ..check.doctor.examination import examine
    from ..device.open import Target
    from ..spec import CoreConfig

    software = Target.of(device).takes_geometry
    geometry = common.read_config(config) or (CoreConfig() if software else None)
    with common.opened(device, geometry, quiet=as_json) as chip:
        found = examine(
            chip, rates=rates, memories=memories, say=lambda text: None if as_json else click.echo(text, err=True)
        )
    common.emit(as_json, found.to_dict() | {"device": device}, lambda: str(found))
    if not found.healthy:
        raise SystemExit(1)
