"""Arguments of `simulate`, checked as SuperNeuroMAT 3.5 checks them: the same are taken, and the same are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import InputError

#: Called before each tick with the model, the tick, and the number of ticks.
Callback = Callable[[Any, int, int], None]
BACKENDS = ("auto", "cpu", "jit", "gpu")


def ticks_of(time_steps: Any) -> int:
    """Return a number of ticks: anything that equals an integer above 0.

    Raises
    ------
    TypeError
        For what equals no integer.
    InputError
        For 0 and below.
    """
    try:
        whole = bool(time_steps == int(time_steps))
    except (TypeError, ValueError):
        whole = False
    if not whole:
        raise TypeError(f"time_steps must be a whole number from 1 up, got {time_steps!r}")
    if int(time_steps) <= 0:
        raise InputError(f"time_steps must be a whole number from 1 up, got {time_steps!r}")
    return int(time_steps)


def callback_of(callback: Any) -> Callback | None:
    """Return a callback; SuperNeuroMAT leaves out what cannot be called."""
    return callback if callable(callback) else None


def check_backend(snn: Any, use: Any, sparse: Any, others: Mapping[str, Any]) -> None:
    """Refuse what SuperNeuroMAT refuses of the arguments that choose how it computes; they change nothing on a device.

    Raises
    ------
    InputError
        For a backend that does not exist, a sparsity that is none, or a sparse one with a backend that has none.
    TypeError
        For an argument that does not exist.
    """
    use = snn.backend if use is None else use
    wanted = None if sparse is None else _sparsity(sparse)
    if (wanted is True or (snn.sparse is True and wanted is not False)) and use not in ("auto", "cpu"):
        raise InputError(f"use={use!r} has no sparse networks; take use='cpu', or sparse=False")
    if use and use not in BACKENDS:
        raise InputError(f"use must be one of {', '.join(BACKENDS)}, got {use!r}")
    if others:
        raise TypeError(f"simulate() got an unexpected keyword argument {next(iter(others))!r}; it takes time_steps, "
                        "callback, use and sparse")  # fmt: skip


def _sparsity(sparse: Any) -> bool | None:
    """Return a sparsity as true, false or automatic; SuperNeuroMAT 3.5 knows no word for false."""
    if not isinstance(sparse, str):
        return bool(sparse)
    if sparse.lower() not in ("true", "1", "sparse", "auto"):
        raise InputError(f"sparse must be True, False, 'true', '1', 'sparse' or 'auto', got {sparse!r}")
    return None if sparse.lower() == "auto" else True
