"""Checked reading of a model's values; an error names the neuron or synapse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NeuroCoreXError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Largest number of a model; sums of smaller ones are finite.
SIZE_LIMIT = 1e100
#: Integers up to this are exact as floats.
WHOLE_LIMIT = 1 << 53


@dataclass(frozen=True)
class Reader:
    """Named values, from a file or from a live object.

    Parameters
    ----------
    values : mapping
        Values by their names in SuperNeuroMAT.
    source : str
        Name of the file or object, for messages.
    error : type
        Error to raise: `FileFormatError` for files, `InputError` for objects.
    """

    values: Mapping[str, Any]
    source: str
    error: type[NeuroCoreXError]

    def fail(self, message: str) -> NeuroCoreXError:
        """Return the error to raise."""
        return self.error(f"{self.source}: {message}")

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value unchecked; without a default it must exist."""
        if name in self.values:
            return self.values[name]
        if default is None:
            raise self.fail(f"{name} is missing; save the model again with SuperNeuroMAT 3.5")
        return default

    def flag(self, name: str, default: bool) -> bool:
        """Return a flag: true, false, 0 or 1."""
        return bool(self._number(name, self.get(name, default)))

    def floats(
        self, name: str, noun: str, count: int | None = None, *, default: Any = None, infinite: bool = False
    ) -> Floats:
        """Return numbers, one for each `noun`.

        Parameters
        ----------
        name : str
            Name of the values, such as ``"neuron_leaks"``.
        noun : str
            What each value belongs to, for messages: "neuron", "synapse", "lag".
        count : int, optional
            Required number of values.
        default : sequence, optional
            Values if there are none of this name.
        infinite : bool
            Whether infinity is allowed. NaN never is.
        """
        given = self.sequence(name, self.get(name, default))
        if count is not None and len(given) != count:
            raise self.fail(f"{name} has {len(given)} entries for {count} {noun}s; each needs one")
        values = _converted(given)
        if values is None:  # something is no number, or too large for a float
            values = np.array([self._number(f"{name} of {noun} {k}", each) for k, each in enumerate(given)], np.float64)
        huge = ~(np.abs(values) <= SIZE_LIMIT)
        wrong = np.isnan(values) if infinite else huge
        if wrong.any():
            at = int(np.argmax(wrong))
            raise self.fail(f"{name} of {noun} {at} is {values[at]:g}, which is no number of any use; give it another")
        return np.where(huge, np.copysign(np.inf, values), values)

    def whole(
        self, name: str, noun: str, count: int | None = None, *, low: int = 0, high: int = WHOLE_LIMIT,
        default: Any = None,
    ) -> Ints:  # fmt: skip
        """Return whole numbers from `low` to `high`, which may be stored as floats; see `floats`."""
        values = self.floats(name, noun, count, default=default)
        wrong = (values != np.rint(values)) | (values < low) | (values > high)
        if wrong.any():
            at = int(np.argmax(wrong))
            limit = f"{low} to {high}" if high < WHOLE_LIMIT else f"{low} up"
            raise self.fail(f"{name} of {noun} {at} is {values[at]:g}; it must be a whole number from {limit}")
        return values.astype(np.int64)

    def sequence(self, name: str, given: Any) -> Sequence[Any]:
        """Check that a value is a list or an array of one dimension."""
        if isinstance(given, list | tuple) or (isinstance(given, np.ndarray) and given.ndim == 1):
            return given  # type: ignore[return-value]
        raise self.fail(f"{name} must be a list, got {_short(given)}")

    def mapping(self, name: str, given: Any) -> Mapping[Any, Any]:
        """Check that a value is a mapping."""
        if not isinstance(given, Mapping):
            raise self.fail(f"{name} must be a mapping, got {_short(given)}")
        return given

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, int | float | np.bool_ | np.integer | np.floating):
            try:
                return float(value)
            except OverflowError:
                return math.inf if value > 0 else -math.inf
        raise self.fail(f"{name} is {_short(value)}, which is no number; give it one")


def _converted(given: Sequence[Any]) -> Floats | None:
    """Return plain numbers as an array, the fast way; None if there is anything else."""
    try:
        values = np.asarray(given)
    except ValueError:  # lists of different lengths
        return None
    plain = values.ndim == 1 and (values.dtype.kind in "biuf" or not len(values))
    return values.astype(np.float64) if plain else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
