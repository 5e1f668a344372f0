"""Labels of the parts of a SuperNeuroMAT model: exact, approximate with an error, or unsupported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...quantiser.difference import WeightLoss
from ...quantiser.report import Report
from ...spec.config import CHANGE_FRACTION
from ...spec.fixed import signed_range
from ..labels import ImportReport, Item, Label
from .currents import Currents
from .model import Model
from .refractory import Refractory
from .relays import Folding
from .scaling import Scaling

#: Numbers of the rule that the report compares: sums of every pattern of spikes, and what acts in every tick.
RULE = ("potentiation", "depression", "drift", "bounds")


@dataclass(frozen=True)
class Before:
    """A model before and after its numbers were rounded each by itself; the same if they were not.

    Attributes
    ----------
    original, model : Model
        As it was given, and as it is translated.
    """

    original: Model
    model: Model

    def moved(self, name: str) -> float:
        """Return the largest difference between finite numbers of one kind."""
        before, after = (np.asarray(getattr(each, name), np.float64) for each in (self.original, self.model))
        finite = np.isfinite(before) & np.isfinite(after)
        return float(np.abs(before[finite] - after[finite]).max(initial=0.0))

    @property
    def taps(self) -> float:
        """Largest difference between gains or losses."""
        return max(self.moved("gains"), self.moved("losses"))

    @property
    def inputs(self) -> float:
        """Largest difference between input spikes."""
        return float(np.abs(self.original.inputs.value - self.model.inputs.value).max(initial=0.0))


def label(
    source: str, before: Before, folding: Folding, scaling: Scaling, refractory: Refractory, quantised: Report,
    given: Currents,
) -> ImportReport:  # fmt: skip
    """Label every part of a model.

    Parameters
    ----------
    source : str
        Name of the model.
    before, folding, scaling, refractory
        The model, its folded relays, its scale, and its refractory periods on the chip.
    quantised : Report
        Report of the quantiser.
    given : Currents
        Queued input spikes on the chip.
    """
    model, errors = before.model, quantised.parameters
    loss = quantised.weights.get("recurrent")
    weights = max(scaling.error(model.weights) if scaling.whole else 0.0, loss.max_error if loss else 0.0)
    thresholds = 0.0 if scaling.whole else errors.get("threshold", 0.0)
    items = [
        Item.rounded("thresholds", thresholds + before.moved("thresholds"), _beyond(model, quantised)),
        Item.rounded("reset states", before.moved("resets"), "every neuron counts from its own"),
        Item.rounded("leaks", errors.get("leak", 0.0) + before.moved("leaks"), ""),
        _refractory(refractory),
        Item.rounded("initial states", scaling.error(model.states - model.resets) + before.moved("states")),
        Item.rounded("weights", weights + before.moved("weights"), _clipped(loss)),
        Item.rounded("delays", 0.0, _delays(folding)),
        Item.rounded("input spikes", max(given.excess, given.rounded) + before.inputs, _inputs(given.excess)),
    ]
    if model.gains:
        items += _learning(before, scaling, quantised)
    items += _others(quantised)
    return ImportReport(source, items, scaling.reason, quantised)


def _learning(before: Before, scaling: Scaling, quantised: Report) -> list[Item]:
    """Label the rule, as the tables and the drift of the image are."""
    model, config = before.model, quantised.config
    worst = max((quantised.parameters.get(name, 0.0) for name in RULE), default=0.0)
    taps = np.array([*model.gains, *model.losses])
    # The entries of a window of two parts are added on the chip, and the sum ends at the range of changes.
    most = sum(gain - loss for gain, loss in zip(model.gains, model.losses, strict=True))
    room = signed_range(config.change_bits)[1] / (1 << CHANGE_FRACTION) / scaling.scale
    error = max(worst or scaling.error(taps) * scaling.whole, most - room) + before.taps
    return [
        Item.rounded("STDP", error, f"{len(model.gains)} lags"),
        Item.rounded("STDP per synapse", 0.0, f"{int(model.plastic.sum())} synapses learn"),
        _room(model, scaling, quantised),
    ]


def _others(quantised: Report) -> list[Item]:
    """Label what else the image holds otherwise than the network, so that nothing goes without a label."""
    known = {"threshold", "leak", "recurrent weights", *RULE}
    return [
        Item(each.name, Label.APPROXIMATE, each.absolute, "as the image holds it")
        for name, each in quantised.differences.items() if each.differing and name not in known
    ]  # fmt: skip


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


def _refractory(refractory: Refractory) -> Item:
    """Label refractory periods that the chip may not count to the end."""
    name, most = "refractory periods", refractory.most
    if not refractory.beyond:
        return Item.rounded(name, 0.0)
    held = f"those of {refractory.beyond} neurons end at {most} ticks of up to {refractory.longest}"
    if refractory.pieces:
        return Item.rounded(name, 0.0, f"{held}; counts are set anew after every {most} ticks")
    return Item(name, Label.APPROXIMATE, float(refractory.longest - most), f"{held}; runs of up to {most} ticks after "
                "load are the same, longer ones need more refractory_bits, or on_device")  # fmt: skip


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
