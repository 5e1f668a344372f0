"""Command that runs a network: stimulus, recording, comparison with the emulator, pictures."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import choice, output, verdict
from .blocks import Stimulus
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..device.device import Device
    from ..device.result import Result

#: Snapshots of the weights in a picture of them, roughly.
SNAPSHOTS = 50
#: Exit code after Ctrl-C.
INTERRUPTED = 130
#: Values of the result that the text shows.
_SHOWN = (
    "device", "neurons", "inputs", "steps", "stopped_at", "seconds", "spikes", "cycles_per_step", "identical", "out",
    "raster", "weights", "trace",
)  # fmt: skip


@click.command()
@choice.device(trace=True)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--steps", type=click.IntRange(min=1), help="Length of the run.  [default: 100, or that of --spikes]")
@click.option("--poisson", type=float, metavar="P", help="Drive every input with random spikes, probability P a step.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of --poisson.")
@click.option(
    "--spikes", type=click.Path(path_type=Path), help="Input spikes: .csv of `step,axon`, or .npz of `spikes`."
)
@click.option("--teacher", type=click.Path(path_type=Path), help="Spikes to force neurons to, a file as --spikes.")
@click.option("--freeze", is_flag=True, help="Weights of a network that learns stay as they are.")
@click.option("--membranes", metavar="LIST", help="Record the membranes of these neurons, as in 0,3,8-11.")
@click.option("--keep-state", is_flag=True, help="Start from the state that the chip is in, instead of from rest.")
@click.option("--check", is_flag=True, help="Run the same on the emulator; the exit code is 1 if a bit differs.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep all that is needed to go on in FILE; the same command goes on from it.",
)
@click.option(
    "--checkpoint-every", type=click.IntRange(min=1), metavar="N", help="Steps from one checkpoint to the next."
)
@click.option("--live", is_flag=True, help="Draw a small raster and rates on the terminal while it runs.")
@click.option("--out", type=click.Path(path_type=Path), help="Keep the result as a .npz file, or its spikes as .csv.")
@click.option("--weights", type=click.Path(path_type=Path), help="Draw how the weights changed to a picture.")
@click.option("--raster", type=click.Path(path_type=Path), help="Draw the spikes to a picture (.png, .pdf, .svg).")
@output.json_option
def run(
    chosen: DeviceChoice, file: Path | None, membranes: str | None, keep_state: bool, check: bool,
    live: bool, checkpoint: Path | None, checkpoint_every: int | None, out: Path | None, weights: Path | None,
    raster: Path | None, as_json: bool, **stimulus: Any,
) -> None:  # fmt: skip
    """Run a network on the chip at DEVICE.

    FILE is loaded first; without it the chip runs the network that it holds. A snapshot goes on where it was taken.

    \b
    Examples:
      neurocorex run emulator digits.npz --poisson 0.1 --raster raster.png
      neurocorex run /dev/ttyUSB1 --steps 1000 --spikes input.csv --membranes 0-9 --out result.npz
      neurocorex run emulator lesson.npz --spikes input.csv --teacher labels.csv --weights weights.png
      neurocorex run rtl digits.npz --poisson 0.1 --trace digits.fst --from 10 --to 12
      neurocorex run usb:210319B57D2A lesson.npz --spikes long.npz --checkpoint long.ckpt --checkpoint-every 10000
    """
    from ..errors import InputError

    if stimulus["poisson"] is not None and stimulus["spikes"] is not None:
        raise InputError("give --poisson or --spikes, not both")
    if live and not sys.stderr.isatty():
        raise InputError("--live draws on the terminal, but standard error is redirected; leave out one of the two")
    if check and (keep_state or file is None):
        raise InputError("--check needs FILE and a start from rest, so that both begin the same")
    if check and checkpoint is not None:
        raise InputError("--check compares all that the chip has counted, which is not kept; leave out --checkpoint")
    with chosen.open() as chip:
        report = chip.load(file) if file is not None else None
        if not keep_state and not (report is not None and report.is_snapshot):
            chip.clear(state=True)
        chip.clear(state=False, counters=True)
        given, frozen = _stimulus(chip, **stimulus)
        watched = index_list(membranes, chip.config.neurons)
        # Without anything that shows single spikes only their numbers are kept, however many there are.
        kept = "counts" if out is None and raster is None and not (check or checkpoint) else "spikes"
        work: dict[str, Any] = {"record": {kept: True, "v": watched}, **frozen}
        if weights is not None:
            work["snapshot_every"] = max(given.steps // SNAPSHOTS, 1)
        options = {"checkpoint": checkpoint, "checkpoint_every": checkpoint_every}
        at_once = checkpoint is not None or checkpoint_every is not None
        started = time.perf_counter()
        with _shown(chip, given, live, quiet=as_json) as shown, _told():
            result = _ran(chip, {**given.work(at_once=at_once), **work, **(options if at_once else {}), **shown})
        values = _values(chosen.name, chip, result, time.perf_counter() - started)
        ended = result.stopped_at is not None
        compared = check and file is not None and not ended
        found = _compare(chip, file, {**given.work(at_once=False), **work}, result) if compared and file else None
        values |= verdict.values(found)
    if out is not None:
        result.save(out)
    if weights is not None:
        drawn = result.plot_weights()
        output.picture(weights, drawn)
    if raster is not None:
        figure = result.raster()
        output.picture(raster, figure)
    values |= {"out": out, "raster": raster, "weights": weights, "trace": chosen.trace and chosen.trace.path}
    verdict.emit(as_json, values, lambda: _text(values, result, found), found)
    if ended:
        if not as_json:
            click.echo("neurocorex: interrupted", err=True)
        raise SystemExit(INTERRUPTED)


def _ran(chip: Device, work: dict[str, Any]) -> Result:
    """Run; after Ctrl-C return what had come by then, if there is any."""
    try:
        return chip.run(**work)
    except KeyboardInterrupt as error:
        part = chip.interrupted
        if part is None or part.stopped_at is None:
            raise
        for note in getattr(error, "__notes__", ()):
            click.echo(note, err=True)
        return part


@contextmanager
def _shown(chip: Device, given: Stimulus, live: bool, *, quiet: bool) -> Iterator[dict[str, Any]]:
    """Show how a run goes on: by a bar, or live; yields what `Device.run` needs for it."""
    if not live:
        with output.progress_bar("running", quiet=quiet) as progress:
            yield {"progress": progress}
        return
    from ..scope.terminal import TerminalScope, drawing

    scope = TerminalScope(chip.neurons, given.rows, chip.dt_ms)
    with drawing(scope):
        yield {"watch": scope.watch}


@contextmanager
def _told() -> Iterator[None]:
    """Show on standard error where a run goes on from, and what a checkpoint has of one that was ended."""
    handler = logging.Handler(logging.INFO)
    handler.addFilter(lambda record: record.levelno == logging.INFO)  # warnings are told by `warnings`, too
    handler.emit = lambda record: click.echo(record.getMessage(), err=True)  # type: ignore[method-assign]
    logger = logging.getLogger("neurocorex")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    except BaseException as error:
        for note in getattr(error, "__notes__", ()):
            click.echo(note, err=True)
        raise
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _stimulus(chip: Device, *, freeze: bool, **options: Any) -> tuple[Stimulus, dict[str, Any]]:
    """Return the stimulus, and the options of `Device.run` that freeze the weights of a chip that learns."""
    return Stimulus.of(chip, **options), {"learning": False} if freeze and chip.config.learning else {}


def _values(name: str, chip: Device, result: Result, seconds: float) -> dict[str, Any]:
    counters = result.counters  # those of the chip lack what ran before a checkpoint
    part: dict[str, Any] = {}
    if result.stopped_at is not None:
        counters = {"steps": result.stopped_at, "spikes": int(result.counts.sum())}
        part["stopped_at"] = result.stopped_at
        part["error"] = {"code": "interrupted", "message": "interrupted", "steps": result.stopped_at}
    return {
        "device": name,
        "config": chip.config.to_dict(),
        "neurons": chip.config.neurons,
        "inputs": chip.config.inputs,
        "steps": counters["steps"],
        "seconds": round(seconds, 3),
        "spikes": counters["spikes"],
        "counts": result.counts,
        **({} if part else output.cycles(counters)),
        "counters": result.counters,
        "link": result.link and result.link.to_dict(),
        **part,
    }


def _compare(chip: Device, file: Path, work: dict[str, Any], result: Result) -> list[str]:
    """Run the same on the emulator; return what differs."""
    from ..check.compare import differences
    from ..device.open import EMULATOR, open_device

    with open_device(EMULATOR.name, config=chip.config) as reference:
        reference.load(file)
        reference.clear(state=False, counters=True)
        expected = reference.run(**work)
        return [str(each) for each in differences(chip, result, reference, expected)]


def _text(values: dict[str, Any], result: Result, found: list[str] | None) -> str:
    rows: list[tuple[str, object]] = [(name, values[name]) for name in _SHOWN if values.get(name) is not None]
    busiest = (-result.counts).argsort(kind="stable")[:5]
    if result.link is not None:
        rows.append(("link", str(result.link)))
    rows.append(("most active", ", ".join(f"{j} ({result.counts[j]})" for j in busiest if result.counts[j]) or "none"))
    return "\n".join([output.table(rows), *(found or [])])


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
        raise InputError(f"index {max(found)} is beyond the last one, {limit - 1}")
    return sorted(set(found))
