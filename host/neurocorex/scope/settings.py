"""Settings of a live run: length of blocks, speed, window of the pictures, membranes, folder of snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a runner runs.

    Attributes
    ----------
    block_ms : float
        Time of the network in a block, at least one step. A chip that takes long for it gets shorter blocks.
    speed : float or None
        Seconds of the network in a second of the wall, where the chip is fast enough; None: as fast as it goes.
    window_ms : float
        Time that the raster shows.
    membranes : tuple of int
        Neurons whose membranes are recorded.
    folder : Path
        Where snapshots are written.

    Raises
    ------
    InputError
        For a value out of range.
    """

    block_ms: float = 25.0
    speed: float | None = 1.0
    window_ms: float = 1000.0
    membranes: tuple[int, ...] = ()
    folder: Path = Path()

    def __post_init__(self) -> None:
        for name in ("block_ms", "window_ms", "speed"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(
                    f"{name} must be above 0, got {value!r}; for example {name}={type(self).__dict__[name]}"
                )
