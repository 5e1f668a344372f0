"""Noise of neurons: a draw for each neuron that has any, in each step, and the current that it makes."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .constants import NOISE_CODE, NOISE_STATE, NOISE_TURNS


def add_noise(core, g, draws):
    """Add the noise of a step to the currents; `draws` is room. Neurons without noise are not visited.

    ``round(draw * NOISE / 65536)``, halves away from zero: the product is exact in double precision.
    """
    state, noisy, first, amplitude = core.control[NOISE_STATE], core.noisy, core.noise_word, core.noise
    start = np.uint32(state ^ NOISE_CODE)
    for k in range(noisy.size):
        word = np.uint32(start + first[k])
        for _ in range(NOISE_TURNS):
            word = np.uint32(word + np.uint32(word << np.uint32(10)))
            word = np.uint32(word ^ np.uint32(word >> np.uint32(6)))
            word = np.uint32(word + np.uint32(word << np.uint32(3)))
            word = np.uint32(word ^ np.uint32(word >> np.uint32(11)))
            word = np.uint32(word + np.uint32(word << np.uint32(15)))
        draw = np.int32(2 * np.int32(word >> np.uint32(16)) - 65535)
        exact = draw * amplitude[k]
        draws[k] = np.int32(exact + (0.5 if draw > 0 else -0.5))
    for k in range(noisy.size):
        g[noisy[k]] = np.int32(g[noisy[k]] + draws[k])


def advance_noise(control, steps):
    """Advance the generator of noise by so many steps."""
    x = control[NOISE_STATE]
    for _ in range(steps):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
    control[NOISE_STATE] = x
