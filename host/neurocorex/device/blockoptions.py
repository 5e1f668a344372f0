"""Options of a run whose stimulus is drawn as it goes: which there are, and the part of them that is of a block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..errors import InputError
from .options import Options
from .teaching import Teaching, is_bool, is_integer

#: Options of `Device.run` that do not go with a stimulus of which nobody knows the end, and what does.
_REFUSED = {
    "teacher": "forced spikes can be in the blocks: an EventStream with graded_forced",
    "checkpoint": "a checkpoint needs the whole stimulus: give an array",
    "checkpoint_every": "a checkpoint needs the whole stimulus: give an array",
    "rates": "rates are drawn without blocks: leave out spikes",
    "patterns": "patterns are drawn without blocks: leave out spikes",
    "seed": "seed is for rates: draw the blocks from a seed of your own",
}


def check_options(options: Options) -> None:
    """Raise InputError for options that a stimulus in blocks does not go with."""
    for name, remedy in _REFUSED.items():
        if options.get(name) is not None:
            raise InputError(f"spikes that are drawn as it goes take no {name}; {remedy}")
    for name, value in options.items():
        if isinstance(value, Mapping):
            for step in value:
                if not is_integer(step) or step < 0:
                    raise InputError(f"{name} names step {step!r}; steps count from 0")
        elif name in Teaching.__annotations__ and not (value is None or is_bool(value) or name == "context"):
            raise InputError(
                f"with spikes that are drawn as it goes {name} is a mapping of steps such as {{20: 1}}, got {value!r}"
            )


def part_of(options: Options, start: int, steps: int) -> Options:
    """Return the options of some steps of a run; what is no mapping acts from the first step on."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, Mapping):
            part = {step - start: each for step, each in value.items() if start <= step < start + max(steps, 1)}
            if part:
                found[name] = sorted(step for step in part if part[step]) if name == "learn" else part
        elif start == 0:
            found[name] = value
    return cast(Options, found)
