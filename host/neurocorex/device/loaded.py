"""Loaded network: its image, where its axons and neurons stand in the memories of the chip, and its age in steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..events.arrays import Ints
from ..events.delayline import DelayLine, Waiting
from ..image import Image
from ..quantiser.contexts import names_of
from ..quantiser.extent import EXTENT, extent_of
from ..quantiser.fades import FADES, Fades, fades_of
from ..quantiser.inputs import WAITING, image_line, image_waiting, waiting_meta
from ..quantiser.sums import sums_of
from ..quantiser.tuning import SCHEDULE, schedule_of
from ..spec import CoreConfig, Region
from ..wire.regions import Items
from .source import Source
from .units import Units


@dataclass
class LoadedNetwork:
    """Network that a device has loaded last, if any.

    Attributes
    ----------
    image : Image or None
        As it was loaded; it may be smaller than the chip.
    age : int
        Steps since it arrived.
    source : Source or None
        The `Network` that the image was made of, if it was loaded as one.
    own : CoreConfig or None
        Geometry of the network in the image.
    units : Units or None
        Units of the network; None if they are not known, because no image was loaded.
    line : DelayLine or None
        Delays of its inputs, if they have any.
    waiting : Waiting
        Input events that are on their way in it.
    written : dict of Region to array
        Whole regions that were written since it was loaded.
    """

    image: Image | None = None
    age: int = 0
    source: Source | None = None
    own: CoreConfig | None = None
    units: Units | None = None
    line: DelayLine | None = None
    waiting: Waiting = field(default_factory=Waiting.none)
    written: dict[Region, Items] = field(default_factory=dict)

    @classmethod
    def of(cls, image: Image) -> LoadedNetwork:
        """Return that of an image; raises InputError if the delays of its inputs make no sense."""
        return cls(
            image, own=extent_of(image), units=Units.of(image), line=image_line(image), waiting=image_waiting(image)
        )

    def drop_events(self) -> None:
        """Forget the input events that are on their way."""
        self.waiting = Waiting.none()

    @property
    def inputs(self) -> int | None:
        """Inputs that a stimulus names, if that is not the number of input axons: some have delays."""
        return None if self.line is None else self.line.inputs

    @property
    def dt_ms(self) -> float:
        """Length of a step, if the image says so; its meta may hold anything."""
        told = self.image.meta.get("dt_ms") if self.image else None
        return float(told) if isinstance(told, int | float) and told > 0 else 1.0

    @property
    def schedule(self) -> list[list[int]]:
        """Registers that the network changes by itself: [step from now, register, value]."""
        planned = schedule_of(self.image.meta) if self.image else []
        return [[step - self.age, *rest] for step, *rest in planned]

    @property
    def contexts(self) -> tuple[str, ...]:
        """Names of its contexts."""
        return names_of(self.image.meta) if self.image else ()

    @property
    def fades(self) -> Fades | None:
        """How synapses forget what they have gathered, by steps from the load on."""
        return fades_of(self.image) if self.image else None

    @property
    def sums(self) -> tuple[int, ...]:
        """Sums that scaling brings weights to, in units of the chip, by rule row."""
        return sums_of(self.image) if self.image else ()

    def geometry(self, chip: CoreConfig) -> CoreConfig:
        """Geometry of the network, or of the chip if none was loaded."""
        return self.own or chip

    def of_neurons(self, region: Region) -> Ints:
        """Return a parameter of its neurons as the chip holds it, int64 [N]; empty if it is not known."""
        held = self.written.get(region)
        if held is None and self.image is not None:
            held = self.image.regions.get(region)
        if held is None or self.own is None:
            return np.empty(0, np.int64)
        return held[: self.own.neurons].astype(np.int64)

    def rows(self, chip: CoreConfig) -> Ints:
        """Rows that the axons of the network have on the chip."""
        own = self.geometry(chip)
        kinds = ((0, own.inputs), (chip.inputs, own.neurons), (chip.inputs + chip.neurons, own.extra_axons))
        return np.concatenate([first + np.arange(count) for first, count in kinds])

    def crop(self, table: Items, chip: CoreConfig) -> Items:
        """Cut a table [A, N] of the chip to the axons and neurons of the network."""
        own = self.geometry(chip)
        return table if own == chip else table[self.rows(chip), : own.neurons]

    def snapshot(self, contents: Mapping[Region, Items], chip: CoreConfig) -> Image:
        """Make an image of what the chip holds, with what is known of the network."""
        if self.image is None:
            return Image(chip, contents)
        ahead = [change for change in self.schedule if change[0] >= 0]
        now = {WAITING, *(() if ahead else (SCHEDULE,))}
        meta = {name: value for name, value in self.image.meta.items() if name not in now}
        meta |= waiting_meta(self.waiting)
        if self.fades is not None:
            meta[FADES] = self.fades.aged(self.age).meta
        own = self.geometry(chip)
        if own != chip:
            meta[EXTENT] = [own.inputs, own.neurons, own.extra_axons]
        return Image(chip, contents, self.image.scale, {**meta, SCHEDULE: ahead} if ahead else meta)
