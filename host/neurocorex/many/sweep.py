"""Sweep of a function or a network over a grid of parameters and seeds: each point once, rows in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from ..errors import InputError
from ..image import Image
from ..network.network import Network
from ..progress import Wanted, shown
from . import station
from .cluster import is_cluster, sweep_cluster
from .experiment import Experiment
from .identity import identity_of
from .journal import Journal
from .local import Take, sweep_all_cores, sweep_here, sweep_workers
from .points import points_of
from .table import Row, Table
from .workers import require_main


def sweep(
    function: Callable[..., Any] | Network | Image | str | os.PathLike[str],
    grid: Mapping[str, Iterable[Any]] | None = None,
    seeds: Iterable[Any] | None = None,
    *,
    measure: Callable[..., Any] | None = None,
    device: str = "emulator",
    workers: Any = None,
    resume: str | os.PathLike[str] | None = None,
    progress: Wanted = None,
    **run: Any,
) -> Table:
    """Call a function, or run a network, with every combination of some values; return a row for each.

    Parameters
    ----------
    function : callable, Network, Image or path
        Called with a keyword for each name of the grid. It returns a mapping of names to values, or one value, which
        becomes the column "result". It opens its own device: ``with neurocorex.open("emulator") as device``.
        With `measure`, or keywords of `Device.run`, a network, or a function that returns one: at each point it is
        loaded, run from its start, and measured, on a device that stays open.
    grid : mapping of str to iterable, optional
        Values of each keyword; the last changes fastest. Such as ``{"threshold": [0.5, 1.0], "tau_ms": [10, 20]}``.
    seeds : iterable, optional
        Values of one more keyword, `seed`, which changes fastest of all. Such as ``range(200)``.
    measure : callable, optional
        Of a network: gets the `Result` first, and by name what it asks for of the values of the point, `device` and
        `network`; returns as `function` does. By default the column "spikes" has the number of all spikes.
    device : str
        Of a network: the name of the device, as `neurocorex.open` takes it; each worker opens one.
    workers : int, str, Client or None
        How many processes share the work; 1: this one. By default this process begins, and one process for each core
        goes on if what is left would take it over ten seconds and they can import the functions. Address of the
        scheduler of a Dask cluster such as ``"tcp://10.0.0.1:8786"``, a `distributed.Client` or a cluster made by Dask:
        its workers (extra `dask`). Rows are the same wherever they were made. Other processes import what they call,
        so it has to stand in a file, and a script has to guard its own calls by ``if __name__ == "__main__":``. A
        process that is killed costs the point that it was at, which is tried again, three times in all.
    resume : path, optional
        File that gets a line for each point as soon as it is done. The same call goes on where the file ends. Values
        have to fit into JSON then: numbers, words, lists.
    progress : callable or bool, optional
        Called with (points done, points of all). By default a bar appears in terminals and notebooks after two seconds;
        False: none.
    **run
        Of a network: keywords of `Device.run`, such as `steps`, `spikes` and `record`. A callable gets the values of
        the point that it names, as in ``spikes=lambda seed: encode.poisson(rates, 1000, seed=seed)``. `processes` is
        the earlier name of `workers`.

    Returns
    -------
    Table
        A list with a row for each point, in the order of the grid: its values, then what was found.

    Raises
    ------
    InputError
        For a grid without a point, a name that nothing takes, a returned name that is one of the grid, a function that
        other processes cannot import, or a file to resume from that is of another sweep.
    DisconnectedError
        If a point ends its process three times.
    FileFormatError, MissingToolError, NoAnswerError
        If the file cannot be used, Dask is not installed, or its cluster does not answer. What a function raises goes
        through, with a note that names the point.

    Examples
    --------
    >>> sweep(lambda threshold, seed: threshold + seed, {"threshold": [10, 20]}, seeds=range(2))[-1]
    {'threshold': 20, 'seed': 1, 'result': 21}
    """
    require_main()
    count = _workers(workers, run.pop("processes", None))
    points = points_of(grid, seeds)
    work = _work(function, measure, device, run, list(points[0]))
    journal = None if resume is None else Journal(resume, identity_of(work, points), len(points))
    found: dict[int, Row] = {} if journal is None else journal.found
    with ExitStack() as stack:
        if journal is not None:
            stack.callback(journal.close)
        told = stack.enter_context(shown("sweeping", progress))

        def take(number: int, row: Row) -> None:
            found[number] = row if journal is None else journal.add(number, row)
            if told is not None:
                told(len(found), len(points))

        _carry_out(work, {n: point for n, point in enumerate(points) if n not in found}, take, count)
    return Table(point | found[number] for number, point in enumerate(points))


def _work(function: Any, measure: Any, device: str, run: dict[str, Any], names: list[str]) -> Callable[..., Any]:
    """Return what is called at each point; raises InputError."""
    is_network = isinstance(function, Network | Image | str | os.PathLike)
    if is_network or measure is not None or run:
        experiment = Experiment(function, measure, device, run)
        experiment.require_names(names)
        return experiment
    if not callable(function):
        raise InputError(f"a sweep takes a function or a network, got {function!r:.100}")
    called: Callable[..., Any] = function
    return called


def _workers(workers: Any, processes: Any) -> Any:
    """Return how many processes, None for as many as there are cores, or a cluster; raises InputError."""
    if processes is not None and workers is not None:
        raise InputError("workers and processes are two names of one thing; leave out processes")
    name, given = ("workers", workers) if processes is None else ("processes", processes)
    if given is None or (name == "workers" and is_cluster(given)):
        return given
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise InputError(f"{name} must be an integer above 0, got {given!r}")
    return given


def _carry_out(work: Callable[..., Any], points: Mapping[int, Row], take: Take, count: Any) -> None:
    """Call at all points, wherever that is."""
    parts = list(work.callables.values()) if isinstance(work, Experiment) else [work]
    if not points:
        return
    if is_cluster(count):
        sweep_cluster(work, points, take, count)
        return
    try:
        if count is None:
            sweep_all_cores(work, points, take, parts)
        elif count == 1:
            sweep_here(work, points, take)
        else:
            sweep_workers(work, points, take, count, parts)
    finally:
        station.close_all()
