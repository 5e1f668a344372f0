"""Neurons on their way through a pipeline: which one is at each stage, and for how long what is read for it stays."""

from amaranth.hdl import Module
from amaranth.lib import data
from neurocorex.spec import CoreConfig
from neurocorex.spec.timing import neuron_spacing

from .delay import sparse_stages, stages


def holds(config: CoreConfig) -> bool:
    """Whether a neuron comes every other cycle at most.

    Then what a memory gives for one stays for two stages, since nothing is read in between; and there are no registers
    behind the memories: a chip of a single lane is for a small device, or it would have more, and may be slow.
    """
    return neuron_spacing(config) > 1


def neuron_stages(m: Module, slot: data.View, valid: list, count: int, config: CoreConfig) -> list:
    """Return the number of the neuron at each stage up to `count` after a slot, if `valid` tells that one is there."""
    if holds(config):
        return sparse_stages(m, slot.index, valid, count, name="index")
    return stages(m, slot.index, count, name="index")
