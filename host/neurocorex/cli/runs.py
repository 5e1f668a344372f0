"""The command that runs a network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import common, verdict

if TYPE_CHECKING:
    import numpy as np

    from ..device.device import Device
    from ..device.result import Result

#: About how often weights are looked at to draw them.
SNAPSHOTS = 50


@click.command()
@click.argument("device")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--steps", type=click.IntRange(min=1), help="How many; default 100, or as many as --spikes has.")
@click.option("--poisson", type=float, metavar="P", help="Drive every input with random spikes, probability P a step.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of --poisson.")
@click.option(
    "--spikes", type=click.Path(path_type=Path), help="Input spikes: .csv of `step,axon`, or .npz of `spikes`."
)
@click.option("--teacher", type=click.Path(path_type=Path), help="Spikes that neurons are forced to, as --spikes.")
@click.option("--freeze", is_flag=True, help="Weights of a network that learns stay as they are.")
@click.option("--membranes", metavar="LIST", help="Record the membranes of these neurons, as in 0,3,8-11.")
@click.option("--keep-state", is_flag=True, help="Go on from the state that the chip is in, instead of from rest.")
@click.option(
    "--check",
    is_flag=True,
    help="Run the same on the emulator and compare; the exit code is 1 if a bit differs.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Keep the result as a .npz file.")
@click.option("--weights", type=click.Path(path_type=Path), help="Draw how the weights changed to a picture.")
@click.option("--raster", type=click.Path(path_type=Path), help="Draw the spikes to a picture (.png, .pdf, .svg).")
@common.device_options
@common.json_option
def run(
    device: str,
    file: Path | None,
    steps: int | None,
    poisson: float | None,
    seed: int,
    spikes: Path | None,
    teacher: Path | None,
    freeze: bool,
    membranes: str | None,
    keep_state: bool,
    check: bool,
    out: Path | None,
    weights: Path | None,
    raster: Path | None,
    config: Path | None,
    baud: int | None,
    as_json: bool,
) -> None:
    """Run a network on the chip at DEVICE.

    FILE is loaded first; without it the chip runs what it holds. A snapshot goes on where it was taken.

    \b
    Examples:
      neurocorex run emulator digits.npz --poisson 0.1 --raster raster.png
      neurocorex run /dev/ttyUSB1 --steps 1000 --spikes input.csv --membranes 0-9 --out result.npz
      neurocorex run emulator lesson.npz --spikes input.csv --teacher labels.csv --weights weights.png
    """
    import numpy as np

    from .. import encode
    from ..errors import InputError

    if poisson is not None and spikes is not None:
        raise InputError("give --poisson or --spikes, not both")
    if check and (keep_state or file is None):
        raise InputError("--check needs FILE and a start from rest, so that both begin the same")
    with common.opened(device, config, baud, quiet=as_json) as chip:
        report = chip.load(file) if file is not None else None
        if not keep_state and not (report is not None and report.is_snapshot):
            chip.clear(state=True)
        chip.clear(state=False, counters=True)
        stimulus = _stimulus(chip.config.inputs, steps, poisson, seed, spikes)
        work: dict[str, Any] = {
            "spikes": stimulus,
            "record": {"spikes": True, "v": common.index_list(membranes, chip.config.neurons)},
            "snapshot_every": max(len(stimulus) // SNAPSHOTS, 1) if weights is not None else None,
        }
        if teacher is not None:
            work["teacher"] = encode.from_file(teacher, inputs=chip.config.neurons, steps=len(stimulus))
        if freeze and chip.config.learning:
            work["learning"] = False
        started = time.perf_counter()
        with common.progress_bar("running", quiet=as_json) as progress:
            result = chip.run(**work, progress=progress)
        seconds = time.perf_counter() - started
        values = _values(device, chip, result, seconds)
        found = _check(chip, file, work, result) if check and file is not None else None
        values |= verdict.values(found)
    if out is not None:
        result.save(out)
    if weights is not None:
        drawn = result.plot_weights()
        common.write(weights, lambda: drawn.savefig(weights))
    if raster is not None:
        figure = result.raster()
        common.write(raster, lambda: figure.savefig(raster))
    values |= {"out": out, "raster": raster, "weights": weights}

    def text() -> str:
        shown = (
            "device",
            "neurons",
            "inputs",
            "steps",
            "seconds",
            "spikes",
            "cycles_per_step",
            "identical",
            "out",
            "raster",
            "weights",
        )
        rows: list[tuple[str, object]] = [(name, values[name]) for name in shown if values.get(name) is not None]
        busiest = np.argsort(-result.counts, kind="stable")[:5]
        rows.append(
            ("most active", ", ".join(f"{j} ({result.counts[j]})" for j in busiest if result.counts[j]) or "none")
        )
        return "\n".join([common.table(rows), *(found or [])])

    verdict.emit(as_json, values, text, found)


def _values(device: str, chip: Device, result: Result, seconds: float) -> dict[str, Any]:
    counters = chip.counters()
    return {
        "device": device,
        "config": chip.config.to_dict(),
        "neurons": chip.config.neurons,
        "inputs": chip.config.inputs,
        "steps": counters["steps"],
        "seconds": round(seconds, 3),
        "spikes": counters["spikes"],
        "counts": result.counts,
        **common.cycles(counters),
        "counters": counters,
    }


def _check(chip: Device, file: Path, work: dict[str, Any], result: Result) -> list[str]:
    from ..check.compare import differences
    from ..device.open import open_device

    with open_device("emulator", config=chip.config) as reference:
        reference.load(file)
        reference.clear(state=False, counters=True)
        expected = reference.run(**work)
        return [str(each) for each in differences(chip, result, reference, expected)]


def _stimulus(inputs: int, steps: int | None, poisson: float | None, seed: int, path: Path | None) -> np.ndarray:
    import numpy as np

    from .. import encode

    if path is not None:
        return encode.from_file(path, inputs=inputs, steps=steps)
    if poisson is not None:
        return encode.poisson(np.full(inputs, poisson), steps=steps or 100, seed=seed)
    return np.zeros((steps or 100, inputs), dtype=bool)
