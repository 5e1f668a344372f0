"""Winners of groups, judgements and silence, against NumPy on known membranes, and case by case."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.emulator import parallel
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, JudgeFlag, Learning, LearningFlag, Region
from neurocorex.spec.registers import NOBODY
from neurocorex.spec.timing import CONTEST_OVERHEAD
from support.emulators import assert_equal, twin

N, G = 12, 3
CONFIG = CoreConfig(neurons=N, inputs=4, lanes=4, learning=Learning.EXPONENTIAL, errors=True, groups=G)
GROUP = [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 1]
JUDGE, IF_WRONG = JudgeFlag.JUDGE, JudgeFlag.JUDGE | JudgeFlag.IF_WRONG
TOP = CONFIG.state_range[1]


def chip(config: CoreConfig = CONFIG, control: dict[Control, int] | None = None, **regions: object) -> Emulator:
    """A chip whose membranes are the currents that are injected, step by step, above thresholds of 10."""
    emulator = Emulator(config)
    usual = {"current_decay": [65535] * N, "decay": [65535] * N, "threshold": [10] * N, "group": GROUP}
    for name, values in (usual | regions).items():
        emulator.write(Region[name.upper()], values)
    for register, value in (control or {}).items():
        emulator.write(Region.CONTROL, [value], register)
    return emulator


def given(*steps: dict[int, int], forced: tuple[int, ...] = ()) -> EventStream:
    """Currents by step and neuron; those of `forced` fire in any case."""
    rows = [(step, j, x, int(j in forced)) for step, row in enumerate(steps) for j, x in sorted(row.items())]
    empty = np.zeros(0, np.int64)
    return EventStream(len(steps), empty, empty, *np.array(rows, np.int64).reshape(-1, 4).T)


# First to fire ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "learning"),
    [*((seed, None) for seed in range(4)), *((4 + learning, learning) for learning in Learning)],
)
def test_first_of_many_steps_are_those_of_numpy(seed: int, learning: Learning | None) -> None:
    """Few values, so that excesses are often the same; the best of a step, then the lowest number."""
    rng = np.random.default_rng(seed)
    threshold, group = rng.integers(-3, 4, N), rng.integers(0, G + 1, N)
    steps = 60
    current = rng.integers(-8, 5, (steps, N))
    forced = rng.random((steps, N)) < 0.04
    cleared = np.flatnonzero(rng.random(steps) < 0.2)
    config = CONFIG if learning is None else replace(CONFIG, learning=learning, errors=False)
    emulator = chip(config, threshold=threshold, group=group)
    step, neuron = np.divmod(np.arange(steps * N), N)
    empty = np.zeros(0, np.int64)
    stream = EventStream(steps, empty, empty, step, neuron, current.ravel(), forced.ravel().astype(np.int64))
    expected = np.full(G + 1, NOBODY)
    for at in range(steps):
        emulator.run(stream.cut(at, at + 1).clearing([0] * (at in cleared), Clear.WINNERS))
        if at in cleared:
            expected[:] = NOBODY
        excess = current[at] - threshold
        fires = (excess > 0) | forced[at]
        for item, members in enumerate([group > 0, *(group == g for g in range(1, G + 1))]):
            candidates = np.flatnonzero(fires & members)
            if expected[item] == NOBODY and candidates.size:
                expected[item] = candidates[excess[candidates].argmax()]
        assert emulator.regions[Region.FIRST].tolist() == expected.tolist()
    assert emulator.counters[Counter.SPIKES] > 20


def test_neurons_of_no_group_never_win_and_the_first_stays() -> None:
    emulator = chip(group=[0] * 10 + [2, 2])
    emulator.run(given({0: 90, 10: 20}, {9: 90, 11: 90, 10: 90}))
    assert emulator.regions[Region.FIRST].tolist() == [10, NOBODY, 10, NOBODY]
    assert emulator.regions[Region.FIRST][0] == 10


def test_excess_is_that_of_the_comparison() -> None:
    """Before a pin and a reset, with h after its decay, and without what this spike adds to it."""
    emulator = chip(
        control={Control.ADAPTATION_DECAY: 1 << 15, Control.ADAPTATION_STEP: 1000}, adaptation=[0, 8, 0],
        refractory_count=[0, 1, 1], reset=[0, 500, -500], flags=[0, Flag.REFRACTORY_HOLD, Flag.REFRACTORY_HOLD],
    )  # fmt: skip
    # Excesses of 16 and 17: 30 - (10 + 4), and 27 - 10.
    emulator.run(given({1: 30, 2: 27}, forced=(1, 2)))
    assert emulator.regions[Region.FIRST][:2].tolist() == [2, 2]


def test_group_above_the_last_is_none() -> None:
    config = replace(CONFIG, groups=2)
    emulator = chip(config, {Control.SILENT: 0b111}, group=[3] * N)
    emulator.run(given({5: 20}))
    assert emulator.counters[Counter.SPIKES] == 1
    assert emulator.regions[Region.FIRST].tolist() == [NOBODY] * 3


@pytest.mark.parametrize("flags", [*Clear, Clear(63)], ids=str)
@pytest.mark.parametrize("by", ["command", "stimulus"])
def test_clear_of_winners_is_a_flag_of_its_own(flags: Clear, by: str) -> None:
    emulator = chip(first=[4, 1, 4, NOBODY], error=[5] * N)
    if by == "command":
        emulator.clear(flags)
    else:
        emulator.run(EventStream(1).clearing(0, flags))
    assert emulator.regions[Region.FIRST].tolist() == ([NOBODY] * 4 if flags & Clear.WINNERS else [4, 1, 4, NOBODY])
    assert emulator.regions[Region.ERROR].any() == (not flags & Clear.ERRORS)


# Silence ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [0, 1, 0b0100, 0b1010, 0b1111])
def test_silent_groups_fire_only_when_they_are_forced_to(silent: int) -> None:
    emulator = chip(control={Control.SILENT: silent}, flags=[Flag.RECORD_SPIKES] * N)
    results = emulator.run(given(dict.fromkeys(range(N), 20), {1: 0, 4: 20}, forced=(1,)))
    fired = [j for j in range(N) if not silent >> GROUP[j] & 1 or j == 1]
    assert results.event_index[results.event_step == 0].tolist() == fired
    assert results.event_index[results.event_step == 1].tolist() == [1, *[4] * (not silent & 0b100)]


# One fires -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_one_fires_is_a_layer_of_winners_as_numpy_has_it(seed: int) -> None:
    """Membranes that integrate, subtract and wait, with few values, so that many tie; at most one of a group fires."""
    rng = np.random.default_rng(seed)
    group, exclusive, period = rng.integers(0, G + 1, N), rng.random(G + 1) < 0.7, rng.integers(0, 3, N)
    config = CONFIG if seed % 2 else replace(CONFIG, learning=Learning.NONE, errors=False, lanes=1)
    emulator = chip(
        config, {Control.ONE_FIRES: int(exclusive @ (1 << np.arange(G + 1)))}, group=group, decay=[0] * N,
        refractory=period, flags=[Flag.RESET_SUBTRACT | Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE] * N,
    )  # fmt: skip
    steps = 80
    current, forced = rng.integers(-2, 8, (steps, N)), rng.random((steps, N)) < 0.05
    step, neuron = np.divmod(np.arange(steps * N), N)
    empty = np.zeros(0, np.int64)
    stream = EventStream(steps, empty, empty, step, neuron, current.ravel(), forced.ravel().astype(np.int64))
    v, left, spikes, membranes, lost = np.zeros(N, int), np.zeros(N, int), [], [], 0
    for at in range(steps):
        v = v + current[at]
        able = (v > 10) & (left == 0) & ~forced[at]
        fires = able | forced[at]
        for g in np.flatnonzero(exclusive):
            rivals = np.flatnonzero(able & (group == g))
            fires[np.delete(rivals, v[rivals].argmax()) if rivals.size else rivals] = False
            lost += max(rivals.size - 1, 0)
            assert (fires & ~forced[at] & (group == g)).sum() <= 1
        left = np.where(fires, period, np.maximum(left - 1, 0))
        v = v - 10 * fires
        spikes += [(at, j) for j in np.flatnonzero(fires)]
        membranes += v.tolist()
    results = emulator.run(stream)
    assert list(zip(results.event_step.tolist(), results.event_index.tolist(), strict=True)) == spikes
    assert results.graded_value.tolist() == membranes
    assert lost > 20


def test_one_fires_of_no_group_is_a_chip_of_today() -> None:
    """Equal in all but the cycles, of which a contest takes as many as its neurons, and a few."""
    stream, n = given(*[dict.fromkeys(range(N), 11 + k) for k in range(8)]), Counter.BUSY_CYCLES
    plain, idle = chip(group=[1, 2, 3] * 4), chip(control={Control.ONE_FIRES: 1}, group=[1, 2, 3] * 4)
    assert idle.run(stream) == plain.run(stream)
    assert idle.counters[n] - plain.counters[n] == 8 * (N + CONTEST_OVERHEAD)
    assert {**idle.counters, n: 0} == {**plain.counters, n: 0}


# Judgements ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "label", "judge", "praised", "blamed"),
    [
        pytest.param([4, 1, 4, 7], 2, JUDGE, 4, None, id="right"),
        pytest.param([4, 1, 4, 7], 2, IF_WRONG, None, None, id="right, praise if wrong"),
        pytest.param([4, 1, 4, 7], 3, JUDGE, 7, 4, id="wrong"),
        pytest.param([4, 1, 4, 7], 3, IF_WRONG, 7, 4, id="wrong, praise if wrong"),
        pytest.param([4, 1, 4, NOBODY], 3, JUDGE, None, 4, id="wrong, and none is right"),
        pytest.param([NOBODY] * 4, 3, JUDGE, None, None, id="none at all"),
        pytest.param([NOBODY, 1, NOBODY, 7], 3, IF_WRONG, 7, None, id="no winner, as a host wrote it"),
        pytest.param([4, 1, 4, 7], 0, JUDGE, None, 4, id="no label"),
        pytest.param([4, 1, 4, 7], 4, JUDGE, None, 4, id="label above the last"),
        pytest.param([4, 1, 4, 7], 31, JUDGE, None, 4, id="highest label"),
        pytest.param([4, 1, 4, 7], 3, 0, None, None, id="no judgement"),
        pytest.param([4, 1, 4, 7], 3, JudgeFlag.IF_WRONG, None, None, id="no judgement, praise if wrong"),
        pytest.param([500, 1, 4, 7], 3, JUDGE, 7, None, id="winner that does not exist"),
    ],
)
@pytest.mark.parametrize("adaptation", [True, False])
def test_judgement_praises_and_blames(
    first: list[int], label: int, judge: int, praised: int | None, blamed: int | None, adaptation: bool
) -> None:
    control = {
        Control.LABEL: label, Control.JUDGE: judge, Control.PRAISE: 300, Control.BLAME: -400 % (1 << 16),
        Control.CONSCIENCE: 70, Control.ADAPTATION_DECAY: 1 << 15,
    }  # fmt: skip
    emulator = chip(replace(CONFIG, adaptation=adaptation), control, first=first, error=[10] * N)
    if adaptation:
        emulator.write(Region.ADAPTATION, [8] * N)
    emulator.run(EventStream(3))
    expected = [10 + 300 * (j == praised) + 400 * (j == blamed) for j in range(N)]
    assert emulator.regions[Region.ERROR].tolist() == expected
    right = first[label] if judge & JUDGE and 1 <= label <= G else None
    raised = [(4 + 70 * (j == right)) // 4 if adaptation else 0 for j in range(N)]  # two decays follow
    assert emulator.regions[Region.ADAPTATION].tolist() == raised
    assert emulator.regions[Region.FIRST].tolist() == first
    assert emulator.regions[Region.CONTROL][Control.JUDGE] == 0


def test_spikes_of_a_judgement_come_after_it() -> None:
    emulator = chip(control={Control.LABEL: 2, Control.PRAISE: 5})
    emulator.run(given({4: 20}, {5: 30}).setting([0, 1], Control.JUDGE, JUDGE))
    assert emulator.regions[Region.FIRST].tolist() == [4, NOBODY, 4, NOBODY]
    assert emulator.regions[Region.ERROR].tolist() == [0, 0, 0, 0, 5, *[0] * 7]


@pytest.mark.parametrize(
    ("value", "amount", "end"), [(32000, 800, 32767), (-32000, -800, -32768), (-9, -32768, -32768)]
)
def test_praise_saturates_and_counts_once(value: int, amount: int, end: int) -> None:
    emulator = chip(control={Control.LABEL: 2, Control.PRAISE: amount % (1 << 16), Control.JUDGE: JUDGE})
    emulator.write(Region.FIRST, [4, NOBODY, 4])
    emulator.write(Region.ERROR, [value] * N)
    emulator.run(EventStream(40))
    assert emulator.regions[Region.ERROR].tolist() == [end if j == 4 else value for j in range(N)]
    assert emulator.counters[Counter.SATURATIONS] == 1


def test_conscience_and_a_spike_raise_a_threshold_by_one_sum() -> None:
    control = {
        Control.LABEL: 2, Control.JUDGE: JUDGE, Control.CONSCIENCE: 9, Control.ADAPTATION_STEP: 5,
    }  # fmt: skip
    for start, end, clamps in ((0, 14, 0), (TOP - 14, TOP, 0), (TOP - 13, TOP, 1), (TOP, TOP, 1)):
        emulator = chip(control=control, first=[4, NOBODY, 4], adaptation=[0] * 4 + [start])
        emulator.run(given({4: 20}, *[{}] * 40, forced=(4,)))
        assert emulator.regions[Region.ADAPTATION][4] == end
        assert emulator.counters[Counter.SATURATIONS] == clamps


def test_lesson_in_the_step_of_a_judgement_learns_from_it() -> None:
    control = {
        Control.LEARNING: LearningFlag.ENABLE | LearningFlag.ERRORS, Control.POTENTIATION: 4096, Control.GATE: 0xFFFF,
        Control.MODULATION: 256, Control.WEIGHT_MIN: -128, Control.WEIGHT_MAX: 127, Control.LABEL: 3,
        Control.PRAISE: 64, Control.BLAME: 32, Control.JUDGE: JUDGE, Control.LEARN: 1,
    }  # fmt: skip
    emulator = chip(
        control=control, first=[4, NOBODY, 4, 7], pre_trace=[4095] * CONFIG.axons, plastic=[1] * (CONFIG.axons * N)
    )
    emulator.run(EventStream(1))
    changed = emulator.regions[Region.WEIGHTS][0].tolist()
    assert changed == [0, 0, 0, 0, -2, 0, 0, 4, 0, 0, 0, 0]
    assert not emulator.regions[Region.ERROR].any()


def test_judgement_is_the_first_step_after_it_is_set() -> None:
    """In the long silence that is skipped, and carried over to the next run: each time it happens once."""
    for steps, at in ((1, 0), (5000, 0), (5000, 2222), (5000, 4999), (40, 40)):
        emulator = chip(control={Control.LABEL: 2, Control.PRAISE: 5, Control.CONSCIENCE: 3}, first=[4, NOBODY, 4])
        emulator.run(EventStream(steps).setting(at, Control.JUDGE, JUDGE))
        emulator.run(EventStream(1000))
        assert emulator.regions[Region.ERROR].sum() == emulator.regions[Region.ERROR][4] == 5
        assert emulator.regions[Region.ADAPTATION][4] == 3
        assert emulator.regions[Region.CONTROL][Control.JUDGE] == 0


# Parts of a chip, and parts of a stimulus ------------------------------------------------------------


def test_neurons_that_sleep_keep_their_items() -> None:
    config = replace(CONFIG, neurons=40)
    emulator = Emulator(config)
    for region, values in (
        (Region.THRESHOLD, [10] * 40), (Region.CURRENT_DECAY, [65535] * 40), (Region.GROUP, [1] * 20 + [2] * 20),
        (Region.IN_USE, [1, 0]), (Region.FIRST, [39, NOBODY, 39, NOBODY]),
    ):  # fmt: skip
        emulator.write(region, values)
    for register, value in ((Control.LABEL, 1), (Control.PRAISE, 5), (Control.BLAME, 6)):
        emulator.write(Region.CONTROL, [value], register)
    emulator.run(given({3: 20}, {}).setting(1, Control.JUDGE, JUDGE))
    assert emulator.regions[Region.FIRST].tolist() == [39, 3, 39, NOBODY]
    assert emulator.regions[Region.ERROR].tolist() == [5 * (j == 3) for j in range(40)]
    emulator.run(EventStream(1).clearing(0, Clear.WINNERS))
    assert emulator.regions[Region.FIRST].tolist() == [NOBODY] * 4


def test_chip_that_makes_no_use_of_groups_computes_what_one_without_them_does() -> None:
    plain, grouped = chip(), chip(group=[0] * N)
    other = Emulator(replace(CONFIG, groups=0))
    for region, values in plain.regions.items():
        if region in other.regions:
            other.write(region, values.reshape(-1)[: other.regions[region].size])
    rng = np.random.default_rng(5)
    stream = given(*({int(j): int(rng.integers(30)) for j in rng.integers(N, size=3)} for _ in range(60)))
    assert grouped.run(stream) == other.run(stream)
    assert grouped.counters == other.counters
    for region in set(other.regions) - {Region.CONTROL}:
        assert np.array_equal(grouped.regions[region], other.regions[region]), region


@pytest.mark.parametrize(("flags", "judge", "parts"), [(Clear.WINNERS, 0, 4), (Clear(0), 0, 1), (Clear.WINNERS, 1, 1)])
def test_samples_side_by_side_have_the_winners_that_they_have_in_turn(
    flags: Clear, judge: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    stream = given(*({int(j): int(rng.integers(30)) for j in rng.integers(N, size=2)} for _ in range(400)))
    for start in (0, 100, 200, 300):
        stream = stream.clearing(start, Clear.STATE | Clear.TRACES | Clear.ADAPTATION | Clear.ERRORS | flags)
    one = chip(control={Control.JUDGE: judge, Control.LABEL: 1, Control.PRAISE: 3}, first=[5, 1, 5, NOBODY])
    many = twin(one)
    one.run(stream)
    monkeypatch.setattr(parallel, "WORKERS", 4)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    assert len(parallel.split(stream, many._memory)) == parts
    many.run(stream)
    assert_equal(one, many)
    assert one.regions[Region.FIRST][0] != NOBODY
