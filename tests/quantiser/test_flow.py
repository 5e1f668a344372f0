"""Data flow down from `Device.load` to the image: few files, each entered from one other file only."""

import sys
from pathlib import Path

import neurocorex as ncx
import pytest

ROOM = Path(ncx.__file__).parent
#: Files that a network passes below the room of devices, in this order. The tables of `spec` are looked up everywhere
#: and do not count, nor does the report, which is made of the image, nor the lock of a device and the bar of its
#: progress, which get no network.
FILES = [
    "quantiser/quantise.py",
    "quantiser/demand.py",
    "network/data.py",
    "quantiser/scale.py",
    "quantiser/assembly.py",
    "quantiser/rounding.py",
    "image/image.py",
]


def entered(call):
    """Call something; return (file, file that it was entered from) for every entry, up to the image."""
    entries, done = [], False

    def profile(frame, event, _):
        nonlocal done
        path = Path(frame.f_code.co_filename)
        if event != "call" or done or not path.is_relative_to(ROOM):
            return
        caller = frame.f_back
        while caller and not Path(caller.f_code.co_filename).is_relative_to(ROOM):
            caller = caller.f_back
        name = path.relative_to(ROOM).as_posix()
        before = Path(caller.f_code.co_filename).relative_to(ROOM).as_posix() if caller else None
        if name != before and not name.startswith(("spec/", "device/turn.py", "progress.py")):
            entries.append((name, before))
        done = name == "image/image.py"

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return entries


@pytest.fixture
def net():
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, 0.5)
    net.connect(net.neurons, net.neurons, -0.1)
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    return net


def test_a_network_passes_eight_files_on_its_way_to_the_image(net):
    with ncx.open("emulator") as device:
        entries = entered(lambda: device.load(net))
    files = list(dict.fromkeys(name for name, _ in entries))
    assert [name for name in files if not name.startswith("device/")] == FILES
    assert len(files) <= 8


def test_no_file_is_entered_from_two_others(net):
    doors = {}
    for name, before in entered(lambda: ncx.quantise(net)):
        doors.setdefault(name, set()).add(before)
    assert all(len(callers) == 1 for callers in doors.values()), doors
