"""Fixtures of several rooms: devices, and the command line."""

import os
import signal

import neurocorex as ncx
import pytest
from neurocorex.cli import main
from neurocorex.quantiser import notice
from support.devices import BOTH, IMAGE, SPIKES, emulated
from support.fakes import WrappedTransport

# A shell starts background jobs without SIGINT, and nohup all others without SIGHUP. Whatever the tests start would
# never be interrupted.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if os.name == "posix" and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
