"""Commands that measure speed: the emulator in steps a second, a chip in clock cycles a step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from . import choice, output
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..check.pacing import Pace
    from ..spec import CoreConfig


@click.group()
def bench() -> None:
    """Measure the speed of the emulator, or of a chip."""


@bench.command()
@click.option("-n", "--neurons", type=int, multiple=True, help="Only these sizes: 100, 256, 1024, 4096.")
@click.option("--static/--stdp", "static", default=None, help="Only networks that do not learn, or that do.")
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of each network.")
@output.json_option
def emulator(neurons: tuple[int, ...], static: bool | None, repetitions: int, as_json: bool) -> None:
    """Run all-to-all networks on the emulator, static and with STDP on every synapse, on one thread.

    Figures are medians of processor time, without the time to load a network, which is shown separately. `make bench`
    compares with other simulators.

    \b
    Examples:
      neurocorex bench emulator
      neurocorex bench emulator -n 100 -n 256 --json
    """
    from ..check import measuring
    from ..check.workload import SIZES, Workload

    sizes = neurons or tuple(SIZES)
    modes = (False, True) if static is None else (not static,)
    workloads = [Workload(size, learns) for size in sizes for learns in modes]
    with output.progress_bar("running", quiet=as_json) as progress:
        total = len(workloads) * repetitions
        speeds = measuring.measure(
            workloads, repetitions=repetitions,
            progress=None if progress is None else lambda done: progress(done, total),
        )  # fmt: skip
    rows = [
        {
            "network": speed.workload.name, "neurons": speed.workload.neurons,
            "mode": "stdp" if speed.workload.learns else "static", "steps": speed.steps,
            "steps_per_second": round(speed.steps_per_second), "rate_hz": round(speed.rate_hz, 2),
            "load_seconds": round(speed.load_seconds, 4),
        }
        for speed in speeds
    ]  # fmt: skip
    values = {
        "date": date.today().isoformat(),
        "machine": measuring.machine(),
        "repetitions": repetitions,
        "steps_per_second": {row["network"]: row["steps_per_second"] for row in rows},
        "networks": rows,
    }

    def text() -> str:
        lines = [f"{'network':<12} {'steps/s':>10} {'us/step':>9} {'rate, Hz':>9} {'loaded in, s':>13}"]
        for speed in speeds:
            lines.append(
                f"{speed.workload.name:<12} {speed.steps_per_second:>10,.0f} {1e6 / speed.steps_per_second:>9.2f} "
                f"{speed.rate_hz:>9.2f} {speed.load_seconds:>13.3f}"
            )
        return "\n".join([*lines, "", f"{values['date']}, {values['machine']}"])

    output.emit(as_json, values, text)


@bench.command()
@choice.device(default="rtl", config=False, baud=False)
@click.option("-n", "--neurons", type=int, default=256, show_default=True, help="Neurons of `rtl` or `emulator`.")
@click.option("-m", "--inputs", type=int, default=64, show_default=True, help="Inputs of `rtl` or `emulator`.")
@click.option("-l", "--lanes", type=int, default=16, show_default=True, help="Lanes of `rtl` or `emulator`.")
@click.option("--static/--stdp", "static", default=None, help="Only a chip that does not learn, or one that does.")
@click.option(
    "-a",
    "--activity",
    "activities",
    type=click.FloatRange(0, 1),
    multiple=True,
    help="Only these shares of inputs and neurons that fire in each step.",
)
@click.option("--steps", type=click.IntRange(min=1), default=20, show_default=True, help="Steps of each run.")
@output.json_option
def chip(
    chosen: DeviceChoice, neurons: int, inputs: int, lanes: int, static: bool | None, activities: tuple[float, ...],
    steps: int, as_json: bool,
) -> None:  # fmt: skip
    """Count the clock cycles of a step on a chip, by the share of its inputs and neurons that fire.

    Shown beside them: the cycles by the formula (they are equal), and the roofline, the fewest cycles that the memories
    of the chip allow. `rtl` and `emulator` are measured without learning and with learning on every synapse; a board
    is measured as it is.

    \b
    Examples:
      neurocorex bench chip
      neurocorex bench chip -n 96 --static --json
      neurocorex bench chip --device /dev/ttyUSB1
    """
    from ..check import measuring, pacing
    from ..errors import InputError
    from ..spec import CoreConfig, Learning

    try:
        base = CoreConfig(neurons=neurons, inputs=inputs, lanes=lanes)
    except ValueError as error:
        raise InputError(str(error)) from error
    kinds = [Learning.NONE, Learning.EXPONENTIAL] if static is None else [Learning(not static)]
    configs = [replace(base, learning=kind) for kind in kinds] if chosen.target.takes_geometry else [None]
    shares = activities or pacing.ACTIVITIES
    measured: list[tuple[CoreConfig, list[Pace]]] = []
    for config in configs:
        with chosen.open(config) as opened, output.progress_bar("running", quiet=as_json) as told:
            measured.append((opened.config, pacing.measure(opened, shares, steps=steps, progress=told)))
    values = {
        "date": date.today().isoformat(),
        "machine": measuring.machine(),
        "device": chosen.name,
        "steps": steps,
        **_by_activity(measured, shares),
    }

    def text() -> str:
        tables = "\n\n".join(_pace_table(config, shares, paces) for config, paces in measured)
        return f"{tables}\n\n{values['date']}, {chosen.name}, {steps} steps each"

    output.emit(as_json, values, text)


def _mode(config: CoreConfig) -> str:
    return "stdp" if config.learning else "static"


def _pace_table(config: CoreConfig, activities: tuple[float, ...], paces: list[Pace]) -> str:
    """Table of one chip: clock cycles per step, a line for each activity."""
    size = f"N = {config.neurons}, M = {config.inputs}, L = {config.lanes}, W = {config.weight_bits}"
    rows = [pace.to_dict() for pace in paces]
    heads = "".join(f"{name:>10}" for name in ("activity", *rows[0]))
    lines = [
        f"{activity:>10.0%}"
        + "".join(f"{value:>10.1%}" if name == "share" else f"{value:>10.1f}" for name, value in row.items())
        for activity, row in zip(activities, rows, strict=True)
    ]
    return "\n".join([f"{size}, {_mode(config)}", heads, *lines])


def _by_activity(measured: list[tuple[CoreConfig, list[Pace]]], activities: tuple[float, ...]) -> dict[str, Any]:
    """Figures for JSON, by activity and mode, and by chip."""
    cells = {
        f"{activity:g} {_mode(config)}": pace.to_dict()
        for config, paces in measured
        for activity, pace in zip(activities, paces, strict=True)
    }
    names = {"cycles_per_step": "cycles", "formula": "formula", "roofline": "roofline", "share_of_roofline": "share"}
    return {
        **{name: {key: round(cell[item], 4) for key, cell in cells.items()} for name, item in names.items()},
        "chips": [
            {
                "config": config.to_dict(),
                "rows": [
                    {"activity": activity} | pace.to_dict() for activity, pace in zip(activities, paces, strict=True)
                ],
            }
            for config, paces in measured
        ],
    }
