"""Import of SuperNeuroMAT 3.5 models, live or from JSON files; models of whole numbers stay the same bit for bit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...spec import CoreConfig
from .adapter import OnDevice, on_device
from .document import read
from .model import Model
from .translation import Imported, translated

__all__ = ["Imported", "Model", "OnDevice", "from_superneuromat", "on_device"]


def from_superneuromat(
    source: Any,
    *,
    network: int | str = 0,
    config: CoreConfig | None = None,
    scale: float | None = None,
    frac_bits: int | None = None,
) -> Imported:
    """Import a model of SuperNeuroMAT in its present state: neurons, synapses, states, and queued input spikes.

    Parameters
    ----------
    source : SNN or path
        A live object, which is only read, or a file of its `saveas_json`.
    network : int or str
        Position or name of the network in a file.
    config : CoreConfig, optional
        Geometry of the chip; by default the smallest with 16-bit weights and 24-bit states.
    scale : float, optional
        Units of the chip per unit of the model. By default the smallest at which all numbers are whole; if none fits,
        the choice of the quantiser.
    frac_bits : int, optional
        Use the numbers of SpikeEngine: each threshold, leak, weight and tap is rounded by itself, half to even, to
        ``round(x * 2**frac_bits)``; weights and taps end at 16 bits. The report notes where its hardware differs.

    Returns
    -------
    Imported
        Image, stimulus, and a report with a label for every part of the model.

    Raises
    ------
    FileFormatError
        For a damaged or inconsistent file; the message names the neuron or synapse.
    InputError
        For an object that is no model, or an inconsistent one.
    FitError
        If the chip has no room for it.

    Examples
    --------
    >>> import superneuromat  # doctest: +SKIP
    >>> snn = superneuromat.SNN()  # doctest: +SKIP
    >>> _ = snn.create_neuron(threshold=1.0, leak=0.5)  # doctest: +SKIP
    >>> print(from_superneuromat(snn).report)  # doctest: +SKIP
    """
    is_path = isinstance(source, str | os.PathLike)
    model = read(Path(source), network) if is_path else Model.of(source)
    name = str(source) if is_path else f"a model of {model.neurons} neurons"
    return translated(model, name, config=config, scale=scale, frac_bits=frac_bits)
