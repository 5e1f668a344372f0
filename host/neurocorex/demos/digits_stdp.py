"""Digits learned by STDP on the chip, with a teacher: 64 inputs, 9 neurons for each of 10 classes, 8-bit weights.

The host streams images, forces teacher spikes, clears and gates, and reads spikes. The weights change by STDP alone.

The neuron that fires first gives the answer (`neurocorex.demos.latency`). Teaching is closed-loop: an image is shown
with frozen weights, and it becomes a lesson only if its class does not lead by `Settings.margin` steps. A lesson is one
pass over the image with two forced spikes::

    step      0                 1 to 4             5
              wrong neuron      the image          right neuron
              is forced to fire                    is forced to fire

Arrivals after a spike depress, so the wrong neuron loses the image. Arrivals before a spike potentiate, so the right
neuron gains it. Traces do not decay within a lesson and are cleared before each. A weight changes by the number of
spikes of its pixel times a quarter of a unit; stochastic rounding makes whole units of it.

The right neuron is the fastest of its class, where each lesson that a neuron has had counts as a delay. Without that
delay a few neurons would take all lessons, and the others would stay random.
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
from .answers import Learned
from .latency import Ints

if TYPE_CHECKING:
    from ..device.device import Device

Progress = Callable[[int, int], None]

PIXELS, CLASSES = 64, 10
#: Neurons of each class; neuron j belongs to class j % 10.
PROTOTYPES = 9
NEURONS = PROTOTYPES * CLASSES
#: Spikes of a white pixel, and so the steps in which an image arrives.
SPIKES = 4
#: Steps of a question: a neuron that has not fired by then counts as firing in the next step.
STEPS = 28
#: Steps of a lesson: a forced spike, the image, a forced spike.
LESSON_STEPS = SPIKES + 2
THRESHOLD, BIAS = 2304, 128
#: So long that a neuron fires at most once for an image.
REFRACTORY_MS = 255
LARGEST = 127

FROZEN = LearningFlag.STOCHASTIC
TEACHING = LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.HOLD_FIRING


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyperparameters, chosen by cross-validation on the training images.

    Attributes
    ----------
    epochs, batch : int
        Passes over the images, and questions between two rounds of lessons.
    potentiation, depression : float
        Change of a weight for one spike of its pixel, in units of the weight.
    margin : int
        Steps by which the right class has to lead.
    rest : int
        Epochs for which an image is left out after its class has led.
    conscience : float
        Delay, in steps, that the teacher adds for each lesson that a neuron has had.
    spread : int
        Largest initial weight.
    """

    epochs: int = 40
    batch: int = 16
    potentiation: float = 0.25
    depression: float = -0.265
    margin: int = 4
    rest: int = 4
    conscience: float = 0.5
    spread: int = 10


def build(seed: int = 0, settings: Settings | None = None) -> Network:
    """Return the untrained network: random weights, all plastic."""
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
    """Return the stimulus of lessons, one after the other.

    Parameters
    ----------
    stimulus : bool array [n, 4, 64]
        From `latency.encoded`.
    right, wrong : int64 arrays [n]
        Neurons that gain and that lose each image.
    """
    images = latency.exposure(stimulus, LESSON_STEPS, first=1)
    start = np.arange(len(stimulus)) * LESSON_STEPS
    forced = np.stack([start, start + LESSON_STEPS - 1], axis=1).ravel()
    neurons = np.stack([wrong, right], axis=1).ravel()
    # Before the first step of a lesson, traces and membranes are cleared and the gate is set to the wrong neuron.
    # Before the last step the gate is set to the right one.
    step = np.stack([start, start, start + LESSON_STEPS - 1], axis=1).ravel()
    register = np.tile([NO_REGISTER, Control.GATE, Control.GATE], len(start))
    value = np.stack([np.full_like(wrong, CLEAR_ALL), wrong, right], axis=1).ravel()
    return EventStream(
        images.steps, images.event_step, images.event_index,
        forced, neurons, np.zeros_like(forced), np.ones_like(forced),
        np.append(0, step), np.append(Control.LEARNING, register), np.append(TEACHING, value),
    )  # fmt: skip


def questions(stimulus: NDArray[np.bool_]) -> EventStream:
    """Return the stimulus that shows images, bool [n, 4, 64], with frozen weights."""
    stream = latency.exposure(stimulus, STEPS)
    return stream.setting(0, Control.LEARNING, FROZEN).clearing(np.arange(len(stimulus)) * STEPS)


class Teacher:
    """Teacher: asks about images, and gives lessons where the right class does not lead.

    Parameters
    ----------
    device : Device
        Holds the network of `build`.
    settings : Settings
        Hyperparameters.

    Attributes
    ----------
    taught : int64 array [90]
        Lessons in which each neuron was the right one.
    """

    def __init__(self, device: Device, settings: Settings) -> None:
        self._device, self._settings = device, settings
        self.taught = np.zeros(NEURONS, np.int64)
        self._due = EventStream(0)

    def teach(self, stimulus: NDArray[np.bool_], labels: Ints) -> NDArray[np.bool_]:
        """Give the lessons that are due, then ask about images; return which of them need a lesson, bool [n].

        Those lessons are due in the next call.
        """
        times = self._ask(stimulus)
        pairs = [self._pair(row, label) for row, label in zip(times, labels.tolist(), strict=True)]
        called = np.array([pair is not None for pair in pairs])
        right, wrong = np.array([pair for pair in pairs if pair], np.int64).reshape(-1, 2).T
        if called.any():
            self._due = lessons(stimulus[called], right, wrong)
        return called

    def answers(self, stimulus: NDArray[np.bool_]) -> Ints:
        """Return the class of the first neuron to fire for each image, int64 [n]; ties go to the lowest neuron."""
        return np.asarray(np.argmin(self._ask(stimulus), axis=1) % CLASSES, np.int64)

    def _ask(self, stimulus: NDArray[np.bool_]) -> Ints:
        stream = EventStream.join([self._due, questions(stimulus)])
        result = self._device.run(spikes=stream, counters=False)
        start, self._due = self._due.steps, EventStream(0)
        return latency.first_spikes(result, images=len(stimulus), steps=STEPS, start=start)

    def _pair(self, times: Ints, label: int) -> tuple[int, int] | None:
        """Return the right and the wrong neuron of a lesson, or None if the class leads by the margin."""
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
) -> Learned:
    """Teach a device the training images, and test it.

    Parameters
    ----------
    device : Device
        The device; an untrained network is loaded first.
    seed : int
        Seed of weights, order and rounding.
    images : int, optional
        Largest number of training images and of test images; by default all 1203 and 594.
    settings : Settings, optional
        Hyperparameters.
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
    taught = int(teacher.taught.sum())
    return Learned(
        predictions=predictions,
        labels=test_y,
        weights=device.weights(units="chip"),
        trained=len(train_y),
        facts={"lessons": taught},
        summary=f"{len(train_y)} images learned with {taught} lessons",
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )
