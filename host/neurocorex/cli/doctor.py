"""Command that examines a device, or all serial ports of this computer: what is there, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import click

from . import choice, output
from .choice import DeviceChoice


@click.command()
@choice.device(required=False, baud=False)
@click.option("--rates/--no-rates", default=True, show_default=True, help="Try serial rates, up and down.")
@click.option("--memories/--no-memories", default=True, show_default=True, help="Write patterns to all memories.")
@click.option("--udev", is_flag=True, help="Print udev rules that let you use the ports of boards.")
@output.json_option
def doctor(chosen: DeviceChoice | None, rates: bool, memories: bool, udev: bool, as_json: bool) -> None:
    """Examine the device at DEVICE, or find boards.

    With DEVICE it prints a report; paste it where you ask for help. It measures round trips and advises on the latency
    timer of USB bridges, writes patterns to every memory and reads them back, and tries serial rates with traffic in
    both directions. What the chip held is put back; its counters go on. The exit code is 1 if anything is wrong.

    Without DEVICE each serial port is listed: which board it may be by its USB ids, whether you may open it, who has it
    open, and what answers. A chip that is asked keeps what it holds, but a run of it ends, and other sessions
    notice. Ports in use, and those of no USB device, are not asked. Where nobody answers that takes 10 seconds. The
    exit code is 7 if no chip answers.

    \b
    Examples:
      neurocorex doctor
      neurocorex doctor /dev/ttyUSB1
      neurocorex doctor socket://127.0.0.1:4001 --no-rates --json
      neurocorex doctor --udev | sudo tee /etc/udev/rules.d/60-neurocorex.rules
    """
    if udev:
        _print_rules(chosen, as_json)
    elif chosen is None:
        _scan(as_json)
    else:
        _examine(chosen, rates=rates, memories=memories, as_json=as_json)


def _print_rules(chosen: DeviceChoice | None, as_json: bool) -> None:
    from ..check.doctor import udev

    if chosen is not None:
        raise click.UsageError(f"--udev prints rules for all boards; leave out {chosen.name}")
    text = udev.rules()
    output.emit(as_json, {"file": udev.FILE, "rules": text}, lambda: text.rstrip("\n"))


def _scan(as_json: bool) -> None:
    from ..check.doctor.scan import scan
    from ..errors import NoAnswerError

    found = scan(say=_say(as_json))
    output.emit(as_json, found.to_dict(), lambda: str(found))
    if not found.found:
        raise SystemExit(NoAnswerError.exit_code)


def _examine(chosen: DeviceChoice, *, rates: bool, memories: bool, as_json: bool) -> None:
    from ..check.doctor.examination import examine
    from ..spec import CoreConfig

    geometry = chosen.geometry() or (CoreConfig() if chosen.target.takes_geometry else None)
    with chosen._replace(baud="reset").open(geometry, by_wire=True) as chip:
        found = examine(chip, rates=rates, memories=memories, say=_say(as_json))
    output.emit(as_json, found.to_dict() | {"device": chosen.name}, lambda: str(found))
    if not found.healthy:
        raise SystemExit(1)


def _say(as_json: bool) -> Callable[[str], None]:
    """Return what tells on standard error what is being done."""
    return lambda text: None if as_json else click.echo(text, err=True)
