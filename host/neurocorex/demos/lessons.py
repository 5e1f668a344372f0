"""Stimuli of a teacher: lessons of two forced spikes, and questions with frozen weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..events.codec import NO_REGISTER
from ..events.stream import CLEAR_ALL, EventStream
from ..spec import Control, LearningFlag
from . import latency
from .latency import Ints

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


def questions(stimulus: NDArray[np.bool_], steps: int) -> EventStream:
    """Return the stimulus that shows images, bool [n, spikes, inputs], for some steps each, with frozen weights."""
    stream = latency.exposure(stimulus, steps)
    return stream.setting(0, Control.LEARNING, FROZEN).clearing(np.arange(len(stimulus)) * steps)
