"""Dynamics of a node of neurons in steps: what is lost in a step, and what one unit of input adds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .node import Floats, Node, Shape
from .options import Options


class Dynamics(NamedTuple):
    """Numbers of one step, in the shape of the layer.

    Attributes
    ----------
    decay, decay_syn : float array
        Fractions of membrane and current that are lost.
    factor : float array
        Current that one unit of input adds.
    rest : float array
        Resting potential.
    """

    decay: Floats
    decay_syn: Floats
    factor: Floats
    rest: Floats


def dynamics_of(node: Node, shape: Shape, options: Options) -> Dynamics:
    """Discretise the equation of a node.

    Raises
    ------
    FileFormatError
        For time constants that are not above 0, or a step that Euler's method cannot take; the message names the node.
    """
    ones, zeros = np.ones(shape), np.zeros(shape)
    if node.kind == "Threshold":
        return Dynamics(ones, ones, ones, zeros)
    if node.kind in ("IF", "I"):
        jump = options.current in ("jump", "decayed")
        return Dynamics(zeros, ones, node.parameter("r", shape) * (1.0 if jump else options.dt), zeros)
    synaptic = node.kind.startswith("Cuba")
    decay, factor = _lost(node, "tau_mem" if synaptic else "tau", "r", shape, options)
    rest = node.parameter("v_leak", shape, 0.0)
    decay_syn = ones
    if synaptic:
        jump = options.current != "filter"
        decay_syn, gain = _lost(node, "tau_syn", "w_in", shape, options, jump=jump)
        factor = factor * gain
    if options.current == "decayed":
        factor = 1 - decay_syn if synaptic else ones
    return Dynamics(decay, decay_syn, factor, rest)


def _lost(
    node: Node, tau_name: str, gain_name: str, shape: Shape, options: Options, *, jump: bool = False
) -> tuple[Floats, Floats]:
    """Return the fraction that a time constant loses in one step, and what a unit of input adds to its variable.

    Where time constant and gain are both infinite, as snnTorch writes them for beta = 1 or alpha = 1, nothing is lost
    and a unit of input adds 1: they are the limit of ``gain = tau / dt``.
    """
    tau = node.parameter(tau_name, shape, endless=True)
    gain = node.parameter(gain_name, shape, 1.0 if gain_name == "w_in" else None, endless=True)
    if (tau <= 0).any():
        raise node.bad(f"{tau_name} must be above 0, got {tau.min():g}{_advice(tau, gain)}")
    endless = np.isposinf(tau)
    if (endless & ~np.isposinf(gain)).any():
        raise node.bad(
            f"{tau_name} must be finite, got inf; IF and I are neurons without leak, and inf is taken where "
            f"{gain_name} is inf as well"
        )
    if (np.isposinf(gain) & ~endless).any():
        raise node.bad(f"{gain_name} must be finite where {tau_name} is, got inf")
    fraction = np.where(endless, 0.0, options.dt / tau)
    if options.discretisation == "exact":
        fraction = -np.expm1(-fraction)
    elif (fraction > 1 + 1e-6).any():
        raise node.bad(
            f"{tau_name} {tau.min():g} is shorter than a step of {options.dt:g}, which Euler's method cannot take; "
            "give a smaller dt, or discretisation='exact'"
        )
    fraction = np.minimum(fraction, 1.0)
    finite = np.where(endless, 1.0, gain)
    return fraction, np.where(endless, 1.0, finite if jump else finite * fraction)


def _advice(tau: Floats, gain: Floats) -> str:
    """Return what to do about a negative time constant that snnTorch writes for a beta or alpha above 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        decays = np.where((tau < 0) & (gain < 0), 1 - 1 / gain, 0.0)
    if not (decays > 1).any():
        return ""
    return (
        f"; snnTorch writes tau = dt / (1 - beta), so beta (alpha for a current) is {decays.max():.6g}, and above 1 a "
        "membrane grows by itself: clamp it to at most 1, which is a neuron without leak, and export again"
    )
