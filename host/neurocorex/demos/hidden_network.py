"""Network that learns by errors: pixels and labels, hidden neurons or none, outputs, and feedback from the outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..learning import errors
from ..network.network import Network
from .answers import CLASSES
from .latency import Ints
from .samples import Spikes

Floats = NDArray[np.float64]

#: Steps in which an image arrives, and so the spikes of a white pixel.
SPIKES = 16
#: With "rate", error that one spike of an output brings to itself; a label brings up to 12 times as much in 8 bits.
UNIT = 10
#: Largest size of a weight, and of the first ones onto hidden neurons.
LARGEST, HIDDEN_SPREAD = 127, 40
#: Threshold of outputs without hidden neurons, in units of the weight: times the root of the energy of an image.
IMAGE_LEVEL = 80
#: Rate of learning as a share of the first: from which part of the epochs on.
FADES = ((0.0, 1.0), (0.5, 0.5), (0.75, 0.25), (0.9, 0.125))


@dataclass(frozen=True, kw_only=True)
class Code:
    """How the spikes of an image say what is bright, and what goes with it in a network with a hidden layer.

    Attributes
    ----------
    once : bool
        Whether a pixel fires once at most, the brighter the earlier, instead of the more often. The current that it
        brings then stays until the end of the image, so a spike counts for the steps that are left. By the same
        measure the trace of an axon rises by less in each step.
    tail : int
        Steps behind those in which the image arrives: each layer is a step later than the one before.
    unit, feedback : int
        Error that one spike of an output brings to itself, and at most to a hidden neuron, in size. Their ratio is that
        of the rates of both layers.
    outputs : int
        Largest size of the first weights onto outputs.
    levels : (float, float)
        Thresholds: of hidden neurons in quarters of the standard deviation of what an image of mean energy brings them
        in `SPIKES` steps; of outputs in units of the weight, times the root of the hidden neurons.
    accumulate : int, optional
        Spikes of an axon that count, of such as arrive in the first step; by default one in each step.
    """

    once: bool
    tail: int
    unit: int
    feedback: int
    outputs: int
    levels: tuple[float, float]
    accumulate: int | None = None

    @property
    def worth(self) -> Floats:
        """Brightness, as a part of white, that a spike in each step of the image adds, float64 [`SPIKES`]."""
        return (SPIKES - np.arange(SPIKES)) / SPIKES if self.once else np.full(SPIKES, 1 / SPIKES)

    def rises(self, steps: int) -> Floats:
        """Return the rise of a trace in each step of an image, as a part of that in the first, float64 [steps]."""
        last = SPIKES + 2  # Spikes of hidden neurons from here on come too late for the error.
        return np.maximum(last - np.arange(steps), 0) / last if self.once else np.ones(steps)


#: By name.
CODES = {
    "rate": Code(once=False, tail=2, unit=UNIT, feedback=UNIT, outputs=20, levels=(1.0, 38)),
    "latency": Code(once=True, tail=4, unit=1, feedback=8, outputs=40, levels=(1.9, 106), accumulate=4),
}


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
        Change of a weight by one spike of its axon, in the first step, and an error of one spike, in units of the
        weight, in the first epoch; it falls by `FADES`.
    deadband : float
        Size of the error, in spikes, up to which a neuron does not learn.
    code : str
        One of `CODES`; without hidden neurons "rate".

    Raises
    ------
    InputError
        For another code.
    """

    inputs: int
    hidden: int
    epochs: int
    target: int
    rate: float
    deadband: float = 0.0
    code: str = "rate"

    def __post_init__(self) -> None:
        allowed = list(CODES) if self.hidden else ["rate"]
        if self.code not in allowed:
            raise InputError(
                f"code must be {' or '.join(allowed)} with {self.hidden} hidden neurons, got {self.code!r}"
            )

    @property
    def way(self) -> Code:
        """What goes with the code."""
        return CODES[self.code]

    @property
    def neurons(self) -> int:
        """Hidden neurons and outputs."""
        return self.hidden + CLASSES

    @property
    def steps(self) -> int:
        """Steps of an image: each layer is a step later than the one before, and so are the errors."""
        return SPIKES + (self.way.tail if self.hidden else 1)

    def share(self, epoch: int) -> float:
        """Rate in an epoch, from 0 on, as a share of the first."""
        return next(share for start, share in reversed(FADES) if epoch >= start * self.epochs)


#: For digits, and for images of MNIST in 14 x 14 pixels: those of an integer model in NumPy.
DIGITS = Settings(inputs=64, hidden=20, epochs=24, target=8, rate=0.044)
MNIST = Settings(inputs=196, hidden=200, epochs=16, target=8, rate=0.029, deadband=1.0)
#: The same with one spike a pixel; chosen on parts of the images to learn.
DIGITS_ONCE = replace(DIGITS, code="latency")
MNIST_ONCE = replace(MNIST, code="latency", rate=0.03)
#: For digits without hidden neurons; target and epochs were chosen by cross-validation on the images to learn.
DELTA = Settings(inputs=64, hidden=0, epochs=12, target=12, rate=0.044)


def thresholds(settings: Settings, stimulus: Spikes) -> tuple[int, int]:
    """Return the thresholds of hidden neurons and outputs, from images to learn, bool [n, `SPIKES`, inputs].

    The energy of an image is the sum of its squared pixels of 0 to 1; see `Code.levels`.
    """
    way = settings.way
    pixels = np.tensordot(stimulus, way.worth, axes=(1, 0))
    root = float(np.mean((pixels**2).sum(axis=1))) ** 0.5
    of_hidden = way.levels[0] * SPIKES / 4 * HIDDEN_SPREAD / 3**0.5 * root
    of_outputs = way.levels[1] * settings.hidden**0.5 if settings.hidden else IMAGE_LEVEL * root
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
    way = settings.way
    own = way.unit * np.eye(CLASSES, dtype=np.int64)
    if settings.hidden:
        hidden = net.neurons[: settings.hidden]
        net.connect(pixels, hidden, _random(rng, HIDDEN_SPREAD, settings.inputs, settings.hidden), plastic=True)
        random = _random(rng, way.feedback, CLASSES, settings.hidden)
        net.feedback(outputs, hidden, -random)
        net.feedback(labels, hidden, settings.target * random)
        hidden.set(threshold=levels[0], reset_mode="subtract", learns=not frozen, decay_syn=float(not way.once))
    source = net.neurons[: settings.hidden] if settings.hidden else pixels
    net.connect(source, outputs, _random(rng, way.outputs, len(source), CLASSES), plastic=True)
    net.feedback(outputs, outputs, -own)
    net.feedback(labels, outputs, settings.target * own)
    outputs.set(threshold=levels[1], reset_mode="subtract", error_always=True)
    net.learn(
        errors(
            settings.rate / way.unit, deadband=settings.deadband * way.unit,
            accumulate=way.accumulate or settings.steps, bounds=(-LARGEST, LARGEST), seed=seed,
        )
    )  # fmt: skip
    return net


def _random(rng: np.random.Generator, spread: int, *shape: int) -> Ints:
    return np.rint(rng.uniform(-spread, spread, shape)).astype(np.int64)
