"""Memory test: patterns are written to all memories, and have to be read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...device.device import Device
from ...image import program_regions, region_shape, state_regions
from ...spec import CoreConfig, Region, controls, layout
from ...wire.regions import Items
from ..compare import axes, place_name

#: Gives the bits of an item by its number and that of its region: up to 64, of which the low ones are used.
Pattern = Callable[[Items, int], Items]
_CHECKERS = 0x5555_5555_5555_5555


def _hash(index: Items, region: int) -> Items:
    """Bits that differ between neighbours at every distance, and between regions."""
    mixed = (index + 1) * 0x9E37_79B1 + region * 0x85EB_CA6B
    return (mixed ^ mixed >> 15) * 0x2C1B_3C6D >> 7


PATTERNS: dict[str, Pattern] = {
    "zeros": lambda index, region: np.zeros_like(index),
    "ones": lambda index, region: np.full_like(index, -1),
    "checkers": lambda index, region: np.where(index & 1, _CHECKERS, ~_CHECKERS),
    "inverse checkers": lambda index, region: np.where(index & 1, ~_CHECKERS, _CHECKERS),
    "addresses": _hash,
    "inverse addresses": lambda index, region: ~_hash(index, region),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A pattern that a memory did not keep.

    Attributes
    ----------
    region : Region
        Which memory.
    pattern : str
        What had been written.
    count : int
        Items of the region that came back otherwise.
    place : str
        The first of them.
    bits : int
        Mask of the bits of the region that came back otherwise in any of them.
    got, expected : int
        What came back of the first, and what had been written.
    """

    region: Region
    pattern: str
    count: int
    place: str
    bits: int
    got: int
    expected: int

    def __str__(self) -> str:
        return (
            f"{self.region.name.lower()}: {self.count} items do not keep {self.pattern} (bits {self.bits:#x}), "
            f"first at {self.place}: {self.got}, expected {self.expected}"
        )


def writable_regions(config: CoreConfig) -> tuple[Region, ...]:
    """Return the regions that are tested: all that can be written."""
    every = (*program_regions(config), *state_regions(config))
    return tuple(region for region in every if layout(region, config).writable)


def march(device: Device, done: Callable[[int, int], None] | None = None) -> Iterator[Fault]:
    """Write each pattern to all memories before any is read, so that one which answers for another shows.

    At the end the chip gets back what it held, also after an error; only its counters have gone on.

    Parameters
    ----------
    device : Device
        At rest.
    done : callable, optional
        Called with (patterns done, patterns of all).
    """
    held = device.snapshot()
    try:
        for number, (name, pattern) in enumerate(PATTERNS.items()):
            given = {region: items(region, device.config, pattern) for region in writable_regions(device.config)}
            for region, values in given.items():
                device.write(region, values)
            for region, values in given.items():
                yield from _compared(device, region, name, values)
            if done is not None:
                done(number + 1, len(PATTERNS))
    finally:
        device.restore(held)


def items(region: Region, config: CoreConfig, pattern: Pattern) -> Items:
    """Return a pattern in the shape and range of a region."""
    place = layout(region, config)
    bits = np.full(place.items, place.bits)
    if region is Region.CONTROL:
        bits = np.array([control.bits(config) for control in controls(config)])
    raw = pattern(np.arange(place.items, dtype=np.int64), int(region)) & ((1 << bits) - 1)
    values = np.where(raw >> (bits - 1) & 1, raw - (1 << bits), raw) if place.signed else raw
    return np.asarray(values.reshape(region_shape(region, config)))


def _compared(device: Device, region: Region, name: str, expected: Items) -> Iterator[Fault]:
    got = np.asarray(device.read(region), np.int64)
    where = np.argwhere(got != expected)
    if len(where):
        first = tuple(where[0].tolist())
        mask = (1 << layout(region, device.config).bits) - 1
        yield Fault(
            region, name, len(where), place_name(axes(region), first, device.config),
            int(np.bitwise_or.reduce((got ^ expected).reshape(-1))) & mask, int(got[first]), int(expected[first]),
        )  # fmt: skip
