"""Identity of a run: digests of the network, the state, the stimulus and the options that it begins with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..events.codec import NO_REGISTER
from ..events.delayline import Waiting
from ..events.stream import EventStream
from ..image import Image, blank, program_regions, state_regions
from ..quantiser.extent import EXTENT
from ..spec import Clear, Control, CoreConfig, Flag, Region
from ..spec.registers import MOVING, NOBODY, OTHERS, RULE_ROWS
from ..spec.rows import (
    AXON,
    CONTEXT,
    EXTRA_AXON,
    NEURON,
    PATTERN,
    SYNAPSE,
    has_eligibility,
    has_errors,
    has_groups,
    has_rules,
    has_scaling,
    has_window,
    judges,
    learns,
)
from ..wire.regions import Items
from .chip import Put
from .loaded import LoadedNetwork
from .recording import Recording

#: Chips with regions that have no meaning where no synapse is plastic.
_LEARNERS = (learns, has_window, has_rules, has_eligibility, has_scaling)
#: Registers without a meaning for a network in which no synapse is plastic.
_OF_LEARNING = (
    *(each for each in Control if each.row.present in (*_LEARNERS, has_errors)),
    *(each for row in RULE_ROWS for each in row),
)
#: Those without one where no neuron is in a group.
_OF_GROUPS = tuple(each for each in Control if each.row.present in (has_groups, judges))
#: Bits from the row of synapses from inputs to that of all others, on whatever chip.
_RULE_BITS = 8


def of_chip(held: Mapping[Region, Items], network: LoadedNetwork, config: CoreConfig, clears: Clear) -> dict[str, str]:
    """Digests of what a chip holds when a run begins, the same on each chip that has room for the network.

    Parameters
    ----------
    held : mapping of Region to array
        All that can be written.
    network : LoadedNetwork
        Its axons and neurons alone are looked at.
    config : CoreConfig
        Geometry of the chip.
    clears : Clear
        What goes to zero before the first step, and so does not matter.
    """
    is_plastic = Region.PLASTIC in held and bool(held[Region.PLASTIC].any())
    is_grouped = Region.GROUP in held and bool(
        held[Region.GROUP].any() or (held[Region.CONTROL][[Control.SILENT, Control.ONE_FIRES]] & 1).any()
    )
    found: dict[str, str] = {}
    for region, values in held.items():
        cleared = region.row.cleared
        of_learning = region.row.present in _LEARNERS or cleared in (Clear.TRACES, Clear.ERRORS)
        idle = (of_learning and not is_plastic) or (region is Region.FIRST and not is_grouped)
        if region is Region.IN_USE or idle or (cleared is not None and cleared & clears):
            continue
        part = cut(region, values, network, config)
        if region is Region.FLAGS:  # what is recorded belongs to the run
            part = part & ~int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)
        if region is Region.RULE:
            part = part & (config.rules - 1) | part >> config.rule_bits << _RULE_BITS
        if region.row.per is CONTEXT:  # a context that a chip lacks does nothing
            part = part - region.row.power_up(config)
            part = part[: 1 + max(np.flatnonzero(part.any(axis=1)), default=-1)]
        if region.row.per is PATTERN:  # a pattern that a chip lacks is silent
            part = part[: 1 + max(np.flatnonzero(part.any(axis=1)), default=-1)]
        if region is Region.FIRST:  # a group that a chip lacks is one without a winner
            part = np.trim_zeros((part + 1) % (NOBODY + 1), "b")
        if region is Region.CONTROL:
            moving = {each: int(part[each]) for each in MOVING if each < part.size and is_plastic}
            moving.pop(Control.STIMULUS, None)
            # A register that a chip lacks is one of zero.
            found |= {f"state: {register.name.lower()}": str(value) for register, value in moving.items() if value}
            # The state of drawn spikes is set in each run that has any.
            ignored = {Control.STIMULUS, *(MOVING if is_plastic else _OF_LEARNING), *(() if is_grouped else _OF_GROUPS)}
            # Without registers of their own, traces of other axons follow those of inputs.
            ignored |= {others for own, others in OTHERS.items() if others < part.size and part[others] == part[own]}
            part = np.trim_zeros(np.where(np.isin(np.arange(part.size), [*ignored]), 0, part), "b")
        if part.any():  # a region that a chip lacks is one of zeros
            found[f"{'network' if cleared is None else 'state'}: {region.name.lower()}"] = digest(part)
    return found


def of_stimulus(stream: EventStream, waiting: Waiting, puts: Sequence[Put]) -> dict[str, str]:
    """Digests of a stimulus with all its changes, of the input events that arrive behind its end, and of writes."""
    spikes, currents, changes = stream.columns[:2], stream.columns[2:6], stream.columns[6:]
    parts = {"spikes": spikes, "currents": currents, "changes": changes}
    found = {f"stimulus: {name}": digest(*part) for name, part in parts.items()}
    if waiting.step.size:
        found["stimulus: spikes that arrive later"] = digest(*waiting)
    if puts:
        written = [np.array([put.step, put.region, start, *items]) for put in puts for start, items in put.pieces]
        found["writes"] = digest(*written)
    return {"steps": str(stream.steps), **found}


def of_options(recording: Recording, **options: Any) -> dict[str, str]:
    """Digest of what is recorded, and options in words."""
    recorded = f"{digest(recording.spikes, recording.v)}{' counts' if recording.counts_only else ''}"
    for name, neurons in (("first", recording.first), ("winner", recording.winner), ("i", recording.i)):
        recorded += f" {name} {digest(neurons)}" * bool(neurons.size)
    if recording.every > 1:
        recorded += f" every {recording.every}"
    return {"record": recorded, **{name: repr(value) for name, value in options.items()}}


def differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return the names of parts that differ."""
    return [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]


