"""Runs of a stimulus that is drawn as it goes: the bits of one run, whatever the blocks, and parts that say so."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import count
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import blocks
from neurocorex.errors import DisconnectedError, FileFormatError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.quantiser.tuning import SCHEDULE
from neurocorex.spec import Control, Region
from neurocorex.spec.registers import MODEL_COUNTERS

INPUTS, STEPS = 16, 300
SPIKES = np.random.default_rng(0).random((STEPS, INPUTS)) < 0.2
EVERYTHING = ("spikes", "v", "first", "winner")
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let blocks be exchanges of some 40 steps."""
    monkeypatch.setattr(blocks, "ENTRIES", INPUTS * 40)


def network() -> ncx.Network:
    net = ncx.Network(inputs=INPUTS, neurons=6)
    weights = np.random.default_rng(1).uniform(0.1, 0.6, (INPUTS, 6))
    net.connect(net.inputs, net.neurons, weights, plastic=True)
    net.connect(net.inputs[:1], net.neurons, 0.3, delay_ms=3.0)
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    net.learn(ncx.learning.stdp(20.0, 20.0, 0.02, -0.025, bounds=(0.0, 1.0), post_rate_hz=300.0))
    return net


def opened(*, by_wire: bool = False) -> ncx.Device:
    device = ncx.open("emulator", by_wire=by_wire)
    device.load(network())
    return device


def parts(length: int, table: np.ndarray = SPIKES) -> Iterator[np.ndarray]:
    return (table[start : start + length] for start in range(0, len(table), length))


def assert_equal(found: ncx.Result, expected: ncx.Result) -> None:
    for field in fields(ncx.Result):
        if field.name not in ("counters", "link"):  # frames are others
            assert np.array_equal(getattr(found, field.name), getattr(expected, field.name)), field.name
    assert found.counters.keys() == expected.counters.keys()
    for counter in MODEL_COUNTERS:
        assert found.counters[counter.name.lower()] == expected.counters[counter.name.lower()], counter


@pytest.mark.parametrize("by_wire", [False, True], ids=["in process", "by wire"])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="plain"),
        pytest.param({"learning": False}, id="frozen"),
        pytest.param({"modulation": {30: 2.0, 210: -1.0}, "snapshot_every": 25}, id="rewards, and weights over time"),
        pytest.param({"clear": {150: 1}, "gate": {60: 3}}, id="cleared on the way, and gated to the end"),
        pytest.param({"writes": {0: [(0, 1, 0.25)], 199: [(2, 3, 0.5)]}}, id="written on the way"),
    ],
)
@pytest.mark.parametrize("length", [13, 100])
def test_blocks_are_one_run(length: int, options: dict[str, Any], by_wire: bool) -> None:
    found, weights, registers = [], [], []
    for spikes in (SPIKES, parts(length)):
        with opened(by_wire=by_wire) as device:
            found.append(device.run(spikes=spikes, record=EVERYTHING, every=7, **options))
            found.append(device.run(spikes=SPIKES[:50]))  # what was on its way arrives
            weights.append(device.weights())
            registers.append(device.read(Region.CONTROL))
    assert found[0].spikes.any()
    assert_equal(found[2], found[0])
    assert_equal(found[3], found[1])
    assert np.array_equal(*weights)
    assert np.array_equal(*registers)


def test_what_a_network_changes_by_itself_comes_in_its_step() -> None:
    image = ncx.quantise(network())[0]
    planned = [[120, int(Control.MODULATION), 0], [150, int(Control.MODULATION), 512]]
    image = replace(image, meta={**image.meta, SCHEDULE: planned})
    results = []
    for spikes in (SPIKES, parts(50)):
        with ncx.open("emulator") as device:
            device.load(image)
            results.append((device.run(spikes=spikes), device.weights(), device.read(Region.CONTROL)))
    assert_equal(results[1][0], results[0][0])
    assert np.array_equal(results[1][1], results[0][1])
    assert np.array_equal(results[1][2], results[0][2])
    assert results[0][2][Control.MODULATION] == 512


def test_blocks_may_be_streams_with_currents_and_forced_spikes() -> None:
    forced = EventStream(
        3, graded_step=np.array([1]), graded_index=np.array([4]), graded_value=np.array([0]),
        graded_forced=np.array([1]),
    )  # fmt: skip
    with opened() as device:
        result = device.run(spikes=iter([forced] * 3))
    assert result.spike_times.tolist() == [1, 4, 7]
    assert result.spike_neurons.tolist() == [4, 4, 4]


def test_an_endless_stimulus_ends_after_the_steps_and_a_short_one_is_followed_by_silence() -> None:
    drawn = []

    def endless() -> Iterator[np.ndarray]:
        for number in count():
            drawn.append(number)
            yield np.roll(SPIKES, number, axis=1)[:40]

    with opened() as device:
        assert device.run(100, endless()).steps == 100
        assert len(drawn) == 3
        device.load(network())
        short = device.run(STEPS, parts(13, SPIKES[:60]), record=EVERYTHING)
        device.load(network())
        assert_equal(short, device.run(STEPS, SPIKES[:60], record=EVERYTHING))
        assert device.run(spikes=iter([])).steps == 0


