"""Pace of the neuron pipeline: the neuron at each stage, and for how many stages its items stay."""

from amaranth.hdl import Module
from amaranth.lib import data
from neurocorex.spec import CoreConfig
from neurocorex.spec.timing import neuron_spacing

from ..lib.delay import sparse_stages, stages


def holds(config: CoreConfig) -> bool:
    """Whether a neuron comes every other cycle at most, so that memories hold its items for two stages.

    There are no registers behind the memories then: a chip with a single lane is for a small device, and may be slow.
    """
    return neuron_spacing(config) > 1


def neuron_stages(m: Module, slot: data.View, valid: list, count: int, config: CoreConfig) -> list:
    """Return the number of the neuron at each stage up to `count` after a slot; `valid` tells whether there is one."""
    if holds(config):
        return sparse_stages(m, slot.index, valid, count, name="index")
    return stages(m, slot.index, count, name="index")
