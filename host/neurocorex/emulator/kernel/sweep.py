"""The neurons of one step, all of them in plain loops over few arrays, which the compiler turns into vector code.

A loop over many arrays would not be: the compiler gives up when it has too many pairs of them to keep apart. Sums are
cut to 32 bits after every operation, or numba would widen them and halve the speed; nothing here needs more than 26.
Decays multiply in double precision, in which the product is exact (a state has up to 24 bits, the factor 17), and the
conversion to an integer cuts towards zero: just what ``shrink`` asks for.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from __future__ import annotations

from numba import int32

from .constants import FLAGS, PERIOD, RESET, SUBTRACT, TH, H, R, V, clamp, helper, lowest_bit

#: What a sweep notes about a neuron: it fires; its current, membrane or adaptation was clamped.
FIRES, CLAMPED = 1, 2


@helper
def update_currents(i, keep, g, low, high, marks):
    """``i = sat(shrink(i, di) + g)``; g goes to zero for the next step."""
    for j in range(i.size):
        exact = int32(int32(i[j] * keep[j]) + g[j])
        bounded = min(max(exact, low), high)
        i[j] = bounded
        g[j] = 0
        marks[j] = (bounded != exact) << 1


@helper
def leak(v, keep, leaks):
    """``v = toward(shrink(v, dv), l)``, ahead of `update_membranes`, which then keeps all of it."""
    for j in range(v.size):
        kept = int32(v[j] * keep[j])
        v[j] = int32(kept - min(max(kept, int32(-leaks[j])), leaks[j]))


@helper
def update_membranes(v, keep, i, bias, low, high, marks):
    """``v = sat(shrink(v, dv) + i + b)``."""
    for j in range(v.size):
        exact = int32(int32(int32(v[j] * keep[j]) + i[j]) + bias[j])
        bounded = min(max(exact, low), high)
        v[j] = bounded
        marks[j] |= (bounded != exact) << 1


@helper
def adapt(h, keep, th, limit):
    """``h = shrink(h, ADAPTATION_DECAY)``; the limit that a membrane has to exceed is th + h."""
    for j in range(h.size):
        h[j] = int32(h[j] * keep)
        limit[j] = int32(th[j] + h[j])


@helper
def compare(v, limit, marks):
    """Mark who fires if nothing else is in the way: ``v > th + h``."""
    for j in range(v.size):
        marks[j] |= v[j] > limit[j]


@helper
def wait(r, marks):
    """Count the refractory ones down, who do not fire; return how many are still refractory."""
    left = int32(0)
    for j in range(r.size):
        waits = r[j] > 0
        r[j] = int32(r[j] - waits)
        marks[j] &= FIRES + CLAMPED - waits
        left = int32(left + (r[j] > 0))
    return left


@helper
def pin(v, r, reset, held):
    """Hold the membranes of those that are refractory and told so, ahead of `wait`."""
    for j in range(v.size):
        v[j] = reset[j] if held[j] and r[j] > 0 else v[j]


@helper
def find_marked(marks, words, fired):
    """Collect who fires, rising; return how many do, and how many were clamped. `words` are the marks, by eight."""
    count = clamped = 0
    for word in range(words.size):
        bits = words[word]
        while bits:
            place = lowest_bit(bits)
            bits &= ~(0xFF << (place & 56))
            j = 8 * word + (place >> 3)
            clamped += marks[j] >> 1
            fired[count] = j
            count += marks[j] & FIRES
    return count, clamped


@helper
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
