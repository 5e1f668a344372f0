"""Declared row: what is said once of a region, a control register or a counter, and read by everything else.

The tables made of rows are `regions.Region` (neuron parameters and state among them), `registers.Control` and
`counters.Counter`. A member of a table is its number on the wire and has its row: ``Region.THRESHOLD.row.meaning``.

From the rows follow the layout of the memories, the range of images, the meaning of files that lack a row, the
parameters of a network, random networks for tests, the tables of docs/model.md and the version of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum, IntEnum
from typing import NamedTuple, Self

from .config import CoreConfig, Learning
from .flags import Clear
from .widths import Width

#: A property that some chips have.
Condition = Callable[[CoreConfig], bool]


def always(config: CoreConfig) -> bool:
    """Every chip."""
    return True


def never(config: CoreConfig) -> bool:
    """No chip."""
    return False


def learns(config: CoreConfig) -> bool:
    """Chips with a learning engine."""
    return config.learning is not Learning.NONE


def has_window(config: CoreConfig) -> bool:
    """Chips that learn by windows."""
    return config.learning is Learning.WINDOW


def has_errors(config: CoreConfig) -> bool:
    """Chips whose neurons gather errors."""
    return config.errors


def has_rules(config: CoreConfig) -> bool:
    """Chips with several rows of the learning rule."""
    return config.rules > 1


def has_terms(config: CoreConfig) -> bool:
    """Chips whose rules have an offset and constant changes."""
    return config.terms


def has_rule_rows(config: CoreConfig) -> bool:
    """Chips whose synapses each take what their rule row holds: with several rows, or with terms."""
    return has_rules(config) or has_terms(config)


def has_groups(config: CoreConfig) -> bool:
    """Chips that keep which neuron of a group is the first to fire."""
    return config.groups > 0


def judges(config: CoreConfig) -> bool:
    """Chips that can praise and blame by which neuron of a group was the first to fire."""
    return config.groups > 0 and config.errors


def has_eligibility(config: CoreConfig) -> bool:
    """Chips whose synapses gather changes."""
    return config.eligibility


def has_scaling(config: CoreConfig) -> bool:
    """Chips that bring weights to a sum."""
    return config.scaling


def has_contexts(config: CoreConfig) -> bool:
    """Chips with several contexts."""
    return config.contexts > 1


def has_patterns(config: CoreConfig) -> bool:
    """Chips that draw input spikes themselves, by rates."""
    return config.patterns > 0


def has_tallies(config: CoreConfig) -> bool:
    """Chips that count the spikes of each neuron."""
    return config.tallies > 0


def has_most(config: CoreConfig) -> bool:
    """Chips that keep which neuron of a group has most spikes."""
    return config.tallies > 0 and config.groups > 0


def has_noise(config: CoreConfig) -> bool:
    """Chips whose neurons have a noise of their own."""
    return config.noise


def has_factors(config: CoreConfig) -> bool:
    """Chips that multiply what synapses hold: eligibilities by a reward, or weights to scale them."""
    return config.eligibility or config.scaling


def adapts(config: CoreConfig) -> bool:
    """Chips whose thresholds adapt."""
    return config.adaptation


#: Values for random networks. One of them is taken; of a pair, any number from the first to the second.
Tame = Callable[[CoreConfig], Sequence[int | tuple[int, int]]]


def size(config: CoreConfig) -> int:
    """Tame size of a state: what a handful of spikes adds to a current, or less where the state has few bits."""
    return int(min(min(config.axons, 4) * config.weight_range[1], config.state_range[1] // 4))


class Unit(Enum):
    """Unit in which a network states a quantity."""

    WEIGHT = "weight"
    """That of the weights. The quantiser multiplies by the scale of the neuron."""
    DEVIATION = "deviation"
    """Standard deviation in the unit of the weights, of a number that is drawn evenly: its largest is sqrt(3) of it."""
    FRACTION = "fraction"
    """Part that is lost in one step, 0 to 1. The quantiser multiplies by 65536."""
    MS = "ms"
    """Milliseconds. The quantiser divides by the length of a step."""


class Quantity(NamedTuple):
    """How a network states a neuron parameter, before it is quantised.

    Attributes
    ----------
    name : str
        Name in `Network.parameters`.
    unit : Unit
    initial : int, float or None
        Value where a network says nothing. NaN: it follows from the rest of the network. None: the default of the row.
    low, high : float
        Smallest and largest value that is allowed.
    """

    name: str
    unit: Unit
    initial: int | float | None
    low: float = float("-inf")
    high: float = float("inf")

    @property
    def scales(self) -> bool:
        """Whether it is multiplied by the scale of the neuron."""
        return self.unit in (Unit.WEIGHT, Unit.DEVIATION)

    @property
    def factor(self) -> float:
        """What the chip holds of a value of 1, in the unit of the weights."""
        return 3**0.5 if self.unit is Unit.DEVIATION else 1.0


@dataclass(eq=False, repr=False)  # the lightest kind, for these are made at every start
class Row:
    """What is declared of one number.

    Attributes
    ----------
    meaning : str
        One line, as it stands in docs/model.md.
    width : Width
    signed : bool
        Whether it is kept in two's complement.
    unit : str
        What a value of 1 is.
    default : int, callable or None
        Value after power-up, and in a file from before the row was added: with it a chip does what chips did then.
        None: zero after power-up, and no file may lack the row.
    tame : callable, optional
        Values with which random networks stay lively; by default all values.
    present : callable
        Chips that have it.
    """

    meaning: str
    width: Width
    _: KW_ONLY
    signed: bool = False
    unit: str = ""
    default: int | Callable[[CoreConfig], int] | None = None
    tame: Tame | None = None
    present: Condition = always

    def default_on(self, config: CoreConfig) -> int | None:
        """Default on a chip of geometry `config`."""
        return self.default(config) if callable(self.default) else self.default

    def power_up(self, config: CoreConfig) -> int:
        """Value after power-up: the default, or zero."""
        return self.default_on(config) or 0


class Extent(NamedTuple):
    """Shape of a region, (rows, columns); only what belongs to synapses, contexts or patterns has more than one row."""

    per: str
    shape: Callable[[CoreConfig], tuple[int, int]]


NEURON = Extent("neuron", lambda config: (1, config.neurons))
AXON = Extent("axon", lambda config: (1, config.axons))
EXTRA_AXON = Extent("extra axon", lambda config: (1, config.extra_axons))
SYNAPSE = Extent("synapse", lambda config: (config.axons, config.neurons))
CONTEXT = Extent("context and neuron", lambda config: (config.contexts, config.neurons))
PATTERN = Extent("pattern and input axon", lambda config: (config.patterns, config.inputs))
WINDOW = Extent("window", lambda config: (1, sum(config.table_parts)))


@dataclass(eq=False, repr=False, kw_only=True)
class RegionRow(Row):
    """What is declared of a region.

    Attributes
    ----------
    per : Extent
        What it has an item for.
    symbol : str
        Name in the equations of docs/model.md.
    quantity : Quantity, optional
        How a network states it.
    top : callable, optional
        Largest value that an image may hold, where the bits would allow more.
    writable : callable
        Chips whose host can write it.
    cleared : Clear, optional
        Of state, which changes by itself: what sets it to what it is after power-up. Everything else makes up the
        network.
    """

    per: Extent
    symbol: str = ""
    quantity: Quantity | None = None
    top: Callable[[CoreConfig], int] | None = None
    writable: Condition = always
    cleared: Clear | None = None


@dataclass(eq=False, repr=False, kw_only=True)
class RegisterRow(Row):
    """What is declared of a control register.

    Attributes
    ----------
    moves : bool
        Whether learning changes it.
    """

    moves: bool = False


@dataclass(eq=False, repr=False, kw_only=True)
class CounterRow(Row):
    """What is declared of a counter.

    Attributes
    ----------
    of_model : bool
        Whether the stimulus determines it, so that all realisations agree. Others tell of time and wire.
    """

    of_model: bool = True


class Declared(IntEnum):
    """Base of a table: a member is written ``NAME = number, row`` and is that number."""

    row: Row

    def __new__(cls, number: int, row: Row | None = None) -> Self:
        """Make a member; a lookup such as ``Region(0x20)``, which has no row, does not come here."""
        if row is None:
            raise TypeError(f"{cls.__name__} needs a row for number {number}")
        member = int.__new__(cls, number)
        member._value_ = number
        member.row = row
        return member
