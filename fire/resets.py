"""Campaign of resets: the chip is powered up anew at every count of commands, before, in and after every call."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, InputError
from neurocorex.spec import Op, Region, Request, RequestDecoder, Response, ResponseDecoder
from neurocorex.spec.protocol import SEQUENCE_MODULUS
from neurocorex.wire.process import ProcessTransport
from neurocorex.wire.transport import Transport

from .actor import STEPS, told
from .campaign import Case, Work
from .networks import LEARNING, image_of, simulated_chip, spikes_of

CONFIG = LEARNING[1]
#: Calls of a user, each of which takes several frames.
CALLS: dict[str, Callable[[Device], Any]] = {
    "run": lambda device: device.run(spikes=spikes_of(CONFIG, STEPS), record=("spikes", "v")),
    "run of samples": lambda device: device.run(spikes=spikes_of(CONFIG, 3, 40), record=("spikes", "v")),
    "read": lambda device: device.read(Region.WEIGHTS),
    "weights": lambda device: device.weights(units="chip"),
    "counters": lambda device: device.counters(),
    "snapshot": lambda device: device.snapshot(),
    "write": lambda device: device.write(Region.THRESHOLD, [150] * CONFIG.neurons),
    "set_weights": lambda device: device.set_weights([(0, 0, 3), (5, 1, -3)], units="chip"),
    "clear": lambda device: device.clear(counters=True),
}
#: Where the reset falls: between two calls, at a request or an answer of the call, or behind its last answer.
MOMENTS = ("before", "request", "answer", "after")


class ResettingTransport(Transport):
    """Line to a chip that is powered up anew when this is asked for.

    Parameters
    ----------
    opened : callable
        Opens a chip.
    """

    name = "chip"

    def __init__(self, opened: Callable[[], Transport]) -> None:
        self._opened, self._inner = opened, opened()
        self._requests, self._responses = RequestDecoder(), ResponseDecoder()
        self._due: tuple[str, int] | None = None
        self.resets = 0

    def reset(self) -> None:
        """Power the chip up anew; what it has sent and was not read is lost."""
        self._inner.close()
        self._inner = self._opened()
        self._due = None
        self.resets += 1

    def arm(self, what: str, number: int) -> None:
        """Reset before the numbered request, or behind the numbered answer, that comes after `number` others."""
        self._due = what, number

    def write(self, data: bytes) -> None:
        """Hand over bytes; see `Transport.write`."""
        self._requests = self._requests if self._due else RequestDecoder()
        if self._counted("request", self._requests.feed(data)):
            self.reset()
        self._inner.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Return bytes; see `Transport.read`."""
        data = self._inner.read(timeout_s)
        self._responses = self._responses if self._due else ResponseDecoder()
        if self._counted("answer", self._responses.feed(data)):
            self.reset()
        return data

    def _counted(self, what: str, frames: Any) -> bool:
        """Count numbered frames; True for the one that is waited for."""
        if self._due is None or self._due[0] != what:
            return False
        numbered = sum(isinstance(frame, Request | Response) and frame.op >= Op.READ for frame in frames)
        left = self._due[1] - numbered
        self._due = what, left
        return left < 0

    def close(self) -> None:
        """Close the line."""
        self._inner.close()


def _tried(
    work: Work, number: int, opened: Callable[[], Transport], expected: dict[str, Any], timeout_s: float
) -> None:
    """Load, make commands, reset at a moment, and look at what the calls say."""
    source = work.random(number)
    count, moment = number % SEQUENCE_MODULUS, MOMENTS[number // SEQUENCE_MODULUS % len(MOMENTS)]
    call = list(CALLS)[number // (SEQUENCE_MODULUS * len(MOMENTS)) % len(CALLS)]
    line = ResettingTransport(opened)
    what = f"{count} commands, then {call}, reset {moment}"
    with Device(WiredChip(line, timeout_s=timeout_s)) as device:
        device.load(image_of(CONFIG, 0))
        for _ in range(count):
            device.link.call(Op.READ, bytes([Region.BIAS, 0, 0, 0, 0, 1, 0, 0, 0]))
        if moment == "before":
            line.reset()
        elif moment != "after":
            line.arm(moment, source.randrange(3))
        outcome = _outcome(device, call)
        if not line.resets:  # the call had fewer frames
            work.expect(outcome == expected[call], f"{what}: {call} says what it does not say without a reset", number)
            line.reset()
            outcome = _outcome(device, call)
        late = moment == "answer" and outcome == expected[call]  # behind its last answer
        if late:
            outcome = _outcome(device, source.choice(list(CALLS)))
        work.expect(outcome is None, f"{what}: no error, the chip that was reset was taken", number)
        work.expect(_outcome(device, "snapshot") is None, f"{what}: a snapshot of a blank chip", number)
        device.load(image_of(CONFIG, 0))
        for name in ("run", "weights"):
            again = _outcome(device, name)
            work.expect(again == _chain(expected, name), f"{what}: {name} is wrong after a load", number)


def _chain(expected: dict[str, Any], name: str) -> Any:
    return expected["weights after run" if name == "weights" else name]


def _outcome(device: Device, call: str) -> Any:
    """Return what a call gives, None if it is refused as one to a chip that is gone."""
    try:
        return told(CALLS[call](device)), call
    except (DeviceError, InputError):
        return None


def _expected(opened: Callable[[], Transport], timeout_s: float) -> dict[str, Any]:
    """Return what each call gives without a reset, right after a load."""
    found = {}
    with Device(WiredChip(opened(), timeout_s=timeout_s)) as device:
        for call in CALLS:
            device.load(image_of(CONFIG, 0))
            device.clear(counters=True)
            found[call] = _outcome(device, call)
        device.load(image_of(CONFIG, 0))
        _outcome(device, "run")
        found["weights after run"] = _outcome(device, "weights")
    return found


def emulator(work: Work) -> None:
    """Every count, moment and call."""
    expected = _expected(lambda: VirtualTransport(CONFIG), 0.5)
    order = random.Random(work.seed)
    numbers = list(range(SEQUENCE_MODULUS * len(MOMENTS) * len(CALLS)))
    order.shuffle(numbers)
    for number in work.tries():
        _tried(work, numbers[number % len(numbers)], lambda: VirtualTransport(CONFIG), expected, 0.5)


def simulated(work: Work) -> None:
    """Try a part of them on the chip's own logic."""
    program = simulated_chip(CONFIG)
    expected = _expected(lambda: ProcessTransport([program]), 5)
    for number in work.tries():
        tried = random.Random(number).randrange(SEQUENCE_MODULUS * len(MOMENTS) * len(CALLS))
        _tried(work, tried, lambda: ProcessTransport([program]), expected, 5)


CASES = [
    Case(
        "resets.emulator",
        "a reset at any of 256 counts of commands, before, in and after any call: the next one raises, a load mends it",
        "resets", SEQUENCE_MODULUS * len(MOMENTS) * len(CALLS), 150, emulator, seconds=270,
    ),
    Case("resets.simulated", "the same on the simulated chip", "resets", 100, 5, simulated, seconds=40),
]  # fmt: skip
