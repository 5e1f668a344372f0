"""Losses of the weights of an imported graph by rounding, and what they do to the rates of neurons.

The estimate for a neuron: inputs that fire with a probability of `RATE` in a step add the errors of their weights to
its membrane, which keeps them for the time that it needs to decay. The mean and the standard deviation of that sum are
compared with its threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...image import Image
from ...network.network import Network
from ...network.population import named
from ...quantiser.demand import Durations
from ...quantiser.inclusive import as_meant
from ...quantiser.populations import scales_of
from ...spec import Control, Region
from .blueprint import CLOCK, Blueprint, Projection
from .layer import Layer
from .node import Floats
from .options import Options

#: Probability of a spike in a step that the estimate assumes.
RATE = 0.2
#: A membrane adds up errors for at most so many steps.
MEMORY = 64.0
#: Error of a membrane, as a part of the threshold, above which rates are said to change.
NOTICEABLE = 0.05
#: A smaller one is enough where the weights onto a neuron lose so much of their root mean square.
COARSE, FAINT = 0.03, 0.004
#: Ratio of a weight to the median of its neuron beyond which it is an outlier.
OUTLYING = 4.0
#: Ratio of the unit of a neuron's weights to the one that it could have alone, above which that is a remedy.
ALONE = 2.0


@dataclass(frozen=True)
class Loss:
    """Loss of some weights.

    Attributes
    ----------
    count, vanished : int
        Weights that are not 0, and how many of them became 0.
    worst : float
        Largest error of a weight, as a part of that weight.
    rms : float
        Root mean square error, as a part of the root mean square weight.
    """

    count: int
    vanished: int
    worst: float
    rms: float

    def __str__(self) -> str:
        gone = f", {self.vanished} of {self.count} weights became 0" if self.vanished else ""
        return f"{self.rms:.2g} rms{gone}"


class Losses:
    """Weights of a network beside those that its image holds.

    Parameters
    ----------
    blueprint : Blueprint
        Of the graph.
    net : Network
        Made from it.
    image : Image
        Made from the network.

    Attributes
    ----------
    wanted, held : float array [axons, N]
        Weights of the network, and those of the image in the same units, as they are meant.
    thresholds : int array [N]
        Thresholds of the image as they are meant, see `as_meant`.
    """

    def __init__(self, blueprint: Blueprint, net: Network, image: Image) -> None:
        self._blueprint, self._net, self._image = blueprint, net, image
        self._delays = Durations.of(net)
        self.wanted: Floats = np.asarray(net.weights, np.float64)
        self.thresholds, returned = as_meant(net, image)
        self.held = self._on_chip()
        config, unit = image.config, (1 << int(image.regions[Region.CONTROL][Control.GAIN_RECURRENT]))
        for row, neuron in returned:
            extra = row - config.inputs - config.neurons
            place = net.input_count + (neuron if extra < 0 else net.neuron_count + extra)
            self.held[place, neuron] += unit / scales_of(image)[neuron]

    def _on_chip(self) -> Floats:
        """Return the weights of the image in the units of the network."""
        net, config, control = self._net, self._image.config, self._image.regions[Region.CONTROL]
        starts = (0, config.inputs, config.inputs + config.neurons)
        counts = (net.input_count, net.neuron_count, len(net.extra_source))
        gains = (Control.GAIN_INPUT, Control.GAIN_RECURRENT, Control.GAIN_RECURRENT)
        unit = 1 / scales_of(self._image)[: net.neuron_count]
        held = np.empty(self.wanted.shape)
        first = 0
        for start, count, gain in zip(starts, counts, gains, strict=True):
            part = self._image.weights[start : start + count, : net.neuron_count]
            np.multiply(part, np.ldexp(unit, int(control[gain])), out=held[first : first + count])
            first += count
        return held

    def of(self, projections: list[Projection]) -> Loss:
        """Return the loss of the weights of some projections."""
        count = vanished = 0
        worst = energy = lost = 0.0
        for projection in projections:
            block = np.ix_(self._rows(projection), self._columns(projection))
            wanted, held = self.wanted[block], self.held[block]
            used = (wanted != 0) & (projection.weights != 0)
            count, vanished = count + int(used.sum()), vanished + int((used & (held == 0)).sum())
            worst = max(worst, float(np.abs(held[used] / wanted[used] - 1).max(initial=0.0)))
            energy, lost = energy + float((wanted[used] ** 2).sum()), lost + float(((held - wanted)[used] ** 2).sum())
        return Loss(count, vanished, worst, math.sqrt(lost / energy) if energy else 0.0)

    def _columns(self, projection: Projection) -> NDArray[np.intp]:
        return np.arange(self._net.neuron_count)[self._blueprint.places()[projection.target]]

    def _rows(self, projection: Projection) -> NDArray[np.intp]:
        """Return the axon of each neuron of the source that has the delay of a projection."""
        net, axons = self._net, self._blueprint.axons()
        if projection.source in axons:
            source = np.arange(len(net.inputs))[axons[projection.source]]
            late = np.flatnonzero(self._delays.input_delays == projection.steps)
            found = {net.input_source[row]: row for row in late.tolist()}
            return np.array([found.get(each, each) for each in source.tolist()], np.intp)
        source = np.arange(net.neuron_count)[self._blueprint.places()[projection.source]]
        rows = net.input_count + source
        for number, neuron in enumerate(net.extra_source):
            if self._delays.extra_delays[number] == projection.steps and neuron in source:
                rows[source == neuron] = net.input_count + net.neuron_count + number
        own = self._delays.delays[source] == projection.steps
        return np.where(own, net.input_count + source, rows)

    # Effect ------------------------------------------------------------------------------------

    def warnings(self, options: Options) -> list[str]:
        """Return a warning with the remedy for each layer whose neurons fall silent, or change their rates."""
        return [text for layer in self._blueprint.layers.values() if (text := self._warning(layer, options))]

    def _warning(self, layer: Layer, options: Options) -> str:
        columns = np.arange(self._net.neuron_count)[self._blueprint.places()[layer.name]]
        wanted, held = self.wanted[:, columns], self.held[:, columns]
        # Most axons of a large network lead elsewhere.
        leading = wanted.any(axis=1)
        wanted, held = wanted[leading], held[leading]
        errors = held - wanted
        size = np.sqrt((wanted**2).sum(axis=0))
        part = np.sqrt((errors**2).sum(axis=0)) / np.where(size > 0, size, 1.0)
        mute = (wanted > 0).any(axis=0) & ~(held > 0).any(axis=0) & (self._net.parameters["bias"][columns] <= 0)
        moved = self._moved(layer, columns, wanted, errors)
        changed = part > COARSE
        if not layer.silent:
            changed = (moved > NOTICEABLE) | (changed & (moved > FAINT))
        if not changed.any():
            return ""
        used = wanted[:, changed] != 0
        gone = used & (held[:, changed] == 0)
        what = [f"{gone.sum()} of {used.sum()} weights became 0"] if gone.any() else []
        lost = int((mute & changed).sum())
        if lost:
            what.append(f"{lost} {'neuron has' if lost == 1 else 'neurons have'} lost all excitation and cannot fire")
        what.append(
            f"{'membranes' if layer.silent else 'rates'} may change: errors of weights reach {part[changed].max():.0%}"
        )
        who = f"{int(changed.sum())} of {layer.size} neurons of {_title(layer.name)}"
        return f"weights onto {who} are too coarse ({'; '.join(what)}): {self._remedy(columns[changed], options)}"

    def _moved(self, layer: Layer, columns: NDArray[np.intp], wanted: Floats, errors: Floats) -> Floats:
        """Return the estimated error of each membrane, as a part of its threshold, or of what drives it if larger."""
        decay, decay_syn = (np.maximum(lost, 1 / MEMORY) for lost in (layer.decay, layer.decay_syn))
        level = np.abs(self._net.parameters["threshold"][columns].astype(np.float64))
        level = np.maximum(level, np.abs(layer.threshold - layer.reset) * self._blueprint.unit[layer.name])
        sustained, fluctuating = RATE / (decay * decay_syn), np.sqrt(RATE / (decay * (2 - decay))) / decay_syn
        usual = _usual(wanted)
        level = np.maximum(level, fluctuating * np.sqrt((usual**2).sum(axis=0)))
        spread = fluctuating * np.sqrt((errors**2).sum(axis=0))
        mean = sustained * np.abs(errors.sum(axis=0))
        drive = np.maximum(level, sustained * np.abs(usual.sum(axis=0)))
        return np.asarray(np.maximum(mean / np.where(drive > 0, drive, 1.0), spread / np.where(level > 0, level, 1.0)))

    def _remedy(self, columns: NDArray[np.intp], options: Options) -> str:
        """Name the options that help: a unit for each neuron if its own weights would allow a smaller one."""
        config = self._image.config
        largest = np.abs(self.wanted[:, columns]).max(axis=0, initial=0.0)
        unit = np.abs(self.wanted).max(initial=0.0) / config.weight_range[1]
        ways = []
        if options.scaling != "neuron" and (unit > ALONE * largest / config.weight_range[1]).any():
            ways.append('scaling="neuron"')
        if config.weight_bits < 16:
            ways.append("weight_bits=16")
        if not ways:
            ways.append(f"clip the largest weights onto {named(columns.tolist())}, or give a larger scale")
            return ways[0]
        return f"take {' or '.join(ways)}"


def _usual(weights: Floats) -> Floats:
    """Return the weights [axons, neurons] with outliers cut to `OUTLYING` times the median of each neuron."""
    if not len(weights):
        return weights
    sizes = np.sort(np.abs(weights), axis=0)
    middle = len(sizes) - (np.count_nonzero(sizes, axis=0) + 1) // 2
    limit = OUTLYING * sizes[np.minimum(middle, len(sizes) - 1), np.arange(sizes.shape[1])]
    return np.asarray(np.clip(weights, -limit, limit))


def _title(name: str) -> str:
    """Return the name of a layer for people, also if the importer added it."""
    return "the clock" if name == CLOCK else repr(name)
