"""Cell types of the PyNN backend: integrate-and-fire neurons that a chip integrates exactly, and spike sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pyNN.standardmodels import StandardCellType, StandardCellTypeComponent, build_translations
from pyNN.standardmodels import cells as standard

from .refusal import ParameterRefusedError, refused

Floats = NDArray[np.float64]

#: Receptors, by their place in `Dynamics.decay_syn`.
RECEPTORS = ("excitatory", "inhibitory")


@dataclass(frozen=True)
class Dynamics:
    """Neurons of one population in the terms of a chip, per step; each array has one entry per neuron.

    In each step a chip does ``i = i (1 - decay_syn) + weights``, ``v = v (1 - decay) + i + bias``. Membranes count from
    rest, in units of `unit_mv`, in which a weight is a current in nA (`IF_curr_exp`) or a jump in mV.

    Attributes
    ----------
    decay : array [N]
        Fraction of the membrane that a step loses.
    decay_syn, unit_mv : array [2, N]
        Fraction of the synaptic current that a step loses, and mV per unit of the membrane; by receptor.
    threshold_mv, reset_mv, rest_mv : array [N]
        Threshold and reset above rest, and rest itself.
    mv_per_na : array [N]
        What a current of 1 nA, held through a step, adds to the membrane.
    offset_na : array [N]
        Current that always flows.
    refractory_ms : array [N]
        Refractory period.
    lead : int
        Steps from the arrival of a spike to the step that it acts in; -1 where it acts at once.
    """

    decay: Floats
    decay_syn: Floats
    unit_mv: Floats
    threshold_mv: Floats
    reset_mv: Floats
    rest_mv: Floats
    mv_per_na: Floats
    offset_na: Floats
    refractory_ms: Floats
    lead: int


def _positive(parameters: Mapping[str, Any], cell: str, *names: str) -> None:
    for name in names:
        values = np.asarray(parameters[name], np.float64)
        if not (np.isfinite(values) & (values > 0)).all():
            wrong = values[~(np.isfinite(values) & (values > 0))][0]
            raise ParameterRefusedError(f"{name} of {cell} must be above 0, got {wrong:g}; for example {name}=10.0")


def _leak(parameters: Mapping[str, Any], cell: str, dt_ms: float) -> dict[str, Any]:
    """Return what all cells with a linear leak have in common."""
    _positive(parameters, cell, "tau_m", "cm")
    tau_m, cm = (np.asarray(parameters[name], np.float64) for name in ("tau_m", "cm"))
    decay = -np.expm1(-dt_ms / tau_m)
    rest, refractory = (np.asarray(parameters[name], np.float64) for name in ("v_rest", "tau_refrac"))
    if (refractory < 0).any():
        raise ParameterRefusedError(f"tau_refrac of {cell} must be 0 ms or more, got {refractory.min():g}")
    if (np.asarray(parameters["v_reset"]) > np.asarray(parameters["v_thresh"])).any():
        raise ParameterRefusedError(f"v_reset of {cell} is above v_thresh, so that it would never stop firing")
    return {
        "decay": decay, "rest_mv": rest, "refractory_ms": refractory, "mv_per_na": tau_m / cm * decay,
        "threshold_mv": np.asarray(parameters["v_thresh"], np.float64) - rest,
        "reset_mv": np.asarray(parameters["v_reset"], np.float64) - rest,
        "offset_na": np.asarray(parameters["i_offset"], np.float64),
    }  # fmt: skip


class IF_curr_exp(standard.IF_curr_exp):
    """Leaky integrate-and-fire neuron with exponentially decaying synaptic current, weights in nA.

    A chip holds one synaptic current per neuron: a neuron whose excitatory and inhibitory synapses are both in use
    needs ``tau_syn_E == tau_syn_I``.
    """

    translations = build_translations(*((name, name) for name in standard.IF_curr_exp.default_parameters))

    @classmethod
    def dynamics(cls, parameters: Mapping[str, Any], dt_ms: float) -> Dynamics:
        """Return the exact solution over a step, of parameters [N] in the units of PyNN."""
        leak = _leak(parameters, cls.__name__, dt_ms)
        _positive(parameters, cls.__name__, "tau_syn_E", "tau_syn_I")
        tau_m, cm = (np.asarray(parameters[name], np.float64) for name in ("tau_m", "cm"))
        tau_syn = np.array([parameters["tau_syn_E"], parameters["tau_syn_I"]], np.float64)
        apart = dt_ms * (1 / tau_m - 1 / tau_syn)
        ratio = np.ones_like(apart)  # (exp(x) - 1) / x, which is 1 at 0
        np.divide(np.expm1(apart), apart, out=ratio, where=apart != 0)
        return Dynamics(
            decay_syn=-np.expm1(-dt_ms / tau_syn), unit_mv=dt_ms / cm * np.exp(-dt_ms / tau_m) * ratio, lead=0, **leak
        )


class IF_curr_delta(standard.IF_curr_delta):
    """Leaky integrate-and-fire neuron whose membrane jumps at each spike, weights in mV."""

    translations = build_translations(*((name, name) for name in standard.IF_curr_delta.default_parameters))

    @classmethod
    def dynamics(cls, parameters: Mapping[str, Any], dt_ms: float) -> Dynamics:
        """Return the exact solution over a step, of parameters [N] in the units of PyNN."""
        leak = _leak(parameters, cls.__name__, dt_ms)
        ones = np.ones((len(RECEPTORS), len(leak["decay"])))
        return Dynamics(decay_syn=ones, unit_mv=ones, lead=-1, **leak)


class SpikeSourceArray(standard.SpikeSourceArray):
    """Source of spikes at given times, which are rounded to steps."""

    translations = build_translations(("spike_times", "spike_times"))


class SpikeSourcePoisson(standard.SpikeSourcePoisson):
    """Source of spikes at random: in each step with the probability ``rate * timestep``, which is at most 1."""

    translations = build_translations(*((name, name) for name in standard.SpikeSourcePoisson.default_parameters))
    default_parameters: ClassVar[dict[str, Any]] = dict(standard.SpikeSourcePoisson.default_parameters)


#: Cell types that a chip computes, and those that the host drives its inputs with.
NEURONS, SOURCES = (IF_curr_exp, IF_curr_delta), (SpikeSourceArray, SpikeSourcePoisson)
_INSTEAD = "take IF_curr_exp or IF_curr_delta, or SpikeSourceArray and SpikeSourcePoisson as sources"
_BASES = (StandardCellType, StandardCellTypeComponent)
#: All other standard cells of PyNN and their components, by name; each raises when it is instantiated.
REFUSED_CELLS = {
    model.__name__: refused(model, _INSTEAD)
    for model in vars(standard).values()
    if isinstance(model, type)
    and issubclass(model, _BASES)
    and model not in _BASES
    and model.__name__ not in {each.__name__ for each in (*NEURONS, *SOURCES)}
}
