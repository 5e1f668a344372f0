"""Delay lines of input events: what arrives when, cut anywhere, and what a clear drops."""

from itertools import pairwise

import numpy as np
import pytest
from neurocorex.events.delayline import DelayLine, Waiting
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Region

#: Axons 0 to 2 are those of the inputs, two more belong to inputs 2 and 0.
LINE = DelayLine(3, np.array([0, 1, 2, 2, 0]), np.array([0, 2, 5, 1, 9]))


def arrivals(sent: np.ndarray, clears: tuple[int, ...] = ()) -> np.ndarray:
    """Arrivals [steps + 9, axons], event by event."""
    found = np.zeros((len(sent) + 9, 5), np.bool_)
    for step, source in np.argwhere(sent).tolist():
        for axon in np.flatnonzero(LINE.source == source).tolist():
            due = step + int(LINE.delay[axon])
            if not any(step < clear <= due for clear in clears):
                found[due, axon] = True
    return found


def stream(sent: np.ndarray, clears: tuple[int, ...] = ()) -> EventStream:
    made = EventStream.from_dense(sent)
    return made.clearing(sorted(clears), Clear.STATE) if clears else made


@pytest.mark.parametrize("seed", range(20))
def test_stream_that_is_cut_anywhere_is_the_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 40))
    sent = rng.random((steps, 3)) < rng.random()
    clears = tuple(sorted(rng.choice(steps, rng.integers(0, 3), replace=False).tolist()))
    wanted = arrivals(sent, clears)
    cuts = [0, *np.sort(rng.integers(0, steps + 1, rng.integers(0, 5))).tolist(), steps]
    waiting, parts = Waiting.none(), []
    whole = stream(sent, clears)
    for start, stop in pairwise(cuts):
        flight = LINE.carry(whole.cut(start, stop), waiting)
        parts.append(flight.stream.dense(5))
        waiting = flight.after(stop - start, ended=True)
    rest = np.zeros((9, 5), np.bool_)
    rest[waiting.step, waiting.axon] = True
    np.testing.assert_array_equal(np.concatenate([*parts, rest]), wanted)


@pytest.mark.parametrize("seed", range(10))
def test_run_that_ends_early_leaves_what_a_shorter_run_leaves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sent, clears = rng.random((30, 3)) < 0.3, (int(rng.integers(1, 15)), int(rng.integers(15, 30)))
    whole = LINE.carry(stream(sent, clears), Waiting.none())
    for steps in range(31):
        shorter = LINE.carry(stream(sent, clears).cut(0, steps), Waiting.none()).after(steps, ended=True)
        for mine, wanted in zip(whole.after(steps, ended=False), shorter, strict=True):
            np.testing.assert_array_equal(mine, wanted)


def test_dense_arrivals_are_those_of_the_stream() -> None:
    sent = np.random.default_rng(5).random((4, 20, 3)) < 0.4
    found = LINE.dense(sent)
    for sample, wanted in zip(found, sent, strict=True):
        np.testing.assert_array_equal(sample, arrivals(wanted)[:20])


def test_clear_of_other_state_drops_no_event() -> None:
    made = EventStream.from_dense(np.eye(3, dtype=bool)).clearing([1, 2], Clear.TRACES | Clear.ADAPTATION)
    assert LINE.carry(made, Waiting.none()).after(3, ended=True).step.tolist() == [0, 0, 4, 6]


def test_currents_and_changes_stay_where_they_are() -> None:
    made = EventStream(4, [0], [1], [0, 3], [2, 1], [5, -7]).clearing([2])
    found = LINE.carry(made, Waiting.none()).stream
    for mine, wanted in zip(found.columns[2:], made.columns[2:], strict=True):
        np.testing.assert_array_equal(mine, wanted)


def test_reports_stay_between_the_steps_where_they_were_asked_for() -> None:
    sent = np.random.default_rng(3).random((20, 3)) < 0.3
    asked = stream(sent, (8,)).reporting([0, 8, 20], Region.COUNT, 2)
    flight = LINE.carry(asked, Waiting.none())
    np.testing.assert_array_equal(flight.stream.dense(5), arrivals(sent, (8,))[:20])
    assert [column.tolist() for column in flight.stream.columns[6:]] == [c.tolist() for c in asked.columns[6:]]
