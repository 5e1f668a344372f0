"""Hidden layer learned on the chip by errors, without a host in the loop; without hidden neurons, the delta rule.

A lesson is a piece of a stream of spikes: an image in 16 steps, the label of its class as one event, LEARN at the end,
and a clear. The host sends image after image and reads nothing that it would act by. Here with hidden neurons, where
each layer is a step later than the one before::

    step      0              0 to 15       1 to 16           17
              clear, label   the image     hidden spikes     last spikes of outputs
                                           arrive            arrive; LEARN

What a neuron did wrong gathers in its error E, by feedback axons:

- A spike of output k takes `UNIT` from its own E, and B[k][h] from that of each hidden neuron h.
- The label of class k adds `Settings.target` times as much.

So E of an output is `UNIT` times the spikes that it should have fired, less those that it did: the delta rule (Widrow
and Hoff 1960). E of a hidden neuron is the same error through random weights B that never change: feedback alignment
(Lillicrap et al. 2016), directly from the outputs (Nøkland 2016). At LEARN a weight changes by the spikes of its axon
times E of its neuron. A hidden neuron learns only while its membrane is between minus and plus its threshold:
elsewhere a small change of its weights would change none of its spikes.

With one spike a pixel (`Settings.code`) a bright pixel is early instead of frequent. Its current stays on, so a hidden
neuron gets its weight once in each step that is left. What a trace rises by is set in each step and falls in the same
way. So a trace still says how bright a pixel was, and early spikes of hidden neurons count for more than late ones. Two
more steps follow the image.

The answer is the output with the most spikes; a tie goes to the one that had them first, then to the lowest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..events.stream import EventStream
from ..progress import Wanted, followed
from ..spec import Control, Region
from ..spec.registers import MODULATION_ONE
from . import latency
from .answers import CLASSES, Learned
from .digits import classify
from .hidden_effort import Effort
from .hidden_network import (
    DELTA,
    DIGITS,
    DIGITS_ONCE,
    MNIST,
    MNIST_ONCE,
    SPIKES,
    UNIT,
    Settings,
    build,
    thresholds,
)
from .latency import Ints
from .samples import Samples, Spikes

if TYPE_CHECKING:
    from ..device.device import Device
    from ..device.result import Result

__all__ = [
    "DELTA", "DIGITS", "DIGITS_ONCE", "MNIST", "MNIST_ONCE", "SPIKES", "UNIT", "Beside", "Lessons", "Settings",
    "answers_of", "build", "learn", "lessons", "questions", "thresholds",
]  # fmt: skip


#: Images of a run: more need more memory, and not less time.
BLOCK = 1000


def questions(stimulus: Spikes, settings: Settings) -> EventStream:
    """Return the stimulus that shows images, bool [n, spikes, inputs]; nothing learns from it."""
    return latency.exposure(stimulus, settings.steps).clearing(np.arange(len(stimulus)) * settings.steps)


def lessons(stimulus: Spikes, labels: Ints, settings: Settings, share: float = 1.0, *, rise: int = 0) -> EventStream:
    """Return the stimulus that teaches images, bool [n, spikes, inputs], at a share of the full rate.

    With one spike a pixel it also sets what a trace rises by in each step; `rise` is that in the first,
    `PRE_INCREMENT` of the network on its chip.
    """
    told = np.zeros((*stimulus.shape[:2], CLASSES), np.bool_)
    told[np.arange(len(labels)), 0, labels] = True
    shown = questions(np.concatenate([stimulus, told], axis=2), settings)
    ends = np.arange(1, len(stimulus) + 1) * settings.steps - 1
    taught = shown.setting(0, Control.MODULATION, round(share * MODULATION_ONE)).learning(ends)
    if not settings.way.once:
        return taught
    rises = np.rint(rise * settings.way.rises(settings.steps)).astype(np.int64)
    return taught.setting(np.arange(taught.steps), Control.PRE_INCREMENT, np.tile(rises, len(stimulus)))


def answers_of(result: Result, settings: Settings) -> Ints:
    """Return the class of each image of a run, int64 [images]; see `digits.classify`."""
    spikes = result.spikes.reshape(-1, settings.steps, result.neurons)
    return classify(spikes[:, :, settings.hidden : settings.neurons])


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What a network has learned, beside what one with a frozen hidden layer has.

    Attributes
    ----------
    learned : Learned
        With every layer learning.
    frozen : Learned, optional
        With hidden neurons that kept their first weights, if that was tried.
    """

    learned: Learned
    frozen: Learned | None = None

    @property
    def weights(self) -> Ints:
        """Weights of both, int array [1 or 2, inputs + neurons, neurons]."""
        return np.stack([each.weights for each in (self.learned, self.frozen) if each is not None])


