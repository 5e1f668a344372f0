"""Room of traces: how many spikes a trace has to hold before its cap cuts it, from rates or from a stimulus."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..events.codec import NO_REGISTER
from ..events.delayline import Waiting
from ..events.stream import EventStream
from ..learning import ErrorRule, TraceRule
from ..network.data import NetworkData
from ..spec import Clear
from .inputs import line_of
from .rows import Row, trace_sets

#: Spikes that a trace can hold if nothing is known of the rates.
ASSUMED = 4.0
#: Spikes of an axon that count for a rule of errors, if nothing is known of them.
COUNTED = 16.0
#: Standard deviations above the mean of a trace that there is room for, if spikes come at random at a stated rate.
DEVIATIONS = 4.0
#: Room beyond what spikes fill exactly, as a trace fades right on average only.
MARGIN = 1.05
#: Why a room is as it is, if the rule states it.
STATED = "stated"
#: Key of `Image.meta` for the rooms of traces: [[spikes, why], [spikes, why]], of axons and of neurons. Where inputs
#: and other axons differ, the first is that of inputs, and a third that of the others.
ROOMS = "trace_rooms"


@dataclass(frozen=True)
class Room:
    """How many simultaneous spikes a trace can hold, and why.

    Attributes
    ----------
    spikes : float
        At least 1.
    why : str
        `STATED`, "by rate", "by stimulus", "assumed", or "enough for the closest spikes that can be".
    """

    spikes: float
    why: str


#: Room of traces that no rule uses.
NO_ROOM = Room(ASSUMED, "assumed")


def rooms_of(
    net: NetworkData, rows: Sequence[Row], stimulus: EventStream | ArrayLike | None = None
) -> tuple[Room, ...]:
    """Return the rooms of the traces of axons and of neurons that some rules share: the largest that one needs.

    Where the traces of axons that are no inputs follow registers of their own, their room comes third.

    Raises
    ------
    InputError
        If the stimulus does not have a column for each input.
    """
    axons, neurons = (list[Room](), list[Room]()), list[Room]()
    for row, which in zip(rows, trace_sets(rows), strict=True):
        if isinstance(row.rule, TraceRule):
            of_axons, of_neurons = trace_rooms(net, row.rule, row.synapses, stimulus)
            axons[which].append(of_axons)
            neurons.append(of_neurons)
        elif isinstance(row.rule, ErrorRule):
            axons[which].append(error_room(net, row.rule, row.synapses, stimulus))
    return (_largest(axons[0]), _largest(neurons), *([_largest(axons[1])] if axons[1] else []))


def _largest(rooms: Sequence[Room]) -> Room:
    return max(rooms, key=lambda room: room.spikes, default=NO_ROOM)


def trace_rooms(
    net: NetworkData, rule: TraceRule, synapses: NDArray[np.bool_], stimulus: EventStream | ArrayLike | None = None
) -> tuple[Room, Room]:
    """Return the rooms of the traces of axons and of neurons for one rule, and the synapses that learn by it.

    What the rule states comes first, then the stimulus, which tells of inputs only; else `ASSUMED` spikes. No room is
    larger than spikes can fill that are as close as steps, or refractory periods, allow.

    Raises
    ------
    InputError
        If the stimulus does not have a column for each input.
    """
    if rule.rooms is not None:
        return Room(rule.rooms[0], STATED), Room(rule.rooms[1], STATED)
    learn = synapses & np.asarray(net.parameters["learns"], np.bool_)
    pre = _by_rate(rule.pre_rate_hz, rule.tau_pre_ms)
    if pre is None and stimulus is not None:
        pre = _by_stimulus(net, learn, stimulus, rule.tau_pre_ms)
    periods = 1 + np.rint(net.parameters["refractory_ms"][learn.any(axis=0)] / net.dt_ms)
    shortest = float(periods.min()) if periods.size else 1.0
    return (
        _bounded(pre, net.dt_ms / rule.tau_pre_ms),
        _bounded(_by_rate(rule.post_rate_hz, rule.tau_post_ms), shortest * net.dt_ms / rule.tau_post_ms),
    )


def _bounded(room: Room | None, fades: float) -> Room:
    """Return the room, or what is assumed; no more than is filled if a trace fades by `fades` from spike to spike."""
    room = room or Room(ASSUMED, "assumed")
    most = max(-MARGIN / math.expm1(-fades), 1.0) if fades else math.inf
    return room if room.spikes <= most else Room(most, "enough for the closest spikes that can be")


def error_room(
    net: NetworkData, rule: ErrorRule, synapses: NDArray[np.bool_], stimulus: EventStream | ArrayLike | None = None
) -> Room:
    """Return how many spikes of an axon count for a rule of errors, as `trace_rooms`; else `COUNTED` are assumed."""
    if rule.accumulate is not None:
        return Room(float(rule.accumulate), STATED)
    learn = synapses & np.asarray(net.parameters["learns"], np.bool_)
    room = None if stimulus is None else _by_stimulus(net, learn, stimulus, rule.tau_ms, COUNTED)
    return _bounded(room or Room(COUNTED, "assumed"), net.dt_ms / rule.tau_ms)


def _by_stimulus(
    net: NetworkData, learn: NDArray[np.bool_], stimulus: EventStream | ArrayLike, tau_ms: float,
    assumed: float = ASSUMED,
) -> Room | None:  # fmt: skip
    """Room for the inputs that learn; nothing is known of neurons whose axons learn."""
    inputs, neurons = np.split(learn.any(axis=1), [net.input_count])
    spikes, fades = arrivals(net, stimulus), net.dt_ms / tau_ms
    seen = (MARGIN if fades else 1.0) * fullest(spikes[..., inputs], fades, _cleared(stimulus))
    return None if neurons.any() and seen < assumed else Room(seen, "by stimulus")


def _cleared(stimulus: EventStream | ArrayLike) -> frozenset[int]:
    """Return the steps before which a stimulus clears the traces."""
    if not isinstance(stimulus, EventStream):
        return frozenset()
    clears = (stimulus.change_register == NO_REGISTER) & (stimulus.change_value & int(Clear.TRACES) != 0)
    return frozenset(stimulus.change_step[clears].tolist())


def _by_rate(rate_hz: float | None, tau_ms: float) -> Room | None:
    """Room for spikes that come at random: above the mean of the trace by `DEVIATIONS`."""
    if rate_hz is None:
        return None
    level = rate_hz * tau_ms / 1000
    return Room(1 + level + DEVIATIONS * math.sqrt(level / 2), "by rate")


def fullest(spikes: NDArray[np.bool_], fades: float, cleared: Collection[int] = ()) -> float:
    """Return the largest value of the traces of some spikes, in spikes, at least 1.

    Parameters
    ----------
    spikes : bool array [steps, axons] or [samples, steps, axons]
        Samples begin with empty traces.
    fades : float
        Length of a step as a part of the time constant.
    cleared : collection of int
        Steps before which traces are cleared.
    """
    kept, most = math.exp(-fades), 1.0
    trace = np.zeros(spikes.shape[:-2] + spikes.shape[-1:])
    for step in range(spikes.shape[-2]):
        trace *= 0.0 if step in cleared else kept
        trace += spikes[..., step, :]
        most = max(most, float(trace.max(initial=0)))
    return most


def arrivals(net: NetworkData, stimulus: EventStream | ArrayLike) -> NDArray[np.bool_]:
    """Return what a stimulus brings to the input axons of a network, [..., steps, input axons]."""
    line = line_of(net)
    if line is None:
        return spikes_of(stimulus, net.input_count)
    if isinstance(stimulus, EventStream):
        spikes_of(stimulus, line.inputs)  # refuses events of other inputs
        return line.carry(stimulus, Waiting.none()).stream.dense(net.input_count)
    return line.dense(spikes_of(stimulus, line.inputs))


def spikes_of(stimulus: EventStream | ArrayLike, inputs: int) -> NDArray[np.bool_]:
    """Return a stimulus as an array [..., steps, inputs]; raises InputError for one of another shape."""
    if isinstance(stimulus, EventStream):
        return stimulus.dense(inputs)
    array = np.asarray(stimulus)
    if array.ndim not in (2, 3) or array.shape[-1] != inputs or array.dtype.kind not in "biuf":
        raise InputError(
            f"stimulus has shape {array.shape}, expected [steps, {inputs}] or [samples, steps, {inputs}], a column for "
            "each input"
        )
    return np.asarray(array != 0)
