"""The path of a stimulus to the emulator is short: the files that the call stack goes through."""

import sys
from pathlib import Path
from types import FrameType

import neurocorex
from neurocorex.device.device import Device
from support.devices import IMAGE, SPIKES, emulated

PACKAGE = str(Path(neurocorex.__file__).parent)
#: Functions of the emulator that are handed steps of a stimulus and run the first of them.
STEPS = {"walk", "CompiledWalk.walk", "_BoundCode.__call__", "_interpreted.<locals>.bound.<locals>.run"}
#: Files on the way to `Emulator.run`; what it goes through is the emulator's own affair, up to `MOST` in all.
WAY = ["device/running.py", "device/stretch.py", "device/emulated.py", "emulator/emulator.py"]
MOST = 5


def files_on_the_way_to_a_step(device: Device, **arguments) -> list[str]:
    """Files of the package on the call stack, from `Device.run` to the first step."""
    found: list[str] = []

    def look(frame: FrameType | None, event: str, _argument: object) -> None:
        if found or event != "call" or frame is None or frame.f_code.co_qualname not in STEPS:
            return
        while frame is not None and frame.f_code is not Device.run.__code__:
            found.insert(0, frame.f_code.co_filename)
            frame = frame.f_back
        found.insert(0, Device.run.__code__.co_filename)

    sys.setprofile(look)
    try:
        device.run(**arguments)
    finally:
        sys.setprofile(None)
    return [name.removeprefix(f"{PACKAGE}/") for name in dict.fromkeys(found) if name.startswith(PACKAGE)]


def test_stimulus_reaches_the_first_step_through_five_files() -> None:
    with emulated() as device:
        device.load(IMAGE)
        files = files_on_the_way_to_a_step(device, spikes=SPIKES)
    assert files[: len(WAY)] == WAY
    assert len(WAY) < len(files) <= MOST, files
