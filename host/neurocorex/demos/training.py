"""Training of the digits network: surrogate gradients through time, in NumPy.

The forward pass gives the chip's values to the bit: weights are rounded and clipped to 8 bits before each use, and
membranes are whole numbers. The backward pass takes rounding as the identity (straight-through) and the spike as a fast
sigmoid (Zenke and Ganguli 2018, "SuperSpike"); resets are not differentiated. The loss is the cross entropy of the
output spike counts, plus a price on hidden spikes beyond a budget, since every arriving spike costs cycles.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..progress import Wanted, followed
from ..quantiser.quantise import quantise
from .digits import CLASSES, HIDDEN, PIXELS, STEPS, build, encode
from .warping import warped

Floats = NDArray[np.float32]

#: Threshold of all neurons; the largest 8-bit weight is almost twice as much.
THRESHOLD = 64
LARGEST = 127
#: Share of a hidden membrane that is lost in a step. A power of two, so that 32-bit floats give the chip's integers.
DECAY = 1 / 32


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of the training.

    Chosen by five-fold cross-validation on the training images alone (98.3 %; ``examples/train_digits.py --folds 5``).

    Attributes
    ----------
    epochs, batch : int
        Passes over the images, which are warped anew each time, and images per update.
    rate : float
        Largest step of a weight per update, in units of the chip; it falls to zero as a cosine.
    sharpness : float
        Sharpness of the surrogate gradient.
    gain : float
        Log-odds per output spike.
    budget, price : float
        Hidden spikes per image without a price, and the price of those beyond.
    revival : float
        Added to the weights of a hidden neuron that was silent for an epoch, in units of the chip.
    warp : float
        Strength of the random warps, see `neurocorex.demos.warping`.
    """

    epochs: int = 300
    batch: int = 100
    rate: float = 0.5
    sharpness: float = 2.0
    gain: float = 0.5
    budget: float = 60.0
    price: float = 0.01
    revival: float = 1.0
    warp: float = 0.6


class Model:
    """Weights of both layers in floats, rounded to the chip's integers before each use.

    Attributes
    ----------
    values : list of float32 arrays
        Hidden weights [64, 86] and output weights [86, 10].
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.values: list[Floats] = [
            rng.normal(0, 0.15 * THRESHOLD, (PIXELS, HIDDEN)).astype(np.float32),
            rng.normal(0, 0.1 * THRESHOLD, (HIDDEN, CLASSES)).astype(np.float32),
        ]

    @property
    def integers(self) -> list[Floats]:
        """Weights as whole numbers of 8 bits, as the chip holds them."""
        return [np.clip(np.rint(value), -LARGEST, LARGEST) for value in self.values]

    def run(self, stimulus: NDArray[np.bool_]) -> Pass:
        """Run images, bool [samples, steps, 64], through both layers."""
        samples = len(stimulus)
        hidden_weights, output_weights = self.integers
        spikes_in = stimulus.transpose(1, 0, 2).astype(np.float32)
        hidden = Layer(spikes_in.reshape(-1, PIXELS) @ hidden_weights, (STEPS, samples, HIDDEN), DECAY)
        delayed = np.concatenate([np.zeros((1, samples, HIDDEN), np.float32), hidden.spikes[:-1]])
        output = Layer(delayed.reshape(-1, HIDDEN) @ output_weights, (STEPS, samples, CLASSES), 0.0)
        return Pass(spikes_in, hidden, delayed, output)


class Layer:
    """Membranes before the reset, and spikes, of one layer over time; both [steps, samples, neurons]."""

    def __init__(self, drive: Floats, shape: tuple[int, int, int], decay: float) -> None:
        self.decay = np.float32(decay)
        self.membranes = np.empty(shape, np.float32)
        self.spikes = np.empty(shape, np.float32)
        v = np.zeros(shape[1:], np.float32)
        for step, added in enumerate(drive.reshape(shape)):
            if decay:
                magnitude = np.abs(v)
                v = np.copysign(magnitude - np.ceil(magnitude * self.decay), v)
            v = v + added
            fires = v > THRESHOLD
            self.membranes[step], self.spikes[step] = v, fires
            v = v - fires * np.float32(THRESHOLD)

    def backward(self, slope_of_spikes: Floats, sharpness: float) -> Floats:
        """Return the derivative with respect to the drive, given the one with respect to the spikes."""
        distance = np.abs(self.membranes / THRESHOLD - 1)
        surrogate = slope_of_spikes / (THRESHOLD * np.square(1 + np.float32(sharpness) * distance))
        slope = np.zeros_like(self.membranes)
        later = np.zeros_like(slope[0])
        for step in reversed(range(STEPS)):
            later = later * (1 - self.decay) + surrogate[step]
            slope[step] = later
        return slope


@dataclass(frozen=True)
class Pass:
    """Forward pass of one batch; spikes are 0 and 1, [steps, samples, neurons]."""

    stimulus: Floats
    hidden: Layer
    delayed: Floats
    output: Layer

    def gradients(self, labels: NDArray[np.int64], output_weights: Floats, settings: Settings) -> list[Floats]:
        """Return the gradients of the loss with respect to the values of the model."""
        samples = len(labels)
        counts = self.output.spikes.sum(axis=0)
        odds = np.exp(settings.gain * (counts - counts.max(axis=1, keepdims=True)))
        wrong = odds / odds.sum(axis=1, keepdims=True) - np.eye(CLASSES, dtype=np.float32)[labels]
        of_counts = np.broadcast_to(wrong * np.float32(settings.gain / samples), self.output.spikes.shape)
        of_output = self.output.backward(of_counts, settings.sharpness)
        of_hidden_spikes = np.zeros_like(self.hidden.spikes)
        of_hidden_spikes[:-1] = (of_output.reshape(-1, CLASSES) @ output_weights.T).reshape(self.hidden.spikes.shape)[
            1:
        ]
        excess = self.hidden.spikes.sum(axis=(0, 2)).mean() / settings.budget - 1
        of_hidden_spikes += np.float32(settings.price * max(excess, 0) / samples)
        of_hidden = self.hidden.backward(of_hidden_spikes, settings.sharpness)
        return [
            self.stimulus.reshape(-1, PIXELS).T @ of_hidden.reshape(-1, HIDDEN),
            self.delayed.reshape(-1, HIDDEN).T @ of_output.reshape(-1, CLASSES),
        ]


class Adam:
    """Adam optimiser (Kingma and Ba 2015); updates arrays in place and clips them to 8 bits."""

    def __init__(self, values: list[Floats]) -> None:
        self.values, self.updates = values, 0
        self.means = [np.zeros_like(value) for value in values]
        self.squares = [np.zeros_like(value) for value in values]

    def update(self, gradients: list[Floats], rate: float) -> None:
        """Change each value by about `rate` at most."""
        self.updates += 1
        for value, gradient, mean, square in zip(self.values, gradients, self.means, self.squares, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.01 * (gradient * gradient - square)
            corrected = np.sqrt(square / (1 - 0.99**self.updates)) + 1e-10
            value -= (rate / (1 - 0.9**self.updates) * mean / corrected).astype(np.float32)
            np.clip(value, -LARGEST, LARGEST, out=value)


@followed("training")
def train_model(
    images: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    seed: int,
    settings: Settings,
    progress: Wanted = None,
) -> Model:
    """Train on images [n, 64] with labels [n]. The same seed gives the same weights on the same type of processor."""
    with _one_thread():
        return _train(images, labels, seed, settings, progress)


def _one_thread() -> AbstractContextManager[object]:
    """Limit BLAS to one thread, since the last bits of a matrix product depend on the number of threads."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:  # it comes with scikit-learn; without it a few weights may differ by a unit
        return nullcontext()
    return cast(AbstractContextManager[object], threadpool_limits(limits=1, user_api="blas"))


