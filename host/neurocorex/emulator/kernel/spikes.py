"""Axon delays: spikes in flight, for each of the next D steps the axons at which one arrives, as a set of bits.

So a step reads the arrivals of that step, and no neuron's history is scanned. `Region.HISTORY` is read at the beginning
of a call and brought up to date at its end.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from .arithmetic import lowest_bit


def send(due, slot, starts, axons, delays, j, ago):
    """Note the arrivals of a spike of neuron j that fired `ago` steps before the one that `slot` belongs to."""
    for k in range(starts[j], starts[j + 1]):
        ahead = delays[k] - ago
        if ahead >= 0:
            target = slot + ahead
            if target >= due.shape[0]:
                target -= due.shape[0]
            due[target, axons[k] >> 6] |= 1 << (axons[k] & 63)


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


def take_arrivals(due, slot, first, rows):
    """Rows, rising, at which spikes of neurons arrive now; `first` is that of neuron 0. Return their number."""
    count = 0
    for word in range(due.shape[1]):
        bits = due[slot, word]
        due[slot, word] = 0
        while bits:
            rows[count] = first + 64 * word + lowest_bit(bits)
            bits &= bits - 1
            count += 1
    return count


def take_events(events, indices, at, step, rows, count):
    """Add the rows of the input axons with an event in this step; return the place in the table and the rows now."""
    while at < events.size and events[at] == step:
        rows[count] = indices[at]
        count += 1
        at += 1
    return at, count


def keep_history(history, bits, passed, fired_step, fired_neuron, spikes, step):
    """Bring the histories up to date: `passed` steps went by, and spikes were put out, up to `step`."""
    mask = (1 << bits) - 1
    for j in range(history.size):
        history[j] = history[j] << passed & mask if passed < bits else 0
    k = spikes - 1
    while k >= 0 and step - fired_step[k] <= min(bits, passed):
        history[fired_neuron[k]] |= 1 << (step - fired_step[k] - 1)
        k -= 1
