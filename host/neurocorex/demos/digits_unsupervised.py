"""Digits learned by STDP on the chip, without a teacher: 64 inputs, 96 neurons that compete.

All membranes rise at the same rate (`neurocorex.demos.latency`). The first neuron to fire inhibits all others, and only
its weights change. This is one run of plain input spikes: the host decides nothing while the chip learns::

    step      0 to 3       4 to 51             52 to 55             56 to 59
              the image    first spike wins    the afterimage       silence

The afterimage is the image with dark and bright exchanged. Spikes before the winner's spike potentiate, spikes after
it depress, and the bounds are soft. So each weight moves towards the point between the bounds that matches the
brightness of its pixel, and each neuron learns the mean of the images that it wins (online k-means, with weights as
centres). Every spike raises the threshold of its neuron a little for a long time, so that all neurons win some
images. Between images only membranes, currents and traces are cleared.

Neurons get labels after learning: with weights and thresholds frozen, each stands for the digit that it answers most
often among the training images.
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
from .answers import Learned
from .latency import Ints

if TYPE_CHECKING:
    from ..device.device import Device

Progress = Callable[[int, int], None]

PIXELS, CLASSES, NEURONS = 64, 10, 96
#: Spikes of a white pixel, and so the steps in which an image arrives.
SPIKES = 4
#: Step in which the afterimage begins, and steps of an image in all.
AFTERIMAGE, STEPS = 52, 60
#: Units of the chip in one unit of weight, so that a threshold can decay by less than a weight.
UNIT = 4
#: Largest weight.
BOUND = 127 * UNIT
#: The synaptic current decays slowly, so a spike adds 16 times its weight in all; thresholds and bias are scaled alike.
CURRENT_DECAY = 1 / 16
FINE = 16 * UNIT
BIAS, THRESHOLD = 128 * FINE, 4096 * FINE
INHIBITION = -128 * 128
#: Slowest decay of the chip: 1/65536 in each step.
ADAPTATION_MS = 65535.5

LEARNING = LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.SOFT


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyperparameters, chosen by cross-validation on the training images.

    Attributes
    ----------
    epochs : int
        Passes over the images.
    rate : float
        Largest change of a weight for one spike of its pixel, in units of the weight, in the first epoch.
    decay : float
        Rate of the last epoch as a share of the first; it falls by the same factor each epoch.
    fatigue : int
        Rise of the threshold for each spike of the neuron, in units of the weight.
    """

    epochs: int = 8
    rate: float = 12.0
    decay: float = 0.125
    fatigue: int = 300


def build(seed: int = 0, settings: Settings | None = None) -> Image:
    """Return the untrained network: random plastic weights, and all-to-all inhibition."""
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
    """Return the stimulus that teaches images, bool [n, 4, 64], at a share `rate` of the full rate."""
    shown = latency.exposure(np.concatenate([stimulus, _gap(stimulus), ~stimulus], axis=1), STEPS)
    return (
        shown.setting(0, Control.LEARNING, LEARNING)
        .setting(0, Control.MODULATION, round(rate * 256))
        .clearing(np.arange(len(stimulus)) * STEPS, Clear.STATE | Clear.TRACES)
    )


def _gap(stimulus: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.zeros((len(stimulus), AFTERIMAGE - SPIKES, PIXELS), np.bool_)


def questions(stimulus: NDArray[np.bool_]) -> EventStream:
    """Return the stimulus that shows images, bool [n, 4, 64], with frozen weights and thresholds."""
    stream = latency.exposure(stimulus, AFTERIMAGE)
    for register in (Control.LEARNING, Control.ADAPTATION_STEP, Control.ADAPTATION_DECAY):
        stream = stream.setting(0, register, 0)
    return stream.clearing(np.arange(len(stimulus)) * AFTERIMAGE, Clear.STATE | Clear.TRACES)


def winners(device: Device, stimulus: NDArray[np.bool_]) -> Ints:
    """Return the first neuron to fire for each image, int64 [n]; ties go to the lowest, -1 where none fires."""
    result = device.run(spikes=questions(stimulus))
    first = latency.first_spikes(result, images=len(stimulus), steps=AFTERIMAGE)
    return np.where(first.min(axis=1) < AFTERIMAGE, np.argmin(first, axis=1), -1)


def digits_of(neurons: Ints, labels: Ints) -> Ints:
    """Return the digit that each neuron answers most often, int64 [96]; ties go to the lowest, -1 if none."""
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
) -> Learned:
    """Let a device learn training images [n, 64] of 0 to 16, label its neurons, and test it.

    `train_y` is used only to label the neurons. `progress` is called with (epochs done, all epochs). An answer is -1
    where no neuron with a label fired. Facts are `used` (neurons with a label), `digits` (the labels, -1 if none), and
    `winners_per_image` (neurons that fire for a training image, on average).
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
    used = int((digits >= 0).sum())
    return Learned(
        predictions=np.where(answers >= 0, digits[answers], -1),
        labels=test_y,
        weights=device.weights(units="chip"),
        trained=len(train_y),
        facts={"used": used, "digits": digits, "winners_per_image": spikes / (settings.epochs * len(stimulus))},
        summary=f"{len(train_y)} images learned, {used} of {NEURONS} neurons stand for a digit",
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )


def learn(device: Device, *, seed: int = 0, images: int | None = None, progress: Progress | None = None) -> Learned:
    """Let a device learn the training images without a teacher, and test it; `images` limits both sets.

    Raises
    ------
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    from .digits import load_data

    train_x, train_y, test_x, test_y = (table[:images] for table in load_data())
    return sort(device, train_x, train_y, test_x, test_y, seed=seed, progress=progress)
