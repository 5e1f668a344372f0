"""Network of spiking neurons as the user builds it: connections, learning rule, adaptation; floats and milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..learning import Rule
from .attributes import checked_keywords
from .checks import check_pair, projections_of
from .contexts import ContextData
from .data import NetworkData
from .inputaxons import axons_of, carry, require_axons
from .judging import JudgedData
from .parts import Part, parts_of
from .population import Inputs, Neurons, Population
from .summary import Summary


class Network(Summary, JudgedData, ContextData):
    """Leaky integrate-and-fire neurons, driven by input axons and by each other, with synapses that may learn.

    Parameters
    ----------
    inputs, neurons : int
        Numbers of input axons and of neurons, 1 to 4096 each.
    dt_ms : float
        Length of one time step in milliseconds. Fixed, as `inputs` and `neurons` are.

    Attributes
    ----------
    inputs : Inputs
        All inputs. Index it for some of them.
    neurons : Neurons
        All neurons. Index it for some of them; `Neurons.set` gives them parameters.
    input_count, neuron_count : int
        Numbers of input axons (of an input with several delays there are several) and of neurons.
    input_source, input_delay_ms : list of int, list of float
        For each input axon, the input that it belongs to, and its delay. The first axons are those of the inputs, in
        their order; further ones follow.
    weights : array [input axons + neurons + extra axons, neurons]
        What each axon adds to the current of each neuron, or to its error: rows of the inputs first, then rows of the
        neurons, then those of extra axons. Integers (int64) until a float joins them, then float64.
    connected, plastic : bool array, as `weights`
        Which pairs have been connected, even by a weight of 0; which of them learn.
    is_feedback : bool array [input axons + neurons + extra axons]
        Which axons bring errors, see `feedback`; the others bring currents.
    extra_source, extra_delay_ms, follows : list of int, list of float, list of bool
        A neuron with more than one delay, or with currents and errors to bring, has extra axons: for each of these, the
        neuron that it belongs to, its delay, and whether that follows the default of the neuron.
    rule : Rule or None
        Learning rule given last; None: nothing learns. Assigning one is ``learn(rule)``.
    rules : tuple of Rule
        Those by which plastic synapses learn; `projections` has the synapses of each.
    parameters : dict of arrays [neurons]
        Values by name: `threshold`, `reset`, `bias`, `leak` in the units of the weights (integers until a float joins);
        `decay`, `decay_syn` as fractions lost per step; `refractory_ms`, `delay_ms` (NaN: not set) in milliseconds;
        `hold`, `subtract`, `learns`, `error_always` as bool; `group` as int. `delay_ms` is that of the neuron's own
        axon, see `default_delay_ms`.
    adaptation_step, adaptation_decay : float or int, float
        Rise of a neuron's threshold at each spike, in the units of the weights, and the part that fades in a step.
    praise, blame, conscience, exclusive : float or int, tuple of int
        What a judgement does, see `judge`; and groups of which one neuron fires in a step, see `one_fires`.
    contexts, context_bias, context_gain : tuple of str, arrays [contexts, neurons]
        Contexts by their numbers, see `context`: names, what is added to biases, factors of what neurons bring.
    calls : int
        Calls that may have changed connections, parameters or the rule.

    Examples
    --------
    >>> net = Network(inputs=2, neurons=3)
    >>> net.connect(net.inputs, net.neurons, [[0.5, 0.5, 0.0], [0.0, 0.25, 0.5]])
    >>> net.connect(net.neurons[0], net.neurons[1:], -1.0, delay_ms=2.0)
    >>> net.neurons.set(threshold=1.0, tau_ms=20.0)
    <3 neurons: 0, 1, 2>
    """

    _fixed: ClassVar[Mapping[str, str]] = {
        **NetworkData._fixed,
        "inputs": "index it for some of them, such as net.inputs[0:4]",
        "neurons": "net.neurons.set(...) gives neurons parameters",
    }

    inputs: Inputs
    neurons: Neurons

    @checked_keywords
    def __init__(self, inputs: int, neurons: int, *, dt_ms: float = 1.0) -> None:
        super().__init__(inputs, neurons, dt_ms)
        self.inputs = Inputs(self, np.arange(self.input_count))
        self.neurons = Neurons(self, np.arange(self.neuron_count))

    def __copy__(self) -> Self:
        """Return a deep copy: its populations are parts of the copy, and its arrays are its own."""
        return deepcopy(self)

    @checked_keywords
    def connect(
        self,
        source: Population,
        target: Neurons,
        weights: ArrayLike | Sequence[tuple[int, int, float]],
        *,
        delay_ms: ArrayLike | None = None,
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
            two within `source` and `target`, or one member of each, such as ``(net.inputs[3], net.neurons[0], 0.5)``.
            SciPy's sparse arrays are taken as such a list.
        delay_ms : float, array [sources] or array [sources, targets], optional
            Delay of these connections, which they keep, whatever is called before or after: one for all, one for each
            source, or one for each pair. By default those of neurons follow ``neurons.set(delay_ms=...)``, and take one
            step if that is never called; those of inputs take none: an event acts in its step. A neuron with several
            delays gets extra axons and an input gets further ones, which the chip must have room for.
        plastic : bool
            Whether these synapses learn, by the rule given to `learn`: all pairs of an array, weights of 0 included, or
            the pairs of a list.

        Raises
        ------
        InputError
            For a wrong shape, a weight that is not finite, a position that does not exist, a part of another
            network, a delay that cannot be, or an input that brings errors. Nothing has been connected then.
        FitError
            If the inputs would need more axons than any chip has. Nothing has been connected then.
        """
        for part in self._parts(source, target, weights, delay_ms, feedback=False):
            rows = self._add(source, target, part, feedback=False)
            if plastic:
                self.plastic[np.ix_(rows, target.indices)] |= part.pairs
            given = part.delay_ms is not None
            self._axons.add(self, rows, target.indices, part.weights, part.pairs, given=given, plastic=plastic)

    @checked_keywords
    def feedback(
        self,
        source: Population,
        target: Neurons,
        weights: ArrayLike | Sequence[tuple[int, int, float]],
        *,
        delay_ms: ArrayLike | None = None,
    ) -> None:
        """Add connections by which the spikes of `source` bring errors to `target`, for a rule of errors.

        They add nothing to a current. A neuron gathers what they bring until LEARN, see `learning.errors`. They never
        learn. The axons of one neuron may do both, and so it gets extra axons, which the chip must have room for; an
        input brings either.

        Parameters
        ----------
        source, target, weights, delay_ms
            As of `connect`. A weight is the error that one spike brings, above zero for "more". All feedback weights
            share a scale of their own, so they may be in another unit than those of `connect`.

        Raises
        ------
        InputError
            As of `connect`, and for an input that brings currents. Nothing has been connected then.

        Examples
        --------
        Each output takes off what it fired; an event of the label adds what is wanted.

        >>> net = Network(inputs=6, neurons=2)
        >>> net.feedback(net.neurons, net.neurons, -np.eye(2))
        >>> net.feedback(net.inputs[4:], net.neurons, 8.0 * np.eye(2))
        """
        for part in self._parts(source, target, weights, delay_ms, feedback=True):
            self._add(source, target, part, feedback=True)

    @checked_keywords
    def learn(
        self,
        rule: Rule | None,
        *,
        between: tuple[Population, Neurons] | Iterable[tuple[Population, Neurons]] = (),
    ) -> None:
        """Let plastic synapses learn by a rule, from `neurocorex.learning`: all of them, or those of some projections.

        Called several times, it gives projections rules of their own. Where two calls name the same source and target,
        the later holds. Without `between` the rule is that of all plastic synapses, whatever was called before. Plastic
        synapses that no call has named learn by the rule of the last call without `between`, or else by the oldest.

        A chip finds the rule of a synapse by its neuron, and by whether an input is its source; see docs/learning.md.

        Parameters
        ----------
        rule : Rule or None
            None switches learning off; with `between`, these connections are plastic no more.
        between : (source, target), or several of them
            Populations whose connections become plastic, on all axons of the source but those of `feedback`. Those
            made by ``connect(..., plastic=True)`` are plastic already.

        Raises
        ------
        InputError
            For something that is no rule, or a part of another network.

        Examples
        --------
        >>> from neurocorex.learning import stdp
        >>> net = Network(inputs=4, neurons=2)
        >>> net.connect(net.inputs, net.neurons, 0.5)
        >>> net.learn(stdp(20.0, 20.0, 0.01, -0.012, bounds=(0.0, 1.0)), between=(net.inputs, net.neurons))
        """
        if rule is not None and not isinstance(rule, Rule):
            raise InputError(f"a rule comes from neurocorex.learning, such as learning.stdp(...), got {rule!r}")
        pairs = projections_of(self, between)
        self.calls += 1
        for source, target in pairs:
            self._set_plastic(source, target, rule is not None)
        if not pairs:
            self.rule = rule
        elif rule is not None:
            self._projections.give(rule, [(self._numbers(source), target.indices) for source, target in pairs])
            vars(self)["rule"] = rule  # assigned, it would be that of all

    @checked_keywords
    def adaptation(self, *, step: float, tau_ms: float = np.inf) -> None:
        """Let every spike of a neuron raise its threshold; all neurons share these two numbers.

        Parameters
        ----------
        step : float or int
            Rise at each spike, at least 0, in the units of the weights.
        tau_ms : float
            Time constant with which the rise fades; with infinity it stays.
        """
        if not (np.isfinite(step) and step >= 0):
            raise InputError(f"the step of the adaptation must be 0 or more, got {step!r}")
        if not tau_ms >= 0:
            raise InputError(f"tau_ms of the adaptation must be 0 or more, got {tau_ms!r}; math.inf keeps the rise")
        self.adaptation_step = int(step) if isinstance(step, int | np.integer) else float(step)
        self.adaptation_decay = 1.0 if tau_ms == 0 else float(-np.expm1(-self.dt_ms / tau_ms))

    def _parts(self, source: Population, target: Neurons, weights: Any, delay_ms: Any, *, feedback: bool) -> list[Part]:
        """Check all that could be refused; return the connections, with one delay for each part."""
        check_pair(self, source, target)
        parts = parts_of(source, target, weights, delay_ms)
        if not isinstance(source, Neurons):
            wanted = [(source.indices[part.pairs.any(axis=1)], part.delay_ms or 0.0) for part in parts]
            require_axons(self, wanted, feedback=feedback)
        return parts

    def _add(self, source: Population, target: Neurons, part: Part, *, feedback: bool) -> NDArray[np.intp]:
        """Add connections with one delay; return the row of each source."""
        sends = part.pairs.any(axis=1)
        self.calls += 1
        if part.weights.dtype.kind == "f":
            self.weights = self.weights.astype(np.float64, copy=False)
        rows = source.rows.copy()
        if isinstance(source, Neurons):
            lead = self._axons.carry_feedback if feedback else self._axons.carry
            rows[sends] = lead(self, source.indices[sends], part.delay_ms)
        else:
            rows[sends] = carry(self, source.indices[sends], part.delay_ms or 0.0)
            self.is_feedback[rows[sends]] = feedback
        block = np.ix_(rows, target.indices)
        self.weights[block] += part.weights
        self.connected[block] |= part.pairs
        return rows

    def _set_plastic(self, source: Population, target: Neurons, plastic: bool) -> None:
        """Make the connections of a projection plastic, or plastic no more."""
        axons = self._all_axons(source)
        block = np.ix_(axons[~self.is_feedback[axons]], target.indices)
        self.plastic[block] = self.plastic[block] | self.connected[block] if plastic else False
        if isinstance(source, Neurons) and plastic:
            self._axons.learn(source.indices, target.indices)

    def _numbers(self, source: Population) -> NDArray[np.intp]:
        """Numbers of sources, inputs first, whatever axons they have."""
        return source.indices + (len(self.inputs) if isinstance(source, Neurons) else 0)

    def _all_axons(self, source: Population) -> NDArray[np.intp]:
        """Rows of all axons of a population, extra ones included."""
        if not isinstance(source, Neurons):
            return axons_of(self, source.indices)
        extra = np.flatnonzero(np.isin(self.extra_source, source.indices))
        return np.concatenate([source.rows, self.input_count + self.neuron_count + extra])
