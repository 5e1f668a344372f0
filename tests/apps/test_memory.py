"""Content-addressable memory: what it answers, beside a table on the host that shares no code with it."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.apps import RECALL_STEPS, STORE_STEPS, Find, Memory, Recall, Store
from neurocorex.errors import FitError, InputError


@pytest.fixture
def memory():
    with Memory(5, 10) as made:
        yield made


def bits(*numbers):
    return np.isin(np.arange(10), numbers)


def test_content_is_recalled_by_its_cue(memory):
    memory.store(3, [4, 5, 6, 8])
    assert np.array_equal(memory.recall(3), bits(4, 5, 6, 8))
    assert not memory.recall(2).any()


def test_fragment_finds_cues_that_hold_any_or_all_of_it(memory):
    for cue, content in ((0, [0, 1, 8, 9]), (4, [1, 5, 6]), (3, [4, 5, 6, 8])):
        memory.store(cue, content)
    assert np.flatnonzero(memory.find([0, 4])).tolist() == [0, 3]
    assert np.flatnonzero(memory.find([5, 6, 4], "all")).tolist() == [3]
    assert np.flatnonzero(memory.find(bits(1))).tolist() == [0, 4]


def test_store_returns_and_forgets_the_old_content(memory):
    memory.store(3, [4, 5, 6, 8])
    (old,) = memory.perform([Store(3, [1, 8])])
    assert np.array_equal(old, bits(4, 5, 6, 8))
    assert np.array_equal(memory.recall(3), bits(1, 8))
    assert not memory.find([4, 5, 6]).any()
    memory.forget(3)
    assert not memory.table().any()


def test_store_takes_four_steps_and_recall_two(memory):
    assert (STORE_STEPS, RECALL_STEPS) == (4, 2)
    memory.perform([Store(0, [1]), Recall(0), Find([1])])
    assert len(memory.result.spikes) == STORE_STEPS + 2 * RECALL_STEPS


@pytest.mark.parametrize(("cues", "size", "share"), [(1, 1, 0.5), (5, 10, 0.5), (16, 6, 0.2), (40, 70, 0.9)])
def test_random_operations_are_answered_as_by_a_table(cues, size, share):
    rng = np.random.default_rng(cues)
    held, operations, expected = np.zeros((cues, size), bool), [], []
    for kind in rng.integers(4, size=800):
        cue, fragment = int(rng.integers(cues)), np.unique(rng.integers(size, size=rng.integers(1, 5)))
        if kind == 0:
            content = rng.random(size) < share
            operations.append(Store(cue, content))
            expected.append(held[cue].copy())
            held[cue] = content
        elif kind == 1:
            operations.append(Recall(cue))
            expected.append(held[cue].copy())
        else:
            operations.append(Find(fragment, "any" if kind == 2 else "all"))
            expected.append((held[:, fragment].any if kind == 2 else held[:, fragment].all)(axis=1))
    with Memory(cues, size) as memory:
        first, second = memory.perform(operations[:300]), memory.perform(operations[300:])
        assert all(map(np.array_equal, [*first, *second], expected))
        assert np.array_equal(memory.table(), held)


@pytest.mark.parametrize("weight_bits", [4, 16])
def test_weights_of_any_width_hold_it(weight_bits):
    config = ncx.CoreConfig(neurons=32, inputs=32, weight_bits=weight_bits, learning=ncx.Learning.WINDOW)
    with ncx.open("emulator", config=config) as device:
        memory = Memory(10, 20, device)
        memory.store(7, range(20))
        memory.store(8, [3])
        assert np.flatnonzero(memory.find(range(20), "all")).tolist() == [7]
        assert memory.recall(7).all()


def test_device_that_was_given_stays_open():
    with ncx.open("emulator") as device:
        with Memory(2, 2, device) as memory:
            memory.store(1, [0])
        assert device.weights(units="chip").any()


def test_chip_without_room_is_refused():
    config = ncx.CoreConfig(neurons=16, inputs=16, learning=ncx.Learning.WINDOW)
    with ncx.open("emulator", config=config) as device, pytest.raises(FitError):
        Memory(8, 9, device)


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda memory: memory.recall(5), "cue must be a number from 0 to 4, got 5"),
        (lambda memory: memory.recall(True), "cue must be a number"),
        (lambda memory: memory.store(0, [10]), "numbers of bits from 0 to 9"),
        (lambda memory: memory.store(0, [0.5]), "numbers of bits"),
        (lambda memory: memory.store(0, 3), "numbers of bits"),
        (lambda memory: memory.store(0, [True, False]), r"or bool \[10\]"),
        (lambda memory: memory.find([1], "most"), "match must be 'any' or 'all', got 'most'"),
        (lambda memory: memory.perform(["recall"]), r"such as Recall\(3\), got 'recall'"),
        (lambda memory: Memory(0, 4), "cues must be a number from 1 up, got 0"),
        (lambda memory: Memory(4, 1.5), "bits must be a number from 1 up, got 1.5"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_runs(memory, work, message):
    with pytest.raises(InputError, match=message):
        work(memory)
    assert memory.result is None
    assert not memory.table().any()
