"""What every way to a chip offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..events.arrays import Ints
    from ..events.stream import EventStream
    from ..spec import Region


class Transport(ABC):
    """Bytes to and from one chip. One thread may read while another writes.

    Attributes
    ----------
    name : str
        What a person calls the other end; stands in error messages.
    baud : int
        Bits per second now, 0 where bytes have no rate.
    """

    name: str
    baud: int = 0

    @abstractmethod
    def read(self, timeout_s: float) -> bytes:
        """Return what is there, at least one byte; nothing only after `timeout_s` seconds of silence.

        Raises
        ------
        DisconnectedError
            If the other end is gone.
        """

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Hand over all of `data`; does not wait until it has been sent.

        Raises
        ------
        DisconnectedError
            If the other end is gone.
        NoAnswerError
            If it has stopped taking bytes.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the other end; may be called twice."""

    def set_baud(self, baud: int) -> None:
        """Change the rate of this end, where there is one."""
        return

    def send_break(self) -> None:
        """Hold the line low, where there is one, for far longer than 32 bit times."""
        return

    def prepare(self, steps: int) -> None:
        """Get ready to run so many steps; only software has anything to do for that."""
        return

    @property
    def at_hand(self) -> bool:
        """Whether `run` and `store` can be used."""
        return False

    def run(self, stimulus: EventStream) -> EventStream:
        """Run steps and return their results, without putting either into bytes.

        Parameters
        ----------
        stimulus : EventStream
            Whole steps; all requests before them have been answered.
        """
        raise NotImplementedError(f"{self.name} is not at hand")

    def store(self, region: Region, values: Ints) -> None:
        """Write a whole region, with values that fit, without putting them into bytes; see `run`."""
        raise NotImplementedError(f"{self.name} is not at hand")
