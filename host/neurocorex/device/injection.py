"""Injected currents of a run: an array, or currents by population, in the units that the caller says."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..network.selection import indices_of
from .units import Floats, Units, is_chip

#: Part of what is injected into a neuron that rounding may change without a warning.
COARSE = 0.02
#: Neurons that get less than this part of what the neuron gets that gets most cause no warning.
HEARD = 0.1
#: Currents that are converted at a time, so that long runs need no second table of floats.
PIECE = 1 << 20
_AMBIGUOUS = (
    "inject holds integers, which are taken as units of the chip, as in earlier versions. To keep that, say "
    "units='chip'; for units of the network give floats, inject.astype(float), or say units='network'. A later version "
    "will refuse integers without units"
)


def injected(inject: Any, units: Any, own: Units, *, steps: int | None, limits: tuple[int, int]) -> Any:
    """Return injected currents as integers of the chip, [steps, n] or [samples, steps, n]; None for None.

    Parameters
    ----------
    inject : array, mapping of neurons to array, or None
        A mapping has neurons as `indices_of` takes them, and for them an array [..., steps, K], an array [steps] or a
        number for all of them.
    units : "network", "chip" or None
        None: floats are in units of the network. So are integers if that is the same; other integers are in units of
        the chip, as in earlier versions, with a FutureWarning.
    own : Units
        Of the network.
    steps : int, optional
        Steps of the run, for numbers.
    limits : (int, int)
        Lowest and highest current of the chip.

    Raises
    ------
    InputError
        For what cannot be used; a wrong shape of an array is left to the stimulus.
    """
    if inject is None:
        return None
    try:
        table = _spread(inject, len(own.scales), steps) if isinstance(inject, Mapping) else np.asarray(inject)
    except InputError:
        raise
    except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError):
        return inject  # the stimulus says what it is instead of an array
    if table.ndim not in (2, 3) or table.dtype.kind not in "biuf" or not table.size:
        return table.astype(np.int64) if table.dtype.kind == "f" and not table.size else table
    whole = table.dtype.kind in "iub"
    chip = units is not None and is_chip(units)
    if chip and not whole:
        raise InputError(f"inject in units='chip' holds integers, got {table.dtype}; round it, or leave out units")
    if units is None and whole and not own.same and table.any():
        chip = True
        warnings.warn(_AMBIGUOUS, FutureWarning, stacklevel=3)
    if chip or (whole and own.same):
        return table  # the stimulus checks integers
    return _Rounded(table, own.scales, limits).items()


def _spread(given: Mapping[Any, Any], neurons: int, steps: int | None) -> npt.NDArray[Any]:
    """Return currents by neurons as one table [steps, N] or [samples, steps, N]."""
    parts = []
    taken = np.zeros(neurons, np.bool_)
    for key, values in given.items():
        index = indices_of(list(key) if isinstance(key, tuple) else key, neurons, "inject")
        if taken[index].any():
            raise InputError(f"inject names neuron {index[taken[index]][0]} twice")
        taken[index] = True
        parts.append((index, _table(values, index.size, steps)))
    if not parts:
        raise InputError("inject names no neurons; for example {net.neurons[0:4]: currents}")
    shapes = {table.shape[:-1] for _, table in parts}
    if len(shapes) != 1:
        raise InputError(f"inject must have the same steps (and samples) for all neurons, got {sorted(shapes)}")
    spread = np.zeros((*shapes.pop(), neurons), np.result_type(*(table.dtype for _, table in parts)))
    for index, table in parts:
        spread[..., index] = table
    return spread


def _table(values: Any, width: int, steps: int | None) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or (array.ndim == 0 and steps is None) or array.ndim > 3:
        raise InputError(
            f"inject of {width} neurons must be an array [steps, {width}] or [steps] of numbers, or a number with "
            f"steps=..., got {values!r}"
        )
    if array.ndim == 0:
        array = np.broadcast_to(array, (steps or 0,))
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.shape[-1] not in (1, width):
        raise InputError(f"inject of {width} neurons must have shape [steps, {width}] or [steps], got {array.shape}")
    return np.broadcast_to(array, (*array.shape[:-1], width))


class _Rounded:
    """Currents in units of the network as integers of the chip.

    Parameters
    ----------
    table : array [..., n]
        Currents; n may be larger than N, where neurons that are not the network's have a scale of 1.
    scales : float64 array [N]
        Units of the chip per unit of the network.
    limits : (int, int)
        Lowest and highest current of the chip.
    """

    def __init__(self, table: npt.NDArray[Any], scales: Floats, limits: tuple[int, int]) -> None:
        self._table, self._limits = table, limits
        self._scales = np.ones(table.shape[-1])
        self._scales[: len(scales)] = scales[: table.shape[-1]]
        self._given, self._error = np.zeros(table.shape[-1]), np.zeros(table.shape[-1])

    def items(self) -> npt.NDArray[np.int32]:
        """Round all of them; raises InputError if one is beyond the limits or not finite."""
        flat = self._table.reshape(-1, self._table.shape[-1])
        rounded = np.empty(flat.shape, np.int32)
        rows = max(PIECE // max(flat.shape[1], 1), 1)
        for start in range(0, len(flat), rows):
            piece = slice(start, start + rows)
            rounded[piece] = self._piece(flat[piece], start)
        self._warn_if_coarse()
        return rounded.reshape(self._table.shape)

    def _piece(self, given: npt.NDArray[Any], start: int) -> Floats:
        exact = given * self._scales
        whole: Floats = np.rint(exact)
        low, high = self._limits
        if whole.size and not low <= whole.min() <= whole.max() <= high:  # false for NaN, too
            row, neuron = np.argwhere(~((whole >= low) & (whole <= high)))[0].tolist()
            self._refuse(np.unravel_index(start + row, self._table.shape[:-1]), neuron)
        self._given += np.abs(exact).sum(axis=0)
        self._error += (whole - exact).sum(axis=0)
        return whole

    def _refuse(self, where: tuple[np.intp, ...], neuron: int) -> NoReturn:
        at = [*map(int, where), neuron]
        value, scale, (low, high) = self._table[tuple(at)], self._scales[neuron], self._limits
        if not np.isfinite(value):
            raise InputError(f"inject must be finite, got {value} at {at}")
        raise InputError(
            f"injected currents are {low / scale:.6g} to {high / scale:.6g} on this chip ({low} to {high} units of the "
            f"chip), got {value} at {at}; take a smaller scale: quantise(net, scale=...)"
        )

    def _warn_if_coarse(self) -> None:
        """Warn if rounding changes what some neuron gets in total, because its changes do not cancel."""
        heard = self._given > HEARD * self._given.max(initial=0)
        share = np.divide(np.abs(self._error), self._given, out=np.zeros_like(self._given), where=heard)
        worst = int(share.argmax()) if share.size else 0
        if share.size and share[worst] > COARSE:
            warnings.warn(
                f"inject is rounded to whole units of the chip, which changes what neuron {worst} gets by "
                f"{share[worst]:.1%}; take a larger scale: quantise(net, scale=...)",
                UserWarning, stacklevel=5,
            )  # fmt: skip
