"""A network as a person thinks of it: populations, weights, time in milliseconds, numbers of any scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..learning import Rule
from ..spec.config import LIMITS
from .population import Inputs, Neurons, Population
from .wiring import weight_matrix


class Network:
    """Leaky integrate-and-fire neurons, driven by input axons and by each other, with synapses that may learn.

    Parameters
    ----------
    inputs, neurons : int
        How many, 1 to 4096 each.
    dt_ms : float
        Length of one time step in milliseconds.

    Attributes
    ----------
    inputs : Inputs
        All input axons; index it for some of them.
    neurons : Neurons
        All neurons; index it for some of them, `Neurons.set` gives them parameters.
    weights : array [inputs + neurons + extra axons, neurons]
        What each axon adds to the current of each neuron: rows of the inputs first, then rows of the neurons, then
        those of extra axons. Integers (int64) until a float joins them, then float64.
    connected, plastic : bool array, as `weights`
        Which pairs have been connected, be it with a weight of 0; which of them learn.
    extra_source : list of int
        Neurons with more than one delay: for each extra axon the neuron that it belongs to.
    extra_delay_ms : list of float
        Delays of the extra axons.
    rule : Rule or None
        How plastic synapses learn.
    parameters : dict of arrays [neurons]
        Values by name: `threshold`, `reset`, `bias`, `leak` in the units of the weights (integers until a float joins);
        `decay`, `decay_syn` as fractions lost per step; `refractory_ms`, `delay_ms` (NaN: not set) in milliseconds;
        `hold`, `subtract`, `learns` as bool.
    adaptation_step : float or int
        Rise of a neuron's threshold at each of its spikes, in the units of the weights; 0: none.
    adaptation_decay : float
        Fraction of that rise that is lost in one step.

    Examples
    --------
    >>> net = Network(inputs=2, neurons=3)
    >>> net.connect(net.inputs, net.neurons, [[0.5, 0.5, 0.0], [0.0, 0.25, 0.5]])
    >>> net.connect(net.neurons[0], net.neurons[1:], -1.0, delay_ms=2.0)
    >>> net.neurons.set(threshold=1.0, tau_ms=20.0)
    <3 neurons: 0, 1, 2>
    """

    def __init__(self, inputs: int, neurons: int, *, dt_ms: float = 1.0) -> None:
        self.input_count = _count("inputs", inputs)
        self.neuron_count = _count("neurons", neurons)
        if not (np.isfinite(dt_ms) and dt_ms > 0):
            raise InputError(f"dt_ms must be above 0 ms, got {dt_ms!r}; for example 1.0")
        self.dt_ms = float(dt_ms)
        shape = (self.input_count + self.neuron_count, self.neuron_count)
        self.weights: NDArray[Any] = np.zeros(shape, np.int64)
        self.connected, self.plastic = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        self.extra_source: list[int] = []
        self.extra_delay_ms: list[float] = []
        self.rule: Rule | None = None
        integers = {"threshold": 1, "reset": 0, "bias": 0, "leak": 0}
        floats = {"decay": 0.0, "decay_syn": 1.0, "refractory_ms": 0.0, "delay_ms": np.nan}
        flags = {"hold": False, "subtract": False, "learns": True}
        self.parameters: dict[str, NDArray[Any]] = {
            name: np.full(self.neuron_count, value) for name, value in (integers | floats | flags).items()
        }
        self.adaptation_step: int | float = 0
        self.adaptation_decay = 0.0
        self.inputs = Inputs(self, np.arange(self.input_count))
        self.neurons = Neurons(self, np.arange(self.neuron_count))

    def __repr__(self) -> str:
        synapses = np.count_nonzero(self.weights)
        counts = f"{self.input_count} inputs, {self.neuron_count} neurons and {synapses} synapses"
        learning = f" ({np.count_nonzero(self.plastic)} plastic)" if self.plastic.any() else ""
        return f"<Network of {counts}{learning}, {self.dt_ms:g} ms>"

    def connect(
        self,
        source: Population,
        target: Neurons,
        weights: ArrayLike | Sequence[tuple[int, int, float]],
        *,
        delay_ms: float | None = None,
        plastic: bool = False,
    ) -> None:
        """Add weights from `source` to `target`. Where there is one already, both add up.

        Parameters
        ----------
        source : Inputs or Neurons
            Where the axons come from.
        target : Neurons
            Where they go.
        weights : number, array [sources, targets], or list of tuples
            One number for all pairs, one for each pair, or ``[(pre, post, weight), ...]`` with the positions of the
            two within `source` and `target`. SciPy's sparse arrays are taken as such a list.
        delay_ms : float, optional
            Of these connections; by default that of the neuron's own axon. A neuron whose axon has another delay, or is
            in use without a given one, gets an extra axon, which a chip must have room for.
        plastic : bool
            Whether these synapses learn, by the rule given to `learn`: all pairs of an array, also those of weight 0,
            or the pairs of a list.

        Raises
        ------
        InputError
            For a wrong shape, a weight that is not finite, a position that does not exist, a part of another
            network, or a delay that cannot be. Nothing has been connected then.
        """
        self._check_pair(source, target)
        addition, pairs = weight_matrix(weights, len(source), len(target))
        rows = source.rows if delay_ms is None else self._axons(source, delay_ms)
        if addition.dtype.kind == "f":
            self.weights = self.weights.astype(np.float64, copy=False)
        block = np.ix_(rows, target.indices)
        self.weights[block] += addition
        self.connected[block] |= pairs
        if plastic:
            self.plastic[block] |= pairs

    def learn(
        self,
        rule: Rule | None,
        *,
        between: tuple[Population, Neurons] | Iterable[tuple[Population, Neurons]] = (),
    ) -> None:
        """Let plastic synapses learn by a rule, from `neurocorex.learning`; a network has one at a time.

        Parameters
        ----------
        rule : Rule or None
            None: weights stay as they are.
        between : (source, target), or several of them
            Populations whose connections, on whatever axon of the source, become plastic; those made by
            ``connect(..., plastic=True)`` are so already.

        Raises
        ------
        InputError
            For something else than a rule, or a part of another network.

        Examples
        --------
        >>> from neurocorex.learning import stdp
        >>> net = Network(inputs=4, neurons=2)
        >>> net.connect(net.inputs, net.neurons, 0.5)
        >>> net.learn(stdp(20.0, 20.0, 0.01, -0.012, bounds=(0.0, 1.0)), between=(net.inputs, net.neurons))
        """
        if rule is not None and not isinstance(rule, Rule):
            raise InputError(f"a rule comes from neurocorex.learning, such as learning.stdp(...), got {rule!r}")
        single = isinstance(between, tuple) and len(between) == 2 and isinstance(between[0], Population)
        pairs: list[Any] = [between] if single or not isinstance(between, Iterable) else list(between)
        for pair in pairs:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise InputError(f"between needs (source, target), such as (net.inputs, net.neurons), got {pair!r}")
            self._check_pair(*pair)
        for source, target in pairs:
            block = np.ix_(self._all_axons(source), target.indices)
            self.plastic[block] |= self.connected[block]
        self.rule = rule

    def adaptation(self, *, step: float, tau_ms: float = np.inf) -> None:
        """Let every spike of a neuron raise its own threshold; shared by all neurons.

        Parameters
        ----------
        step : float or int
            Rise at each spike, at least 0, in the units of the weights.
        tau_ms : float
            Time constant with which the rise fades; infinity keeps it.
        """
        if not (np.isfinite(step) and step >= 0):
            raise InputError(f"the step of the adaptation must be 0 or more, got {step!r}")
        if not tau_ms >= 0:
            raise InputError(f"tau_ms of the adaptation must be 0 or more, got {tau_ms!r}; math.inf keeps the rise")
        self.adaptation_step = int(step) if isinstance(step, int | np.integer) else float(step)
        self.adaptation_decay = 1.0 if tau_ms == 0 else float(-np.expm1(-self.dt_ms / tau_ms))

    @property
    def input_weights(self) -> NDArray[Any]:
        """The rows of `weights` that belong to inputs, [inputs, neurons]."""
        return self.weights[: self.input_count]

    @property
    def recurrent_weights(self) -> NDArray[Any]:
        """The rows of `weights` that belong to neurons, [neurons + extra axons, neurons]."""
        return self.weights[self.input_count :]

    def reach(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Lowest and highest that each weight can get, shaped as `weights`: where it learns as far as its bounds."""
        rule = self.rule
        if rule is None or not self.learns:
            return self.weights, self.weights
        low, high = rule.bounds or (self.weights, self.weights + rule.reach(self.dt_ms))
        return (
            np.where(self.plastic, np.minimum(self.weights, low), self.weights),
            np.where(self.plastic, np.maximum(self.weights, high), self.weights),
        )

    @property
    def learns(self) -> bool:
        """Whether any synapse changes by itself: one is plastic, and there is a rule."""
        return self.rule is not None and bool(self.plastic.any())

    @property
    def is_integer(self) -> bool:
        """Whether every weight and bound, threshold, reset, bias, leak and adaptation step was given as an integer."""
        arrays = (self.weights, *(self.parameters[name] for name in ("threshold", "reset", "bias", "leak")))
        bounded = self.rule is None or not self.learns or self.rule.bounds_are_integers
        return bounded and all(array.dtype.kind == "i" for array in arrays) and isinstance(self.adaptation_step, int)

    def assign(self, name: str, indices: NDArray[np.intp], values: NDArray[Any]) -> None:
        """Set a parameter of some neurons to values that have been checked (`Neurons.set` does that)."""
        array = self.parameters[name]
        if array.dtype.kind == "i" and values.dtype.kind == "f":
            array = self.parameters[name] = array.astype(np.float64)
        array[indices] = values

    def _check_pair(self, source: Population, target: Neurons) -> None:
        for role, part in (("source", source), ("target", target)):
            if not isinstance(part, Population) or part.network is not self:
                raise InputError(f"the {role} must be a part of this network such as net.neurons[0:4], got {part!r}")
        if not isinstance(target, Neurons):
            raise InputError("only neurons can be a target; the inputs are driven by the host")

    def _all_axons(self, source: Population) -> NDArray[np.intp]:
        """Rows of all axons of a population, extra ones included."""
        if not isinstance(source, Neurons):
            return source.rows
        extra = np.flatnonzero(np.isin(self.extra_source, source.indices))
        return np.concatenate([source.rows, self.input_count + self.neuron_count + extra])

    def _axons(self, source: Population, delay_ms: float) -> NDArray[np.intp]:
        """Rows of the axons of a population that have a delay, made where there are none yet."""
        if not isinstance(source, Neurons):
            raise InputError("inputs have no delay: the host sends their spikes at the step where they shall arrive")
        if not 0 <= delay_ms < np.inf:
            raise InputError(f"delay_ms must be 0 or more, got {delay_ms!r}; for example {2 * self.dt_ms}")
        own = self.parameters["delay_ms"][source.indices]
        free = np.isnan(own) & (~self.connected[source.rows].any(axis=1) | (delay_ms == self.dt_ms))
        source[free].set(delay_ms=delay_ms)
        rows = source.rows.copy()
        for position in np.flatnonzero(~free & (own != delay_ms)):
            rows[position] = self._extra_axon(int(source.indices[position]), float(delay_ms))
        missing = self.input_count + self.neuron_count + len(self.extra_source) - len(self.weights)
        if missing:
            self.weights, self.connected, self.plastic = (
                np.concatenate([table, np.zeros((missing, self.neuron_count), table.dtype)])
                for table in (self.weights, self.connected, self.plastic)
            )
        return rows

    def _extra_axon(self, neuron: int, delay_ms: float) -> int:
        """Row of an extra axon, which is new if there is none such."""
        axons = list(zip(self.extra_source, self.extra_delay_ms, strict=True))
        if (neuron, delay_ms) not in axons:
            self.extra_source.append(neuron)
            self.extra_delay_ms.append(delay_ms)
            axons.append((neuron, delay_ms))
        return self.input_count + self.neuron_count + axons.index((neuron, delay_ms))


def _count(name: str, value: int) -> int:
    low, high = LIMITS[name]
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(f"{name} must be an integer from {low} to {high}, got {value!r}")
    return int(value)
