"""Random stimuli for chips with patterns: steps whose events the chip draws, and rates that change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..events.arrays import Ints
from ..events.codec import DRAWN, FIRST_RATES, RATED
from ..events.stream import EventStream
from ..spec import CoreConfig

#: Share of steps with which drawn ones begin, most of these in a row, and the share before which rates change.
DRAWS, LONGEST, RERATED = 0.1, 9, 0.3


def with_drawn(stream: EventStream, config: CoreConfig, rng: np.random.Generator) -> EventStream:
    """Return a stream of which some runs of steps are drawn by the chip; what happened in them is left out."""
    begins: list[int] = []
    counts: list[int] = []
    for at in np.flatnonzero(rng.random(stream.steps) < DRAWS).tolist():
        if not begins or at >= begins[-1] + counts[-1]:
            begins.append(at)
            counts.append(min(int(rng.integers(1, LONGEST, endpoint=True)), stream.steps - at))
    if not begins:
        return stream
    event, graded = (~_inside(step, begins, counts) for step in (stream.event_step, stream.graded_step))
    starts = np.isin(stream.change_step, begins)
    kept = starts | ~_inside(stream.change_step, begins, counts)
    rows = [(at, *row) for at, count in zip(begins, counts, strict=True) for row in _begin(count, config, rng)]
    changes = [
        np.concatenate([column[kept], more])
        for column, more in zip(stream.columns[6:], np.array(rows, np.int64).T, strict=True)
    ]
    order = np.argsort(changes[0], kind="stable")
    return EventStream(
        stream.steps, *(column[event] for column in stream.columns[:2]),
        *(column[graded] for column in stream.columns[2:6]), *(column[order] for column in changes),
    )  # fmt: skip


def _inside(step: Ints, begins: Sequence[int], counts: Sequence[int]) -> npt.NDArray[Any]:
    number = np.searchsorted(begins, step, side="right") - 1
    inside: npt.NDArray[Any] = (number >= 0) & (step < (np.array(begins) + np.array(counts))[number])
    return inside


def _begin(count: int, config: CoreConfig, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return registers and values of the changes with which drawn steps begin."""
    rates: list[tuple[int, int]] = []
    if rng.random() < RERATED:  # sometimes too few for all axons, sometimes too many
        size = int(rng.integers(1, 2 + config.inputs * config.rate_bits // 8, endpoint=True))
        octets = rng.integers(256, size=size) * (rng.random(size) < 0.5)
        rates = [(RATED, int(octet) + FIRST_RATES * (place == 0)) for place, octet in enumerate(octets)]
    # Sometimes a row that the chip lacks.
    row = 0 if rng.random() < 0.4 else int(rng.integers(config.patterns, endpoint=rng.random() < 0.1))
    return [*rates, (DRAWN, row << 16 | count)]
