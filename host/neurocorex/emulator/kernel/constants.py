"""Constants of the kernel: numbers of the contract as plain integers, which a compiler can take for constants."""

from __future__ import annotations

from ...events import codec
from ...spec import Clear, Control, Counter, Flag, JudgeFlag, LearningFlag, Region, fixed, registers
from ...spec.config import CHANGE_FRACTION, TABLE_STEPS
from ..memory import NARROW_REGIONS

#: Rows of `Core.neurons`.
TH, RESET, LEAK, BIAS, PERIOD, FLAGS, RULE, GROUP, V, I, R, H, E, COUNT, FIRST_STEP = (
    NARROW_REGIONS.index(region)
    for region in (
        Region.THRESHOLD, Region.RESET, Region.LEAK, Region.BIAS, Region.REFRACTORY, Region.FLAGS, Region.RULE,
        Region.GROUP, Region.MEMBRANE, Region.CURRENT, Region.REFRACTORY_COUNT, Region.ADAPTATION, Region.ERROR,
        Region.COUNT, Region.FIRST_STEP,
    )
)  # fmt: skip
NEURON_ROWS = len(NARROW_REGIONS)
GAIN_INPUT, GAIN_RECURRENT = int(Control.GAIN_INPUT), int(Control.GAIN_RECURRENT)
ADAPTATION_STEP, ADAPTATION_DECAY = int(Control.ADAPTATION_STEP), int(Control.ADAPTATION_DECAY)
LEARNING, GATE, RANDOM = int(Control.LEARNING), int(Control.GATE), int(Control.RANDOM)
WEIGHT_MIN, WEIGHT_MAX = int(Control.WEIGHT_MIN), int(Control.WEIGHT_MAX)
POTENTIATION, DEPRESSION, MODULATION = int(Control.POTENTIATION), int(Control.DEPRESSION), int(Control.MODULATION)
DRIFT_STEP = int(Control.DRIFT_STEP)
DEADBAND, LEARN = int(Control.DEADBAND), int(Control.LEARN)
JUDGE, LABEL, PRAISE, BLAME = int(Control.JUDGE), int(Control.LABEL), int(Control.PRAISE), int(Control.BLAME)
CONSCIENCE, SILENT, ONE_FIRES = int(Control.CONSCIENCE), int(Control.SILENT), int(Control.ONE_FIRES)
REWARD, FADE, FADE_ALL = int(Control.REWARD), int(Control.FADE), fixed.FADE_ALL
SCALE, TARGET, SCALE_ROW_BITS = int(Control.SCALE), int(Control.TARGET), fixed.SCALE_ROW_BITS
FACTOR_BITS, FACTOR_LIMIT = fixed.FACTOR_BITS, fixed.FACTOR_LIMIT
#: Decay, increment and cap of traces: of input axons, of all others, and of neurons.
PRE = int(Control.PRE_DECAY), int(Control.PRE_INCREMENT), int(Control.PRE_CAP)
OTHERS = int(Control.PRE_DECAY_OTHERS), int(Control.PRE_INCREMENT_OTHERS), int(Control.PRE_CAP_OTHERS)
POST = int(Control.POST_DECAY), int(Control.POST_INCREMENT), int(Control.POST_CAP)
OFFSET, PRE_ONLY, POST_ONLY = int(Control.OFFSET), int(Control.PRE_ONLY), int(Control.POST_ONLY)
#: Registers of rule row 1, and from a row to the next.
RULE_1, WEIGHT_MIN_1, WEIGHT_MAX_1, POTENTIATION_1, DEPRESSION_1, OFFSET_1, PRE_ONLY_1, POST_ONLY_1 = (
    int(register) for register in registers.RULE_ROWS[1]
)
ROW_STRIDE = int(Control.RULE_2 - Control.RULE_1)
#: How many rows there may be, the flags of each, and how much `RuleRows` notes of the row of a neuron.
ROWS = len(registers.RULE_ROWS)
ROW_FLAGS = tuple(int(row.flags) for row in registers.RULE_ROWS)
CHOSEN = 13
SIGNED = tuple(int(control) for control in Control if control.signed)
NOISE_STATE, NOISE_CODE, NOISE_TURNS = int(Control.NOISE_STATE), fixed.NOISE_CODE, fixed.SPIKE_DRAW_TURNS
CONTEXT, GAIN_ONE_BITS = int(Control.CONTEXT), fixed.CONTEXT_GAIN_ONE.bit_length() - 1
REGISTERS = len(Control)
ENABLE, STOCHASTIC, SOFT = int(LearningFlag.ENABLE), int(LearningFlag.STOCHASTIC), int(LearningFlag.SOFT)
NEAREST_PRE, NEAREST_POST = int(LearningFlag.NEAREST_PRE), int(LearningFlag.NEAREST_POST)
HOLD_FIRING, ERRORS = int(LearningFlag.HOLD_FIRING), int(LearningFlag.ERRORS)
JUDGES, IF_WRONG = int(JudgeFlag.JUDGE), int(JudgeFlag.IF_WRONG)
ELIGIBLE = int(LearningFlag.ELIGIBLE)
SUBTRACT, HOLD = int(Flag.RESET_SUBTRACT), int(Flag.REFRACTORY_HOLD)
OFF, ALWAYS = int(Flag.PLASTICITY_OFF), int(Flag.ERROR_ALWAYS)
CLEAR_STATE, CLEAR_TRACES = int(Clear.STATE), int(Clear.TRACES)
CLEAR_ADAPTATION, CLEAR_ERRORS, CLEAR_WINNERS = int(Clear.ADAPTATION), int(Clear.ERRORS), int(Clear.WINNERS)
CLEAR_TALLIES = int(Clear.TALLIES)
RECURRENT_EVENTS, SATURATIONS = int(Counter.RECURRENT_EVENTS), int(Counter.SATURATIONS)
POTENTIATIONS, DEPRESSIONS = int(Counter.POTENTIATIONS), int(Counter.DEPRESSIONS)
CLIPS_LOW, CLIPS_HIGH = int(Counter.CLIPS_LOW), int(Counter.CLIPS_HIGH)
FULL_TRACES, DRIFT_CLIPS = int(Counter.FULL_TRACES), int(Counter.DRIFT_CLIPS)
#: Places behind the counters: columns of the matrix that were walked, steps in which that was for a reward, columns
#: that were scaled, which are not among the first, and steps in which neurons excluded one another.
COLUMNS, REWARDS, SCALED, CONTESTS = (len(Counter) + place for place in range(4))
TALLIES = CONTESTS + 1
AXON_STRIDE, SPIKE_DRAW_BITS = fixed.AXON_STRIDE, fixed.SPIKE_DRAW_BITS
SPIKE_DRAW_TURNS = fixed.SPIKE_DRAW_TURNS
NO_REGISTER, GATE_ALL, STRIDE = codec.NO_REGISTER, registers.GATE_ALL, fixed.DRAW_STRIDE
NOBODY, NEVER, LAST_STEP = registers.NOBODY, registers.NEVER, registers.LAST_STEP
FRACTION = CHANGE_FRACTION
#: Added before a negative change is cut to whole weights, so that it is rounded towards zero.
ROUND_UP = (1 << FRACTION) - 1
DECAY_ONE, DECAY_ALL = 1 << fixed.DECAY_BITS, fixed.DECAY_ALL
#: Steps of a window that the first part of a table looks up, and entries of that part.
SHORT_WINDOW, SHORT_ENTRIES = TABLE_STEPS, 1 << TABLE_STEPS
#: Kinds of rows of the matrix, by their plastic synapses.
ROW_FIXED, ROW_MIXED, ROW_PLASTIC = 0, 1, 2
#: Name of the kernel in an object file.
SYMBOL = "neurocorex_run_steps"
