"""Numbers of the neurons and axons of a network or an image, as floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...events.delayline import DelayLine
from ...image import Image
from ...network.network import Network
from ...quantiser.demand import Durations
from ...quantiser.inputs import image_line, line_of
from ...quantiser.populations import scales_of
from ...spec import Control, Region
from ...spec.fixed import DECAY_ALL, DECAY_BITS
from .node import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Neurons and axons of a network in its units, or of an image in units of the chip.

    Attributes
    ----------
    inputs : int
        Number of input axons, which are the first rows of `weights`; the axons of neurons and extra axons follow.
    line : DelayLine
        Input and delay of each input axon.
    weights : float array [axons, N]
        Weights, with their gain.
    decay, decay_syn, threshold, reset, bias : float array [N]
        Parameters.
    delays : int array [N]
        Steps from spike to arrival; 0 for an axon that is silent.
    extra_source, extra_delays : int array [E]
        Neuron and delay of each extra axon. A neuron that does not exist stands for none.
    scales : float array [N]
        Units of the chip per unit of these numbers.
    quantum : float
        Distance of two weights between neurons; 0 in floats.
    """

    inputs: int
    line: DelayLine
    weights: Floats
    decay: Floats
    decay_syn: Floats
    threshold: Floats
    reset: Floats
    bias: Floats
    delays: Ints
    extra_source: Ints
    extra_delays: Ints
    scales: Floats
    quantum: float = 0.0

    @classmethod
    def of_network(cls, net: Network, image: Image) -> Cells:
        """Read a network in floats, and its scales from the image that was made from it."""
        times = Durations.of(net)
        names = ("decay", "decay_syn", "threshold", "reset", "bias")
        decay, decay_syn, threshold, reset, bias = (net.parameters[name].astype(np.float64) for name in names)
        return cls(
            net.input_count, line_of(net) or _straight(net.input_count), net.weights.astype(np.float64), decay,
            decay_syn, threshold, reset, bias, times.delays,
            np.asarray(net.extra_source, np.int64), times.extra_delays, scales_of(image)[: net.neuron_count],
        )  # fmt: skip

    @classmethod
    def of_image(cls, image: Image) -> Cells:
        """Read an image in units of the chip."""
        regions, config = image.regions, image.config
        control = regions[Region.CONTROL]
        gains = np.full(config.axons, int(control[Control.GAIN_RECURRENT]))
        gains[: config.inputs] = int(control[Control.GAIN_INPUT])
        decays = (regions[region] for region in (Region.DECAY, Region.CURRENT_DECAY))
        decay, decay_syn = (np.where(units == DECAY_ALL, 1.0, units / (1 << DECAY_BITS)) for units in decays)
        threshold, reset, bias = (
            regions[region].astype(np.float64) for region in (Region.THRESHOLD, Region.RESET, Region.BIAS)
        )
        none = np.zeros(0, np.int64)
        source, delays = (
            np.asarray(regions.get(region, none), np.int64) for region in (Region.EXTRA_SOURCE, Region.EXTRA_DELAY)
        )
        return cls(
            config.inputs, image_line(image) or _straight(config.inputs),
            np.ldexp(image.weights.astype(np.float64), gains[:, None]), decay, decay_syn, threshold,
            reset, bias, regions[Region.DELAY].astype(np.int64), source, delays, np.ones(config.neurons),
            float(1 << int(control[Control.GAIN_RECURRENT])),
        )  # fmt: skip

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.decay.size

    def input_rounds(self) -> list[tuple[Ints, Ints, NDArray[np.bool_]]]:
        """Return rows and delays [inputs] of the own axon of each input, then of its first, second, ... further one.

        The last array tells which inputs have such an axon.
        """
        line, found = self.line, list[tuple[Ints, Ints, NDArray[np.bool_]]]()
        nth = np.zeros(line.inputs, np.int64)
        for row, (source, delay) in enumerate(zip(line.source.tolist(), line.delay.tolist(), strict=True)):
            if nth[source] == len(found):
                empty = np.zeros(line.inputs, np.int64)
                found.append((empty, empty.copy(), empty.astype(np.bool_)))
            rows, delays, has = found[nth[source]]
            rows[source], delays[source], has[source] = row, delay, True
            nth[source] += 1
        return found

    def rounds(self) -> list[tuple[Ints, Ints]]:
        """Return rows and delays [N] of the own axon of each neuron, then of its first, second, ... extra axon.

        Where a neuron has no such axon, or a silent one, the delay is 0.
        """
        found = [(self.inputs + np.arange(self.neurons), self.delays)]
        used = np.ones(self.neurons, np.int64)
        for extra, (source, delay) in enumerate(zip(self.extra_source, self.extra_delays, strict=True)):
            if source >= self.neurons:
                continue
            if used[source] == len(found):
                found.append((np.zeros(self.neurons, np.int64), np.zeros(self.neurons, np.int64)))
            rows, delays = found[used[source]]
            rows[source], delays[source] = self.inputs + self.neurons + extra, delay
            used[source] += 1
        return found


def _straight(inputs: int) -> DelayLine:
    """Return the delay line of inputs without delays."""
    return DelayLine(inputs, np.arange(inputs), np.zeros(inputs, np.int64))
