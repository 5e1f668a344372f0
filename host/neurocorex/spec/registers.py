"""All tables of a chip in one place: regions, control registers, counters, flags, and its description."""

from .control import (
    GATE_ALL,
    MODULATION_ONE,
    MOVING,
    ONE_STEP,
    OTHERS,
    REWARD_ONE,
    ROW_FLAGS,
    RULE_ROWS,
    Control,
    InUse,
    RuleRow,
    controls,
)
from .counters import COUNTER_BITS, MODEL_COUNTERS, Counter
from .flags import FLAG_BITS, LEARNING_FLAG_BITS, Clear, Flag, JudgeFlag, LearningFlag
from .info import MAGIC, ChipInfo
from .regions import CONTEXTS, NOBODY, PARAMETERS, STATE, TRACES, WINNERS, Layout, Region, layout, regions
from .version import PROTOCOL_VERSION

__all__ = [
    "CONTEXTS",
    "COUNTER_BITS",
    "FLAG_BITS",
    "GATE_ALL",
    "LEARNING_FLAG_BITS",
    "MAGIC",
    "MODEL_COUNTERS",
    "MODULATION_ONE",
    "MOVING",
    "NOBODY",
    "ONE_STEP",
    "OTHERS",
    "PARAMETERS",
    "PROTOCOL_VERSION",
    "REWARD_ONE",
    "ROW_FLAGS",
    "RULE_ROWS",
    "STATE",
    "TRACES",
    "WINNERS",
    "ChipInfo",
    "Clear",
    "Control",
    "Counter",
    "Flag",
    "InUse",
    "JudgeFlag",
    "Layout",
    "LearningFlag",
    "Region",
    "RuleRow",
    "controls",
    "layout",
    "regions",
]
