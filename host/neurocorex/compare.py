"""Where two devices differ that were given the same."""

from __future__ import annotations

import numpy as np

from .device.device import Device
from .device.result import Result
from .spec import Region, regions
from .spec.registers import MODEL_COUNTERS, STATE, TRACES

#: What a run may change.
MOVING = (Region.WEIGHTS, *STATE, *TRACES, Region.CONTROL)


def differences(device: Device, result: Result, reference: Device, expected: Result) -> list[str]:
    """Compare what two devices recorded and what they hold now, bit for bit.

    Parameters
    ----------
    device, reference : Device
        Of the same geometry, loaded with the same image, run with the same stimulus from the same state, their
        counters cleared before.
    result, expected : Result
        What `run` returned on each.

    Returns
    -------
    list of str
        One line for each kind of quantity that differs: spikes, membranes, weights, each state region, traces, control
        registers, each counter that the stimulus determines. Empty if every bit is equal.
    """
    found = [
        _first_difference(name, mine, theirs)
        for name, mine, theirs in (("spikes", result.spikes, expected.spikes), ("membranes", result.v, expected.v))
    ]
    return [line for line in found if line] + held_differences(device, reference)


def held_differences(device: Device, reference: Device) -> list[str]:
    """Compare what two devices of the same geometry hold now; lines as from `differences`, less what was recorded."""
    present = [region for region in MOVING if region in regions(device.config)]
    found = [_first_difference(region.name.lower(), device.read(region), reference.read(region)) for region in present]
    mine, theirs = device.counters(), reference.counters()
    for counter in MODEL_COUNTERS:
        name = counter.name.lower()
        if mine[name] != theirs[name]:
            found.append(f"counter {name}: {mine[name]}, expected {theirs[name]}")
    return [line for line in found if line]


def _first_difference(name: str, mine: np.ndarray, theirs: np.ndarray) -> str:
    if mine.shape != theirs.shape:
        return f"{name}: shape {mine.shape}, expected {theirs.shape}"
    if np.array_equal(mine, theirs):
        return ""
    where = np.argwhere(mine != theirs)
    first = tuple(where[0].tolist())
    return f"{name}: {len(where)} differ, first at {first}: {mine[first]}, expected {theirs[first]}"
