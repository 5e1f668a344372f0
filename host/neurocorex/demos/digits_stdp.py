"""Handwritten digits, learned on the chip: 64 inputs, 9 neurons for each of 10 classes, weights of 8 bits.

The host streams images, forces teacher spikes, clears and gates, and reads spikes; the weights change by STDP alone.

An image is answered by the neuron that fires first (`neurocorex.demos.latency`). Teaching is closed-loop: an image is
shown with frozen weights, and only if its class does not lead by `Settings.margin` steps is it shown again as a lesson.
A lesson is one pass over the image with two forced spikes::

    step      0                 1 to 4             5
              wrong neuron      the image          right neuron
              is forced to fire                    is forced to fire

Arrivals after a spike depress, so the neuron that was wrong loses the image; arrivals before a spike potentiate, so the
right one gains it. Traces do not fade within a lesson, and are cleared before each: a weight changes by the number of
spikes of its pixel times a rate of a quarter of a unit, which rounding by chance turns into whole units.

Which neuron of a class is the right one is up to the teacher: the fastest, but each lesson that a neuron has had counts
as a delay. Otherwise a few neurons take all lessons, and the others stay as random as they were.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..events.codec import NO_REGISTER
from ..events.stream import CLEAR_ALL, EventStream
from ..learning import stdp
from ..network.network import Network
from ..spec import Control, LearningFlag
from . import latency
from .latency import Ints
from .outcome import Learned

if TYPE_CHECKING:
    from ..device.device import Device

Progress = Callable[[int, int], None]

PIXELS, CLASSES = 64, 10
#: Neurons of a class; neuron j is of class j % 10.
PROTOTYPES = 9
NEURONS = PROTOTYPES * CLASSES
#: Spikes of a white pixel, and steps that an image takes to arrive.
SPIKES = 4
#: Steps that an image is given: neurons that have not fired by then are taken to fire in the next one.
STEPS = 28
#: A lesson: a spike, the image, a spike.
LESSON_STEPS = SPIKES + 2
THRESHOLD, BIAS = 2304, 128
#: A neuron that has fired is done with this image.
REFRACTORY_MS = 255
LARGEST = 127

FROZEN = LearningFlag.STOCHASTIC
TEACHING = LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.HOLD_FIRING


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that the outcome depends on, beside data and seed. Chosen by cross-validation on the training images.

    Attributes
    ----------
    epochs, batch : int
        Passes over the images, and images that are shown between lessons.
    potentiation, depression : float
        Change of a weight by one spike of its pixel, in units of the weight.
    margin : int
        Steps by which a class has to lead.
    rest : int
        Epochs in which an image is not shown again after its class has led.
    conscience : float
        Steps by which each lesson makes a neuron seem slower to the teacher.
    spread : int
        Largest weight at the beginning.
    """

    epochs: int = 40
    batch: int = 16
    potentiation: float = 0.25
    depression: float = -0.265
    margin: int = 4
    rest: int = 4
    conscience: float = 0.5
    spread: int = 10


@dataclass(frozen=True, kw_only=True)
class StdpResult(Learned):
    """What was learned.

    Attributes
    ----------
    lessons : int
        Images that were taught.
    """

    lessons: int


def build(seed: int = 0, settings: Settings | None = None) -> Network:
    """Return the network before it has learned: random weights, all of them plastic."""
    settings = settings or Settings()
    rng = np.random.default_rng(seed)
    net = Network(inputs=PIXELS, neurons=NEURONS)
    weights = rng.integers(-settings.spread, settings.spread, (PIXELS, NEURONS), endpoint=True)
    net.connect(net.inputs, net.neurons, weights, plastic=True)
    net.neurons.set(threshold=THRESHOLD, bias=BIAS, refractory_ms=REFRACTORY_MS)
    net.learn(
        stdp(
            math.inf, math.inf, settings.potentiation, settings.depression,
            accumulate=SPIKES, bounds=(-LARGEST, LARGEST), seed=seed,
        )
    )  # fmt: skip
    return net


def lessons(stimulus: NDArray[np.bool_], right: Ints, wrong: Ints) -> EventStream:
    """Teach images one after the other.

    Parameters
    ----------
    stimulus : bool array [n, 4, 64]
        From `latency.encoded`.
    right, wrong : int64 arrays [n]
        Neurons that gain and lose each image.
    """
    images = latency.exposure(stimulus, LESSON_STEPS, first=1)
    start = np.arange(len(stimulus)) * LESSON_STEPS
    forced = np.stack([start, start + LESSON_STEPS - 1], axis=1).ravel()
    neurons = np.stack([wrong, right], axis=1).ravel()
    # Before the first step of each, traces and membranes go to zero and the gate to the wrong neuron, before the last
    # step to the right one.
    step = np.stack([start, start, start + LESSON_STEPS - 1], axis=1).ravel()
    register = np.tile([NO_REGISTER, Control.GATE, Control.GATE], len(start))
    value = np.stack([np.full_like(wrong, CLEAR_ALL), wrong, right], axis=1).ravel()
    return EventStream(
        images.steps, images.event_step, images.event_index,
        forced, neurons, np.zeros_like(forced), np.ones_like(forced),
        np.append(0, step), np.append(Control.LEARNING, register), np.append(TEACHING, value),
    )  # fmt: skip


