"""Image of what is loaded: a network is quantised, a file is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy.typing as npt

from ..errors import InputError
from ..events.stream import EventStream
from ..image import Image
from ..network.network import Network
from ..quantiser.quantise import Report, quantised
from ..spec import CoreConfig


def imaged(
    source: Network | Image | str | os.PathLike[str],
    suited: Callable[[Network], CoreConfig | None],
    stimulus: EventStream | npt.ArrayLike | None,
) -> tuple[Image, Report]:
    """Return an image and its report.

    Parameters
    ----------
    source, stimulus
        As `Device.load` takes them.
    suited : callable
        Returns the geometry that a network is quantised for; None for the smallest.

    Raises
    ------
    InputError
        If the stimulus does not fit the network, or comes with an image.
    """
    if isinstance(source, Network):
        return quantised(source, suited(source), stimulus=stimulus)
    if stimulus is not None:
        raise InputError("a stimulus is for a network; an image has the room of its traces already")
    image = source if isinstance(source, Image) else Image.load(Path(source))
    return image, Report.of(image)
