"""What a chip has counted, by name."""

from __future__ import annotations

import numpy as np

from .connection import Task
from .items import Ints, from_bytes, read_request
from .spec import CoreConfig, Counter, Region, layout
from .spec.registers import COUNTER_BITS


def reading(config: CoreConfig, into: bytearray) -> Task:
    """Return the task that appends all counters to `into`."""
    return Task(*read_request(Region.COUNTERS, config), lambda _status, data: into.extend(data))


def named(words: Ints, config: CoreConfig) -> dict[str, int]:
    """Counters by their names in lower case, and what follows from them, see `Device.counters`.

    Parameters
    ----------
    words : int array [2 * counters]
        `Region.COUNTERS`.
    config : CoreConfig
        Geometry of the chip.
    """
    return _completed(
        {counter: int(words[2 * counter]) | int(words[2 * counter + 1]) << 32 for counter in Counter}, config
    )


def spent(before: bytes, after: bytes, config: CoreConfig) -> dict[str, int]:
    """Return what came to each counter between two readings."""
    table = layout(Region.COUNTERS, config)
    first, last = (
        from_bytes(bytes(data), table).astype(np.int64).reshape(-1, 2) @ [1, 1 << 32] for data in (before, after)
    )
    return _completed(
        {counter: int(last[counter] - first[counter]) % (1 << COUNTER_BITS) for counter in Counter}, config
    )


def _completed(counts: dict[Counter, int], config: CoreConfig) -> dict[str, int]:
    arrivals = counts[Counter.INPUT_EVENTS] + counts[Counter.RECURRENT_EVENTS]
    return {
        **{counter.name.lower(): count for counter, count in counts.items()},
        "synaptic_events": arrivals * config.neurons,
        "cycles": counts[Counter.BUSY_CYCLES] + counts[Counter.STALL_CYCLES],
    }
