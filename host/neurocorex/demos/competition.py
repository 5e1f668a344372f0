"""Competition: neurons that learn classes by STDP without a teacher, and get their names afterwards.

All membranes rise at the same rate (`neurocorex.demos.latency`). The first neuron to fire inhibits all others, and only
its weights change. This is one run of plain input spikes: the host decides nothing while the chip learns. Here of an
image that arrives in four steps, with a winner by step 51::

    step      0 to 3       4 to 51             52 to 55             56 to 59
              the image    first spike wins    the afterimage       silence

The afterimage is the image with dark and bright exchanged. Spikes before the winner's spike potentiate, spikes after
it depress, and the bounds are soft. So each weight moves towards the point between the bounds that matches the
brightness of its pixel, and each neuron learns the mean of the images that it wins (online k-means, with weights as
centres). Every spike raises the threshold of its neuron a little for a long time, so that all neurons win some
images. Between images only membranes, currents and traces are cleared.

An opening can come before: each neuron is forced to fire between one of the images and its afterimage, so that it
begins near this image, whatever its class. Without it some neurons may never win.

Neurons get labels after learning: with weights and thresholds frozen, each stands for the class that it answers most
often among the training images.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..events.stream import EventStream
from ..image import Image
from ..learning import stdp
from ..network.network import Network
from ..progress import Wanted, followed
from ..quantiser.quantise import quantise
from ..spec import Clear, Control, CoreConfig, Learning, LearningFlag
from . import latency
from .answers import CLASSES, Learned
from .latency import Ints
from .samples import Samples

if TYPE_CHECKING:
    from ..device.device import Device


#: Units of the chip in one unit of weight, so that a threshold can decay by less than a weight.
UNIT = 4
#: Largest weight, and largest initial one, in units of weight.
LARGEST, INITIAL = 127, 63
#: The synaptic current decays slowly, so a spike adds 16 times its weight in all; thresholds and bias are scaled alike.
CURRENT_DECAY = 1 / 16
FINE = 16 * UNIT
INHIBITION = -128 * 128
#: Silent steps after the afterimage.
SILENCE = 4
#: Slowest decay of the chip: 1/65536 in each step.
ADAPTATION_MS = 65535.5
#: Images of a run: more need more memory, and not less time.
BLOCK = 1000

LEARNING = LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.SOFT
KEPT_APART = Clear.STATE | Clear.TRACES


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Size of the network, and hyperparameters.

    Attributes
    ----------
    inputs, neurons : int
        Pixels of an image, and neurons that compete.
    spikes : int
        Spikes of a white pixel, and so the steps in which an image arrives.
    bias : int
        Rise of all membranes in a step, in units of weight.
    rise, late : int
        Steps in which a neuron fires that the image drives neither way, and further steps before the afterimage.
    epochs : int
        Passes over the images.
    rate : float
        Largest change of a weight for one spike of its pixel, in units of the weight, in the first epoch.
    decay : float
        Rate of the last epoch as a share of the first; it falls by the same factor each epoch.
    fatigue : int
        Rise of the threshold for each spike of the neuron, in units of the weight.
    opening : float
        Rate of the opening as a share of the full rate; 0 for none.
    named_only : bool
        Whether the first neuron that stands for a class gives the answer, though others may fire before it. Otherwise
        there is no answer if the first neuron stands for none.
    """

    inputs: int
    neurons: int
    spikes: int
    bias: int
    rise: int
    late: int
    epochs: int
    rate: float
    decay: float
    fatigue: int
    opening: float
    named_only: bool

    @property
    def afterimage(self) -> int:
        """Step in which the afterimage begins; steps of a question."""
        return self.rise + self.late

    @property
    def steps(self) -> int:
        """Steps of an image that is learned."""
        return self.afterimage + self.spikes + SILENCE