@pytest.mark.parametrize("by_wire", [False, True], ids=["in process", "by wire"])
def test_ctrl_c_leaves_a_part_that_says_so_and_the_next_run_goes_on(by_wire: bool, tmp_path: Path) -> None:
    def stopping(done: int, _steps: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with opened(by_wire=by_wire) as device:
        before = device.read(Region.CONTROL)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=parts(13), modulation={30: 2.0}, record=EVERYTHING, progress=stopping)
        came = device.interrupted
        after = device.read(Region.CONTROL)
        rest = device.run(spikes=SPIKES[came.steps :], modulation={0: 2.0})
    with opened() as device:
        expected = device.run(spikes=SPIKES, modulation={30: 2.0}, record=EVERYTHING)
    assert came.steps == came.stopped_at
    assert 100 < came.steps < STEPS
    assert after[Control.MODULATION] == before[Control.MODULATION]
    assert np.array_equal(came.v, expected.v[: came.steps])
    assert np.array_equal(np.concatenate([came.spikes, rest.spikes]), expected.spikes)
    assert (expected.stopped_at, rest.stopped_at, came.counters) == (None, None, {})
    assert f"stopped after {came.steps} steps" in repr(came)
    came.save(tmp_path / "part.npz")
    assert ncx.Result.load(tmp_path / "part.npz").stopped_at == came.stopped_at


def test_an_error_of_the_iterator_comes_through_with_what_had_come() -> None:
    def failing() -> Iterator[np.ndarray]:
        yield SPIKES[:40]
        yield SPIKES[40:80]
        raise ZeroDivisionError

    with opened() as device:
        before = device.read(Region.CONTROL)
        with pytest.raises(ZeroDivisionError):
            device.run(spikes=failing(), modulation={5: 3.0})
        assert (device.interrupted.steps, device.interrupted.stopped_at) == (80, 80)
        assert device.read(Region.CONTROL)[Control.MODULATION] == before[Control.MODULATION]
        rest = device.run(spikes=SPIKES[80:])
    with opened() as device:
        whole = device.run(spikes=SPIKES, modulation={5: 3.0, 80: 1.0})
    assert np.array_equal(rest.spikes, whole.spikes[80:])


def until_connected(call: Callable[[], Any]) -> Any:
    """Call again until the line holds."""
    while True:
        try:
            return call()
        except DisconnectedError:
            pass


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_blocks_that_are_cut_off_are_resumed_to_the_end(seed: int) -> None:
    with opened() as device:
        expected = device.run(spikes=SPIKES, record=EVERYTHING, modulation={30: 2.0})
    with ncx.open(f"faulty:emulator?disconnect=0.05&loss=0.02&seed={seed}") as device:
        until_connected(lambda: device.load(network()))
        with pytest.raises(DisconnectedError) as error:
            device.run(spikes=parts(13), record=EVERYTHING, modulation={30: 2.0})
        assert error.value.steps == device.interrupted.steps
        assert_equal(until_connected(device.resume), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"teacher": {3: [1]}}, "take no teacher; forced spikes can be in the blocks"),
        ({"checkpoint": "x", "checkpoint_every": 5}, "take no checkpoint"),
        ({"rates": [0.1] * INPUTS}, "take no rates"),
        ({"seed": 3}, "take no seed"),
        ({"modulation": [1.0] * STEPS}, "modulation is a mapping of steps"),
        ({"inject": np.zeros((STEPS, 6))}, "take no inject"),
        ({"gate": {-1: 2}}, "gate names step -1"),
        ({"modulation": {STEPS: 1.0}}, f"names step {STEPS}, but the stimulus ended after {STEPS}"),
    ],
)  # fmt: skip
def test_what_needs_the_whole_stimulus_is_refused(options: dict[str, Any], message: str) -> None:
    with opened() as device, pytest.raises(InputError, match=message):
        device.run(spikes=parts(13), **options)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (np.zeros((2, 5, INPUTS), bool), "blocks are parts of one trial"),
        (np.zeros((5, INPUTS + 1), bool), "must have shape"),
        (np.full((5, INPUTS), 0.5), "must be 0 or 1"),
        ("spikes", "must be an array of numbers"),
    ],
)
def test_a_block_of_another_shape_is_refused_where_it_comes(block: Any, message: str) -> None:
    with opened() as device:
        with pytest.raises(InputError, match=message):
            device.run(spikes=iter([SPIKES[:50], block]))
        assert device.interrupted.stopped_at == 50


def test_a_file_that_stopped_before_it_began_is_refused(tmp_path: Path) -> None:
    with opened() as device:
        result = device.run(spikes=SPIKES)
    replace(result, stopped_at=-1).save(tmp_path / "result.npz")
    with pytest.raises(FileFormatError, match="stopped_at"):
        ncx.Result.load(tmp_path / "result.npz")
