"""Control registers, changes between steps, and the spikes that are on their way."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from __future__ import annotations

from .constants import (
    CLEAR_ADAPTATION,
    CLEAR_STATE,
    GATE_ALL,
    OFF,
    RANDOM,
    SIGNED,
    H,
    I,
    R,
    V,
    helper,
    lowest_bit,
)  # fmt: skip


@helper
def decode(control, bits, rules):
    """Read all control registers, as signed numbers where they are."""
    for register in range(control.size):
        rules[register] = control[register]
    for register in SIGNED:
        if register < control.size and control[register] >> (bits[register] - 1):
            rules[register] -= 1 << bits[register]


@helper
def find_learners(flags, gate, learns):
    """Tell which neurons learn."""
    for j in range(flags.size):
        learns[j] = flags[j] & OFF == 0 and gate in (GATE_ALL, j)


@helper
def clear(neurons, what):
    """Zero what these flags name of the neurons; the traces are the caller's."""
    if what & CLEAR_STATE:
        for row in (V, I, R):
            neurons[row] = 0
    if what & CLEAR_ADAPTATION:
        neurons[H] = 0


@helper
def advance(control):
    """Advance the generator; return the half of it that draws are made of."""
    x = control[RANDOM]
    x ^= x << 13 & 0xFFFFFFFF
    x ^= x >> 17
    x ^= x << 5 & 0xFFFFFFFF
    control[RANDOM] = x
    return x >> 16


# Spikes under way ----------------------------------------------------------------------------------
#
# One set of axons for each of the next D steps, as bits: those at which a spike arrives then. So a step looks at the
# spikes that arrive in it, and not at the past of every neuron. `HISTORY` is brought up to date at the end of a call.


@helper
def send(due, slot, starts, axons, delays, j, ago):
    """Note the arrivals of a spike of neuron j that fired `ago` steps before the one that `slot` belongs to."""
    for k in range(starts[j], starts[j + 1]):
        ahead = delays[k] - ago
        if ahead >= 0:
            target = slot + ahead
            if target >= due.shape[0]:
                target -= due.shape[0]
            due[target, axons[k] >> 6] |= 1 << (axons[k] & 63)


@helper
def send_history(due, history, starts, axons, delays):
    """Note the arrivals of all spikes before this call; return whether there was any."""
    any_spike = False
    for j in range(history.size):
        past, ago = history[j], 1
        any_spike |= past != 0
        while past:
            if past & 1:
                send(due, 0, starts, axons, delays, j, ago)
            past >>= 1
            ago += 1
    return any_spike


@helper
def take_arrivals(due, slot, first, rows):
    """Rows, rising, at which spikes of neurons arrive now; `first` is that of neuron 0. Return how many."""
    count = 0
    for word in range(due.shape[1]):
        bits = due[slot, word]
        due[slot, word] = 0
        while bits:
            rows[count] = first + 64 * word + lowest_bit(bits)
            bits &= bits - 1
            count += 1
    return count


@helper
def keep_history(history, bits, passed, fired_step, fired_neuron, spikes, step):
    """Bring the histories up to date: `passed` steps went by, and spikes were put out, up to `step`."""
    mask = (1 << bits) - 1
    for j in range(history.size):
        history[j] = history[j] << passed & mask if passed < bits else 0
    k = spikes - 1
    while k >= 0 and step - fired_step[k] <= min(bits, passed):
        history[fired_neuron[k]] |= 1 << (step - fired_step[k] - 1)
        k -= 1
