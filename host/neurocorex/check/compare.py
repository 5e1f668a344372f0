"""Comparison of two devices that ran the same, bit for bit: recordings, memories, counters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..device.device import Device
from ..device.result import Result
from ..spec import Control, CoreConfig, Region, regions
from ..spec.registers import MODEL_COUNTERS, STATE, TALLIES, TRACES, WINNERS

#: Regions that a run may change.
MOVING = (Region.WEIGHTS, Region.ELIGIBILITY, *STATE, *WINNERS, *TALLIES, *TRACES, Region.CONTROL)


@dataclass(frozen=True, slots=True)
class Difference:
    """A quantity that differs between two devices.

    Attributes
    ----------
    quantity : str
        Spikes, membranes, a region, or a counter, in words.
    count : int
        How many of its items differ.
    place : str
        The first of them: step, axon, neuron or register.
    got, expected : int
        Value on the device, and on the reference.
    """

    quantity: str
    count: int
    place: str
    got: int
    expected: int

    @property
    def bit(self) -> int:
        """Lowest bit that differs."""
        changed = self.got ^ self.expected
        return (changed & -changed).bit_length() - 1

    def __str__(self) -> str:
        many = f"{self.count} differ, first at " if self.count > 1 else ""
        place = f": {many}{self.place}" if self.place else ""
        return f"{self.quantity}{place}: {self.got}, expected {self.expected} (bit {self.bit})"


def differences(device: Device, result: Result, reference: Device, expected: Result) -> list[Difference]:
    """Compare recordings and memories of two devices, bit for bit.

    Parameters
    ----------
    device, reference : Device
        Of the same geometry, loaded with the same image, run with the same stimulus from the same state, with counters
        cleared before.
    result, expected : Result
        What `run` returned on each.

    Returns
    -------
    list of Difference
        One for each kind of quantity that differs: spikes, membranes, weights, each state region, traces, control
        registers, each counter that the stimulus determines. Empty if every bit is equal.
    """
    found = []
    result, expected = result.in_units("chip"), expected.in_units("chip")
    for name, mine, theirs in (("spikes", result.spikes, expected.spikes), ("membranes", result.v, expected.v)):
        step = "row" if name == "membranes" and result.every > 1 else "step"
        found += _first_difference(name, mine, theirs, ("sample", step, "neuron")[-mine.ndim :], device.config)
    found += _first_difference("reports", _reported(result), _reported(expected), ("entry",), device.config)
    return found + held_differences(device, reference)


def held_differences(device: Device, reference: Device) -> list[Difference]:
    """Compare the memories and counters of two devices of the same geometry, as `differences` does."""
    found: list[Difference] = []
    for region in MOVING:
        if region in regions(device.config):
            name = region.name.lower().replace("_", " ")
            held = device.read(region), reference.read(region)
            found += _first_difference(name, *held, axes(region), device.config)
    mine, theirs = device.counters(), reference.counters()
    for counter in MODEL_COUNTERS:
        name = counter.name.lower()
        if mine[name] != theirs[name]:
            found.append(Difference(f"counter {name}", 1, "", mine[name], theirs[name]))
    return found


def _reported(result: Result) -> np.ndarray:
    """Return all reports one after the other: where each is, and its items."""
    parts = [np.append([report.step, report.region, len(report.items)], report.items) for report in result.reports]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def axes(region: Region) -> tuple[str, ...]:
    """Return what each dimension of a region counts."""
    return {
        Region.WEIGHTS: ("axon", "neuron"),
        Region.PLASTIC: ("axon", "neuron"),
        Region.ELIGIBILITY: ("axon", "neuron"),
        Region.PRE_TRACE: ("axon",),
        Region.EXTRA_SOURCE: ("extra axon",),
        Region.EXTRA_DELAY: ("extra axon",),
        Region.PRE_TABLE: ("entry",),
        Region.POST_TABLE: ("entry",),
        Region.CONTROL: ("register",),
        Region.FIRST: ("item",),
        Region.MOST: ("item",),
        Region.MOST_COUNT: ("item",),
        Region.TALLY_STEP: ("item",),
    }.get(region, ("neuron",))


def place_name(names: tuple[str, ...], index: tuple[int, ...], config: CoreConfig) -> str:
    """Name an item by its indices; an axon also by its kind."""
    if names == ("register",):
        return f"register {Control(index[0]).name}"
    words = [f"{name} {at}" for name, at in zip(names, index, strict=True)]
    if names[0] == "axon":
        words[0] += f" ({_axon(index[0], config)})"
    return ", ".join(words)


def _axon(axon: int, config: CoreConfig) -> str:
    for kind, count in (("input", config.inputs), ("neuron", config.neurons)):
        if axon < count:
            return f"{kind} {axon}"
        axon -= count
    return f"extra axon {axon}"


def _first_difference(
    name: str, mine: np.ndarray, theirs: np.ndarray, names: tuple[str, ...], config: CoreConfig
) -> list[Difference]:
    if mine.shape != theirs.shape:
        return [Difference(f"size of {name}", 1, "", mine.size, theirs.size)]
    where = np.argwhere(mine != theirs)
    if not len(where):
        return []
    first = tuple(where[0].tolist())
    return [Difference(name, len(where), place_name(names, first, config), int(mine[first]), int(theirs[first]))]
