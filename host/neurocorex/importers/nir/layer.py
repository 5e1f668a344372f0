"""Layer of neurons: a LIF, CubaLIF, IF or LI node of a graph in the equation of the chip.

In every step, with g what arrives (see docs/model.md)::

    i = i * (1 - decay_syn) + factor * g
    u = u * (1 - decay) + i
    fires if u > threshold

where u is the membrane less its origin, and i the synaptic current times its effect on the membrane. The origin is the
resting potential, from which a membrane starts. A neuron that rests above its threshold fires by itself: its origin is
where it starts, and what drives it to its rest is a bias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from .dynamics import dynamics_of
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
        Threshold and reset value minus the origin.
    rest : float array [size]
        Origin: the membrane in the graph that is 0 on the chip.
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
    inclusive : bool
        Whether it fires at the threshold as well.
    drive : float array [size]
        Bias by which membranes rest elsewhere than at their origin.
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
    inclusive: bool = False
    drive: Floats = field(default_factory=lambda: np.zeros(1))
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
            For time constants that are not above 0, thresholds below the reset value, or a step that Euler's method
            cannot take; the message names the node.
        """
        silent = node.kind in SILENT
        step = dynamics_of(node, shape, options)
        mode = "value" if silent or node.kind == "Threshold" else options.reset_of(node.name)
        notes: list[tuple[float, str]] = []
        if silent:
            threshold, reset, origin = np.ones(shape), np.zeros(shape), step.rest
        else:
            threshold, reset, origin = _levels(node, shape, step.rest, mode)
        hold = mode == "zero-late" or (options.hold and not silent)
        refractory = 0.0 if silent else max(options.refractory_of(node.name), options.dt * (mode == "zero-late"))
        if mode.startswith("subtract") and origin.any():
            notes.append(
                (
                    float(np.abs(origin).max() / max(threshold.max(), 1e-300)),
                    "a spike takes off v_threshold less v_leak",
                )
            )
        late = mode == "subtract-late" and bool(step.decay.any())
        if late and (step.decay_syn < 1).any():
            notes.append((float(step.decay.max()), "a spike takes off the threshold at once, not after the next decay"))
            late = False
        return cls(
            node.name, shape, step.decay.reshape(-1), step.decay_syn.reshape(-1), step.factor.reshape(-1),
            threshold.reshape(-1), reset.reshape(-1), origin.reshape(-1), silent, mode.startswith("subtract"), late,
            hold, refractory, not silent and options.fires_at_of(node.name) == ">=",
            ((step.rest - origin) * step.decay).reshape(-1), notes,
        )  # fmt: skip

    @property
    def restless(self) -> bool:
        """Whether some of its neurons fire by themselves."""
        return bool((self.drive > 0).any())

    def started(self, late: int) -> Layer:
        """Return the layer with membranes that reach their start after `late` steps, in which nothing arrives.

        The drive acts from the first step of the chip on, so they begin so much farther from their rest.
        """
        kept = (1 - self.decay) ** late
        if not late or not self.restless:
            return self
        if self.subtract or (kept < 1e-2).any():
            text = "steps, by which neurons that fire by themselves begin early"
            return replace(self, notes=[*self.notes, (float(late), text)])
        # Rest above the origin, drive / decay, grows by 1 / kept; neurons without drive stay as they are.
        above = self.drive / np.where(self.decay > 0, self.decay, 1.0)
        moved = above * (1 / kept - 1)
        return replace(
            self, drive=self.drive + moved * self.decay, rest=self.rest - moved, threshold=self.threshold + moved,
            reset=self.reset + moved,
        )  # fmt: skip


def _levels(node: Node, shape: Shape, rest: Floats, mode: str) -> tuple[Floats, Floats, Floats]:
    """Return threshold and reset value minus the origin, and the origin."""
    name = "threshold" if node.kind == "Threshold" else "v_threshold"
    threshold = node.parameter(name, shape)
    reset = np.zeros(shape)
    if mode == "value" and node.kind != "Threshold":
        reset = node.parameter("v_reset", shape, 0.0)
    # Where a membrane starts that fires by itself: at the value that a reset gives it, or at 0.
    origin = np.where(threshold < rest, reset, rest)
    if mode.startswith("subtract"):
        beyond = (threshold < rest) & (threshold <= 0)
        reset = origin
    else:
        beyond = threshold < reset
    if beyond.any():
        at = np.argmax(beyond)
        what = f"v_reset ({reset.flat[at]:g})" if mode == "value" else "the 0 that a reset leads to"
        raise node.bad(f"{name} must not be below {what}, got {threshold.flat[at]:g}: it fires for ever")
    return threshold - origin, reset - origin, origin
