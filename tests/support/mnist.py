"""Images like those of MNIST, as its files: digits of seven segments, with noise, each at a place of its own."""

import gzip
import struct

import numpy as np

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def idx(values):
    """Bytes of an IDX file, written by the book."""
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


#: Segments of each digit: top, upper left, upper right, middle, lower left, lower right, bottom.
SEGMENTS = (
    "1110111",
    "0010010",
    "1011101",
    "1011011",
    "0111010",
    "1101011",
    "1101111",
    "1010010",
    "1111111",
    "1111011",
)
#: Rows and columns of each segment.
PLACES = (
    (slice(5, 8), slice(9, 19)), (slice(5, 15), slice(9, 12)), (slice(5, 15), slice(16, 19)),
    (slice(13, 16), slice(9, 19)), (slice(14, 24), slice(9, 12)), (slice(14, 24), slice(16, 19)),
    (slice(21, 24), slice(9, 19)),
)  # fmt: skip


def digits(count, seed=0):
    """Images uint8 [count, 28, 28] and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = np.zeros((count, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        for place, lit in zip(PLACES, SEGMENTS[label], strict=True):
            if lit == "1":
                image[place] = rng.integers(150, 256, image[place].shape)
        image[:] = np.roll(image, rng.integers(-2, 3, 2), (0, 1))
    return images, labels


def write_mnist(folder, train=40, test=20, packed=False):
    """Write the four files; returns the folder."""
    for seed, (count, names) in enumerate(zip((train, test), NAMES.values(), strict=True)):
        for name, values in zip(names, digits(count, seed), strict=True):
            data = idx(values)
            (folder / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(data, mtime=0) if packed else data)
    return folder
