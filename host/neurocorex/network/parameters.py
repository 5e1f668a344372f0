"""Neuron parameters as the user states them: names, initial values, allowed ranges, and the check of given values.

Most of them are declared in `neurocorex.spec.regions`. Two more kinds are declared here: time constants, which set a
decay, and choices, which set a flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..spec.config import LIMITS
from ..spec.regions import PARAMETERS
from ..spec.rows import Quantity
from .attributes import unknown_keyword

#: Declared parameters by name.
QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity for region in PARAMETERS if (quantity := region.row.quantity) is not None
}
#: Names of those that are in the units of the weights.
SCALED = tuple(name for name, quantity in QUANTITIES.items() if quantity.scales)
#: Names of those that can be infinite: such a neuron never fires.
ENDLESS = ("threshold",)
#: Time constants, and the decay that each sets.
TIME_CONSTANTS = {"tau_ms": "decay", "tau_syn_ms": "decay_syn"}
#: Choices: the flag that each sets, and what it is for each word. At first a flag is what the first word says.
CHOICES: dict[str, tuple[str, dict[Any, bool]]] = {
    "refractory": ("hold", {"integrate": False, "hold": True}),
    "reset_mode": ("subtract", {"value": False, "subtract": True}),
    "learns": ("learns", {True: True, False: False}),
    "error_always": ("error_always", {False: False, True: True}),
    "fires_at": ("inclusive", {">": False, ">=": True}),
}
#: Number of the group of a neuron, 0 for none.
GROUP = "group"
#: All keywords of `Neurons.set`.
KEYWORDS = (*QUANTITIES, *TIME_CONSTANTS, *CHOICES, GROUP)


class Settings(TypedDict, total=False):
    """Types of the keywords of `Neurons.set`, for type checkers; one that is None counts as not given."""

    threshold: ArrayLike | None
    reset: ArrayLike | None
    bias: ArrayLike | None
    leak: ArrayLike | None
    tau_ms: ArrayLike | None
    tau_syn_ms: ArrayLike | None
    decay: ArrayLike | None
    decay_syn: ArrayLike | None
    refractory_ms: ArrayLike | None
    refractory: str | ArrayLike | None
    reset_mode: str | ArrayLike | None
    delay_ms: ArrayLike | None
    learns: bool | ArrayLike | None
    error_always: bool | ArrayLike | None
    noise: ArrayLike | None
    fires_at: str | ArrayLike | None
    group: ArrayLike | None


def initial(neurons: int) -> dict[str, NDArray[Any]]:
    """Return the parameters of new neurons by name; NaN is not set."""
    values: dict[str, Any] = {
        name: np.nan if quantity.initial is None else quantity.initial for name, quantity in QUANTITIES.items()
    }
    values |= {flag: next(iter(words.values())) for flag, words in CHOICES.values()}
    return {name: np.full(neurons, value) for name, value in (values | {GROUP: 0}).items()}


def is_integer(name: str, values: NDArray[Any]) -> bool:
    """Whether values of a parameter were given as integers.

    A parameter that need not be set holds NaN, and a threshold can be infinite, which makes floats of its integers:
    there, whole numbers count as such.
    """
    if QUANTITIES[name].initial is not None and not np.isinf(values).any():
        return values.dtype.kind == "i"
    return bool((~np.isfinite(values) | (values == np.rint(values))).all())


def checked(given: Mapping[str, Any], neurons: NDArray[np.intp], dt_ms: float) -> dict[str, NDArray[Any]]:
    """Check values for some neurons.

    Parameters
    ----------
    given : mapping
        Keywords of `Neurons.set`; each value for all of the neurons, or one for each.
    neurons : array of int
        Their numbers.
    dt_ms : float
        Length of a step.

    Returns
    -------
    dict of array [neurons]
        By the names of `initial`.

    Raises
    ------
    InputError
        For a value out of range or a wrong length.
    TypeError
        For an unknown keyword.
    """
    for name in given:
        if name not in KEYWORDS:
            raise unknown_keyword("Neurons.set", name, KEYWORDS)
    stated = {name: value for name, value in given.items() if value is not None}
    for tau, decay in TIME_CONSTANTS.items():
        if tau in stated and decay in stated:
            raise InputError(f"give {tau} or {decay}, not both: they set the same")
    values: dict[str, NDArray[Any]] = {}
    for name, value in stated.items():
        if name in TIME_CONSTANTS:
            tau_ms = numbers(name, value, neurons, 0, np.inf, infinite=True)
            with np.errstate(divide="ignore"):
                values[TIME_CONSTANTS[name]] = np.asarray(-np.expm1(-dt_ms / tau_ms.astype(np.float64)))
        elif name in CHOICES:
            flag, words = CHOICES[name]
            values[flag] = _choices(name, value, words, len(neurons))
        elif name == GROUP:
            values[name] = _groups(value, neurons)
        else:
            low, high = QUANTITIES[name].low, QUANTITIES[name].high
            values[name] = numbers(name, value, neurons, low, high, infinite=name in ENDLESS)
    return values


def numbers(
    name: str, given: ArrayLike, neurons: NDArray[np.intp], low: float, high: float, *, infinite: bool = False
) -> NDArray[Any]:
    """Check numbers for some neurons, one for all or one for each; raises InputError with `name`."""
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iufb":
            raise ValueError(f"{values.dtype} is no number")
        values = np.broadcast_to(values, neurons.shape)
    except ValueError as error:
        raise InputError(f"{name} needs one number, or {len(neurons)}, one for each neuron ({error})") from None
    wrong = ~((values >= low) & (values <= high) & (np.isfinite(values) | (infinite & (values > 0))))
    if wrong.any():
        bound = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
        what = bound if np.isfinite(low) else "a finite number"
        raise InputError(f"{name} must be {what}, got {values[wrong][0]!s} for neuron {neurons[wrong][0]}")
    return values


def _groups(given: ArrayLike, neurons: NDArray[np.intp]) -> NDArray[np.int64]:
    values = numbers(GROUP, given, neurons, 0, max(LIMITS["groups"]))
    if (values != np.rint(values)).any():
        raise InputError(f"{GROUP} must be a whole number, got {values[values != np.rint(values)][0]!s}")
    return values.astype(np.int64)


def _choices(name: str, given: str | ArrayLike, words: Mapping[Any, bool], count: int) -> NDArray[np.bool_]:
    chosen = np.atleast_1d(np.asarray(given, dtype=object))
    unknown = [word for word in chosen.flat if word not in words]
    if unknown or chosen.shape not in ((1,), (count,)):
        got = repr(unknown[0]) if unknown else f"{len(chosen)} for {count} neurons"
        raise InputError(f"{name} must be one of {', '.join(map(repr, words))}, got {got}")
    return np.broadcast_to(np.array([words[word] for word in chosen.flat]), (count,))
