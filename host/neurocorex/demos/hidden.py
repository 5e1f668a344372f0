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

The answer is the output with the most spikes; a tie goes to the one that had them first, then to the lowest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..events.stream import EventStream
from ..learning import errors
from ..network.network import Network
from ..spec import Control
from ..spec.registers import MODULATION_ONE
from . import latency
from .answers import CLASSES, Learned
from .digits import classify
from .hidden_effort import Effort
from .latency import Ints
from .samples import Samples, Spikes

if TYPE_CHECKING:
    from ..device.device import Device
    from ..device.result import Result

Progress = Callable[[int, int], None]

#: Steps in which an image arrives, and so the spikes of a white pixel.
SPIKES = 16
#: Error that one spike of an output brings to itself; a label brings up to 12 times as much in a weight of 8 bits.
UNIT = 10
#: Largest size of a weight, and of the first ones onto hidden neurons and onto outputs.
LARGEST, HIDDEN_SPREAD, OUTPUT_SPREAD = 127, 40, 20
#: Thresholds of outputs in units of the weight: times the root of the hidden neurons, or of the energy of an image.
HIDDEN_LEVEL, IMAGE_LEVEL = 38, 80
#: Rate of learning as a share of the first: from which part of the epochs on.
FADES = ((0.0, 1.0), (0.5, 0.5), (0.75, 0.25), (0.9, 0.125))
#: Images of a run: more need more memory, and not less time.
BLOCK = 1000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Size of the network, and hyperparameters.

    Attributes
    ----------
    inputs : int
        Pixels of an image; the labels have inputs of their own behind them.
    hidden : int
        Hidden neurons; 0: the inputs drive the outputs.
    epochs : int
        Passes over the images.
    target : int
        Spikes that the output of the right class should fire, 1 to 12; the others should fire none.
    rate : float
        Change of a weight by one spike of its axon and an error of one spike, in units of the weight, in the first
        epoch; it falls by `FADES`.
    deadband : float
        Size of the error, in spikes, up to which a neuron does not learn.
    """

    inputs: int
    hidden: int
    epochs: int
    target: int
    rate: float
    deadband: float = 0.0

    @property
    def neurons(self) -> int:
        """Hidden neurons and outputs."""
        return self.hidden + CLASSES

    @property
    def steps(self) -> int:
        """Steps of an image: each layer is a step later than the one before, and so are the errors."""
        return SPIKES + (2 if self.hidden else 1)

    def share(self, epoch: int) -> float:
        """Rate in an epoch, from 0 on, as a share of the first."""
        return next(share for start, share in reversed(FADES) if epoch >= start * self.epochs)


#: For digits, and for images of MNIST in 14 x 14 pixels: those of an integer model in NumPy.
DIGITS = Settings(inputs=64, hidden=20, epochs=24, target=8, rate=0.044)
MNIST = Settings(inputs=196, hidden=200, epochs=10, target=8, rate=0.029, deadband=1.0)
#: For digits without hidden neurons; target and epochs were chosen by cross-validation on the images to learn.
DELTA = Settings(inputs=64, hidden=0, epochs=12, target=12, rate=0.044)


def thresholds(settings: Settings, stimulus: Spikes) -> tuple[int, int]:
    """Return the thresholds of hidden neurons and outputs, from images to learn, bool [n, steps, inputs].

    The energy of an image is the sum of its squared pixels of 0 to 1. What an image of mean energy brings to hidden
    neurons through their first weights has a standard deviation of four thresholds, in all its steps together.
    """
    root = float(np.mean((stimulus.mean(axis=1) ** 2).sum(axis=1))) ** 0.5
    of_hidden = SPIKES / 4 * HIDDEN_SPREAD / 3**0.5 * root
    of_outputs = HIDDEN_LEVEL * settings.hidden**0.5 if settings.hidden else IMAGE_LEVEL * root
    return max(int(of_hidden), 1), max(int(of_outputs), 1)


def build(settings: Settings, levels: tuple[int, int], seed: int = 0, *, frozen: bool = False) -> Network:
    """Return the untrained network.

    Parameters
    ----------
    settings : Settings
        Its size.
    levels : (int, int)
        From `thresholds`.
    seed : int
        Seed of weights and rounding.
    frozen : bool
        Whether hidden neurons keep their first weights.
    """
    rng = np.random.default_rng(seed)
    net = Network(inputs=settings.inputs + CLASSES, neurons=settings.neurons)
    pixels, labels = net.inputs[: settings.inputs], net.inputs[settings.inputs :]
    outputs = net.neurons[settings.hidden :]
    own = UNIT * np.eye(CLASSES, dtype=np.int64)
    if settings.hidden:
        hidden = net.neurons[: settings.hidden]
        net.connect(pixels, hidden, _random(rng, HIDDEN_SPREAD, settings.inputs, settings.hidden), plastic=True)
        random = _random(rng, UNIT, CLASSES, settings.hidden)
        net.feedback(outputs, hidden, -random)
        net.feedback(labels, hidden, settings.target * random)
        hidden.set(threshold=levels[0], reset_mode="subtract", learns=not frozen)
    source = net.neurons[: settings.hidden] if settings.hidden else pixels
    net.connect(source, outputs, _random(rng, OUTPUT_SPREAD, len(source), CLASSES), plastic=True)
    net.feedback(outputs, outputs, -own)
    net.feedback(labels, outputs, settings.target * own)
    outputs.set(threshold=levels[1], reset_mode="subtract", error_always=True)
    net.learn(
        errors(
            settings.rate / UNIT, deadband=settings.deadband * UNIT,
            accumulate=settings.steps, bounds=(-LARGEST, LARGEST), seed=seed,
        )
    )  # fmt: skip
    return net


def _random(rng: np.random.Generator, spread: int, *shape: int) -> Ints:
    return np.rint(rng.uniform(-spread, spread, shape)).astype(np.int64)


def questions(stimulus: Spikes, settings: Settings) -> EventStream:
    """Return the stimulus that shows images, bool [n, spikes, inputs]; nothing learns from it."""
    return latency.exposure(stimulus, settings.steps).clearing(np.arange(len(stimulus)) * settings.steps)


def lessons(stimulus: Spikes, labels: Ints, settings: Settings, share: float = 1.0) -> EventStream:
    """Return the stimulus that teaches images, bool [n, spikes, inputs], at a share of the full rate."""
    told = np.zeros((*stimulus.shape[:2], CLASSES), np.bool_)
    told[np.arange(len(labels)), 0, labels] = True
    shown = questions(np.concatenate([stimulus, told], axis=2), settings)
    ends = np.arange(1, len(stimulus) + 1) * settings.steps - 1
    return shown.setting(0, Control.MODULATION, round(share * MODULATION_ONE)).learning(ends)


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

    def teach(self, stimulus: Spikes, labels: Ints, share: float, *, watched: bool = False) -> Ints:
        """Teach images in their order, at a share of the full rate.

        Return the answers, int64 [n], that the outputs gave before they learned the image; -1 if they are not watched,
        and then the device sends nothing.
        """
        blocks = _blocks(stimulus)
        streams = (lessons(stimulus[block], labels[block], self._settings, share) for block in blocks)
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


def learn(
    device: Device,
    samples: Samples,
    settings: Settings,
    *,
    seed: int = 0,
    frozen: bool = False,
    curve: bool = False,
    progress: Progress | None = None,
) -> Learned:
    """Teach a device classes, and test it.

    Parameters
    ----------
    device : Device
        The device; an untrained network is loaded first.
    samples : Samples
        Images to learn and to test, with `SPIKES` spikes for a white pixel.
    settings : Settings
        Network and hyperparameters.
    seed : int
        Seed of weights, order, copies and rounding.
    frozen : bool
        Whether hidden neurons keep their first weights, and the outputs alone learn.
    curve : bool
        Also record the spikes of the outputs while they learn: how many images of each epoch were answered right, by
        spikes, before they were learned. That changes no bit of what is learned.
    progress : callable, optional
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
        if progress is not None:
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
