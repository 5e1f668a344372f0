"""Ctrl-C between any two lines of a run leaves a known state, or a chip that says it has none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import neurocorex
import pytest
from neurocorex.device import emulated as emulated_chip
from neurocorex.device.chip import Chip
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import StateLostError
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Flag, Region, layout
from support.devices import IMAGE
from support.fakes import SMALL, random_spikes

STEPS = 120
STIMULUS = EventStream.from_dense(random_spikes(STEPS, SMALL.inputs, seed=3))
FLAGS = IMAGE.regions[Region.FLAGS] | int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)
WRITABLE = {region: values for region, values in IMAGE.regions.items() if layout(region, SMALL).writable}
ROOMS = tuple(str(Path(neurocorex.__file__).parent / room) for room in ("wire", "device", "emulator"))
CHIPS: dict[str, Callable[[], Chip]] = {
    "in process": lambda: EmulatedChip(SMALL),
    "by wire": lambda: WiredChip(VirtualTransport(SMALL)),
}


@contextmanager
def interrupted_at(line: int) -> Iterator[list[int]]:
    """Raise KeyboardInterrupt before the n-th line of the library that is executed; yields the lines so far."""
    count = [0]

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(ROOMS):
            return None
        if event == "line":
            count[0] += 1
            if count[0] == line:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(before)


def loaded(kind: str) -> Chip:
    chip = CHIPS[kind]()
    chip.write({**WRITABLE, Region.FLAGS: FLAGS}, clear=Clear.STATE | Clear.COUNTERS)
    return chip


def steps_of(chip: Chip) -> int:
    return int(chip.read(Region.COUNTERS)[Region.COUNTERS][0])


@pytest.mark.parametrize("kind", CHIPS)
def test_interrupt_between_any_two_lines_leaves_a_known_state_or_says_so(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulated_chip, "PIECE_UPDATES", 20 * SMALL.neurons)
    whole: list[EventStream] = []
    chip = loaded(kind)
    with interrupted_at(0) as lines:
        chip.run(STIMULUS, whole.append)
    expected = EventStream.join(whole)
    settled = torn = 0
    for line in range(1, lines[0], max(lines[0] // 150, 1)):
        chip, taken = loaded(kind), list[EventStream]()
        try:
            with interrupted_at(line):
                chip.run(STIMULUS, taken.append)
        except KeyboardInterrupt:
            pass
        done = sum(results.steps for results in taken)
        came = EventStream.join([EventStream(0), *taken])
        # STOP ends a step of which only a part has arrived, see docs/protocol.md; then the chip is not settled.
        assert came.cut(0, done - 1) == expected.cut(0, done - 1), line
        if not chip.settled:
            torn += 1
            continue
        try:
            assert steps_of(chip) == done, line
        except StateLostError:
            torn += 1
            continue
        settled += 1
        assert came == expected.cut(0, done), line
        rest: list[EventStream] = []
        chip.run(STIMULUS.cut(done, STEPS), rest.append)
        assert EventStream.join([*taken, *rest]) == expected, line
    assert settled
    assert settled + torn > 100
