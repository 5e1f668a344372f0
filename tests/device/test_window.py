"""Windows of STDP: what a chip changes on average at each lag, against the law in floats and against its report."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.fpga.boards import BOARDS
from neurocorex.learning import stdp, window_stdp
from neurocorex.spec import CoreConfig, Learning, Region
from support.windows import image_for, lags_of, measured

#: Part of the wanted area that may be missing or too much, by the bits of a trace.
ALLOWED = {6: 0.10, 8: 0.03, 12: 0.01, 16: 0.01}
#: Change at a lag of one step, as a part of the range, by the bits of a weight.
CHANGE = {4: 0.1, 8: 0.02, 16: 0.01}
TAUS = [(5.0, 100.0), (20.0, 20.0), (100.0, 5.0), (16.8, 33.7)]
BUILT = {name: board.config for name, board in BOARDS.items() if board.config.learning is Learning.EXPONENTIAL}


def errors(config, taus):
    """Errors of the areas of both sides: of the chip against the law, and of the report against the chip."""
    change = CHANGE[config.weight_bits]
    rule = stdp(*taus, change, -1.05 * change, bounds=(-1.0, 1.0))
    image, report = image_for(rule, config)
    found = []
    with ncx.open("emulator", config=config) as device:
        device.load(image)
        for side, tau, sign in (("potentiation", taus[0], 1), ("depression", taus[1], -1.05)):
            lags = lags_of(tau, side)
            law = sign * change * np.exp(-(lags - 1) / tau)
            # Traces of few bits vary much from pair to pair.
            acts = measured(device, report, lags, side, pairs=1000, draws=400 if config.trace_bits <= 6 else 100)
            says = getattr(report.window, side)
            told = np.interp(lags, says.lags_ms, says.acting)
            found.append((acts.sum() / law.sum() - 1, told.sum() / acts.sum() - 1))
    return found


def check(config, taus):
    for area, told in errors(config, taus):
        assert abs(area) < ALLOWED[config.trace_bits]
        assert abs(told) < 0.01


@pytest.mark.parametrize("taus", TAUS, ids=lambda taus: "{:g}_{:g}".format(*taus))
@pytest.mark.parametrize("trace_bits", sorted(ALLOWED))
@pytest.mark.parametrize("weight_bits", sorted(CHANGE))
def test_window_has_its_area(trace_bits, weight_bits, taus):
    widths = {"trace_bits": trace_bits, "weight_bits": weight_bits}
    check(CoreConfig(inputs=64, neurons=64, lanes=4, learning=Learning.EXPONENTIAL, **widths), taus)


@pytest.mark.parametrize("board", BUILT)
def test_window_of_a_default_chip_has_its_area(board):
    for taus in TAUS[:2]:
        check(BUILT[board], taus)


@pytest.mark.parametrize("steps", [8, 10, 13, 20])
def test_window_of_many_steps_is_met_at_every_lag(steps):
    rng = np.random.default_rng(steps)
    kernels = rng.uniform(-0.2, 0.2, (2, steps))
    config = CoreConfig(
        inputs=24, neurons=24, lanes=4, weight_bits=16, learning=Learning.WINDOW, window_steps=steps
    )  # fmt: skip
    image, report = image_for(window_stdp(*kernels, bounds=(-1.0, 1.0), stochastic=False), config)
    unit = (1 << report.gain_input) / report.scale
    with ncx.open("emulator", config=config) as device:
        device.load(image)
        for side, first, kernel in (("potentiation", 0, kernels[0]), ("depression", 1, kernels[1])):
            lags = first + np.arange(min(steps + 2, 24 - first))
            acts = measured(device, report, lags, side, pairs=1)
            assert acts == pytest.approx(np.pad(kernel, (0, 2))[: len(lags)], abs=unit)
            told = getattr(report.window, side)
            assert acts[:steps] == pytest.approx(np.array(told.acting), abs=1e-9)


@pytest.mark.parametrize("pairing", ["all", "nearest"])
def test_pairs_are_made_as_the_scheme_says(pairing):
    """Random spikes of one input and one neuron, against a sum over the pairs of the scheme in floats."""
    rng = np.random.default_rng(8)
    rule = stdp(15.0, 25.0, 0.01, -0.012, bounds=(-1.0, 1.0), pairing=pairing, accumulate=20.0)
    config = CoreConfig(inputs=1, neurons=1, lanes=1, learning=Learning.EXPONENTIAL, weight_bits=16, trace_bits=16)
    image, report = image_for(rule, config)
    arrivals, spikes = rng.random((2, 400)) < 0.05
    change = 0.0
    for step in range(400):
        before, after = np.flatnonzero(arrivals[: step + 1]), np.flatnonzero(spikes[:step])
        if pairing == "nearest":
            before, after = before[-1:], after[-1:]
        if arrivals[step]:
            change += (-0.012 * np.exp(-(step - after - 1) / 25)).sum()
        if spikes[step]:
            change += (0.01 * np.exp(-(step - before - 1) / 15)).sum()
    with ncx.open("emulator", config=config) as device:
        device.load(image)
        device.run(spikes=arrivals[:, None], teacher=spikes[:, None])
        got = int(device.read(Region.WEIGHTS)[0, 0]) * (1 << report.gain_input) / report.scale
    assert got == pytest.approx(change, abs=0.002)
