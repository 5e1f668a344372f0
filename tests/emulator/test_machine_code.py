"""Machine code of the kernel: it does what the source says, is given one layout, and comes from where it should."""

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.check.workload import INPUTS, Workload, stimulus
from neurocorex.emulator import machine_code
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.kernel import constants
from neurocorex.emulator.kernel.arguments import Stimulus
from neurocorex.emulator.kernel.block import words
from neurocorex.emulator.machine_code import Kind
from neurocorex.emulator.runner import _BoundCode
from neurocorex.events.stream import EventStream
from neurocorex.spec import Control, CoreConfig, Counter, Learning, LearningFlag
from support.emulators import assert_equal, busy_emulator, interpreted
from support.trials import KINDS, Moment, random_trial

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=100)
STATIC = Kind(wide=False, learns=False, errors=False, rules=False)


@PROPERTY
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(KINDS)), st.integers(0, 60))
def test_machine_code_equals_its_source(seed: int, kind: str, silence: int) -> None:
    trial = random_trial(seed, **KINDS[kind])
    trial.moments += [Moment(set(), {}, set(), [])] * silence
    source = interpreted(trial.emulator)
    assert source.run(trial.stream()) == trial.emulator.run(trial.stream())
    assert_equal(source, trial.emulator)


@pytest.mark.parametrize(
    ("learning", "features"),
    [
        *((each, {}) for each in Learning),
        (Learning.EXPONENTIAL, {"errors": True}),
        (Learning.EXPONENTIAL, {"rules": True}),
        (Learning.EXPONENTIAL, {"errors": True, "rules": True}),
    ],
    ids=str,
)
def test_machine_code_equals_its_source_at_full_width(learning: Learning, features: dict[str, bool]) -> None:
    """With more neurons than vector instructions take at once."""
    emulator = busy_emulator(learning, **features)
    source = interpreted(emulator)
    events = EventStream.from_dense(np.random.default_rng(2).random((30, 64)) < 0.1, clear_steps=[15, 20])
    events = events.setting([5, 13, 29], Control.LEARN, 1).setting(14, Control.LEARNING, LearningFlag.ENABLE)
    assert source.run(events) == emulator.run(events)
    assert_equal(source, emulator)
    assert emulator.counters[Counter.SPIKES] > 100
    assert (emulator.counters[Counter.DEPRESSIONS] > 100) == (learning is not Learning.NONE)


# One layout ------------------------------------------------------------------------------------------


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> set[tuple[object, ...]]:
    """Types and layouts of all that the kernel is given, as it is given them."""
    seen: set[tuple[object, ...]] = set()
    call = _BoundCode.__call__

    def spied(self: _BoundCode, *given_: tuple[np.ndarray, ...]) -> None:
        arrays = [
            array
            for table in (self._core, self._learner, self._feedback, self._rule_rows, self._scratch, *given_[1:])
            for array in table
        ]
        seen.add(tuple((array.dtype.str, array.ndim, array.flags.c_contiguous) for array in arrays))
        call(self, *given_)

    monkeypatch.setattr(_BoundCode, "__call__", spied)
    return seen


@pytest.mark.parametrize("learns", [False, True])
def test_every_way_in_hands_over_one_layout(learns: bool, layouts: set[tuple[object, ...]]) -> None:
    rng = np.random.default_rng(4)
    spikes = rng.random((20, INPUTS)) < 0.1
    currents = rng.integers(-50, 50, (20, 100))
    with ncx.open("emulator") as device:
        device.load(Workload(100, learns).image())
        for given_ in (
            spikes, spikes.astype(np.uint8), np.asfortranarray(spikes), spikes[::2], spikes[:, ::-1],
            np.stack([spikes, spikes]), np.asfortranarray(np.stack([spikes, spikes]).astype(np.uint8)),
            EventStream.from_dense(spikes), EventStream(40, np.arange(40)[::4], np.arange(40, dtype=np.uint8)[::4]),
        ):  # fmt: skip
            device.run(spikes=given_)
        device.run(inject=currents)
        device.run(inject=np.asfortranarray(currents.astype(np.int16)), record=("spikes", "v"))
        device.run(spikes=spikes, teacher=rng.random((20, 100)) < 0.1, record="counts", clear={3: ncx.Clear.STATE})
        snapshot = device.snapshot()
        device.restore(snapshot)
        device.run(steps=30, learning=False if learns else None)
    assert len(layouts) == 1


def test_arrays_of_another_layout_never_reach_machine_code() -> None:
    columns = EventStream(5, [0, 1, 2, 3], [0, 0, 0, 0]).columns
    assert len(words(Stimulus(*columns))) == 2 * len(columns)
    for wrong in (columns[0][::2], columns[0].astype(np.int32)):
        with pytest.raises(TypeError, match="event_index"):
            words(Stimulus(columns[0], wrong, *columns[2:]))


# Once in a process -----------------------------------------------------------------------------------


