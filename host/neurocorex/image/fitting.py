"""Fitting of an image to another chip: what it lacks there, and where its axons, neurons and registers go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..spec import Control, CoreConfig, Learning, LearningFlag, Region, controls, layout
from ..spec.registers import CONTEXTS, OTHERS, RULE_ROWS
from ..spec.rows import AXON, PATTERN, has_scaling, has_window, learns
from .content import MATRICES, blank, value_range

Regions = Mapping[Region, NDArray[Any]]
#: Regions whose values mean the same, or nothing, where they have fewer bits.
ELASTIC = (Region.CONTROL, Region.IN_USE, Region.HISTORY, Region.EXTRA_SOURCE, Region.RULE, Region.RATES)
#: Registers of learning: a chip on which they would be narrower is refused for other reasons, or does not learn.
_OF_RULES = frozenset(register for row in RULE_ROWS for register in row) | frozenset(OTHERS.values())


def lacking(regions: Regions, old: CoreConfig, new: CoreConfig) -> list[str]:
    """Say what a chip of geometry `new` has too little of; empty if an image fits."""
    limits = [
        f"{have} {name.replace('_', ' ')} (the chip has {room})"
        for name in ("inputs", "neurons", "extra_axons")
        if (have := getattr(old, name)) > (room := getattr(new, name))
    ]
    if Region.PLASTIC in regions and regions[Region.PLASTIC].any():
        limits += _lacking_to_learn(old, new) + _lacking_rules(regions, old, new)
    if not new.errors and old.errors and _has_errors(regions, old):
        limits.append("errors (the chip was built without them)")
    if not new.groups and old.groups and _has_groups(regions):
        limits.append("groups of neurons (the chip was built without them)")
    if not new.eligibility and old.eligibility and _has_eligibility(regions):
        limits.append("eligibility (the chip was built without it)")
    if not new.scaling and old.scaling and regions[Region.CONTROL][Control.TARGET]:
        limits.append("scaling of weights to a sum (the chip was built without it)")
    limits += (
        _lacking_contexts(regions, old, new) + _lacking_patterns(regions, old, new) + _overflows(regions, old, new)
    )
    if regions[Region.CONTROL][Control.ADAPTATION_STEP] and not new.adaptation:
        limits.append("an adaptive threshold (the chip was built without adaptation)")
    return limits


def moved(region: Region, regions: Regions, old: CoreConfig, new: CoreConfig) -> NDArray[np.int64]:
    """Array of a region on a chip that lacks nothing; what is not in the image stays as after power-up."""
    if region not in regions:
        return blank(region, new)
    array, placed = regions[region], blank(region, new)
    if region is Region.IN_USE:
        used = old.in_use(*array.tolist())
        placed[:] = new.blocks_for(used.neurons, used.inputs)
    elif region is Region.CONTROL:
        placed[:] = _moved_control(array, old, new)
    elif region is Region.RULE:
        own, others = (np.where(rows < new.rules, rows, 0) for rows in _rule_rows(array, old))
        placed[: array.size] = own | others << new.rule_bits
    elif region in CONTEXTS:
        count = min(len(array), len(placed))  # there may be fewer contexts, if none is used of those that are missing
        placed[:count, : array.shape[1]] = array[:count]
    elif region.row.per is PATTERN:
        count = min(len(array), len(placed))  # there may be fewer, if those that are missing are silent
        placed[:count, : array.shape[1]] = array[:count]
    elif region in MATRICES or region.row.per is AXON:
        rows = _moved_axons(old, new)
        placed[(rows, slice(array.shape[1])) if region in MATRICES else rows] = array
    else:
        count = min(array.size, placed.size)  # there may be fewer groups, if no neuron is of those that are missing
        placed[:count] = array[:count]
    if region is Region.THRESHOLD:  # at the end of the range, where states stop, a threshold is out of reach
        placed[placed == old.state_range[1]] = new.state_range[1]
    if region is Region.HISTORY:  # spikes that are older than the deepest delay cannot arrive any more
        placed &= (1 << new.max_delay) - 1
    return placed


def _lacking_to_learn(old: CoreConfig, new: CoreConfig) -> list[str]:
    """Say what a network that learns misses: its rule would mean another thing."""
    names = ["learning", "weight_bits"]
    names += {Learning.EXPONENTIAL: ["trace_bits"], Learning.WINDOW: ["window_steps"]}[old.learning]
    limits = [
        f"{name} = {int(have)} to learn (the chip has {int(room)})"
        for name in names
        if (have := getattr(old, name)) != (room := getattr(new, name))
    ]
    if old.soft_bounds and not new.soft_bounds:
        limits.append("soft bounds (the chip was built without them)")
    return limits


def _rule_rows(rule: NDArray[Any], config: CoreConfig) -> tuple[NDArray[Any], NDArray[Any]]:
    """Split `Region.RULE`: rows of synapses from inputs, and of all others."""
    return rule & (config.rules - 1), rule >> config.rule_bits


def _lacking_rules(regions: Regions, old: CoreConfig, new: CoreConfig) -> list[str]:
    """Say what the rules of a network that learns miss."""
    most = max(int(rows.max()) for rows in _rule_rows(regions[Region.RULE], old)) if Region.RULE in regions else 0
    limits = [] if most < new.rules else [f"{most + 1} rules (the chip has {new.rules})"]
    terms = [register for row in RULE_ROWS[: most + 1] for register in (row.offset, row.pre_only, row.post_only)]
    if old.terms and not new.terms and regions[Region.CONTROL][terms].any():
        limits.append("terms of rules (the chip was built without them)")
    control, plastic = regions[Region.CONTROL], regions[Region.PLASTIC]
    differ = old.rules > 1 and any(control[own] != control[others] for own, others in OTHERS.items())
    if differ and new.rules == 1 and plastic[old.inputs :].any():
        limits.append("traces of neurons unlike those of inputs (the chip has rules = 1)")
    return limits


def _has_errors(regions: Regions, config: CoreConfig) -> bool:
    """Tell whether an image of a chip with errors makes use of them."""
    flags = [int(regions[Region.CONTROL][row.flags]) for row in RULE_ROWS[: config.rules]]
    return any(each & LearningFlag.ERRORS for each in flags) or bool(regions[Region.FEEDBACK].any())


def _has_groups(regions: Regions) -> bool:
    """Tell whether an image of a chip with groups makes use of them; bits 0 of registers are for neurons of none."""
    of_none = int(np.bitwise_or.reduce(regions[Region.CONTROL][[Control.SILENT, Control.ONE_FIRES]])) & 1
    return bool(regions[Region.GROUP].any()) or bool(of_none)


def _has_eligibility(regions: Regions) -> bool:
    """Tell whether an image of a chip with eligibility makes use of it."""
    gathers = int(regions[Region.CONTROL][Control.LEARNING]) & LearningFlag.ELIGIBLE
    return bool(gathers) or bool(regions[Region.ELIGIBILITY].any())


def _lacking_contexts(regions: Regions, old: CoreConfig, new: CoreConfig) -> list[str]:
    """Say what the contexts of an image miss, up to the last one that does anything."""
    if old.contexts <= new.contexts:
        return []
    used = np.arange(old.contexts) == regions[Region.CONTROL][Control.CONTEXT]
    used[0] = False
    for region in CONTEXTS:
        used |= (regions[region] != region.row.power_up(old)).any(axis=1)
    most = int(used.nonzero()[0].max(initial=-1)) + 1
    # A chip without contexts has no bank for the first one either.
    fits = most <= new.contexts if new.contexts > 1 else most == 0
    return [] if fits else [f"{most} contexts (the chip has {new.contexts})"]


def _lacking_patterns(regions: Regions, old: CoreConfig, new: CoreConfig) -> list[str]:
    """Say what the rates of an image miss, up to the last row that is not silent."""
    if Region.RATES not in regions or not regions[Region.RATES].any():
        return []
    most = int(np.flatnonzero(regions[Region.RATES].any(axis=1)).max()) + 1
    if most > new.patterns:
        return [f"{most} patterns of rates (the chip has {new.patterns})"]
    return [] if old.rate_bits == new.rate_bits else [f"rates of {old.rate_bits} bits (the chip has {new.rate_bits})"]


def _overflows(regions: Regions, old: CoreConfig, new: CoreConfig) -> list[str]:
    found = []
    for region, array in regions.items():
        if region in ELASTIC or not layout(region, new).items:
            continue
        low, high = value_range(region, new)
        worst = max((int(array.min()), int(array.max())), key=lambda value: max(value - high, low - value))
        if not low <= worst <= high:
            found.append(f"{region.name.lower()} {worst} (the chip holds {low} to {high})")
    for register in controls(new):
        of_learning = register.row.present in (learns, has_window, has_scaling) or register in _OF_RULES
        if of_learning or not register.bits(old):
            continue
        value, bits = _register(regions[Region.CONTROL], register, old), register.bits(new)
        if value not in range(-(1 << bits >> 1), 1 << bits >> 1) if register.signed else value >> bits:
            found.append(f"control {value} ({register.name} has {bits} bits)")
    return found


def _moved_axons(old: CoreConfig, new: CoreConfig) -> NDArray[np.int64]:
    """Rows that the axons of a chip have on a larger one."""
    kinds = ((0, old.inputs), (new.inputs, old.neurons), (new.inputs + new.neurons, old.extra_axons))
    return np.concatenate([first + np.arange(count) for first, count in kinds])


def _moved_control(values: NDArray[Any], old: CoreConfig, new: CoreConfig) -> NDArray[np.int64]:
    """Control registers for a chip whose registers may be wider or fewer; signed ones keep their sign.

    A register that is too narrow for its value is one of learning, and then nothing learns, see `lacking`.
    """
    placed = blank(Region.CONTROL, new)
    for register in controls(new):
        if register.bits(old):
            placed[register] = _register(values, register, old) & ((1 << register.bits(new)) - 1)
    if old.rules == 1 and new.rules > 1:
        for own, others in OTHERS.items():
            placed[others] = placed[own]
    return placed


def _register(values: NDArray[Any], register: Control, config: CoreConfig) -> int:
    """Value of a control register, with its sign."""
    value, bits = int(values[register]), register.bits(config)
    return value - (1 << bits) if register.signed and value >> (bits - 1) else value
