"""A chip that returns to its rate after reset as docs/protocol.md says, on a line whose time passes while it waits."""

from __future__ import annotations

from neurocorex.emulator.protocol import VirtualChip
from neurocorex.errors import NoAnswerError
from neurocorex.spec import CoreConfig, Op, Request, RequestDecoder, Response, ResponseDecoder
from neurocorex.wire.transport import Transport

from support.fakes import SMALL


class LosingTransport(Transport):
    """A chip behind a bridge.

    Parameters
    ----------
    breaks : bool
        Whether the bridge sends a break.
    hears, says : int
        Fastest rates that go through undamaged, towards the chip and from it.
    fastest : int
        Highest rate that the bridge can be asked for.
    tick_s : float
        Time between two ticks of the chip; the first comes `phase` of that after the beginning.
    noise : bytes
        Comes with every wait at rates that are not the chip's.
    """

    name = "uart"

    def __init__(
        self, *, breaks: bool = False, hears: int = 12_000_000, says: int = 12_000_000, fastest: int = 12_000_000,
        tick_s: float = 0.7, phase: float = 0.5, built: int = 1_000_000, noise: bytes = b"", config: CoreConfig = SMALL,
    ) -> None:  # fmt: skip
        self.baud = self.built = self.chip_baud = built
        self.now = 0.0
        self.asked: list[int] = []
        self._breaks, self._hears, self._says, self._fastest = breaks, hears, says, fastest
        self._tick_s, self._next, self._noise = tick_s, phase * tick_s, noise
        self._chip = VirtualChip(config, clock_hz=12_000_000, baud=built)
        self._requests, self._responses = RequestDecoder(), ResponseDecoder()
        self._divisor, self._answers = 0, bytearray()
        self._good, self._bytes, self._count = True, False, 0

    def clock(self) -> float:
        """Return the seconds that have been waited so far."""
        return self.now

    @property
    def agree(self) -> bool:
        """Whether both ends have the same rate."""
        return abs(self.baud - self.chip_baud) < 0.03 * self.chip_baud

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and the chip have its ticks."""
        self.now += seconds
        while self._next <= self.now:
            self._next += self._tick_s
            self._count += self._bytes or not self._good
            self._bytes = False
            if self._count == 3:
                self._return()

    def _return(self) -> None:
        self.chip_baud, self._good, self._count = self.built, True, 0

    def write(self, data: bytes) -> None:
        self._bytes = True
        if not self.agree or self.chip_baud > self._hears:
            return
        for request in self._requests.feed(data):
            if isinstance(request, Request):
                self._good, self._bytes, self._count = True, False, 0
                if request.op == Op.SET_BAUD:
                    self._divisor = int.from_bytes(request.payload, "little")
        answers = self._chip.receive(data)
        if self.chip_baud <= self._says:
            self._answers += answers
        if any(isinstance(frame, Response) and frame.op == Op.SET_BAUD for frame in self._responses.feed(answers)):
            self.chip_baud, self._good = 12_000_000 // self._divisor, False

    def read(self, timeout_s: float) -> bytes:
        if not self._answers:
            if self._noise and not self.agree:
                self.pass_time(min(timeout_s, 0.1))
                return self._noise
            self.pass_time(timeout_s)
        data = bytes(self._answers)
        self._answers.clear()
        return data

    def set_baud(self, baud: int) -> None:
        self.asked.append(baud)
        if baud > self._fastest:
            raise NoAnswerError(f"{self.name} cannot be set to {baud} baud")
        self.baud = baud

    def send_break(self) -> None:
        self.pass_time(0.25)
        if self._breaks:
            self._return()

    def close(self) -> None:
        pass
