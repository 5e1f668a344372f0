"""Neurons of one step: current, membrane, leak, adaptation, threshold, refractory period and reset.

Each equation is a plain loop over few arrays, which a compiler turns into vector code; with many arrays it gives up, as
it has too many pairs of them to keep apart. Sums are cut to 32 bits after every operation, or numba would widen them
and halve the speed; nothing here needs more than 26. Decays multiply in double precision, in which the product is exact
(a state has up to 24 bits, the factor 17), and the conversion to an integer cuts towards zero, as ``shrink`` asks for.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arithmetic import clamp, kept, lowest_bit
from .constants import (
    ADAPTATION_DECAY,
    BIAS,
    CONTEXT,
    FLAGS,
    GROUP,
    HOLD,
    HOLD_FIRING,
    LEAK,
    LEARNING,
    PERIOD,
    RESET,
    SILENT,
    SUBTRACT,
    TH,
    H,
    I,
    R,
    V,
)  # fmt: skip

#: Marks of a neuron: it fires; its current, membrane or adaptation was clamped; it fires because it is forced to.
FIRES, CLAMPED, FORCED = 1, 2, 4


class Features(NamedTuple):
    """Equations that at least one neuron needs; the others are left out."""

    current: bool
    leak: bool
    hold: bool
    refractory: bool
    adaptation: bool


def find_features(neurons, keep_current, held):
    """Note the neurons that are held while refractory; return the features, and how many neurons are refractory."""
    lasts = leaks = holds = refracts = adapts = False
    waiting = 0
    for j in range(held.size):
        held[j] = neurons[FLAGS, j] & HOLD
        lasts |= keep_current[j] != 0
        leaks |= neurons[LEAK, j] != 0
        holds |= held[j] != 0
        refracts |= neurons[PERIOD, j] != 0
        adapts |= neurons[H, j] != 0
        waiting += neurons[R, j] > 0
    return Features(lasts, leaks, holds, refracts, adapts), waiting


def take_context(neurons, core, scratch, rules):
    """Add up the biases of the context that is in force; nothing to do on a chip that has no contexts."""
    bias, added = neurons[BIAS], core.context_bias[rules[CONTEXT]]
    for j in range(scratch.bias.size):
        scratch.bias[j] = np.int32(bias[j] + added[j])


def update_neurons(neurons, core, scratch, rules, features, adapting, waiting, low, high):
    """Bring all neurons to the comparison with the threshold; return how many are still refractory.

    ``fires = r == 0 and v > th + h and not HOLD_FIRING and not silent``, in `Scratch.marks`
    """
    v, i, r, h, th = neurons[V], neurons[I], neurons[R], neurons[H], neurons[TH]
    marks = scratch.marks[: v.size]
    bias = scratch.bias if scratch.bias.size else neurons[BIAS]
    if features.current:
        update_currents(i, core.keep_current, scratch.g, low, high, marks)
    else:
        take_currents(i, scratch.g, low, high, marks)
    if features.leak:
        leak(v, core.keep_membrane, neurons[LEAK])
        update_membranes(v, scratch.ones, i, bias, low, high, marks)
    else:
        update_membranes(v, core.keep_membrane, i, bias, low, high, marks)
    if adapting:
        adapt(h, kept(rules[ADAPTATION_DECAY]), th, scratch.limit)
        compare(v, scratch.limit, marks)
        measure(v, scratch.limit, scratch.excess)
    else:
        compare(v, th, marks)
        measure(v, th, scratch.excess)
    if waiting:
        if features.hold:
            pin(v, r, neurons[RESET], scratch.held)
        waiting = wait(r, marks)
    if rules[LEARNING] & HOLD_FIRING:
        for j in range(marks.size):
            marks[j] &= CLAMPED
    if rules[SILENT]:
        silence(neurons[GROUP], rules[SILENT], marks)
    return waiting


def update_currents(i, keep, g, low, high, marks):
    """``i = sat(shrink(i, di) + g)``; g goes to zero for the next step."""
    for j in range(i.size):
        exact = np.int32(np.int32(i[j] * keep[j]) + g[j])
        bounded = min(max(exact, low), high)
        i[j] = bounded
        g[j] = 0
        marks[j] = (bounded != exact) << 1


def take_currents(i, g, low, high, marks):
    """``i = sat(g)``, where no current outlasts its step; g goes to zero for the next one."""
    for j in range(i.size):
        exact = g[j]
        bounded = min(max(exact, low), high)
        i[j] = bounded
        g[j] = 0
        marks[j] = (bounded != exact) << 1


def leak(v, keep, leaks):
    """``v = toward(shrink(v, dv), l)``, ahead of `update_membranes`, which then keeps all of it."""
    for j in range(v.size):
        left = np.int32(v[j] * keep[j])
        v[j] = np.int32(left - min(max(left, np.int32(-leaks[j])), leaks[j]))


def update_membranes(v, keep, i, bias, low, high, marks):
    """``v = sat(shrink(v, dv) + i + b)``."""
    for j in range(v.size):
        exact = np.int32(np.int32(np.int32(v[j] * keep[j]) + i[j]) + bias[j])
        bounded = min(max(exact, low), high)
        v[j] = bounded
        marks[j] |= (bounded != exact) << 1


def adapt(h, keep, th, limit):
    """``h = shrink(h, ADAPTATION_DECAY)``; the limit that a membrane has to exceed is th + h."""
    for j in range(h.size):
        h[j] = np.int32(h[j] * keep)
        limit[j] = np.int32(th[j] + h[j])


def compare(v, limit, marks):
    """Mark the neurons above the threshold: ``v > th + h``."""
    for j in range(v.size):
        marks[j] |= v[j] > limit[j]


def measure(v, limit, excess):
    """Tell how far each membrane is above its limit; without groups there is no room for it."""
    for j in range(excess.size):
        excess[j] = np.int32(v[j] - limit[j])


def silence(groups, silent, marks):
    """Keep neurons of silent groups from firing."""
    for j in range(groups.size):
        if silent >> groups[j] & 1:
            marks[j] &= CLAMPED


def wait(r, marks):
    """Count refractory periods down; a refractory neuron does not fire. Return how many are still refractory."""
    left = np.int32(0)
    for j in range(r.size):
        waits = r[j] > 0
        r[j] = np.int32(r[j] - waits)
        marks[j] &= FIRES + CLAMPED - waits
        left = np.int32(left + (r[j] > 0))
    return left


def pin(v, r, reset, held):
    """Hold the membranes of refractory neurons with `Flag.REFRACTORY_HOLD` at the reset value, ahead of `wait`."""
    for j in range(v.size):
        v[j] = reset[j] if held[j] and r[j] > 0 else v[j]


def find_marked(marks, words, fired):
    """Collect the neurons that fire, rising; return their number, and that of clamped ones."""
    count = clamped = 0
    for word in range(words.size):
        bits = words[word]
        while bits:
            place = lowest_bit(bits)
            bits &= ~(0xFF << (place & 56))
            j = 8 * word + (place >> 3)
            clamped += marks[j] >> 1 & 1
            fired[count] = j
            count += marks[j] & FIRES
    return count, clamped


def reset_neuron(neurons, j, high, adapts, adaptation_step):
    """Reset a neuron that fired; return whether that clamped it."""
    clamped = False
    if neurons[FLAGS, j] & SUBTRACT:
        exact = neurons[V, j] - neurons[TH, j]
        bounded = clamp(exact, -high - 1, high)
        clamped = bounded != exact
        neurons[V, j] = bounded
    else:
        neurons[V, j] = neurons[RESET, j]
    neurons[R, j] = neurons[PERIOD, j]
    if adapts:
        exact = neurons[H, j] + adaptation_step
        clamped |= exact > high
        neurons[H, j] = min(exact, high)
    return clamped
