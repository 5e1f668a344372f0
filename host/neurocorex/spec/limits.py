"""Limits of a geometry: what each field of `CoreConfig` may be, and which need others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from .blocks import USE_BLOCK


class Learning(IntEnum):
    """Learning engine of a chip, by the kind of its traces."""

    NONE = 0
    """No learning engine."""
    EXPONENTIAL = 1
    """A trace is a number that jumps at every spike and decays."""
    WINDOW = 2
    """A trace is the last steps as bits, looked up in a table: any kernel."""


#: Fewest lanes of a chip with errors: the third sum of a group of neurons is read while its first three pass.
ERROR_LANES = 4

#: Allowed values of each field; a pair is an inclusive range, a set a list of choices.
LIMITS: dict[str, tuple[int, int] | frozenset[int]] = {
    "neurons": (1, 4096),
    "inputs": (1, 4096),
    "lanes": frozenset({1, 2, 4, 8, 16, USE_BLOCK}),
    "weight_bits": frozenset({4, 8, 16}),
    "weight_ports": frozenset({1, 2}),
    "state_bits": (16, 24),
    "refractory_bits": (1, 16),
    "max_delay": (1, 32),
    "adaptation": (0, 1),
    "learning": (0, 2),
    "trace_bits": (4, 16),
    "window_steps": (1, 20),
    "soft_bounds": (0, 1),
    "extra_axons": (0, 4096),
    "frame_bytes": frozenset({64, 128, 256, 512, 1024, 2048, 4096}),
    "rx_frames": frozenset({2, 4, 8, 16}),
    "tx_frames": frozenset({2, 4, 8, 16}),
    "errors": (0, 1),
    "rules": frozenset({1, 2, 4}),
    "terms": (0, 1),
    "groups": (0, 16),
    "eligibility": (0, 1),
    "scaling": (0, 1),
    "contexts": frozenset({1, 2, 4, 8, 16}),
    "patterns": (0, 4096),
    "rate_bits": frozenset({4, 8, 16}),
    "reports": (0, 1),
    "tallies": frozenset({0, *range(4, 17)}),
    "noise": (0, 1),
}

#: Fields that need exponential traces, and their values that need nothing.
_OF_EXPONENTIAL = {"rules": 1, "terms": 0, "eligibility": 0, "scaling": 0}


def check(values: Mapping[str, int]) -> None:
    """Check the fields of a geometry.

    Raises
    ------
    ValueError
        Naming the field, its value and what is allowed.
    """
    for name, allowed in LIMITS.items():
        value = values[name]
        if not isinstance(value, int):
            raise ValueError(f"{name} must be an integer, got {value!r:.40}")
        if isinstance(allowed, tuple):
            if not allowed[0] <= value <= allowed[1]:
                raise ValueError(f"{name} must be {allowed[0]} to {allowed[1]}, got {value!r:.40}")
        elif value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(map(str, sorted(allowed)))}, got {value!r:.40}")
    _check_together(values)


def _check_together(values: Mapping[str, int]) -> None:
    """Check what a field needs of others."""
    exponential, lanes = values["learning"] == Learning.EXPONENTIAL, values["lanes"]
    if values["errors"] and (not exponential or lanes < ERROR_LANES):
        raise ValueError(
            f"errors needs learning {Learning.EXPONENTIAL:d} (exponential traces) and {ERROR_LANES} lanes or more, "
            f"got learning {values['learning']:d} and {lanes} lane(s)"
        )
    for name, unused in _OF_EXPONENTIAL.items():
        if values[name] != unused and not exponential:
            raise ValueError(
                f"{name} needs learning {Learning.EXPONENTIAL:d} (exponential traces), got learning "
                f"{values['learning']:d} and {name} {values[name]:d}"
            )
