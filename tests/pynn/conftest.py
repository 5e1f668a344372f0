"""Backend of PyNN, set up for a test and released after it."""

import neurocorex.pynn as backend
import pytest


@pytest.fixture
def sim():
    """The backend with steps of 0.1 ms."""
    backend.setup(timestep=0.1)
    yield backend
    backend.simulator.state.clear()
