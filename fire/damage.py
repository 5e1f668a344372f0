"""Campaign of damage: a line that loses, doubles and changes one part in a hundred, against a clean one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import zip_longest

from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.commands import CommandUnit
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.wire.faulty import FaultRates, Faults, FaultyTransport
from neurocorex.wire.process import ProcessTransport
from neurocorex.wire.transport import Transport

from .actor import Actor
from .campaign import Case, Work
from .networks import LEARNING, simulated_chip
from .servers import ROOT, surroundings

#: One per cent of damage: of the frames of either direction, or, every other seed, of their bytes, which damages
#: about half of the frames.
FRAMES, BYTES = {"loss": 0.0025, "duplicate": 0.0025, "corrupt": 0.0025, "insert": 0.0025}, {"noise": 0.01}
CALLS, SIMULATED_CALLS = 10_000, 500


@contextmanager
def jobs_counted() -> Iterator[list[int]]:
    """Count the commands that emulated chips carry out."""
    count, execute = [0], CommandUnit.execute

    def counted(self: CommandUnit, job: object) -> object:
        count[0] += 1
        return execute(self, job)  # type: ignore[arg-type]

    CommandUnit.execute = counted  # type: ignore[assignment,method-assign]
    try:
        yield count
    finally:
        CommandUnit.execute = execute  # type: ignore[method-assign]


def _compared(work: Work, calls: int, number: int, opened: Callable[[], Transport], timeout_s: float) -> None:
    """Make the same calls over a damaged line and over a clean one to an emulator; note the first that differs."""
    config = LEARNING[1 + number % 2]
    rates = FaultRates(**(BYTES if number % 2 else FRAMES), seed=work.seed + number)
    faults = Faults(rates, keeps=True)
    line = FaultyTransport(faults, opened, None, opened())
    with (
        Device(WiredChip(line, timeout_s=timeout_s)) as damaged,
        Device(WiredChip(VirtualTransport(config), timeout_s=timeout_s)) as clean,
        jobs_counted() as jobs,
    ):
        done: list[list[object]] = []
        carried_out: list[int] = []
        for device in (damaged, clean):
            before = jobs[0]
            done.append([*Actor(device, config, number).calls(calls)])
            carried_out.append(jobs[0] - before)
    pairs = zip_longest(*done)
    wrong = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
    if wrong is not None:
        work.fail(f"call {wrong} ({done[1][wrong][0]}) differs from that over a clean line", number)
    if 0 not in carried_out:  # those of the simulated chip are not counted
        work.expect(carried_out[0] == carried_out[1], f"{carried_out} commands were carried out", number)
    work.notes[:] = [f"{calls:,} calls and {calls * 10:,} steps each, {sum(faults.made.values()):,} faults in the last"]


def emulator(work: Work) -> None:
    """Over a line without a clock, so that a lost frame costs no time."""
    for number in work.tries():
        config = LEARNING[1 + number % 2]
        calls = CALLS // 20 if work.sample else CALLS
        _compared(work, calls, number, lambda config=config: VirtualTransport(config), 0.5)


def simulated(work: Work) -> None:
    """Make the same calls on the chip's own logic; slower, so there is less of it."""
    for number in work.tries():
        program = simulated_chip(LEARNING[1 + number % 2])
        calls = SIMULATED_CALLS // 10 if work.sample else SIMULATED_CALLS
        _compared(work, calls, number, lambda program=program: ProcessTransport([program]), 0.1)


def throughput(work: Work) -> None:
    """Measure it, if the computer is quiet enough for that: a benchmark says what is missed."""
    for number in work.tries():
        words = [sys.executable, str(ROOT / "benchmarks" / "damage.py")]
        done = subprocess.run(words, capture_output=True, text=True, env=surroundings())
        work.expect(not done.returncode, f"benchmarks/damage.py: {done.stdout}{done.stderr}", number)
        work.notes[:] = [" | ".join(line.strip("| ") for line in done.stdout.splitlines()[-2:])]


CASES = [
    Case(
        "damage.emulator",
        "10,000 calls and 100,000 steps at 1 % damage, learning on: nothing lost, doubled or different",
        "seeds", 20, 2, emulator, seconds=620, limit_s=2400,
    ),
    Case(
        "damage.simulated",
        "500 calls and 5,000 steps on the simulated chip at 1 % damage: as on the emulator over a clean line",
        "seeds", 4, 1, simulated, seconds=30,
    ),
    Case(
        "damage.throughput", "throughput at 0.1 % damage is at least 95 % of that of a clean line",
        "measurements", 1, 0, throughput, seconds=50, alone=True,
    ),
]  # fmt: skip
