"""Translation of a SuperNeuroMAT model into a network, an image with the model's present state, and a stimulus.

A chip leaks towards zero and SuperNeuroMAT towards the reset state, so states are relative to the reset state. A tick
is a step, an input spike is an injected current, and STDP is the rule `neurocorex.learning.superneuromat`. The order of
operations in a tick is that of a step (docs/model.md), so models of whole numbers give the same spikes.
"""

from __future__ import annotations

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
from .building import geometry, network, set_levels
from .currents import currents, strongest
from .labelling import label
from .model import Bools, Model
from .reader import Floats, Ints
from .relays import Folding
from .scaling import chosen
from .state import rows, with_state

_DEEPEST: int = max(LIMITS["max_delay"])
_LONGEST: int = (1 << max(LIMITS["refractory_bits"])) - 1
_MOST_LAGS: int = max(LIMITS["window_steps"])


@dataclass(frozen=True)
class Imported:
    """Model of SuperNeuroMAT that is ready for a device.

    Attributes
    ----------
    model : Model
        The model that was read.
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
        """
        synapses, axons, columns = self.learned
        gain = int(self.image.regions[Region.CONTROL][Control.GAIN_RECURRENT])
        weights = np.broadcast_to(self.model.weights, (*table.shape[:-2], len(self.model.weights))).copy()
        unit = (1 << gain, self.scale) if table.dtype.kind in "iu" else (1, 1.0)
        weights[..., synapses] = table[..., axons, columns].astype(np.float64) * unit[0] / unit[1]
        return weights


def translated(
    model: Model,
    source: str,
    *,
    config: CoreConfig | None = None,
    scale: float | None = None,
    frac_bits: int | None = None,
) -> Imported:
    """Turn a model into what a device needs; see `from_superneuromat`."""
    folding = Folding(model, config.max_delay if config else _DEEPEST)
    lags = len(model.gains)
    longest = int(max(model.periods.max(), model.counts.max()))
    if longest > _LONGEST:
        at = int(np.argmax(np.maximum(model.periods, model.counts)))
        raise FitError(f"{source}: neuron {at} is refractory for {longest} ticks, at most {_LONGEST} can be built; "
                       "shorten it, which changes nothing if runs are shorter")  # fmt: skip
    if lags > _MOST_LAGS:
        raise FitError(
            f"{source}: apos and aneg have {lags} lags, at most {_MOST_LAGS} can be built; leave out the last ones"
        )
    net = network(model, folding)
    chip = geometry(net, model, folding, longest, config)
    scaling = chosen(model, net, chip, scale, frac_bits)
    set_levels(net, model, folding, scaling, chip)
    program, lost = quantised(net, chip, scale=scaling.scale)
    image = with_state(program, model, folding, net)
    if config is not None:
        image.fit(config)
    stimulus, cut = currents(model.inputs, folding, image)
    report = Report.of(
        image, comparison=lost.comparison, learning=lost.learning, notes=lost.notes,
        injected=strongest(stimulus, chip),
    )  # fmt: skip
    # Not which neurons are silent: spikes can be queued later.
    tell([line for line in lost.alerts if line in lost.notes], program)
    told = label(source, model, folding, scaling, replace(report, subject=(net, program)), cut)
    return Imported(model, folding, net, image, stimulus, told)
