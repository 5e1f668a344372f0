"""Counters of a chip by name, and what follows from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..spec import CoreConfig, Counter
from ..spec.registers import COUNTER_BITS
from ..wire.regions import Items


def named(words: Items, config: CoreConfig) -> dict[str, int]:
    """Counters by their names in lower case, and what follows from them, see `Device.counters`.

    Parameters
    ----------
    words : int array [2 * counters]
        `Region.COUNTERS`.
    config : CoreConfig
        Geometry of the chip.
    """
    wide = _wide(words)
    return _completed({counter: int(wide[counter]) for counter in Counter}, config)


def added(before: Items, after: Items, config: CoreConfig) -> dict[str, int]:
    """Return what was added to each counter between two readings."""
    came = _wide(after) - _wide(before)
    return _completed({counter: int(came[counter]) % (1 << COUNTER_BITS) for counter in Counter}, config)


def _wide(words: Items) -> npt.NDArray[np.int64]:
    """Join low and high words."""
    pairs = words.astype(np.int64).reshape(-1, 2)
    wide: npt.NDArray[np.int64] = pairs[:, 0] | pairs[:, 1] << 32
    return wide


def _completed(counts: dict[Counter, int], config: CoreConfig) -> dict[str, int]:
    arrivals = counts[Counter.INPUT_EVENTS] + counts[Counter.RECURRENT_EVENTS]
    return {
        **{counter.name.lower(): count for counter, count in counts.items()},
        "synaptic_events": arrivals * config.neurons,
        "cycles": counts[Counter.BUSY_CYCLES] + counts[Counter.STALL_CYCLES],
    }
