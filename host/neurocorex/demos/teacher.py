"""Teacher in the loop: classes learned by STDP, several neurons each, from lessons of two forced spikes.

The host streams images, forces teacher spikes, clears and gates, and reads spikes. The weights change by STDP alone.

The neuron that fires first gives the answer (`neurocorex.demos.latency`). Teaching is closed-loop: an image is shown
with frozen weights, and it becomes a lesson only if its class does not lead by `Settings.margin` steps. A lesson is one
pass over the image with two forced spikes, here of an image that arrives in four steps::

    step      0                 1 to 4             5
              wrong neuron      the image          right neuron
              is forced to fire                    is forced to fire

Arrivals after a spike depress, so the wrong neuron loses the image. Arrivals before a spike potentiate, so the right
neuron gains it. Traces do not decay within a lesson and are cleared before each. A weight changes by the number of
spikes of its pixel times a part of a unit; stochastic rounding makes whole units of it.

The right neuron is the fastest of its class, where each lesson that a neuron has had counts as a delay. Without that
delay a few neurons would take all lessons, and the others would stay random.

An opening can come before: lessons in which each neuron gains one image of its class, in several rounds, and in each
round another neuron loses this image. Then neurons of one class begin as different images of it.

At the end the host can write the mean of the weights that the chip had after each of the last epochs.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..events.stream import EventStream
from ..learning import stdp
from ..network.network import Network
from ..progress import Wanted, followed
from .answers import CLASSES, Learned
from .latency import Ints
from .lessons import ONCE, Inquiry, lessons
from .samples import Samples

if TYPE_CHECKING:
    from ..device.device import Device

#: So long that a neuron fires at most once for an image.
REFRACTORY_MS = ONCE
LARGEST = 127
#: Images of a question that comes without lessons: more need more memory, and not less time.
BLOCK = 1000
#: Rounds of the opening.
ROUNDS = 8


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Size of the network, and hyperparameters.

    Attributes
    ----------
    inputs : int
        Pixels of an image.
    per_class : int
        Neurons of each class; neuron j belongs to class j % 10.
    spikes : int
        Spikes of a white pixel, and so the steps in which an image arrives.
    bias : int
        Rise of all membranes in a step.
    rise, late : int
        Steps in which a neuron fires that the image drives neither way, and further steps of a question. A neuron that
        has not fired by then counts as firing in the next step.
    epochs, batch : int
        Passes over the images, and questions between two rounds of lessons.
    potentiation, depression : float
        Change of a weight for one spike of its pixel, in units of the weight, in the first epoch.
    decay : float
        Rate of the last epoch as a share of the first; it falls by the same factor each epoch.
    margin : int
        Steps by which the right class has to lead.
    rest : int
        Epochs for which an image is left out after its class has led.
    conscience : float
        Delay, in steps, that the teacher adds for each lesson that a neuron has had.
    spread : int
        Largest initial weight.
    opening : float
        Rate of the opening, of all rounds together, as a share of the full rate; 0 for none.
    average : int
        Last epochs whose weights are averaged; 0 for none.
    """

    inputs: int
    per_class: int
    spikes: int
    bias: int
    rise: int
    late: int
    epochs: int
    batch: int
    potentiation: float
    depression: float
    decay: float
    margin: int
    rest: int
    conscience: float
    spread: int
    opening: float
    average: int = 0

    @property
    def neurons(self) -> int:
        """Neurons of all classes."""
        return self.per_class * CLASSES

    @property
    def steps(self) -> int:
        """Steps of a question."""
        return self.rise + self.late


def build(settings: Settings, seed: int = 0) -> Network:
    """Return the untrained network: random weights, all plastic."""
    rng = np.random.default_rng(seed)
    net = Network(inputs=settings.inputs, neurons=settings.neurons)
    shape = settings.inputs, settings.neurons
    weights = rng.integers(-settings.spread, settings.spread, shape, endpoint=True)
    net.connect(net.inputs, net.neurons, weights, plastic=True)
    net.neurons.set(threshold=settings.bias * settings.rise, bias=settings.bias, refractory_ms=REFRACTORY_MS)
    net.learn(
        stdp(
            math.inf, math.inf, settings.potentiation, settings.depression,
            accumulate=settings.spikes, bounds=(-LARGEST, LARGEST), seed=seed,
        )
    )  # fmt: skip
    return net


