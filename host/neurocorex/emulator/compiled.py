"""The compiled steps of `kernel` behind the interface of `walk.walk`, and when they are worth it."""

from __future__ import annotations

import logging
import time
from functools import partial
from threading import Event
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..events.arrays import Ints
from ..events.stream import EventStream
from ..spec import CoreConfig, Counter, Flag, Learning, Region, controls
from ..spec.fixed import DECAY_BITS
from . import parallel
from .arithmetic import kept
from .memory import Memory
from .walk import Outcome

#: Effort in NumPy, in steps of a small network, for which the compiled steps are taken: it lasts about as long as
#: loading them. Where they have to be compiled first, which happens once on a machine, that takes some times longer.
WORTH_STEPS = 10_000
#: Neurons, and synapses that learn, which make a step in NumPy take as long again as one of a small network.
_NEURONS, _SYNAPSES = 1000, 50_000
#: Spikes that one call of the kernel returns at most; it is called again until the stimulus is done.
SPIKE_ROOM = 1 << 16
#: Updates of neurons and synapses that one call makes, or few more: a fraction of a second. Ctrl-C is heard in between.
BUDGET = 1 << 28

_log = logging.getLogger(__name__)


#: Chips need different compiled steps: those with weights of more than eight bits, and those that learn.
Kind = tuple[bool, bool]
#: Compiled steps that were asked for; None without numba.
_kernels: dict[Kind, ModuleType | None] = {}


def _kind(config: CoreConfig) -> Kind:
    return config.weight_bits > 8, config.learning is not Learning.NONE


def worth_it(config: CoreConfig, steps: int) -> bool:
    """Tell whether compiled steps are there, or can be had and so many steps, done or ahead, are worth it."""
    effort = 1 + config.neurons / _NEURONS + config.axons * config.neurons * bool(config.learning) / _SYNAPSES
    return (_kind(config) in _kernels or steps * effort >= WORTH_STEPS) and _kernel(_kind(config)) is not None


def _kernel(kind: Kind) -> ModuleType | None:
    """Load compiled steps; None without numba: NumPy gives the same bits, only later."""
    if kind not in _kernels:
        _kernels[kind] = _load(kind)
    return _kernels[kind]


def _load(kind: Kind) -> ModuleType | None:
    try:
        from .kernel import run as kernel
    except (ImportError, RuntimeError) as error:  # the latter where there is no place for a cache on disk
        _log.info("no compiled emulator (%s), the plain one takes some thirty times longer", error)
        return None
    _log.info("loading the compiled emulator; the first time on a machine it is compiled, which takes half a minute")
    start = time.perf_counter()
    is_wide, learns = kind
    learning = Learning.EXPONENTIAL if learns else Learning.NONE
    config = CoreConfig(neurons=1, inputs=1, weight_bits=16 if is_wide else 8, learning=learning)
    memory = Memory(config)
    _walk(kernel, _arguments(kernel, memory), memory, EventStream(1), None)
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
        kernel = _kernel(_kind(memory.config))
        if kernel is None:
            raise ImportError("the compiled emulator needs numba; install it: pip install numba")
        self._kernel, self._memory = kernel, memory
        self._given, self._writes = _arguments(kernel, memory), memory.writes

    def walk(self, stimulus: EventStream, membranes: Ints | None) -> Outcome:
        """Run all steps of a stimulus; see `neurocorex.emulator.walk.walk`."""
        if self._writes != self._memory.writes:
            self._given, self._writes = _arguments(self._kernel, self._memory), self._memory.writes
        parts = parallel.split(stimulus, self._memory)
        last = len(parts) - 1  # which leaves its state in the memories
        jobs = [
            partial(
                _walk, self._kernel, self._given if part == last else _with_own_state(self._given), self._memory,
                stimulus.cut(*edges), None if membranes is None else membranes[slice(*edges)],
            )
            for part, edges in enumerate(parts)
        ]  # fmt: skip
        outcomes = parallel.run(jobs) if last else [jobs[0]()]
        return Outcome.join(outcomes, [start for start, _ in parts])


