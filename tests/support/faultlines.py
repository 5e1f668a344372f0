"""Chip behind a line on which one thing goes wrong at one chosen read, and what is done with a device meanwhile."""

from __future__ import annotations

from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.errors import DisconnectedError, NoAnswerError
from neurocorex.spec import CoreConfig
from neurocorex.wire.transport import Transport


class Bench:
    """One chip on a bench, its line, and the fault that is due.

    Attributes
    ----------
    reads : int
        Reads of the line since `arm`.
    happened : bool
        Whether the fault has come.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self.chip = VirtualChip(config)
        self.reads, self.happened = 0, False
        self._fault, self._at = "", -1
        self._mute = self._deaf = self._unplugged = False

    def arm(self, fault: str = "", at: int = -1) -> None:
        """Let a fault come at the read of this number, counted from now."""
        self.reads, self.happened, self._fault, self._at = 0, False, fault, at

    def heal(self) -> None:
        """End what goes on being wrong."""
        self._mute = self._deaf = self._unplugged = False
        self._at = -1

    def open(self) -> Transport:
        if self._unplugged:
            raise NoAnswerError("the bench is not there; plug it in")
        return _Line(self)

    def device(self, *, returns: bool) -> Device:
        """A device whose chip comes back after it went away, or one that opens it anew then."""
        if returns:
            return Device(WiredChip(self.open(), reopen=self.open))
        return Device(connect=lambda config: WiredChip(self.open()))

    def strike(self) -> None:
        """Count a read, and let happen what is due at it."""
        due = self.reads == self._at
        self.reads += 1
        if due:
            self.happened = True
            getattr(self, f"_{self._fault}")()

    @property
    def hears(self) -> bool:
        """Whether requests reach the chip."""
        return not self._deaf

    @property
    def speaks(self) -> bool:
        """Whether answers reach the host."""
        return not (self._deaf or self._mute)

    # Faults ------------------------------------------------------------------------------------

    def _silence(self) -> None:
        self._mute = True

    def _cut(self) -> None:
        self._deaf = True

    def _unplug(self) -> None:
        self._unplugged = True
        raise DisconnectedError("the cable was pulled")

    def _replug(self) -> None:
        raise DisconnectedError("the cable was loose")

    def _reset(self) -> None:
        self.chip = VirtualChip(self.config)

    def _interrupt(self) -> None:
        raise KeyboardInterrupt

    def _fail(self) -> None:
        raise ZeroDivisionError


class _Line(Transport):
    """One connection to the chip of a bench. What is on the way gets lost with it."""

    name = "the bench"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._requests = bytearray()
        self._dead = False

    def write(self, data: bytes) -> None:
        self._check()
        if self._bench.hears:
            self._requests += data

    def read(self, timeout_s: float) -> bytes:
        self._check()
        try:
            self._bench.strike()
        except DisconnectedError:
            self._dead = True
            raise
        answers = bytearray()
        while not answers:
            requests = bytes(self._requests)
            self._requests.clear()
            answers += self._bench.chip.receive(requests, work=2)
            if not self._bench.chip.busy:
                break
        return bytes(answers) if self._bench.speaks else b""

    def close(self) -> None:
        self._dead = True

    def _check(self) -> None:
        if self._dead:
            raise DisconnectedError("the cable is not there")
