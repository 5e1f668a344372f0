"""Neurons whose synapses are to be scaled, by what `Control.SCALE` names: all of them, or those of a group."""

from amaranth.hdl import Module, Value
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.fixed import SCALE_ROW_BITS

from ..lib.delay import stages
from ..registers.control import ControlValues
from .items import StagedItems


def called_to_scale(m: Module, items: StagedItems, control: ControlValues, config: CoreConfig) -> Value:
    """From stage 9 to 11: whether a rule row that the chip has is to be scaled, and the neuron is meant."""
    row, group = control.scale[:SCALE_ROW_BITS], control.scale[SCALE_ROW_BITS:]
    calls = row.any() & (row <= config.rules)
    if not config.groups:
        return calls
    return calls & stages(m, ~group.any() | (group == items.read(Region.GROUP)), 2, name="called")[-1]