def questions(stimulus: NDArray[np.bool_]) -> EventStream:
    """Show images, bool [n, 4, 64], with frozen weights."""
    stream = latency.exposure(stimulus, STEPS)
    return stream.setting(0, Control.LEARNING, FROZEN).clearing(np.arange(len(stimulus)) * STEPS)


class Teacher:
    """Shows images, and teaches what is not known well enough.

    Parameters
    ----------
    device : Device
        With the network of `build`.
    settings : Settings
        How to teach.

    Attributes
    ----------
    taught : int64 array [90]
        Lessons that each neuron has had as the right one.
    """

    def __init__(self, device: Device, settings: Settings) -> None:
        self._device, self._settings = device, settings
        self.taught = np.zeros(NEURONS, np.int64)
        self._due = EventStream(0)

    def teach(self, stimulus: NDArray[np.bool_], labels: Ints) -> NDArray[np.bool_]:
        """Give the lessons that are due, show images, prepare those that they call for; tell for which, bool [n]."""
        times = self._ask(stimulus)
        pairs = [self._pair(row, label) for row, label in zip(times, labels.tolist(), strict=True)]
        called = np.array([pair is not None for pair in pairs])
        right, wrong = np.array([pair for pair in pairs if pair], np.int64).reshape(-1, 2).T
        if called.any():
            self._due = lessons(stimulus[called], right, wrong)
        return called

    def answers(self, stimulus: NDArray[np.bool_]) -> Ints:
        """Classes of the neurons that fire first, of several at once of the lowest; int64 [n]."""
        return np.asarray(np.argmin(self._ask(stimulus), axis=1) % CLASSES, np.int64)

    def _ask(self, stimulus: NDArray[np.bool_]) -> Ints:
        stream = EventStream.join([self._due, questions(stimulus)])
        result = self._device.run(spikes=stream, counters=False)
        start, self._due = self._due.steps, EventStream(0)
        return latency.first_spikes(result, images=len(stimulus), steps=STEPS, start=start)

    def _pair(self, times: Ints, label: int) -> tuple[int, int] | None:
        """Neurons that gain and lose an image, or None where its class leads clearly."""
        of_class = np.arange(NEURONS) % CLASSES == label
        wrong = int(np.argmin(np.where(of_class, STEPS + 1, times)))
        if times[wrong] - times[of_class].min() >= self._settings.margin:
            return None
        patience = np.where(of_class, times + self._settings.conscience * self.taught, np.inf)
        right = int(np.argmin(patience))
        self.taught[right] += 1
        return right, wrong


def learn(
    device: Device,
    *,
    seed: int = 0,
    images: int | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> StdpResult:
    """Teach a device the training images, and let it answer test images.

    Parameters
    ----------
    device : Device
        Loaded with a fresh network.
    seed : int
        Of weights, order and rounding.
    images : int, optional
        Only the first so many training images, and as many test images at most; by default all 1203 and 594.
    settings : Settings, optional
        How to teach.
    progress : callable, optional
        Called with (epochs done, all epochs).

    Raises
    ------
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    from .digits import load_data

    settings = settings or Settings()
    train_x, train_y, test_x, test_y = (table[:images] for table in load_data())
    started = time.perf_counter()
    device.load(build(seed, settings))
    device.clear(counters=True)
    stimulus = latency.encoded(train_x, SPIKES)
    teacher = Teacher(device, settings)
    rng = np.random.default_rng([seed, 1])
    due = np.zeros(len(train_y), np.int64)
    for epoch in range(settings.epochs):
        order = rng.permutation(len(train_y))
        order = order[due[order] <= epoch]
        for start in range(0, len(order), settings.batch):
            batch = order[start : start + settings.batch]
            called = teacher.teach(stimulus[batch], train_y[batch])
            due[batch] = np.where(called, epoch + 1, epoch + 1 + settings.rest)
        if progress is not None:
            progress(epoch + 1, settings.epochs)
    predictions = teacher.answers(latency.encoded(test_x, SPIKES))
    return StdpResult(
        predictions=predictions,
        labels=test_y,
        weights=device.weights(),
        lessons=int(teacher.taught.sum()),
        trained=len(train_y),
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )
