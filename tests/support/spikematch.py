"""How many spikes of one recording have a partner in another."""

import numpy as np


def matched(wanted, got, within=1):
    """Part of the spikes [steps, neurons] that have a partner of their own, in the recording that has more of them."""
    pairs = sum(_pairs(np.flatnonzero(a), np.flatnonzero(b), within) for a, b in zip(wanted.T, got.T, strict=True))
    return pairs / max(wanted.sum(), got.sum(), 1)


def _pairs(first, second, within):
    pairs = i = j = 0
    while i < len(first) and j < len(second):
        apart = first[i] - second[j]
        if abs(apart) <= within:
            pairs, i, j = pairs + 1, i + 1, j + 1
        elif apart < 0:
            i += 1
        else:
            j += 1
    return pairs
