"""Command that compares a chip with the emulator: random networks, bit by bit, and the replay of one that differed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import choice, output
from .choice import DeviceChoice

if TYPE_CHECKING:
    from ..check.selftest import Outcome


@click.command()
@choice.device(trace=True)
@click.option("-n", "--networks", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.option("--steps", type=click.IntRange(min=1), default=40, show_default=True, help="Steps of each network.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of networks and stimuli.")
@click.option("--replay", type=click.Path(path_type=Path), help="Run the network in this file instead.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="here",
    help="Folder for the files of networks that differ.",
)
@output.json_option
def selftest(
    chosen: DeviceChoice, networks: int, steps: int, seed: int, replay: Path | None, out: Path, as_json: bool
) -> None:
    """Compare the chip at DEVICE with the emulator, bit by bit.

    Both run the same random networks, from random states: dynamics, delays, learning with all its roundings and bounds,
    forced spikes, changes between steps, as far as the chip is built for them. `rtl` and `emulator` without --config
    take three geometries in turn, without learning and with both engines. What the chip held is lost.

    The exit code is 1 if anything differs. Then the first difference is searched for (step, region, neuron, value and
    expected value), and network, state, stimulus and seed are kept in a file for --replay. With `rtl` a replay can
    write the waveform of the steps around it.

    \b
    Examples:
      neurocorex selftest rtl --networks 20
      neurocorex selftest /dev/ttyUSB1 --seed 7 --json
      neurocorex selftest rtl --replay selftest-0-3.npz
      neurocorex selftest rtl --replay selftest-0-3.npz --trace 3.fst --from 11 --to 12
    """
    from ..errors import InputError

    if chosen.trace is not None and replay is None:
        raise InputError("--trace needs the network of one file: --replay FILE")
    started = time.perf_counter()
    outcomes = [_replayed(chosen, replay)] if replay else _tested(chosen, networks, steps, seed)
    found = []
    for outcome in outcomes:
        if outcome.differences:
            path = replay or out / f"selftest-{seed}-{outcome.number}.npz"
            if replay is None:
                outcome.trial.save(path)
            found.append(_difference(outcome, path))
    geometries = {config.to_json(): config for config in (outcome.trial.image.config for outcome in outcomes)}
    configs = [config.to_dict() for config in geometries.values()]
    values: dict[str, Any] = {
        "device": chosen.name,
        "networks": len(outcomes),
        "steps": sum(outcome.trial.stimulus.steps for outcome in outcomes),
        "identical": not found,
        "differences": found,
        "seconds": round(time.perf_counter() - started, 3),
        "config": configs[0] if len(configs) == 1 else configs,
    }

    def text() -> str:
        work = f"{len(outcomes)} networks, {values['steps']} steps, {len(configs)} geometries"
        lines = [f"{work}, {values['seconds']:.1f} s: {f'{len(found)} differ' if found else 'every bit is equal'}"]
        for each in found:
            began = each["first"]["message"] if each["first"] else "nothing differed in a second run"
            lines += [f"network {each['network']}, kept in {each['replay']}: {began}", "  after the whole run:"]
            lines += [f"    {difference}" for difference in each["differences"]]
        return "\n".join(lines)

    output.emit(as_json, values, text)
    if found:
        raise SystemExit(1)


def _difference(outcome: Outcome, path: Path) -> dict[str, Any]:
    """Return what differs, for JSON."""
    return {
        "network": outcome.number,
        "replay": path,
        "first": _first(outcome),
        "differences": [str(difference) for difference in outcome.differences],
    }


def _first(outcome: Outcome) -> dict[str, Any] | None:
    """Return the first difference, for JSON."""
    if outcome.first is None:
        return None
    difference = outcome.first.difference
    return {
        "message": str(outcome.first),
        "steps": outcome.first.steps,
        "quantity": difference.quantity,
        "place": difference.place,
        "bit": difference.bit,
        "got": difference.got,
        "expected": difference.expected,
    }


def _tested(chosen: DeviceChoice, networks: int, steps: int, seed: int) -> list[Outcome]:
    """Run all networks, with progress."""
    from ..check.selftest import run
    from ..check.trial import GEOMETRIES

    fixed = chosen.geometry()
    geometries = GEOMETRIES if chosen.target.takes_geometry and fixed is None else (fixed,)
    outcomes: list[Outcome] = []
    with output.progress_bar("testing", quiet=chosen.quiet) as progress:
        for outcome in run(chosen.open, geometries, networks=networks, seed=seed, steps=steps):
            outcomes.append(outcome)
            if progress is not None:
                progress(len(outcomes), networks)
    return outcomes


def _replayed(chosen: DeviceChoice, path: Path) -> Outcome:
    """Run the network in a file."""
    from ..check.selftest import Outcome
    from ..check.trial import Trial
    from ..errors import InputError

    trial = Trial.load(path)
    end = trial.stimulus.steps - 1
    if chosen.trace is not None:
        if chosen.trace.first > end:
            raise InputError(f"--from {chosen.trace.first} is beyond the last step of {path}, {end}")
        # A search for the first difference runs it again and again; the waveform is that of the first run.
        last = end if chosen.trace.last is None else min(chosen.trace.last, end)
        chosen = chosen._replace(trace=replace(chosen.trace, last=last))
    with chosen.open(trial.image.config if chosen.target.takes_geometry else None) as chip:
        return Outcome.of(chip, trial)
