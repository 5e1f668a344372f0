"""Regions, control registers, counters, and what a chip says of itself."""

from dataclasses import replace

import pytest
from neurocorex.spec import (
    ChipInfo,
    Control,
    CoreConfig,
    Counter,
    Flag,
    Learning,
    LearningFlag,
    Region,
    controls,
    layout,
    regions,
)
from neurocorex.spec.registers import (
    FLAG_BITS,
    LEARNING_FLAG_BITS,
    MAGIC,
    MODEL_COUNTERS,
    NOBODY,
    OTHERS,
    PARAMETERS,
    ROW_FLAGS,
    RULE_ROWS,
    STATE,
    TALLIES,
    TRACES,
    WINNERS,
)
from neurocorex.spec.timing import busy_cycles, row_cycles

CONFIG = CoreConfig(neurons=10, inputs=3, weight_bits=16, state_bits=18, refractory_bits=5, max_delay=16)
LEARNING = CoreConfig(neurons=10, inputs=3, learning=Learning.EXPONENTIAL, trace_bits=11, window_steps=6, extra_axons=3)
ERRORS = replace(LEARNING, errors=True)
RULES = replace(LEARNING, rules=4)
GROUPS = replace(ERRORS, groups=5)
ELIGIBILITY = replace(LEARNING, eligibility=True)
SCALING = replace(LEARNING, scaling=True)
EVERYTHING = replace(
    GROUPS, rules=4, terms=True, eligibility=True, scaling=True, contexts=8, patterns=3, tallies=8, noise=True
)


@pytest.mark.parametrize(
    ("region", "rows", "columns", "item_bytes", "limits"),
    [
        (Region.INFO, 1, len(ChipInfo.WORDS), 4, (0, 2**32 - 1)),
        (Region.CONTROL, 1, len(controls(CONFIG)), 4, (0, 2**32 - 1)),
        (Region.COUNTERS, 1, 2 * len(Counter), 4, (0, 2**32 - 1)),
        (Region.WEIGHTS, 13, 10, 2, (-32768, 32767)),
        (Region.THRESHOLD, 1, 10, 3, (-131072, 131071)),
        (Region.DECAY, 1, 10, 2, (0, 65535)),
        (Region.LEAK, 1, 10, 3, (0, 131071)),
        (Region.REFRACTORY, 1, 10, 1, (0, 31)),
        (Region.DELAY, 1, 10, 1, (0, 31)),
        (Region.FLAGS, 1, 10, 1, (0, 63)),
        (Region.MEMBRANE, 1, 10, 3, (-131072, 131071)),
        (Region.ADAPTATION, 1, 10, 3, (0, 131071)),
        (Region.HISTORY, 1, 10, 2, (0, 65535)),
    ],
)
def test_layouts(region: Region, rows: int, columns: int, item_bytes: int, limits: tuple[int, int]) -> None:
    table = layout(region, CONFIG)
    assert (table.rows, table.columns, table.item_bytes, table.range) == (rows, columns, item_bytes, limits)
    assert table.items == rows * columns


@pytest.mark.parametrize("region", list(Region))
def test_every_region_has_a_layout_of_at_most_four_bytes(region: Region) -> None:
    for config in (CONFIG, LEARNING, CoreConfig(state_bits=24, max_delay=32, refractory_bits=16, weight_bits=16)):
        assert 1 <= layout(region, config).item_bytes <= 4


@pytest.mark.parametrize(
    ("region", "rows", "columns", "limits"),
    [
        (Region.WEIGHTS, 16, 10, (-128, 127)),
        (Region.PLASTIC, 16, 10, (0, 1)),
        (Region.PRE_TABLE, 1, 64, (-32768, 32767)),
        (Region.EXTRA_SOURCE, 1, 3, (0, 15)),
        (Region.EXTRA_DELAY, 1, 3, (0, 31)),
        (Region.PRE_TRACE, 1, 16, (0, 63)),
        (Region.POST_TRACE, 1, 10, (0, 63)),
    ],
)
def test_layouts_of_a_chip_that_learns(region: Region, rows: int, columns: int, limits: tuple[int, int]) -> None:
    table = layout(region, replace(LEARNING, learning=Learning.WINDOW))
    assert (table.rows, table.columns, table.range) == (rows, columns, limits)


