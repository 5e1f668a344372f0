"""Emulators for tests: a busy network of common size, twins, and one that runs the source of the kernel."""

import numpy as np
import pytest
from neurocorex.emulator import machine_code
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Control, CoreConfig, Flag, Learning, LearningFlag, Region
from neurocorex.spec.registers import RULE_ROWS


def twin(emulator: Emulator) -> Emulator:
    """Another emulator in the same state; its counters are zero."""
    other = Emulator(emulator.config)
    for region, held in emulator.regions.items():
        if region is not Region.ADAPTATION or emulator.config.adaptation:
            other.write(region, held)
    return other


def interpreted(emulator: Emulator) -> Emulator:
    """A twin that runs the source of the kernel as plain Python."""
    other = twin(emulator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine_code, "load", lambda _kind: None)
        other.run(EventStream(0))
    return other


def assert_equal(first: Emulator, second: Emulator) -> None:
    assert first.counters == second.counters
    for region, held in first.regions.items():
        assert np.array_equal(held, second.regions[region]), region


def busy_emulator(learning: Learning, *, errors: bool = False, rules: bool = False) -> Emulator:
    """A network of common size that fires and learns all the time; by errors if it has any, by rules that differ."""
    config = CoreConfig(
        neurons=96, inputs=64, learning=learning, errors=errors, rules=4 if rules else 1, terms=rules
    )  # fmt: skip
    emulator = Emulator(config)
    rng = np.random.default_rng(1)
    emulator.write(Region.WEIGHTS, rng.integers(-20, 50, config.axons * 96))
    emulator.write(Region.FLAGS, np.full(96, int(Flag.RECORD_SPIKES)))
    for region, value in ((Region.THRESHOLD, 300), (Region.DECAY, 3000), (Region.CURRENT_DECAY, 65535)):
        emulator.write(region, np.full(96, value))
    emulator.write(Region.DELAY, rng.integers(0, 5, 96))
    if learning:
        emulator.write(Region.PLASTIC, np.ones(config.axons * 96))
        control = [0, 0, 5, 100, 3, -128, 127, 400, -300, 256, 3000, 3000, 900, 900, 4095, 4095, 0, 0, 0xFFFF, 12345]
        emulator.write(Region.CONTROL, control)
    if errors:
        emulator.write(Region.FEEDBACK, rng.integers(0, 2, config.axons))
        emulator.write(Region.CONTROL, [control[Control.LEARNING] | LearningFlag.ERRORS], Control.LEARNING)
    if rules:
        emulator.write(Region.RULE, rng.integers(0, 16, 96))
        for number, row in enumerate(RULE_ROWS[1:], 1):
            held = (number * 32, -100, 90 + number, 300, -200 * number, 300, 128, -200)
            for register, value in zip(row, held, strict=True):
                emulator.write(Region.CONTROL, [value], register)
    if learning is Learning.WINDOW:
        for region, rate in ((Region.PRE_TABLE, 200), (Region.POST_TABLE, -200)):
            emulator.write(region, rng.integers(0, 2, 256) * rate)
    return emulator
