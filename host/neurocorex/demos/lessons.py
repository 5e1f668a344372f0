"""Stimuli of a teacher: lessons of two forced spikes, and questions with frozen weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..events.codec import NO_REGISTER
from ..events.stream import CLEAR_ALL, EventStream
from ..spec import Control, LearningFlag, Region
from ..spec.registers import NOBODY
from . import latency
from .latency import Ints

if TYPE_CHECKING:
    from ..device.device import Device
    from ..device.result import Result

#: Steps in which a neuron that has fired cannot fire again, the most that a chip can count.
ONCE = 255
FROZEN = LearningFlag.STOCHASTIC
TEACHING = LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.HOLD_FIRING


def lessons(stimulus: NDArray[np.bool_], right: Ints, wrong: Ints, rate: float = 1.0) -> EventStream:
    """Return the stimulus of lessons, one after the other.

    Parameters
    ----------
    stimulus : bool array [n, spikes, inputs]
        From `latency.encoded`.
    right, wrong : int64 arrays [n]
        Neurons that gain and that lose each image.
    rate : float
        Share of the full rate.
    """
    steps = stimulus.shape[1] + 2
    images = latency.exposure(stimulus, steps, first=1)
    start = np.arange(len(stimulus)) * steps
    forced = np.stack([start, start + steps - 1], axis=1).ravel()
    neurons = np.stack([wrong, right], axis=1).ravel()
    # Before the first step of a lesson, traces and membranes are cleared and the gate is set to the wrong neuron.
    # Before the last step the gate is set to the right one.
    step = np.stack([start, start, start + steps - 1], axis=1).ravel()
    register = np.tile([NO_REGISTER, Control.GATE, Control.GATE], len(start))
    value = np.stack([np.full_like(wrong, CLEAR_ALL), wrong, right], axis=1).ravel()
    return EventStream(
        images.steps, images.event_step, images.event_index,
        forced, neurons, np.zeros_like(forced), np.ones_like(forced),
        np.append([0, 0], step),
        np.append([Control.LEARNING, Control.MODULATION], register),
        np.append([TEACHING, round(256 * rate)], value),
    )  # fmt: skip


def questions(stimulus: NDArray[np.bool_], steps: int, *, rate_bits: int = 0, reports: bool = False) -> EventStream:
    """Return the stimulus that shows images, bool [n, spikes, inputs], for some steps each, with frozen weights.

    Parameters
    ----------
    stimulus : bool array [n, spikes, inputs]
        From `latency.encoded`.
    steps : int
        Of each image.
    rate_bits : int
        Those of a chip that draws: images go to it as rates where these are fewer bytes and make the same spikes.
    reports : bool
        Whether the chip reports the neuron with most spikes behind each image.
    """
    starts = np.arange(len(stimulus)) * steps
    rates, drawn = latency.rates_of(stimulus, rate_bits)
    stream = latency.exposure(stimulus & ~drawn[:, np.newaxis, np.newaxis], steps)
    stream = stream.setting(0, Control.LEARNING, FROZEN)
    if drawn.any():
        stream = stream.setting(0, Control.EVEN, 1)
    if reports:
        stream = stream.reporting(starts + steps, Region.MOST, 1)
    stream = stream.clearing(starts)
    if not drawn.any():
        return stream
    return latency.rated(stream, starts[drawn], rates[drawn], stimulus.shape[1], rate_bits)


class Inquiry:
    """Inquiry: shows images to a device, and tells which neurons fire first.

    Parameters
    ----------
    device : Device
        Holds a network of `teacher.build`.
    neurons, steps : int
        Neurons of the network, and steps of an image.
    """

    def __init__(self, device: Device, neurons: int, steps: int) -> None:
        self._device, self._steps = device, steps
        config = device.config
        self._rate_bits = config.rate_bits if config.patterns else 0
        # No neuron fires twice, so the one with most spikes is the first, and of several the lowest.
        self._reports = config.reports and config.tallies > 0 and config.groups > 0 and steps <= ONCE
        if self._reports:
            device.write(Region.GROUP, (np.arange(config.neurons) < neurons).astype(np.int64))

    def first_spikes(self, due: EventStream, stimulus: NDArray[np.bool_]) -> Ints:
        """Run a stimulus that is due, then show images; return the step of each neuron's first spike, [n, neurons]."""
        result = self._shown(due, stimulus, reports=False)
        return latency.first_spikes(result, images=len(stimulus), steps=self._steps, start=due.steps)

    def first_neurons(self, due: EventStream, stimulus: NDArray[np.bool_]) -> Ints:
        """Do the same; return the neuron that fires first, int64 [n]: the lowest of several, or if none does.

        A chip that has reports, tallies and groups tells this neuron, and no spikes.
        """
        if not self._reports:
            return np.asarray(np.argmin(self.first_spikes(due, stimulus), axis=1))
        reports = self._shown(due, stimulus, reports=True).reports
        first = np.array([int(report.items[0]) for report in reports], np.int64)
        return np.where(first == NOBODY, 0, first)

    def _shown(self, due: EventStream, stimulus: NDArray[np.bool_], *, reports: bool) -> Result:
        asked = questions(stimulus, self._steps, rate_bits=self._rate_bits, reports=reports)
        stream = EventStream.join([due, asked])
        return self._device.run(spikes=stream, record=() if reports else "spikes", counters=False)
