"""Regions of a chip: the table of its memories, such as weights, neuron parameters, neuron state and traces.

A region is a table of numbers with rows and columns. Only what belongs to synapses (weights, plastic flags,
eligibilities), to neurons in each context, and to patterns of rates, has more than one row.
On the wire an address is a (row, column) pair and items follow each other along a row, then on to the
next row; an item is as many whole bytes, little-endian, as its bits need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from . import widths
from .config import CoreConfig
from .control import InUse, controls
from .counters import Counter
from .fixed import CONTEXT_GAIN_ONE, DECAY_ALL
from .flags import FLAG_BITS, Clear
from .rows import (
    AXON,
    CONTEXT,
    EXTRA_AXON,
    NEURON,
    PATTERN,
    SYNAPSE,
    WINDOW,
    Declared,
    Extent,
    Quantity,
    RegionRow,
    Unit,
    adapts,
    has_contexts,
    has_eligibility,
    has_errors,
    has_groups,
    has_most,
    has_noise,
    has_patterns,
    has_rules,
    has_tallies,
    has_window,
    learns,
    never,
    size,
)  # fmt: skip

#: Words of `Region.INFO`: what a chip says of itself, the geometry with the names of `CoreConfig`.
INFO_WORDS = (
    "magic", "protocol_version", "build_id", "clock_hz", "baud",
    "neurons", "inputs", "lanes", "weight_bits", "state_bits", "refractory_bits", "max_delay", "adaptation",
    "learning", "trace_bits", "window_steps", "soft_bounds", "extra_axons",
    "frame_bytes", "rx_frames", "tx_frames", "weight_ports", "errors", "rules", "terms", "groups", "eligibility",
    "scaling", "contexts", "patterns", "rate_bits", "reports", "tallies",
    "noise",
)  # fmt: skip

#: Item of `Region.FIRST` where no neuron has fired.
NOBODY = 0xFFFF
#: Item of `Region.FIRST_STEP` of a neuron that has not fired, and the largest number of a step.
NEVER, LAST_STEP = 0xFFFF, 0xFFFE

_ITEMS_OF_GROUPS = Extent("group, and one for all", lambda config: (1, config.groups + 1))


# fmt: off
class Region(Declared):
    """Memories that a host can read, and mostly write."""

    row: RegionRow

    # What the whole chip has once.

    INFO = 0x00, RegionRow(
        "what the chip says of itself", widths.WORD, writable=never,
        per=Extent("word", lambda _: (1, len(INFO_WORDS))))
    CONTROL = 0x01, RegionRow(
        "control registers", widths.WORD, per=Extent("register", lambda config: (1, len(controls(config)))))
    COUNTERS = 0x02, RegionRow(
        "counters, low word first", widths.WORD, writable=never,
        per=Extent("half counter", lambda _: (1, 2 * len(Counter))))
    IN_USE = 0x03, RegionRow(
        "blocks of neurons and of input axons that take part in steps; 0: all", widths.BLOCKS_IN_USE, default=0,
        per=Extent("kind", lambda _: (1, len(InUse))), tame=lambda config: [0, 0, (0, (1 << config.use_bits) - 1)])

    # Synapses and axons.

    WEIGHTS = 0x10, RegionRow("weight", widths.WEIGHT, symbol="w", signed=True, unit="weights", per=SYNAPSE)
    PLASTIC = 0x11, RegionRow(
        "whether the synapse learns", widths.BIT, unit="flag", per=SYNAPSE, present=learns, tame=lambda _: [0, 1, 1, 1])
    PRE_TABLE = 0x12, RegionRow(
        "change by the window of the axon", widths.CHANGE, signed=True, unit="1/256 weights", per=WINDOW,
        present=has_window)
    POST_TABLE = 0x13, RegionRow(
        "change by the window of the neuron", widths.CHANGE, signed=True, unit="1/256 weights", per=WINDOW,
        present=has_window)
    EXTRA_SOURCE = 0x14, RegionRow(
        "neuron whose spikes the extra axon carries", widths.NEURON_NUMBER, unit="neuron", per=EXTRA_AXON)
    EXTRA_DELAY = 0x15, RegionRow(
        "its delay; 0: the axon is silent", widths.DELAY, unit="steps", per=EXTRA_AXON,
        top=lambda config: config.max_delay)
    FEEDBACK = 0x16, RegionRow(
        "whether the axon brings errors instead of currents", widths.BIT, unit="flag", per=AXON, present=has_errors,
        tame=lambda _: [0, 0, 1])
    ELIGIBILITY = 0x17, RegionRow(
        "changes that wait for a reward", widths.WEIGHT, symbol="c", signed=True, unit="weights",
        per=SYNAPSE, present=has_eligibility, tame=lambda config: [0, (-3, 3), config.weight_range])

    RATES = 0x18, RegionRow(
        "probability of a spike in a step that the chip draws, in 2^-`rate_bits`; all ones: 1", widths.RATE, symbol="p",
        unit="2^-rate_bits", per=PATTERN, default=0, present=has_patterns,
        tame=lambda config: [0, 0, (0, 1 << (config.rate_bits - 2)), (0, (1 << config.rate_bits) - 1)])

    # Neuron parameters.

    THRESHOLD = 0x20, RegionRow(
        "threshold", widths.STATE, symbol="th", signed=True, unit="state units", per=NEURON,
        quantity=Quantity("threshold", Unit.WEIGHT, 1), tame=lambda config: [(size(config) // 4, 2 * size(config))])
    RESET = 0x21, RegionRow(
        "reset value", widths.STATE, symbol="reset", signed=True, unit="state units", per=NEURON,
        quantity=Quantity("reset", Unit.WEIGHT, 0), tame=lambda config: [(-size(config) // 2, size(config) // 2)])
    DECAY = 0x22, RegionRow(
        "decay of the membrane", widths.DECAY, symbol="dv", unit="1/65536 a step", per=NEURON,
        quantity=Quantity("decay", Unit.FRACTION, 0.0, 0, 1), tame=lambda _: [(0, 1 << 14)])
    LEAK = 0x23, RegionRow(
        "linear leak", widths.HALF_STATE, symbol="l", unit="state units a step", per=NEURON,
        quantity=Quantity("leak", Unit.WEIGHT, 0, 0), tame=lambda config: [(0, max(size(config) // 64, 2))])
    CURRENT_DECAY = 0x24, RegionRow(
        "decay of the current", widths.DECAY, symbol="di", unit="1/65536 a step", per=NEURON,
        quantity=Quantity("decay_syn", Unit.FRACTION, 1.0, 0, 1), tame=lambda _: [(1 << 13, DECAY_ALL)])
    BIAS = 0x25, RegionRow(
        "bias", widths.STATE, symbol="b", signed=True, unit="state units a step", per=NEURON,
        quantity=Quantity("bias", Unit.WEIGHT, 0), tame=lambda config: [(-size(config) // 8, size(config) // 8)])
    REFRACTORY = 0x26, RegionRow(
        "refractory period in steps", widths.REFRACTORY, symbol="period", unit="steps", per=NEURON,
        quantity=Quantity("refractory_ms", Unit.MS, 0.0, 0), tame=lambda _: [(0, 4)])
    DELAY = 0x27, RegionRow(
        "axonal delay in steps, 1 to D; 0: the axon is silent", widths.DELAY, symbol="delay", unit="steps",
        per=NEURON, quantity=Quantity("delay_ms", Unit.MS, float("nan"), 0), top=lambda config: config.max_delay)
    FLAGS = 0x28, RegionRow(
        "`RESET_SUBTRACT`, `REFRACTORY_HOLD`, what is recorded, `PLASTICITY_OFF`, `ERROR_ALWAYS`",
        widths.exactly(FLAG_BITS), unit="flags", per=NEURON,
        tame=lambda config: [(0, 15), (0, 15), (0, 31), *[(32, 47), (32, 63)] * config.errors])
    RULE = 0x29, RegionRow(
        "rule rows of its synapses: of those from input axons, and in the upper half of those from all others",
        widths.RULE_PAIR, symbol="rule", unit="rows", per=NEURON, present=has_rules)
    GROUP = 0x2A, RegionRow(
        "group, 1 to G; 0: none", widths.GROUP, symbol="group", unit="group", per=NEURON, default=0, present=has_groups,
        top=lambda config: config.groups, tame=lambda config: [0, (0, config.groups)])
    CONTEXT_BIAS = 0x2B, RegionRow(
        "what is added to the bias in the context", widths.STATE, symbol="cb", signed=True, unit="state units a step",
        per=CONTEXT, default=0, present=has_contexts, tame=lambda config: [0, (-size(config) // 8, size(config) // 8)])
    CONTEXT_GAIN = 0x2C, RegionRow(
        "factor of what arrives from neurons in the context, 256 is one", widths.CONTEXT_GAIN, symbol="cg",
        unit="1/256", per=CONTEXT, default=CONTEXT_GAIN_ONE, present=has_contexts,
        tame=lambda _: [CONTEXT_GAIN_ONE, 0, (0, 2 * CONTEXT_GAIN_ONE)])
    NOISE = 0x2D, RegionRow(
        "largest size of the noise", widths.HALF_STATE, symbol="noise", unit="state units a step", per=NEURON,
        default=0, quantity=Quantity("noise", Unit.DEVIATION, 0, 0), present=has_noise,
        tame=lambda config: [0, (0, size(config)), (0, 3)])

    # Neuron state.

    MEMBRANE = 0x30, RegionRow(
        "membrane", widths.STATE, symbol="v", signed=True, unit="state units", per=NEURON, cleared=Clear.STATE,
        tame=lambda config: [(-size(config), size(config))])
    CURRENT = 0x31, RegionRow(
        "synaptic current", widths.STATE, symbol="i", signed=True, unit="state units", per=NEURON,
        cleared=Clear.STATE, tame=lambda config: [(-size(config), size(config))])
    REFRACTORY_COUNT = 0x32, RegionRow(
        "steps of refractoriness left", widths.REFRACTORY, symbol="r", unit="steps", per=NEURON,
        cleared=Clear.STATE, tame=lambda _: [(0, 3)])
    ADAPTATION = 0x33, RegionRow(
        "threshold adaptation", widths.HALF_STATE, symbol="h", unit="state units", per=NEURON, cleared=Clear.ADAPTATION,
        writable=adapts, top=lambda config: ((1 << (config.state_bits - 1)) - 1) * config.adaptation,
        tame=lambda config: [(0, size(config))])
    HISTORY = 0x34, RegionRow(
        "the last D steps, bit k set if it fired k + 1 steps ago", widths.HISTORY, symbol="history",
        unit="bits", per=NEURON, cleared=Clear.STATE)
    ERROR = 0x35, RegionRow(
        "error gathered since the last `LEARN`", widths.ERROR, symbol="E", signed=True, unit="error units", per=NEURON,
        cleared=Clear.ERRORS, present=has_errors, tame=lambda _: [0, (-600, 600)])
    FIRST = 0x36, RegionRow(
        "item 0: the winner, the first neuron of any group to fire; item g: the first of group g; 0xFFFF: none",
        widths.FIRST, symbol="first", unit="neuron",
        per=_ITEMS_OF_GROUPS, default=NOBODY, cleared=Clear.WINNERS, present=has_groups,
        tame=lambda config: [NOBODY, NOBODY, (0, config.neurons - 1)])

    # Tallies.

    COUNT = 0x37, RegionRow(
        "spikes since tallies were cleared", widths.TALLY, symbol="count", unit="spikes", per=NEURON, default=0,
        cleared=Clear.TALLIES, present=has_tallies, tame=lambda _: [0, (0, 9)])
    FIRST_STEP = 0x38, RegionRow(
        "number of the step of the first of these spikes; 0xFFFF: none", widths.TALLY_STEP, symbol="first_step",
        unit="steps", per=NEURON, default=NEVER, cleared=Clear.TALLIES, present=has_tallies,
        tame=lambda _: [NEVER, NEVER, (0, 70)])
    MOST = 0x39, RegionRow(
        "item 0: the neuron of any group that was the first to have most spikes; item g: that of group g; 0xFFFF: none",
        widths.FIRST, symbol="most", unit="neuron", per=_ITEMS_OF_GROUPS, default=NOBODY, cleared=Clear.TALLIES,
        present=has_most, tame=lambda config: [NOBODY, NOBODY, (0, config.neurons - 1)])
    MOST_COUNT = 0x3A, RegionRow(
        "how many spikes it had then", widths.TALLY, symbol="most_count", unit="spikes", per=_ITEMS_OF_GROUPS,
        default=0, cleared=Clear.TALLIES, present=has_most, tame=lambda _: [0, (0, 9)])
    TALLY_STEP = 0x3B, RegionRow(
        "number of the next step, counted from 0 since tallies were cleared", widths.TALLY_STEP, symbol="now",
        unit="steps", per=Extent("chip", lambda _: (1, 1)), default=0, cleared=Clear.TALLIES, present=has_tallies,
        top=lambda _: LAST_STEP, tame=lambda _: [0, (0, 70), (LAST_STEP - 5, LAST_STEP)])

    # State of the learning engine, beside the weights.

    PRE_TRACE = 0x40, RegionRow(
        "trace of the axon", widths.STORED_TRACE, symbol="X", unit="traces", per=AXON, present=learns,
        cleared=Clear.TRACES)
    POST_TRACE = 0x41, RegionRow(
        "trace of the neuron", widths.STORED_TRACE, symbol="Y", unit="traces", per=NEURON, present=learns,
        cleared=Clear.TRACES)
# fmt: on


#: Per-neuron parameters, in address order.
PARAMETERS = tuple(region for region in Region if region.row.per is NEURON and region.row.cleared is None)
#: Parameters of each neuron in each context.
CONTEXTS = tuple(region for region in Region if region.row.per is CONTEXT)
#: Per-neuron state of the dynamics.
STATE = tuple(
    region for region in Region if region.row.per is NEURON and region.row.cleared not in (None, Clear.TRACES)
)
#: First neurons to fire.
WINNERS = tuple(region for region in Region if region.row.cleared is Clear.WINNERS)
#: Tallies that are none of a neuron's.
TALLIES = tuple(region for region in Region if region.row.cleared is Clear.TALLIES and region not in STATE)
#: State of the learning engine, beside the weights. What else can be written makes up the network itself.
TRACES = tuple(region for region in Region if region.row.cleared is Clear.TRACES)


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
    row = region.row
    rows, columns = row.per.shape(config)
    if not row.present(config):
        rows, columns = (0, columns) if row.per is SYNAPSE else (1, 0)
    return Layout(rows, columns, row.width.bits(config), signed=row.signed, writable=row.writable(config))


def regions(config: CoreConfig) -> tuple[Region, ...]:
    """Return the regions that a chip of geometry `config` has."""
    return tuple(region for region in Region if layout(region, config).items)