def test_chips_have_the_regions_that_they_were_built_with() -> None:
    tables = {Region.PRE_TABLE, Region.POST_TABLE}
    learning = {Region.PLASTIC, Region.PRE_TRACE, Region.POST_TRACE}
    extra = {Region.EXTRA_SOURCE, Region.EXTRA_DELAY}
    errors = {Region.FEEDBACK, Region.ERROR}
    rules = {Region.RULE}
    groups = {Region.GROUP, Region.FIRST}
    eligibility = {Region.ELIGIBILITY}
    contexts = {Region.CONTEXT_BIAS, Region.CONTEXT_GAIN}
    patterns = {Region.RATES}
    tallies = {Region.COUNT, Region.FIRST_STEP, Region.TALLY_STEP} | {Region.MOST, Region.MOST_COUNT}
    more = patterns | tallies | {Region.NOISE}
    rest = rules | groups | eligibility | contexts | more
    assert set(Region) - set(regions(CONFIG)) == tables | learning | extra | errors | rest
    assert set(Region) - set(regions(LEARNING)) == tables | errors | rest
    assert set(Region) - set(regions(replace(LEARNING, learning=Learning.WINDOW))) == errors | rest
    assert set(Region) - set(regions(ERRORS)) == tables | rest
    assert set(Region) - set(regions(GROUPS)) == tables | rules | eligibility | contexts | more
    assert set(Region) - set(regions(RULES)) == tables | errors | groups | eligibility | contexts | more
    assert set(Region) - set(regions(ELIGIBILITY)) == tables | errors | rules | groups | contexts | more
    assert set(Region) - set(regions(replace(CONFIG, contexts=2))) == set(Region) - set(regions(CONFIG)) - contexts
    assert set(Region) - set(regions(replace(CONFIG, patterns=1))) == set(Region) - set(regions(CONFIG)) - patterns
    assert set(Region) - set(regions(replace(CONFIG, tallies=4))) == tables | learning | extra | errors | rest - (
        tallies - {Region.MOST, Region.MOST_COUNT}
    )
    assert set(Region) - set(regions(EVERYTHING)) == tables


def test_layouts_of_a_chip_with_errors() -> None:
    feedback, error = layout(Region.FEEDBACK, ERRORS), layout(Region.ERROR, ERRORS)
    assert (feedback.columns, feedback.range, feedback.item_bytes) == (16, (0, 1), 1)
    assert (error.columns, error.range, error.item_bytes) == (10, (-32768, 32767), 2)
    assert not layout(Region.FEEDBACK, LEARNING).items + layout(Region.ERROR, LEARNING).items


@pytest.mark.parametrize(("rules", "bits"), [(2, 2), (4, 4)])
def test_layout_of_a_chip_with_rules(rules: int, bits: int) -> None:
    rule = layout(Region.RULE, replace(LEARNING, rules=rules))
    assert (rule.columns, rule.bits, rule.range) == (10, bits, (0, rules * rules - 1))


@pytest.mark.parametrize("rules", [1, 2, 4])
@pytest.mark.parametrize("terms", [False, True])
def test_chips_have_the_registers_of_their_rule_rows(rules: int, terms: bool) -> None:
    """The same ones, with the same format, in every row; and none of rows that the chip lacks."""
    config = replace(LEARNING, rules=rules, terms=terms)
    names = [["OFFSET", "PRE_ONLY", "POST_ONLY"]]
    names += [["RULE", "WEIGHT_MIN", "WEIGHT_MAX", "POTENTIATION", "DEPRESSION", *names[0]] for _ in range(rules - 1)]
    expected = {f"{name}_{number}" if number else name for number, row in enumerate(names) for name in row}
    if not terms:
        expected = {name for name in expected if not name.startswith(tuple(names[0]))}
    if rules > 1:
        expected |= {register.name for register in OTHERS.values()}
    before = {register for register in controls(LEARNING) if register.bits(LEARNING)}
    assert {register.name for register in controls(config) if register.bits(config)} - {
        register.name for register in before
    } == expected
    for row in RULE_ROWS[:rules]:
        assert [(each.bits(config), each.signed) for each in row[1:]] == [
            (each.bits(config), each.signed) for each in RULE_ROWS[0][1:]
        ]
        assert row.flags.bits(config) == LEARNING_FLAG_BITS
    assert all(not each.bits(config) for row in RULE_ROWS[rules:] for each in row)


