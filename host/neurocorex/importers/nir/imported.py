"""Imported graph: its image, and the places of its layers, to read results of the chip in terms of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...device.device import Device
from ...device.result import Result
from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ..labels import ImportReport
from .checking import Check, check_recording
from .direct import currents_of
from .node import Floats
from .places import Place, Places


@dataclass(frozen=True, eq=False)
class Imported:
    """What `from_nir` returns.

    Attributes
    ----------
    image : Image
        Ready for `Device.load`.
    report : ImportReport
        A label for every node, and the report of the quantiser.
    dt : float
        Length of a step in the unit of the graph.
    inputs : dict of slice
        Input axons of each input of the graph.
    layers : dict of Place
        Place of each layer, including those that the importer added.
    outputs : dict of str
        For each output of the graph, the layer that it reads.
    network : Network or None
        The network in floats; None for a graph of `to_nir`, which holds its integers.
    """

    image: Image
    report: ImportReport
    dt: float
    inputs: dict[str, slice]
    layers: dict[str, Place]
    outputs: dict[str, str]
    network: Network | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "report", replace(self.report, checker=self.check))

    def __repr__(self) -> str:
        return f"<imported: {self.image!r}, {len(self.layers)} layers, {len(self.outputs)} outputs>"

    @property
    def places(self) -> Places:
        """Inputs, layers and outputs together."""
        return Places(self.inputs, self.layers, self.outputs)

    def place(self, name: str | None = None) -> Place:
        """Return the place of a layer or output by name, by default of the only output; raises InputError."""
        if name is None:
            if len(self.outputs) != 1:
                raise InputError(
                    f"the graph has {len(self.outputs)} outputs; name one of {', '.join(self.outputs) or 'none'}"
                )
            name = next(iter(self.outputs))
        layer = self.outputs.get(name, name)
        if layer not in self.layers:
            raise InputError(f"{name!r} is no layer or output; there are {', '.join([*self.layers, *self.outputs])}")
        return self.layers[layer]

    def part(self, name: str | None = None) -> Place:
        """Return `place`; the earlier name of it."""
        return self.place(name)

    @property
    def latency(self) -> int:
        """Steps to run beyond the stimulus, so that the last layer gets all of it."""
        return self.places.latency

    def spikes(self, result: Result, name: str | None = None) -> NDArray[np.bool_]:
        """Return spikes of a layer, [steps, n] or [samples, steps, n], in the time of the graph."""
        place = self.place(name)
        return result.spikes[..., place.latency :, place.neurons]

    def currents(self, values: Any, *, steps: int | None = None) -> Floats:
        """Return currents that stand for real-valued inputs (direct coding), for ``Device.run(inject=...)``.

        Each value is multiplied by the weights behind its input, Conv, pools and all, and arrives at each layer in the
        step in which a spike would. Biases are not part of it: the network adds them by itself. For example::

            result = device.run(steps=len(x) + model.latency, inject=model.currents(x))
            outputs = model.spikes(result)

        Parameters
        ----------
        values : float array [steps, inputs] or [samples, steps, inputs], or mapping by input
            Values in the units of the graph. Instead of the axis of all inputs, in the order of `inputs`, there may be
            those of the only input, as in [steps, channels, height, width].
        steps : int, optional
            The values are one frame, [inputs] or [samples, inputs], that is the same in so many steps.

        Returns
        -------
        float array [steps, N] or [samples, steps, N]
            In the units of the network, with further steps where inputs reach a layer that runs late. Made of the
            weights before they were rounded, if they are known (`network`), else of those of the chip.

        Raises
        ------
        InputError
            For a wrong shape, or values that are not finite.
        """
        return currents_of(self.image, self.network, self.places, values, steps)

    def check(
        self, recording: str | Path | Mapping[str, Any], *, share: float = 0.9, within: int = 1,
        device: Device | None = None,
    ) -> Check:  # fmt: skip
        """Run the stimulus of a recording, and compare spikes with those that the producer of the graph recorded.

        Parameters
        ----------
        recording : path, or mapping of arrays
            ``inputs`` and ``spikes``, or ``spikes:NAME`` for an output or layer, see `recording`. Both are in the time
            of the graph: what the layers run late is taken off.
        share : float
            Share of spikes within `within` steps that passes.
        within : int
            Steps that two spikes of a neuron may be apart.
        device : Device, optional
            Where the image is loaded and runs. By default an emulator, which is closed afterwards.

        Raises
        ------
        FileFormatError
            If the file cannot be read.
        InputError
            For a recording that does not belong to this graph, or options that cannot be.
        """
        return check_recording(
            self.image, self.network, self.places, recording, share=share, within=within, device=device
        )

    def membranes(self, result: Result, name: str | None = None) -> Floats:
        """Return recorded membranes of a layer in units and time of the graph, shaped as those of `spikes`.

        Raises
        ------
        InputError
            If they were not recorded, or not in every step.
        """
        place = self.place(name)
        wanted = place.neurons
        if result.every > 1:
            raise InputError(
                f"membranes were recorded with every={result.every}, and layers lag by some steps; run without every"
            )
        columns = np.searchsorted(result.v_neurons, wanted)
        if not np.isin(wanted, result.v_neurons).all():
            raise InputError(
                f"membranes of neurons {wanted[0]} to {wanted[-1]} were not recorded; run with record={{'v': ...}}"
            )
        return np.asarray(result.in_units("chip").v[..., place.latency :, columns] / place.unit + place.rest)
