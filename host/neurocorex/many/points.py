"""Points of a sweep: every combination of some values, and what is called at each of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import InputError
from .table import Row

#: Column of the seeds.
SEED = "seed"


def points_of(grid: Mapping[str, Iterable[Any]] | None, seeds: Iterable[Any] | None) -> list[Row]:
    """Return every combination of the values of a grid, and of seeds, which change fastest; raises InputError."""
    if grid is not None and not isinstance(grid, Mapping):
        raise InputError(f"grid is {grid!r}, expected names and values, such as {{'threshold': [0.5, 1.0]}}")
    axes = dict(grid or {})
    if seeds is not None:
        if SEED in axes:
            raise InputError("the grid has a 'seed', and seeds were given, too; leave out one of them")
        axes[SEED] = seeds
    if not axes:
        raise InputError(f"grid is {grid!r}, expected names and values, such as {{'threshold': [0.5, 1.0]}}, or seeds")
    values = {name: _values(name, given) for name, given in axes.items()}
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def _values(name: str, given: Any) -> list[Any]:
    values = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not values:
        raise InputError(f"{name} of a grid is {given!r}, expected one value or more in a list, such as [0.5, 1.0]")
    return values


def told(point: Row) -> str:
    """Return a point in words."""
    return f"{', '.join(f'{name}={value!r}' for name, value in point.items())} of the grid"


def called(work: Callable[..., Any], point: Row) -> Row:
    """Call what is swept at one point; return what it found by name. An error gets a note that names the point."""
    try:
        returned = work(**point)
        found = dict(returned) if isinstance(returned, Mapping) else {"result": returned}
        if taken := point.keys() & found.keys():
            raise InputError(f"the function returned {', '.join(sorted(taken))}, which the grid names, too; rename it")
    except Exception as error:
        error.add_note(f"at {told(point)}")
        raise
    return found


def is_importable(function: Any) -> bool:
    """Whether another process can import a function: it stands at the top of a file."""
    import sys

    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "<locals>")
    return "<" not in name and not (module == "__main__" and not hasattr(sys.modules["__main__"], "__file__"))


def require_importable(function: Any) -> None:
    """Raise InputError if another process cannot import a function."""
    if not is_importable(function):
        name = getattr(function, "__qualname__", repr(function))
        raise InputError(
            f"other processes cannot import {name}; write it at the top of a file and import it from there, or take "
            "workers=1"
        )
