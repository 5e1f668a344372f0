"""Checkpoints of a run: all that is needed to go on from there, in another process or on another chip."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, InputError
from ..events.arrays import Ints
from ..events.delayline import Waiting
from ..events.stream import EventStream
from ..image import program_regions, state_regions
from ..spec import Region
from ..wire.regions import Items
from . import counters as counting
from . import identity
from .checkpointfile import Saved, load, save
from .chip import Chip, Look
from .run import Run
from .teaching import is_integer

LOGGER = logging.getLogger("neurocorex")


@dataclass(frozen=True)
class Checkpoint:
    """Where checkpoints of a run are kept, and how often they are made.

    Attributes
    ----------
    path : Path
        The file; each checkpoint replaces the one before.
    every : int
        Steps from one to the next, of all samples in a row.
    """

    path: Path
    every: int

    @classmethod
    def of(cls, path: Any, every: Any) -> Checkpoint | None:
        """Check and convert the arguments of `Device.run`; None without any. Raises InputError."""
        if path is None and every is None:
            return None
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):
            raise InputError(f"checkpoint_every needs the name of a file, got checkpoint={path!r}; such as 'run.ckpt'")
        if not is_integer(every) or every < 1:
            raise InputError(
                f"a checkpoint needs checkpoint_every, steps from 1 up, got {every!r}; such as checkpoint_every=10000"
            )
        return cls(Path(os.fsdecode(path)), int(every))

    def __str__(self) -> str:
        return f"checkpoint {self.path}"


class CheckpointedRun(Run):
    """Run that keeps checkpoints, and begins behind the steps that the file has of it.

    The chip is read on the way, in the exchange of the run, and what was read is written as soon as it is there.

    Parameters
    ----------
    checkpoint : Checkpoint
        The file.
    arguments
        See `Run`.

    Raises
    ------
    InputError
        For an argument that cannot be used, or if the file is a checkpoint of another run.
    FileFormatError
        If it is no checkpoint, or cannot be read or written.
    """

    HOLDS = True  # the file has them

    def __init__(self, checkpoint: Checkpoint, *arguments: Any, snapshot_every: int | None, **options: Any) -> None:
        super().__init__(*arguments, snapshot_every=snapshot_every, **options)
        self._checkpoint = checkpoint
        self._start, self._is_complete = 0, False
        self._earlier: dict[str, int] = {}
        self._encoded: list[tuple[bytes, Ints]] = []
        self._written: int | None = None
        config = self._contents.config
        self._kept = (*program_regions(config), *state_regions(config))
        held = self._contents.read(*self._kept)
        self._identity = self._identified(held, snapshot_every)
        if checkpoint.path.exists():
            self._go_on(load(checkpoint.path))
        else:
            self.write(0, held)
        self._points = self._planned_points()

    def perform(self, chip: Chip) -> None:
        """Have a chip run what is left of it, in one exchange."""
        if self._is_complete:
            for look in (self._before, self._after) if self._counters else ():
                look.contents.update(chip.read(Region.COUNTERS))
            return
        # In the order of steps; a checkpoint has what else is read before the same step.
        looks = sorted([*self.looks, *self._points], key=lambda look: look.step)
        ahead = [Look(max(look.step - self._start, 0), look.regions, look.contents) for look in looks]
        puts = [replace(put, step=put.step - self._start) for put in self.puts if put.step >= self._start]
        chip.run(
            self.stream.cut(self._start, self.stream.steps + 1), self.take, flags=self.flags, looks=ahead, puts=puts
        )

    def end(self, error: BaseException, chip: Chip | None) -> None:
        """Note where the chip stands, and add to the error what the file has."""
        super().end(error, chip)
        if self._written is not None:
            error.add_note(
                f"{self._checkpoint} has the first {self._written} of {self.stream.steps} steps: load the network "
                "again, and the same run goes on from there"
            )

    def write(self, step: int, held: Mapping[Region, Items]) -> None:
        """Write a checkpoint: of what the chip holds before a step, or behind the end for more steps than there are."""
        contents, steps = self._contents, self.stream.steps
        if not self._is_there(step, held):
            return
        self._encoded += [_encoded(*each) for each in self._gathering.pieces[len(self._encoded) :]]
        # What is on its way is left out: the run that goes on knows it by its stimulus.
        network = replace(contents.network, waiting=Waiting.none())
        image = identity.compact({region: held[region] for region in self._kept}, network, contents.config)
        added: dict[str, int] = {}
        if step and self._counters:
            before = self._before.contents[Region.COUNTERS]
            added = self._summed(counting.added(before, held[Region.COUNTERS], contents.config))
        done = min(step, steps)
        saved = Saved(
            self._identity, steps, done, step > steps, added, image,
            b"".join(data for data, _ in self._encoded),
            np.concatenate([np.empty((3, 0), np.int64), *(reports for _, reports in self._encoded)], axis=1),
            self._log.over_time(contents.network, done),
        )  # fmt: skip
        save(self._checkpoint.path, saved)
        self._written = done

    def _is_there(self, step: int, held: Mapping[Region, Items]) -> bool:
        """Whether the chip was read where it should be: one that is stopped still reads for later steps, too early."""
        if self.done != min(step, self.stream.steps):
            return False
        if step <= self.stream.steps:
            return True
        config, after = self._contents.config, self._changes.back(self.stream.steps) | self._changes.last
        bits = {register: (1 << register.bits(config)) - 1 for register in after}
        return all(held[Region.CONTROL][register] == value & bits[register] for register, value in after.items())

    # Details -----------------------------------------------------------------------------------

    def _identified(self, held: dict[Region, Items], snapshot_every: int | None) -> dict[str, str]:
        """Return what this run is, part by part."""
        contents, clears = self._contents, identity.cleared_at_start(self.stream)
        return {
            **identity.of_chip(held, contents.network, contents.config, clears),
            **identity.of_stimulus(self.stream, self._waiting(self.stream.steps, ended=True), self.puts),
            **identity.of_options(
                self._recording, samples=self._stimulus.samples, snapshot_every=snapshot_every, counters=self._counters
            ),
        }

    def _planned_points(self) -> list[Look]:
        """Return the checkpoints that are to come; the last one is behind all that the run does."""
        if self._is_complete:
            return []
        steps = [*range(self._checkpoint.every, self.stream.steps, self._checkpoint.every), self.stream.steps + 1]
        regions = (*self._kept, *((Region.COUNTERS,) if self._counters else ()))
        return [Look(step, regions, _Point(self, step, regions)) for step in steps if step > self._start]

    def _go_on(self, saved: Saved) -> None:
        """Put the chip, and what has been recorded, to where the file has it."""
        if others := identity.differing(self._identity, saved.identity):
            shown = ", ".join(others[:4]) + (", ..." if len(others) > 4 else "")
            raise InputError(
                f"{self._checkpoint} is of another run, which differs in {shown}; begin as that run began (load the "
                "network first), or name another file"
            )
        try:
            self._take_over(saved)
        except InputError as error:
            raise FileFormatError(f"{self._checkpoint} is corrupt: {error}; delete it, and begin anew") from None
        self._contents.put_back(saved.image)
        if saved.is_complete:
            LOGGER.info("%s has all %d steps of the run: nothing is left to run", self._checkpoint, saved.done)
        else:
            LOGGER.info("going on from step %d of %s", saved.done, self._checkpoint.path)

    def _take_over(self, saved: Saved) -> None:
        """Take over what has been recorded; raises InputError if that is not of this run."""
        if saved.done or saved.is_complete:  # the very first is written before anything is read
            self._log.go_on(saved.done, saved.weights)
            self.looks = [look for look in self.looks if look.step > saved.done or look is self._before]
        self._gathering.pieces[:] = [(saved.stream(), saved.done)]
        self._encoded = [(saved.results, saved.reports)]
        self._start = self._written = saved.done
        self._is_complete, self._earlier = saved.is_complete, saved.counters
        own = self._contents.geometry
        if saved.weights.items.shape[1:] != (own.axons, own.neurons):
            raise InputError(f"weights of shape {saved.weights.items.shape}")
        self.partial()  # raises if the results are not those of this run
        self.flags = self._flags

    def _added(self) -> dict[str, int]:
        return self._summed(super()._added())

    def _summed(self, added: dict[str, int]) -> dict[str, int]:
        """Add what the steps before have added to the counters."""
        return {name: count + self._earlier.get(name, 0) for name, count in added.items()}


def _encoded(piece: EventStream, end: int) -> tuple[bytes, Ints]:
    """Return the bytes of results that end with so many steps of the run, and their reports with steps of the run."""
    start = end - piece.steps
    reports = np.stack([piece.change_step + start, piece.change_register, piece.change_value])
    empty = np.empty(0, np.int64)
    return EventStream.made(piece.steps, *piece.columns[:6], empty, empty, empty).encode(interleave=True), reports


class _Point(dict[Region, Items]):
    """Contents of a look that become a checkpoint as soon as all of them are there, and are forgotten then."""

    def __init__(self, run: CheckpointedRun, step: int, regions: tuple[Region, ...]) -> None:
        super().__init__()
        self._run, self._step, self._regions = run, step, set(regions)

    def __setitem__(self, region: Region, items: Items) -> None:
        super().__setitem__(region, items)
        if self.keys() >= self._regions:
            self._run.write(self._step, self)
            self.clear()

    def update(self, contents: Mapping[Region, Items]) -> None:  # type: ignore[override]
        for region, items in contents.items():
            self[region] = items