def test_rule_rows_are_the_registers_of_their_names() -> None:
    for number, row in enumerate(RULE_ROWS):
        suffix = f"_{number}" if number else ""
        assert [each.name for each in row[1:]] == [f"{name.upper()}{suffix}" for name in row._fields[1:]]
        assert row.flags.name == (f"RULE{suffix}" if number else "LEARNING")
    assert ROW_FLAGS == LearningFlag.SOFT | LearningFlag.ERRORS


@pytest.mark.parametrize(("groups", "high"), [(1, 1), (3, 3), (5, 7), (16, 31)])
def test_layouts_of_a_chip_with_groups(groups: int, high: int) -> None:
    config = replace(ERRORS, groups=groups)
    group, first = layout(Region.GROUP, config), layout(Region.FIRST, config)
    assert (group.columns, group.range, group.writable) == (10, (0, high), True)
    assert (first.columns, first.range, first.writable) == (groups + 1, (0, NOBODY), True)
    assert not layout(Region.GROUP, ERRORS).items + layout(Region.FIRST, ERRORS).items


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_layout_of_a_chip_with_eligibility(bits: int) -> None:
    config = replace(ELIGIBILITY, weight_bits=bits)
    assert layout(Region.ELIGIBILITY, config) == layout(Region.WEIGHTS, config)
    assert not layout(Region.ELIGIBILITY, LEARNING).items


@pytest.mark.parametrize("contexts", [2, 16])
def test_layout_of_a_chip_with_contexts(contexts: int) -> None:
    config = replace(CONFIG, contexts=contexts)
    bias, gain = layout(Region.CONTEXT_BIAS, config), layout(Region.CONTEXT_GAIN, config)
    assert (bias.rows, bias.columns, bias.range, bias.writable) == (contexts, 10, (-131072, 131071), True)
    assert (gain.rows, gain.columns, gain.range, gain.writable) == (contexts, 10, (0, 4095), True)
    assert 1 << Control.CONTEXT.bits(config) == contexts
    assert not layout(Region.CONTEXT_BIAS, CONFIG).items + Control.CONTEXT.bits(CONFIG)


def test_what_describes_the_chip_is_read_only() -> None:
    assert {region for region in Region if not layout(region, CONFIG).writable} == {Region.INFO, Region.COUNTERS}


def test_adaptation_is_read_only_on_a_chip_without_it() -> None:
    assert not layout(Region.ADAPTATION, CoreConfig(adaptation=False)).writable


def test_regions_are_sorted_into_parameters_and_state() -> None:
    assert {Region.THRESHOLD, Region.DECAY, Region.DELAY, Region.FLAGS} <= set(PARAMETERS)
    assert {Region.MEMBRANE, Region.CURRENT, Region.ADAPTATION, Region.HISTORY, Region.ERROR} <= set(STATE)
    assert set(TRACES) == {Region.PRE_TRACE, Region.POST_TRACE}
    assert set(WINNERS) == {Region.FIRST}
    assert {Region.COUNT, Region.FIRST_STEP} <= set(STATE)
    assert set(TALLIES) == {Region.MOST, Region.MOST_COUNT, Region.TALLY_STEP}
    kinds = (PARAMETERS, STATE, WINNERS, TALLIES, TRACES)
    assert len({region for kind in kinds for region in kind}) == sum(map(len, kinds))


@pytest.mark.parametrize("learning", Learning)
def test_the_number_of_a_register_is_its_item(learning: Learning) -> None:
    assert list(controls(replace(CONFIG, learning=learning))) == list(
        range(len(controls(replace(CONFIG, learning=learning))))
    )


@pytest.mark.parametrize("kind", [Region, Control, Counter])
def test_every_row_says_what_it_means(kind: type[Region] | type[Control] | type[Counter]) -> None:
    for item in kind:
        assert item.row.meaning
        assert kind(int(item)) is item


