"""Scale of a SuperNeuroMAT model on the chip, and the reason for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...network.network import Network
from ...quantiser.demand import Demand
from ...quantiser.scale import GAIN_MAX, choose_scale, largest
from ...spec import CoreConfig
from .commonscale import distance, whole_scale
from .model import Model
from .reader import Floats

#: Widths of SpikeEngine's numbers, which `frac_bits` promises.
WEIGHT_BITS, STATE_BITS = 16, 24


@dataclass(frozen=True)
class Scaling:
    """Scale of a model.

    Attributes
    ----------
    scale : float
        State units per unit of the model.
    whole : bool
        Whether all numbers that change a state are whole at this scale. Then nothing is ever rounded.
    reason : str
        Reason for this scale.
    """

    scale: float
    whole: bool
    reason: str

    def error(self, values: Floats) -> float:
        """Return the largest error of values on the chip; a last bit of 0.1, for example, at scale 10."""
        return distance(values, self.scale)


def moving(model: Model) -> Floats:
    """Return all numbers that states or weights begin with, or can change by."""
    distances = (model.states - model.resets, model.leaks[np.isfinite(model.leaks)])
    return np.concatenate([*distances, model.weights, model.inputs.value, model.gains, model.losses])


def chosen(model: Model, net: Network, config: CoreConfig, scale: float | None, frac_bits: int | None) -> Scaling:
    """Choose a scale.

    Parameters
    ----------
    model : Model
        The model.
    net : Network
        Its network in the units of the model.
    config : CoreConfig
        Geometry of the chip.
    scale, frac_bits
        Scale that the user gave; or that of SpikeEngine, ``2**frac_bits``, of a model that has its numbers.
    """
    values = moving(model)
    if frac_bits is not None:
        return _given(values, math.ldexp(1.0, frac_bits), f"2^{frac_bits}, the number contract of SpikeEngine")
    if scale is not None:
        if not (math.isfinite(scale) and scale > 0):
            raise InputError(f"scale must be above 0, got {scale!r}")
        return _given(values, float(scale), "as asked for")
    whole = whole_scale(values)
    if whole is not None and _fits(model, whole, config):
        last = "; the floats are off by their last bits" if distance(values, whole) else ""
        text = "all numbers are whole" if whole == 1 else f"the smallest at which all numbers are whole{last}"
        return Scaling(float(whole), True, f"{whole}, {text}")
    found = choose_scale(_with_inputs(model, net), config)
    top = config.state_range[1]
    begin = np.abs(model.states - model.resets).max(initial=0)
    while begin * found > top:
        found /= 2
    why = "no scale makes all numbers whole" if whole is None else _too_large(model, whole, config)
    return Scaling(found, False, f"{found:.6g}, the largest that leaves room for all synapses at once; {why}")


def check_frac_bits(frac_bits: int, scale: float | None) -> None:
    """Refuse what is no number of bits behind the point, and a scale besides."""
    if scale is not None:
        raise InputError("give scale or frac_bits, not both: frac_bits is a scale of 2**frac_bits")
    if isinstance(frac_bits, bool) or not isinstance(frac_bits, int) or not 0 <= frac_bits <= STATE_BITS - 2:
        raise InputError(f"frac_bits must be 0 to {STATE_BITS - 2}, got {frac_bits!r}; SpikeEngine has 11 or 13")


def _with_inputs(model: Model, net: Network) -> Demand:
    """Return the demand of a network with the queued input spikes.

    One beyond all that its neuron can get otherwise counts as that much: the chip may cut it, see `_fits`.
    """
    demand = Demand.of(net)
    strongest = float(np.abs(model.inputs.value).max(initial=0))
    return Demand.of(net, min(strongest, largest(demand)))


def _given(values: Floats, scale: float, reason: str) -> Scaling:
    scaled = values * scale
    return Scaling(scale, bool((scaled == np.rint(scaled)).all()), f"{scale:.6g}, {reason}")


def _too_large(model: Model, scale: int, config: CoreConfig) -> str:
    """Return why a scale at which all numbers are whole does not fit, in words."""
    text = f"at {scale} all numbers were whole, but do not fit"
    limit = config.weight_range[1] / scale
    beyond = np.flatnonzero(np.abs(model.weights) > limit)
    if not len(beyond):
        return text
    worst = int(beyond[np.argmax(np.abs(model.weights[beyond]))])
    return (
        f"{text}: {len(beyond)} weights are beyond {limit:g}, such as {model.weights[worst]:g} of synapse {worst}; "
        "where one spike makes a neuron fire in any case, a smaller weight does as well"
    )


def _fits(model: Model, scale: int, config: CoreConfig) -> bool:
    """Whether a chip holds all numbers of a model at a scale. Leaks, thresholds and inputs may be cut to its range."""
    top, weight_top = config.state_range[1], config.weight_range[1]
    if np.abs(model.states - model.resets).max(initial=0) * scale > top:
        return False
    if np.abs(model.weights).max(initial=0) * scale > weight_top << GAIN_MAX:
        return False
    units = np.rint(np.abs(model.weights) * scale).astype(np.int64)
    gain = next((g for g in range(GAIN_MAX + 1) if units.max(initial=0) <= weight_top << g), None)
    steps = np.abs(np.array([*model.gains, *model.losses]) * scale)
    return (
        gain is not None
        and not (units % (1 << gain)).any()
        and (not model.gains or (gain == 0 and steps.max() <= weight_top // 2))
    )
