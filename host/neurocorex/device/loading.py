"""An image onto a chip, and the proof that it is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..errors import DeviceError
from ..events.stream import CLEAR_ALL
from ..image import Image
from ..spec import Op, layout
from ..spec.protocol import CLEAR_ARGUMENTS
from .connection import Connection, Store, Task

#: Called with what is done and what there is to do.
Progress = Callable[[int, int], None]


def write(connection: Connection, image: Image, progress: Progress | None = None) -> None:
    """Write all regions of an image that fits the chip, in one exchange; without a state in it, state goes to zero."""
    tasks: list[Task | Store] = [
        task
        for region, values in image.regions.items()
        if layout(region, image.config).writable
        for task in connection.writes(region, values)
    ]
    if not image.is_snapshot:
        tasks.append(Task(Op.CLEAR, CLEAR_ARGUMENTS.pack(CLEAR_ALL)))
    if progress is not None:
        for done, task in enumerate(tasks, 1):
            task.answer = partial(_tell, progress, done, len(tasks))
    connection.perform(tasks)


def _tell(progress: Progress, done: int, total: int, _status: int, _data: bytes) -> None:
    progress(done, total)


def verify(connection: Connection, image: Image) -> None:
    """Read all regions back; raises DeviceError for the first item that differs."""
    held = connection.read(*image.regions)
    for region, wanted in image.regions.items():
        if not np.array_equal(held[region], wanted):
            at = tuple(np.argwhere(held[region] != wanted)[0].tolist())
            raise DeviceError(
                f"{region.name} reads back as {held[region][at]} at {list(at)} where {wanted[at]} was written; "
                "the memory of the chip or its build is faulty"
            )
