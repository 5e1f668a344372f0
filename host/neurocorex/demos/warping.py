"""Data augmentation: small random rotations, scalings, shears and shifts of 8 by 8 pixel images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 8
#: Standard deviations of rotation (radians), scale and shear, and largest shift (pixels), at strength 1.
ROTATION, SCALE, SHEAR, SHIFT = 0.10, 0.06, 0.10, 0.7
MARGIN = 2


def warped(images: NDArray[Any], rng: np.random.Generator, strength: float) -> NDArray[np.int64]:
    """Turn, scale, shear and shift each image at random, with linear interpolation.

    Parameters
    ----------
    images : array [n, 64]
        Pixels, row by row, 0 to 16.
    rng : numpy Generator
        Random generator.
    strength : float
        Strength of the warps; 0 leaves the images unchanged.

    Returns
    -------
    int64 array [n, 64]
        Rounded to whole numbers; what comes from outside the image is 0.
    """
    count = len(images)
    angle, wide, high, shear = (
        rng.normal(centre, spread * strength, (count, 1, 1))
        for centre, spread in ((0, ROTATION), (1, SCALE), (1, SCALE), (0, SHEAR))
    )
    right, down = rng.uniform(-SHIFT * strength, SHIFT * strength, (2, count, 1, 1))
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    source_x = (np.cos(angle) * x - np.sin(angle) * y) * wide + shear * y + right
    source_y = (np.sin(angle) * x + np.cos(angle) * y) * high + down
    # Pixels from outside the image are taken from a dark margin.
    padded = np.pad(
        np.asarray(images, np.float64).reshape(-1, SIZE, SIZE), ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))
    )
    place = [np.clip(source + (SIZE - 1) / 2 + MARGIN, 0, SIZE + 2 * MARGIN - 1.001) for source in (source_y, source_x)]
    row, column = (position.astype(np.intp) for position in place)
    below, beside = place[0] - row, place[1] - column
    each = np.arange(count)[:, np.newaxis, np.newaxis]
    mixed = (
        padded[each, row, column] * (1 - below) * (1 - beside)
        + padded[each, row, column + 1] * (1 - below) * beside
        + padded[each, row + 1, column] * below * (1 - beside)
        + padded[each, row + 1, column + 1] * below * beside
    )
    return np.asarray(np.rint(np.clip(mixed, 0, 16)), np.int64).reshape(count, SIZE * SIZE)