def _with_own_state(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the same arguments with copies of all that changes by itself."""
    sizes, core, learner = given
    core = core._replace(neurons=core.neurons.copy(), history=core.history.copy(), control=core.control.copy())
    return sizes, core, learner and learner._replace(pre=learner.pre.copy(), post=learner.post.copy())


def _walk(
    kernel: ModuleType, given: tuple[Any, ...], memory: Memory, stimulus: EventStream, membranes: Ints | None,
    stop: Event | None = None,
) -> Outcome:  # fmt: skip
    watched, rows = np.empty(0, np.int64), np.empty((0, 0), np.int64)
    if membranes is not None:
        watched, rows = np.flatnonzero(memory[Region.FLAGS] & Flag.RECORD_MEMBRANE), membranes
    counts = np.zeros(len(Counter) + 1, np.int64)
    room = max(min(SPIKE_ROOM, stimulus.steps * memory.config.neurons), memory.config.neurons)
    events, at = kernel.Stimulus(stimulus.steps, *stimulus.columns), np.zeros(5, np.int64)
    parts: list[Ints] = []
    while not parts or (at[0] < stimulus.steps and not (stop and stop.is_set())):
        fired = np.empty((2, room), np.int64)
        output, at[4] = kernel.Output(fired[0], fired[1], watched, rows, counts), 0
        kernel.run_steps(*given, events, output, at, BUDGET)
        parts.append(fired[:, : at[4]])
    fired = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    return Outcome(fired[0], fired[1], counts[:-1], int(counts[-1]), stimulus.steps)


def _arguments(kernel: ModuleType, memory: Memory) -> tuple[Any, ...]:
    """Return what the kernel is given of a core."""
    config, arrays = memory.config, memory.arrays
    sizes = kernel.Sizes(
        inputs=config.inputs, neurons=config.neurons, weight_bits=config.weight_bits, state_bits=config.state_bits,
        max_delay=config.max_delay, adapts=config.adaptation, soft_bounds=config.soft_bounds,
        trace_bits=config.trace_bits,
        window_steps=config.window_steps if config.learning is Learning.WINDOW else 0,
    )  # fmt: skip
    core = kernel.Core(
        neurons=memory.neurons, history=arrays[Region.HISTORY], control=arrays[Region.CONTROL],
        control_bits=np.array([control.bits(config) for control in controls(config)], np.int64),
        weights=arrays[Region.WEIGHTS].reshape(-1), keep_membrane=_factors(arrays[Region.DECAY]),
        keep_current=_factors(arrays[Region.CURRENT_DECAY]), **_axons(memory),
    )  # fmt: skip
    if not config.learning:
        return sizes, core, None
    plastic = arrays[Region.PLASTIC]
    learner = kernel.Learner(
        plastic=plastic.reshape(-1), kinds=plastic.any(axis=1).astype(np.uint8) + plastic.all(axis=1),
        numbers=memory.axon_numbers, pre=arrays[Region.PRE_TRACE], post=arrays[Region.POST_TRACE],
        pre_table=arrays[Region.PRE_TABLE], post_table=arrays[Region.POST_TABLE],
    )  # fmt: skip
    return sizes, core, learner


def _factors(decay: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Return what decays leave of a value, as factors; exact."""
    return kept(decay.astype(np.int64)) / (1 << DECAY_BITS)


def _axons(memory: Memory) -> dict[str, Ints]:
    """List the axons of each neuron that ever carry a spike, see `kernel.Core`."""
    config = memory.config
    source = np.concatenate([np.arange(config.neurons), memory[Region.EXTRA_SOURCE]])
    delay = np.concatenate([memory[Region.DELAY].astype(np.int64), memory[Region.EXTRA_DELAY]])
    heard = np.flatnonzero((delay > 0) & (delay <= config.max_delay) & (source < config.neurons))
    axon = heard[np.argsort(source[heard], kind="stable")]
    starts = source[axon].searchsorted(np.arange(config.neurons + 1))
    return {"axon_start": starts, "axon": axon, "axon_delay": delay[axon]}
