"""Runner of a core: hands the memories and a stimulus to the kernel, in parts side by side where samples allow it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Event
from typing import NamedTuple

import numpy as np

from ..events.arrays import Ints
from ..events.stream import EventStream
from ..spec import Control, Flag, Region
from . import machine_code, parallel
from .generator import advanced
from .kernel.arguments import Core, Feedback, Learner, Output, RuleRows, Scratch, Sizes, Stimulus
from .kernel.block import words
from .kernel.constants import COLUMNS, TALLIES
from .memory import Memory
from .tables import tables_of

#: Spikes that one call of the kernel returns at most; it is called again until the stimulus is done.
SPIKE_ROOM = 1 << 16
#: Updates of neurons and synapses that one call makes, or few more: a fraction of a second. Ctrl-C is heard in between.
BUDGET = 1 << 28
#: Items of a stimulus up to which it is copied, and spikes up to which room is kept from run to run.
_SMALL = 1 << 10
_NOBODY, _NO_ROWS = np.empty(0, np.int64), np.empty((0, 0), np.int64)


class Activity(NamedTuple):
    """Activity of a core in a run.

    Attributes
    ----------
    fired_step, fired_neuron : int64 array
        Every spike, by step, then by neuron.
    counts : int64 array [len(Counter)]
        Added to `RECURRENT_EVENTS`, `SATURATIONS` and the counters of learning.
    columns, rewards : int
        Columns of the matrix that were walked, and steps in which that was for a reward or a fade.
    scaled : int
        Columns that were scaled, which are not among these.
    contests : int
        Steps in which neurons excluded one another.
    """

    fired_step: Ints
    fired_neuron: Ints
    counts: Ints
    columns: int
    rewards: int
    scaled: int
    contests: int

    @classmethod
    def join(cls, parts: Sequence[Activity], starts: Sequence[int]) -> Activity:
        """One after the other, beginning at these steps."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.fired_step + start for part, start in zip(parts, starts, strict=True)]),
            np.concatenate([part.fired_neuron for part in parts]),
            np.add.reduce([part.counts for part in parts]),
            sum(part.columns for part in parts),
            sum(part.rewards for part in parts),
            sum(part.scaled for part in parts),
            sum(part.contests for part in parts),
        )


def _output_of(room: int, watched: Ints, membranes: Ints) -> Output:
    """Return room for so many spikes, and for the membranes of these neurons."""
    fired = np.empty((2, room), np.int64)
    return Output(fired[0], fired[1], watched, membranes, np.zeros(TALLIES, np.int64), np.zeros(5, np.int64))


class _BoundCode:
    """Kernel and the memories that it works on; a call runs a stimulus from `Output.position` on.

    Parameters
    ----------
    code : callable or None
        Machine code; None to run its source.
    core, learner, feedback, rule_rows, scratch
        Arrays, which stay where they are.

    Attributes
    ----------
    drift : tuple of int64 array
        Drift that is put off in all and by row, see `Scratch`; the first is zero if weights are up to date.
    small : Output
        Room for the results of short runs, whose address is known.
    """

    def __init__(
        self, code: machine_code.Code | None, core: Core, learner: Learner, feedback: Feedback, rule_rows: RuleRows,
        scratch: Scratch,
    ) -> None:  # fmt: skip
        self._code, self._core, self._scratch = code, core, scratch
        self._learner, self._feedback, self._rule_rows = learner, feedback, rule_rows
        self.drift = (scratch.total, scratch.seen)
        kept = [word for table in (core, learner, feedback, rule_rows, scratch) for word in words(table)]
        room = max(_SMALL, core.history.size)
        self.small = _output_of(room, _NOBODY, _NO_ROWS)
        self._small_words = words(self.small)
        # To make and to address arrays takes longer than a step: what stays is written into the block once.
        varies = 2 * (len(Stimulus._fields) + len(Output._fields))
        self._block = np.array([*[0] * len(Sizes._fields), *kept, *[0] * varies], np.int64)
        self._address = self._block.ctypes.data

    def __call__(self, sizes: Sizes, stimulus: Stimulus, output: Output) -> None:
        """Run until the stimulus ends, or the room for spikes or the budget is used up."""
        if self._code is not None:
            held, addressed = _addressed(stimulus)
            put = self._small_words if output is self.small else words(output)
            self._block[: len(sizes)] = sizes
            self._block[-len(addressed) - len(put) :] = addressed + put
            self._code(self._address)
            del held  # until here the code reads it
            return
        from .kernel import steps

        run_steps: Callable[..., None] = steps.run_steps
        learner = self._learner if self._learner.pre.size else None
        feedback = self._feedback if self._feedback.axons.size else None
        rule_rows = self._rule_rows if self._rule_rows.chosen.size else None
        with np.errstate(over="ignore"):  # sets of bits, of which the highest is the sign
            run_steps(sizes, self._core, learner, feedback, rule_rows, self._scratch, stimulus, output)


def _addressed(stimulus: Stimulus) -> tuple[Stimulus | Ints, list[int]]:
    """Return `words` of a stimulus, and what has to outlive their use.

    A small one is copied into one array: to ask nine arrays for their addresses takes longer than a step.
    """
    items = [column.size for column in stimulus]
    if sum(items) > _SMALL:
        return stimulus, words(stimulus)
    packed = np.concatenate(stimulus)
    address, found = packed.ctypes.data, []
    for size in items:
        found += [address, size]
        address += size * packed.itemsize
    return packed, found


