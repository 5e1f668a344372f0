"""Opener of the line to a chip: opens it first and again, with what stands before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..spec import CoreConfig
from ..wire.faulty import Faults
from ..wire.tap import Log
from ..wire.transport import Transport


class Opener:
    """Opener of the line to a chip, first and again: of a board under whatever name it has then, of a server.

    Parameters
    ----------
    make : callable
        Opens the transport to the chip itself.
    faults, log
        What stands before it, if anything.
    is_software : bool
        Whether the chip lives behind its transport, so that another transport leads to another chip.
    """

    def __init__(
        self, make: Callable[[CoreConfig | None], Transport], faults: Faults | None, log: Log | None, *,
        is_software: bool,
    ) -> None:  # fmt: skip
        self._make, self._faults, self._log, self._is_software = make, faults, log, is_software
        self._last: Transport | None = None

    @property
    def returns(self) -> bool:
        """Whether the same chip can be there when the line is opened again."""
        return not self._is_software or self._faults is not None

    def open(self, geometry: CoreConfig | None) -> Transport:
        """Open the line; the one before is closed, if it still is open."""
        bare = partial(self._bare, geometry)
        transport = self._faults.open(bare, geometry) if self._faults else bare()
        return self._log.wrap(transport) if self._log else transport

    def _bare(self, geometry: CoreConfig | None) -> Transport:
        self._last = self._make(geometry) if self._last is None or self._is_software else self._last.again()
        return self._last