def _train(
    images: NDArray[np.int64], labels: NDArray[np.int64], seed: int, settings: Settings, progress: Wanted
) -> Model:
    rng = np.random.default_rng(seed)
    model = Model(rng)
    optimiser = Adam(model.values)
    batches = -(-len(images) // settings.batch)
    total = settings.epochs * batches
    for epoch in range(settings.epochs):
        stimulus = encode(warped(images, rng, settings.warp))
        order = rng.permutation(len(images))
        active = np.zeros(HIDDEN, np.bool_)
        for batch in np.array_split(order, batches):
            done = optimiser.updates / total
            rate = settings.rate * 0.5 * (1 + np.cos(np.pi * done)) * min(1, 100 * done)
            passed = model.run(stimulus[batch])
            active |= passed.hidden.spikes.any(axis=(0, 1))
            optimiser.update(passed.gradients(labels[batch], model.integers[1], settings), rate)
        # A neuron that never fires gets almost no gradient and would stay silent.
        model.values[0][:, ~active] += np.float32(settings.revival)
        if callable(progress):
            progress(epoch + 1, settings.epochs)
    return model


def train_network(
    images: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    seed: int = 0,
    settings: Settings | None = None,
    progress: Wanted = None,
) -> Image:
    """Train a network and return its image for a chip.

    Parameters
    ----------
    images, labels : int arrays [n, 64] and [n]
        Pixels 0 to 16, classes 0 to 9.
    seed : int
        Seed of weights, order and warps. The same seed gives the same image on the same type of processor.
    settings : Settings, optional
        Hyperparameters; by default those of the shipped network.
    progress : callable or bool, optional
        Called with (epochs done, all epochs).
    """
    model = train_model(images, labels, seed=seed, settings=settings or Settings(), progress=progress)
    hidden, output = (value.astype(np.int64) for value in model.integers)
    image, _ = quantise(build(hidden, output, THRESHOLD, DECAY))
    return Image(image.config, image.regions, image.scale, {**image.meta, "task": "digits", "seed": seed})