class Lessons:
    """Lessons and questions for a device that holds the network of `build`.

    Parameters
    ----------
    device : Device
        The device.
    settings : Settings
        Those of the network.
    """

    def __init__(self, device: Device, settings: Settings) -> None:
        self._device, self._settings = device, settings
        self._rise = int(device.read(Region.CONTROL)[Control.PRE_INCREMENT])

    def teach(self, stimulus: Spikes, labels: Ints, share: float, *, watched: bool = False) -> Ints:
        """Teach images in their order, at a share of the full rate.

        Return the answers, int64 [n], that the outputs gave before they learned the image; -1 if they are not watched,
        and then the device sends nothing.
        """
        blocks = _blocks(stimulus)
        streams = (lessons(stimulus[block], labels[block], self._settings, share, rise=self._rise) for block in blocks)
        results = [self._run(stream, watched=watched) for stream in streams]
        if not watched:
            return np.full(len(labels), -1)
        return np.concatenate([answers_of(result, self._settings) for result in results])

    def answers(self, stimulus: Spikes) -> Ints:
        """Return the class of each image, int64 [n]."""
        results = (self._run(questions(stimulus[block], self._settings), watched=True) for block in _blocks(stimulus))
        return np.concatenate([answers_of(result, self._settings) for result in results])

    def _run(self, stream: EventStream, *, watched: bool) -> Result:
        outputs = np.arange(self._settings.hidden, self._settings.neurons)
        return self._device.run(spikes=stream, record={"spikes": outputs} if watched else {}, counters=False)


def _blocks(stimulus: Spikes) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, len(stimulus), BLOCK)]


@followed("learning")
def learn(
    device: Device,
    samples: Samples,
    settings: Settings,
    *,
    seed: int = 0,
    frozen: bool = False,
    curve: bool = False,
    progress: Wanted = None,
) -> Learned:
    """Teach a device classes, and test it.

    Parameters
    ----------
    device : Device
        The device; an untrained network is loaded first.
    samples : Samples
        Images to learn and to test, in `SPIKES` steps, by the code of the settings.
    settings : Settings
        Network and hyperparameters.
    seed : int
        Seed of weights, order, copies and rounding.
    frozen : bool
        Whether hidden neurons keep their first weights, and the outputs alone learn.
    curve : bool
        Also record the spikes of the outputs while they learn: how many images of each epoch were answered right, by
        spikes, before they were learned. That changes no bit of what is learned.
    progress : callable or bool, optional
        Called with (epochs done, all epochs).
    """
    started = time.perf_counter()
    labels = samples.train_labels
    levels = thresholds(settings, samples.train)
    device.load(build(settings, levels, seed, frozen=frozen))
    device.clear(counters=True)
    school = Lessons(device, settings)
    order_rng, copies_rng = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    shares = list[float]()
    for epoch in range(settings.epochs):
        order, stimulus = order_rng.permutation(len(labels)), samples.of_epoch(copies_rng)
        answers = school.teach(stimulus[order], labels[order], settings.share(epoch), watched=curve)
        shares.append(float(np.mean(answers == labels[order])))
        if callable(progress):
            progress(epoch + 1, settings.epochs)
    effort = Effort.of(device, lessons=settings.epochs * len(labels))
    predictions = school.answers(samples.test)
    return Learned(
        predictions=predictions,
        labels=samples.test_labels,
        weights=device.weights(units="chip"),
        trained=len(labels),
        inputs=settings.inputs + CLASSES,
        neurons=settings.neurons,
        steps=settings.steps,
        names=np.concatenate([np.full(settings.hidden, -1), np.arange(CLASSES)]),
        curve=shares if curve else [],
        facts={"hidden": settings.hidden, "epochs": settings.epochs, **effort.facts},
        summary=f"{len(labels)} images learned in {settings.epochs} epochs; {effort}",
        counters=device.counters(),
        seconds=time.perf_counter() - started,
    )
