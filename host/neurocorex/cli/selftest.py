"""The command that compares a chip with the emulator."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import common

if TYPE_CHECKING:
    from ..check.selftest import Outcome


@click.command()
@click.argument("device")
@click.option("-n", "--networks", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.option("--steps", type=click.IntRange(min=1), default=40, show_default=True, help="Of each network.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of networks and stimuli.")
@click.option("--replay", type=click.Path(path_type=Path), help="Run the trial in this file instead.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="here",
    help="Folder for the files of networks that differ.",
)
@common.device_options
@common.json_option
def selftest(
    device: str,
    networks: int,
    steps: int,
    seed: int,
    replay: Path | None,
    out: Path,
    config: Path | None,
    baud: int | None,
    as_json: bool,
) -> None:
    """Compare the chip at DEVICE with the emulator, bit by bit.

    Both run the same random networks: dynamics, delays, learning with all its roundings and bounds, forced spikes,
    changes between steps: whatever the chip is built for, from random states. `rtl` and `emulator` without --config
    take three geometries in turn, without learning and with both engines. What the chip held is lost. The exit code is
    1 if anything differs; then the first bit that does is searched for (step, region, neuron, what is there and should
    be), and the network is kept as a file with its state, stimulus and seed, for --replay.

    \b
    Examples:
      neurocorex selftest rtl --networks 20
      neurocorex selftest /dev/ttyUSB1 --seed 7 --json
      neurocorex selftest rtl --replay selftest-0-3.npz
    """
    started = time.perf_counter()
    if replay is not None:
        outcomes = [_replayed(device, replay, baud, quiet=as_json)]
    else:
        outcomes = _tested(device, networks, steps, seed, config, baud, quiet=as_json)
    found: list[dict[str, Any]] = []
    for outcome in outcomes:
        if outcome.differences:
            path = replay or out / f"selftest-{seed}-{outcome.number}.npz"
            if replay is None:
                outcome.trial.save(path)
            found.append({
                "network": outcome.number,
                "replay": path,
                "first": _first(outcome),
                "differences": [str(difference) for difference in outcome.differences],
            })  # fmt: skip
    configs = list(dict.fromkeys(outcome.trial.image.config.to_json() for outcome in outcomes))
    geometries = [next(o.trial.image.config for o in outcomes if o.trial.image.config.to_json() == c) for c in configs]
    values: dict[str, Any] = {
        "device": device,
        "networks": len(outcomes),
        "steps": sum(outcome.trial.stimulus.steps for outcome in outcomes),
        "identical": not found,
        "differences": found,
        "seconds": round(time.perf_counter() - started, 3),
        "config": geometries[0].to_dict() if len(geometries) == 1 else [each.to_dict() for each in geometries],
    }

    def text() -> str:
        work = f"{len(outcomes)} networks, {values['steps']} steps, {len(geometries)} geometries"
        lines = [f"{work}, {values['seconds']:.1f} s: {f'{len(found)} differ' if found else 'every bit is equal'}"]
        for each in found:
            began = each["first"]["message"] if each["first"] else "it did not happen again in a second run"
            lines += [f"network {each['network']}, kept in {each['replay']}: {began}", "  after the whole run:"]
            lines += [f"    {difference}" for difference in each["differences"]]
        return "\n".join(lines)

    common.emit(as_json, values, text)
    if found:
        raise SystemExit(1)


def _first(outcome: Outcome) -> dict[str, Any] | None:
    """Return where it began, for JSON."""
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


def _tested(
    device: str, networks: int, steps: int, seed: int, config: Path | None, baud: int | None, *, quiet: bool
) -> list[Outcome]:
    """Run all networks, with progress."""
    from ..check.selftest import run
    from ..check.trial import GEOMETRIES
    from ..device.open import Target

    fixed = common.read_config(config)
    geometries = GEOMETRIES if Target.of(device).takes_geometry and fixed is None else (fixed,)
    outcomes: list[Outcome] = []
    with common.progress_bar("testing", quiet=quiet) as progress:
        for outcome in run(
            lambda geometry: common.opened(device, geometry, baud, quiet=quiet), geometries, networks=networks,
            seed=seed, steps=steps,
        ):  # fmt: skip
            outcomes.append(outcome)
            if progress is not None:
                progress(len(outcomes), networks)
    return outcomes


def _replayed(device: str, path: Path, baud: int | None, *, quiet: bool) -> Outcome:
    """Run the trial in a file."""
    from ..check.selftest import Outcome
    from ..check.trial import Trial
    from ..device.open import Target

    trial = Trial.load(path)
    geometry = trial.image.config if Target.of(device).takes_geometry else None
    with common.opened(device, geometry, baud, quiet=quiet) as chip:
        return Outcome.of(chip, trial)
