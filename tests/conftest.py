"""Fixtures of the tests of devices."""

import neurocorex as ncx
import pytest
from support.devices import BOTH, IMAGE, SPIKES, emulated
from support.fakes import WrappedTransport


@pytest.fixture(params=[None, WrappedTransport], ids=["in process", "by wire"])
def device(request: pytest.FixtureRequest):
    with emulated(request.param) as device:
        device.load(IMAGE)
        yield device


@pytest.fixture(scope="session")
def reference() -> ncx.Result:
    """What the network does when nothing is in the way."""
    with emulated() as device:
        device.load(IMAGE)
        return device.run(spikes=SPIKES, record=BOTH)
