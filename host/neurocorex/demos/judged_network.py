"""Network whose winners the chip judges: pixels, two inputs for each label, and several neurons of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..image import Image
from ..learning import errors
from ..network.network import Network
from ..quantiser.quantise import quantise
from .answers import CLASSES

#: Largest size of a weight that learns.
LARGEST = 127
#: What an event of a label takes from the membranes of its class: one step of the margin.
HANDICAP = -128
#: Rise of all membranes in a step.
BIAS = 128
#: What a neuron that fires takes from all membranes: the rise of 20 steps, a weight of 8 bits with a gain of 32.
INHIBITION = -20.0 * BIAS
#: Events by which the conscience of a class arrives.
TURN = 8
#: So long that a neuron fires at most once for an image.
REFRACTORY_MS = 255


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Size of the network, and hyperparameters.

    Attributes
    ----------
    inputs : int
        Pixels of an image; the labels have inputs of their own behind them.
    per_class : int
        Neurons of each class; neuron j belongs to class j % 10, which is group j % 10 + 1.
    spikes : int
        Spikes of a white pixel, and so the steps in which an image arrives.
    epochs : int
        Passes over the images.
    rate : float
        Change of a weight by one spike of its pixel in a lesson, in units of the weight.
    blame : float
        What a wrong winner loses, as a share of what the right neuron gains.
    margin : int
        Steps by which the right class has to lead.
    turns : float
        Rate of the conscience as a multiple of `rate`, see `judged`.
    late : float
        Share of all rates in the last quarter of the epochs.
    spread : int
        Largest initial weight.
    rise : int
        Steps in which a neuron fires that the image drives neither way.
    race, second : int
        Steps of the first and of the second show of an image, see `judged`.
    """

    inputs: int
    per_class: int = 10
    spikes: int
    epochs: int
    rate: float
    blame: float = 1.06
    margin: int = 4
    turns: float
    late: float = 1.0
    spread: int = 10
    rise: int = 20
    race: int = 26
    second: int = 40

    @property
    def neurons(self) -> int:
        """Neurons of all classes."""
        return self.per_class * CLASSES

    @property
    def judged(self) -> int:
        """Step of a lesson in which the winner is judged."""
        return self.race + self.second

    @property
    def steps(self) -> int:
        """Steps of a lesson."""
        return self.judged + 3

    def share(self, epoch: int) -> float:
        """Rates in an epoch, from 0 on, as a share of the first."""
        return self.late if epoch >= 0.75 * self.epochs else 1.0


def build(settings: Settings, seed: int = 0) -> Network:
    """Return the untrained network: random weights, all plastic.

    Inputs are the pixels, ten that hold back the neurons of a class, and ten for their conscience: weights of 0 at
    first, onto the neurons of a class.
    """
    rng = np.random.default_rng(seed)
    pixels, per = settings.inputs, settings.per_class
    net = Network(inputs=pixels + 2 * CLASSES, neurons=settings.neurons)
    shape = pixels, settings.neurons
    weights = rng.integers(-settings.spread, settings.spread, shape, endpoint=True)
    net.connect(net.inputs[:pixels], net.neurons, weights, plastic=True)
    own = np.tile(np.eye(CLASSES, dtype=np.int64), per)
    net.connect(net.inputs[pixels : pixels + CLASSES], net.neurons, HANDICAP * own)
    pairs = [(int(label), int(neuron), 0) for label, neuron in np.argwhere(own)]
    net.connect(net.inputs[pixels + CLASSES :], net.neurons, pairs, plastic=True)
    net.connect(net.neurons, net.neurons, INHIBITION)
    net.neurons.set(
        threshold=BIAS * settings.rise, bias=BIAS, refractory_ms=REFRACTORY_MS,
        group=np.arange(settings.neurons) % CLASSES + 1, error_always=True,
    )  # fmt: skip
    net.judge(praise=1.0, blame=settings.blame)
    net.learn(errors(settings.rate, accumulate=max(settings.spikes, TURN), bounds=(-LARGEST, LARGEST), seed=seed))
    return net


def image(settings: Settings, seed: int = 0) -> Image:
    """Return the untrained network as an image: its numbers are those of the chip, where weights have 8 bits."""
    return quantise(build(settings, seed), scale=1.0)[0]
