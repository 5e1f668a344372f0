"""Widths of the numbers of a chip: S of a state, W of a weight, C of a change, T of a trace, and fixed ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .config import CoreConfig
from .fixed import CONTEXT_GAIN_BITS, DECAY_BITS, GAIN_BITS, SCALE_ROW_BITS


class Width(NamedTuple):
    """Bits of a number: how docs/model.md writes them, and how many they are on a chip."""

    text: str
    bits: Callable[[CoreConfig], int]


def exactly(bits: int) -> Width:
    """Width that is the same on every chip."""
    return Width(str(bits), lambda _: bits)


BIT = exactly(1)
WORD = exactly(32)
DECAY = exactly(DECAY_BITS)
GAIN = exactly(GAIN_BITS)
STATE = Width("S", lambda config: config.state_bits)
#: The positive half of a state: how far a state moves towards zero, or rises.
HALF_STATE = Width("S - 1", lambda config: config.state_bits - 1)
WEIGHT = Width("W", lambda config: config.weight_bits)
#: One bit more than a weight: the difference of any two.
DRIFT = Width("W + 1", lambda config: config.weight_bits + 1)
CHANGE = Width("C", lambda config: config.change_bits)
TRACE = Width("T", lambda config: config.trace_bits)
STORED_TRACE = Width("T or K", lambda config: config.stored_trace_bits or 1)
#: An error of a neuron.
ERROR = exactly(16)
#: Spikes that were counted.
TALLY = Width("`tallies`", lambda config: config.tallies or 4)
#: Number of a step since tallies were cleared.
TALLY_STEP = exactly(16)
#: Two numbers of rule rows.
RULE_PAIR = Width("2 log2 R", lambda config: 2 * config.rule_bits or 1)
#: Number of a neuron, or that there is none: the same on every chip.
FIRST = exactly(16)
GROUP = Width("enough for G", lambda config: config.groups.bit_length() or 1)
#: A bit for each group, and one for neurons of none.
GROUPS = Width("G + 1", lambda config: config.groups + 1)
CONTEXT = Width("log2 of `contexts`", lambda config: config.context_bits or 1)
#: A factor with 8 bits behind the point.
CONTEXT_GAIN = exactly(CONTEXT_GAIN_BITS)
#: A probability.
RATE = Width("`rate_bits`", lambda config: config.rate_bits)
#: The binary logarithm of a part.
FADE = exactly(4)
#: Number of a rule row, one up, and on chips with groups that of a group.
SCALE = Width("3, or 8 with groups", lambda config: 8 if config.groups else SCALE_ROW_BITS)
#: A sum of up to 4096 weights.
TARGET = Width("W + 11", lambda config: config.weight_bits + 11)
REFRACTORY = Width("`refractory_bits`", lambda config: config.refractory_bits)
DELAY = Width("enough for D", lambda config: config.delay_bits)
HISTORY = Width("D = `max_delay`", lambda config: config.max_delay)
NEURON_NUMBER = Width("enough for N - 1", lambda config: (config.neurons - 1).bit_length() or 1)
BLOCKS_IN_USE = Width("enough for all blocks, less one", lambda config: config.use_bits)
