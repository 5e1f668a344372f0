"""Threads for samples: parts of a stimulus that begin with everything cleared run side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event
from typing import TypeVar

import numpy as np

from ..events.codec import NO_REGISTER
from ..events.stream import EventStream
from ..spec import Clear, Control, LearningFlag, Region
from .memory import Memory

Returned = TypeVar("Returned")

#: What a part has to begin with: all that moves by itself is what it is after power-up then. On chips with errors,
#: winners and tallies, these too.
_EVERYTHING = Clear.STATE | Clear.TRACES | Clear.ADAPTATION
#: Updates of neurons in a stimulus from which on threads are worth their start.
WORTH_UPDATES = 1 << 21
#: Threads at most; by default as many as this process may use.
WORKERS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def split(stimulus: EventStream, memory: Memory) -> list[tuple[int, int]]:
    """Cut a stimulus into at most `WORKERS` parts that can run side by side, of about the same length.

    Returns
    -------
    list of (int, int)
        First step of each part and the step behind it, as `EventStream.cut` takes them; one part if weights learn, if
        `LEARN`, `JUDGE`, `REWARD`, `FADE` or `SCALE` is set or registers are on the way, or if it is not worth while.
    """
    steps, config = stimulus.steps, memory.config
    whole = [(0, steps + 1)]
    if WORKERS == 1 or steps * config.neurons < WORTH_UPDATES:
        return whole
    everything = _EVERYTHING | (Clear.ERRORS if config.errors else 0) | (Clear.WINNERS if config.groups else 0)
    everything |= Clear.TALLIES if config.tallies else 0
    clears = (stimulus.change_register == NO_REGISTER) & (stimulus.change_value & everything == everything)
    control = memory[Region.CONTROL]
    learns = config.learning and control[Control.LEARNING] & LearningFlag.ENABLE
    learns |= config.errors and control[Control.LEARN]
    learns |= config.groups and control[Control.JUDGE]
    learns |= config.eligibility and (control[Control.REWARD] or control[Control.FADE])
    learns |= config.scaling and control[Control.SCALE]
    if learns or not clears.any() or (stimulus.change_register != NO_REGISTER).any():
        return whole
    starts = np.unique(stimulus.change_step[clears])
    starts = starts[(starts > 0) & (starts < steps)]
    ideal = np.arange(1, WORKERS) * steps // WORKERS
    cuts = np.unique(starts[np.minimum(starts.searchsorted(ideal), starts.size - 1)]) if starts.size else starts
    edges = [0, *cuts.tolist(), steps + 1]
    return list(pairwise(edges))


def run(jobs: Sequence[Callable[[Event], Returned]]) -> list[Returned]:
    """Call each in a thread of its own, the last one in this one; return what they return.

    Parameters
    ----------
    jobs : sequence of callable
        Given an event that is set when they are to stop early, as then nobody wants what they return.
    """
    stop = Event()
    with ThreadPoolExecutor(len(jobs)) as pool:
        try:
            others = [pool.submit(job, stop) for job in jobs[:-1]]
            last = jobs[-1](stop)
            return [*(other.result() for other in others), last]
        except BaseException:  # Ctrl-C, most likely: leaving the pool waits for the others
            stop.set()
            raise
