"""The commands that measure speeds."""

from __future__ import annotations

from datetime import date

import click

from . import common


@click.group()
def bench() -> None:
    """Measure how fast this machine is."""


@bench.command()
@click.option(
    "-n",
    "--neurons",
    type=int,
    multiple=True,
    help="Only these sizes: 100, 256, 1024, 4096.",
)
@click.option("--static/--stdp", "static", default=None, help="Only networks that do not learn, or that do.")
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of each network.")
@common.json_option
def emulator(neurons: tuple[int, ...], static: bool | None, repetitions: int, as_json: bool) -> None:
    """Run all-to-all networks on the emulator, static and with STDP on every synapse, on one thread.

    Times are those of the processor, medians; what it takes to load a network stands apart. `make bench` compares
    with other simulators.

    \b
    Examples:
      neurocorex bench emulator
      neurocorex bench emulator -n 100 -n 256 --json
    """
    from .. import measuring
    from ..workload import SIZES, Workload

    sizes = neurons or tuple(SIZES)
    modes = (False, True) if static is None else (not static,)
    workloads = [Workload(size, learns) for size in sizes for learns in modes]
    with common.progress_bar("running", quiet=as_json) as progress:
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

    common.emit(as_json, values, text)
