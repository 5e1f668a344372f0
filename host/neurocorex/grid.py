"""Grid of parameters: a function is called at each of its points, and what it returns becomes a row."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .errors import InputError
from .progress import Wanted, shown

Row = dict[str, Any]


def sweep(
    function: Callable[..., Any],
    grid: Mapping[str, Iterable[Any]],
    *,
    processes: int = 1,
    progress: Wanted = None,
) -> list[Row]:
    """Call a function with every combination of some values; return a row for each, to be made a DataFrame.

    Parameters
    ----------
    function : callable
        Called with a keyword for each name of `grid`. It returns a mapping of names to values, or one value, which
        becomes the column "result". It opens its own device: ``with neurocorex.open("emulator") as device``.
    grid : mapping of str to iterable
        Values of each keyword; the last changes fastest. Such as ``{"threshold": [0.5, 1.0], "seed": range(5)}``.
    processes : int
        How many processes share the work; 1: this one. More of them import the function, so it has to stand in a file,
        and a script has to guard its own calls by ``if __name__ == "__main__":``. Rows are the same, in the same order.
    progress : callable or bool, optional
        Called with (points done, points of all). By default a bar appears in terminals and notebooks after two seconds;
        False: none.

    Returns
    -------
    list of dict
        A row for each point, in the order of the grid: its values, then what the function returned.

    Raises
    ------
    InputError
        For a grid without a point, a returned name that is one of the grid, or a function that other processes cannot
        import. What the function raises goes through, with a note that names the point.

    Examples
    --------
    >>> sweep(lambda threshold, seed: threshold + seed, {"threshold": [10, 20], "seed": range(2)})[-1]
    {'threshold': 20, 'seed': 1, 'result': 21}
    """
    points = _points(grid)
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise InputError(f"processes must be an integer above 0, got {processes!r}")
    rows: list[Row] = []
    with shown("sweeping", progress) as told:
        for point, returned in zip(points, _results(function, points, processes), strict=True):
            rows.append(_row(point, returned))
            if told is not None:
                told(len(rows), len(points))
    return rows


def _points(grid: Mapping[str, Iterable[Any]]) -> list[Row]:
    if not isinstance(grid, Mapping) or not grid:
        raise InputError(f"grid is {grid!r}, expected names and values, such as {{'threshold': [0.5, 1.0]}}")
    values = {name: _values(name, given) for name, given in grid.items()}
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def _values(name: str, given: Any) -> list[Any]:
    values = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not values:
        raise InputError(f"{name} of a grid is {given!r}, expected one value or more in a list, such as [0.5, 1.0]")
    return values


def _results(function: Callable[..., Any], points: list[Row], processes: int) -> Iterable[Any]:
    """Yield what the function returns, point by point."""
    if processes == 1:
        for point in points:
            yield _called(function, point)
        return
    _require_importable(function)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Not forked: a fork would share the threads and devices of this process.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_called, function, point) for point in points]
        try:
            for each in waiting:
                yield each.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _called(function: Callable[..., Any], point: Row) -> Any:
    try:
        return function(**point)
    except Exception as error:
        error.add_note(f"at {', '.join(f'{name}={value!r}' for name, value in point.items())} of the grid")
        raise


def _require_importable(function: Callable[..., Any]) -> None:
    import __main__

    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "<locals>")
    if "<" in name or (module == "__main__" and not hasattr(__main__, "__file__")):
        raise InputError(
            f"other processes cannot import {name}; write it at the top of a file and import it from there, or take "
            "processes=1"
        )


def _row(point: Row, returned: Any) -> Row:
    found = dict(returned) if isinstance(returned, Mapping) else {"result": returned}
    if taken := point.keys() & found.keys():
        raise InputError(f"the function returned {', '.join(sorted(taken))}, which the grid names, too; rename it")
    return point | found
