"""Samples of a demonstration: images as spikes with their classes, to learn and to test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import latency
from .latency import Ints

Spikes = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Images as spikes, with their classes.

    Attributes
    ----------
    train, test : bool arrays [n, spikes, inputs]
        Images to learn, and images to test, as `latency.encoded` makes them.
    train_labels, test_labels : int64 arrays [n]
        Their classes, from 0.
    copies : callable, optional
        Makes warped copies of all images to learn, in their order, from a generator: bool [n, spikes, inputs].
    """

    train: Spikes
    train_labels: Ints
    test: Spikes
    test_labels: Ints
    copies: Callable[[np.random.Generator], Spikes] | None = None

    @classmethod
    def of(
        cls, data: tuple[Ints, Ints, Ints, Ints], spikes: int, images: int | None = None, *, once: bool = False
    ) -> Samples:
        """Encode data as `digits.load_data` returns them, or the first `images` of either kind."""
        train_x, train_y, test_x, test_y = (table[:images] for table in data)
        train, test = (latency.encoded(each, spikes, once=once) for each in (train_x, test_x))
        return cls(train=train, train_labels=train_y, test=test, test_labels=test_y)

    def of_epoch(self, rng: np.random.Generator) -> Spikes:
        """Return the images of one epoch: new copies from the generator, or the images themselves."""
        return self.train if self.copies is None else self.copies(rng)
