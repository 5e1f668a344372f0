"""Draws of input spikes by machine code, against those of NumPy and those of one axon at a time."""

from __future__ import annotations

import numpy as np
import pytest
from neurocorex.emulator import draws, machine_code
from neurocorex.events import generator
from neurocorex.spec import fixed


def _rates(axons: int, rate_bits: int) -> np.ndarray:
    """Rates of which half are 0 and one is always."""
    rng = np.random.default_rng(axons * 32 + rate_bits)
    rates = rng.integers(0, 1 << rate_bits, axons) * rng.integers(0, 2, axons)
    rates[axons // 2 : axons // 2 + 1] = (1 << rate_bits) - 1
    return rates


@pytest.mark.parametrize("rate_bits", [4, 8, 16])
@pytest.mark.parametrize("axons", [0, 1, 8, 9, 300])
def test_machine_code_draws_what_numpy_draws(axons: int, rate_bits: int) -> None:
    assert machine_code.load(machine_code.DRAWS) is not None
    rates = _rates(axons, rate_bits)
    for steps in (0, 1, 50):
        step, axon, state = draws.spikes(0x9E3779B9, steps, rates, rate_bits)
        expected = generator.spikes(0x9E3779B9, steps, rates, rate_bits)
        assert state == expected[2]
        assert np.array_equal(step, expected[0])
        assert np.array_equal(axon, expected[1])


def test_an_axon_fires_where_its_draw_is_below_its_rate() -> None:
    rates, state = _rates(20, 8), 77
    step, axon, _ = draws.spikes(state, 40, rates, 8)
    found = []
    for now in range(40):
        found += [(now, a) for a in range(20) if fixed.spikes(fixed.spike_draw(state, a), int(rates[a]), 8)]
        state = fixed.advance(state)
    assert list(zip(step.tolist(), axon.tolist(), strict=True)) == found


def test_draws_go_on_where_the_room_for_spikes_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = np.full(10, 128)
    expected = draws.spikes(5, 100, rates, 8)
    monkeypatch.setattr(draws, "_ROOM", 16)
    step, axon, state = draws.spikes(5, 100, rates, 8)
    assert state == expected[2]
    assert np.array_equal(step, expected[0])
    assert np.array_equal(axon, expected[1])


def test_spikes_are_the_same_where_nothing_can_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = draws.spikes(9, 30, _rates(16, 8), 8)
    monkeypatch.setattr(machine_code, "load", lambda kind: None)
    step, axon, state = draws.spikes(9, 30, _rates(16, 8), 8)
    assert state == expected[2]
    assert np.array_equal(step, expected[0])
    assert np.array_equal(axon, expected[1])
