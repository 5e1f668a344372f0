"""The compiled steps of `kernel` behind the interface of `walk.walk`, and when they are worth it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

import numpy as np

from ..arithmetic import Ints
from ..spec import CoreConfig, Counter, Flag, Region, controls
from ..streams.streams import EventStream
from .memory import Memory
from .walk import Outcome

#: Steps in NumPy after which the compiled ones are taken: they last about as long as loading. Where these have to be
#: compiled first, which happens once on a machine, that takes some times longer.
WORTH_STEPS = 10_000
#: Spikes that one call of the kernel returns at most; it is called again until the stimulus is done.
SPIKE_ROOM = 1 << 16

_log = logging.getLogger(__name__)


def worth_it(computed: int) -> bool:
    """Tell whether compiled steps are there, or can be had and so many computed ones say that they are worth it."""
    return (_kernel.cache_info().currsize > 0 or computed >= WORTH_STEPS) and _kernel() is not None


@lru_cache(maxsize=1)
def _kernel() -> ModuleType | None:
    """Load the compiled steps; None without numba: NumPy gives the same bits, only later."""
    try:
        from . import kernel
    except (ImportError, RuntimeError) as error:  # the latter where there is no place for a cache on disk
        _log.info("no compiled emulator (%s), the plain one takes some thirty times longer", error)
        return None
    _log.info("loading the compiled emulator; the first time on a machine it is compiled, which takes up to a minute")
    start = time.perf_counter()
    memory = Memory(CoreConfig(neurons=1, inputs=1))
    _run(kernel, _arguments(memory, kernel.SIZES), memory, EventStream(1), None)
    _log.info("the compiled emulator is ready after %.1f s", time.perf_counter() - start)
    return kernel


class CompiledWalk:
    """Runs streams of steps on the memories of one core, as `neurocorex.emulator.walk.walk` does.

    Parameters
    ----------
    memory : Memory
        Of the core; updated in place.

    Raises
    ------
    ImportError
        Without numba, see `worth_it`.
    """

    def __init__(self, memory: Memory) -> None:
        kernel = _kernel()
        if kernel is None:
            raise ImportError("the compiled emulator needs numba; install it: pip install numba")
        self._kernel, self._memory, self._given = kernel, memory, _arguments(memory, kernel.SIZES)

    def walk(self, stimulus: EventStream, membranes: Ints | None) -> Outcome:
        """Run all steps of a stimulus; see `neurocorex.emulator.walk.walk`."""
        return _run(self._kernel, self._given, self._memory, stimulus, membranes)


def _arguments(memory: Memory, names: Sequence[str]) -> tuple[Ints, ...]:
    """Return what the kernel is given of a core, in its order; first the fields `names` of the geometry."""
    config = memory.config
    sizes = config.to_dict()
    regions = (
        Region.WEIGHTS, Region.PLASTIC, Region.PRE_TRACE, Region.POST_TRACE, Region.PRE_TABLE, Region.POST_TABLE,
        Region.EXTRA_SOURCE, Region.EXTRA_DELAY,
    )  # fmt: skip
    return (
        np.array([int(sizes[name]) for name in names], np.int64),
        memory.neurons,
        memory[Region.CONTROL],
        np.array([control.bits(config) for control in controls(config)], np.int64),
        *(memory[region] for region in regions),
    )


def _run(
    kernel: ModuleType, given: tuple[Ints, ...], memory: Memory, stimulus: EventStream, membranes: Ints | None
) -> Outcome:
    edges = np.arange(stimulus.steps + 2)
    events = (
        stimulus.event_step.searchsorted(edges), stimulus.event_index,
        stimulus.graded_step.searchsorted(edges), stimulus.graded_index, stimulus.graded_value, stimulus.graded_forced,
        stimulus.change_step.searchsorted(edges), stimulus.change_register, stimulus.change_value,
    )  # fmt: skip
    watched = np.flatnonzero(memory[Region.FLAGS] & Flag.RECORD_MEMBRANE)
    rows = np.empty((0, 0), np.int64) if membranes is None else membranes
    if membranes is None:
        watched = watched[:0]
    counts = np.zeros(kernel.COLUMNS + 1, np.int64)
    room = max(min(SPIKE_ROOM, stimulus.steps * memory.config.neurons), memory.config.neurons)
    parts, step, done = [np.empty((2, 0), np.int64)], 0, False
    while not done:
        fired = np.empty((2, room), np.int64)
        step, spikes = kernel.run_steps(*given, *events, watched, rows, step, fired[0], fired[1], counts)
        parts.append(fired[:, :spikes])
        done = step == stimulus.steps
    fired = np.concatenate(parts, axis=1)
    return Outcome(fired[0], fired[1], counts[: len(Counter)], int(counts[kernel.COLUMNS]), stimulus.steps)
