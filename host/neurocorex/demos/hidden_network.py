"""Network that learns by errors: pixels and labels, hidden neurons or none, outputs, and feedback from the outputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..learning import errors
from ..network.network import Network
from .answers import CLASSES
from .latency import Ints
from .samples import Spikes

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
MNIST = Settings(inputs=196, hidden=200, epochs=16, target=8, rate=0.029, deadband=1.0)
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
