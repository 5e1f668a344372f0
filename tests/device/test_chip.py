"""Chips: what is asked of one, in which order a run does it, and what differs without a line."""

import ast
from pathlib import Path

import neurocorex
import numpy as np
import pytest
from neurocorex.device.chip import Chip, Look, course
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.open import SOFTWARE
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.spec import Control, CoreConfig, Learning, Region
from support.devices import IMAGE, emulated
from support.fakes import SMALL

LEARNS = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL)


@pytest.fixture(
    params=[EmulatedChip, lambda config: WiredChip(VirtualTransport(config))], ids=["in process", "by wire"]
)
def chip(request: pytest.FixtureRequest) -> Chip:
    return request.param(LEARNS)


def test_both_chips_hold_what_was_written_and_clear_it(chip: Chip) -> None:
    bias, membrane = np.arange(5) - 2, np.arange(5) * 3
    chip.write({Region.BIAS: bias, Region.MEMBRANE: membrane})
    held = chip.read(Region.BIAS, Region.MEMBRANE)
    assert (held[Region.BIAS].tolist(), held[Region.MEMBRANE].tolist()) == (bias.tolist(), membrane.tolist())
    assert held[Region.BIAS].dtype == np.int32
    chip.clear(neurocorex.Clear.STATE)
    assert not chip.read(Region.MEMBRANE)[Region.MEMBRANE].any()


def test_both_chips_read_every_region_in_one_shape_and_type() -> None:
    one, other = EmulatedChip(LEARNS), WiredChip(VirtualTransport(LEARNS))
    for region in neurocorex.spec.regions(LEARNS):
        mine, theirs = one.read(region)[region], other.read(region)[region]
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype), region
        if region is not Region.COUNTERS:  # frames are counted only where there are any
            assert np.array_equal(mine, theirs), region


def test_register_holds_the_bits_that_were_written(chip: Chip) -> None:
    chip.set_register(Control.MODULATION, 0xFF80)
    assert chip.read(Region.CONTROL)[Region.CONTROL][Control.MODULATION] == 0xFF80


def test_region_that_a_chip_lacks_is_refused() -> None:
    for chip in (EmulatedChip(SMALL), WiredChip(VirtualTransport(SMALL))):
        with pytest.raises(DeviceError, match=r"no (such )?region"):
            chip.read(Region.PLASTIC)


def test_looks_come_between_the_steps_that_they_name(chip: Chip) -> None:
    chip.write({Region.BIAS: np.ones(5, int), Region.THRESHOLD: np.full(5, 1000), Region.DECAY: np.zeros(5, int)})
    looks = [Look(step, (Region.MEMBRANE, Region.IN_USE)) for step in (0, 3, 3, 7, 100)]
    chip.run(EventStream(7), lambda results: None, looks=looks)
    assert [int(look.contents[Region.MEMBRANE][0]) for look in looks] == [0, 3, 3, 7, 7]


def test_results_come_in_pieces_of_whole_steps(chip: Chip) -> None:
    steps: list[int] = []
    chip.run(EventStream(4001), lambda results: steps.append(results.steps), looks=[Look(1000, (Region.IN_USE,))])
    assert sum(steps) == 4001
    assert 1000 in np.cumsum(steps)


def test_changes_behind_the_last_step_come_last_but_for_looks_behind_it() -> None:
    stimulus = EventStream(6).setting([2, 6], Control.DRIFT, 1)
    at_the_end, behind = Look(6, ()), Look(7, ())
    parts = list(course(stimulus, [at_the_end, behind]))
    assert parts[1] is at_the_end
    assert parts[3] is behind
    assert [part.steps for part in (parts[0], parts[2])] == [6, 0]
    assert [part.change_step.tolist() for part in (parts[0], parts[2])] == [[2], [0]]


def test_emulator_in_this_process_has_no_line_and_no_frames() -> None:
    with emulated() as device:
        device.load(IMAGE, verify=True)
        assert device.run(steps=3).counters["frames_good"] == 0
        with pytest.raises(DeviceError, match="no line that could be examined; open it with by_wire=True"):
            _ = device.link


def test_keyword_that_a_run_does_not_have_is_refused_with_the_nearest(device: Device) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'modulaton'; did you mean 'modulation'"):
        device.run(steps=3, modulaton={0: 1.0})
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'x'$"):
        device.run(steps=3, x=1)


def test_write_of_a_region_that_the_chip_lacks_writes_nothing(device: Device) -> None:
    with pytest.raises(InputError, match="PLASTIC of this chip has shape"):
        device.write(Region.PLASTIC, np.ones((12, 7), int))


def test_only_the_opener_compares_with_names_of_devices() -> None:
    names = {target.name for target in SOFTWARE}
    package = Path(neurocorex.__file__).parent
    for path in package.rglob("*.py"):
        if path == package / "device" / "open.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            parts = (
                [node.left, *node.comparators] if isinstance(node, ast.Compare) else [getattr(node, "pattern", None)]
            )
            told = {leaf.value for part in parts if part for leaf in ast.walk(part) if isinstance(leaf, ast.Constant)}
            assert not told & names, f"{path}:{node.lineno}"
