"""Largest currents that are injected into neurons, as a user gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError


def currents(given: ArrayLike, neurons: int) -> NDArray[Any]:
    """Check the largest injected currents; return one for each neuron."""
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf":
            raise ValueError(f"{values.dtype} is no number")
        largest: NDArray[Any] = np.broadcast_to(values, (neurons,))
    except ValueError as error:
        raise InputError(f"inject_max needs one number, or {neurons}, one for each neuron ({error})") from None
    wrong = ~(np.isfinite(largest) & (largest >= 0))
    if wrong.any():
        raise InputError(f"inject_max must be 0 or more, the largest size of a current; got {largest[wrong][0]!s}")
    return largest
