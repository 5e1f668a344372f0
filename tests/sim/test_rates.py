"""Rates of the simulated chip: found under its own clock on a line that carries less, left in a run, and not missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import neurocorex as ncx
import pytest
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.errors import DeviceWarning
from neurocorex.wire.faults import FaultRates
from neurocorex.wire.faulty import Faults
from neurocorex.wire.process import ProcessTransport
from neurocorex_sim.chip import build_chip
from support.devices import assert_same, emulated
from support.fakes import SMALL, busy_image, random_spikes

IMAGE, SPIKES = busy_image(), random_spikes(60, SMALL.inputs)


@pytest.fixture(scope="module")
def reference() -> ncx.Result:
    with emulated() as device:
        device.load(IMAGE)
        return device.run(spikes=SPIKES, record=("spikes", "v"))


def limited(limit: int) -> tuple[Device, Faults]:
    """Chip of 12 MHz and 1 Mbaud after reset, on a line with a limit."""
    faults = Faults(FaultRates(limit=limit), keeps=True)
    program = build_chip(SMALL, clock_hz=12_000_000)
    transport = faults.open(lambda: ProcessTransport([program]))
    return Device(WiredChip(transport, negotiates=True, timeout_s=5.0)), faults


@pytest.fixture(params=[(9_000_000, 3_000_000), (2_400_000, 2_000_000), (1_000_000, 1_000_000)], ids=str)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Device, int]]:
    limit, baud = request.param
    device, _ = limited(limit)
    with device:
        yield device, baud


def test_fastest_rate_that_the_line_carries_is_found(case: tuple[Device, int], reference: ncx.Result) -> None:
    device, baud = case
    device.load(IMAGE)
    assert_same(device.run(spikes=SPIKES, record=("spikes", "v")), reference)
    for _ in range(2):  # the first one changes what is recorded
        told = device.run(5, counters=False).link
        assert told is not None
        assert (told.baud, told.round_trips, told.waits, told.repeated) == (baud, 1, 0, 0)


def test_line_that_becomes_worse_in_a_run_is_slowed_down(reference: ncx.Result) -> None:
    device, faults = limited(9_000_000)
    with device:
        device.load(IMAGE)
        assert device.link.rate == 3_000_000
        faults.rates = replace(faults.rates, limit=1_600_000)
        faults.requests.is_too_fast = faults.responses.is_too_fast = True
        with pytest.warns(DeviceWarning, match="lost frames at 3000000 baud and goes on at"):
            result = device.run(spikes=SPIKES, record=("spikes", "v"))
        assert_same(result, reference)
        assert device.link.rate <= 2_000_000
