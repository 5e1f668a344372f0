"""Labels of the parts of a SuperNeuroMAT model: exact, approximate with an error, or unsupported."""

from __future__ import annotations

import numpy as np

from ...quantiser.difference import WeightLoss
from ...quantiser.report import Report
from ..labels import ImportReport, Item, Label
from .model import Model
from .relays import Folding
from .scaling import Scaling


def label(source: str, model: Model, folding: Folding, scaling: Scaling, quantised: Report, cut: float) -> ImportReport:
    """Label every part of a model.

    Parameters
    ----------
    source : str
        Name of the model.
    model, folding, scaling
        The model, its folded relays, and its scale.
    quantised : Report
        Report of the quantiser.
    cut : float
        Largest amount by which an input spike was cut.
    """
    errors = quantised.parameters
    loss = quantised.weights.get("recurrent")
    weights = max(scaling.error(model.weights) if scaling.whole else 0.0, loss.max_error if loss else 0.0)
    items = [
        Item.rounded("thresholds", 0.0 if scaling.whole else errors.get("threshold", 0.0), _beyond(model, quantised)),
        Item.rounded("reset states", 0.0, "every neuron counts from its own"),
        Item.rounded("leaks", errors.get("leak", 0.0), ""),
        Item.rounded("refractory periods", 0.0),
        Item.rounded("initial states", scaling.error(model.states - model.resets)),
        Item.rounded("weights", weights, _clipped(loss)),
        Item.rounded("delays", 0.0, _delays(folding)),
        Item.rounded("input spikes", max(cut, scaling.error(model.inputs.value)), _inputs(cut)),
    ]
    if model.gains:
        lost = [each for each in quantised.learning if not each.exact and "bound" not in each.name]
        worst = max((abs(each.wanted - each.got) for each in lost), default=0.0)
        taps = np.array([*model.gains, *model.losses])
        items += [
            Item.rounded("STDP", worst or scaling.error(taps) * scaling.whole, f"{len(model.gains)} lags"),
            Item.rounded("STDP per synapse", 0.0, f"{int(model.plastic.sum())} synapses learn"),
            _room(model, scaling, quantised),
        ]
    return ImportReport(source, items, scaling.reason, quantised)


def _beyond(model: Model, quantised: Report) -> str:
    """Return how many thresholds are beyond the range of states, in words."""
    beyond = np.abs(model.thresholds - model.resets) * quantised.scale > quantised.config.state_range[1]
    return f"{int(beyond.sum())} beyond the range of states are at its end" if beyond.any() else ""


def _clipped(loss: WeightLoss | None) -> str:
    return f"{loss.clipped} clipped; take a smaller scale" if loss and loss.clipped else ""


def _delays(folding: Folding) -> str:
    text = f"{len(folding.relays)} relays folded into axons" if folding.relays else ""
    if folding.unfolded:
        shown = ", ".join(map(str, folding.unfolded[:8])) + (", ..." if len(folding.unfolded) > 8 else "")
        note = f"synapses {shown} are without a chain of relays of their own, and take what SuperNeuroMAT makes of that"
        text = f"{text}; {note}" if text else note
    return text


def _inputs(cut: float) -> str:
    return "those beyond the range of states are cut to it; take a smaller scale" if cut else ""


def _room(model: Model, scaling: Scaling, quantised: Report) -> Item:
    """Label the range of learned weights: SuperNeuroMAT has no bounds, a chip has the width of its weights."""
    low, high = (bound * (1 << quantised.gain_recurrent) / scaling.scale for bound in quantised.config.weight_range)
    name, drift, weights = "room of learned weights", -sum(model.losses), model.weights[model.plastic]
    room = f"{low:g} to {high:g}"
    beyond = float(weights.max()) + sum(max(gain - loss, 0) for gain, loss in zip(
        model.gains, model.losses, strict=True)) - high  # fmt: skip
    if beyond > 0:
        return Item(name, Label.APPROXIMATE, beyond, f"{room}; one spike can lead beyond, where the chip stops weights")
    if not drift:
        return Item(name, Label.EXACT, detail=room)
    ticks = int((float(weights.min()) - low) / drift)
    return Item(name, Label.EXACT, detail=f"{room}; without a coincidence that lasts {ticks} ticks")
