"""Emulated chip: the emulator in this process, called without any bytes in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from ..emulator.access import items
from ..emulator.emulator import Emulator
from ..errors import DeviceError, NoAnswerError
from ..events.stream import EventStream
from ..image import region_shape
from ..progress import Progress
from ..spec import ChipInfo, Clear, Control, CoreConfig, Region, layout, regions
from ..wire.link import Link
from ..wire.patience import Patience
from ..wire.regions import Items, item_type
from .chip import Chip, Look, Put, course, kept

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
        self.patience = Patience()
        self._pieces: Iterator[Callable[[], None]] = iter(())
        self._cut, self._settled = False, True

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself: no clock, no rate."""
        return self._info

    @property
    def link(self) -> Link:
        """Raise DeviceError: there is none."""
        raise DeviceError("an emulator in this process has no line that could be examined; open it with by_wire=True")

    @property
    def cut(self) -> bool:
        """Whether the deadline has cut a call off, which can be resumed."""
        return self._cut

    @property
    def settled(self) -> bool:
        """False if the last call ended so that the chip may have run or changed more than was handed over."""
        return self._settled

    def resume(self) -> None:
        """Go on with the call that the deadline has cut off."""
        if not self._cut:
            raise DeviceError("there is no run to resume: none was cut off, or something else was done since")
        self._go_on()

    def _perform(self, pieces: Iterator[Callable[[], None]]) -> None:
        """Carry out pieces of work, between which the call can end."""
        self._pieces = pieces
        self._go_on()

    def _go_on(self) -> None:
        self._cut = False
        try:
            while True:
                self.patience.check()
                if (piece := next(self._pieces, None)) is None:
                    break
                piece()
        except NoAnswerError:
            self._cut = True
            raise
        self._settled = True

    def read(self, *regions: Region) -> dict[Region, Items]:
        """Copy whole regions."""
        self._cut, self._settled = False, True
        self.patience.check()
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
        tell = progress or (lambda _done, _total: None)

        def pieces() -> Iterator[Callable[[], None]]:
            for done, (region, values) in enumerate(contents.items(), 1):
                flat = values.reshape(-1)
                for start in range(0, flat.size, _PIECE_ITEMS):
                    yield partial(self._emulator.write, region, flat[start : start + _PIECE_ITEMS], start)
                yield partial(tell, done, total)
            if clear:
                yield partial(self._emulator.clear, clear)
                yield partial(tell, total, total)

        self._settled = False
        self._perform(pieces())

    def write_items(self, region: Region, pieces: Iterable[tuple[int, Items]]) -> None:
        """Write parts of a region in one go, because the emulator prepares the whole of it again."""
        self.write({region: self._patched(region, pieces)})

    def _patched(self, region: Region, pieces: Iterable[tuple[int, Items]]) -> Items:
        """Copy a region, with some parts replaced."""
        whole = self._copy(region)
        flat = whole.reshape(-1)
        for start, part in pieces:
            flat[start : start + part.size] = part
        return whole

    def set_register(self, register: Control, value: int) -> None:
        """Write one control register."""
        self._cut, self._settled = False, True
        self._emulator.write(Region.CONTROL, [value], register)

    def clear(self, what: Clear) -> None:
        """Set to zero what the flags name."""
        self._cut, self._settled = False, True
        self._emulator.clear(what)

    def run(
        self,
        stimulus: EventStream,
        take: Callable[[EventStream], None],
        *,
        flags: Items | None = None,
        looks: Iterable[Look] = (),
        puts: Iterable[Put] = (),
    ) -> None:
        """Run all steps, in pieces that Ctrl-C and the deadline end between, or take back as a whole."""
        steps = max(PIECE_UPDATES // self.config.neurons, 1)

        def pieces() -> Iterator[Callable[[], None]]:
            if flags is not None:
                yield partial(self._emulator.write, Region.FLAGS, flags)
            for part in course(stimulus, looks, puts):
                if not isinstance(part, EventStream):
                    yield partial(self._look, part) if isinstance(part, Look) else partial(self._put, part)
                    continue
                for start in range(0, part.steps + min(part.change_step.size, 1), steps):
                    yield partial(self._run, part.cut(start, start + steps), take)

        self._settled = True
        self._perform(pieces())

    def _look(self, look: Look) -> None:
        look.contents.update({region: self._copy(region) for region in look.regions})

    def _put(self, put: Put) -> None:
        whole = self._patched(put.region, put.pieces)
        self._settled = False
        self._emulator.write(put.region, whole.reshape(-1))
        self._settled = True

    def _run(self, piece: EventStream, take: Callable[[EventStream], None]) -> None:
        """Run a piece, or nothing of it, and hand its results over."""
        self._settled = False
        before = self._emulator.steps
        try:
            results = self._emulator.run(piece)
        except BaseException:
            self._settled = self._emulator.steps == before
            raise
        try:
            take(results)
        except BaseException as error:
            self._settled = kept(error)
            raise
        self._settled = True

    def prepare(self) -> None:
        """Load the kernel of the emulator."""
        self._emulator.prepare()

    def close(self) -> None:
        """Do nothing: the memories go with this object."""
