"""Generator of input spikes by rates, as chips with patterns have it: draws of many steps and axons at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..spec.fixed import AXON_STRIDE, NOISE_CODE, SPIKE_DRAW_BITS, SPIKE_DRAW_TURNS, advance
from .arrays import Ints

#: Draws that are made at a time: few enough for the fastest cache of a processor.
_PIECE = 1 << 14


def states(state: int, steps: int) -> tuple[npt.NDArray[np.uint32], int]:
    """Return the state of the generator in each of so many drawn steps, and that after them."""
    found = np.empty(steps, np.uint32)
    for step in range(steps):
        found[step] = state
        state = advance(state)
    return found, state


def draws(state: npt.NDArray[np.uint32], axons: Ints) -> npt.NDArray[np.uint32]:
    """Return the draws, 0 to 65535, of axons in steps.

    Parameters
    ----------
    state : uint32 array [steps]
        State of the generator in each step.
    axons : int64 array [n]
        Numbers of input axons.

    Returns
    -------
    uint32 array [steps, n]
    """
    word = state[:, None] + (axons.astype(np.uint32) * np.uint32(AXON_STRIDE))[None, :]
    other = np.empty_like(word)
    for _ in range(SPIKE_DRAW_TURNS):
        word += np.left_shift(word, 10, out=other)
        word ^= np.right_shift(word, 6, out=other)
        word += np.left_shift(word, 3, out=other)
        word ^= np.right_shift(word, 11, out=other)
        word += np.left_shift(word, 15, out=other)
    return np.right_shift(word, 32 - SPIKE_DRAW_BITS, out=word)


def limits(rates: Ints, rate_bits: int) -> npt.NDArray[np.uint32]:
    """Return the draws below which axons with these rates fire, 0 to 65536."""
    # A draw of 16 bits lies below the rate if it does with the same bits behind the point.
    limit = rates.astype(np.uint32) << np.uint32(SPIKE_DRAW_BITS - rate_bits)
    limit[rates == (1 << rate_bits) - 1] = 1 << SPIKE_DRAW_BITS
    return limit


def spikes(state: int, steps: int, rates: Ints, rate_bits: int) -> tuple[Ints, Ints, int]:
    """Draw the input spikes of steps; axons that never fire cost nothing.

    Parameters
    ----------
    state : int
        `Control.STIMULUS` before the steps.
    steps : int
    rates : int64 array [M]
        Rate of each axon, in 2^-rate_bits; all ones: always.
    rate_bits : int
        4, 8 or 16.

    Returns
    -------
    step, axon : int64 array
        Step, counted from 0, and axon of each spike, sorted.
    int
        `Control.STIMULUS` after them.
    """
    axons = np.flatnonzero(rates)
    limit = limits(rates[axons], rate_bits)
    each, state = states(state, steps)
    found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    piece = max(1, _PIECE // max(axons.size, 1))
    for start in range(0, steps, piece) if axons.size else ():
        row, column = np.nonzero(draws(each[start : start + piece], axons) < limit)
        found.append((row + start, axons[column]))
    step, axon = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return step, axon, state


def even_spikes(count: int, steps: int, rates: Ints, rate_bits: int) -> tuple[Ints, Ints, int]:
    """Make the input spikes of steps with even trains; arguments and values are those of `spikes`.

    `count` is `Control.STIMULUS` before the steps: how many steps the trains have had.
    """
    axons = np.flatnonzero(rates)
    rate, one = rates[axons].astype(np.uint32), np.uint32(1 << rate_bits)
    always = rate == one - 1
    found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    piece = max(1, _PIECE // max(axons.size, 1))
    for start in range(0, steps, piece) if axons.size else ():
        at = np.arange(count + start, count + min(start + piece, steps)) & (int(one) - 1)
        # A product of two numbers of 16 bits, and a half, are less than 2**32.
        sums = at.astype(np.uint32)[:, None] * rate + one // 2
        row, column = np.nonzero(((sums & (one - 1)) + rate >= one) | always)
        found.append((row + start, axons[column]))
    step, axon = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return step, axon, (count + steps) & 0xFFFFFFFF


def noise(state: int, steps: int, neurons: int) -> npt.NDArray[np.float64]:
    """Return the noise of steps as chips draw it, before it is rounded, as parts of its largest size.

    Parameters
    ----------
    state : int
        `Control.NOISE_STATE` before the steps.
    steps, neurons : int

    Returns
    -------
    float64 array [steps, neurons]
        Between -1 and 1.
    """
    each, _ = states(state, steps)
    drawn = draws(each ^ np.uint32(NOISE_CODE), np.arange(neurons))
    return (2.0 * drawn - 65535) / 65536


def packed(rates: Ints, rate_bits: int) -> bytes:
    """Bytes of rates: two in a byte, the first in its lower half, or a byte or two for each."""
    if rate_bits == 4:
        even = np.append(rates, np.zeros(rates.size % 2, rates.dtype))  # an empty list would make floats of them
        return bytes((even[::2] | even[1::2] << 4).astype(np.uint8).tobytes())
    return bytes(rates.astype(f"<u{rate_bits // 8}").tobytes())


def unpacked(data: bytes, rate_bits: int) -> Ints:
    """Inverse of `packed`; half a rate at the end is dropped."""
    octets = np.frombuffer(data, np.uint8)
    if rate_bits == 4:
        return np.stack([octets & 15, octets >> 4], axis=1).reshape(-1).astype(np.int64)
    size = rate_bits // 8
    return np.frombuffer(data, f"<u{size}", octets.size // size).astype(np.int64)
