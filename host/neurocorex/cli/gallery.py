"""Commands of the gallery: one for each published system, and the list of all with their figures."""

from __future__ import annotations

import ast
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import choice, output, verdict
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..device.device import Device
    from ..gallery import Outcome, System
    from ..spec import CoreConfig


_data_option = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Folder with data that it reads."
)
#: Files that run as scripts, which need not be those that are installed.
scripts: dict[str, Path] = {}


def _folder() -> Path:
    """Return the files of the gallery as `gallery.folder` does, without loading NumPy."""
    room = Path(__file__).parents[1] / "gallery"
    return room / "systems" if (room / "systems").is_dir() else room.parents[2] / "examples" / "gallery"


class WithGallery(click.Group):
    """Group of commands, to which those of the gallery are added when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *(path.stem for path in _folder().glob("[a-z]*.py"))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name; None if there is none."""
        known = super().get_command(ctx, cmd_name)
        if known is not None or not cmd_name.isidentifier():
            return known
        path = scripts.get(cmd_name, _folder() / f"{cmd_name}.py")
        return _command(path) if path.is_file() else None


def _command(path: Path) -> click.Command:
    """Make the command of a file of the gallery."""
    tree = ast.parse(path.read_text("utf-8"))
    text = ast.get_docstring(tree) or path.stem
    title, reads_data = text.partition("\n")[0], _reads_data(tree)
    told = (
        f"{title}\n\nUnless the device is the emulator, its first part runs there, too, and everything that the chip "
        f"said is compared; the figures are measured on the emulator only.\n\n\b\nExamples:\n"
        f"  neurocorex demo {path.stem}\n  neurocorex demo {path.stem} --quick --picture {path.stem}.png\n"
        f"  neurocorex demo {path.stem} --device rtl --json"
    )
    if reads_data:
        told = told.replace("\n\n\b", f"\n\n{text.rpartition(chr(10) * 2)[2]}\n\n\b", 1)

    @choice.device(default="emulator", trace=True)
    @click.option("--quick", is_flag=True, help="A small version, in seconds.")
    @click.option("--picture", type=click.Path(path_type=Path, dir_okay=False),
                  help="Draw what was measured (.png, .pdf, .svg).")  # fmt: skip
    @output.json_option
    def show(chosen: DeviceChoice, quick: bool, picture: Path | None, as_json: bool, data: Path | None = None) -> None:
        _show(path, chosen, quick, picture, as_json, data)

    if reads_data:
        show = _data_option(show)
    return click.command(path.stem, help=told, short_help=title.partition(":")[0])(show)


