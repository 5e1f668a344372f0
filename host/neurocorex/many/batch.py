"""Batch of a pool: the arguments of a run of samples that do not depend on each other, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..device.options import Options, known
from ..device.teaching import is_bool, is_integer
from ..errors import InputError
from ..events.stream import EventStream
from ..image import Image
from ..spec import Control, LearningFlag, Region

#: Options that mean the same for every sample.
_WHOLE = ("adaptation", "context", "learning")


@dataclass(frozen=True)
class Request:
    """Run of a pool.

    Attributes
    ----------
    samples, steps : int
        How many samples, and steps of each.
    arrays : dict of str to array [samples, ...]
        Arguments that are cut by samples.
    options : dict
        Arguments that are not.
    """

    samples: int
    steps: int
    arrays: dict[str, Any]
    options: dict[str, Any]

    @classmethod
    def of(cls, image: Image, steps: Any, arrays: Mapping[str, Any], options: dict[str, Any]) -> Request:
        """Check the arguments of `Pool.run`.

        Parameters
        ----------
        image : Image
            What the devices have loaded.
        steps, arrays, options
            The arguments.

        Raises
        ------
        InputError
            For something that a pool cannot cut into samples, or samples that would depend on each other.
        """
        own = {name: value for name, value in options.items() if name not in ("record", "counters", "units")}
        known(Options(**own))  # type: ignore[typeddict-item]  # raises TypeError for unknown ones
        _require_whole(own)
        if own.get("learning") is not False and _learns(image):
            raise InputError(
                "this network learns, so each sample depends on those before it: say learning=False, or use "
                "pool.map for trials that each begin as it was loaded"
            )
        tables = {name: _samples(name, array) for name, array in arrays.items() if array is not None}
        if not tables:
            raise InputError("a pool needs samples; give spikes as a bool array [samples, steps, inputs]")
        shapes = {table.shape[:2] for table in tables.values()}
        if len(shapes) > 1:
            told = " and ".join(f"{name} {table.shape}" for name, table in tables.items())
            raise InputError(f"spikes, inject and teacher must agree in samples and steps, got {told}")
        ((samples, duration),) = shapes
        if steps is not None and (not is_integer(steps) or steps < duration):
            raise InputError(f"steps must be an integer from {duration} up, as the stimulus has them, got {steps!r}")
        return cls(samples, int(duration if steps is None else steps), tables, options)


def _require_whole(options: Mapping[str, Any]) -> None:
    """Raise InputError for options that are not the same for each sample."""
    for name, value in options.items():
        if value is None:
            continue
        if name not in _WHOLE:
            raise InputError(
                f"a pool cannot cut {name!r} into samples: use pool.map, or one device; a pool takes teacher, "
                f"{', '.join(_WHOLE)}"
            )
        if isinstance(value, Mapping) or (name != "context" and not is_bool(value)):
            raise InputError(
                f"{name} of a pool is for the whole run, got {value!r:.60}; use one device for other steps"
            )


def _samples(name: str, given: Any) -> Any:
    if isinstance(given, Mapping | EventStream):
        raise InputError(f"{name} of a pool is an array [samples, steps, ...], got {type(given).__name__}")
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"{name} of a pool is an array [samples, steps, ...]: {error!s:.100}") from None
    if array.ndim != 3:
        raise InputError(
            f"{name} of a pool is an array [samples, steps, ...], got shape {array.shape}; one run without samples is "
            "for one device"
        )
    return array


def _learns(image: Image) -> bool:
    """Whether weights change, or may, while the network of an image runs."""
    config, control = image.config, image.regions[Region.CONTROL]
    registers = [(config.errors, Control.LEARN), (config.groups, Control.JUDGE), (config.scaling, Control.SCALE)]
    by_register = any(has and control[register] for has, register in registers)
    return bool(config.learning and (control[Control.LEARNING] & LearningFlag.ENABLE or by_register))