def build(settings: Settings, seed: int = 0) -> Image:
    """Return the untrained network: random plastic weights, and all-to-all inhibition."""
    rng = np.random.default_rng(seed)
    inputs, neurons = settings.inputs, settings.neurons
    net = Network(inputs=inputs, neurons=neurons)
    net.connect(net.inputs, net.neurons, UNIT * rng.integers(-INITIAL, INITIAL, (inputs, neurons)), plastic=True)
    net.connect(net.neurons, net.neurons, INHIBITION * (1 - np.eye(neurons, dtype=np.int64)))
    bias = settings.bias * FINE
    net.neurons.set(threshold=bias * settings.rise, bias=bias, decay_syn=CURRENT_DECAY, refractory_ms=255)
    net.adaptation(step=settings.fatigue * FINE, tau_ms=ADAPTATION_MS)
    change, bound = settings.rate * UNIT, LARGEST * UNIT
    net.learn(
        stdp(
            math.inf, math.inf, change, -change,
            accumulate=settings.spikes, bounds=(-bound, bound), soft=True, seed=seed,
        )
    )  # fmt: skip
    config = CoreConfig(neurons=neurons, inputs=inputs, state_bits=24, learning=Learning.EXPONENTIAL, soft_bounds=True)
    return quantise(net, config)[0]


def lesson(stimulus: NDArray[np.bool_], settings: Settings, rate: float) -> EventStream:
    """Return the stimulus that teaches images, bool [n, spikes, inputs], at a share `rate` of the full rate."""
    gap = settings.afterimage - settings.spikes
    shown = latency.exposure(np.concatenate([stimulus, ~stimulus], axis=1), settings.steps, gap=gap)
    return (
        shown.setting(0, Control.LEARNING, LEARNING)
        .setting(0, Control.MODULATION, round(rate * 256))
        .clearing(np.arange(len(stimulus)) * settings.steps, KEPT_APART)
    )


def opening(stimulus: NDArray[np.bool_], settings: Settings) -> EventStream:
    """Return the stimulus in which the first neurons are forced to fire, each for one of images, in their order."""
    steps = 2 * settings.spikes + 1
    shown = latency.exposure(np.concatenate([stimulus, ~stimulus], axis=1), steps, gap=1)
    neurons = np.arange(len(stimulus))
    forced = EventStream(
        shown.steps, shown.event_step, shown.event_index,
        neurons * steps + settings.spikes, neurons, np.zeros_like(neurons), np.ones_like(neurons),
    )  # fmt: skip
    return (
        forced.setting(0, Control.LEARNING, LEARNING)
        .setting(0, Control.MODULATION, round(settings.opening * 256))
        .setting(0, Control.ADAPTATION_STEP, 0)
        .clearing(neurons * steps, KEPT_APART)
    )


def questions(stimulus: NDArray[np.bool_], settings: Settings) -> EventStream:
    """Return the stimulus that shows images, bool [n, spikes, inputs], with frozen weights and thresholds."""
    stream = latency.exposure(stimulus, settings.afterimage)
    for register in (Control.LEARNING, Control.ADAPTATION_STEP, Control.ADAPTATION_DECAY):
        stream = stream.setting(0, register, 0)
    return stream.clearing(np.arange(len(stimulus)) * settings.afterimage, KEPT_APART)


def winners(device: Device, stimulus: NDArray[np.bool_], settings: Settings, among: Ints | None = None) -> Ints:
    """Return the first neuron to fire for each image, int64 [n]; ties go to the lowest, -1 where none fires.

    With `among`, numbers of neurons in rising order, the first of these.
    """
    found = []
    for block in _blocks(stimulus):
        result = device.run(spikes=questions(block, settings), counters=False)
        first = latency.first_spikes(result, images=len(block), steps=settings.afterimage)
        found.append(_winners(first, settings.afterimage, np.arange(settings.neurons) if among is None else among))
    return np.concatenate(found)


def _winners(first: Ints, steps: int, among: Ints) -> Ints:
    if not among.size:
        return np.full(len(first), -1)
    times = first[:, among]
    return np.where(times.min(axis=1) < steps, among[np.argmin(times, axis=1)], -1)


