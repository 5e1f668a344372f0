"""Parts of a call that connects: weights as they were given, checked, with one delay for each part."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .population import Neurons, Population
from .weights import weight_matrix

#: Longest delay of an input, in steps.
LONGEST = 1 << 24


class Part(NamedTuple):
    """Connections with one delay.

    Attributes
    ----------
    weights : int64 or float64 array [sources, targets]
        0 where there is none.
    pairs : bool array [sources, targets]
        Which pairs are connected.
    delay_ms : float or None
        Their delay; None: they were given none.
    """

    weights: NDArray[Any]
    pairs: NDArray[np.bool_]
    delay_ms: float | None


def parts_of(source: Population, target: Neurons, weights: Any, delay_ms: Any) -> list[Part]:
    """Check what `Network.connect` takes, and split it by delays: equal ones, or such as round to the same step.

    The delay of a part is that of its delays which is farthest from the step, so that reports tell the worst.

    Raises
    ------
    InputError
        See `Network.connect`.
    """
    dt_ms = source.network.dt_ms
    shapes = ((), (len(source),), (len(source), len(target)))
    if delay_ms is not None:
        delay_ms = _checked(delay_ms, shapes, dt_ms)
    matrix, pairs = weight_matrix(weights, source, target)
    if delay_ms is None:
        return [Part(matrix, pairs, None)]
    if not isinstance(source, Neurons) and (delay_ms > LONGEST * dt_ms).any():
        raise InputError(f"delay_ms of an input must be at most {LONGEST * dt_ms:g}, got {delay_ms.max():g}")
    if not delay_ms.ndim:
        return [Part(matrix, pairs, float(delay_ms))]
    delays = np.broadcast_to(delay_ms if delay_ms.ndim == 2 else delay_ms[:, None], pairs.shape)
    steps = np.rint(np.minimum(delays / dt_ms, 1 << 40))
    if isinstance(source, Neurons):
        steps = np.maximum(steps, delays > 0)  # 0 makes an axon silent
    parts = []
    for step in np.unique(steps[pairs]).tolist():
        chosen = pairs & (steps == step)
        given = delays[chosen]
        worst = given[np.argmax(np.abs(given - step * dt_ms))]
        parts.append(Part(np.where(chosen, matrix, 0), chosen, float(worst)))
    return parts


def _checked(given: Any, shapes: tuple[tuple[int, ...], ...], dt_ms: float) -> NDArray[np.float64]:
    try:
        delays = np.asarray(given)
    except ValueError:
        delays = np.empty(0, np.object_)
    if delays.dtype.kind not in "iuf" or (not delays.ndim and not 0 <= delays < np.inf):
        raise InputError(f"delay_ms must be 0 or more, got {given!r}; for example {2 * dt_ms}")
    if delays.shape not in shapes:
        raise InputError(
            f"delay_ms must be 0 or more: a number, or an array of shape {shapes[1]}, one for each source, or "
            f"{shapes[2]}, one for each pair; got shape {delays.shape}"
        )
    wrong = ~((delays >= 0) & (delays < np.inf))
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        raise InputError(f"delay_ms must be 0 or more, got {delays[at]} at {list(at)}; for example {2 * dt_ms}")
    return delays.astype(np.float64)