class Runner:
    """Runs streams of steps on the memories of one core; stale once a parameter has been written.

    Parameters
    ----------
    memory : Memory
        Of the core; updated in place, but for a drift of weights that is put off: `settle` comes before they are read.
    """

    def __init__(self, memory: Memory) -> None:
        self._code = machine_code.load(machine_code.Kind.of(memory.config))
        self._memory, self._tables = memory, tables_of(memory)
        self._bound = self._bind()

    def run(self, stimulus: EventStream, membranes: Ints | None) -> Activity:
        """Run all steps of a stimulus that names nothing which the core lacks.

        Parameters
        ----------
        stimulus : EventStream
            All steps.
        membranes : int64 array [steps, neurons that record membranes], optional
            Filled with their membranes at the end of each step.
        """
        parts = parallel.split(stimulus, self._memory)
        if len(parts) == 1:
            return self._run(self._bound, stimulus, membranes)
        self.settle()  # the parts share the weights, and know of no drift
        starts = [start for start, _ in parts]
        jobs = [
            partial(
                self._run, bound, stimulus.cut(*part),
                None if membranes is None else membranes[slice(*part)],
            )
            for part, bound in zip(parts, self._bound_at(starts), strict=True)
        ]  # fmt: skip
        return Activity.join(parallel.run(jobs), starts)

    def settle(self) -> None:
        """Bring the weights up to date; until then the memory may lack a part of their drift, which is put off."""
        if self._bound.drift[0].any():
            self._run(self._bound, EventStream(0), None, settles=True)

    def save(self) -> list[Ints]:
        """Copy the drift that is put off."""
        return [array.copy() for array in self._bound.drift]

    def restore(self, saved: list[Ints]) -> None:
        """Put back what `save` copied, and bring the weights, which are those of that time, up to date."""
        for array, held in zip(self._bound.drift, saved, strict=True):
            array[:] = held
        self.settle()

    def _bound_at(self, starts: Sequence[int]) -> list[_BoundCode]:
        """Bind the kernel for parts that begin at these steps: the last to the memories, the others to copies."""
        control, config = self._memory[Region.CONTROL], self._memory.config
        moving = [Control.RANDOM] * bool(config.learning) + [Control.NOISE_STATE] * config.noise
        bound = []
        for start, stop in zip((0, *starts[:-1]), starts, strict=True):
            for register in moving:
                control[register] = advanced(int(control[register]), stop - start)
            bound.append(self._bound if stop == starts[-1] else self._bind(own_state=True))
        return bound

    def _bind(self, *, own_state: bool = False) -> _BoundCode:
        """Bind the kernel to the memories, or to copies of all that changes by itself where nothing learns."""
        sizes, core, learner = self._tables
        config, first = self._memory.config, self._memory[Region.FIRST]
        if own_state:
            changing = ("neurons", "history", "control", "now", "most", "most_count")
            core = core._replace(**{name: getattr(core, name).copy() for name in changing})
            learner = learner._replace(pre=learner.pre.copy(), post=learner.post.copy())
            first = first.copy()
        kind = machine_code.Kind.of(config)
        axons, room = self._memory[Region.FEEDBACK], sizes.neurons * kind.errors
        if kind.errors and not config.errors:
            axons = np.zeros(config.axons, np.uint8)
        feedback = Feedback(
            axons, np.zeros(room, np.int32), np.zeros(room, np.int64), first, np.zeros(first.size, np.int64)
        )
        rule_rows = RuleRows.of(sizes.neurons * kind.rules, config.axons * kind.rules)
        scratch = Scratch.of(sizes, learner, config.axons, groups=config.groups > 0)
        return _BoundCode(self._code, core, learner, feedback, rule_rows, scratch)

    def _run(
        self, bound: _BoundCode, stimulus: EventStream, membranes: Ints | None, stop: Event | None = None,
        *, settles: bool = False,
    ) -> Activity:  # fmt: skip
        neurons = self._memory.config.neurons
        watched, rows = _NOBODY, _NO_ROWS
        if membranes is not None:
            watched, rows = np.flatnonzero(self._memory[Region.FLAGS] & Flag.RECORD_MEMBRANE), membranes
        sizes = self._tables[0]._replace(steps=stimulus.steps, budget=BUDGET, settles=settles)
        # However a stream was made, the kernel is given one layout.
        events = Stimulus(*(np.ascontiguousarray(column, np.int64) for column in stimulus.columns))
        room = max(min(SPIKE_ROOM, stimulus.steps * neurons), neurons)
        is_small = membranes is None and room <= bound.small.fired_step.size
        output = bound.small if is_small else _output_of(room, watched, rows)
        counts, position = output.counts, output.position
        counts[:] = position[:] = 0
        parts: list[tuple[Ints, Ints]] = []
        while not parts or (position[0] < stimulus.steps and not (stop and stop.is_set())):
            if parts and not is_small:
                output = output._replace(fired_step=np.empty(room, np.int64), fired_neuron=np.empty(room, np.int64))
            position[4] = 0
            bound(sizes, events, output)
            found = output.fired_step[: position[4]], output.fired_neuron[: position[4]]
            parts.append((found[0].copy(), found[1].copy()) if is_small else found)
        step, neuron = parts[0] if len(parts) == 1 else (np.concatenate(found) for found in zip(*parts, strict=True))
        tallies = counts[COLUMNS:].tolist()
        return Activity(step, neuron, counts[:COLUMNS].copy(), *tallies)
