"""Control registers of a chip: the table of what all neurons share, gains, adaptation and the learning rule."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from . import tame, widths
from .config import CoreConfig
from .fixed import DECAY_ALL, FADE_ALL, RANDOM_START
from .flags import JUDGE_FLAG_BITS, LEARNING_FLAG_BITS, JudgeFlag, LearningFlag
from .rows import (
    Declared,
    RegisterRow,
    has_contexts,
    has_eligibility,
    has_errors,
    has_groups,
    has_noise,
    has_patterns,
    has_rules,
    has_scaling,
    has_terms,
    has_window,
    judges,
    learns,
    never,
    size,
)

#: `Control.GATE`: all neurons learn whose flags allow it. Any other value: only the neuron of that number.
GATE_ALL = 0xFFFF
#: `Control.MODULATION` that changes nothing.
MODULATION_ONE = 256
#: `Control.REWARD` that adds eligibilities to weights as they are.
REWARD_ONE = 256


def _flags_of_row(number: int) -> RegisterRow:
    return RegisterRow(
        f"rule row {number}: flags `SOFT`, `ERRORS`, where `LEARNING` has them", widths.exactly(LEARNING_FLAG_BITS),
        unit="flags", present=lambda config: config.rules > number, tame=tame.row_flags)  # fmt: skip


def _of_others(register: tuple[int, RegisterRow], meaning: str) -> RegisterRow:
    """Register of the traces of axons that are no inputs, like that of inputs."""
    return replace(register[1], meaning=meaning, present=has_rules)


def _again(register: tuple[int, RegisterRow], number: int) -> RegisterRow:
    """Register of a further rule row, like that of row 0."""
    row = register[1]
    return replace(
        row, meaning=f"rule row {number}: {row.meaning}",
        present=lambda config: config.rules > number and row.present(config))  # fmt: skip


# fmt: off
class Control(Declared):
    """Items of `Region.CONTROL`, shared by all neurons; most are there only with a learning engine.

    An item holds the bits of its register, the signed ones in two's complement of their own width. Saved stimuli name
    registers by number, so a new register gets a new number.
    """

    row: RegisterRow

    GAIN_INPUT = 0, RegisterRow(
        "left shift of the weights of input axons", widths.GAIN, unit="bits", tame=lambda _: [0, 0, 0, 1, 2, 7])
    GAIN_RECURRENT = 1, RegisterRow(
        "left shift of the weights of all other axons", widths.GAIN, unit="bits", tame=lambda _: [0, 0, 0, 1, 2, 7])
    ADAPTATION_STEP = 2, RegisterRow(
        "rise of h at each spike of its neuron", widths.HALF_STATE, unit="state units",
        tame=lambda config: [0, (0, size(config))])
    ADAPTATION_DECAY = 3, RegisterRow(
        "decay of h", widths.DECAY, unit="1/65536 a step", tame=lambda _: [0, 700, 9000, DECAY_ALL])

    LEARNING = 4, RegisterRow(
        "flags `ENABLE`, `STOCHASTIC`, `SOFT`, `NEAREST_PRE`, `NEAREST_POST`, `HOLD_FIRING`, `ERRORS`, "
        "`ELIGIBLE`",
        widths.exactly(LEARNING_FLAG_BITS), unit="flags", present=learns, tame=tame.flags)
    WEIGHT_MIN = 5, RegisterRow(
        "lower bound of weights that learn", widths.WEIGHT, signed=True, unit="weights", present=learns,
        tame=lambda config: [*[config.weight_range[0]] * 2, config.weight_range[0] // 2, 0])
    WEIGHT_MAX = 6, RegisterRow(
        "upper bound of weights that learn", widths.WEIGHT, signed=True, unit="weights", present=learns,
        tame=lambda config: [*[config.weight_range[1]] * 2, config.weight_range[1] // 2])
    POTENTIATION = 7, RegisterRow(
        "rate of exponential traces of axons", widths.CHANGE, signed=True, unit="1/256 weights", present=learns,
        tame=lambda config: tame.rates(1, config))
    DEPRESSION = 8, RegisterRow(
        "rate of exponential traces of neurons", widths.CHANGE, signed=True, unit="1/256 weights", present=learns,
        tame=lambda config: tame.rates(-1, config))
    MODULATION = 9, RegisterRow(
        "factor of all changes, 256 is one", widths.exactly(16), signed=True, unit="1/256", present=learns,
        tame=lambda _: [*[MODULATION_ONE] * 8, -MODULATION_ONE, 0, 77, -1000, 32767])
    PRE_DECAY = 10, RegisterRow(
        "decay of exponential traces of axons", widths.DECAY, unit="1/65536 a step", present=learns, tame=tame.decays)
    POST_DECAY = 11, RegisterRow(
        "decay of exponential traces of neurons", widths.DECAY, unit="1/65536 a step", present=learns, tame=tame.decays)
    PRE_INCREMENT = 12, RegisterRow(
        "rise of the trace of an axon at an arrival", widths.TRACE, unit="traces", present=learns, tame=tame.increments)
    POST_INCREMENT = 13, RegisterRow(
        "rise of the trace of a neuron at its spike", widths.TRACE, unit="traces", present=learns, tame=tame.increments)
    PRE_CAP = 14, RegisterRow(
        "what a rise of the trace of an axon stops at", widths.TRACE, unit="traces", present=learns, tame=tame.caps)
    POST_CAP = 15, RegisterRow(
        "what a rise of the trace of a neuron stops at", widths.TRACE, unit="traces", present=learns, tame=tame.caps)
    #: Of earlier versions: what was added to every plastic weight when it was read. Files are converted.
    DRIFT = 16, RegisterRow("retired: no chip has it", widths.DRIFT, signed=True, present=never)
    DRIFT_STEP = 17, RegisterRow(
        "what every plastic weight gains in each step", widths.WEIGHT, signed=True, unit="weights a step",
        present=has_window, tame=lambda config: [0, 0, 0, -1, 1, -3, *config.weight_range])
    GATE = 18, RegisterRow(
        "the one neuron that learns; 0xFFFF: all", widths.exactly(16), unit="neuron", present=learns,
        tame=lambda config: [*[GATE_ALL] * 7, (0, config.neurons - 1)])
    RANDOM = 19, RegisterRow(
        "state of the generator", widths.WORD, default=RANDOM_START, present=learns, moves=True,
        tame=lambda _: [(1, (1 << 32) - 1)])
    DEADBAND = 20, RegisterRow(
        "what the size of an error has to exceed", widths.exactly(15), unit="error units", present=has_errors,
        tame=lambda _: [0, 20, (0, 300)])
    LEARN = 21, RegisterRow(
        "1: neurons learn from their errors in the next step; zero after it", widths.BIT, unit="flag",
        present=has_errors, moves=True, tame=lambda _: [0, 1, 1])
    JUDGE = 22, RegisterRow(
        "flags `JUDGE`: the next step is a judgement, `IF_WRONG`; zero after it", widths.exactly(JUDGE_FLAG_BITS),
        unit="flags", present=judges, moves=True, tame=lambda _: [0, JudgeFlag.JUDGE, 3])
    LABEL = 23, RegisterRow(
        "group that is right; 0: none", widths.exactly(5), unit="group", present=judges,
        tame=lambda config: [0, *[(min(1, config.groups), config.groups)] * 5])
    PRAISE = 24, RegisterRow(
        "what a judgement adds to the error of the first neuron of the group that is right", widths.ERROR, signed=True,
        unit="error units", present=judges, tame=lambda _: [0, 300, (-600, 600)])
    BLAME = 25, RegisterRow(
        "what it takes from that of a winner that is wrong", widths.ERROR, signed=True, unit="error units",
        present=judges, tame=lambda _: [0, 300, (-600, 600)])
    CONSCIENCE = 26, RegisterRow(
        "rise of h of the first neuron of the group that is right", widths.HALF_STATE, unit="state units",
        present=judges, tame=lambda config: [0, (0, size(config))])
    SILENT = 27, RegisterRow(
        "bit g: neurons of group g fire only when they are forced to; bit 0: those of none", widths.GROUPS,
        unit="flags", present=has_groups, tame=lambda config: [*[0] * 5, 1, 2, (0, (2 << config.groups) - 1)])

    # Terms of rules, and rule rows behind the first, which consists of registers above.

    OFFSET = 28, RegisterRow(
        "what the trace of an axon has to exceed to potentiate", widths.TRACE, unit="traces", present=has_terms,
        tame=tame.offsets)
    PRE_ONLY = 29, RegisterRow(
        "change at each arrival, whatever the trace of the neuron", widths.CHANGE, signed=True, unit="1/256 weights",
        present=has_terms, tame=tame.terms)
    POST_ONLY = 30, RegisterRow(
        "change at each spike of the neuron, whatever the trace of the axon", widths.CHANGE, signed=True,
        unit="1/256 weights", present=has_terms, tame=tame.terms)

    RULE_1 = 31, _flags_of_row(1)
    WEIGHT_MIN_1 = 32, _again(WEIGHT_MIN, 1)
    WEIGHT_MAX_1 = 33, _again(WEIGHT_MAX, 1)
    POTENTIATION_1 = 34, _again(POTENTIATION, 1)
    DEPRESSION_1 = 35, _again(DEPRESSION, 1)
    OFFSET_1 = 36, _again(OFFSET, 1)
    PRE_ONLY_1 = 37, _again(PRE_ONLY, 1)
    POST_ONLY_1 = 38, _again(POST_ONLY, 1)

    RULE_2 = 39, _flags_of_row(2)
    WEIGHT_MIN_2 = 40, _again(WEIGHT_MIN, 2)
    WEIGHT_MAX_2 = 41, _again(WEIGHT_MAX, 2)
    POTENTIATION_2 = 42, _again(POTENTIATION, 2)
    DEPRESSION_2 = 43, _again(DEPRESSION, 2)
    OFFSET_2 = 44, _again(OFFSET, 2)
    PRE_ONLY_2 = 45, _again(PRE_ONLY, 2)
    POST_ONLY_2 = 46, _again(POST_ONLY, 2)

    RULE_3 = 47, _flags_of_row(3)
    WEIGHT_MIN_3 = 48, _again(WEIGHT_MIN, 3)
    WEIGHT_MAX_3 = 49, _again(WEIGHT_MAX, 3)
    POTENTIATION_3 = 50, _again(POTENTIATION, 3)
    DEPRESSION_3 = 51, _again(DEPRESSION, 3)
    OFFSET_3 = 52, _again(OFFSET, 3)
    PRE_ONLY_3 = 53, _again(PRE_ONLY, 3)
    POST_ONLY_3 = 54, _again(POST_ONLY, 3)

    # Eligibility: what moves it to the weights, and away.
    REWARD = 55, RegisterRow(
        "factor of eligibilities that weights gain in the next step, 256 is one; zero after it", widths.exactly(16),
        signed=True, unit="1/256", present=has_eligibility, moves=True,
        tame=lambda _: [0, REWARD_ONE, -REWARD_ONE, (-300, 300)])
    FADE = 56, RegisterRow(
        "part 2^-k of eligibilities that is lost in the next step, 15: all, 0: none; zero after it", widths.FADE,
        unit="k", present=has_eligibility, moves=True, tame=lambda _: [0, 1, (1, 8), FADE_ALL])

    # Synaptic scaling.
    SCALE = 57, RegisterRow(
        "1 + r: the next step brings weights of rule row r to `TARGET`; 0: none; in bits 3 to 7 a group, 0: all "
        "neurons; zero after it", widths.SCALE, unit="row", present=has_scaling, moves=True, tame=tame.scales)
    TARGET = 58, RegisterRow(
        "sum to which `SCALE` brings the plastic weights of a neuron", widths.TARGET, unit="weights",
        present=has_scaling, tame=tame.sums)

    ONE_FIRES = 59, RegisterRow(
        "bit g: of the neurons of group g at most one fires in a step, beside those that are forced to; "
        "bit 0: of those of none", widths.GROUPS, unit="flags", present=has_groups,
        tame=lambda config: [0, 0, 1, 2, (2 << config.groups) - 1, (0, (2 << config.groups) - 1)])

    # Contexts.
    CONTEXT = 60, RegisterRow("context that is in force", widths.CONTEXT, unit="context", present=has_contexts)

    # Traces by kind of axon: with these, those of PRE_... are of input axons alone.

    PRE_DECAY_OTHERS = 61, _of_others(PRE_DECAY, "decay of exponential traces of axons that are no inputs")
    PRE_INCREMENT_OTHERS = 62, _of_others(PRE_INCREMENT, "rise of the trace of such an axon at an arrival")
    PRE_CAP_OTHERS = 63, _of_others(PRE_CAP, "what a rise of the trace of such an axon stops at")

    # Draws of stimulus and noise.
    STIMULUS = 64, RegisterRow(
        "state of the generator of input spikes, which moves on in every step that the chip draws", widths.WORD,
        default=RANDOM_START, present=has_patterns, moves=True, tame=lambda _: [(1, (1 << 32) - 1)])
    NOISE_STATE = 65, RegisterRow(
        "state of the generator of noise, which moves on in every step", widths.WORD, default=RANDOM_START,
        present=has_noise, moves=True, tame=lambda _: [(1, (1 << 32) - 1)])
    EVEN = 66, RegisterRow(
        "1: steps that the chip draws have even trains instead of random ones", widths.BIT, unit="flag", default=0,
        present=has_patterns, tame=lambda _: [0, 0, 1])

    @property
    def signed(self) -> bool:
        """Whether the register holds a signed number."""
        return self.row.signed

    def bits(self, config: CoreConfig) -> int:
        """Width of this register; 0 on a chip that lacks it, even if it has an item there."""
        return self.row.width.bits(config) if self.row.present(config) else 0

    def power_up(self, config: CoreConfig) -> int:
        """Bits of this register after power-up: its default, or zero."""
        return self.row.power_up(config) & ((1 << self.bits(config)) - 1)
# fmt: on


class RuleRow(NamedTuple):
    """Registers of a rule row."""

    flags: Control
    weight_min: Control
    weight_max: Control
    potentiation: Control
    depression: Control
    offset: Control
    pre_only: Control
    post_only: Control


#: Rule rows by their number, as many as the largest chip has.
RULE_ROWS = (
    RuleRow(
        Control.LEARNING, Control.WEIGHT_MIN, Control.WEIGHT_MAX, Control.POTENTIATION, Control.DEPRESSION,
        Control.OFFSET, Control.PRE_ONLY, Control.POST_ONLY,
    ),
    *(RuleRow(*(Control(first + place) for place in range(len(RuleRow._fields))))
      for first in (Control.RULE_1, Control.RULE_2, Control.RULE_3)),
)  # fmt: skip
#: Registers of the traces of input axons, and those of all other axons. A chip with one rule has the former for all.
OTHERS = {
    Control.PRE_DECAY: Control.PRE_DECAY_OTHERS,
    Control.PRE_INCREMENT: Control.PRE_INCREMENT_OTHERS,
    Control.PRE_CAP: Control.PRE_CAP_OTHERS,
}
#: Flags that each rule row has of its own.
ROW_FLAGS = LearningFlag.SOFT | LearningFlag.ERRORS

#: Registers that a chip moves on by itself.
MOVING = tuple(control for control in Control if control.row.moves)
#: Those that a step takes notice of and sets to zero.
ONE_STEP = tuple(c for c in MOVING if c not in (Control.RANDOM, Control.STIMULUS, Control.NOISE_STATE))


@lru_cache(maxsize=64)
def controls(config: CoreConfig) -> tuple[Control, ...]:
    """Return the registers that have an item on a chip of geometry `config`: up to the last one that it has.

    So the item of a register is its number on every chip. One in between that the chip lacks has no bits.
    """
    last = max(control for control in Control if control.row.present(config))
    return tuple(control for control in Control if control <= last)


@lru_cache(maxsize=64)
def control_bits(config: CoreConfig) -> dict[int, int]:
    """Return the bits of each register that a chip of geometry `config` has, by its number; not to be changed."""
    return {int(control): bits for control in controls(config) if (bits := control.bits(config))}


class InUse(IntEnum):
    """Items of `Region.IN_USE`: how many blocks of `USE_BLOCK`, from the first on, take part in steps; 0 means all."""

    NEURONS = 0
    INPUTS = 1
