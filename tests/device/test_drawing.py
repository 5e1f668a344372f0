"""Input that is drawn: the same spikes from chips with patterns, over wires and in a process, and from the host."""

from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.encode.generated import rate_items, start_of
from neurocorex.errors import InputError
from neurocorex.events import generator
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import advance, spike_draw, spikes

PLAIN = CoreConfig(neurons=40, inputs=12, rate_bits=8)
DRAWS = CoreConfig(neurons=40, inputs=40, patterns=5, rate_bits=8)
RATES = np.linspace(0, 1, 10)


def network() -> ncx.Network:
    net = ncx.Network(inputs=10, neurons=6)
    out = net.neurons
    out.set(threshold=3.0, decay=0.1)
    net.connect(net.inputs, out, np.arange(60).reshape(10, 6) % 7 - 1.0)
    net.connect(out, out, -1.0)
    return net


def opened(config: CoreConfig, *, by_wire: bool = False) -> ncx.Device:
    device = ncx.open("emulator", config=config, by_wire=by_wire)
    device.load(network())
    return device


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_generated_spikes_are_those_of_the_contract(bits: int) -> None:
    raster = ncx.encode.generated([RATES, RATES[::-1]], 7, seed=3, rate_bits=bits)
    state = start_of(3)
    for sample, rates in zip(raster, (RATES, RATES[::-1]), strict=True):
        items = rate_items(rates, bits).tolist()
        for step in sample:
            assert step.tolist() == [spikes(spike_draw(state, a), p, bits) for a, p in enumerate(items)]
            state = advance(state)


@pytest.mark.parametrize("given", [RATES, np.array([RATES, RATES[::-1], RATES / 3])], ids=["one run", "samples"])
def test_drawn_spikes_are_the_same_wherever_they_are_drawn(given: Any) -> None:
    raster = ncx.encode.generated(given, 30, seed=5)
    expected = opened(PLAIN).run(spikes=raster)
    assert expected.spikes.any()
    for device in (opened(PLAIN), opened(DRAWS), opened(DRAWS, by_wire=True)):
        found = device.run(steps=30, rates=given, seed=5)
        assert np.array_equal(found.spikes, expected.spikes)
        assert found.counters["input_events"] == raster.sum()
        assert not np.array_equal(device.run(steps=30, rates=given, seed=6).spikes, expected.spikes)


def test_host_draws_beside_currents_and_changes_cut_drawn_steps() -> None:
    inject = np.zeros((30, 6))
    inject[3, 2] = 5.0
    with_currents = [opened(chip).run(steps=30, rates=RATES, inject=inject) for chip in (PLAIN, DRAWS)]
    assert np.array_equal(*(each.spikes for each in with_currents))
    cleared = [opened(chip).run(steps=30, rates=RATES, clear={11: 1, 12: 1}) for chip in (PLAIN, DRAWS)]
    assert np.array_equal(*(each.spikes for each in cleared))