def cleared_at_start(stream: EventStream) -> Clear:
    """Return what a stream sets to zero before its first step."""
    first = (stream.change_step == 0) & (stream.change_register == NO_REGISTER)
    return Clear(int(np.bitwise_or.reduce(stream.change_value[first], initial=0)))


def digest(*arrays: npt.NDArray[Any]) -> str:
    """Digest of arrays of integers, by value and shape."""
    state = hashlib.sha256()
    for array in arrays:
        state.update(repr(array.shape).encode())
        state.update(np.ascontiguousarray(array, "<i8").data)
    return state.hexdigest()


def cut(region: Region, values: Items, network: LoadedNetwork, config: CoreConfig) -> Items:
    """Cut a region of the chip to the axons and neurons of the network."""
    own, per = network.geometry(config), region.row.per
    if per is SYNAPSE:
        return network.crop(values, config)
    if per is CONTEXT:
        return values[:, : own.neurons]
    if per is PATTERN:
        return values[:, : own.inputs]
    if per is AXON:
        return values[network.rows(config)]
    return values[: {NEURON: own.neurons, EXTRA_AXON: own.extra_axons}.get(per, values.size)]


def compact(held: Mapping[Region, Items], network: LoadedNetwork, config: CoreConfig) -> Image:
    """Snapshot in the size of the network, so that smaller chips can go on; in that of the chip if more is in use."""
    whole, own = network.snapshot(held, config), network.geometry(config)
    sized = replace(config, inputs=own.inputs, neurons=own.neurons, extra_axons=own.extra_axons)
    if sized == config:
        return whole
    parts = {
        region: cut(region, held[region], network, config)
        for region in (*program_regions(sized), *state_regions(sized))
    }
    parts[Region.IN_USE] = blank(Region.IN_USE, sized)
    meta = {name: value for name, value in whole.meta.items() if name != EXTENT}
    small = Image(sized, parts, whole.scale, meta)
    back = small.fit(config).regions
    same = all(np.array_equal(back[region], array) for region, array in whole.regions.items())
    return small if same else whole
