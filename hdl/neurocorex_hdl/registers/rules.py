"""Rule rows: the registers of each, and the two numbers of rows that a neuron has."""

from amaranth.hdl import Value
from amaranth.lib import data
from neurocorex.spec import CoreConfig, LearningFlag
from neurocorex.spec.registers import RULE_ROWS

from ..lib.arithmetic import has
from .control import ControlValues


def mixes(config: CoreConfig) -> bool:
    """Whether some synapses of a neuron may go by spikes, and others by errors."""
    return config.errors and config.rules > 1


def rules_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of an item of `Region.RULE`: rule rows of synapses from inputs, and from all other axons."""
    return data.StructLayout({"inputs": config.rule_bits, "others": config.rule_bits})


def rule_values(control: ControlValues, name: str, config: CoreConfig) -> list[Value]:
    """Return the register of each rule row that `neurocorex.spec.registers.RuleRow` calls so."""
    return [getattr(control, getattr(row, name).name.lower()) for row in RULE_ROWS[: config.rules]]


def rule_flags(control: ControlValues, flag: LearningFlag, config: CoreConfig) -> list[Value]:
    """Return a flag of each rule row."""
    return [has(flags, flag) for flags in rule_values(control, "flags", config)]
