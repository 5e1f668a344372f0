"""Checkpoints: a run that was cut anywhere and goes on has the same bits as one that never was."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import checkpoint as checkpoints
from neurocorex.device.checkpointfile import load, save
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.weights import WeightTables
from neurocorex.errors import FileFormatError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.image import Image
from neurocorex.wire.transport import Transport
from support.devices import IMAGE as PLAIN
from support.devices import emulated
from support.fakes import DyingTransport, WrappedTransport
from support.longruns import EVERY, SAMPLES, STEPS, assert_equal, lesson, work

IMAGE = lesson()
TOTAL = SAMPLES * STEPS
#: Checkpoints of a whole run: before it, on the way, and behind it.
WRITES = 2 + (TOTAL - 1) // EVERY
WIDER = replace(IMAGE.config, inputs=IMAGE.config.inputs + 3, neurons=IMAGE.config.neurons + 4)

pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")


class CutError(Exception):
    """Something that ends a run, of which the library knows nothing."""


@contextmanager
def loaded(wrapper: Callable[..., Any] | None = None, **options: Any) -> Iterator[Device]:
    with emulated(wrapper, **({"config": IMAGE.config} | options)) as device:
        device.load(IMAGE)
        yield device


@pytest.fixture(scope="module")
def whole() -> tuple[ncx.Result, Image]:
    """Result and snapshot of a run that nothing has cut, and that has kept no checkpoints."""
    with loaded() as device:
        return device.run(**work()), device.snapshot()


@pytest.fixture
def saving(tmp_path: Path) -> dict[str, Any]:
    return {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": EVERY}


def run_until(writes: int, device: Device, saving: dict[str, Any]) -> list[str]:
    """Run, until so many checkpoints are there; return what is added to the error."""
    save, left = checkpoints.save, [writes]

    def saved(*arguments: Any) -> None:
        save(*arguments)
        left[0] -= 1
        if not left[0]:
            raise CutError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoints, "save", saved)
        with pytest.raises(CutError) as cut:
            device.run(**work(), **saving)
    return getattr(cut.value, "__notes__", [])


@pytest.mark.parametrize("wrapper", [None, WrappedTransport], ids=["in process", "by wire"])
@pytest.mark.parametrize("writes", range(1, WRITES + 1))
def test_run_cut_after_any_checkpoint_goes_on_with_the_same_bits(
    writes: int, wrapper: Any, whole: Any, saving: dict[str, Any]
) -> None:
    with loaded(wrapper) as device:
        notes = run_until(writes, device, saving)
    done = min((writes - 1) * EVERY, TOTAL)
    if writes > 1:  # it was cut as the checkpoint was there, and before the run knew of it
        assert f"the first {(writes - 2) * EVERY} of {TOTAL} steps" in notes[0]
    assert load(saving["checkpoint"]).done == done
    with loaded(wrapper) as device:
        result = device.run(**work(), **saving)
        assert_equal(result, whole[0])
        assert device.snapshot() == whole[1]
        if wrapper is None:  # frames cost cycles
            assert result.counters == whole[0].counters


@pytest.mark.parametrize("dies", [2000, 5000, 9000, 14000])
def test_run_goes_on_in_small_pieces_after_each_loss_of_the_device(
    dies: int, whole: Any, saving: dict[str, Any]
) -> None:
    for more in range(40):
        try:
            with emulated(lambda inner, left=dies + 2000 * more: DyingTransport(inner, left), IMAGE.config) as device:
                device.load(IMAGE)
                result = device.run(**work(), **(saving | {"checkpoint_every": 17}))
                break
        except ncx.errors.DisconnectedError:
            continue
    assert_equal(result, whole[0])


@pytest.mark.parametrize("call", [0, 1, 2, 3, 7, 11, 19])
def test_killed_process_leaves_a_good_file(call: int, whole: Any, saving: dict[str, Any], tmp_path: Path) -> None:
    IMAGE.save(tmp_path / "lesson.npz")
    path = Path(sys.modules[work.__module__].__file__ or "")
    words = [sys.executable, str(path), str(saving["checkpoint"]), str(tmp_path / "lesson.npz"), str(call)]
    done = subprocess.run(words, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    with loaded() as device:
        assert_equal(device.run(**work(), **saving), whole[0])
        assert device.snapshot() == whole[1]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (IMAGE.config, WIDER),
        (WIDER, IMAGE.config),
        (WIDER, replace(WIDER, neurons=WIDER.neurons + 2, extra_axons=3)),
    ],
    ids=["on a larger chip", "on a smaller chip", "on another larger chip"],
)
def test_run_goes_on_elsewhere(first: Any, then: Any, whole: Any, saving: dict[str, Any]) -> None:
    with loaded(config=first) as device:
        run_until(3, device, saving)
    with loaded(WrappedTransport, config=then) as device:
        result = device.run(**work(), **saving)
    result.counters["busy_cycles"] = whole[0].counters["busy_cycles"]  # a larger chip takes longer
    assert_equal(result, whole[0])


def test_file_of_a_whole_run_gives_its_result_again(
    whole: Any, saving: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    progress: list[int] = []
    for _ in range(2):
        caplog.clear()
        progress.clear()
        with loaded() as device, caplog.at_level(logging.INFO, "neurocorex"):
            assert_equal(device.run(**work(), **saving, progress=lambda done, _: progress.append(done)), whole[0])
            assert device.snapshot() == whole[1]
            assert device.run(steps=3).counters["steps"] == 3
    assert not progress
    assert "has all 270 steps of the run: nothing is left to run" in caplog.text


def test_where_a_run_goes_on_is_told(saving: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    with loaded() as device:
        run_until(4, device, saving)
    progress: list[tuple[int, int]] = []
    with loaded() as device, caplog.at_level(logging.INFO, "neurocorex"):
        device.run(**work(), **saving, progress=lambda *done: progress.append(done))
    assert f"going on from step 120 of {saving['checkpoint']}" in caplog.text
    assert progress[0][0] > 120
    assert progress[-1] == (TOTAL, TOTAL)


OTHERS = {
    "stimulus: spikes": lambda given: given | {"spikes": given["spikes"] ^ (np.arange(STEPS) == 70)[:, None]},
    "stimulus: currents": lambda given: given | {"inject": -given["inject"]},
    "stimulus: changes": lambda given: given | {"modulation": {41: 0.5}},
    "steps": lambda given: given | {"steps": STEPS + 1},
    "record": lambda given: given | {"record": {"spikes": True, "v": [0, 2]}},
    "snapshot_every": lambda given: given | {"snapshot_every": 31},
    "counters": lambda given: given | {"counters": False},
}


@pytest.mark.parametrize("part", OTHERS)
def test_file_of_another_run_is_refused_by_what_differs(part: str, saving: dict[str, Any]) -> None:
    with loaded() as device:
        device.run(**work(), **saving)
    before = saving["checkpoint"].read_bytes()
    with loaded() as device, pytest.raises(InputError, match=rf"is of another run, which differs in .*{part}"):
        device.run(**OTHERS[part](work()), **saving)
    assert saving["checkpoint"].read_bytes() == before


def test_run_that_begins_from_other_weights_is_another(saving: dict[str, Any]) -> None:
    with loaded() as device:
        device.run(**work(), **saving)
        with pytest.raises(InputError, match=r"network: weights, state: .*load the network first"):
            device.run(**work(), **saving)


def test_state_that_a_run_clears_does_not_matter(saving: dict[str, Any]) -> None:
    for steps in (0, 5):
        with emulated() as device:
            device.load(PLAIN)
            device.run(steps=steps)
            last = device.run(steps=50, clear=True, **saving)
    assert last.counters["steps"] == last.steps == 50
    with emulated() as device:
        device.load(PLAIN)
        device.run(steps=5)
        with pytest.raises(InputError, match=r"differs in state: .*stimulus: changes"):
            device.run(steps=50, **saving)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"checkpoint_every": 10}, "checkpoint_every needs the name of a file, got checkpoint=None"),
        ({"checkpoint": 3, "checkpoint_every": 10}, "got checkpoint=3"),
        ({"checkpoint": "", "checkpoint_every": 10}, "got checkpoint=''"),
        ({"checkpoint": "run.ckpt"}, "a checkpoint needs checkpoint_every, steps from 1 up, got None"),
        ({"checkpoint": "run.ckpt", "checkpoint_every": 0}, "got 0"),
        ({"checkpoint": "run.ckpt", "checkpoint_every": 1.5}, "got 1.5"),
        ({"checkpoint": "run.ckpt", "checkpoint_every": True}, "got True"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, Any], message: str) -> None:
    with loaded() as device, pytest.raises(InputError, match=message):
        device.run(steps=3, **arguments)


@pytest.mark.parametrize("make", [lambda path: IMAGE.save(path), lambda path: path.write_text("notes")])
def test_file_that_is_no_checkpoint_stays(make: Any, saving: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    make(path)
    before = path.read_bytes()
    with loaded() as device, pytest.raises(FileFormatError):
        device.run(steps=10, **(saving | {"checkpoint": path}))
    assert path.read_bytes() == before


def test_place_that_cannot_be_written_is_told_before_the_first_step(tmp_path: Path) -> None:
    with loaded() as device:
        with pytest.raises(FileFormatError, match="cannot write"):
            device.run(steps=10, checkpoint=tmp_path / "none" / "run.ckpt", checkpoint_every=5)
        assert device.counters()["steps"] == 0
        assert device.run(steps=10).steps == 10


def test_results_of_another_run_are_no_results_of_this_one(saving: dict[str, Any]) -> None:
    with loaded() as device:
        device.run(**work(), **saving)
    saved = load(saving["checkpoint"])
    strange = saved.stream().columns
    wrong = EventStream(saved.done, strange[0], strange[1] + 1000, *strange[2:])
    for changed in (
        replace(saved, results=wrong.encode(interleave=True)),
        replace(saved, results=saved.results[:-40]),
        replace(saved, weights=WeightTables(saved.weights.steps, saved.weights.items[:, :2], saved.weights.gains)),
        replace(saved, weights=WeightTables(*(each[:-1] for each in saved.weights))),
    ):
        save(saving["checkpoint"], changed)
        with loaded() as device, pytest.raises(FileFormatError, match=r"is corrupt: .*; delete it, and begin anew"):
            device.run(**work(), **saving)


def test_damaged_files_are_errors_of_files(saving: dict[str, Any]) -> None:
    with loaded() as device:
        device.run(steps=30, **(saving | {"checkpoint_every": 20}))
    path, rng = saving["checkpoint"], np.random.default_rng(5)
    good = path.read_bytes()
    for _ in range(300):
        data = bytearray(good)
        for _ in range(int(rng.integers(1, 4))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        path.write_bytes(bytes(data[: int(rng.integers(len(data)))] if rng.random() < 0.2 else data))
        try:
            load(path).stream()
        except (FileFormatError, InputError):
            continue


class HastyChip(EmulatedChip):
    """Reads what is read on the way of a run at its beginning, as a chip that is stopped does with what it was sent."""

    def run(self, stimulus: EventStream, take: Any, *, flags: Any = None, looks: Any = (), puts: Any = ()) -> None:
        for look in looks:
            look.contents.update(self.read(*look.regions))
        super().run(stimulus, take, flags=flags, puts=puts)


def test_reading_that_came_too_early_is_no_checkpoint(saving: dict[str, Any]) -> None:
    with Device(HastyChip(IMAGE.config)) as device:
        device.load(IMAGE)
        device.run(**work(), **saving)
    assert load(saving["checkpoint"]).done == 0


class InterruptedTransport(WrappedTransport):
    """Ctrl-C comes at one of the reads."""

    def __init__(self, inner: Transport, read: int) -> None:
        super().__init__(inner)
        self.left = read

    def read(self, timeout_s: float) -> bytes:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().read(timeout_s)


@pytest.mark.parametrize("read", range(25, 400, 29))
def test_interrupted_run_leaves_a_good_file(read: int, whole: Any, saving: dict[str, Any]) -> None:
    saving["checkpoint_every"] = 7
    with loaded(lambda inner: InterruptedTransport(inner, 1 << 30)) as device:
        device.link._line.transport.left = read
        notes: list[str] = []
        try:
            assert_equal(device.run(**work(), **saving), whole[0])
        except KeyboardInterrupt as stop:
            if saving["checkpoint"].exists():
                assert load(saving["checkpoint"]).stream().steps == load(saving["checkpoint"]).done
                notes = stop.__notes__
    assert not notes or "the same run goes on from there" in notes[0]
    with loaded() as device:
        assert_equal(device.run(**work(), **saving), whole[0])
        assert device.snapshot() == whole[1]


def test_interrupt_says_that_the_file_is_good(whole: Any, saving: dict[str, Any]) -> None:
    def progress(done: int, _total: int) -> None:
        if done >= 100:
            os.kill(os.getpid(), signal.SIGINT)

    with loaded(WrappedTransport) as device:
        with pytest.raises(KeyboardInterrupt) as stop:
            device.run(**work(), **saving, progress=progress)
        assert "steps: load the network again, and the same run goes on from there" in stop.value.__notes__[0]
        assert device.interrupted is not None
    with loaded() as device:
        assert_equal(device.run(**work(), **saving), whole[0])
