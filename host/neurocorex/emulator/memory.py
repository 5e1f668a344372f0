"""Memories of a core: what a host can read and write, and what a stimulus clears and sets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.arrays import Ints
from ..spec import Clear, Control, CoreConfig, Region, controls, layout, regions
from ..spec.registers import CONTEXTS, PARAMETERS, STATE, TALLIES, TRACES, WINNERS
from ..spec.rows import CONTEXT, PATTERN, SYNAPSE

#: Rows of `Memory.neurons`: all that each neuron has but its last steps, which can be 32 bits without a sign.
NARROW_REGIONS = tuple(region for region in (*PARAMETERS, *STATE) if region is not Region.HISTORY)
#: What each flag of `Clear` sets to what it is after power-up.
CLEARED = {flag: tuple(region for region in Region if region.row.cleared is flag) for flag in Clear}


class Memory:
    """All memories of one core, as after power-up.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    axon_numbers : int64 array [A], optional
        Numbers of the axons where draws depend on them; by default 0 to A - 1.

    Attributes
    ----------
    arrays : mapping of Region to array
        `WEIGHTS` and `ELIGIBILITY` (int8 or int16 [A, N]), `PLASTIC` (uint8 [A, N]), those of contexts (int32
        [contexts, N]), `RATES` (int64 [patterns, M]); traces and what `neurons` holds (int32), `FEEDBACK` (uint8) and
        all others (int64) in one dimension. Regions that the chip lacks are there without items.
    neurons : int32 array [len(NARROW_REGIONS), N]
        Parameters and state; those of `arrays` are its rows.
    moving : set of Region
        What a run may change.
    axon_numbers : int64 array [A]
    """

    def __init__(self, config: CoreConfig, axon_numbers: Ints | None = None) -> None:
        self.config = config
        self.axon_numbers = np.arange(config.axons) if axon_numbers is None else axon_numbers
        learned = (Region.WEIGHTS, Region.ELIGIBILITY, *TRACES) if config.learning else ()
        self.moving = {Region.CONTROL, *STATE, *WINNERS, *TALLIES, *learned, *[Region.RATES] * bool(config.patterns)}
        self._present = frozenset(regions(config)) - {Region.INFO, Region.COUNTERS}
        self.neurons = np.zeros((len(NARROW_REGIONS), config.neurons), np.int32)
        self.arrays: dict[Region, npt.NDArray[Any]] = dict(zip(NARROW_REGIONS, self.neurons, strict=True))
        kinds: dict[Region, type] = dict.fromkeys((*TRACES, *CONTEXTS), np.int32)
        kinds[Region.WEIGHTS] = kinds[Region.ELIGIBILITY] = np.int16 if config.weight_bits > 8 else np.int8
        kinds[Region.PLASTIC] = kinds[Region.FEEDBACK] = np.uint8
        for region in sorted(set(Region) - {Region.INFO, Region.COUNTERS, *NARROW_REGIONS}):
            shape = layout(region, config)
            size = (shape.rows, shape.columns) if region.row.per in (SYNAPSE, CONTEXT, PATTERN) else shape.items
            self.arrays[region] = np.zeros(size, kinds.get(region, np.int64))
        for region in self._present:
            if value := region.row.power_up(config):
                self.arrays[region].fill(value)
        self.arrays[Region.CONTROL][:] = [register.power_up(config) for register in controls(config)]
        self._control_bits = np.array([control.bits(config) for control in controls(config)])

    def __getitem__(self, region: Region) -> npt.NDArray[Any]:
        return self.arrays[region]

    def views(self) -> Mapping[Region, npt.NDArray[np.signedinteger[Any]]]:
        """Regions that the chip has, as arrays that show what is there now and cannot be written to."""
        return MappingProxyType({region: _read_only(self.arrays[region]) for region in sorted(self._present)})

    def write(self, region: Region, values: npt.ArrayLike, start: int = 0) -> None:
        """Store items from item `start` (in row-major order) on, see `Emulator.write`."""
        shape = layout(region, self.config)
        if region not in self._present or not shape.writable:
            raise InputError(f"region {region.name} is read-only on this chip, or not there")
        items = np.asarray(values, np.int64).reshape(-1)
        stop = start + items.size
        if not 0 <= start <= stop <= shape.items:
            raise InputError(f"region {region.name} has {shape.items} items, got {items.size} from item {start} on")
        bits = self._control_bits[start:stop] if region is Region.CONTROL else shape.bits
        self.arrays[region].reshape(-1)[start:stop] = wrap(items, bits, signed=shape.signed)

    def clear(self, what: int) -> None:
        """Clear what these `Clear` flags name, the counters aside: they are none of the memories."""
        for flag, cleared in CLEARED.items():
            if what & flag:
                for region in cleared:
                    self.arrays[region].fill(region.row.power_up(self.config))
        control = self.arrays[Region.CONTROL]
        if what & Clear.STATE and self.config.patterns and control[Control.EVEN]:
            control[Control.STIMULUS] = 0  # even trains begin anew

    def save(self) -> dict[Region, npt.NDArray[Any]]:
        """Copy all that a run may change."""
        return {region: self.arrays[region].copy() for region in self.moving}

    def restore(self, saved: Mapping[Region, npt.NDArray[Any]]) -> None:
        """Put back what `save` copied."""
        for region, array in saved.items():
            self.arrays[region][...] = array


def _read_only(memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = memory.view()
    view.flags.writeable = False
    return view


def wrap(values: npt.ArrayLike, bits: npt.ArrayLike, *, signed: bool) -> Ints:
    """Keep the low `bits` bits of each value: what a memory of that width makes of a number that does not fit."""
    modulus = np.int64(1) << np.asarray(bits, np.int64)
    low = np.asarray(values, np.int64) & (modulus - 1)
    wrapped: Ints = low - modulus * (low >= modulus >> 1) if signed else low
    return wrapped
