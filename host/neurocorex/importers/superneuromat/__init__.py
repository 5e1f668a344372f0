"""Models of SuperNeuroMAT 3.5, from live objects and from its JSON files, to the bit where their numbers are whole."""

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
    """Import a model of SuperNeuroMAT as it is now: its neurons and synapses, their states, and what is queued.

    Parameters
    ----------
    source : SNN or path
        A live object, which is only read; or a file that its `saveas_json` wrote.
    network : int or str
        Which network of a file: its position, or its name.
    config : CoreConfig, optional
        The chip to make the image for; by default the smallest with 16-bit weights and 24-bit states.
    scale : float, optional
        Units of the chip in 1. By default the smallest at which all numbers are whole; if there is none that fits, the
        one that `neurocorex.scale` finds.
    frac_bits : int, optional
        Numbers as SpikeEngine has them, ``round(x * 2**frac_bits)``.

    Returns
    -------
    Imported
        Image, stimulus, and a report with a label for every part.

    Raises
    ------
    FileFormatError
        For a file that makes no sense; the message names the neuron or synapse.
    InputError
        For an object that is none, or makes none.
    FitError
        If no chip, or not this one, has room for it.

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
