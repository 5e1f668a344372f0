"""Delay line of input events: which axons carry the events of each input, how late, and which are on their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..spec import Clear
from .arrays import Ints
from .codec import NO_REGISTER
from .stream import EventStream

#: Stands for a clear that never comes.
_NEVER = np.iinfo(np.int64).max


class Waiting(NamedTuple):
    """Events on their way: the step in which each arrives, counted from now, and its axon."""

    step: Ints
    axon: Ints

    @classmethod
    def none(cls) -> Waiting:
        """Return no events."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class DelayLine:
    """Delay line between the inputs that a stimulus names and the input axons of a chip.

    An event of input k in step t arrives, on each axon a with ``source[a] == k``, in step ``t + delay[a]``.

    Attributes
    ----------
    inputs : int
        Inputs that a stimulus names.
    source, delay : int64 array [A]
        Input of each axon, and the steps by which its events are late.
    """

    inputs: int
    source: Ints
    delay: Ints

    def dense(self, spikes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return the arrivals [..., steps, A] of spikes [..., steps, inputs] that are sent from rest."""
        steps = spikes.shape[-2]
        arrivals = np.zeros((*spikes.shape[:-1], self.source.size), np.bool_)
        for late in np.unique(self.delay[self.delay < steps]).tolist():
            axons = np.flatnonzero(self.delay == late)
            arrivals[..., late:, axons] = spikes[..., : steps - late, self.source[axons]]
        return arrivals

    def carry(self, stimulus: EventStream, waiting: Waiting) -> Flight:
        """Put the events of a stimulus on their way, behind those that are on it already.

        Parameters
        ----------
        stimulus : EventStream
            Its events name inputs. A clear of the state drops what is on its way, as it drops spikes of neurons.
        waiting : Waiting
            Events that were sent before its first step.
        """
        order = np.argsort(self.source, kind="stable")
        bounds = self.source[order].searchsorted(np.arange(self.inputs + 1))
        copies = np.diff(bounds)[stimulus.event_index]
        of = np.repeat(np.arange(copies.size), copies)
        nth = np.arange(of.size) - np.repeat(np.cumsum(copies) - copies, copies)
        axon = order[bounds[stimulus.event_index[of]] + nth]
        sent = stimulus.event_step[of]
        return Flight(
            stimulus,
            np.concatenate([np.full(waiting.step.size, -1), sent]),
            np.concatenate([waiting.step, sent + self.delay[axon]]),
            np.concatenate([waiting.axon, axon]),
        )


class Flight:
    """Input events of one run, from the step in which each is sent to the one in which it arrives.

    Parameters
    ----------
    stimulus : EventStream
        Of the run, with all changes; its events name inputs.
    sent, due : int64 array [E]
        Steps of the run; sent is below 0 for what was on its way before.
    axon : int64 array [E]
        Where each arrives.
    """

    def __init__(self, stimulus: EventStream, sent: Ints, due: Ints, axon: Ints) -> None:
        self._stimulus, self._sent, self._due, self._axon = stimulus, sent, due, axon
        clears = (stimulus.change_register == NO_REGISTER) & (stimulus.change_value & int(Clear.STATE) != 0)
        steps = np.append(stimulus.change_step[clears], _NEVER)
        #: Step before which each is cleared, unless it has arrived by then.
        self._cleared = steps[steps.searchsorted(sent, side="right")]

    @property
    def stream(self) -> EventStream:
        """The stimulus with what arrives in its steps; events name axons."""
        steps = self._stimulus.steps
        arrives = (self._due < steps) & (self._cleared > self._due)
        due, axon = self._due[arrives], self._axon[arrives]
        order = np.lexsort((axon, due))
        return EventStream(steps, due[order], axon[order], *self._stimulus.columns[2:])

    def after(self, steps: int, *, ended: bool) -> Waiting:
        """Return what is on its way after so many steps, or when the run has `ended`, with what comes behind them."""
        left = (self._sent < steps) & (self._due >= steps) & (self._cleared >= steps + ended)
        due, axon = self._due[left] - steps, self._axon[left]
        order = np.lexsort((axon, due))
        return Waiting(due[order], axon[order])