def _reads_data(tree: ast.Module) -> bool:
    """Return what `System.reads_data` does, without running the file."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "measure"]
    return any(argument.arg == "data" for node in functions for argument in node.args.args)


def _show(
    path: Path, chosen: DeviceChoice, quick: bool, picture: Path | None, as_json: bool, data: Path | None
) -> None:
    from ..errors import InputError
    from ..gallery import System

    if picture is not None:
        if not chosen.target.is_emulator:
            raise InputError("--picture shows what is measured on the emulator; leave out --device")
        output.check_picture(picture)
    system = System.of(path).given(data)
    started = time.perf_counter()
    if chosen.target.is_emulator:
        with chosen.open() as device:
            config = _first_config(system, device)
            outcome = system.measure(device, quick)
        found, lines = None, [system.title, str(outcome)]
        values = _values(system, outcome, config) | {"quick": quick}
        if picture is not None:
            output.picture(picture, system.draw(outcome))
            values["picture"] = picture
            lines.append(f"picture: {picture}")
    else:
        config, found = _compare(system, chosen)
        values = {"name": system.name, "title": system.title, "config": config.to_dict(), **verdict.values(found)}
        lines = [system.title, *verdict.lines(found, "bit of the first part")]
    values |= {"device": chosen.name, "seconds": round(time.perf_counter() - started, 3)}
    verdict.emit(as_json, values, lambda: "\n".join(lines), found)


def _first_config(system: System, device: Device) -> CoreConfig:
    """Run the first part; return the chip that it took."""
    system.first(device)
    return device.config


def _values(system: System, outcome: Outcome, config: CoreConfig) -> dict[str, Any]:
    """Return the members of a JSON object about a system."""
    from ..fpga.plan import boards_for

    return {
        "name": system.name, "title": system.title, "paper": system.about.paper,
        "idealised": system.about.idealised, "findings": outcome.to_list(), "reached": not outcome.missed,
        "config": config.to_dict(), "boards": boards_for(config),
    }  # fmt: skip


def _compare(system: System, chosen: DeviceChoice) -> tuple[CoreConfig, list[str]]:
    """Run the first part on a device and on the emulator; return the chip, and what differs."""
    import numpy as np

    from ..check.compare import held_differences
    from ..device.open import EMULATOR, open_device

    with chosen.open() as chip:
        mine = system.first(chip)
        with open_device(EMULATOR.name, config=chip.config) as reference:
            theirs = system.first(reference)
            found = [str(each) for each in held_differences(chip, reference)]
        found += [f"{name} differ" for name in theirs if not np.array_equal(mine[name], theirs[name])]
        return chip.config, found


@click.command()
@click.argument("chosen", metavar="[NAME]...", nargs=-1)
@click.option("--measure", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Measure them anew, and write figures and pictures there.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Measure small versions.")
@_data_option
@output.json_option
def gallery(chosen: tuple[str, ...], measure: Path | None, quick: bool, as_json: bool, data: Path | None) -> None:
    """List published systems and their figures.

    Figures are those of the last full measurement; each command `neurocorex demo NAME` measures its own.
    Systems that read data are measured with --data only, and keep their figures otherwise.

    \b
    Examples:
      neurocorex gallery
      neurocorex gallery cam --json
      neurocorex gallery --measure build/gallery
      neurocorex gallery worm --measure build/gallery --data celegans
    """
    from .. import gallery as room
    from ..errors import FileFormatError, InputError

    wanted = [room.load(name).name for name in chosen] or room.names()
    if quick and measure is None:
        raise InputError("--quick belongs to --measure FOLDER")
    if data is not None and measure is None:
        raise InputError("--data belongs to --measure FOLDER")
    if measure is not None:
        if not measure.is_dir():
            raise FileFormatError(f"cannot write into {measure}: there is no such folder")
        systems = [room.load(name).given(data) for name in wanted]
        left = [each.name for each in systems if each.reads_data and data is None]
        if left and chosen:
            raise InputError(
                f"{left[0]} reads data; say where they are, --data FOLDER; where to get them says: "
                f"neurocorex demo {left[0]} --help"
            )
        if left:
            click.echo(f"not measured without --data FOLDER: {', '.join(left)}", err=True)
        found = {each.name: _measured(each, measure, quick) for each in systems if each.name not in left}
    else:
        found = {name: values for name, values in room.measured().items() if name in wanted}
    where = measure or room.folder()
    values = {name: found[name] | {"picture": where / f"{name}.png"} for name in wanted if name in found}
    output.emit(as_json, values, partial(_text, values, wanted))


def _measured(system: System, where: Path, quick: bool) -> dict[str, Any]:
    """Measure a system, write its figures and its picture, and return the figures."""
    from .. import gallery as room
    from ..device.open import EMULATOR, open_device

    started = time.perf_counter()
    with open_device(EMULATOR.name) as device:
        config = _first_config(system, device)
        outcome = system.measure(device, quick)
    values = _values(system, outcome, config) | {"seconds": round(time.perf_counter() - started, 1)}
    del values["config"]
    room.write(where, {system.name: values}, {system.name: system.draw(outcome)})
    return values


def _text(found: dict[str, Any], wanted: list[str]) -> str:
    from ..gallery import Finding

    lines = []
    for name in wanted:
        if name not in found:
            lines += [f"{name}: not measured; run: neurocorex demo {name}", ""]
            continue
        values = found[name]
        lines += [f"{name}: {values['title']}", *(f"  {Finding(**each)}" for each in values["findings"])]
        lines += [f"  paper: {values['paper']}", f"  picture: {values['picture']}", ""]
    return "\n".join(lines[:-1])
