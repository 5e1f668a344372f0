"""Session with the chip of a device: opened when it is needed, and opened again after the chip was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import DisconnectedError, StateLostError
from ..spec import ChipInfo, CoreConfig
from .chip import Chip

#: Opens a chip; given a geometry if the chip can be made to have one.
Connect = Callable[[CoreConfig | None], Chip]


def once(chip: Chip | None) -> Connect:
    """Return an opener that has one chip, and no other when that is gone."""
    chips = [chip] if chip is not None else []

    def connect(_config: CoreConfig | None) -> Chip:
        if not chips:
            raise DisconnectedError("the device is gone; open it again")
        return chips.pop()

    return connect


class Session:
    """Session with one chip at a time.

    Parameters
    ----------
    connect : callable
        Opens the chip: before the first exchange, and after it was lost or has to have another geometry.

    Attributes
    ----------
    generation : int
        Counts up when what the chip held is gone: it was reset, used by another session, replaced, or cannot return.
    exchanges : int
        Counts up with every exchange.
    told : ChipInfo or None
        What the present chip said of itself; None if it was not asked yet.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._geometry: CoreConfig | None = None
        self._chip: Chip | None = None
        self._closed = False
        self.generation = self.exchanges = 0
        self.told: ChipInfo | None = None

    @property
    def has_line(self) -> bool:
        """Whether there is a line to the chip, on which results cost time."""
        with self._opened() as chip:
            return chip.traffic() is not None

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself."""
        with self._opened() as chip:
            self.told = chip.info
            return self.told

    @property
    def is_closed(self) -> bool:
        """Whether the chip was released for good."""
        return self._closed

    @contextmanager
    def exchange(self) -> Iterator[Chip]:
        """Use the chip for one exchange; if that finds it gone for good, the next one opens it again."""
        self.exchanges += 1
        with self._opened() as chip:
            yield chip

    @contextmanager
    def _opened(self) -> Iterator[Chip]:
        if self._closed:
            raise DisconnectedError("this device was closed; open it again")
        if self._chip is None:
            self._chip = self._connect(self._geometry)
        try:
            yield self._chip
        except StateLostError:
            self.generation += 1
            raise
        except DisconnectedError:
            if not self._chip.returns:
                self._drop()
            raise

    def adapt(self, config: CoreConfig) -> None:
        """Use a chip of geometry `config` from now on: this one, if it has that, or a new one."""
        if self._chip is None or self._chip.config != config:
            self._drop()
            self._geometry = config

    def remarks(self) -> None:
        """Tell, once, what the user should know of the line to the chip."""
        if self._chip is not None:
            self._chip.remarks()

    def close(self) -> None:
        """Release the chip for good."""
        self._drop()
        self._closed = True

    def _drop(self) -> None:
        if self._chip is not None:
            self._chip.close()
            self.generation += 1
        self._chip = self.told = None
