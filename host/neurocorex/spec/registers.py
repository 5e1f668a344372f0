"""All tables of a chip in one place: regions, control registers, counters, flags, and its description."""

from .control import GATE_ALL, MODULATION_ONE, MOVING, REWARD_ONE, Control, InUse, controls
from .counters import COUNTER_BITS, MODEL_COUNTERS, Counter
from .flags import FLAG_BITS, LEARNING_FLAG_BITS, Clear, Flag, LearningFlag
from .info import MAGIC, ChipInfo
from .regions import PARAMETERS, STATE, TRACES, Layout, Region, layout, regions
from .version import PROTOCOL_VERSION

__all__ = [
    "COUNTER_BITS",
    "FLAG_BITS",
    "GATE_ALL",
    "LEARNING_FLAG_BITS",
    "MAGIC",
    "MODEL_COUNTERS",
    "MODULATION_ONE",
    "MOVING",
    "PARAMETERS",
    "PROTOCOL_VERSION",
    "REWARD_ONE",
    "STATE",
    "TRACES",
    "ChipInfo",
    "Clear",
    "Control",
    "Counter",
    "Flag",
    "InUse",
    "Layout",
    "LearningFlag",
    "Region",
    "controls",
    "layout",
    "regions",
]
