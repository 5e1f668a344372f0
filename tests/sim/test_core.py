"""The exported Verilog of the core equals the emulator, bit for bit, on two simulators."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.codec import NO_REGISTER
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Learning, LearningFlag, layout
from neurocorex.spec.registers import GATE_ALL, MODEL_COUNTERS
from neurocorex_sim.benches.core import DIGEST
from neurocorex_sim.export import core_verilog
from neurocorex_sim.runner import run_bench
from support.samples import more_with_long

PLAIN = {
    "default_widths": CoreConfig(neurons=24, inputs=12, lanes=8),
    "narrowest": CoreConfig(
        neurons=9, inputs=6, lanes=1, weight_bits=4, state_bits=16, refractory_bits=1, max_delay=1, adaptation=False
    ),
    "widest": CoreConfig(
        neurons=19, inputs=9, lanes=4, weight_bits=16, state_bits=24, refractory_bits=16, max_delay=32
    ),
    "one_row_in_one_word": CoreConfig(neurons=16, inputs=5, lanes=16, weight_bits=4, state_bits=19, max_delay=7),
    "more_lanes_than_neurons": CoreConfig(neurons=5, inputs=20, lanes=16, state_bits=17, max_delay=2),
    "weights_wide_as_state": CoreConfig(neurons=12, inputs=8, lanes=2, weight_bits=16, state_bits=16, adaptation=False),
    "single_neuron": CoreConfig(neurons=1, inputs=1, lanes=1, max_delay=3, extra_axons=2),
}
#: Chips that learn; each is built with other lanes too.
EXPONENTIAL = CoreConfig(
    neurons=6, inputs=4, extra_axons=2, lanes=4, state_bits=18, max_delay=4, learning=Learning.EXPONENTIAL,
    soft_bounds=True,
)  # fmt: skip
WINDOW = replace(EXPONENTIAL, weight_bits=4, learning=Learning.WINDOW, window_steps=3, adaptation=False)
NARROW = replace(EXPONENTIAL, weight_bits=4, weight_ports=1, trace_bits=4, extra_axons=0, soft_bounds=False, lanes=2)
WIDE = replace(EXPONENTIAL, weight_bits=16, state_bits=24, learning=Learning.WINDOW, window_steps=5, lanes=8)
LEARNING = {"exponential": EXPONENTIAL, "window": WINDOW, "narrow": NARROW, "wide": WIDE}

ON, CHANCE, SOFT = LearningFlag.ENABLE, LearningFlag.STOCHASTIC, LearningFlag.SOFT
NEAREST = LearningFlag.NEAREST_PRE | LearningFlag.NEAREST_POST
#: What the networks of a chip that learns have in common, one after the other; everything else is drawn.
RULES = {
    "all_pairs": {Control.LEARNING: ON, Control.DRIFT_STEP: 0},
    "nearest_pairs_by_chance": {Control.LEARNING: ON | CHANCE | NEAREST},
    "soft": {Control.LEARNING: ON | SOFT, Control.DRIFT_STEP: 0},
    "soft_by_chance": {Control.LEARNING: ON | SOFT | CHANCE | LearningFlag.NEAREST_PRE},
    "steady_drift": {Control.LEARNING: ON, Control.DRIFT_STEP: -1},
    "held": {Control.LEARNING: ON | CHANCE | LearningFlag.HOLD_FIRING},
    "frozen_and_thawed": {},
    "anything": {},
}
#: Those of a chip with errors.
ERRORS = replace(EXPONENTIAL, errors=True)
LESSONS = {
    "errors": {Control.LEARNING: ON | LearningFlag.ERRORS, Control.GATE: GATE_ALL},
    "errors_soft_by_chance": {Control.LEARNING: ON | LearningFlag.ERRORS | SOFT | CHANCE},
    "spikes_or_errors": {},
}
#: With groups, judgements come on top.
GROUPS = replace(ERRORS, groups=3)
LESSON_SEED = 304
#: Chips with errors, and with several rules, terms, or groups.
RULED = {
    "errors": ERRORS,
    "rules and terms": replace(ERRORS, rules=4, terms=True, lanes=8),
    "rules, one port": replace(ERRORS, rules=2, weight_ports=1, soft_bounds=False),
    "groups": GROUPS,
    "groups, rules and terms": replace(GROUPS, rules=2, terms=True),
}
STEPS = 16
#: Their networks reach every part of the model, which a test makes sure of.
SEEDS = {"exponential": 657, "window": 344, "narrow": 10120, "wide": 1352}


def settings(config, *, seed, trials, steps, aborts=0, rules=()):
    named = [{register.name: int(value) for register, value in rule.items()} for rule in rules]
    return {
        "config": config.to_dict(), "seed": seed, "trials": trials, "steps": steps, "aborts": aborts, "rules": named,
    }  # fmt: skip


def learning_settings(config, seed, *, steps=STEPS, aborts=0, rules=RULES):
    return settings(config, seed=seed, trials=len(rules), steps=steps, aborts=aborts, rules=rules.values())


def emulated(config, seed, rule):
    """Run a network that a bench draws; return its stimulus and the counters."""
    trial = Trial.random(config, seed, STEPS, fixed=rule)
    emulator = Emulator(config)
    for region, values in trial.image.regions.items():
        if layout(region, config).writable:
            emulator.write(region, values)
    emulator.run(trial.stimulus)
    return trial.stimulus, emulator.counters


@pytest.mark.parametrize("name", LEARNING)
def test_networks_that_learn_reach_every_part_of_the_model(name):
    """What the benches run, on the emulator alone: each rule changes weights, in both directions, into both bounds."""
    config, changed, cleared, forced = LEARNING[name], set(), 0, 0
    total = dict.fromkeys(Counter, 0)
    for number, (rule, registers) in enumerate(RULES.items()):
        stimulus, counters = emulated(config, SEEDS[name] + number, registers)
        assert counters[Counter.POTENTIATIONS] + counters[Counter.DEPRESSIONS] > 5, rule
        total = {counter: count + counters[counter] for counter, count in total.items()}
        changed |= set(stimulus.change_register.tolist())
        cleared |= int(np.bitwise_or.reduce(stimulus.change_value[stimulus.change_register == NO_REGISTER], initial=0))
        forced += int(stimulus.graded_forced.sum())
    never = {Counter.DRIFT_CLIPS if config.learning is Learning.EXPONENTIAL else Counter.FULL_TRACES}
    assert all(total[counter] > 5 for counter in {*MODEL_COUNTERS} - {Counter.REFUSED_EVENTS} - never), total
    assert not any(total[counter] for counter in never)
    assert changed >= {NO_REGISTER, Control.LEARNING, Control.MODULATION, Control.GATE}
    assert cleared & Clear.TRACES
    assert forced > 2


@pytest.mark.parametrize("name", RULED)
def test_networks_that_learn_from_errors_change_in_both_directions(name):
    for number, (rule, registers) in enumerate(LESSONS.items()):
        stimulus, counters = emulated(RULED[name], LESSON_SEED + number, registers)
        assert Control.LEARN in stimulus.change_register
        assert min(counters[Counter.POTENTIATIONS], counters[Counter.DEPRESSIONS]) > 5, rule


def test_networks_with_groups_judge_right_and_wrong():
    labels = set()
    for number, registers in enumerate(LESSONS.values()):
        stimulus, _ = emulated(GROUPS, LESSON_SEED + number, registers)
        assert {Control.JUDGE, Control.LABEL} <= set(stimulus.change_register.tolist())
        labels |= set(stimulus.change_value[stimulus.change_register == Control.LABEL].tolist())
    assert len(labels) > 2


@pytest.mark.slow
@pytest.mark.parametrize("name", more_with_long(RULED, "errors", "rules and terms", "rules, one port", "groups"))
def test_core_that_learns_from_errors_equals_emulator_on_icarus(name, tmp_path):
    given = learning_settings(RULED[name], LESSON_SEED, aborts=8, rules=LESSONS)
    run_bench("core", "core", core_verilog(RULED[name]), simulator="icarus", folder=tmp_path, settings=given)


@pytest.mark.slow
@pytest.mark.parametrize("name", more_with_long(PLAIN, "widest", "one_row_in_one_word", "more_lanes_than_neurons"))
def test_core_equals_emulator_on_icarus(name, tmp_path):
    config = PLAIN[name]
    given = settings(config, seed=10, trials=2, steps=20, aborts=6)
    run_bench("core", "core", core_verilog(config), simulator="icarus", folder=tmp_path, settings=given)


@pytest.mark.slow
@pytest.mark.parametrize("name", more_with_long(["narrow", "wide"], "wide"))
def test_core_that_learns_equals_emulator_on_icarus(name, tmp_path):
    config = LEARNING[name]
    given = learning_settings(config, SEEDS[name], aborts=8)
    run_bench("core", "core", core_verilog(config), simulator="icarus", folder=tmp_path, settings=given)


@pytest.mark.slow
@pytest.mark.parametrize("name", more_with_long(["exponential", "window"], "window"))
def test_lanes_change_no_bit(name, tmp_path):
    seen = set()
    for lanes in (1, 16):
        config, folder = replace(LEARNING[name], lanes=lanes), tmp_path / str(lanes)
        given = learning_settings(config, SEEDS[name])
        run_bench("core", "core", core_verilog(config), simulator="icarus", folder=folder, settings=given)
        seen.add((folder / DIGEST).read_text())
    assert len(seen) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exponential", "window"])
def test_core_that_learns_equals_emulator_on_verilator(name, tmp_path):
    config = LEARNING[name]
    given = learning_settings(config, SEEDS[name] + len(RULES), steps=30, aborts=12)
    run_bench("core", "core", core_verilog(config), simulator="verilator", folder=tmp_path, settings=given)
