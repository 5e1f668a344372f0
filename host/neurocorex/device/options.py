"""Options of a run that are given by keyword: what acts besides spikes, and how long it may take."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt

from ..events.stream import EventStream
from .teaching import Teaching


class Options(Teaching, total=False):
    """Keywords of `Device.run`, all of them optional: those of `Teaching`, and these.

    Attributes
    ----------
    writes : mapping of step to weights
        Weights that are set before a step, as `Device.set_weights` takes them: all, or blocks and synapses of a list,
        as in ``{500: [(net.inputs, net.neurons[0:4], 0.5)]}``; a tuple is a list of one. Everything else goes on, and
        they stay after the run. Units are those of the run, with the gains before it. Where a run ends early,
        writes of its next step may have been made, and none of later ones; to make them again does no harm.
    every : int
        Steps from one recorded membrane or current to the next, counted in each sample: those at the end of steps 0,
        `every`, twice that, and so on are kept, ``result.v`` of every step at ``[::every]``. A chip with `reports`
        sends these only, if they are fewer bytes and it draws no steps; others send the membranes of all steps.
    deadline_s : float
        Seconds that the call may take, waiting for its turn included. Then it ends with NoAnswerError, and
        `Device.resume` finishes the run. By default `Device.deadline_s`.
    checkpoint : path
        File that is written before the run, on the way and behind it, whole or not at all, with all that is needed to
        go on. The same call with such a file goes on from there, in any process and on any device with room for the
        network, and returns the Result of all steps. It begins as the first one did: load the network first. A file of
        a whole run stays, and gives its result again; delete it to run anew.
    checkpoint_every : int
        Steps from one checkpoint to the next, of all samples in a row.
    rates : float array [M] or [samples, M]
        In place of spikes: the probability of a spike of each input in a step, 0 to 1. `steps` says how many, of each
        sample; samples start from zero state, as with spikes. A chip with patterns draws the spikes itself and is sent
        the rates alone, if there is neither `inject` nor `teacher` and no input has a delay. Otherwise the host draws
        them, the same ones: those of `encode.generated`, with the `rate_bits` of the chip. Pattern 0 is replaced.
    patterns : int or int array [samples]
        The same by rates that `Device.store_patterns` has put onto the chip, by their numbers.
    seed : int
        Of what is drawn, from 0 up; 0 by default, in each run anew.
    even : bool
        Even trains in place of random ones, for `rates` and `patterns`: those of ``encode.generated(even=True)``. They
        begin with each sample, or with the run, and anew where the run clears the state of neurons.
    watch : callable
        Called on the way with each piece of the results, in the thread of the run: ``watch(start, results)``, where
        `start` counts the steps before it, of all samples in a row, and `results` is an EventStream of its steps:
        spikes as events, recorded membranes as graded events in units of the chip. Pieces are as long as they come:
        what a frame brings over a wire, and up to 4 million updates of neurons from the emulator. What a checkpoint
        had is not told again. It may not call the device; what it raises ends the run in good order.
    """

    writes: Mapping[int, Any] | None
    every: int | None
    deadline_s: float | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int | None
    rates: npt.ArrayLike | None
    patterns: npt.ArrayLike | None
    seed: int | None
    even: bool
    watch: Callable[[int, EventStream], object] | None


def known(options: Options) -> Options:
    """Return what was given; raises TypeError, as Python does, for a keyword that `Device.run` does not have."""
    for name in options:
        if name not in Options.__annotations__:
            near = difflib.get_close_matches(name, Options.__annotations__, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"Device.run() got an unexpected keyword argument {name!r}{hint}")
    return options
