"""Fake transports that misbehave in chosen ways, and a network to run over them."""

from collections.abc import Iterator

import numpy as np
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DisconnectedError
from neurocorex.image import Image, blank, program_regions
from neurocorex.spec import Control, CoreConfig, Flag, Op, Region, Request, RequestDecoder, Response, ResponseDecoder
from neurocorex.spec.protocol import DEFAULT_BAUD
from neurocorex.wire.transport import Transport

SMALL = CoreConfig(neurons=7, inputs=5, lanes=2, state_bits=18, max_delay=4, frame_bytes=64)


def busy_image(config: CoreConfig = SMALL, seed: int = 0) -> Image:
    """A network in which much happens: recurrence, delays, both kinds of reset, adaptation."""
    rng = np.random.default_rng(seed)
    low, high = config.weight_range
    values = {region: blank(region, config) for region in program_regions(config)}
    values[Region.WEIGHTS] = rng.integers(low // 2, high, values[Region.WEIGHTS].shape)
    values[Region.THRESHOLD] = rng.integers(100, 300, config.neurons)
    values[Region.RESET] = rng.integers(-50, 50, config.neurons)
    values[Region.DECAY] = rng.integers(0, 20000, config.neurons)
    values[Region.CURRENT_DECAY] = rng.integers(20000, 65536, config.neurons)
    values[Region.BIAS] = rng.integers(-5, 20, config.neurons)
    values[Region.REFRACTORY] = rng.integers(0, 4, config.neurons)
    values[Region.DELAY] = rng.integers(0, config.max_delay + 1, config.neurons)
    values[Region.FLAGS] = rng.integers(0, int(Flag.RESET_SUBTRACT | Flag.REFRACTORY_HOLD) + 1, config.neurons)
    values[Region.CONTROL][Control.GAIN_INPUT] = 1
    if config.adaptation:
        values[Region.CONTROL][[Control.ADAPTATION_STEP, Control.ADAPTATION_DECAY]] = 7, 3000
    return Image(config, values, scale=2.0, meta={"dt_ms": 0.5})


def random_spikes(*shape: int, seed: int = 0, rate: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < rate


class WrappedTransport(Transport):
    """Passes everything on; the base of what does not."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.name = inner.name
        self.written = bytearray()

    def read(self, timeout_s: float) -> bytes:
        return self.inner.read(timeout_s)

    def write(self, data: bytes) -> None:
        self.written += data
        self.inner.write(data)

    def close(self) -> None:
        self.inner.close()


class NoisyTransport(WrappedTransport):
    """Drops, flips, doubles and inserts bytes in both directions, each with probability `rate` a byte."""

    def __init__(self, inner: Transport, rate: float, seed: int) -> None:
        super().__init__(inner)
        self.rate = rate
        self.damaged = 0
        self._rng = np.random.default_rng(seed)

    def read(self, timeout_s: float) -> bytes:
        while data := self.inner.read(timeout_s):
            if damaged := self._damage(data):
                return damaged
        return b""

    def write(self, data: bytes) -> None:
        super().write(self._damage(data))

    def _damage(self, data: bytes) -> bytes:
        out = bytearray()
        fates = np.floor(self._rng.random(len(data)) / self.rate) if self.rate else np.full(len(data), 4)
        for byte, fate in zip(data, fates, strict=True):
            if fate == 1:
                out.append(byte ^ 1 << int(self._rng.integers(8)))
            elif fate == 2:
                out += bytes([byte, byte])
            elif fate == 3:
                out += bytes([int(self._rng.integers(256)), byte])
            elif fate > 3:
                out.append(byte)
            self.damaged += fate <= 3
        return bytes(out)


class SilentTransport(Transport):
    """Takes everything and says nothing."""

    name = "silent"

    def read(self, timeout_s: float) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


class ChatterTransport(SilentTransport):
    """Says something all the time that is not this protocol."""

    name = "chatter"

    def __init__(self, text: bytes, times: int | None = None) -> None:
        self._text, self._times = text, times

    def read(self, timeout_s: float) -> bytes:
        if self._times == 0:
            return b""
        self._times = None if self._times is None else self._times - 1
        return self._text


class DyingTransport(WrappedTransport):
    """Is gone once so many bytes have come from the chip."""

    def __init__(self, inner: Transport, after: int) -> None:
        super().__init__(inner)
        self.left = after

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self.left -= len(data)
        if self.left < 0:
            raise DisconnectedError("the cable was pulled")
        return data


class MutingTransport(WrappedTransport):
    """Swallows what the chip says at some reads."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._muted = 0

    def mute(self, reads: int) -> None:
        self._muted = reads

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self._muted -= 1
        return data if self._muted < 0 else b""


class InterruptingTransport(WrappedTransport):
    """Raises KeyboardInterrupt at chosen reads, counted from `arm` on."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._reads: Iterator[bool] = iter(())

    def arm(self, *pattern: bool) -> None:
        self._reads = iter(pattern)

    def read(self, timeout_s: float) -> bytes:
        if next(self._reads, False):
            raise KeyboardInterrupt
        return super().read(timeout_s)


class UartTransport(Transport):
    """A chip with a UART: both ends must have the same rate, and the line carries no more than `fastest`.

    Parameters
    ----------
    clock_hz, config
        Clock and geometry of the chip.
    fastest : int
        Highest rate that the line carries.
    built : int
        Rate of the chip after reset.

    Attributes
    ----------
    chip_baud : int
        Rate of the chip now.
    breaks : int
        How many breaks it has got.
    """

    name = "uart"

    def __init__(
        self, clock_hz: int = 12_000_000, fastest: int = 4_000_000, *, config: CoreConfig = SMALL,
        built: int = DEFAULT_BAUD,
    ) -> None:  # fmt: skip
        self.baud, self.clock_hz, self.fastest = DEFAULT_BAUD, clock_hz, fastest
        self.built = self.chip_baud = built
        self.breaks = 0
        self._chip = VirtualChip(config, clock_hz=clock_hz, baud=built)
        self._requests, self._responses = RequestDecoder(), ResponseDecoder()
        self._divisor = 0
        self._answers = bytearray()

    @property
    def line_baud(self) -> int:
        """Rate on the line."""
        return self.baud

    def write(self, data: bytes) -> None:
        if abs(self.line_baud - self.chip_baud) > 0.03 * self.chip_baud or self.chip_baud > self.fastest:
            self.lose()
            return
        for request in self._requests.feed(data):
            if isinstance(request, Request) and request.op == Op.SET_BAUD:
                self._divisor = int.from_bytes(request.payload, "little")
        answers = self._chip.receive(data)
        self._answers += answers
        if any(isinstance(frame, Response) and frame.op == Op.SET_BAUD for frame in self._responses.feed(answers)):
            self.chip_baud = self.clock_hz // self._divisor

    def lose(self) -> None:
        """Take note of what came at another rate than the chip's."""

    def read(self, timeout_s: float) -> bytes:
        data = bytes(self._answers)
        self._answers.clear()
        return data

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def send_break(self) -> None:
        self.breaks += 1
        self.chip_baud = self.built

    def close(self) -> None:
        pass


class BusyTransport(Transport):
    """A chip that needs so many reads before it gets round to any numbered request."""

    name = "busy"

    def __init__(self, reads: int) -> None:
        self._chip = VirtualChip(SMALL)
        self._left = reads
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        self._data += data

    def read(self, timeout_s: float) -> bytes:
        self._left -= 1
        data = bytes(self._data)
        self._data.clear()
        return self._chip.receive(data, work=0 if self._left >= 0 else None)

    def close(self) -> None:
        pass


class StuckTransport(VirtualTransport):
    """An emulated chip in which one bit of a memory is always set."""

    def __init__(self, config: CoreConfig, region: Region, item: int, bit: int) -> None:
        super().__init__(config)
        self._stuck = region, item, bit

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self._stick()
        return data

    def _stick(self) -> None:
        region, item, bit = self._stuck
        emulator = self._chip.emulator
        value = int(emulator.regions[region].reshape(-1)[item])
        if not value >> bit & 1:
            emulator.write(region, [value | 1 << bit], item)


class RattlingTransport(UartTransport):
    """A chip with a UART whose answers are damaged at rates above `clean`, one byte of each."""

    def __init__(self, clean: int) -> None:
        super().__init__()
        self._clean = clean
        self._turn = 0

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self._turn += 1
        # Every second answer comes through, so that what is sent again arrives.
        if self.baud <= self._clean or self._turn % 2 or len(data) < 8:
            return data
        return data[:6] + bytes([data[6] ^ 0x10]) + data[7:]
