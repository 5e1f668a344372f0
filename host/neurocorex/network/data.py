"""Data of a network: weights, neuron parameters and learning rule, as arrays in the units of the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Never

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..learning import Rule
from ..spec.config import LIMITS
from . import parameters
from .attributes import Sealed
from .delays import OwnAxons
from .parameters import KEYWORDS, SCALED
from .projections import Projection, Projections

_OF_CONTEXTS = ("contexts", "context_bias", "context_gain")
_SET = {name: f"set it by net.neurons.set({name}=...)" for name in KEYWORDS}


class NetworkData(Sealed):
    """Data of a network; see `Network` for the attributes.

    Populations set parameters in it, the quantiser and the simulation in floats read it.
    """

    _fixed: ClassVar[Mapping[str, str]] = {
        "dt_ms": "give it when the network is made: Network(..., dt_ms=...)",
        "input_count": "give it when the network is made: Network(inputs=...)",
        "neuron_count": "give it when the network is made: Network(neurons=...)",
        "parameters": "set them by net.neurons.set(...)",
    }
    _elsewhere: ClassVar[Mapping[str, str]] = _SET

    input_count: int
    input_source: list[int]
    input_delay_ms: list[float]
    neuron_count: int
    dt_ms: float
    weights: NDArray[Any]
    connected: NDArray[np.bool_]
    plastic: NDArray[np.bool_]
    extra_source: list[int]
    extra_delay_ms: list[float]
    is_feedback: NDArray[np.bool_]
    follows: list[bool]
    calls: int
    _axons: OwnAxons
    rule: Rule | None
    _projections: Projections
    parameters: dict[str, NDArray[Any]]
    adaptation_step: int | float
    adaptation_decay: float
    praise: float
    blame: float
    conscience: int | float
    exclusive: tuple[int, ...]
    contexts: tuple[str, ...]
    context_bias: NDArray[Any]
    context_gain: NDArray[np.float64]

    def __init__(self, inputs: int, neurons: int, dt_ms: float) -> None:
        self.input_count = _count("inputs", inputs)
        self.input_source, self.input_delay_ms = list(range(self.input_count)), [0.0] * self.input_count
        self.neuron_count = _count("neurons", neurons)
        if not (np.isfinite(dt_ms) and dt_ms > 0):
            raise InputError(f"dt_ms must be above 0 ms, got {dt_ms!r}; for example 1.0")
        self.dt_ms = float(dt_ms)
        shape = (self.input_count + self.neuron_count, self.neuron_count)
        self.weights = np.zeros(shape, np.int64)
        self.connected, self.plastic = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        self.extra_source, self.extra_delay_ms, self.follows = [], [], []
        self.is_feedback = np.zeros(len(self.weights), np.bool_)
        self._axons = OwnAxons.of(self.neuron_count)
        self.calls = 0
        self.rule = None  # and with it `_projections`
        self.parameters = parameters.initial(self.neuron_count)
        self.adaptation_step, self.adaptation_decay = 0, 0.0
        self.praise, self.blame, self.conscience = 0, 0, 0
        self.exclusive = ()
        self.contexts, self.context_bias, self.context_gain = (), *_no_contexts(self.neuron_count)

    def __setattr__(self, name: str, value: Never) -> None:  # Never: as in `Sealed`
        """Set an attribute; a rule that is assigned is that of all plastic synapses, as by ``learn(rule)``."""
        super().__setattr__(name, value)
        if name == "rule":
            sources = len({*self.input_source}) + self.neuron_count
            self._projections = Projections((sources, self.neuron_count), value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what was pickled, also before networks had all that they have now."""
        inputs = state["input_count"]
        vars(self).update({
            "input_source": list(range(inputs)), "input_delay_ms": [0.0] * inputs,
            "is_feedback": np.zeros(len(state["weights"]), np.bool_), "praise": 0, "blame": 0, "conscience": 0,
            "exclusive": (),
            **dict(zip(_OF_CONTEXTS, ((), *_no_contexts(state["neuron_count"])), strict=True)),
        } | state)  # fmt: skip
        self.parameters.update(parameters.initial(self.neuron_count) | self.parameters)
        if "_projections" not in state:
            self.rule = state["rule"]

    @property
    def input_weights(self) -> NDArray[Any]:
        """The rows of `weights` that belong to inputs, [input axons, neurons]."""
        return self.weights[: self.input_count]

    @property
    def recurrent_weights(self) -> NDArray[Any]:
        """The rows of `weights` that belong to neurons, [neurons + extra axons, neurons]."""
        return self.weights[self.input_count :]

    @property
    def current_weights(self) -> NDArray[Any]:
        """`weights` of the axons that bring currents: the rows of feedback axons are 0."""
        return np.where(self.is_feedback[:, None], 0, self.weights) if self.is_feedback.any() else self.weights

    @property
    def feedback_weights(self) -> NDArray[Any]:
        """`weights` of the feedback axons: all other rows are 0."""
        return np.where(self.is_feedback[:, None], self.weights, 0)

    @property
    def groups(self) -> int:
        """Largest number of a group; 0: no neuron is in one."""
        return int(self.parameters["group"].max())

    @property
    def learns(self) -> bool:
        """Whether any synapse changes by itself: there is a rule, and a plastic synapse."""
        return self.rule is not None and bool(self.plastic.any())

    @property
    def projections(self) -> list[Projection]:
        """Plastic synapses by rule: those that no call of `learn` named first, then by the age of the rules."""
        return self._projections.split(self.plastic, self.input_source, self.extra_source) if self.learns else []

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Different rules by which plastic synapses learn, in the order of `projections`."""
        return tuple(rule for rule, _ in self.projections)

    @property
    def rule_digest(self) -> int:
        """Number that differs if another rule was given to anything, whatever is plastic."""
        return hash((repr(self.rule), self._projections.digest))

    def reach(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Lowest and highest value that each of `current_weights` can get; a plastic one reaches its bounds."""
        weights = self.current_weights
        lowest = highest = weights
        for rule, synapses in self.projections:
            low, high = rule.bounds or (weights, weights + rule.reach(self.dt_ms))
            lowest = np.where(synapses, np.minimum(weights, low), lowest)
            highest = np.where(synapses, np.maximum(weights, high), highest)
        return lowest, highest

    @property
    def is_integer(self) -> bool:
        """Whether all that is in the units of the weights was given as integers: no float has to be scaled."""
        bounded = all(rule.bounds_are_integers for rule in self.rules)
        shared = self.adaptation_step, self.conscience
        stated = all(isinstance(each, int | np.integer) for each in shared) and self.weights.dtype.kind == "i"
        stated = stated and self.context_bias.dtype.kind == "i"
        return bounded and stated and all(parameters.is_integer(name, self.parameters[name]) for name in SCALED)

    @property
    def default_delay_ms(self) -> NDArray[np.float64]:
        """Delay of the connections that were given none, for each neuron, in milliseconds; NaN: not set, one step."""
        return self._axons.default_ms.copy()

    @property
    def moved_delays(self) -> dict[int, tuple[float, float]]:
        """Neurons whose default delay was changed after they were connected by it: before and now, in milliseconds."""
        return self._axons.moved

    def assign(self, neurons: NDArray[np.intp], values: Mapping[str, NDArray[Any]]) -> dict[int, tuple[float, float]]:
        """Set parameters of some neurons to values that `parameters.checked` returned.

        Returns
        -------
        dict of (float, float)
            See `OwnAxons.set_default`.
        """
        self.calls += 1
        changed: dict[int, tuple[float, float]] = {}
        for name, given in values.items():
            if name == "delay_ms":
                changed = self._axons.set_default(self, neurons, given.astype(np.float64))
                continue
            array = self.parameters[name]
            if array.dtype.kind == "i" and given.dtype.kind == "f":
                array = self.parameters[name] = array.astype(np.float64)
            array[neurons] = given
        return changed


def _no_contexts(neurons: int) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return biases and gains of no context."""
    return np.zeros((0, neurons), np.int64), np.ones((0, neurons))


def _count(name: str, value: int) -> int:
    low, high = LIMITS[name]
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(f"{name} must be an integer from {low} to {high}, got {value!r}")
    return int(value)
