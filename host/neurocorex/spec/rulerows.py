"""Registers of rule rows, and those of traces by kind of axon, see `control`."""

from __future__ import annotations

from typing import NamedTuple

from .control import Control
from .flags import LearningFlag


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
