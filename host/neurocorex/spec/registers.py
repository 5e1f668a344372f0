"""What a chip holds and how it is addressed: regions, control registers, counters, and its description.

A region is a table of numbers with rows and columns. Only `Region.WEIGHTS` and `Region.PLASTIC` have more than one row.
On the wire an address is a (row, column) pair and items follow each other along a row, then on to the
next row; an item is as many whole bytes, little-endian, as its bits need.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import lru_cache

from .config import CoreConfig, Learning
from .fixed import DECAY_BITS, GAIN_BITS

MAGIC = 0x3158434E  # "NCX1", little-endian
PROTOCOL_VERSION = 3


class Region(IntEnum):
    """Memories that a host can read, and mostly write."""

    INFO = 0x00
    CONTROL = 0x01
    COUNTERS = 0x02
    IN_USE = 0x03
    WEIGHTS = 0x10
    PLASTIC = 0x11
    PRE_TABLE = 0x12
    POST_TABLE = 0x13
    EXTRA_SOURCE = 0x14
    EXTRA_DELAY = 0x15
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
    PRE_TRACE = 0x40
    POST_TRACE = 0x41


#: Per-neuron parameters, in address order.
PARAMETERS = tuple(region for region in Region if 0x20 <= region < 0x30)
#: Per-neuron state of the dynamics.
STATE = tuple(region for region in Region if 0x30 <= region < 0x40)
#: State of the learning engine, beside the weights. What else can be written makes up the network itself.
TRACES = (Region.PRE_TRACE, Region.POST_TRACE)


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
    PLASTICITY_OFF = 16
    """Synapses onto this neuron do not learn."""


FLAG_BITS = 5


class LearningFlag(IntFlag):
    """Bits of `Control.LEARNING`."""

    ENABLE = 1
    """Weights change, and drift. Traces go on in any case."""
    STOCHASTIC = 2
    """Changes are rounded by chance, instead of to zero."""
    SOFT = 4
    """Changes are scaled by the distance to the bound; only chips built with `soft_bounds`."""
    NEAREST_PRE = 8
    """A spike sets the trace of its axon to the increment, instead of adding it."""
    NEAREST_POST = 16
    """The same for the traces of neurons."""
    HOLD_FIRING = 32
    """Neurons fire only when they are forced to."""


LEARNING_FLAG_BITS = 6
#: `Control.GATE`: all neurons learn whose flags allow it. Any other value: only the neuron of that number.
GATE_ALL = 0xFFFF
#: `Control.MODULATION` that changes nothing.
MODULATION_ONE = 256


class Control(IntEnum):
    """Items of `Region.CONTROL`, shared by all neurons; those from `LEARNING` on are there only with a learning engine.

    An item holds the bits of its register, the signed ones in two's complement of their own width.
    """

    GAIN_INPUT = 0
    GAIN_RECURRENT = 1
    ADAPTATION_STEP = 2
    ADAPTATION_DECAY = 3
    LEARNING = 4
    WEIGHT_MIN = 5
    WEIGHT_MAX = 6
    POTENTIATION = 7
    DEPRESSION = 8
    MODULATION = 9
    PRE_DECAY = 10
    POST_DECAY = 11
    PRE_INCREMENT = 12
    POST_INCREMENT = 13
    PRE_CAP = 14
    POST_CAP = 15
    DRIFT = 16
    DRIFT_STEP = 17
    GATE = 18
    RANDOM = 19

    @property
    def signed(self) -> bool:
        """Whether the register holds a signed number."""
        return self in (
            Control.WEIGHT_MIN, Control.WEIGHT_MAX, Control.POTENTIATION, Control.DEPRESSION, Control.MODULATION,
            Control.DRIFT, Control.DRIFT_STEP,
        )  # fmt: skip

    def bits(self, config: CoreConfig) -> int:
        """Width of this register."""
        return {
            Control.GAIN_INPUT: GAIN_BITS,
            Control.GAIN_RECURRENT: GAIN_BITS,
            Control.ADAPTATION_STEP: config.state_bits - 1,
            Control.ADAPTATION_DECAY: DECAY_BITS,
            Control.LEARNING: LEARNING_FLAG_BITS,
            Control.WEIGHT_MIN: config.weight_bits,
            Control.WEIGHT_MAX: config.weight_bits,
            Control.POTENTIATION: config.change_bits,
            Control.DEPRESSION: config.change_bits,
            Control.MODULATION: 16,
            Control.PRE_DECAY: DECAY_BITS,
            Control.POST_DECAY: DECAY_BITS,
            Control.PRE_INCREMENT: config.trace_bits,
            Control.POST_INCREMENT: config.trace_bits,
            Control.PRE_CAP: config.trace_bits,
            Control.POST_CAP: config.trace_bits,
            Control.DRIFT: config.weight_bits + 1,
            Control.DRIFT_STEP: config.weight_bits + 1,
            Control.GATE: 16,
            Control.RANDOM: 32,
        }[self]


class InUse(IntEnum):
    """Items of `Region.IN_USE`: how many blocks of `USE_BLOCK`, from the first on, take part in steps; 0 means all."""

    NEURONS = 0
    INPUTS = 1


#: Registers that learning moves on by itself.
MOVING = (Control.DRIFT, Control.RANDOM)


@lru_cache(maxsize=64)
def controls(config: CoreConfig) -> tuple[Control, ...]:
    """Return the control registers of a chip of geometry `config`."""
    return tuple(control for control in Control if config.learning or control < Control.LEARNING)


class Counter(IntEnum):
    """Counters, each two items of `Region.COUNTERS` (low word first); they wrap at `COUNTER_BITS`."""

    STEPS = 0
    INPUT_EVENTS = 1
    RECURRENT_EVENTS = 2
    SPIKES = 3
    SATURATIONS = 4
    REFUSED_EVENTS = 5
    POTENTIATIONS = 6
    DEPRESSIONS = 7
    CLIPS_LOW = 8
    CLIPS_HIGH = 9
    BUSY_CYCLES = 10
    STALL_CYCLES = 11
    FRAMES_GOOD = 12
    FRAMES_BAD = 13


COUNTER_BITS = 48
#: Counters that the stimulus determines: equal on every realisation, bit for bit. The others tell of time and wire.
MODEL_COUNTERS = tuple(counter for counter in Counter if counter <= Counter.BUSY_CYCLES)


class Clear(IntFlag):
    """What `Op.CLEAR`, or `CLEAR` in a stimulus (there all but the counters), sets to zero."""

    STATE = 1
    """Membranes, currents, refractory counts and histories."""
    COUNTERS = 2
    TRACES = 4
    """Traces of axons and neurons."""
    ADAPTATION = 8
    """Adaptation of the thresholds."""


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


@lru_cache(maxsize=1024)
def layout(region: Region, config: CoreConfig) -> Layout:
    """Shape and format of `region` on a chip of geometry `config`; a region that it lacks has no items."""
    state, trace = config.state_bits, config.stored_trace_bits
    learning = 1 if config.learning else 0
    table = (1 << config.window_steps) if config.learning is Learning.WINDOW else 0
    rows, columns, bits, signed = {
        Region.INFO: (1, len(ChipInfo.WORDS), 32, False),
        Region.CONTROL: (1, len(controls(config)), 32, False),
        Region.COUNTERS: (1, 2 * len(Counter), 32, False),
        Region.IN_USE: (1, len(InUse), config.use_bits, False),
        Region.WEIGHTS: (config.axons, config.neurons, config.weight_bits, True),
        Region.PLASTIC: (config.axons * learning, config.neurons, 1, False),
        Region.PRE_TABLE: (1, table, config.change_bits, True),
        Region.POST_TABLE: (1, table, config.change_bits, True),
        Region.EXTRA_SOURCE: (1, config.extra_axons, (config.neurons - 1).bit_length() or 1, False),
        Region.EXTRA_DELAY: (1, config.extra_axons, config.delay_bits, False),
        Region.THRESHOLD: (1, config.neurons, state, True),
        Region.RESET: (1, config.neurons, state, True),
        Region.DECAY: (1, config.neurons, DECAY_BITS, False),
        Region.LEAK: (1, config.neurons, state - 1, False),
        Region.CURRENT_DECAY: (1, config.neurons, DECAY_BITS, False),
        Region.BIAS: (1, config.neurons, state, True),
        Region.REFRACTORY: (1, config.neurons, config.refractory_bits, False),
        Region.DELAY: (1, config.neurons, config.delay_bits, False),
        Region.FLAGS: (1, config.neurons, FLAG_BITS, False),
        Region.MEMBRANE: (1, config.neurons, state, True),
        Region.CURRENT: (1, config.neurons, state, True),
        Region.REFRACTORY_COUNT: (1, config.neurons, config.refractory_bits, False),
        Region.ADAPTATION: (1, config.neurons, state - 1, False),
        Region.HISTORY: (1, config.neurons, config.max_delay, False),
        Region.PRE_TRACE: (1, config.axons * learning, trace or 1, False),
        Region.POST_TRACE: (1, config.neurons * learning, trace or 1, False),
    }[region]
    read_only = region in (Region.INFO, Region.COUNTERS) or (region is Region.ADAPTATION and not config.adaptation)
    return Layout(rows, columns, bits, signed=signed, writable=not read_only)


def regions(config: CoreConfig) -> tuple[Region, ...]:
    """Return the regions that a chip of geometry `config` has."""
    return tuple(region for region in Region if layout(region, config).items)


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
        "learning", "trace_bits", "window_steps", "soft_bounds", "extra_axons",
        "frame_bytes", "rx_frames", "tx_frames", "weight_ports",
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
