"""Extent of a network in its image: how many inputs, neurons and extra axons are its own, the others being unused."""

from __future__ import annotations

from dataclasses import replace

from ..image import Image
from ..spec import CoreConfig
from ..spec.config import LIMITS

#: Key of `Image.meta` for [inputs, neurons, extra axons] of the network, if the image has room for more.
EXTENT = "extent"


def extent_of(image: Image) -> CoreConfig:
    """Return the geometry of the network in an image; nonsense in its meta is not used."""
    config, given = image.config, image.meta.get(EXTENT)
    room = (config.inputs, config.neurons, config.extra_axons)
    lowest = [min(LIMITS[name]) for name in ("inputs", "neurons", "extra_axons")]
    if not isinstance(given, list) or len(given) != len(room):
        return config
    if not all(type(own) is int and low <= own <= most for own, low, most in zip(given, lowest, room, strict=True)):
        return config
    return replace(config, inputs=given[0], neurons=given[1], extra_axons=given[2])