def _blocks(stimulus: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    return [stimulus[start : start + BLOCK] for start in range(0, len(stimulus), BLOCK)]


def classes_of(neurons: Ints, labels: Ints, count: int) -> Ints:
    """Return the class that each of `count` neurons answers most often, int64; ties go to the lowest, -1 if none."""
    votes = np.zeros((count, CLASSES), np.int64)
    answered = neurons >= 0
    np.add.at(votes, (neurons[answered], labels[answered]), 1)
    return np.where(votes.any(axis=1), np.argmax(votes, axis=1), -1)


def answers(device: Device, stimulus: NDArray[np.bool_], settings: Settings, classes: Ints) -> Ints:
    """Return the class that each image gets, int64 [n], from the classes of the neurons; -1 if none."""
    found = winners(device, stimulus, settings, np.flatnonzero(classes >= 0) if settings.named_only else None)
    return np.where(found >= 0, classes[found], -1)


def _epoch(device: Device, stimulus: NDArray[np.bool_], settings: Settings, rate: float) -> tuple[Ints, int]:
    """Let a device learn images once; return the winner of each, and the number of spikes."""
    found, spikes = [], 0
    every = np.arange(settings.neurons)
    for block in _blocks(stimulus):
        result = device.run(spikes=lesson(block, settings, rate), counters=False)
        first = latency.first_spikes(result, images=len(block), steps=settings.steps)
        found.append(_winners(first, settings.afterimage, every))
        spikes += result.spike_times.size
    return np.concatenate(found), spikes


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
    """Let a device learn images, label its neurons, and test it.

    Parameters
    ----------
    device : Device
        The device; an untrained network is loaded first.
    samples : Samples
        Images to learn and to test. Labels of those to learn are used only to label the neurons.
    settings : Settings
        Network and hyperparameters.
    seed : int
        Seed of weights, order, copies and rounding.
    curve : bool
        Also ask the images to test after each epoch; each neuron then stands for the class of most images that it won
        in this epoch. The answers are shown, and nothing is chosen by them; but the steps that they take move the
        generator of stochastic rounding, so weights differ from those without.
    progress : callable or bool, optional
        Called with (epochs done, all epochs).

    Returns
    -------
    Learned
        An answer is -1 where no neuron with a label fired. Facts are `used` (neurons with a label), `digits` (the
        labels, -1 if none), and `winners_per_image` (neurons that fire for a training image, on average).
    """
    started = time.perf_counter()
    labels, count = samples.train_labels, len(samples.train_labels)
    device.load(build(settings, seed))
    device.clear(counters=True)
    order_rng, copies_rng = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    spikes, accuracy = 0, list[float]()
    if settings.opening:
        # There may be more neurons than images.
        begun = samples.train[order_rng.permutation(count)[np.arange(settings.neurons) % count]]
        device.run(spikes=opening(begun, settings), counters=False)
    for epoch in range(settings.epochs):
        rate = settings.decay ** (epoch / max(settings.epochs - 1, 1))
        order = order_rng.permutation(count)
        won, fired = _epoch(device, samples.of_epoch(copies_rng)[order], settings, rate)
        spikes += fired
        if curve:
            now = answers(device, samples.test, settings, classes_of(won, labels[order], settings.neurons))
            accuracy.append(float(np.mean(now == samples.test_labels)))
        if callable(progress):
            progress(epoch + 1, settings.epochs)
    classes = classes_of(winners(device, samples.train, settings), labels, settings.neurons)
    predictions = answers(device, samples.test, settings, classes)
    used = int((classes >= 0).sum())
    return Learned(
        predictions=predictions,
        labels=samples.test_labels,
        weights=device.weights(units="chip"),
        trained=count,
        inputs=settings.inputs,
        neurons=settings.neurons,
        steps=settings.steps,
        names=classes,
        curve=accuracy,
        facts={"used": used, "digits": classes, "winners_per_image": spikes / (settings.epochs * count)},
        summary=f"{count} images learned, {used} of {settings.neurons} neurons stand for a digit",
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )
