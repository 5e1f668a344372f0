"""What a chip holds, as arrays of integers: a network that is ready to load, or a snapshot of one that runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FileFormatError, FitError, InputError
from ..spec import Control, CoreConfig, Learning, Region, controls, layout, regions
from ..spec.registers import STATE, TRACES
from . import file as imagefile

#: Regions with a row for each axon and a column for each neuron.
MATRICES = (Region.WEIGHTS, Region.PLASTIC)
#: Regions whose words have more than 31 bits.
WIDE = (Region.HISTORY, Region.CONTROL)


def program_regions(config: CoreConfig) -> tuple[Region, ...]:
    """Regions of every image of a chip of geometry `config`: all that can be written and do not change by themselves.

    Weights change too where they learn; what they are at first belongs to the program.
    """
    kept = (Region.INFO, Region.COUNTERS, *STATE, *TRACES)
    return tuple(region for region in regions(config) if region not in kept)


def state_regions(config: CoreConfig) -> tuple[Region, ...]:
    """Regions that a snapshot has as well: state of neurons, and traces."""
    return tuple(region for region in regions(config) if region in (*STATE, *TRACES))


def region_shape(region: Region, config: CoreConfig) -> tuple[int, ...]:
    """Shape of the array of a region: [A, N] for the weights and plastic flags, one dimension for all others."""
    place = layout(region, config)
    return (place.rows, place.columns) if region in MATRICES else (place.items,)


@dataclass(frozen=True, eq=False)
class Image:
    """Content of all writable regions of one chip. Immutable and complete; the arrays are read-only.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip.
    regions : mapping of Region to array of int
        Those of `program_regions`, in the ranges of `neurocorex.spec.registers.layout`: `CONTROL`, `WEIGHTS` [A, N] and
        every parameter [N], with learning `PLASTIC` [A, N] and more; a snapshot has those of `state_regions` too.
        Kept as int32 (`CONTROL` and `HISTORY` as int64).
    scale : float
        Units of the chip's state per unit of the network that the image was made from; 1 if it had integers. That of
        the first neuron, if `meta` has ``scales``, one for each.
    meta : mapping
        Anything that JSON can hold: where the image comes from, names, accuracies.

    Raises
    ------
    InputError
        For a region that is missing or does not belong, a wrong shape, a value out of range.
    """

    config: CoreConfig
    regions: Mapping[Region, NDArray[Any]]
    scale: float = 1.0
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        present, state = set(self.regions), set(state_regions(self.config))
        wanted = set(program_regions(self.config)) | (state if present & state else set())
        if present != wanted:
            what = "misses" if wanted - present else "cannot hold"
            names = ", ".join(Region(region).name for region in sorted(wanted - present or present - wanted))
            raise InputError(f"an image {what} {names}; it needs all of program_regions, or all of state_regions too")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise InputError(f"the scale of an image must be above 0, got {self.scale!r}")
        try:
            meta = json.loads(json.dumps(dict(self.meta), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise InputError(f"the meta of an image must fit into JSON: {error}") from None
        checked = {region: _checked(region, self.regions[region], self.config) for region in sorted(wanted)}
        object.__setattr__(self, "regions", MappingProxyType(checked))
        object.__setattr__(self, "scale", float(self.scale))
        object.__setattr__(self, "meta", MappingProxyType(meta))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Image):
            return NotImplemented
        return (
            (self.config, self.scale, self.meta, set(self.regions))
            == (other.config, other.scale, other.meta, set(other.regions))
        ) and all(np.array_equal(array, other.regions[region]) for region, array in self.regions.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        kind = "snapshot" if self.is_snapshot else "image"
        return f"<{kind} of {self.config.inputs} inputs and {self.config.neurons} neurons, scale {self.scale:g}>"

    @property
    def is_snapshot(self) -> bool:
        """Whether it holds the state of a running chip, not only its program."""
        return Region.MEMBRANE in self.regions

    @property
    def weights(self) -> NDArray[Any]:
        """Weights [A, N]: row a < M from input axon a, row M + j from neuron j, behind these those from extra axons."""
        return self.regions[Region.WEIGHTS]

    @property
    def used(self) -> CoreConfig:
        """Geometry of the part of the chip that takes part in steps."""
        return self.config.in_use(*self.regions[Region.IN_USE].tolist())

    # Other chips -------------------------------------------------------------------------------

    def fit(self, config: CoreConfig) -> Image:
        """Move to another chip: rows and neurons that it has more stay zero and never fire.

        Neuron j keeps its number, its axon moves from row M + j to row M' + j, extra axons behind those of the neurons.
        Spikes are the same as long as nothing saturates, and bit for bit the same if `state_bits` is. A network that
        learns needs a chip with the same kind and width of traces and weights.

        Raises
        ------
        FitError
            If the chip is too small; the message names every limit.
        """
        if config == self.config:
            return self
        limits = [
            f"{have} {name.replace('_', ' ')} (the chip has {room})"
            for name in ("inputs", "neurons", "extra_axons")
            if (have := getattr(self.config, name)) > (room := getattr(config, name))
        ]
        limits += self._learning_limits(config)
        limits += [f"{_name(region)} {worst} ({room})" for region, worst, room in self._overflows(config)]
        if self.regions[Region.CONTROL][Control.ADAPTATION_STEP] and not config.adaptation:
            limits.append("an adaptive threshold (the chip was built without adaptation)")
        if limits:
            raise FitError(f"the image needs {', '.join(limits)}; take a larger chip or a smaller network")
        state = state_regions(config) if self.is_snapshot else ()
        regions = {region: self._padded(region, config) for region in (*program_regions(config), *state)}
        return Image(config, regions, self.scale, self.meta)

    @property
    def learns(self) -> bool:
        """Whether any synapse is plastic."""
        return Region.PLASTIC in self.regions and bool(self.regions[Region.PLASTIC].any())

    def _learning_limits(self, config: CoreConfig) -> list[str]:
        """Return what a network that learns misses on another chip: its rule means another thing there."""
        if not self.learns:
            return []
        names = ["learning", "weight_bits"]
        names += {Learning.EXPONENTIAL: ["trace_bits"], Learning.WINDOW: ["window_steps"]}[self.config.learning]
        limits = [
            f"{name} = {int(have)} to learn (the chip has {int(room)})"
            for name in names
            if (have := getattr(self.config, name)) != (room := getattr(config, name))
        ]
        if self.config.soft_bounds and not config.soft_bounds:
            limits.append("soft bounds (the chip was built without them)")
        return limits

    def _overflows(self, config: CoreConfig) -> list[tuple[Region, int, str]]:
        found: list[tuple[Region, int, str]] = []
        for region, array in self.regions.items():
            if (
                region in (Region.CONTROL, Region.IN_USE, Region.HISTORY, Region.EXTRA_SOURCE)
                or not layout(region, config).items
            ):
                continue
            low, high = _range(region, config)
            worst = max((int(array.min()), int(array.max())), key=lambda value: max(value - high, low - value))
            if not low <= worst <= high:
                found.append((region, worst, f"the chip holds {low} to {high}"))
        step = int(self.regions[Region.CONTROL][Control.ADAPTATION_STEP])
        if step >> Control.ADAPTATION_STEP.bits(config):
            found.append((Region.CONTROL, step, f"ADAPTATION_STEP has {config.state_bits - 1} bits"))
        return found

    def _padded(self, region: Region, config: CoreConfig) -> NDArray[Any]:
        """Move a region to a chip that is large enough; what is not here, or cannot matter there, is zero."""
        new = np.zeros(region_shape(region, config), np.int64)
        if region not in self.regions:
            return new
        old = self.regions[region]
        if region is Region.IN_USE:
            used = self.used
            new[:] = config.blocks_for(used.neurons, used.inputs)
        elif region is Region.CONTROL:
            new[:] = _moved_control(old, self.config, config)
        elif region in MATRICES or region is Region.PRE_TRACE:
            rows = _moved_axons(self.config, config)
            new[(rows, slice(old.shape[1])) if region in MATRICES else rows] = old
        else:
            new[: old.size] = old
        if region is Region.HISTORY:  # spikes that are older than the deepest delay cannot arrive any more
            new &= (1 << config.max_delay) - 1
        return new

    # Files -------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """Return the file as bytes; equal images give equal bytes."""
        header = {"config": self.config.to_dict(), "scale": self.scale, "meta": dict(self.meta)}
        arrays = {
            _name(region): array.astype(_file_dtype(region, self.config)) for region, array in self.regions.items()
        }
        return imagefile.pack(header, arrays)

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "image") -> Image:
        """Inverse of `to_bytes`; `name` goes into messages.

        Raises
        ------
        FileFormatError
            For anything that is not exactly such a file. Sizes are checked before anything is allocated.
        """
        file = imagefile.ImageFile(data, name)
        try:
            config = CoreConfig.from_dict(file.header["config"])
            scale, meta = float(file.header["scale"]), dict(file.header["meta"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise FileFormatError(f"{name}: bad header ({error}); save the image again") from None
        state = state_regions(config) if _name(Region.MEMBRANE) in file.names else ()
        expected = [*program_regions(config), *state]
        shapes = {_name(r): (region_shape(r, config), _file_dtype(r, config)) for r in expected}
        arrays = file.arrays(shapes)
        try:
            return cls(config, {region: arrays[_name(region)] for region in expected}, scale, meta)
        except InputError as error:
            raise FileFormatError(f"{name}: {error}") from None

    def save(self, path: str | Path) -> None:
        """Write an npz file: one JSON header and one array for each region.

        Raises
        ------
        FileFormatError
            If it cannot be written.
        """
        try:
            Path(path).write_bytes(self.to_bytes())
        except OSError as error:
            raise FileFormatError(f"cannot write {path}: {error.strerror}; choose another place") from None

    @classmethod
    def load(cls, path: str | Path) -> Image:
        """Read a file that `save` wrote. Safe to use on a stranger's file: nothing in it is executed.

        Raises
        ------
        FileFormatError
            If it is missing, truncated, corrupt, of another format or another version.
        """
        return cls.from_bytes(imagefile.read(path), name=str(path))


def _name(region: Region) -> str:
    return region.name.lower()


def _moved_axons(old: CoreConfig, new: CoreConfig) -> NDArray[np.int64]:
    """Rows that the axons of a chip have on a larger one."""
    kinds = ((0, old.inputs), (new.inputs, old.neurons), (new.inputs + new.neurons, old.extra_axons))
    return np.concatenate([first + np.arange(count) for first, count in kinds])


def _moved_control(values: NDArray[Any], old: CoreConfig, new: CoreConfig) -> NDArray[Any]:
    """Control registers for a chip whose registers may be wider or fewer; signed ones keep their sign.

    Where one is too narrow for a value, it is one of learning and nothing learns, see `Image.fit`.
    """
    moved = np.zeros(len(controls(new)), np.int64)
    for register in controls(new):
        if register < len(values):
            bits = register.bits(old)
            value = int(values[register])
            if register.signed and value >> (bits - 1):
                value -= 1 << bits
            moved[register] = value & ((1 << register.bits(new)) - 1)
    return moved


def _range(region: Region, config: CoreConfig) -> tuple[int, int]:
    if region in (Region.DELAY, Region.EXTRA_DELAY):
        return 0, config.max_delay
    if region is Region.ADAPTATION and not config.adaptation:
        return 0, 0
    return layout(region, config).range


def _file_dtype(region: Region, config: CoreConfig) -> np.dtype[Any]:
    """Smallest little-endian integer that holds every value of the region."""
    low, high = _range(region, config)
    if region is Region.CONTROL:
        return np.dtype("<u4")
    return np.min_scalar_type(low if low < 0 else high).newbyteorder("<")


def _checked(region: Region, values: ArrayLike, config: CoreConfig) -> NDArray[Any]:
    name = Region(region).name
    array = np.asarray(values)
    shape = region_shape(region, config)
    if array.shape != shape:
        raise InputError(f"{name} has shape {array.shape}, expected {shape} for this chip")
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{name} must hold integers, got {array.dtype}; neurocorex.quantise turns floats into them")
    if region is Region.CONTROL:
        low = np.zeros(shape, np.int64)
        high = np.array([(1 << control.bits(config)) - 1 for control in controls(config)])
    else:
        low, high = (np.array(bound) for bound in _range(region, config))
    wrong = (array < low) | (array > high)
    if wrong.any():
        where = tuple(int(index) for index in np.argwhere(wrong)[0])
        bounds = f"{np.broadcast_to(low, shape)[where]} to {np.broadcast_to(high, shape)[where]}"
        place = Control(where[0]).name if region is Region.CONTROL else ", ".join(map(str, where))
        raise InputError(f"{name}[{place}] is {array[where]}, allowed are {bounds}")
    copy = array.astype(np.int64 if region in WIDE else np.int32)
    copy.setflags(write=False)
    return copy
