"""Fixtures of several rooms: devices, and the command line."""

import signal

import neurocorex as ncx
import pytest
from neurocorex.cli import main
from neurocorex.quantiser import notice
from support.devices import BOTH, IMAGE, SPIKES, emulated
from support.fakes import WrappedTransport

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts background jobs so, and whatever the tests start would never be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture
def invoke(capsys):
    """Runs the command line in this process; returns its exit code, output and errors."""

    def run(*words):
        code = 0
        try:
            main([str(word) for word in words])
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.fixture(autouse=True)
def untold():
    """Warnings are told once in a process; every test is told anew."""
    notice.forget()
