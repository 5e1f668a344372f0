"""Rule rows: the rules of a network, the synapses that each changes, and what several of them have to share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FitError
from ..learning import ErrorRule, Rule, TraceRule, WindowRule
from ..network.data import NetworkData
from ..network.population import named
from ..spec.config import LIMITS

#: Most rules that a chip can be built for.
MOST = max(LIMITS["rules"])
#: Kinds of axons that a neuron has a rule each for.
KINDS = ("inputs", "neurons")


@dataclass(frozen=True, eq=False)
class Row:
    """One rule of a network, and what learns by it.

    Attributes
    ----------
    rule : Rule
        The rule.
    synapses : bool array [axons, N]
        Plastic synapses that it changes.
    inputs : int
        Rows of `synapses` that belong to inputs.
    """

    rule: Rule
    synapses: NDArray[np.bool_]
    inputs: int

    @cached_property
    def targets(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Neurons with such synapses from inputs, and from neurons, bool [N]."""
        parts = self.synapses[: self.inputs], self.synapses[self.inputs :]
        return np.asarray(parts[0].any(axis=0)), np.asarray(parts[1].any(axis=0))

    @property
    def neurons(self) -> NDArray[np.int64]:
        """Numbers of the neurons with such synapses, of either kind."""
        return np.flatnonzero(self.targets[0] | self.targets[1])

    @property
    def kind(self) -> int:
        """Kind of axons that the synapses belong to, or one of both: 0 inputs, 1 neurons."""
        return 0 if self.targets[0].any() else 1

    @property
    def is_tied(self) -> bool:
        """Whether synapses of both kinds learn by it, so that these share a gain."""
        return bool(self.targets[0].any() and self.targets[1].any())

    @property
    def span(self) -> float:
        """Distance of the bounds; 0 if there are none."""
        bounds = self.rule.bounds
        return float(bounds[1] - bounds[0]) if bounds else 0.0


def rows_of(net: NetworkData) -> tuple[Row, ...]:
    """Return the rules of a network.

    Raises
    ------
    FitError
        For rules that no chip can have together; it says what would do.
    """
    rows = tuple(Row(rule, synapses, net.input_count) for rule, synapses in net.projections)
    if len(rows) > 1:
        rules = [row.rule for row in rows]
        _check_engine(rules)
        _check_common(rules)
        _check_traces(rows)
        _check_places(rows)
        if len(rows) > MOST:
            raise FitError(
                f"the network learns by {len(rows)} rules, at most {MOST} can be built; make some of them equal, which "
                "then count as one, or split the network"
            )
    return rows


def trace_sets(rows: Sequence[Row]) -> list[int]:
    """Return which registers the traces of the axons of each rule follow: 0 those of inputs, 1 those of all others.

    Where the time constants of all rules agree, there is one set for all axons, 0. Otherwise no rule is for both kinds.
    """
    apart = len({_tau_of_axons(row.rule) for row in rows}) > 1
    return [row.kind if apart else 0 for row in rows]


def rows_to_build(rules: int) -> int:
    """Return how many rows a chip is built with that has so many rules: one of `CoreConfig.rules`."""
    return min(each for each in LIMITS["rules"] if each >= rules)


def _check_engine(rules: Sequence[Rule]) -> None:
    if any(isinstance(rule, WindowRule) for rule in rules):
        raise FitError(
            f"the network learns by {len(rules)} rules, and one is of windows, of which a chip has one set of tables: "
            "take that rule for all projections, or rules of exponential traces such as stdp(...)"
        )


def _check_common(rules: Sequence[Rule]) -> None:
    """Refuse rules that differ in what a chip has once."""
    for rule in rules[1:]:
        both = (rules[0], rule)
        for name in ("stochastic", "seed", "modulation"):
            _check_equal(name, both)
    traces = [rule for rule in rules if isinstance(rule, TraceRule)]
    errors = [rule for rule in rules if isinstance(rule, ErrorRule)]
    for some, names in (
        (traces, ("pairing", "eligibility_tau_ms")),
        (errors, ("tau_ms", "deadband", "accumulate")),
    ):  # fmt: skip
        for rule in some[1:]:
            for name in names:
                _check_equal(name, (some[0], rule))
    for rule in traces[1:]:
        _check_equal("tau_post_ms", (traces[0], rule), "because a neuron has one trace for all its synapses")
    if traces and errors and traces[0].nearest:
        raise FitError(
            "a rule of spikes pairs with the nearest spike only, a rule of errors counts them, and a chip does one or "
            "the other with traces of axons; take pairing='all'"
        )


def _check_equal(name: str, rules: tuple[Rule, Rule], why: str = "which a chip has once") -> None:
    first, second = (getattr(rule, name) for rule in rules)
    if first != second:
        raise FitError(
            f"the rules of a network share {name}, {why}, and two have {first!r} and {second!r}; give both the same"
        )


def _tau_of_axons(rule: Rule) -> float | None:
    """Return the time constant of the traces of axons that a rule reads."""
    if isinstance(rule, TraceRule):
        return rule.tau_pre_ms
    return rule.tau_ms if isinstance(rule, ErrorRule) else None


def _check_traces(rows: Sequence[Row]) -> None:
    """Refuse rules that need two traces of one axon."""
    for kind, name in enumerate(KINDS):
        some = [(number, row.rule) for number, row in enumerate(rows, 1) if row.targets[kind].any()]
        for other in some[1:]:
            if _tau_of_axons(some[0][1]) != _tau_of_axons(other[1]):
                both = " and ".join(
                    f"rule {number} ({'tau_ms' if isinstance(rule, ErrorRule) else 'tau_pre_ms'} "
                    f"{_tau_of_axons(rule):g})"
                    for number, rule in (some[0], other)
                )
                raise FitError(
                    f"{both} of Network.rules both change synapses from {name}; an axon has one trace, and a chip has "
                    "one time constant for those of inputs, and one for those of neurons: give both rules the same, or "
                    "let one change synapses from inputs only, and the other synapses from neurons only"
                )


def _check_places(rows: Sequence[Row]) -> None:
    """Refuse two rules for the synapses of one kind onto one neuron."""
    for kind, name in enumerate(KINDS):
        count: NDArray[Any] = np.sum([row.targets[kind] for row in rows], axis=0)
        twice = np.flatnonzero(count > 1)
        if len(twice):
            numbers = [number for number, row in enumerate(rows, 1) if row.targets[kind][twice[0]]]
            raise FitError(
                f"synapses from {name} onto {named(twice.tolist())} learn by {len(numbers)} rules (onto neuron "
                f"{twice[0]}: {' and '.join(f'rule {number}' for number in numbers)} of Network.rules); a chip has one "
                "rule for all synapses from inputs onto a neuron, and one for all from neurons: give them the same "
                "rule, let each rule have target neurons of its own, or let relay neurons bring the spikes of inputs"
            )
