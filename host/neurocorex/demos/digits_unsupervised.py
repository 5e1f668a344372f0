"""Handwritten digits, sorted by the chip alone: 64 inputs, 96 neurons that compete, no teacher.

Neurons rise side by side (`neurocorex.demos.latency`); the first one to fire inhibits all others, and only its weights
change. All of this is one run of plain input spikes: the host decides nothing while the chip learns::

    step      0 to 3       4 to 51             52 to 55             56 to 59
              the image    first spike wins    the afterimage       silence

The afterimage is the image with dark and bright exchanged. Pixels that arrived before the winner's spike potentiate,
those that come after it depress, and soft bounds weigh one against the other: each weight moves towards the place
between the bounds that the brightness of its pixel has. So each neuron learns the mean of the images that it wins
(online k-means, with weights as centres). Every spike raises the threshold of its neuron a little and for long, so that
all neurons win some images: between images, only membranes, currents and traces are cleared.

Labels come afterwards: with weights and thresholds frozen, a neuron stands for the digit that it answers most often
among the training images.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..events.stream import EventStream
from ..image import Image
from ..learning import stdp
from ..network.network import Network
from ..quantiser.quantise import quantise
from ..spec import Clear, Control, CoreConfig, Learning, LearningFlag
from . import latency
from .latency import Ints
from .outcome import Learned

if TYPE_CHECKING:
    from ..device.device import Device

Progress = Callable[[int, int], None]

PIXELS, CLASSES, NEURONS = 64, 10, 96
#: Spikes of a white pixel, and steps that an image takes to arrive.
SPIKES = 4
#: Step in which the afterimage begins, and steps of all.
AFTERIMAGE, STEPS = 52, 60
#: A weight of the chip counts this much, so that thresholds have room to fade by less than a weight.
UNIT = 4
#: Largest weight.
BOUND = 127 * UNIT
#: A spike acts on the membrane for many steps, 16 times as much in all: thresholds and bias are as much finer.
CURRENT_DECAY = 1 / 16
FINE = 16 * UNIT
BIAS, THRESHOLD = 128 * FINE, 4096 * FINE
INHIBITION = -128 * 128
#: The finest fading there is: a 65536th in each step.
ADAPTATION_MS = 65535.5

LEARNING = LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.SOFT


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that the outcome depends on, beside data and seed. Chosen by cross-validation on the training images.

    Attributes
    ----------
    epochs : int
        Passes over the images.
    rate : float
        Largest change of a weight by one spike of its pixel, in units of the weight, in the first epoch.
    decay : float
        What is left of that in the last epoch; it falls by the same factor each epoch.
    fatigue : int
        How much a spike raises the threshold of its neuron, in units of the weight.
    """

    epochs: int = 8
    rate: float = 12.0
    decay: float = 0.125
    fatigue: int = 300


@dataclass(frozen=True, kw_only=True)
class UnsupervisedResult(Learned):
    """What was learned; there is no answer where no neuron with a digit fired.

    Attributes
    ----------
    digits : int64 array [96]
        What each neuron stands for; -1 if it never answers.
    winners : float
        Neurons that fire for a training image, on average.
    """

    digits: Ints
    winners: float


def build(seed: int = 0, settings: Settings | None = None) -> Image:
    """Return the network before it has learned: random weights."""
    settings = settings or Settings()
    rng = np.random.default_rng(seed)
    net = Network(inputs=PIXELS, neurons=NEURONS)
    net.connect(net.inputs, net.neurons, UNIT * rng.integers(-63, 63, (PIXELS, NEURONS)), plastic=True)
    net.connect(net.neurons, net.neurons, INHIBITION * (1 - np.eye(NEURONS, dtype=np.int64)))
    net.neurons.set(threshold=THRESHOLD, bias=BIAS, decay_syn=CURRENT_DECAY, refractory_ms=255)
    net.adaptation(step=settings.fatigue * FINE, tau_ms=ADAPTATION_MS)
    change = settings.rate * UNIT
    net.learn(
        stdp(
            math.inf, math.inf, change, -change, accumulate=SPIKES, bounds=(-BOUND, BOUND), soft=True, seed=seed
        )
    )  # fmt: skip
    config = CoreConfig(neurons=NEURONS, inputs=PIXELS, state_bits=24, learning=Learning.EXPONENTIAL, soft_bounds=True)
    return quantise(net, config)[0]


