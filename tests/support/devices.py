"""Device on an emulated chip, a busy network and stimulus for it, and a comparison of results."""

import neurocorex as ncx
import numpy as np
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.spec import CoreConfig
from neurocorex.spec.registers import MODEL_COUNTERS

from support.fakes import SMALL, busy_image, random_spikes

IMAGE = busy_image()
SPIKES = random_spikes(60, SMALL.inputs)
BOTH = ("spikes", "v")


def emulated(wrapper=None, config: CoreConfig = SMALL) -> Device:
    """An emulator, in this process or, wrapped, behind frames."""
    if wrapper is None:
        return Device(EmulatedChip(config))
    return Device(WiredChip(wrapper(VirtualTransport(config))))


def assert_same(result: ncx.Result, expected: ncx.Result) -> None:
    assert np.array_equal(result.spikes, expected.spikes)
    assert np.array_equal(result.v, expected.v)
    for counter in MODEL_COUNTERS:
        assert result.counters[counter.name.lower()] == expected.counters[counter.name.lower()]
