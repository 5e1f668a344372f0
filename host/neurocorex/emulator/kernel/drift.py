"""Drift of plastic weights, put off row by row: a row is brought up to date when it is read or changed.

``w = sat_W(w + DRIFT_STEP)`` in every step is the same as once with the sum of the steps, as long as these have one
sign. So `Scratch.total` is the sum since the last time when all rows were up to date, and ``seen[a]`` what row a has
had of it. When the step turns its sign, all rows are brought up to date first; and at the end of a call that asks for
it, for nobody else may read the weights before.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .constants import DRIFT_STEP, ENABLE, LEARNING, ROW_FIXED

#: An index known not to be negative.
_at = np.uintp
#: More than any weight can move; sums are cut to this, so that they fit into 32 bits.
FAR = 1 << 17


def pending(scratch, a):
    """Return what row a has not seen yet of the drift."""
    return clamp(scratch.total[0] - scratch.seen[a], -FAR, FAR)


def settle_row(weights, learner, scratch, width, a, least, most):
    """Bring a row up to date."""
    drift = np.int32(pending(scratch, a))
    scratch.seen[a] = scratch.total[0]
    if drift == 0 or learner.kinds[a] == ROW_FIXED:
        return
    start = a * width
    for j in range(width):
        moved = np.int32(drift * learner.plastic[_at(start + j)])
        w = np.int32(np.int32(weights[_at(start + j)]) + moved)
        weights[_at(start + j)] = min(max(w, least), most)


def settle_rows(weights, learner, scratch, width, count, least, most):
    """Bring up to date the rows of the axons that arrived."""
    if scratch.total[0]:
        for k in range(count):
            settle_row(weights, learner, scratch, width, scratch.rows[k], least, most)


def settle_all(weights, learner, scratch, width, least, most):
    """Bring all rows up to date."""
    if scratch.total[0]:
        for a in range(scratch.seen.size):
            settle_row(weights, learner, scratch, width, a, least, most)
            scratch.seen[a] = 0
        scratch.total[0] = 0


def move(weights, learner, scratch, rules, width, steps, least, most):
    """``w = sat_W(w + DRIFT_STEP)`` for all plastic weights, as often as there are steps."""
    step = rules[DRIFT_STEP]
    if rules[LEARNING] & ENABLE == 0 or step == 0:
        return
    if (step < 0) != (scratch.total[0] < 0):
        settle_all(weights, learner, scratch, width, least, most)
    scratch.total[0] += step * steps