def test_fresh_devices_share_machine_code_from_their_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    linked, image = [], Workload(256, False).image()
    link = machine_code._linked
    monkeypatch.setattr(machine_code, "_linked", lambda code: linked.append(code) or link(code))
    machine_code.load.cache_clear()
    results = []
    for _ in range(5):
        with ncx.open("emulator") as device:
            device.load(image)
            results.append(device.run(spikes=stimulus(3), record="counts").counts)
    assert len(linked) == 1
    assert machine_code.load(STATIC) is not None
    assert all(np.array_equal(result, results[0]) for result in results)


def test_who_prepares_has_machine_code_before_the_run() -> None:
    machine_code.load.cache_clear()
    emulator = Emulator(CoreConfig(neurons=1, inputs=1))
    emulator.prepare()
    assert machine_code.load.cache_info().currsize == 1
    assert emulator.counters[Counter.STEPS] == 0


# Where it comes from ---------------------------------------------------------------------------------


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bytes:
    """Machine code for `STATIC`; from now on none is there, and to compile takes no time."""
    machine_code.load(STATIC)
    folders = (machine_code.SHIPPED, machine_code.cache_folder())
    code = next(path.read_bytes() for folder in folders if (path := folder / machine_code.file_name(STATIC)).exists())
    monkeypatch.setattr(machine_code, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(machine_code, "compile_kernel", lambda _kind: code)
    machine_code.load.cache_clear()
    yield code
    machine_code.load.cache_clear()


def spikes_of_a_run() -> int:
    emulator = busy_emulator(Learning.NONE)
    emulator.run(EventStream.from_dense(np.random.default_rng(2).random((5, 64)) < 0.3))
    return emulator.counters[Counter.SPIKES]


def test_compiled_code_is_kept(code: bytes, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    with caplog.at_level(logging.INFO):
        machine_code.load(STATIC)
    assert "some ten seconds" in caplog.text
    path = tmp_path / "cache" / "neurocorex" / machine_code.file_name(STATIC)
    assert path.read_bytes() == code


def test_code_of_the_package_is_taken_first(
    code: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_code.SHIPPED.mkdir()
    (machine_code.SHIPPED / machine_code.file_name(STATIC)).write_bytes(code)
    monkeypatch.setattr(machine_code, "compile_kernel", None)
    with caplog.at_level(logging.INFO):
        assert spikes_of_a_run() > 0
    assert not caplog.records


def test_a_folder_that_cannot_be_written_is_said_once_with_the_remedy(
    code: bytes, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file, where a folder should be, which stops root, too")
    runs = {spikes_of_a_run() for _ in range(3)}
    assert len(runs) == 1
    assert runs != {0}
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "NUMBA_CACHE_DIR" in warning.getMessage()
    assert str(tmp_path / "cache") in warning.getMessage()


def test_without_a_compiler_the_source_runs_which_is_said_once(
    code: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = spikes_of_a_run()
    machine_code.load.cache_clear()
    shutil.rmtree(machine_code.cache_folder())

    def fail(*_: object) -> None:
        raise subprocess.SubprocessError("ImportError: no numba here")

    monkeypatch.setattr(machine_code, "compile_kernel", fail)
    assert {spikes_of_a_run() for _ in range(2)} == {expected}
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "no numba here" in warning.getMessage()
    assert "pip install" in warning.getMessage()


def test_without_llvmlite_the_source_runs(
    code: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = spikes_of_a_run()
    machine_code.load.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    monkeypatch.setattr(machine_code, "processor", machine_code.processor.__wrapped__)
    assert {spikes_of_a_run() for _ in range(2)} == {expected}
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_file_that_was_cut_off_is_compiled_anew(code: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = machine_code.cache_folder() / machine_code.file_name(STATIC)
    path.write_bytes(code[:1000])
    assert spikes_of_a_run() > 0
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert path.read_bytes() == code


def test_a_compiler_that_fails_gives_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "llvmlite.py").write_text("raise ImportError('this llvmlite is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(subprocess.SubprocessError, match="this llvmlite is broken"):
        machine_code.compile_kernel(STATIC)


SOURCES = sorted(path.name for path in Path(constants.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", SOURCES)
def test_code_of_another_source_is_not_taken(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = machine_code.digest.__wrapped__()
    folder = shutil.copytree(Path(constants.__file__).parent, tmp_path / "kernel")
    monkeypatch.setattr(constants, "__file__", str(folder / "constants.py"))
    assert machine_code.digest.__wrapped__() == before
    with (folder / name).open("a") as file:
        file.write("#\n")
    assert machine_code.digest.__wrapped__() != before


def test_code_of_another_contract_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine_code.digest.__wrapped__()
    monkeypatch.setattr(constants, "TH", constants.TH + 1)
    assert machine_code.digest.__wrapped__() != before


def test_to_load_machine_code_needs_no_numba() -> None:
    program = (
        "import sys; from neurocorex.emulator.emulator import Emulator; from neurocorex.spec import CoreConfig;"
        "Emulator(CoreConfig(neurons=1, inputs=1)).prepare(); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
