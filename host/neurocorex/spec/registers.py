"""What a chip holds and how it is addressed: regions, control registers, counters, and its description.

A region is a table of numbers with rows and columns. Only `Region.WEIGHTS` has more than one row.
On the wire an address is a (row, column) pair and items follow each other along a row, then on to the
next row; an item is as many whole bytes, little-endian, as its bits need.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from .config import CoreConfig
from .fixed import DECAY_BITS, GAIN_BITS

MAGIC = 0x3158434E  # "NCX1", little-endian
PROTOCOL_VERSION = 1


class Region(IntEnum):
    """Memories that a host can read, and mostly write."""

    INFO = 0x00
    CONTROL = 0x01
    COUNTERS = 0x02
    WEIGHTS = 0x10
    THRESHOLD = 0x20
    RESET = 0x21
    DECAY = 0x22
    LEAK = 0x23
    CURRENT_DECAY = 0x24
    BIAS = 0x25
    REFRACTORY = 0x26
    DELAY = 0x27
    FLAGS = 0x28
    MEMBRANE = 0x30
    CURRENT = 0x31
    REFRACTORY_COUNT = 0x32
    ADAPTATION = 0x33
    HISTORY = 0x34


#: Per-neuron parameters, in address order.
PARAMETERS = tuple(region for region in Region if 0x20 <= region < 0x30)
#: Per-neuron state: with `Region.CONTROL`, weights and parameters, all that a snapshot needs.
STATE = tuple(region for region in Region if 0x30 <= region < 0x40)


class Flag(IntFlag):
    """Bits of `Region.FLAGS`, per neuron."""

    RESET_SUBTRACT = 1
    """On firing the membrane drops by the threshold, instead of going to the reset value."""
    REFRACTORY_HOLD = 2
    """While refractory the membrane stays at the reset value, instead of integrating."""
    RECORD_SPIKES = 4
    """Spikes of this neuron are sent to the host."""
    RECORD_MEMBRANE = 8
    """The membrane of this neuron is sent to the host after every step."""


FLAG_BITS = 4


class Control(IntEnum):
    """Items of `Region.CONTROL`, shared by all neurons."""

    GAIN_INPUT = 0
    GAIN_RECURRENT = 1
    ADAPTATION_STEP = 2
    ADAPTATION_DECAY = 3

    def bits(self, config: CoreConfig) -> int:
        """Width of this register; all are unsigned."""
        return {
            Control.GAIN_INPUT: GAIN_BITS,
            Control.GAIN_RECURRENT: GAIN_BITS,
            Control.ADAPTATION_STEP: config.state_bits - 1,
            Control.ADAPTATION_DECAY: DECAY_BITS,
        }[self]


class Counter(IntEnum):
    """Counters, each two items of `Region.COUNTERS` (low word first); they wrap at `COUNTER_BITS`."""

    STEPS = 0
    INPUT_EVENTS = 1
    RECURRENT_EVENTS = 2
    SPIKES = 3
    SATURATIONS = 4
    REFUSED_EVENTS = 5
    BUSY_CYCLES = 6
    STALL_CYCLES = 7
    FRAMES_GOOD = 8
    FRAMES_BAD = 9


COUNTER_BITS = 48
#: Counters that the stimulus determines: equal on every realisation, bit for bit. The others tell of time and wire.
MODEL_COUNTERS = tuple(counter for counter in Counter if counter <= Counter.BUSY_CYCLES)


class Clear(IntFlag):
    """What `Op.CLEAR` sets to zero."""

    STATE = 1
    COUNTERS = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Shape and format of a region on one chip."""

    rows: int
    columns: int
    bits: int
    signed: bool
    writable: bool

    @property
    def items(self) -> int:
        """Numbers in the region."""
        return self.rows * self.columns

    @property
    def item_bytes(self) -> int:
        """Bytes of one number on the wire."""
        return (self.bits + 7) // 8

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest number that an item holds."""
        if self.signed:
            return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return 0, (1 << self.bits) - 1


def layout(region: Region, config: CoreConfig) -> Layout:
    """Shape and format of `region` on a chip of geometry `config`."""
    state = config.state_bits
    shared = {
        Region.INFO: Layout(1, len(ChipInfo.WORDS), 32, signed=False, writable=False),
        Region.CONTROL: Layout(1, len(Control), 32, signed=False, writable=True),
        Region.COUNTERS: Layout(1, 2 * len(Counter), 32, signed=False, writable=False),
        Region.WEIGHTS: Layout(config.axons, config.neurons, config.weight_bits, signed=True, writable=True),
    }
    if region in shared:
        return shared[region]
    bits, signed = {
        Region.THRESHOLD: (state, True),
        Region.RESET: (state, True),
        Region.DECAY: (DECAY_BITS, False),
        Region.LEAK: (state - 1, False),
        Region.CURRENT_DECAY: (DECAY_BITS, False),
        Region.BIAS: (state, True),
        Region.REFRACTORY: (config.refractory_bits, False),
        Region.DELAY: (config.delay_bits, False),
        Region.FLAGS: (FLAG_BITS, False),
        Region.MEMBRANE: (state, True),
        Region.CURRENT: (state, True),
        Region.REFRACTORY_COUNT: (config.refractory_bits, False),
        Region.ADAPTATION: (state - 1, False),
        Region.HISTORY: (config.max_delay, False),
    }[region]
    return Layout(1, config.neurons, bits, signed=signed, writable=region is not Region.ADAPTATION or config.adaptation)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipInfo:
    """What a chip says of itself: the content of `Region.INFO`.

    Attributes
    ----------
    config : CoreConfig
        Geometry, as built.
    clock_hz : int
        Frequency of the core clock; 0 where there is none (the emulator).
    baud : int
        Rate of the UART after reset; 0 where there is none.
    build_id : int
        32 bits that change with the sources and the configuration.
    """

    config: CoreConfig
    clock_hz: int
    baud: int
    build_id: int

    WORDS = (
        "magic", "protocol_version", "build_id", "clock_hz", "baud",
        "neurons", "inputs", "lanes", "weight_bits", "state_bits", "refractory_bits", "max_delay", "adaptation",
        "frame_bytes", "rx_frames", "tx_frames",
    )  # fmt: skip

    def to_words(self) -> list[int]:
        """Return the 32-bit items of the region, in the order of `WORDS`."""
        values = {
            "magic": MAGIC,
            "protocol_version": PROTOCOL_VERSION,
            "build_id": self.build_id,
            "clock_hz": self.clock_hz,
            "baud": self.baud,
            **{name: int(value) for name, value in self.config.to_dict().items()},
        }
        return [values[word] for word in self.WORDS]

    @classmethod
    def from_words(cls, words: list[int]) -> ChipInfo:
        """Inverse of `to_words`.

        Raises
        ------
        ValueError
            If this is not a NeuroCoreX chip, speaks another protocol version, or describes an impossible geometry.
        """
        values = dict(zip(cls.WORDS, words, strict=False))
        if values.get("magic") != MAGIC:
            raise ValueError(f"magic number is {values.get('magic', 0):#010x}, expected {MAGIC:#010x}")
        if values.get("protocol_version") != PROTOCOL_VERSION:
            raise ValueError(
                f"chip speaks protocol version {values.get('protocol_version')}, this host {PROTOCOL_VERSION}"
            )
        if len(words) != len(cls.WORDS):
            raise ValueError(f"description has {len(words)} words, expected {len(cls.WORDS)}")
        return cls(
            config=CoreConfig.from_dict({name: values[name] for name in CoreConfig().to_dict()}),
            clock_hz=values["clock_hz"],
            baud=values["baud"],
            build_id=values["build_id"],
        )