@pytest.mark.parametrize("row", [*Region, *Control], ids=lambda row: row.name)
def test_tame_values_and_defaults_fit_their_row(row: Region | Control) -> None:
    narrow = replace(EVERYTHING, weight_bits=4, state_bits=16, trace_bits=4, refractory_bits=3)
    for config in (CONFIG, LEARNING, ERRORS, EVERYTHING, narrow, GROUPS, ELIGIBILITY, replace(narrow, groups=1)):
        low, high = (
            layout(row, config).range if isinstance(row, Region) else (-(1 << 31), 1 << row.row.width.bits(config))
        )
        if isinstance(row, Control) and row.signed:
            low, high = -high // 2, high // 2 - 1
        for choice in row.row.tame(config) if row.row.tame else ():
            first, last = choice if isinstance(choice, tuple) else (choice, choice)
            assert low <= first <= last <= high
        default = row.row.default_on(config)
        assert default is None or low <= default <= high


def test_flags_fit_their_region() -> None:
    assert sum(Flag) < 1 << FLAG_BITS
    assert sum(LearningFlag) < 1 << LEARNING_FLAG_BITS


def test_control_widths() -> None:
    assert [control.bits(CONFIG) for control in controls(CONFIG)][:4] == [3, 3, 17, 16]
    assert [control.bits(LEARNING) for control in controls(LEARNING)][:20] == [
        3, 3, 19, 16, 8, 8, 8, 16, 16, 16, 16, 16, 11, 11, 11, 11, 0, 0, 16, 32,
    ]  # fmt: skip
    assert [control.bits(ERRORS) for control in controls(ERRORS)][18:] == [16, 32, 15, 1]
    judge = (Control.JUDGE, Control.LABEL, Control.PRAISE, Control.BLAME, Control.CONSCIENCE, Control.SILENT)
    assert [control.bits(GROUPS) for control in judge] == [2, 5, 16, 16, 19, 6]
    assert not any(control.bits(ERRORS) for control in judge)
    assert [Control.REWARD.bits(ELIGIBILITY), Control.FADE.bits(ELIGIBILITY)] == [16, 4]
    assert not Control.REWARD.bits(ERRORS) + Control.FADE.bits(ERRORS)
    assert [Control.SCALE.bits(SCALING), Control.TARGET.bits(SCALING)] == [3, 19]
    assert Control.SCALE.bits(EVERYTHING) == 8
    assert not Control.SCALE.bits(ELIGIBILITY) + Control.TARGET.bits(ELIGIBILITY)
    # Only weights with windows drift.
    assert Control.DRIFT_STEP.bits(replace(LEARNING, learning=Learning.WINDOW)) == LEARNING.weight_bits


def test_counters_are_of_the_model_or_of_the_wire() -> None:
    assert {Counter.STALL_CYCLES, Counter.FRAMES_GOOD, Counter.FRAMES_BAD} <= set(Counter) - set(MODEL_COUNTERS)
    assert {Counter.STEPS, Counter.SPIKES, Counter.CLIPS_HIGH, Counter.BUSY_CYCLES} <= set(MODEL_COUNTERS)


def test_info_round_trip() -> None:
    info = ChipInfo(config=CONFIG, clock_hz=12_000_000, baud=1_000_000, build_id=0xDEADBEEF)
    words = info.to_words()
    assert words[0] == MAGIC == int.from_bytes(b"NCX1", "little")
    assert ChipInfo.from_words(words) == info


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [(0, 0x12345678, "magic number is 0x12345678"), (1, 99, "version 99"), (5, 0, "neurons must be 1 to 4096")],
    ids=["magic", "version", "geometry"],
)
def test_foreign_chip_is_refused(place: int, value: int, message: str) -> None:
    words = ChipInfo(config=CONFIG, clock_hz=0, baud=0, build_id=0).to_words()
    words[place] = value
    with pytest.raises(ValueError, match=message):
        ChipInfo.from_words(words)


@pytest.mark.parametrize("words", [[], [MAGIC], [MAGIC, 1, 2]])
def test_short_description_is_refused(words: list[int]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ChipInfo.from_words(words)


def test_silent_axons_cost_no_cycles() -> None:
    config = CoreConfig(neurons=96, lanes=16)
    silent = busy_cycles(config, steps=1, arrivals=0)
    assert busy_cycles(config, steps=1, arrivals=5) == silent + 5 * row_cycles(config)
    assert silent <= 96 + 40
    assert row_cycles(config) <= 6
