"""Translation of a SuperNeuroMAT model into a network, an image with the model's present state, and a stimulus.

A chip leaks towards zero and SuperNeuroMAT towards the reset state, so states are relative to the reset state. A tick
is a step, an input spike is an injected current, and STDP is the rule `neurocorex.learning.superneuromat`. The order of
operations in a tick is that of a step (docs/model.md), so models of whole numbers give the same spikes.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...device.result import Result
from ...errors import FitError
from ...events.stream import EventStream
from ...image import Image
from ...network.network import Network
from ...quantiser.quantise import quantised, tell
from ...quantiser.report import Report
from ...spec import Control, CoreConfig, Region
from ...spec.config import LIMITS
from ..labels import ImportReport
from . import contract
from .building import geometry, network, set_levels
from .currents import currents, strongest
from .labelling import Before, label
from .model import Bools, Model
from .reader import Floats, Ints
from .refractory import Refractory
from .relays import Folding
from .saturation import Cause, saturated
from .scaling import Scaling, check_frac_bits, chosen
from .state import rows, with_state

_DEEPEST: int = max(LIMITS["max_delay"])
_MOST_LAGS: int = max(LIMITS["window_steps"])


@dataclass(frozen=True)
class Imported:
    """Model of SuperNeuroMAT that is ready for a device.

    Attributes
    ----------
    model : Model
        The model that was read; with `frac_bits`, its numbers as SpikeEngine has them.
    folding : Folding
        Neurons that the chip needs, and relays that became delays.
    network : Network
        Network in the units of the model, relative to the reset states.
    image : Image
        For `Device.load`: weights, parameters, and the present state of the model.
    stimulus : EventStream
        For `Device.run`: the queued input spikes as injected currents, up to the step of the last one.
    report : ImportReport
        A label for every part of the model.
    scaling : Scaling
        Scale of the model, and the reason for it.
    refractory : Refractory
        Refractory periods on the chip.

    Examples
    --------
    >>> imported = from_superneuromat("model.json")  # doctest: +SKIP
    >>> device.load(imported.image)  # doctest: +SKIP
    >>> result = device.run(steps=100, spikes=imported.stimulus)  # doctest: +SKIP
    >>> imported.spikes(result)  # doctest: +SKIP
    """

    model: Model
    folding: Folding
    network: Network
    image: Image
    stimulus: EventStream
    report: ImportReport
    scaling: Scaling
    refractory: Refractory

    @property
    def config(self) -> CoreConfig:
        """Geometry of the image."""
        return self.image.config

    @property
    def scale(self) -> float:
        """State units per unit of the model."""
        return self.image.scale

    @cached_property
    def learned(self) -> tuple[Ints, Ints, Ints]:
        """Synapses that learn, and the row and column of each in the weights of the network."""
        place, hops = self.folding.position, self.folding.hops
        found = [
            (hop.synapse, row, place[hop.post])
            for hop, row in zip(hops, rows(self.network, self.folding), strict=True)
            if self.model.plastic[hop.synapse]
        ]
        synapses, axons, columns = np.array(found, np.int64).reshape(-1, 3).T
        return synapses, axons, columns

    def spikes(self, result: Result, last: Bools | None = None) -> Bools:
        """Spikes of a run as SuperNeuroMAT numbers its neurons, bool [steps, N], relays included.

        Parameters
        ----------
        result : Result
            Result of a run.
        last : bool array [N], optional
            Spikes of the tick before, from which relays go on. By default those of the model, which is right for the
            first run after `image` was loaded.
        """
        return self.folding.spikes(result.spikes, self.model.last if last is None else last)

    def states(self, membranes: NDArray[Any]) -> Floats:
        """States in the units of SuperNeuroMAT, [..., N], from membranes [..., n] of a result; relays are at rest.

        Floats are in units of the network, integers in units of the chip, as results have them.
        """
        kept = self.folding.neurons
        states = np.broadcast_to(self.model.resets, (*membranes.shape[:-1], self.model.neurons)).copy()
        scale = self.scale if membranes.dtype.kind in "iu" else 1.0
        states[..., kept] += membranes[..., : len(kept)] / scale
        return states

    def weights(self, table: NDArray[Any]) -> Floats:
        """Weights of all synapses, [..., S], from weights as `Device.weights` returns them, [..., A, N].

        Floats are in units of the network, integers in units of the chip. Weights that do not learn are those of the
        model.

        Warns
        -----
        RuntimeWarning
            If depression took weights to the lower end of their range, where SuperNeuroMAT may have gone on.
        """
        synapses, axons, columns = self.learned
        learned = self.model_units(table[..., axons, columns])
        low = self.model_units(np.array([self.config.weight_range[0]]))
        if any(self.model.losses) and (at_end := int(np.count_nonzero(learned <= low * (1 - 1e-12)))):
            warnings.warn(Cause.DRIFT.warning(at_end), RuntimeWarning, stacklevel=2)
        weights = np.broadcast_to(self.model.weights, (*table.shape[:-2], len(self.model.weights))).copy()
        weights[..., synapses] = learned
        return weights

    def model_units(self, weights: NDArray[Any]) -> Floats:
        """Return weights in units of the model, from integers of the chip, or floats in units of the network."""
        gain = int(self.image.regions[Region.CONTROL][Control.GAIN_RECURRENT])
        unit = (1 << gain, self.scale) if weights.dtype.kind in "iu" else (1, 1.0)
        return np.asarray(weights.astype(np.float64) * unit[0] / unit[1])

    def saturated(self, result: Result, table: NDArray[Any]) -> dict[Cause, int]:
        """Return what reached bounds of the chip in a run, which SuperNeuroMAT does not have: how often, by cause.

        Parameters
        ----------
        result : Result
            Result of a run of `stimulus`, or the first steps of it, with its counters.
        table : int array [A, N]
            Weights after the run, ``device.weights(units="chip")``; the image's own if nothing learns.
        """
        _, axons, columns = self.learned
        run = self.model.inputs.before(result.steps)
        cut = currents(run, self.folding, self.image).cut
        return saturated(self.model, self.config, result.counters, table[axons, columns], cut)


def translated(
    model: Model,
    source: str,
    *,
    config: CoreConfig | None = None,
    scale: float | None = None,
    frac_bits: int | None = None,
    pieces: bool = False,
) -> Imported:
    """Turn a model into what a device needs; see `from_superneuromat`, and `Refractory` for `pieces`."""
    original = model
    if frac_bits is not None:
        check_frac_bits(frac_bits, scale)
        model = contract.rounded(original, frac_bits)
    folding = Folding(model, config.max_delay if config else _DEEPEST)
    lags = len(model.gains)
    if lags > _MOST_LAGS:
        raise FitError(
            f"{source}: apos and aneg have {lags} lags, at most {_MOST_LAGS} can be built; leave out the last ones"
        )
    refractory = Refractory.of(model, config, pieces=pieces)
    net = network(model, folding, refractory)
    chip = geometry(net, model, folding, refractory, config)
    scaling = chosen(model, net, chip, scale, frac_bits)
    set_levels(net, model, folding, scaling, chip)
    program, lost = quantised(net, chip, scale=scaling.scale)
    image = with_state(program, model, folding, net)
    if config is not None:
        image.fit(config)
    given = currents(model.inputs, folding, image)
    report = Report.of(
        image, comparison=lost.comparison, learning=lost.learning, notes=lost.notes,
        injected=strongest(given.stimulus, chip),
    )  # fmt: skip
    lines = contract.losses(original, model) if frac_bits is not None else []
    # Not which neurons are silent: spikes can be queued later.
    tell([*lines, *(line for line in lost.alerts if line in lost.notes)], program)
    told = label(
        source, Before(original, model), folding, scaling, refractory, replace(report, subject=(net, program)), given,
    )  # fmt: skip
    if frac_bits is not None:
        told = replace(told, notes=[*lines, *contract.differences(model, frac_bits)])
    return Imported(model, folding, net, image, given.stimulus, told, scaling, refractory)
