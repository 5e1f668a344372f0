"""Node of a NIR graph: its type and its fields, which are checked when they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError, InputError

Floats = NDArray[np.float64]
Shape = tuple[int, ...]

#: Largest number of values of a matrix: a layer times the axons that reach it.
SIZE_LIMIT = 1 << 25

#: Largest number of a field; its inverse is the smallest but 0. Products of several stay finite.
LARGEST = 1e30

#: Nodes without memory.
LINEAR = frozenset({"Affine", "Linear", "Scale", "Flatten", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Delay"})
#: Nodes that become neurons: those that spike, and those that are read by their membrane.
SPIKING = frozenset({"LIF", "CubaLIF", "IF", "Threshold"})
SILENT = frozenset({"LI", "CubaLI", "I"})
STATEFUL = SPIKING | SILENT
#: Nodes that pass values on.
PORTS = frozenset({"Input", "Output"})
KNOWN = LINEAR | STATEFUL | PORTS


@dataclass(frozen=True, eq=False)
class Node:
    """Node of a graph.

    Parameters
    ----------
    name : str
        Names of the graphs around it and its own, joined by slashes.
    kind : str
        Type in NIR.
    fields : mapping
        Fields as they were read, not checked.
    """

    name: str
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    _arrays: dict[str, Floats] = field(default_factory=dict, init=False, repr=False)

    def bad(self, what: str) -> FileFormatError:
        """Return an error that names this node."""
        return FileFormatError(f"node {self.name!r} ({self.kind}): {what}")

    def raw(self, name: str) -> Floats:
        """Return a field as float64 without any check; empty if it is missing or does not hold numbers."""
        try:
            return self._array(name) if self.fields.get(name) is not None else np.zeros(0)
        except FileFormatError:
            return np.zeros(0)

    def floats(self, name: str, default: float | None = None, *, endless: bool = False) -> Floats:
        """Return a field as float64.

        Raises
        ------
        FileFormatError
            If it is missing, or not made of finite numbers; with `endless`, infinity is allowed.
        """
        value = self._array(name, default)
        beyond = ~((np.abs(value) <= LARGEST) | (endless & np.isposinf(value)))
        if beyond.any():
            worst = value[beyond].flat[0]
            advice = "; IF and I are neurons without leak" if name.startswith("tau") and worst > 0 else ""
            limit = f" and at most {LARGEST:g}" if np.isfinite(worst) else ""
            raise self.bad(f"{name} must be finite{limit}, got {worst}{advice}")
        return value

    def parameter(self, name: str, shape: Shape, default: float | None = None, *, endless: bool = False) -> Floats:
        """Return a field with a number for each neuron, of `shape`; one number stands for all of them.

        Leading ones of its shape, which are batch and time of some tool, are taken off.
        """
        value = self.floats(name, default, endless=endless)
        while value.ndim > len(shape) and value.shape[0] == 1:
            value = value[0]
        if value.size != 1 and value.shape != shape:
            raise self.bad(f"{name} has shape {value.shape}, expected {shape}")
        return np.broadcast_to(value.reshape(()) if value.size == 1 else value, shape)

    def integers(self, name: str, count: int, default: int | None = None) -> tuple[int, ...]:
        """Return `count` integers of at least 0 from a field; a single one stands for all."""
        value = self._array(name, default).reshape(-1)
        if value.size not in (1, count) or not (
            np.isfinite(value).all() and (value >= 0).all() and (value < 1 << 31).all()
        ):
            raise self.bad(f"{name} must be {count} numbers of at least 0, got {_short(value)}")
        if (value != np.rint(value)).any():
            raise self.bad(f"{name} must be whole numbers, got {_short(value)}")
        numbers = tuple(int(number) for number in value)
        return numbers * count if len(numbers) == 1 else numbers

    def signed(self, name: str, default: int) -> int:
        """Return one integer, which may be negative."""
        value = self._array(name, default)
        if value.size != 1 or not abs(value.item()) < 1 << 31 or value.item() != round(value.item()):
            raise self.bad(f"{name} must be one whole number, got {_short(value.reshape(-1))}")
        return int(value.item())

    def shape_field(self, name: str, *, unknown: bool = False) -> Shape | None:
        """Return a field that is a shape, None if it is missing; raises FileFormatError for an impossible shape.

        With `unknown`, zeros count as missing: before NIR 1.0 that was how a Flatten had no shape.
        """
        if self.fields.get(name) is None:
            return None
        value = self._array(name).reshape(-1)
        if unknown and not value.any():
            return None
        if not (np.isfinite(value).all() and (value >= 1).all() and (value == np.rint(value)).all()):
            raise self.bad(f"{name} must be sizes of at least 1, got {_short(value)}")
        shape = tuple(int(size) for size in value) if (value < 1e18).all() else (1 << 62,)
        self.check_size(shape, name)
        return shape

    def check_size(self, shape: Shape, what: str) -> None:
        """Raise InputError for an array that is too large."""
        if math.prod(shape) > SIZE_LIMIT:
            raise InputError(
                f"node {self.name!r} ({self.kind}): {what} of shape {shape} has more than {SIZE_LIMIT} values; "
                "take a smaller network"
            )

    def _array(self, name: str, default: float | None = None) -> Floats:
        if name not in self._arrays:
            self._arrays[name] = self._converted(name, default)
        return self._arrays[name]

    def _converted(self, name: str, default: float | None) -> Floats:
        value = self.fields.get(name)
        if value is None:
            if default is None:
                raise self.bad(f"{name} is missing; write the graph again")
            value = default
        if hasattr(value, "detach"):  # a tensor of PyTorch
            value = value.detach().cpu()
        try:
            array = np.asarray(value)
            if array.dtype.kind not in "iufb":
                raise TypeError(f"it holds {array.dtype}")
            if array.size == 0:
                raise ValueError("it is empty")
            numbers = array.astype(np.float64)
            return np.where(np.abs(numbers) < 1 / LARGEST, 0.0, numbers)
        except (TypeError, ValueError) as error:
            raise self.bad(f"{name} must hold numbers: {error}") from None


def _short(values: Floats) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:6])
    return f"[{shown}{', ...' if values.size > 6 else ''}]"
