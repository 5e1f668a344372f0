"""Transport: bytes to and from one chip, the base class of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..errors import DisconnectedError

#: Longest time without one byte taken, in seconds, after which the other end counts as dead.
WRITE_TIMEOUT_S = 10.0


class Transport(ABC):
    """Bytes to and from one chip. One thread may read while another writes.

    Attributes
    ----------
    name : str
        Name of the other end, for messages.
    baud : int
        Bits per second now, 0 where bytes have no rate.
    greeting : bytes
        Payload of HELLO for a server on the way to the chip, see `Greeting`; chips ignore it.
    begins_anew : bool
        Whether a session ends with the connection, as at a server: what comes first has to be HELLO.
    fastest : int or None
        Highest rate, in bits per second, that may be tried on this line without being asked for; None: its rate is
        not for this end to change.
    follows_chip : bool
        Whether the far end of the line takes every rate of the chip by itself, as that of a simulated chip does.
    place : str
        What tells this line from all others of this computer, at any time; empty for one that nothing tells.
    write_timeout_s : float
        Longest time, in seconds, that `write` waits without one byte taken; set before each by who has less time.
    """

    name: str
    baud: int = 0
    greeting: bytes = b""
    begins_anew: bool = False
    fastest: int | None = None
    follows_chip: bool = False
    place: str = ""
    write_timeout_s: float = WRITE_TIMEOUT_S

    def prepare(self) -> None:
        """Do now what the first request would have to wait for; does nothing where there is nothing to do."""
        return

    @abstractmethod
    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there, at least one; none only after `timeout_s` seconds of silence.

        Raises
        ------
        DisconnectedError
            If the other end is gone.
        """

    def heard(self, frames: Sequence[object]) -> None:
        """Take note of the frames that were read, from who has decoded them; does nothing but in a log."""
        return

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Hand over all of `data`, without waiting until it has been sent.

        Raises
        ------
        DisconnectedError
            If the other end is gone.
        NoAnswerError
            If it has stopped taking bytes.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the other end; may be called twice."""

    def again(self) -> Transport:
        """Close this transport and return a new one to the same place, at the same rate.

        Raises
        ------
        DisconnectedError
            If the other end is gone for good, is not back yet, or another one has taken its place.
        NoAnswerError
            If it is back, and cannot be opened.
        """
        self.close()
        raise DisconnectedError(f"{self.name} is gone, and with it what it held; open it again")

    def check(self) -> None:
        """Raise DisconnectedError if the other end is known to be gone; never waits, and may not know."""
        return

    def set_baud(self, baud: int) -> None:
        """Change the rate of this end; does nothing where bytes have no rate."""
        return

    def send_break(self) -> None:
        """Hold the line low for far longer than 32 bit times; does nothing where there is no line."""
        return

    @property
    def faults(self) -> dict[str, int]:
        """Faults that were made on purpose, by their names; none on an ordinary line. See `wire.faulty`."""
        return {}
