"""Digits demonstration: a network trained beforehand, 64 inputs, 86 hidden neurons, 10 outputs, 20 steps an image.

The data are the 8 by 8 pixel images of scikit-learn (UCI, "Optical Recognition of Handwritten Digits"), split as usual:
a third for the test, ``random_state=42``. Each pixel fires up to three times. The class is the output with the most
spikes. A tie goes to the output that reached the count first, then to the lowest.
"""

from __future__ import annotations

import time
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import encode as encoders
from ..errors import InputError
from ..image import Image
from ..network.network import Network
from ..progress import Wanted
from ..spec import Region
from ..spec.fixed import DECAY_BITS
from .answers import DigitsResult
from .tables import packaged

if TYPE_CHECKING:
    from ..device.device import Device

__all__ = ["DigitsResult", "build", "classify", "encode", "evaluate", "image", "load_data", "network"]


PIXELS = 64
TEST_IMAGES = 594
HIDDEN = 86
CLASSES = 10
NEURONS = HIDDEN + CLASSES
STEPS = 20
#: Largest value of a pixel, and its number of spikes.
WHITE = 16
SPIKES = 3
#: Phase of the rate code: pixels of one value fire together, brighter ones earlier.
PHASE = 0.5
OUTPUTS = slice(HIDDEN, NEURONS)
SHIPPED = "digits.npz"


@cache
def load_data() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return training images, training labels, test images and test labels.

    Returns
    -------
    train_x, train_y, test_x, test_y : arrays
        1203 and 594 images [n, 64] of int64, 0 to 16, and their labels [n], 0 to 9.

    Raises
    ------
    MissingToolError
        If scikit-learn, which brings the data, is not installed.
    """
    place = "datasets/data/digits.csv.gz"
    table = packaged("sklearn", place, PIXELS + 1, title="scikit-learn", what="the digits")
    images, labels = table[:, :-1], table[:, -1]
    # The split that train_test_split(test_size=0.33, random_state=42) makes.
    order = np.random.RandomState(42).permutation(len(table))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return images[train], labels[train], images[test], labels[test]


def encode(images: NDArray[Any]) -> NDArray[np.bool_]:
    """Turn images into input spikes.

    Parameters
    ----------
    images : int array [samples, 64]
        Pixels, 0 to 16.

    Returns
    -------
    bool array [samples, 20, 64]
        Silent in the last step, in which the last hidden spikes arrive at the outputs.

    Raises
    ------
    InputError
        If the shape, type or range is another one.
    """
    pixels = np.asarray(images)
    if pixels.ndim != 2 or pixels.shape[1] != PIXELS or pixels.dtype.kind not in "iu":
        raise InputError(f"images must be integers [samples, {PIXELS}], got {pixels.dtype} {pixels.shape}")
    if pixels.size and not 0 <= pixels.min() <= pixels.max() <= WHITE:
        raise InputError(f"pixels must be from 0 to {WHITE}, got {pixels.min()} to {pixels.max()}")
    # Training encodes a thousand images in every epoch, so the spike train of each of the 17 values is looked up.
    trains = np.zeros((STEPS, WHITE + 1), np.bool_)
    trains[:-1] = encoders.rate(np.arange(WHITE + 1) * (SPIKES / WHITE / (STEPS - 1)), STEPS - 1, phase=PHASE)
    return np.asarray(trains.T[pixels].transpose(0, 2, 1))


def classify(spikes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the class of each sample, int64 [samples], from output spikes, bool [samples, steps, 10].

    Most spikes win, then the earliest to have them, then the lowest.
    """
    counts = np.cumsum(spikes, axis=1)
    most = counts[:, -1].max(axis=1)
    reached = np.argmax(counts >= most[:, np.newaxis, np.newaxis], axis=1)
    late = np.where(counts[:, -1] == most[:, np.newaxis], reached, spikes.shape[1])
    return np.asarray(np.argmin(late, axis=1), np.int64)


def build(hidden: NDArray[Any], output: NDArray[Any], threshold: int, decay: float) -> Network:
    """Return a network with trained weights.

    Parameters
    ----------
    hidden, output : int arrays [64, 86] and [86, 10]
        Weights of the two layers.
    threshold : int
        Threshold of all neurons; each spike subtracts it from the membrane.
    decay : float
        Share of a hidden membrane that is lost in a step; outputs do not leak.
    """
    net = Network(inputs=PIXELS, neurons=NEURONS)
    net.connect(net.inputs, net.neurons[:HIDDEN], hidden)
    net.connect(net.neurons[:HIDDEN], net.neurons[HIDDEN:], output)
    net.neurons.set(threshold=threshold, reset_mode="subtract")
    net.neurons[:HIDDEN].set(decay=decay)
    return net


def image() -> Image:
    """Return the shipped network, as `neurocorex.demos.training` made it."""
    with as_file(files(__package__) / SHIPPED) as path:
        return Image.load(path)


def network() -> Network:
    """Return the shipped network as a `Network`, which quantises to the numbers of `image`."""
    regions = image().regions
    return build(
        hidden=regions[Region.WEIGHTS][:PIXELS, :HIDDEN],
        output=regions[Region.WEIGHTS][PIXELS : PIXELS + HIDDEN, OUTPUTS],
        threshold=int(regions[Region.THRESHOLD][0]),
        decay=float(regions[Region.DECAY][0]) / (1 << DECAY_BITS),
    )


def evaluate(
    device: Device, images: int | None = None, progress: Wanted = None, *, membranes: bool = True
) -> DigitsResult:
    """Classify test images on a device that holds the network: `image`, or one from `train_network`.

    Parameters
    ----------
    device : Device
        The device; its state and counters are cleared first.
    images : int, optional
        Number of test images, from the first on; by default all 594.
    progress : callable or bool, optional
        Called with (steps done, all steps).
    membranes : bool
        Record the membranes of the outputs, too. Over a slow line they are most of the traffic.

    Raises
    ------
    InputError
        If `images` is out of range, or the device is too small to hold the network.
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    _, _, test_x, test_y = load_data()
    count = len(test_x) if images is None else images
    if not 1 <= count <= len(test_x):
        raise InputError(f"images must be from 1 to {len(test_x)}, got {images!r}")
    config = device.config
    if config.inputs < PIXELS or config.neurons < NEURONS:
        room = f"{config.inputs} and {config.neurons}"
        raise InputError(f"the digits need {PIXELS} inputs and {NEURONS} neurons, the device has {room}")
    stimulus = encode(test_x[:count])
    padded = np.zeros((*stimulus.shape[:2], config.inputs), np.bool_)
    padded[:, :, :PIXELS] = stimulus
    device.prepare()
    device.clear(state=True, counters=True)
    record = {"spikes": True, "v": list(range(HIDDEN, NEURONS)) if membranes else []}
    started = time.perf_counter()
    result = device.run(spikes=padded, record=record, progress=progress)
    seconds = time.perf_counter() - started
    labels, predictions = test_y[:count], classify(result.spikes[:, :, OUTPUTS])
    return DigitsResult(
        predictions=predictions,
        labels=labels,
        result=result,
        stimulus=stimulus,
        hidden=HIDDEN,
        counters=device.counters(),
        seconds=seconds,
    )
