"""Number contract of SpikeEngine: every number of a SuperNeuroMAT model is rounded by itself, half to even.

Thresholds, leaks, reset states, states and input spikes become ``round(x * 2**frac_bits)``; weights, and each gain and
loss of STDP, are clipped to 16 bits besides. On the chip, weights are clipped once a tick, and states have 24 bits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...quantiser.rounded import Rounded
from ...spec.fixed import signed_range
from .model import Inputs, Model
from .reader import Floats
from .scaling import STATE_BITS, WEIGHT_BITS

#: What its hardware has: lags of STDP, and the largest refractory period.
LAGS, REFRACTORY = 5, 255


def rounded(model: Model, frac_bits: int) -> Model:
    """Return the model with the numbers that SpikeEngine has of it.

    Parameters
    ----------
    model : Model
        Numbers as they were given.
    frac_bits : int
        Bits behind the point.
    """

    def each(values: Floats) -> Floats:
        return np.asarray(np.ldexp(np.rint(np.ldexp(values, frac_bits)), -frac_bits))

    def weight(values: Floats) -> Floats:
        low, high = signed_range(WEIGHT_BITS)
        return np.asarray(np.ldexp(np.clip(np.rint(np.ldexp(values, frac_bits)), low, high), -frac_bits))

    inputs = Inputs(model.inputs.tick, model.inputs.neuron, each(model.inputs.value))
    gains, losses = (tuple(weight(np.array(taps, np.float64)).tolist()) for taps in (model.gains, model.losses))
    return replace(
        model, thresholds=each(model.thresholds), leaks=each(model.leaks), resets=each(model.resets),
        states=each(model.states), weights=weight(model.weights), gains=gains, losses=losses, inputs=inputs,
    )  # fmt: skip


def differences(model: Model, frac_bits: int) -> list[str]:
    """Return what SpikeEngine's hardware does otherwise than this chip for a model, a line each.

    Parameters
    ----------
    model : Model
        The model with its numbers rounded.
    frac_bits : int
        Bits behind the point.
    """
    found = []
    top, whole = np.ldexp(1.0, STATE_BITS - 1 - frac_bits), np.ldexp(1.0, WEIGHT_BITS - 1 - frac_bits)
    if model.gains:
        found.append(
            f"SpikeEngine clips a weight once a tick, this chip first after its gains: they differ by the losses of "
            f"that tick where gains lead above {whole:g} (counter clips_high)"
        )
        if not model.plastic.all():
            found.append("SpikeEngine lets all synapses learn; here those learn that the model says")
        if len(model.gains) > LAGS:
            found.append(f"SpikeEngine has {LAGS} lags; here all {len(model.gains)} act")
    if model.periods.max() > REFRACTORY:
        found.append(f"SpikeEngine has refractory periods up to {REFRACTORY} ticks; here longer ones act")
    levels = [each[np.isfinite(each)] for each in (model.thresholds, model.leaks, model.resets, model.inputs.value)]
    if any((np.abs(each) >= top).any() for each in levels):
        found.append(f"SpikeEngine wraps thresholds, leaks, resets and inputs beyond {top:g}; here they stop there")
    return found


def losses(original: Model, model: Model) -> list[str]:
    """Return warnings of numbers that were clipped, vanished or moved by more than 1 %: each tap, and by kind.

    Parameters
    ----------
    original, model : Model
        Before and after.
    """
    remedy = "take more frac_bits"
    sides = (("gain", original.gains, model.gains), ("loss", original.losses, model.losses))
    found = [
        Rounded(f"{name} at lag {lag}", wanted, got).warning(remedy)
        for name, before, after in sides
        for lag, (wanted, got) in enumerate(zip(before, after, strict=True), 1)
    ]
    for name in ("thresholds", "leaks", "weights"):
        found.append(_worst(name, getattr(original, name), getattr(model, name), remedy))
    return [line for line in found if line]


def _worst(name: str, wanted: Floats, got: Floats, remedy: str) -> str | None:
    """Return the warning of the number of a kind that moved most, with how many did; None if none moved much."""
    numbers = [Rounded(f"{name[:-1]} {at}", *pair) for at, pair in enumerate(zip(wanted, got, strict=True))
               if np.isfinite(pair).all()]  # fmt: skip
    much = [each for each in numbers if each.warning(remedy)]
    if not much:
        return None
    worst = max(much, key=lambda each: abs(each.wanted - each.got))
    return f"{len(much)} of {len(wanted)} {name} moved by more than 1 %: {worst.warning(remedy)}"
