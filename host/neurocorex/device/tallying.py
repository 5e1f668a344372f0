"""Tallies of a run: counts, first spikes and winners that the chip reports, where its own bits are enough for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..events.arrays import Ints
from ..events.codec import NO_REGISTER, REPORTED
from ..events.reports import request, span
from ..events.stream import EventStream
from ..spec import Clear, CoreConfig, Region
from ..spec.registers import NEVER
from .changes import Changes
from .contents import Contents
from .recording import Recording, Tally
from .stimulus import Stimulus


def grouped(contents: Contents) -> Ints:
    """Return the neurons of the network that are in groups of the chip; none if that is not known."""
    groups, network = contents.config.groups, contents.network
    known = network.written if network.image is None else {**network.image.regions, **network.written}
    if not groups or Region.GROUP not in known:
        return np.empty(0, np.int64)
    group = network.of_neurons(Region.GROUP)
    return np.flatnonzero((group >= 1) & (group <= groups))


def planned(recording: Recording, stimulus: Stimulus, changes: Changes, contents: Contents) -> Recording:
    """Return the recording with what the chip reports for it; without, if the chip does not have it, or not exactly.

    Then everything is made of the spikes, with the same result. So it is for an emulator in this process, from which
    spikes come for nothing, while each report is a stop.
    """
    steps, own = stimulus.steps, stimulus.stream
    tally = _tally(recording, contents.config, steps)
    if tally is None or not contents.session.has_line:
        return recording
    if recording.winner.size and not np.array_equal(recording.winner, grouped(contents)):
        return recording
    if stimulus.samples is None and recording.v.size:
        return recording  # of a run that is cut off, no membrane is lost for want of its report
    clears = (own.change_register == NO_REGISTER) & (own.change_value & int(Clear.TALLIES) != 0)
    cleared = np.concatenate([own.change_step[clears], np.array(changes.cleared(Clear.TALLIES), np.int64)])
    return recording if (cleared % steps).any() else replace(recording, tally=tally)


def _tally(recording: Recording, config: CoreConfig, steps: int) -> Tally | None:
    """Return the reports that say all that is recorded of spikes; None if no reports do."""
    counts, first, winner = recording.spikes, recording.first, recording.winner
    if not (config.reports and config.tallies and recording.counts_only and steps):
        return None
    saturate = (counts.size or winner.size) and steps >= 1 << config.tallies
    if saturate or (first.size and steps >= NEVER) or (winner.size and not config.groups):
        return None
    wanted = [
        (region, int(chosen[0]), int(chosen[-1]) - int(chosen[0]) + 1)
        for region, chosen in ((Region.COUNT, counts), (Region.FIRST_STEP, first))
        if chosen.size
    ]
    wanted += [(Region.MOST, 0, 1)] * bool(winner.size)
    requests = tuple(request(region, 0, column, items) for region, column, items in wanted)
    if any(span(each, config) is None for each in requests):  # too long
        return None
    return Tally(steps, requests, tuple(items for _, _, items in wanted))


def reporting(stream: EventStream, tally: Tally | None) -> EventStream:
    """Return a stream in which tallies are reported behind the last step of each sample.

    What is reported comes before all other changes there: the next sample begins with a clear. A run that is no batch
    has a clear of its own.
    """
    if tally is None:
        return stream
    edges = np.arange(1, stream.steps // tally.every + 1) * tally.every
    count = len(tally.requests)
    step = np.concatenate([np.repeat(edges, count), stream.change_step])
    register = np.concatenate([np.full(edges.size * count, REPORTED), stream.change_register])
    value = np.concatenate([np.tile(tally.requests, edges.size), stream.change_value])
    if tally.every == stream.steps:
        step, register, value = (
            np.insert(column, 0, own)
            for column, own in ((step, 0), (register, NO_REGISTER), (value, int(Clear.TALLIES)))
        )
    order = np.argsort(step, kind="stable")
    return stream.with_changes(step[order], register[order], value[order])