class Teacher:
    """Teacher: asks about images, and gives lessons where the right class does not lead.

    Parameters
    ----------
    device : Device
        Holds the network of `build`.
    settings : Settings
        Those of the network.

    Attributes
    ----------
    taught : int64 array [neurons]
        Lessons in which each neuron was the right one.
    rate : float
        Share of the full rate that lessons have from now on.
    """

    def __init__(self, device: Device, settings: Settings) -> None:
        self._device, self._settings = device, settings
        self._inquiry = Inquiry(device, settings.neurons, settings.steps)
        self.taught = np.zeros(settings.neurons, np.int64)
        self.rate = 1.0
        self._due = EventStream(0)
        self._kept = list[Ints]()

    def open(self, stimulus: NDArray[np.bool_], labels: Ints, rng: np.random.Generator) -> None:
        """Let each neuron gain one image of its class, if there is one, and some neuron of another class lose it."""
        neurons = np.arange(self._settings.neurons)
        every = [np.flatnonzero(labels == label) for label in range(CLASSES)]
        right = neurons[[every[j % CLASSES].size > 0 for j in neurons]]
        shown = stimulus[[rng.choice(every[j % CLASSES]) for j in right]]
        for _ in range(ROUNDS):
            # Classes go round, so a neuron some places further, but no multiple of ten, is of another class.
            wrong = (right + rng.integers(1, CLASSES) + CLASSES * rng.integers(self._settings.per_class)) % neurons.size
            stream = lessons(shown, right, wrong, self._settings.opening / ROUNDS)
            self._device.run(spikes=stream, counters=False)

    def teach(self, stimulus: NDArray[np.bool_], labels: Ints) -> NDArray[np.bool_]:
        """Give the lessons that are due, then ask about images; return which of them need a lesson, bool [n].

        Those lessons are due in the next call.
        """
        times = self._ask(stimulus)
        each = np.arange(len(times))
        of_class = (each, slice(None), labels)
        own = times.reshape(len(times), -1, CLASSES)[of_class]
        others = times.copy()
        others.reshape(len(times), -1, CLASSES)[of_class] = self._settings.steps + 1
        wrong = np.argmin(others, axis=1)
        called = others[each, wrong] - own.min(axis=1) < self._settings.margin
        right = [self._right(*pair) for pair in zip(own[called], labels[called].tolist(), strict=True)]
        if right:
            self._due = lessons(stimulus[called], np.array(right, np.int64), wrong[called], self.rate)
        return np.asarray(called)

    def keep(self, *, write_mean: bool) -> None:
        """Give the lessons that are due, and keep the weights; then write the mean of all that were kept, if asked."""
        self._device.run(spikes=self._due, counters=False)
        self._due = EventStream(0)
        self._kept.append(self._device.weights(units="chip"))
        if write_mean:
            self._device.set_weights(np.rint(np.mean(self._kept, axis=0)).astype(np.int64), units="chip")

    def answers(self, stimulus: NDArray[np.bool_]) -> Ints:
        """Return the class of the first neuron to fire for each image, int64 [n]; ties go to the lowest neuron.

        A chip that has reports, tallies and groups tells this neuron, and no spikes.
        """
        found = []
        for start in range(0, len(stimulus), BLOCK):
            due, self._due = self._due, EventStream(0)
            found.append(self._inquiry.first_neurons(due, stimulus[start : start + BLOCK]) % CLASSES)
        return np.concatenate(found)

    def _ask(self, stimulus: NDArray[np.bool_]) -> Ints:
        """Return the step of each neuron's first spike for each image, int64 [n, neurons]."""
        due, self._due = self._due, EventStream(0)
        return self._inquiry.first_spikes(due, stimulus)

    def _right(self, times: Ints, label: int) -> int:
        """Return the neuron of a class that gains an image, from the steps in which those of the class fire."""
        had = self.taught[label::CLASSES]
        chosen = int(np.argmin(times + self._settings.conscience * had))
        had[chosen] += 1
        return chosen * CLASSES + label


@followed("learning")
def learn(
    device: Device,
    samples: Samples,
    settings: Settings,
    *,
    seed: int = 0,
    curve: bool = False,
    progress: Wanted = None,
) -> Learned:
    """Teach a device classes, and test it.

    Parameters
    ----------
    device : Device
        The device; an untrained network is loaded first.
    samples : Samples
        Images to learn and to test.
    settings : Settings
        Network and hyperparameters.
    seed : int
        Seed of weights, order, copies and rounding.
    curve : bool
        Also ask the images to test after each epoch. The answers are shown, and nothing is chosen by them; but the
        steps that they take move the generator of stochastic rounding, so weights differ from those without.
    progress : callable or bool, optional
        Called with (epochs done, all epochs).
    """
    started = time.perf_counter()
    labels = samples.train_labels
    device.load(build(settings, seed))
    device.clear(counters=True)
    teacher = Teacher(device, settings)
    order_rng, copies_rng = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    if settings.opening:
        teacher.open(samples.train, labels, order_rng)
    due = np.zeros(len(labels), np.int64)
    predictions, accuracy = None, list[float]()
    for epoch in range(settings.epochs):
        teacher.rate = settings.decay ** (epoch / max(settings.epochs - 1, 1))
        stimulus = samples.of_epoch(copies_rng)
        order = order_rng.permutation(len(labels))
        order = order[due[order] <= epoch]
        for start in range(0, len(order), settings.batch):
            batch = order[start : start + settings.batch]
            called = teacher.teach(stimulus[batch], labels[batch])
            due[batch] = np.where(called, epoch + 1, epoch + 1 + settings.rest)
        if epoch >= settings.epochs - settings.average:
            teacher.keep(write_mean=epoch == settings.epochs - 1)
        if curve:
            predictions = teacher.answers(samples.test)
            accuracy.append(float(np.mean(predictions == samples.test_labels)))
        if callable(progress):
            progress(epoch + 1, settings.epochs)
    if predictions is None:
        predictions = teacher.answers(samples.test)
    taught = int(teacher.taught.sum())
    return Learned(
        predictions=predictions,
        labels=samples.test_labels,
        weights=device.weights(units="chip"),
        trained=len(labels),
        inputs=settings.inputs,
        neurons=settings.neurons,
        steps=settings.steps,
        names=np.arange(settings.neurons) % CLASSES,
        curve=accuracy,
        facts={"lessons": taught},
        summary=f"{len(labels)} images learned with {taught} lessons",
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )
