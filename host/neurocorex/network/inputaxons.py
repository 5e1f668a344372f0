"""Axons of inputs: each carries the events of one input with one delay, so an input with several delays has several.

The first axon of an input is its own, the further ones stand behind those of all inputs. The host delays the events, so
that a delay costs a chip nothing but the axon.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import FitError, InputError
from ..spec.config import LIMITS
from .axons import Indices, Tables


def axons_of(net: Tables, inputs: Indices) -> Indices:
    """Return the rows of all axons of some inputs."""
    return np.flatnonzero(np.isin(net.input_source, inputs))


def used(net: Tables, rows: Indices) -> NDArray[np.bool_]:
    """Tell which of some rows have connections, also such as somebody wrote to the weights."""
    return np.asarray(net.connected[rows].any(axis=1) | (net.weights[rows] != 0).any(axis=1))


def steps_of(net: Tables, delay_ms: float) -> int:
    """Return a delay in whole steps."""
    return int(np.rint(delay_ms / net.dt_ms))


def require_axons(net: Tables, wanted: Iterable[tuple[Indices, float]], *, feedback: bool) -> None:
    """Make sure that some inputs can get axons, each some with one delay in milliseconds.

    Raises
    ------
    InputError
        For an input that has connections of the other kind.
    FitError
        If no chip has so many input axons.
    """
    rows = np.arange(net.input_count)
    taken = used(net, rows)
    other = set((np.array(net.input_source)[taken & (net.is_feedback[rows] != feedback)]).tolist())
    delays: defaultdict[int, set[int]] = defaultdict(set)
    for source, delay_ms, is_used in zip(net.input_source, net.input_delay_ms, taken.tolist(), strict=True):
        delays[source] |= {steps_of(net, delay_ms)} if is_used else set()
    for inputs, delay_ms in wanted:
        if wrong := sorted(other & set(inputs.tolist())):
            _refuse_both(wrong, len(delays), feedback=feedback)
        for source in inputs.tolist():
            delays[source].add(steps_of(net, delay_ms))
    needed, most = sum(max(len(each), 1) for each in delays.values()), max(LIMITS["inputs"])
    if needed > most:
        raise FitError(
            f"the {len(delays)} inputs need {needed} axons, one for each delay of an input, at most {most} can be "
            "built; use fewer inputs, or fewer delays for each"
        )


def _refuse_both(wrong: list[int], inputs: int, *, feedback: bool) -> NoReturn:
    has, wants = ("currents", "errors") if feedback else ("errors", "currents")
    raise InputError(
        f"input {wrong[0]} brings {has} already, and an input brings either currents or errors; give a second input "
        f"for the {wants}, Network(inputs={inputs + len(wrong)}, ...), and send both the events"
    )


def carry(net: Tables, inputs: Indices, delay_ms: float) -> Indices:
    """Return the row of the axon that carries a delay, for each of some inputs; axons are added where they miss."""
    steps, rows = steps_of(net, delay_ms), list[int]()
    missing = list[int]()
    found = axons_of(net, inputs)
    taken = dict(zip(found.tolist(), used(net, found).tolist(), strict=True))
    of: defaultdict[int, list[int]] = defaultdict(list)
    for row in found.tolist():
        of[net.input_source[row]].append(row)
    for source in inputs.tolist():
        row = next((row for row in of[source] if taken[row] and steps_of(net, net.input_delay_ms[row]) == steps), None)
        if row is None and not taken[source]:
            row = source
            net.input_delay_ms[row] = delay_ms
        if row is None:
            row = net.input_count + len(missing)
            missing.append(source)
        elif abs(delay_ms - steps * net.dt_ms) > abs(net.input_delay_ms[row] - steps * net.dt_ms):
            net.input_delay_ms[row] = delay_ms  # the report tells the largest rounding
        rows.append(row)
    _grow(net, missing, delay_ms)
    return np.array(rows, np.intp).reshape(-1)


def _grow(net: Tables, sources: list[int], delay_ms: float) -> None:
    """Add an axon for each of some inputs, behind those that there are."""
    if not sources:
        return
    at = [net.input_count] * len(sources)
    net.weights, net.connected, net.plastic, net.is_feedback = (
        np.insert(table, at, 0, axis=0) for table in (net.weights, net.connected, net.plastic, net.is_feedback)
    )
    net.input_source += sources
    net.input_delay_ms += [delay_ms] * len(sources)
    object.__setattr__(net, "input_count", len(net.input_source))  # users cannot set it
