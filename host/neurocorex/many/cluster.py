"""Sweeps on Dask: the points go to the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import InputError, MissingToolError, NoAnswerError
from . import station
from .local import Take, given_up
from .points import called
from .table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client

#: Seconds in which the scheduler of a cluster has to answer.
_ANSWER_S = 20.0


def is_cluster(workers: Any) -> bool:
    """Whether this names a cluster: the address of a scheduler, a Client, or a cluster that Dask has made."""
    return isinstance(workers, str) or hasattr(workers, "scheduler_info") or hasattr(workers, "scheduler_address")


def sweep_cluster(work: Callable[..., Any], points: Mapping[int, Row], take: Take, workers: Any) -> None:
    """Call at all points on the workers of a cluster.

    A worker that dies costs the points that it was at and had not handed over; the scheduler has them done again, as
    often as its ``allowed-failures`` says. Warnings stay in the logs of the workers.

    Raises
    ------
    MissingToolError
        If `distributed` is not installed.
    NoAnswerError
        If there is no scheduler at this address.
    """
    try:
        from distributed import KilledWorker, as_completed
    except ImportError:
        raise MissingToolError(
            "a sweep on Dask needs distributed; install it: pip install 'neurocorex[dask]'"
        ) from None
    with _client(workers) as client:
        # A task rather than scattered data, which would be gone with the worker that holds it.
        held = client.submit(_itself, work, pure=False)
        numbers = {client.submit(called, held, point, pure=False): number for number, point in points.items()}
        try:
            for future in as_completed(numbers, loop=client.loop):
                number = numbers[future]
                try:
                    take(number, future.result())
                except KilledWorker as error:
                    raise given_up(points[number], "says the scheduler of Dask") from error
        finally:
            client.cancel([*numbers, held])
            client.run(station.close_all)


@contextmanager
def _client(workers: Any) -> Iterator[Client]:
    """Client of a cluster, closed at the end unless it was given."""
    from distributed import Client

    if isinstance(workers, Client):
        if workers.asynchronous:
            raise InputError("the Client of Dask is asynchronous, which a sweep cannot wait for; make another one")
        yield workers
        return
    try:
        client = Client(workers, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise NoAnswerError(f"no scheduler of Dask at {workers!r}: {error}; such as 'tcp://10.0.0.1:8786'") from error
    with client:
        yield client


def _itself(work: Any) -> Any:
    return work