def test_patterns_are_played_by_number() -> None:
    for by_wire in (False, True):
        device = opened(DRAWS, by_wire=by_wire)
        patterns = np.array([RATES, RATES[::-1], np.zeros(10), np.ones(10)])
        device.store_patterns(patterns)
        found = device.run(patterns=[3, 1, 2, 1], steps=20, seed=9)
        expected = device.run(rates=patterns[[3, 1, 2, 1]], steps=20, seed=9)
        assert np.array_equal(found.spikes[[0, 1, 3]], expected.spikes[[0, 1, 3]])
        assert not found.spikes[2].any()
        assert found.spikes[0].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rates": [0.1] * 9, "steps": 5}, r"rates must have shape \[10\]"),
        ({"rates": [1.5] * 10, "steps": 5}, "from 0 to 1 spikes per step, got 1.5"),
        ({"rates": [0.1] * 10}, "need steps"),
        ({"rates": [0.1] * 10, "steps": 5, "spikes": np.zeros((5, 10), bool)}, "one of spikes, rates and patterns"),
        ({"rates": [0.1] * 10, "steps": 5, "seed": -1}, "seed must be an integer from 0 up"),
        ({"seed": 3, "steps": 5}, "seed is for input that is drawn"),
        ({"patterns": [5], "steps": 5}, r"6 pattern\(s\) need a chip with as many, this one has 5 patterns"),
        ({"patterns": [-1], "steps": 5}, "from 0 up"),
        ({"patterns": [1], "steps": 5, "inject": np.ones((1, 5, 6))}, "neither inject nor teacher"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    device = opened(DRAWS)
    with pytest.raises(InputError, match=message):
        device.run(**options)


def test_chip_without_patterns_says_what_would_help() -> None:
    device = opened(PLAIN)
    with pytest.raises(InputError, match=r"this one has none: CoreConfig\(patterns=2\)"):
        device.store_patterns([RATES, RATES])
    with pytest.raises(InputError, match="or give rates"):
        device.run(patterns=[1], steps=3)


def test_coarse_rates_are_told() -> None:
    with pytest.warns(UserWarning, match="rounded to 4 bits, which changes the spikes of row 1"):
        ncx.encode.generated([[0.5] * 4, [0.08] * 4], 3, rate_bits=4)


def test_draws_are_independent() -> None:
    """Rates, variances, pairs, lags and diagonals are within the errors of sampling, and so are seeds in a row."""
    axons, steps, probability = 48, 20_000, 0.25
    rasters = [ncx.encode.generated([probability] * axons, steps, seed=seed) for seed in (1, 2)]
    unit = [(each - probability) / np.sqrt(probability * (1 - probability)) for each in rasters]
    for each in unit:
        errors = [each.mean(axis=0) * np.sqrt(steps)]
        pairs = (each.T @ each / np.sqrt(steps))[np.triu_indices(axons, 1)]
        errors.append(pairs)
        errors += [(each[:-lag] * each[lag:]).sum(axis=0) / np.sqrt(steps - lag) for lag in range(1, 51)]
        for shift in (1, 2, 3):
            diagonal = (each[:-shift, :-shift] * each[shift:, shift:]).sum(axis=0)
            errors.append(diagonal / np.sqrt(steps - shift))
        errors.append((unit[0] * unit[1]).sum(axis=0) / np.sqrt(steps))
        found = np.concatenate(errors)
        assert abs(found).max() < 5.5
        assert abs((found**2).mean() - 1) < 5 * np.sqrt(2 / found.size)
        counts = each.sum(axis=1)
        assert abs(counts.var() / axons - 1) < 5 * np.sqrt(2 / steps)


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_even_trains_are_those_of_encode_rate_where_rates_are_exact(bits: int) -> None:
    rates = np.arange((1 << bits) - 1)[:: max(1, 1 << bits >> 7)] / (1 << bits)
    raster = ncx.encode.generated([rates, rates[::-1]], 150, rate_bits=bits, even=True)
    expected = ncx.encode.rate(np.array([rates, rates[::-1]]), 150, phase=0.5)
    assert np.array_equal(raster, expected)
    assert np.array_equal(raster.sum(axis=1)[0], np.floor(150 * rates + 0.5))
    assert ncx.encode.generated([1.0, 0.0], 9, rate_bits=bits, even=True).sum(axis=0).tolist() == [9, 0]


@pytest.mark.parametrize("given", [RATES, np.array([RATES, RATES[::-1], RATES / 3])], ids=["one run", "samples"])
@pytest.mark.parametrize("clear", [None, {4: 1, 11: 12, 17: 5}], ids=["", "cleared"])
def test_even_trains_are_the_same_wherever_they_are_made(given: Any, clear: dict[int, int] | None) -> None:
    rates = np.rint(given * 256) / 256
    raster = ncx.encode.rate(rates, 30, phase=0.5)
    if clear:
        first = raster if raster.ndim == 2 else raster[0]
        first[4:17], first[17:] = first[:13].copy(), first[:13].copy()
    expected = opened(PLAIN).run(spikes=raster, clear=clear)
    assert expected.spikes.any()
    for device in (opened(PLAIN), opened(DRAWS), opened(DRAWS, by_wire=True)):
        device.run(steps=3, rates=rates, seed=8)
        found = device.run(steps=30, rates=rates, even=True, clear=clear)
        assert found.counters["input_events"] == raster.sum()
        if given.ndim > 1:  # without samples state goes on
            assert np.array_equal(found.spikes, expected.spikes)


def test_even_trains_go_on_through_pieces_of_a_long_run_and_are_off_behind_it() -> None:
    rates = np.arange(10) / 256
    raster = ncx.encode.rate(rates, 5000, phase=0.5)
    random = opened(DRAWS).run(steps=50, rates=RATES, seed=4).spikes
    for by_wire in (False, True):
        device = opened(DRAWS, by_wire=by_wire)
        found = device.run(steps=5000, rates=rates[np.newaxis], even=True, record="counts")
        assert found.counters["input_events"] == raster.sum()
        assert np.array_equal(device.run(steps=50, rates=[RATES], seed=4).spikes[0], random)


def test_even_patterns_are_played_by_number() -> None:
    patterns = np.array([RATES, RATES[::-1]])
    for by_wire in (False, True):
        device = opened(DRAWS, by_wire=by_wire)
        device.store_patterns(patterns)
        found = device.run(patterns=[1, 0, 1], steps=20, even=True)
        assert np.array_equal(found.spikes, opened(PLAIN).run(rates=patterns[[1, 0, 1]], steps=20, even=True).spikes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"even": True, "steps": 5}, "even is for input that is drawn"),
        ({"rates": RATES, "even": 1, "steps": 5}, "even is True or False, got 1"),
        ({"rates": RATES, "even": True, "seed": 3, "steps": 5}, "even trains are not random.*seed=3"),
    ],
)
def test_wrong_arguments_of_even_trains_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        opened(DRAWS).run(**options)


@pytest.mark.parametrize("inputs", [1, 2, 7, 8])
@pytest.mark.parametrize("bits", [4, 8, 16])
def test_rates_of_any_width_and_number_reach_the_chip(bits: int, inputs: int) -> None:
    items = np.arange(3, 3 + inputs)
    assert generator.unpacked(generator.packed(items, bits), bits)[:inputs].tolist() == items.tolist()
    chip = CoreConfig(neurons=2, inputs=inputs, patterns=1, rate_bits=bits)
    net = ncx.Network(inputs=inputs, neurons=1)
    with ncx.open("emulator", config=chip, by_wire=True) as device:
        device.load(net)
        rates = items / 2**bits
        found = device.run(rates=rates, steps=60, even=True)
    assert found.counters["input_events"] == np.floor(60 * rates + 0.5).sum()
