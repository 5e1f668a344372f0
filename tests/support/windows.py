"""Learning windows as a device acts by them: many single pairs of spikes at each lag, and the mean of their changes."""

from __future__ import annotations

import neurocorex as ncx
import numpy as np
from neurocorex.learning import Rule
from neurocorex.quantiser.quantise import quantised
from neurocorex.quantiser.report import Report
from neurocorex.spec import Clear, CoreConfig, Region
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Pairs that each synapse makes before its weight is set back.
TOGETHER = 4


def learner(rule: Rule, inputs: int, neurons: int, dt_ms: float = 1.0) -> ncx.Network:
    """Network in which all inputs learn onto all neurons, from weights of 0; no spike is due to a weight."""
    net = ncx.Network(inputs=inputs, neurons=neurons, dt_ms=dt_ms)
    net.connect(net.inputs, net.neurons, 0.0, plastic=True)
    net.neurons.set(threshold=2.0 * inputs, tau_ms=1.0)
    net.learn(rule)
    return net


def measured(
    device: ncx.Device, report: Report, lags: NDArray[np.int64], side: str, *, pairs: int, draws: int = 100
) -> Floats:
    """Mean change of a weight by one pair at each lag, in the units of the network.

    For potentiation each input is given a lag, and all neurons are forced to fire at once; for depression the other way
    round. At least `draws` repetitions make as many draws of each trace, and many more of weights. Traces are cleared
    before each, and weights are set to 0 before every `TOGETHER`, which do not take them to a bound.
    """
    wide, others = (device.inputs, device.neurons) if side == "potentiation" else (device.neurons, device.inputs)
    unit = (1 << report.gain_input) / report.scale
    blank = np.zeros((device.config.axons, device.config.neurons), np.int64)
    runs = -(-max(draws, -(-pairs // others)) // TOGETHER)
    means = []
    for some in np.split(lags, np.arange(wide, len(lags), wide)):
        longest = int(some.max())
        leading = np.zeros((longest + 1, wide), np.bool_)
        leading[longest - some, np.arange(len(some))] = True
        last = np.zeros((longest + 1, others), np.bool_)
        last[longest] = True
        leading, last = (np.tile(each, (TOGETHER, 1)) for each in (leading, last))
        clear = dict.fromkeys(range(0, len(last), longest + 1), Clear.TRACES | Clear.STATE)
        spikes, teacher = (leading, last) if side == "potentiation" else (last, leading)
        total = np.zeros(len(some))
        for _ in range(runs):
            device.write(Region.WEIGHTS, blank)
            device.run(spikes=spikes, teacher=teacher, clear=clear, counters=False)
            changed = device.read(Region.WEIGHTS)[: device.inputs, : device.neurons].astype(np.float64)
            total += (changed.mean(axis=1) if side == "potentiation" else changed.mean(axis=0))[: len(some)]
        means.append(total / (runs * TOGETHER) * unit)
    return np.concatenate(means)


def lags_of(tau_ms: float, side: str) -> NDArray[np.int64]:
    """Lags in steps of 1 ms up to seven time constants: each, or every few of a long window, no more than 64."""
    first = 0 if side == "potentiation" else 1
    return np.arange(first, round(7 * tau_ms) + 1, round(7 * tau_ms) // 60 + 1)


def image_for(rule: Rule, config: CoreConfig) -> tuple[ncx.Image, Report]:
    """Image and report of a `learner` that fills a chip."""
    return quantised(learner(rule, config.inputs, config.neurons), config)
