"""Draws of input spikes by rates: which axons fire in steps that a chip draws itself; see `events.generator`."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import lowest_bit
from .constants import AXON_STRIDE, SPIKE_DRAW_BITS, SPIKE_DRAW_TURNS
from .registers import advanced

#: Integers of a block: the state of the generator, steps done and steps of all, spikes found; sizes of the tables of
#: axons, of marks in words, and of the room for spikes; then the addresses of the arrays that `draw` takes.
STATE, DONE, STEPS, FOUND, AXONS, WORDS, ROOM = range(7)
NUMBERS, LIMITS, MARKS, MARKS_AS_WORDS, STEP, AXON = range(7, 13)
BLOCK_WORDS = 13


def draw(block, numbers, limits, marks, words, step, axon):
    """Draw steps until all are done or there is no room for another one.

    Parameters
    ----------
    block : int64 array [BLOCK_WORDS]
        Its state, steps done and spikes found are brought up to date.
    numbers : uint32 array [n]
        Axons with a rate above 0: no others cost anything.
    limits : uint32 array [n]
        Draws below which each of them fires.
    marks : uint8 array, words : int64 array
        The same memory, by axons and by eight of them; those behind the last axon are 0.
    step, axon : int64 array
        Room for spikes.
    """
    state, done, found, count = block[STATE], block[DONE], block[FOUND], numbers.size
    while done < block[STEPS] and found + count <= step.size:
        mark(np.uint32(state), numbers, limits, marks)
        for word in range(words.size):
            bits = words[word]
            while bits:
                step[found] = done
                axon[found] = numbers[8 * word + (lowest_bit(bits) >> 3)]
                found += 1
                bits &= bits - 1
        state = advanced(state)
        done += 1
    block[STATE], block[DONE], block[FOUND] = state, done, found


def mark(state, numbers, limits, marks):
    """Mark the axons whose draw is below their limit: `spec.fixed.spike_draw`, in vector code."""
    for k in range(numbers.size):
        word = np.uint32(state + np.uint32(numbers[k] * np.uint32(AXON_STRIDE)))
        for _ in range(SPIKE_DRAW_TURNS):
            word = np.uint32(word + np.uint32(word << np.uint32(10)))
            word = np.uint32(word ^ np.uint32(word >> np.uint32(6)))
            word = np.uint32(word + np.uint32(word << np.uint32(3)))
            word = np.uint32(word ^ np.uint32(word >> np.uint32(11)))
            word = np.uint32(word + np.uint32(word << np.uint32(15)))
        marks[k] = np.uint32(word >> np.uint32(32 - SPIKE_DRAW_BITS)) < limits[k]
