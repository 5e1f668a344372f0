"""Where a neuron is on its way through a pipeline."""

from amaranth.hdl import Module
from amaranth.lib import data
from neurocorex.spec import CoreConfig
from neurocorex.spec.timing import neuron_spacing

from .pipeline import sparse_stages, stages


def neuron_stages(m: Module, slot: data.View, valid: list, count: int, config: CoreConfig) -> list:
    """Return the number of the neuron at each stage up to `count` after a slot, if `valid` tells that one is there."""
    if neuron_spacing(config) > 1:
        return sparse_stages(m, slot.index, valid, count, name="index")
    return stages(m, slot.index, count, name="index")
