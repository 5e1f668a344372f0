"""Layer of neurons: a LIF, CubaLIF, IF or LI node of a graph in the equation of the chip.

In every step, with g what arrives (see docs/model.md)::

    i = i * (1 - decay_syn) + factor * g
    u = u * (1 - decay) + i
    fires if u > threshold

where u is the membrane less its resting potential, and i the synaptic current times its effect on the membrane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .node import SILENT, Floats, Node, Shape
from .options import Options


@dataclass(frozen=True, eq=False)
class Layer:
    """Neurons of one node, or neurons that the importer adds. Arrays have one number for each neuron.

    Attributes
    ----------
    name : str
        Name of the node.
    shape : tuple of int
        Shape of the layer.
    decay, decay_syn : float array [size]
        Fractions of membrane and current that are lost in a step.
    factor : float array [size]
        Current that one unit of input adds.
    threshold, reset : float array [size]
        Threshold and reset value minus the resting potential.
    rest : float array [size]
        Resting potential.
    silent : bool
        Whether the neurons never spike and are read by their membrane.
    subtract : bool
        Whether a spike subtracts the threshold from the membrane.
    late : bool
        Whether it does so only after the decay of the next step.
    hold : bool
        Whether the membrane stays at its reset value while the neuron is refractory.
    refractory : float
        Time without spikes after each spike.
    notes : list of (float, str)
        Differences from the graph before rounding: relative size, and description.
    """

    name: str
    shape: Shape
    decay: Floats
    decay_syn: Floats
    factor: Floats
    threshold: Floats
    reset: Floats
    rest: Floats
    silent: bool = False
    subtract: bool = False
    late: bool = False
    hold: bool = False
    refractory: float = 0.0
    notes: list[tuple[float, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)

    @property
    def filters(self) -> bool:
        """Whether any neuron has a synaptic current that lasts longer than a step."""
        return bool((self.decay_syn < 1).any())

    @classmethod
    def memoryless(cls, name: str, shape: Shape, threshold: float, *, silent: bool = False) -> Layer:
        """Make neurons that forget everything in every step: relays, and readouts of sums."""
        ones = np.ones(math.prod(shape))
        zeros = np.zeros_like(ones)
        return cls(name, shape, ones, ones, ones, ones * threshold, zeros, zeros, silent=silent)

    @classmethod
    def of(cls, node: Node, shape: Shape, options: Options) -> Layer:
        """Discretise a node of neurons.

        Raises
        ------
        FileFormatError
            For time constants that are not above 0, thresholds below rest or reset, or a step that Euler's method
            cannot take; the message names the node.
        """
        ones = np.ones(shape)
        decay, decay_syn, factor, rest = ones, ones, ones, np.zeros(shape)
        if node.kind in ("LIF", "LI", "CubaLIF", "CubaLI"):
            tau = "tau_mem" if node.kind.startswith("Cuba") else "tau"
            decay = _lost(node, tau, shape, options)
            rest = node.parameter("v_leak", shape, 0.0)
            factor = node.parameter("r", shape) * decay
        elif node.kind in ("IF", "I"):
            decay = np.zeros(shape)
            factor = node.parameter("r", shape) * (1.0 if options.current == "jump" else options.dt)
        if node.kind.startswith("Cuba"):
            decay_syn = _lost(node, "tau_syn", shape, options)
            gain = 1.0 if options.current == "jump" else decay_syn
            factor = factor * gain * node.parameter("w_in", shape, 1.0)
        silent = node.kind in SILENT
        threshold, reset = (ones, ones * 0) if silent else _limits(node, shape, rest)
        mode = "value" if silent or node.kind == "Threshold" else options.reset_of(node.name)
        notes: list[tuple[float, str]] = []
        if mode.startswith("zero"):
            reset = -rest
        hold = mode == "zero-late"
        refractory = 0.0 if silent else max(options.refractory_of(node.name), options.dt * hold)
        if mode.startswith("subtract") and rest.any():
            notes.append(
                (float(np.abs(rest).max() / max(threshold.max(), 1e-300)), "a spike takes off v_threshold less v_leak")
            )
        late = mode == "subtract-late" and bool(decay.any())
        if late and (decay_syn < 1).any():
            notes.append((float(decay.max()), "a spike takes off the threshold at once, not after the next decay"))
            late = False
        return cls(
            node.name, shape, decay.reshape(-1), decay_syn.reshape(-1), factor.reshape(-1), threshold.reshape(-1),
            reset.reshape(-1), rest.reshape(-1), silent, mode.startswith("subtract"), late, hold,
            refractory, notes,
        )  # fmt: skip


def _lost(node: Node, name: str, shape: Shape, options: Options) -> Floats:
    """Return the fraction that a time constant of a node loses in one step."""
    tau = node.parameter(name, shape)
    if (tau <= 0).any():
        raise node.bad(f"{name} must be above 0, got {tau.min():g}")
    if options.discretisation == "exact":
        return np.asarray(-np.expm1(-options.dt / tau))
    fraction = options.dt / tau
    if (fraction > 1 + 1e-6).any():
        raise node.bad(
            f"{name} {tau.min():g} is shorter than a step of {options.dt:g}, which Euler's method cannot take; give a "
            "smaller dt, or discretisation='exact'"
        )
    return np.minimum(fraction, 1.0)


def _limits(node: Node, shape: Shape, rest: Floats) -> tuple[Floats, Floats]:
    """Return threshold and reset value minus rest."""
    name = "threshold" if node.kind == "Threshold" else "v_threshold"
    threshold = node.parameter(name, shape)
    reset = node.parameter("v_reset", shape, 0.0) if node.kind != "Threshold" else np.zeros(shape)
    for what, level in (("rest", rest), ("v_reset", reset)):
        if (threshold < level).any():
            at = np.argmax(threshold < level)
            raise node.bad(
                f"{name} must not be below {what} ({level.flat[at]:g}), got {threshold.flat[at]:g}: it fires for ever"
            )
    return threshold - rest, reset - rest
