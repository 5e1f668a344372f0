"""Image: the integers that a chip holds, as arrays; a network that is ready to load, or a snapshot of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import files
from ..errors import FitError, InputError
from ..notebook import Card
from ..spec import CoreConfig, Region
from . import file as imagefile
from . import fitting, growth
from .content import blank, checked, file_dtype, program_regions, state_regions


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
            meta = files.parse(json.dumps(dict(self.meta), allow_nan=False), depth=imagefile.HEADER_DEPTH - 2)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"the meta of an image must fit into JSON: {error}") from None
        arrays = {region: checked(region, self.regions[region], self.config) for region in sorted(wanted)}
        object.__setattr__(self, "regions", MappingProxyType(arrays))
        object.__setattr__(self, "scale", float(self.scale))
        object.__setattr__(self, "meta", MappingProxyType(meta))

    @classmethod
    def completed(
        cls, config: CoreConfig, regions: Mapping[Region, NDArray[Any]], scale: float, meta: Mapping[str, Any]
    ) -> Image:
        """Make an image of the regions that a network uses; the others are blank."""
        blanks = {region: blank(region, config) for region in program_regions(config) if region not in regions}
        return cls(config, blanks | dict(regions), scale, meta)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Image):
            return NotImplemented
        return (
            (self.config, self.scale, self.meta, set(self.regions))
            == (other.config, other.scale, other.meta, set(other.regions))
        ) and all(np.array_equal(array, other.regions[region]) for region, array in self.regions.items())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy what the constructor takes; its read-only mappings could not be."""
        return type(self), (self.config, dict(self.regions), self.scale, dict(self.meta))

    def __repr__(self) -> str:
        kind = "snapshot" if self.is_snapshot else "image"
        return f"<{kind} of {self.config.inputs} inputs and {self.config.neurons} neurons, scale {self.scale:g}>"

    def _repr_html_(self) -> str:
        config, used = self.config, self.used
        sizes = f"{config.inputs} inputs, {config.neurons} neurons, {config.extra_axons} extra axons"
        rows: list[tuple[str, object]] = [
            ("chip", sizes),
            ("in use", f"{used.inputs} inputs, {used.neurons} neurons, {used.extra_axons} extra axons"),
            ("weights", f"{np.count_nonzero(self.weights)}, of {config.weight_bits} bits"),
            ("scale", f"{self.scale:.6g} units of the chip per unit of the network"),
        ]
        if self.learns:
            rows.append(("learning", f"{np.count_nonzero(self.regions[Region.PLASTIC])} synapses"))
        regions = [f"{region.name.lower()} {array.shape}" for region, array in self.regions.items()]
        notes = [f"{name}: {str(value)[:100]}" for name, value in self.meta.items()]
        return Card("Snapshot" if self.is_snapshot else "Image", rows, [("regions", regions), ("meta", notes)]).html

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
        if limits := fitting.lacking(self.regions, self.config, config):
            raise FitError(f"the image needs {', '.join(limits)}; take a larger chip or a smaller network")
        wanted = (*program_regions(config), *(state_regions(config) if self.is_snapshot else ()))
        regions = {region: fitting.moved(region, self.regions, self.config, config) for region in wanted}
        return Image(config, regions, self.scale, self.meta)

    @property
    def learns(self) -> bool:
        """Whether any synapse is plastic."""
        return Region.PLASTIC in self.regions and bool(self.regions[Region.PLASTIC].any())

    # Files -------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """Return the file as bytes; equal images give equal bytes."""
        arrays = {
            growth.file_name(region): array.astype(file_dtype(region, self.config))
            for region, array in self.regions.items()
        }
        names = growth.names_of(self.regions, self.config)
        return imagefile.pack({**names, "scale": self.scale, "meta": dict(self.meta)}, arrays)

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "image") -> Image:
        """Inverse of `to_bytes`; `name` goes into messages.

        A region or register that was added after the file was written takes its default.

        Raises
        ------
        FileFormatError
            For anything that is no such file, or holds what this version does not know. Sizes are checked before
            anything is allocated.
        """
        return cls._of(imagefile.ImageFile(data, name))

    @classmethod
    def _of(cls, file: imagefile.ImageFile) -> Image:
        config = growth.geometry(file)
        try:
            scale, meta = float(file.header["scale"]), dict(file.header["meta"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise file.error(f"bad header ({error}); save the image again") from None
        try:
            return cls(config, growth.contents(file, config), scale, meta)
        except InputError as error:
            raise file.error(str(error)) from None

    def save(self, path: str | Path) -> None:
        """Write an npz file: one JSON header and one array for each region. An older file stays until it is whole.

        Raises
        ------
        FileFormatError
            If it cannot be written.
        """
        files.write_atomic(path, self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Image:
        """Read a file that `save` wrote. Safe to use on a stranger's file: nothing in it is executed.

        Raises
        ------
        FileFormatError
            If it is missing, truncated, corrupt, of another format or another version.
        """
        return cls._of(imagefile.ImageFile(path, str(path)))
