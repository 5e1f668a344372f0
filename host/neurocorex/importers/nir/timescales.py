"""Time constants of a node, and the length of a step that its resistance shows.

Producers that add whole weights in a step write ``r = tau / dt`` (Euler's method), or ``r = tau * exp(-dt / tau) / dt``
(Rockpool). Either gives the step back.
"""

from __future__ import annotations

import numpy as np

from .node import Floats, Node

#: Time constant of the membrane of each kind of node that has one.
MEMBRANE = {"LIF": "tau", "LI": "tau", "CubaLIF": "tau_mem", "CubaLI": "tau_mem"}
#: Steps of Newton's method, which here needs about six.
ITERATIONS = 60


def time_constants(node: Node) -> Floats:
    """Return all finite time constants of a node above 0, [n]; empty for a node without."""
    names = [MEMBRANE[node.kind]] if node.kind in MEMBRANE else []
    names += ["tau_syn"] if node.kind.startswith("Cuba") else []
    values = np.concatenate([np.zeros(0), *(node.raw(name).reshape(-1) for name in names)])
    return np.asarray(values[np.isfinite(values) & (values > 0)])


def membrane(node: Node) -> tuple[Floats, Floats] | None:
    """Return time constants of the membrane and resistances, [n] each, where both are finite and above 0."""
    if node.kind not in MEMBRANE:
        return None
    tau, r = node.raw(MEMBRANE[node.kind]), node.raw("r")
    if not tau.size or not r.size:
        return None
    try:
        tau, r = (each.reshape(-1) for each in np.broadcast_arrays(tau, r))
    except ValueError:
        return None
    usable = np.isfinite(tau) & np.isfinite(r) & (tau > 0) & (r > 0)
    return (tau[usable], r[usable]) if usable.any() else None


def euler_dt(node: Node) -> Floats | None:
    """Return the steps of ``r = tau / dt``, or of an IF with ``r = 1 / dt``; None where r says nothing (1, or no r)."""
    if node.kind == "IF":
        r = node.raw("r").reshape(-1)
        return 1 / r if r.size and (r > 1).all() and np.isfinite(r).all() else None
    pair = membrane(node)
    if pair is None or (pair[1] == 1).all():
        return None
    return pair[0] / pair[1]


def decayed_dt(node: Node) -> Floats | None:
    """Return the steps of ``r = tau * exp(-dt / tau) / dt``: with x = dt / tau, ``log(x) + x = -log(r)``.

    None where r is 1 or less, for a step of more than half a time constant.
    """
    pair = membrane(node)
    if pair is None or (pair[1] <= 1).any():
        return None
    tau, r = pair
    goal = -np.log(r)
    x = np.where(goal > 1, goal, np.exp(np.minimum(goal, 1) - 0.5))
    for _ in range(ITERATIONS):
        x = np.maximum(x - (np.log(x) + x - goal) / (1 / x + 1), x / 8)
    return np.asarray(tau * x)


def is_round(steps: Floats | None) -> float | None:
    """Return the step if all are the same within 1e-4, and 1, 2 or 5 times a power of ten; else None."""
    if steps is None or not steps.size or np.ptp(steps) > 2e-4 * steps.max():
        return None
    step = float(np.median(steps))
    power = 10.0 ** np.floor(np.log10(step) + 1e-6)
    return next((digit * power for digit in (1, 2, 5) if abs(step / (digit * power) - 1) < 1e-4), None)
