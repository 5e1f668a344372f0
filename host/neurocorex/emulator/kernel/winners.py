"""Winners: the first neuron of each group to fire, and judgements, which praise and blame by them."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .constants import BLAME, CONSCIENCE, IF_WRONG, JUDGE, JUDGES, LABEL, NOBODY, ONE_FIRES, PRAISE
from .neurons import CLAMPED, FORCED


def judge(first, brought, rules):
    """In a judgement, add praise and blame to the errors of this step; return the neuron that is right, or `NOBODY`."""
    if rules[JUDGE] & JUDGES == 0:
        return NOBODY
    right = first[rules[LABEL]] if 0 < rules[LABEL] < first.size else NOBODY
    wrong = right != first[0]
    if right < brought.size and (wrong or rules[JUDGE] & IF_WRONG == 0):
        brought[right] = np.int32(brought[right] + rules[PRAISE])
    if first[0] < brought.size and wrong:
        brought[first[0]] = np.int32(brought[first[0]] - rules[BLAME])
    return right if right < brought.size else NOBODY


def raise_threshold(h, right, rules, high, marks):
    """``h = min(h + CONSCIENCE, max)`` of the neuron that is right, ahead of what its spike adds."""
    exact = h[right] + rules[CONSCIENCE]
    h[right] = min(exact, high)
    if exact > high:
        marks[right] |= CLAMPED


def contest(best, groups, excess, rules, marks, fired, firing):
    """Of the neurons that fire by themselves, keep the best of each group in which they exclude one another.

    Return how many fire now.
    """
    for item in range(best.size):
        best[item] = NOBODY
    for k in range(firing):
        j = fired[k]
        if rules[ONE_FIRES] >> groups[j] & 1 and not marks[j] & FORCED:
            held = best[groups[j]]
            if held == NOBODY or excess[j] > excess[held]:
                best[groups[j]] = j
    left = 0
    for k in range(firing):
        j = fired[k]
        if rules[ONE_FIRES] >> groups[j] & 1 and not marks[j] & FORCED and best[groups[j]] != j:
            marks[j] &= CLAMPED
        else:
            fired[left] = j
            left += 1
    return left


def keep_first(first, groups, excess, fired, firing):
    """Enter the best of the neurons that fired wherever no neuron stood before this step."""
    for k in range(firing):
        j = fired[k]
        if 0 < groups[j] < first.size:
            _offer(first, 0, j, excess)
            _offer(first, groups[j], j, excess)
    for item in range(first.size):
        if first[item] < 0:
            first[item] = ~first[item]


def _offer(first, item, j, excess):
    """Enter neuron j if it is the best so far; neurons of this step stand there as their complement."""
    held = first[item]
    if held == NOBODY or (held < 0 and excess[j] > excess[~held]):
        first[item] = ~j
