"""Demand of a network: its times in steps, the extremes of its weights, and the smallest chip that has room for it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FitError
from ..learning import ErrorRule, Rule, TraceRule, WindowRule
from ..network.data import NetworkData
from ..network.parameters import QUANTITIES, SCALED
from ..spec import CoreConfig, Learning
from ..spec.config import ERROR_LANES, LIMITS
from ..spec.rows import Unit
from .contexts import contexts_to_build, strongest_biases
from .currents import currents
from .engine import ENGINES, engine_of, window_steps
from .rows import Row, rows_of, rows_to_build

Ints = NDArray[np.int64]
#: How a chip with errors is built.
ERRORS = f"CoreConfig(errors=True, learning={Learning.EXPONENTIAL:d}), with {ERROR_LANES} lanes or more"
#: Names of the parameters that are times.
TIMES = tuple(name for name, quantity in QUANTITIES.items() if quantity.unit is Unit.MS)


@dataclass(frozen=True)
class Durations:
    """Times of a network, rounded to steps.

    Attributes
    ----------
    steps : dict of int64 array [N]
        By the names of the parameters, such as ``"refractory_ms"``. Delays are from a spike to its arrival, 1 where
        none was given.
    delay_given : bool array [N]
        Where the user has set a delay, including 0 (a silent axon).
    extra_delays : int64 array [E]
        Delays of the extra axons.
    input_delays : int64 array [input axons]
        Delays of the input axons, which the host keeps: from 0 up, without a limit of the chip.
    """

    steps: dict[str, Ints]
    delay_given: NDArray[np.bool_]
    extra_delays: Ints
    input_delays: Ints

    @classmethod
    def of(cls, net: NetworkData) -> Durations:
        """Round the times of a network. A delay above zero takes at least one step."""
        given = ~np.isnan(net.parameters["delay_ms"])
        delays = np.where(given, net.parameters["delay_ms"], net.dt_ms)
        wanted = {name: net.parameters[name] for name in TIMES} | {"delay_ms": np.append(delays, net.extra_delay_ms)}
        # The bound is above the limits of every chip, and keeps absurd times from overflowing before they are refused.
        limited = {name: np.minimum(times / net.dt_ms, 1 << 40) for name, times in wanted.items()}
        steps = {name: np.rint(times).astype(np.int64) for name, times in limited.items()}
        steps["delay_ms"] = np.maximum(steps["delay_ms"], wanted["delay_ms"] > 0)
        steps["delay_ms"], extra = np.split(steps["delay_ms"], [net.neuron_count])
        inputs = np.rint(np.array(net.input_delay_ms) / net.dt_ms).astype(np.int64)
        return cls(steps, given, extra, inputs)

    @property
    def refractory(self) -> Ints:
        """Steps without spikes after each spike, [N]."""
        return self.steps["refractory_ms"]

    @property
    def delays(self) -> Ints:
        """Steps from a spike to its arrival, [N]."""
        return self.steps["delay_ms"]

    @property
    def deepest(self) -> int:
        """Longest delay of all axons."""
        return int(max(self.delays.max(), self.extra_delays.max(initial=0)))


@dataclass(frozen=True, eq=False)
class Demand:
    """What a network asks of a chip.

    Attributes
    ----------
    net : NetworkData
        The network.
    durations : Durations
        Its times in steps.
    rows : tuple of Row
        Its learning rules; none unless it learns.
    rule : Rule or None
        The first of them, which tells of all what they share, such as the engine.
    is_integer : bool
        Whether it has integers only, which need no scale.
    weights : array [axons, N]
        Weights that add to currents: 0 for feedback axons.
    lowest, highest : array [axons, N]
        Extremes that each weight can reach; 0 for feedback axons.
    levels : dict of array [N]
        Parameters in the units of the weights, by name; 0 where one was not set, and for an infinite threshold. With
        contexts "bias" is its largest size in any of them, and "context_bias" that of what they add.
    injected : array [N]
        Largest current that is injected into each neuron in a step.
    """

    net: NetworkData
    durations: Durations
    rows: tuple[Row, ...]
    rule: Rule | None
    is_integer: bool
    weights: NDArray[Any]
    lowest: NDArray[Any]
    highest: NDArray[Any]
    levels: dict[str, NDArray[Any]]
    injected: NDArray[Any]

    @classmethod
    def of(cls, net: NetworkData, inject_max: ArrayLike | None = None) -> Demand:
        """Read a network, and the largest current that is injected into all neurons, or into each; see `quantise`."""
        levels = {name: np.nan_to_num(net.parameters[name], posinf=0) * QUANTITIES[name].factor for name in SCALED}
        levels |= strongest_biases(net) if net.contexts else {}
        nothing = np.zeros(net.neuron_count, np.int64)
        injected = nothing if inject_max is None else currents(inject_max, net.neuron_count)
        weights = net.current_weights
        rows = rows_of(net) if net.learns else ()
        rule = rows[0].rule if rows else None
        return cls(net, Durations.of(net), rows, rule, net.is_integer, weights, *net.reach(), levels, injected)

    @property
    def unbounded(self) -> bool:
        """Whether some weights that learn have no bounds."""
        return any(row.rule.bounds is None for row in self.rows)

    @property
    def errors(self) -> bool:
        """Whether neurons have to gather errors."""
        by_errors = any(isinstance(row.rule, ErrorRule) for row in self.rows)
        return by_errors or bool(self.net.is_feedback.any()) or self.judges

    @property
    def groups(self) -> int:
        """Largest number of a group; a chip has to have one where neurons of none exclude one another."""
        return max(self.net.groups, *self.net.exclusive, 1) if self.net.exclusive else self.net.groups

    @property
    def contexts(self) -> int:
        """Contexts that a chip is built with."""
        return contexts_to_build(len(self.net.contexts)) if self.net.contexts else 1

    @property
    def noise(self) -> bool:
        """Whether neurons have a noise of their own."""
        return bool((self.net.parameters["noise"] > 0).any())

    @property
    def judges(self) -> bool:
        """Whether judgements do something to neurons in groups."""
        return self.net.groups > 0 and any((self.net.praise, self.net.blame, self.net.conscience))

    @property
    def terms(self) -> bool:
        """Whether a rule has an offset or constant changes."""
        return any(row.rule.has_terms for row in self.rows)

    @property
    def eligibility(self) -> bool:
        """Whether changes wait for a reward."""
        rules = (row.rule for row in self.rows)
        return any(isinstance(rule, TraceRule) and rule.eligibility_tau_ms is not None for rule in rules)

    @property
    def scaling(self) -> bool:
        """Whether a rule states a sum of weights."""
        return any(row.rule.weight_sum is not None for row in self.rows)

    @property
    def states(self) -> list[NDArray[Any]]:
        """Return everything that a state has to hold alone, in the units of the weights."""
        shared = self.net.adaptation_step, self.net.conscience
        return [*self.levels.values(), self.injected, *map(np.array, shared)]

    def with_room(self, firings: int) -> Demand:
        """Return the same with weights that may grow by all that so many firings can add, if nothing bounds them."""
        highest = self.highest
        for row in self.rows:
            if row.rule.bounds is None:
                grown = self.net.weights + firings * row.rule.reach(self.net.dt_ms)
                highest = np.where(row.synapses, np.maximum(highest, grown), highest)
        return replace(self, highest=highest)

    def smallest(self) -> CoreConfig:
        """Return the smallest geometry that has room; see `smallest_config`."""
        net, durations = self.net, self.durations
        chosen = CoreConfig(neurons=net.neuron_count, inputs=net.input_count)
        values: dict[str, Any] = chosen.to_dict()
        values["max_delay"] = max(chosen.max_delay, durations.deepest)
        values["extra_axons"] = len(net.extra_source)
        values |= {"groups": self.groups, "contexts": self.contexts, "noise": self.noise}
        values["refractory_bits"] = max(chosen.refractory_bits, int(durations.refractory.max()).bit_length())
        if self.rule is not None:
            values["learning"] = engine_of(self.rule)
            values["window_steps"] = max(chosen.window_steps, window_steps(self.rule, net.dt_ms))
            values["soft_bounds"] = any(row.rule.soft for row in self.rows)
            values["rules"] = rows_to_build(len(self.rows))
            values |= {"terms": self.terms, "eligibility": self.eligibility, "scaling": self.scaling}
        if self.errors:
            if isinstance(self.rule, WindowRule):
                what = "feedback axons" if net.is_feedback.any() else "judgements"
                raise FitError(
                    f"the network has {what} and learns by {ENGINES[Learning.WINDOW]}; no chip has both: take "
                    f"a rule of exponential traces or of errors, or leave out the {what.split()[0]}"
                )
            values |= {"errors": True, "learning": Learning.EXPONENTIAL}
        if self.is_integer:
            # A gain reaches larger weights at the price of low bits, so integers get weights of their full width.
            bits = max(map(_signed_bits, (self.lowest, self.highest)))
            # What is unbounded may become anything.
            values["weight_bits"] = 16 if self.unbounded or bits > chosen.weight_bits else chosen.weight_bits
            values["state_bits"] = max(chosen.state_bits, min(24, max(map(_signed_bits, self.states))))
        for name, way_out in (
            ("max_delay", "use a longer dt_ms"), ("refractory_bits", "use a longer dt_ms"),
            ("extra_axons", "give fewer neurons a second delay, or both currents and errors to bring"),
        ):  # fmt: skip
            low, high = LIMITS[name]
            if not low <= values[name] <= high:
                raise FitError(f"the network needs {name} {values[name]}, at most {high} can be built; {way_out}")
        return CoreConfig(**values)

    def check(self, config: CoreConfig) -> None:
        """Raise FitError, naming everything that a chip has too little of."""
        net, durations = self.net, self.durations
        needed = {
            "inputs": (net.input_count, config.inputs),
            "neurons": (net.neuron_count, config.neurons),
            "max_delay": (durations.deepest, config.max_delay),
            "extra_axons": (len(net.extra_source), config.extra_axons),
            "refractory_bits": (int(durations.refractory.max()).bit_length(), config.refractory_bits),
            "adaptation": (int(net.adaptation_step > 0 or net.conscience > 0), int(config.adaptation)),
            "groups": (self.groups, config.groups),
            "contexts": (self.contexts, config.contexts),
            "noise": (int(self.noise), int(config.noise)),
        }
        lacking = [f"{name} {need} (the chip has {have})" for name, (need, have) in needed.items() if need > have]
        if self.rule is not None:
            lacking += self._lacking_to_learn(self.rule, config)
        if self.errors and not config.errors:
            lacking.append(f"errors (the chip was built without; build {ERRORS})")
        if lacking:
            raise FitError(f"the network needs {', '.join(lacking)}; take a larger chip or a smaller network")

    def _lacking_to_learn(self, rule: Rule, config: CoreConfig) -> list[str]:
        """Say what a chip lacks of what the rules need."""
        needed = engine_of(rule)
        if needed is not config.learning:
            return [f"learning with {ENGINES[needed]} (the chip has {ENGINES[config.learning]})"]
        lacking = []
        steps = window_steps(rule, self.net.dt_ms)
        if needed is Learning.WINDOW and steps > config.window_steps:
            lacking.append(f"window_steps {steps} (the chip has {config.window_steps})")
        if any(row.rule.soft for row in self.rows) and not config.soft_bounds:
            lacking.append("soft_bounds (the chip has none)")
        if len(self.rows) > config.rules:
            build = f"CoreConfig(rules={rows_to_build(len(self.rows))}, learning={Learning.EXPONENTIAL:d})"
            lacking.append(f"rules {len(self.rows)} (the chip has {config.rules}; build {build}, or give fewer)")
        reasons = {
            "terms": "x_target, pre_only or post_only", "eligibility": "eligibility_tau_ms", "scaling": "weight_sum",
        }  # fmt: skip
        for name, why in reasons.items():
            if getattr(self, name) and not getattr(config, name):
                build = f"CoreConfig({name}=True, learning={Learning.EXPONENTIAL:d})"
                lacking.append(f"{name} for {why} (the chip was built without; build {build})")
        return lacking


def smallest_config(net: NetworkData, *, inject_max: ArrayLike | None = None) -> CoreConfig:
    """Return a geometry with as many neurons and inputs as a network; else the default, and wider only where needed.

    Parameters
    ----------
    net : NetworkData
        The network.
    inject_max : float or array [N], optional
        Largest current that is injected in a step, see `quantise`.

    Raises
    ------
    FitError
        If no chip can be built that large.
    """
    return Demand.of(net, inject_max).smallest()


def _signed_bits(values: NDArray[Any]) -> int:
    """Width in two's complement of the integers between which some numbers lie."""
    low, high = math.floor(float(values.min())), math.ceil(float(values.max()))
    return max(high.bit_length(), (-1 - low).bit_length() if low < 0 else 0) + 1
