"""Geometry of images: random warps for data augmentation, and images sheared upright."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

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
    mixed = distorted(np.asarray(images).reshape(-1, SIZE, SIZE), rng, strength)
    return np.asarray(np.rint(np.clip(mixed, 0, 16)), np.int64).reshape(len(images), SIZE * SIZE)


def distorted(images: NDArray[Any], rng: np.random.Generator, strength: float, shift: float = SHIFT) -> Floats:
    """Turn, scale, shear and shift each image at random; `warped` for images of any size, and without rounding.

    Parameters
    ----------
    images : array [n, side, side]
        Pixels.
    rng : numpy Generator
        Random generator.
    strength : float
        Strength of the warps; 0 leaves the images unchanged.
    shift : float
        Largest shift at strength 1, in pixels.
    """
    count = len(images)
    angle, wide, high, shear = (
        rng.normal(centre, spread * strength, (count, 1, 1))
        for centre, spread in ((0, ROTATION), (1, SCALE), (1, SCALE), (0, SHEAR))
    )
    right, down = rng.uniform(-shift * strength, shift * strength, (2, count, 1, 1))
    y, x = _from_centre(images.shape[1])
    source_x = (np.cos(angle) * x - np.sin(angle) * y) * wide + shear * y + right
    source_y = (np.sin(angle) * x + np.cos(angle) * y) * high + down
    return interpolated(images, source_y, source_x)


def upright(images: NDArray[Any]) -> Floats:
    """Shear each image so that its main axis stands upright, and move its centre of mass to the centre.

    The shear is the slope of the line ``column = slope * row`` that fits the pixels best, each weighted by its
    brightness. An image that is dark, or bright in one row only, has none.

    Parameters
    ----------
    images : array [n, side, side]
        Pixels, 0 or more.
    """
    y, x = _from_centre(images.shape[1])
    mass = np.maximum(images.sum(axis=(1, 2), keepdims=True, dtype=np.float64), np.finfo(float).tiny)
    share = images / mass
    row, column = ((share * place).sum(axis=(1, 2), keepdims=True) for place in (y, x))
    high = y - row
    spread = (share * high * high).sum(axis=(1, 2), keepdims=True)
    together = (share * high * (x - column)).sum(axis=(1, 2), keepdims=True)
    slope = np.divide(together, spread, out=np.zeros_like(spread), where=spread > 1e-9)
    return interpolated(images, y + row, x + slope * y + column)


def interpolated(images: NDArray[Any], rows: Floats, columns: Floats) -> Floats:
    """Return pixels at places between those of images, by linear interpolation; outside an image it is dark.

    Parameters
    ----------
    images : array [n, side, side]
        Pixels.
    rows, columns : float arrays [n, side, side]
        Place of each pixel that is returned, counted in pixels from the centre of the image.
    """
    count, side = images.shape[:2]
    # Pixels from outside the image are taken from a dark margin.
    padded = np.pad(np.asarray(images, np.float64), ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    place = [np.clip(source + (side - 1) / 2 + MARGIN, 0, side + 2 * MARGIN - 1.001) for source in (rows, columns)]
    row, column = (position.astype(np.intp) for position in place)
    below, beside = place[0] - row, place[1] - column
    # One index into all pixels is several times faster than one for each axis.
    wide = side + 2 * MARGIN
    at = (np.arange(count)[:, np.newaxis, np.newaxis] * wide + row) * wide + column
    return np.asarray(
        padded.take(at) * (1 - below) * (1 - beside)
        + padded.take(at + 1) * (1 - below) * beside
        + padded.take(at + wide) * below * (1 - beside)
        + padded.take(at + wide + 1) * below * beside
    )


def _from_centre(side: int) -> Floats:
    """Row and column of each pixel, counted from the centre, float [2, side, side]."""
    return np.mgrid[:side, :side] - (side - 1) / 2
