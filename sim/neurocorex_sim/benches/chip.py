"""Bench of the whole chip: the host's `Device`, through the UART pins, against the emulator."""

import cocotb
import numpy as np
from cocotb.task import bridge
from neurocorex.check.trial import Trial
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.codec import NO_REGISTER
from neurocorex.image import state_regions
from neurocorex.spec import CoreConfig, Flag, Region, layout
from neurocorex.spec.registers import MODEL_COUNTERS, MOVING

from neurocorex_sim.bench import settings, start
from neurocorex_sim.uart import PinTransport, UartPins

PERIOD_NS = 10
SILENCE_NS = 1_000_000
TIMEOUT_MS = 500


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def equals_emulator(chip):
    """Describe, load, run, read back, snapshot, resume."""
    given = settings()
    pins = UartPins(chip, PERIOD_NS)
    await start(chip, PERIOD_NS)
    await bridge(converse)(PinTransport(pins, SILENCE_NS), CoreConfig.from_dict(given["config"]), given)
    assert pins.framing_errors == 0
    assert not int(chip.error.value)


def converse(transport, config, given):
    trial = Trial.random(config, given["seed"], given["steps"])
    emulator = Emulator(config)
    with Device(WiredChip(transport)) as device:
        assert device.config == config
        assert device.info.clock_hz == given["clock_hz"]
        for region, values in trial.image.regions.items():
            if layout(region, config).writable:
                device.write(region, values)
                emulator.write(region, values)
        emulator.write(Region.FLAGS, trial.image.regions[Region.FLAGS] | Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)

        half = given["steps"] // 2
        compare_run(device, emulator, trial.stimulus.cut(0, half))
        snapshot = device.snapshot()
        device.clear(state=True)
        for region in state_regions(config):
            assert not device.read(region).any(), region.name
        device.restore(snapshot)
        compare_run(device, emulator, trial.stimulus.cut(half, given["steps"]))

        for region, expected in emulator.regions.items():
            if region is not Region.FLAGS:  # there the device has what was recorded
                np.testing.assert_array_equal(device.read(region), expected, region.name)
        counters = device.counters()
        for counter in MODEL_COUNTERS:
            assert counters[counter.name.lower()] == emulator.counters[counter], counter.name
        assert counters["frames_good"] > 0
        assert counters["frames_bad"] == 0


def compare_run(device, emulator, stimulus):
    # A device sets registers back after a run, but for what is set behind the last step.
    for register, value in dict(zip(stimulus.change_register, stimulus.change_value, strict=True)).items():
        if register not in (NO_REGISTER, *MOVING):
            stimulus = stimulus.setting(stimulus.steps, int(register), int(value))
    result = device.run(spikes=stimulus, record=("spikes", "v"))
    expected = emulator.run(stimulus)
    np.testing.assert_array_equal(np.nonzero(result.spikes), [expected.event_step, expected.event_index])
    np.testing.assert_array_equal(result.in_units("chip").v.reshape(-1), expected.graded_value)
