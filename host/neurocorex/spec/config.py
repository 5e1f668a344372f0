"""Geometry of a core: every size that is fixed when a chip is built."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..files.documents import parse
from .blocks import USE_BLOCK, use_blocks
from .limits import ERROR_LANES, LIMITS, Learning, check

__all__ = ["CHANGE_FRACTION", "ERROR_LANES", "LIMITS", "SHALLOW_BANK_WORDS", "TABLE_STEPS", "CoreConfig", "Learning"]


#: Bits behind the point of a weight change.
CHANGE_FRACTION = 8

#: Steps of a window that one table looks up; beyond, a second table looks up the rest, and both entries are added.
TABLE_STEPS = 10

#: Words that a bank of weights may have without a register of its own behind its memory: beyond, it takes several
#: block RAMs on most devices, and the choice among them takes time.
SHALLOW_BANK_WORDS = 2048

#: Fields that are no plain integers.
_KINDS = {
    "adaptation": bool, "learning": Learning, "soft_bounds": bool, "errors": bool, "terms": bool, "eligibility": bool,
    "scaling": bool, "reports": bool, "noise": bool,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreConfig:
    """Sizes of one core and of its link buffers. Immutable; compares by value.

    Parameters
    ----------
    neurons : int
        N, 1 to 4096.
    inputs : int
        M, input axons, 1 to 4096. Axon ``a < M`` is driven from outside, axon ``M + j`` by neuron ``j``.
    lanes : int
        L, synapses handled in one clock cycle, a power of two up to 32. Changes speed, never results.
    weight_bits : int
        W, width of a signed weight: 4, 8 or 16.
    weight_ports : int
        Ports of the memories of the weights. With 2 they are read and written in the same cycle; with 1, which is what
        the large memories of some devices have, learning takes two cycles where it otherwise takes one.
    state_bits : int
        S, width of membranes, currents and everything that is added to them, 16 to 24.
    refractory_bits : int
        Width of the refractory count, 1 to 16.
    max_delay : int
        D, the deepest axonal delay in steps, 1 to 32.
    adaptation : bool
        Whether neurons have an adaptive threshold.
    learning : Learning
        Which learning engine: 0 none, 1 exponential traces, 2 windows.
    trace_bits : int
        T, width of an exponential trace, 4 to 16.
    window_steps : int
        K, steps in a window, 1 to 20.
    soft_bounds : bool
        Whether changes can be scaled by the distance to the bound; takes a multiplier in every lane.
    extra_axons : int
        E, further axons with a source neuron and a delay of their own, 0 to 4096.
    frame_bytes : int
        Room in a frame buffer: payload and checksum of one frame, in bytes.
    rx_frames, tx_frames : int
        Frame buffers of the chip towards it and from it.
    errors : bool
        Whether neurons gather errors from feedback axons and learn from them; takes exponential traces and 4 lanes.
    rules : int
        R, rows of the learning rule, 1, 2 or 4: each neuron takes one for its synapses from inputs, and one for all
        others. More than one takes exponential traces.
    terms : bool
        Whether rules have an offset and constant changes; takes exponential traces.
    groups : int
        G, groups of neurons of which the chip keeps the first to fire, 0 to 16; with errors it can judge them.
    eligibility : bool
        Whether synapses can gather their changes until a reward comes; takes exponential traces.
    scaling : bool
        Whether the plastic weights of neurons can be brought to a sum; takes exponential traces.
    contexts : int
        Banks of biases and of gains of recurrent weights, of which one is in force: 1 (none), 2, 4, 8 or 16.
    patterns : int
        Rows of rates of all input axons, by which a chip draws input spikes itself, 0 (it cannot) to 4096.
    rate_bits : int
        Width of such a rate: 4, 8 or 16.
    reports : bool
        Whether `REPORT` in a stimulus puts items of a region into the results.
    tallies : int
        Bits of the count of spikes that each neuron keeps, with the step of its first one, 4 to 16; 0: none are kept.
    noise : bool
        Whether neurons have a noise of their own, a current that is drawn in each step.

    Raises
    ------
    ValueError
        Naming the field, its value and what is allowed.
    """

    neurons: int = 96
    inputs: int = 64
    lanes: int = 16
    weight_bits: int = 8
    weight_ports: int = 2
    state_bits: int = 20
    refractory_bits: int = 8
    max_delay: int = 16
    adaptation: bool = True
    learning: Learning = Learning.NONE
    trace_bits: int = 12
    window_steps: int = 8
    soft_bounds: bool = False
    extra_axons: int = 0
    frame_bytes: int = 512
    rx_frames: int = 4
    tx_frames: int = 4
    errors: bool = False
    rules: int = 1
    terms: bool = False
    groups: int = 0
    eligibility: bool = False
    scaling: bool = False
    contexts: int = 1
    patterns: int = 0
    rate_bits: int = 8
    reports: bool = False
    tallies: int = 0
    noise: bool = False

    def __post_init__(self) -> None:
        check({name: getattr(self, name) for name in LIMITS})
        for name, kind in _KINDS.items():
            object.__setattr__(self, name, kind(getattr(self, name)))

    @property
    def axons(self) -> int:
        """A = M + N + E, the rows of the weight matrix: inputs, neurons, extra axons."""
        return self.inputs + self.neurons + self.extra_axons

    @property
    def neuron_blocks(self) -> int:
        """C = ceil(N / L), blocks of L neurons: the words in which one row of weights is read."""
        return -(-self.neurons // self.lanes)

    @property
    def input_blocks(self) -> int:
        """Blocks of L input axons. Each kind of axon fills whole blocks: a column is read L weights at a time."""
        return -(-self.inputs // self.lanes)

    @property
    def extra_blocks(self) -> int:
        """Blocks of L extra axons."""
        return -(-self.extra_axons // self.lanes)

    @property
    def axon_blocks(self) -> int:
        """Blocks of L axons of all kinds: the words in which one column of weights is read."""
        return self.input_blocks + self.neuron_blocks + self.extra_blocks

    @property
    def axon_stride(self) -> int:
        """Words of a weight bank per group of neurons."""
        return self.axon_blocks * self.lanes

    @property
    def weight_words(self) -> int:
        """Depth of each of the L weight banks."""
        return self.neuron_blocks * self.axon_stride

    @property
    def deep_banks(self) -> bool:
        """Whether a weight bank takes several block RAMs, so that there are `bank_stages`.

        It follows from the whole chip, not from the part in use.
        """
        return self.weight_ports == 2 and self.weight_words > SHALLOW_BANK_WORDS

    @property
    def bank_stages(self) -> int:
        """Cycles by which weights come later than from shallow banks: registers before and behind the block RAMs."""
        return 2 if self.deep_banks else 0

    @property
    def weight_range(self) -> tuple[int, int]:
        """Smallest and largest weight."""
        return -(1 << (self.weight_bits - 1)), (1 << (self.weight_bits - 1)) - 1

    @property
    def state_range(self) -> tuple[int, int]:
        """Smallest and largest membrane, current, threshold, reset value and bias."""
        return -(1 << (self.state_bits - 1)), (1 << (self.state_bits - 1)) - 1

    @property
    def accumulator_bits(self) -> int:
        """Width in which the weights of all axons, arriving at once, add up without overflow."""
        return self.weight_bits + (self.axons - 1).bit_length()

    @property
    def delay_bits(self) -> int:
        """Width of a delay, 0 (no axon) to D."""
        return self.max_delay.bit_length()

    @property
    def change_bits(self) -> int:
        """Width of a weight change with its `CHANGE_FRACTION` bits behind the point, and of rates and table entries."""
        return self.weight_bits + CHANGE_FRACTION

    @property
    def rule_bits(self) -> int:
        """Width of the number of a rule row."""
        return self.rules.bit_length() - 1

    @property
    def context_bits(self) -> int:
        """Width of the number of a context."""
        return self.contexts.bit_length() - 1

    @property
    def stored_trace_bits(self) -> int:
        """Width of the trace of an axon or neuron, as a host sees it; 0 without learning."""
        return (0, self.trace_bits, self.window_steps)[self.learning]

    @property
    def stored_weight_bits(self) -> int:
        """Width of a weight in the memories of a chip: with windows a bit more, as long as a drift is put off."""
        return self.weight_bits + (self.learning is Learning.WINDOW)

    @property
    def table_parts(self) -> tuple[int, ...]:
        """Entries of each part of a table of a window: for its last `TABLE_STEPS` steps, and for those before."""
        late = min(self.window_steps, TABLE_STEPS)
        return (1 << late,) if late == self.window_steps else (1 << late, 1 << (self.window_steps - late))

    @property
    def use_bits(self) -> int:
        """Width of a number of blocks in use: enough for all but one of them."""
        return max(1, (use_blocks(max(self.neurons, self.inputs)) - 1).bit_length())

    def in_use(self, neuron_blocks: int, input_blocks: int) -> CoreConfig:
        """Geometry of the part of the chip that takes part in steps.

        Parameters
        ----------
        neuron_blocks, input_blocks : int
            Items of `Region.IN_USE`: how many times `USE_BLOCK`, from the first on; 0 means all.
        """
        neurons, inputs = (
            min(blocks * USE_BLOCK, have) if blocks else have
            for blocks, have in ((neuron_blocks, self.neurons), (input_blocks, self.inputs))
        )
        return replace(self, neurons=neurons, inputs=inputs)

    def blocks_for(self, neurons: int, inputs: int) -> tuple[int, int]:
        """Items of `Region.IN_USE` for a network of this size; inverse of `in_use`."""

        def blocks(wanted: int, have: int) -> int:
            return 0 if use_blocks(wanted) >= use_blocks(have) else use_blocks(wanted)

        return blocks(neurons, self.neurons), blocks(inputs, self.inputs)

    @property
    def payload_bytes(self) -> int:
        """Largest payload of a frame: a buffer less the four bytes of the checksum."""
        return self.frame_bytes - 4

    # Exchange ----------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Fields by name, as plain Python values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> CoreConfig:
        """Build from a mapping of fields.

        Raises
        ------
        ValueError
            For an unknown field as well as for a bad value.
        """
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown field(s) {', '.join(unknown):.200}; known are {', '.join(LIMITS)}")
        return cls(**values)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> CoreConfig:
        """Inverse of `to_json`; raises ValueError for anything else, such as a field that stands in it twice."""
        values = parse(text)
        if not isinstance(values, dict):
            raise ValueError(f"expected a JSON object, got {text[:40]!r}")
        return cls.from_dict(values)