def lesson(stimulus: NDArray[np.bool_], rate: float) -> EventStream:
    """Show images [n, 4, 64] and their afterimages, and let the network learn at a share of the full rate."""
    shown = latency.exposure(np.concatenate([stimulus, _gap(stimulus), ~stimulus], axis=1), STEPS)
    return (
        shown.setting(0, Control.LEARNING, LEARNING)
        .setting(0, Control.MODULATION, round(rate * 256))
        .clearing(np.arange(len(stimulus)) * STEPS, Clear.STATE | Clear.TRACES)
    )


def _gap(stimulus: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.zeros((len(stimulus), AFTERIMAGE - SPIKES, PIXELS), np.bool_)


def questions(stimulus: NDArray[np.bool_]) -> EventStream:
    """Show images [n, 4, 64] with weights and thresholds as they are."""
    stream = latency.exposure(stimulus, AFTERIMAGE)
    for register in (Control.LEARNING, Control.ADAPTATION_STEP, Control.ADAPTATION_DECAY):
        stream = stream.setting(0, register, 0)
    return stream.clearing(np.arange(len(stimulus)) * AFTERIMAGE, Clear.STATE | Clear.TRACES)


def winners(device: Device, stimulus: NDArray[np.bool_]) -> Ints:
    """Neurons that fire first, of several at once the lowest; -1 where none does; int64 [n]."""
    result = device.run(spikes=questions(stimulus))
    first = latency.first_spikes(result, images=len(stimulus), steps=AFTERIMAGE)
    return np.where(first.min(axis=1) < AFTERIMAGE, np.argmin(first, axis=1), -1)


def digits_of(neurons: Ints, labels: Ints) -> Ints:
    """Digit that each neuron answers most often, the lowest of several, -1 if none; int64 [96]."""
    votes = np.zeros((NEURONS, CLASSES), np.int64)
    answered = neurons >= 0
    np.add.at(votes, (neurons[answered], labels[answered]), 1)
    return np.where(votes.any(axis=1), np.argmax(votes, axis=1), -1)


def sort(
    device: Device,
    train_x: Ints,
    train_y: Ints,
    test_x: Ints,
    test_y: Ints,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> UnsupervisedResult:
    """Let a device learn training images [n, 64] (0 to 16), name its neurons, and let it answer test images.

    `train_y` is not looked at before the neurons are named; `progress` is called with (epochs done, all epochs).
    """
    settings = settings or Settings()
    started = time.perf_counter()
    device.load(build(seed, settings))
    device.clear(counters=True)
    stimulus = latency.encoded(train_x, SPIKES)
    rng = np.random.default_rng([seed, 1])
    spikes = 0
    for epoch in range(settings.epochs):
        rate = settings.decay ** (epoch / max(settings.epochs - 1, 1))
        result = device.run(spikes=lesson(stimulus[rng.permutation(len(stimulus))], rate))
        spikes += result.spike_times.size
        if progress is not None:
            progress(epoch + 1, settings.epochs)
    digits = digits_of(winners(device, stimulus), train_y)
    answers = winners(device, latency.encoded(test_x, SPIKES))
    return UnsupervisedResult(
        predictions=np.where(answers >= 0, digits[answers], -1),
        labels=test_y,
        digits=digits,
        weights=device.weights(),
        winners=spikes / (settings.epochs * len(stimulus)),
        trained=len(train_y),
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )


def learn(
    device: Device, *, seed: int = 0, images: int | None = None, progress: Progress | None = None
) -> UnsupervisedResult:
    """Let a device sort the training images, or the first `images` of them, and then test images.

    Raises
    ------
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    from .digits import load_data

    train_x, train_y, test_x, test_y = (table[:images] for table in load_data())
    return sort(device, train_x, train_y, test_x, test_y, seed=seed, progress=progress)
