"""Lessons without a host in the loop: the chip finds the winner, judges it, and learns, from images and labels alone.

The way of learning is that of `neurocorex.demos.teacher`, where the host reads who fired first, and says who learns.
Here the chip keeps the first neuron to fire, of all and of each class (`Network.judge`). The host sends one stream of
images and labels and reads nothing that it would act by. A lesson::

    step   0             the image arrives, and all membranes rise; the label holds its class back by the margin
           ...           the first neuron to fire is the winner; it holds back all others
           race          only the class of the label may fire from now on; its conscience arrives
           ...           its first neuron to fire is the one that learns
           race + second judgement: if the winner is of another class it loses the image, and that neuron gains it
           + 2           conscience: the same judgement with the sign turned, and spikes of the labels' inputs alone

So the winner loses if the right class does not lead by the margin, and the neuron that gains is the fastest of its
class, where lessons that it has had count as a delay. That is the conscience: without it a few neurons would take all
lessons. It is held in the weights of ten inputs, each onto the neurons of one class, which take no part in a question.
A neuron that gained an image loses weight there, a winner that was wrong gains some.

The neuron that fires first gives the answer (`neurocorex.demos.latency`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..events.changing import silent_bits
from ..events.stream import EventStream
from ..progress import Wanted, followed
from ..spec import Clear, Control
from ..spec.registers import MODULATION_ONE
from . import latency
from .answers import CLASSES, Learned
from .judged_network import TURN, Settings, build, image
from .latency import Ints
from .samples import Samples, Spikes

if TYPE_CHECKING:
    from ..device.device import Device

__all__ = ["DIGITS", "MNIST", "WARP", "Settings", "answers", "build", "digits", "learn", "lessons", "questions"]


#: Images of a run: more need more memory, and not less time.
BLOCK = 1000
#: Length of a normed image of digits as a vector of pixels of 0 to 1.
LENGTH = 4.5
#: Chosen by cross-validation on the images to learn, with the equations of the lesson in NumPy.
DIGITS = Settings(inputs=64, spikes=8, epochs=40, rate=0.125, turns=22.6)
#: For images of MNIST in 14 x 14 pixels, upright and normed; and the strength of the warps of their copies.
MNIST = Settings(inputs=196, spikes=4, epochs=20, rate=0.25, turns=11.3, late=0.25)
WARP = 0.4


def digits(limit: int | None = None) -> Samples:
    """Return the digits of scikit-learn as spikes, all images of one length as vectors.

    Parameters
    ----------
    limit : int, optional
        Only the first images of either kind, so many at most.

    Raises
    ------
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    from .digits import load_data

    train_x, train_y, test_x, test_y = (table[:limit] for table in load_data())
    train, test = (_normed(images) for images in (train_x, test_x))
    return Samples(train=train, train_labels=train_y, test=test, test_labels=test_y)


def _normed(images: Ints) -> Spikes:
    pixels = images / latency.WHITE
    pixels = pixels * (LENGTH / np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1e-9))
    return latency.encoded(np.clip(pixels, 0, 1), DIGITS.spikes, white=1)


def questions(stimulus: Spikes, settings: Settings) -> EventStream:
    """Return the stimulus that shows images, bool [n, spikes, inputs]; nothing learns from it."""
    return latency.exposure(stimulus, settings.race).clearing(np.arange(len(stimulus)) * settings.race)


def lessons(stimulus: Spikes, labels: Ints, settings: Settings, share: float = 1.0) -> EventStream:
    """Return the stimulus that teaches images, bool [n, spikes, inputs], of classes [n], at a share of all rates."""
    start = np.arange(len(labels)) * settings.steps
    judged, turned = start + settings.judged, start + settings.steps - 1
    others = [silent_bits(set(range(1, CLASSES + 1)) - {label + 1}) for label in range(CLASSES)]
    stream = latency.exposure(_with_labels(stimulus, labels, settings), settings.steps)
    return (
        stream.clearing(start)
        .setting(start, Control.SILENT, 0)
        .setting(start, Control.MODULATION, round(share * MODULATION_ONE))
        .clearing(start + settings.race, Clear.STATE | Clear.TRACES)
        .setting(start + settings.race, Control.SILENT, np.array(others)[labels])
        .judging(np.sort(np.concatenate([judged, turned])), np.repeat(labels + 1, 2))
        .learning(np.concatenate([judged, turned]))
        .clearing(judged + 1, Clear.TRACES)
        .setting(judged + 1, Control.MODULATION, -round(share * settings.turns * MODULATION_ONE))
    )


def _with_labels(stimulus: Spikes, labels: Ints, settings: Settings) -> Spikes:
    """Return all spikes of lessons, bool [n, steps, inputs]: those of images, and those of the inputs of labels."""
    count, spikes, pixels = stimulus.shape
    table = np.zeros((count, settings.steps, pixels + 2 * CLASSES), np.bool_)
    table[:, :spikes, :pixels] = table[:, settings.race : settings.race + spikes, :pixels] = stimulus
    each = np.arange(count)
    back, turn = pixels + labels, pixels + CLASSES + labels
    table[each, : settings.margin, back] = True
    table[each, settings.race : settings.race + TURN, turn] = True
    # Once of all, and once more of the label.
    table[:, -2, pixels + CLASSES :] = True
    table[each, -1, turn] = True
    return table


def answers(device: Device, stimulus: Spikes, settings: Settings) -> Ints:
    """Return the class of the first neuron to fire for each image, int64 [n]; ties go to the lowest neuron."""
    found = []
    for start in range(0, len(stimulus), BLOCK):
        block = stimulus[start : start + BLOCK]
        result = device.run(spikes=questions(block, settings), counters=False)
        first = latency.first_spikes(result, images=len(block), steps=settings.race)
        found.append(np.argmin(first, axis=1) % CLASSES)
    return np.concatenate(found)


@followed("learning")
def learn(device: Device, samples: Samples, settings: Settings, *, seed: int = 0, progress: Wanted = None) -> Learned:
    """Let a device learn from a stream of images and labels, and test it after each epoch.

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
    progress : callable or bool, optional
        Called with (epochs done, all epochs).
    """
    started = time.perf_counter()
    labels = samples.train_labels
    device.load(image(settings, seed))
    device.clear(counters=True)
    order_rng, copies_rng = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    predictions = answers(device, samples.test, settings)
    untrained, curve = float(np.mean(predictions == samples.test_labels)), list[float]()
    for epoch in range(settings.epochs):
        stimulus, order = samples.of_epoch(copies_rng), order_rng.permutation(len(labels))
        for start in range(0, len(order), BLOCK):
            block = order[start : start + BLOCK]
            stream = lessons(stimulus[block], labels[block], settings, settings.share(epoch))
            device.run(spikes=stream, record=(), counters=False)
        predictions = answers(device, samples.test, settings)
        curve.append(float(np.mean(predictions == samples.test_labels)))
        if callable(progress):
            progress(epoch + 1, settings.epochs)
    return Learned(
        predictions=predictions,
        labels=samples.test_labels,
        weights=device.weights(units="chip"),
        trained=len(labels),
        inputs=settings.inputs,
        neurons=settings.neurons,
        steps=settings.steps,
        names=np.arange(settings.neurons) % CLASSES,
        curve=curve,
        facts={"untrained": untrained, "lesson_steps": settings.steps, "question_steps": settings.race},
        summary=f"{len(labels)} images learned {settings.epochs} times, in {settings.steps} steps each, without a host "
        f"in the loop; untrained: {untrained:.2%} right",
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )
