"""Emulated chip: the emulator in this process, called without any bytes in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..emulator.access import items
from ..emulator.emulator import Emulator
from ..errors import DeviceError
from ..events.stream import EventStream
from ..image import region_shape
from ..spec import ChipInfo, Clear, Control, CoreConfig, Region, layout, regions
from ..wire.link import Link
from ..wire.regions import Items, item_type
from .chip import Chip, Look, Progress, course

#: Updates of neurons that run as one piece: a small part of a second, in which Ctrl-C waits.
PIECE_UPDATES = 1 << 22
#: Items that are written as one piece, for which the emulator needs some room.
_PIECE_ITEMS = 1 << 18


class EmulatedChip(Chip):
    """Chip of any geometry in this process; see `Chip`.

    Parameters
    ----------
    config : CoreConfig
        Its geometry.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._emulator = Emulator(config)
        self._info = ChipInfo(config=config, clock_hz=0, baud=0, build_id=0)

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself: no clock, no rate."""
        return self._info

    @property
    def link(self) -> Link:
        """Raise DeviceError: there is none."""
        raise DeviceError("an emulator in this process has no line that could be examined; open it with by_wire=True")

    def read(self, *regions: Region) -> dict[Region, Items]:
        """Copy whole regions."""
        return {region: self._copy(region) for region in regions}

    def _copy(self, region: Region) -> Items:
        if region not in regions(self.config):
            raise DeviceError(f"the emulator has no region {region.name}: it was made without it")
        found = items(self._emulator, self._info, region)
        return found.astype(item_type(layout(region, self.config))).reshape(region_shape(region, self.config))

    def write(
        self, contents: Mapping[Region, Items], *, clear: Clear | None = None, progress: Progress | None = None
    ) -> None:
        """Write whole regions, then clear; `progress` counts these."""
        total = len(contents) + bool(clear)
        for done, (region, values) in enumerate(contents.items(), 1):
            flat = values.reshape(-1)
            for start in range(0, flat.size, _PIECE_ITEMS):
                self._emulator.write(region, flat[start : start + _PIECE_ITEMS], start)
            if progress is not None:
                progress(done, total)
        if clear:
            self.clear(clear)
            if progress is not None:
                progress(total, total)

    def write_items(self, region: Region, pieces: Iterable[tuple[int, Items]]) -> None:
        """Write parts of a region in one go, because the emulator prepares the whole of it again."""
        whole = self._copy(region)
        flat = whole.reshape(-1)
        for start, part in pieces:
            flat[start : start + part.size] = part
        self.write({region: whole})

    def set_register(self, register: Control, value: int) -> None:
        """Write one control register."""
        self._emulator.write(Region.CONTROL, [value], register)

    def clear(self, what: Clear) -> None:
        """Set to zero what the flags name."""
        self._emulator.clear(what)

    def run(
        self,
        stimulus: EventStream,
        take: Callable[[EventStream], None],
        *,
        flags: Items | None = None,
        looks: Iterable[Look] = (),
    ) -> None:
        """Run all steps, in pieces that Ctrl-C ends between or takes back as a whole."""
        if flags is not None:
            self._emulator.write(Region.FLAGS, flags)
        piece = max(PIECE_UPDATES // self.config.neurons, 1)
        for part in course(stimulus, looks):
            if isinstance(part, Look):
                part.contents.update(self.read(*part.regions))
                continue
            for start in range(0, part.steps + min(part.change_step.size, 1), piece):
                take(self._emulator.run(part.cut(start, start + piece)))

    def prepare(self) -> None:
        """Load the kernel of the emulator."""
        self._emulator.prepare()

    def close(self) -> None:
        """Do nothing: the memories go with this object."""
