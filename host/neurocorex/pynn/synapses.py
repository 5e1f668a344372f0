"""Synapse types of the PyNN backend: static ones, and STDP of spike pairs as a learning rule of a chip."""

from __future__ import annotations

import math
from typing import Any

from pyNN.standardmodels import StandardSynapseType, STDPTimingDependence, STDPWeightDependence, build_translations
from pyNN.standardmodels import synapses as standard

from ..learning import TraceRule, stdp
from . import simulator
from .refusal import NotOnChipError, ParameterRefusedError, refused


def _identity(model: type[Any]) -> dict[str, Any]:
    translations: dict[str, Any] = build_translations(*((name, name) for name in model.default_parameters))
    return translations


class StaticSynapse(standard.StaticSynapse):
    """Synapse with a fixed weight and delay."""

    translations = _identity(standard.StaticSynapse)

    def _get_minimum_delay(self) -> float:
        return simulator.state.shortest_delay


class AdditiveWeightDependence(standard.AdditiveWeightDependence):
    """Changes by ``A_plus * w_max`` and ``-A_minus * w_max`` whatever the weight, which stops at its bounds."""

    translations = _identity(standard.AdditiveWeightDependence)


class MultiplicativeWeightDependence(standard.MultiplicativeWeightDependence):
    """Changes by ``A_plus * (w_max - w)`` and ``-A_minus * (w - w_min)``."""

    translations = _identity(standard.MultiplicativeWeightDependence)


class SpikePairRule(standard.SpikePairRule):
    """Changes that fade exponentially with the lag, of all pairs of spikes."""

    translations = _identity(standard.SpikePairRule)


class STDPMechanism(standard.STDPMechanism):
    """Synapse that learns by pairs of spikes.

    A chip sees a spike of an axon when it arrives, and one of the neuron when it fires: all of the delay is axonal, so
    `dendritic_delay_fraction` has to be 0.
    """

    base_translations = build_translations(
        ("weight", "weight"), ("delay", "delay"), ("dendritic_delay_fraction", "dendritic_delay_fraction")
    )

    def __init__(
        self, timing_dependence: Any = None, weight_dependence: Any = None, voltage_dependence: Any = None,
        dendritic_delay_fraction: float = 1.0, weight: Any = 0.0, delay: Any = None,
    ) -> None:  # fmt: skip
        if not isinstance(timing_dependence, SpikePairRule):
            raise NotOnChipError(
                f"timing_dependence must be a SpikePairRule of this backend, got {timing_dependence!r}"
            )
        if not isinstance(weight_dependence, AdditiveWeightDependence | MultiplicativeWeightDependence):
            raise NotOnChipError(
                "weight_dependence must be AdditiveWeightDependence or MultiplicativeWeightDependence of this backend, "
                f"got {weight_dependence!r}"
            )
        if voltage_dependence is not None:
            raise NotOnChipError(f"a chip knows no voltage_dependence, got {voltage_dependence!r}; leave it out")
        if dendritic_delay_fraction != 0:
            raise NotOnChipError(
                "a chip sees a spike of an axon when it arrives, so that the whole delay is axonal: "
                f"dendritic_delay_fraction must be 0, got {dendritic_delay_fraction!r}"
            )
        super().__init__(
            timing_dependence, weight_dependence, voltage_dependence, dendritic_delay_fraction, weight, delay
        )

    def _build_translations(self) -> None:
        # A dictionary of its own: that of the class would gather the names of all mechanisms.
        self.translations = dict(self.base_translations)
        for component in (self.timing_dependence, self.weight_dependence):
            self.translations.update(component.translations)

    def _get_minimum_delay(self) -> float:
        return simulator.state.shortest_delay

    def constants(self) -> dict[str, float]:
        """Return the parameters of the rule by name; raises ParameterRefusedError where synapses differ in one."""
        found = {}
        for component in (self.timing_dependence, self.weight_dependence):
            for name, value in component.parameter_space.items():
                base = value.base_value
                if value.operations or not isinstance(base, int | float) or not math.isfinite(base):
                    raise ParameterRefusedError(f"{name} must be one number for all synapses, got {base!r}")
                found[name] = float(base)
        return found

    def rule(self, dt_ms: float, *, rate_hz: float, seed: int) -> TraceRule:
        """Return the rule of the library, with weights as in PyNN.

        `A_plus` and `A_minus` hold at a lag of 0; the rule wants them at a lag of one step, where a chip takes an
        arrival and a spike for simultaneous if the spike is found at the end of the step that begins with the arrival.
        So potentiation begins two steps late in its law, and depression at its value.

        Parameters
        ----------
        dt_ms : float
            Time step.
        rate_hz : float
            Rates of axons and neurons up to which traces have room.
        seed : int
            Of the random rounding.
        """
        given = self.constants()
        low, high = given["w_min"], given["w_max"]
        if not low < high:
            raise ParameterRefusedError(f"w_min must be below w_max, got {low:g} and {high:g}")
        soft = isinstance(self.weight_dependence, MultiplicativeWeightDependence)
        span = high - low if soft else high
        return stdp(
            given["tau_plus"], given["tau_minus"],
            span * given["A_plus"] * math.exp(-2 * dt_ms / given["tau_plus"]), -span * given["A_minus"],
            bounds=(low, high), soft=soft, seed=seed, pre_rate_hz=rate_hz, post_rate_hz=rate_hz,
        )  # fmt: skip


_BASES = (StandardSynapseType, STDPWeightDependence, STDPTimingDependence)
_OURS = (StaticSynapse, STDPMechanism, AdditiveWeightDependence, MultiplicativeWeightDependence, SpikePairRule)
_INSTEAD = (
    "take StaticSynapse, or STDPMechanism with SpikePairRule and AdditiveWeightDependence or "
    "MultiplicativeWeightDependence"
)
#: All other standard synapses, timing and weight dependences of PyNN, by name; each raises when it is instantiated.
REFUSED_SYNAPSES = {
    model.__name__: refused(model, _INSTEAD)
    for model in vars(standard).values()
    if isinstance(model, type)
    and issubclass(model, _BASES)
    and model not in _BASES
    and model.__name__ not in {each.__name__ for each in _OURS}
}
