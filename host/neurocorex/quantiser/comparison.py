"""Comparison of a network with the image of a chip: every number as wanted and as held, in the units of the network.

Only these two are read, not how one became the other: whether an image is exact follows from what it holds. `held`
compares the learning rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..image import Image
from ..learning import ErrorRule
from ..network.data import NetworkData
from ..spec import Control, Flag, LearningFlag, Region
from ..spec.fixed import CONTEXT_GAIN_ONE, DECAY_ALL, DECAY_BITS
from ..spec.regions import PARAMETERS
from ..spec.rows import Unit
from .contexts import banks
from .demand import Durations
from .difference import Difference, Loss, WeightLoss
from .feedback import error_scale_of
from .held import learned
from .inclusive import as_meant
from .inputs import image_line
from .populations import scales_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Kinds of weights: those of inputs and of neurons that add to currents, and those that add to errors.
INPUT, RECURRENT, FEEDBACK = "input", "recurrent", "feedback"


@dataclass(frozen=True)
class Comparison:
    """Differences between a network and an image.

    Attributes
    ----------
    kinds : dict of Difference
        Largest difference of each kind of number, by name, those that are equal included.
    weights : dict of WeightLoss
        Loss of "input" and "recurrent" weights, and of "feedback" weights if there are any.
    loss : Loss
        Loss of the weights of currents onto each neuron, without those that learn, which may become anything.
    decaying : list of int
        Neurons whose states fade by a fraction, and are rounded to whole units in every step.
    rule : list of str
        Those of `kinds` that are numbers of the learning rule.
    """

    kinds: dict[str, Difference]
    weights: dict[str, WeightLoss]
    loss: Loss = field(repr=False, compare=False)
    decaying: list[int] = field(default_factory=list)
    rule: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, net: NetworkData, image: Image) -> Comparison:
        """Compare every number of a network with what an image for it holds.

        Parameters
        ----------
        net : NetworkData
            The network.
        image : Image
            For a chip of any size: input k of the network is axon k, and neuron k is neuron k.
        """
        sides = _Sides(net, image)
        blocks = {kind: sides.weights(kind) for kind in (INPUT, RECURRENT)}
        fixed = sides.fixed(blocks)
        if net.is_feedback.any():
            blocks[FEEDBACK] = sides.feedback()
        losses = {kind: WeightLoss.of(*block, sides.beyond(kind, block[0])) for kind, block in blocks.items()}
        rule = list(learned(net, image, (sides.steps_of(INPUT), sides.steps_of(RECURRENT))))
        kinds = [
            *(Difference.of(f"{kind} weights", *block) for kind, block in blocks.items()),
            *sides.parameters(), *sides.axons(), *sides.choices(), *sides.adaptation(), *sides.contexts(),
            sides.outside(), *rule,
        ]  # fmt: skip
        return cls(
            {each.name: each for each in kinds},
            losses,
            Loss.of(fixed),
            sides.decaying(),
            [each.name for each in rule],
        )

    @property
    def exact(self) -> bool:
        """Whether the chip holds every number of the network."""
        return not any(each.differing for each in self.kinds.values())

    @property
    def differing(self) -> list[Difference]:
        """Kinds of numbers that differ."""
        return [each for each in self.kinds.values() if each.differing]


class _Sides:
    """Numbers of a network, and of an image in the units of the network."""

    def __init__(self, net: NetworkData, image: Image) -> None:
        self.net, self.image, self.config = net, image, image.config
        if net.input_count > self.config.inputs or net.neuron_count > self.config.neurons:
            raise InputError(f"{image!r} is too small for {net!r}; compare a network with an image of its own")
        self.count = net.neuron_count
        self.scales = scales_of(image)[: self.count]
        self.control = image.regions[Region.CONTROL].astype(np.int64)
        self.durations = Durations.of(net)
        self.thresholds, returned = as_meant(net, image)
        self.returned = dict(returned)

    def chip(self, region: Region) -> Ints:
        """Return a region of neurons, for those of the network."""
        return self.image.regions[region][: self.count].astype(np.int64)

    def steps_of(self, kind: str) -> Floats:
        """Return one unit of a weight on the chip in the units of the network, [N]."""
        register = Control.GAIN_INPUT if kind == INPUT else Control.GAIN_RECURRENT
        return np.asarray((1 << int(self.control[register])) / self.scales)

    def rows(self, kind: str) -> Ints:
        """Return the rows of the chip that hold the weights of a kind."""
        net, config = self.net, self.config
        if kind == INPUT:
            return np.arange(net.input_count)
        extra = config.inputs + config.neurons + np.arange(len(net.extra_source))
        return np.concatenate([config.inputs + np.arange(self.count), extra])

    def weights(self, kind: str) -> tuple[NDArray[Any], Floats]:
        """Return the weights of a kind as wanted and as held."""
        net, first = self.net, self.net.input_count
        own = slice(0, first) if kind == INPUT else slice(first, None)
        wanted, rows = net.current_weights[own], self.rows(kind)
        held = self.image.weights[rows, : self.count] * self.steps_of(kind)
        held[net.is_feedback[own]] = 0
        for place, row in enumerate(rows.tolist() if self.returned else ()):
            if row in self.returned:
                neuron = self.returned[row]
                held[place, neuron] += self.steps_of(kind)[neuron]
        return wanted, held

    def feedback(self) -> tuple[NDArray[Any], Floats]:
        """Return the weights of feedback axons as wanted and as held; the rows of other axons are 0."""
        rows = np.concatenate([self.rows(INPUT), self.rows(RECURRENT)])
        held = self.image.weights[rows, : self.count] / error_scale_of(self.image)
        return self.net.feedback_weights, np.where(self.net.is_feedback[:, None], held, 0.0)

    def fixed(self, blocks: dict[str, tuple[NDArray[Any], Floats]]) -> list[tuple[NDArray[Any], Floats]]:
        """Return weights, each kind (wanted, held), with 0 for those that learn."""
        first, learns = self.net.input_count, self.net.learns
        plastic = {INPUT: self.net.plastic[:first], RECURRENT: self.net.plastic[first:]}
        return [
            (np.where(plastic[kind], 0, wanted), np.where(plastic[kind], 0, held)) if learns else (wanted, held)
            for kind, (wanted, held) in blocks.items()
        ]

    def beyond(self, kind: str, wanted: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which weights are beyond the range of the chip."""
        low, high = self.config.weight_range
        units = wanted * error_scale_of(self.image) if kind == FEEDBACK else wanted / self.steps_of(kind)
        return np.asarray((units < low - 0.5) | (units > high + 0.5))

    def parameters(self) -> Iterable[Difference]:
        """Compare the parameters of neurons, but for their delays."""
        top = self.config.state_range[1]
        for region in PARAMETERS:
            quantity = region.row.quantity
            if quantity is None or region is Region.DELAY or region not in self.image.regions:
                continue
            wanted, held = self.net.parameters[quantity.name].astype(np.float64), self.chip(region)
            if region is Region.THRESHOLD:
                held = self.thresholds
            if quantity.unit is Unit.MS:
                yield Difference.of(quantity.name, wanted, held * self.net.dt_ms, "ms")
            elif quantity.unit is Unit.FRACTION:
                yield Difference.of(quantity.name, wanted, fractions(held), "a step")
            else:
                # A threshold at the end of the range is out of reach, because states stop there.
                endless = np.isposinf(wanted) & (held == top)
                yield Difference.of(
                    quantity.name, wanted, np.where(endless, np.inf, held / self.scales / quantity.factor)
                )

    def axons(self) -> Iterable[Difference]:
        """Compare the delays of all axons that matter, and the neurons that extra axons belong to."""
        net, regions = self.net, self.image.regions
        rows = self.rows(RECURRENT)
        leads = np.asarray(self.image.weights[rows].any(axis=1))
        if Region.PLASTIC in regions:
            leads |= regions[Region.PLASTIC][rows].any(axis=1)
        stated = self.durations.delay_given | leads[: self.count]
        own = np.where(self.durations.delay_given, net.parameters["delay_ms"], net.dt_ms)
        wanted, held = own[stated], self.chip(Region.DELAY)[stated] * net.dt_ms
        if net.extra_source:
            count = len(net.extra_source)
            wanted = np.append(wanted, net.extra_delay_ms)
            held = np.append(held, regions[Region.EXTRA_DELAY][:count] * net.dt_ms)
            sources = regions[Region.EXTRA_SOURCE][:count].astype(np.float64)
            yield Difference.of("source of an extra axon", np.array(net.extra_source, np.float64), sources, "neuron")
        line = image_line(self.image)
        if line is not None or any(net.input_delay_ms):
            late = np.zeros((2, net.input_count))
            if line is not None:
                axons = min(net.input_count, line.source.size)
                late[:, :axons] = line.source[:axons], line.delay[:axons] * net.dt_ms
            yield Difference.of("input of an axon", np.array(net.input_source, np.float64), late[0], "input")
            wanted, held = np.append(wanted, net.input_delay_ms), np.append(held, late[1])
        yield Difference.of("delay_ms", wanted, held, "ms")

    def choices(self) -> Iterable[Difference]:
        """Compare what is either so or not, for each neuron."""
        flags, values = self.chip(Region.FLAGS), self.net.parameters
        wanted = {"subtract": Flag.RESET_SUBTRACT, "hold": Flag.REFRACTORY_HOLD}
        for name, flag in wanted.items():
            yield Difference.of(name, values[name].astype(np.float64), (flags & int(flag) != 0).astype(np.float64), "")
        if self.net.learns and self.config.learning:
            learns = (flags & int(Flag.PLASTICITY_OFF) == 0).astype(np.float64)
            yield Difference.of("learns", values["learns"].astype(np.float64), learns, "")
        if any(isinstance(rule, ErrorRule) for rule in self.net.rules):
            always = (flags & int(Flag.ERROR_ALWAYS) != 0).astype(np.float64)
            yield Difference.of("error_always", values["error_always"].astype(np.float64), always, "")

    def adaptation(self) -> Iterable[Difference]:
        """Compare the adaptive threshold."""
        net = self.net
        held = self.control[Control.ADAPTATION_STEP] / self.scales
        yield Difference.of("adaptation_step", np.full(self.count, float(net.adaptation_step)), held)
        if net.adaptation_step:
            decay = fractions(self.control[[Control.ADAPTATION_DECAY]])
            yield Difference.of("adaptation_decay", np.array([net.adaptation_decay]), decay, "a step")

    def contexts(self) -> Iterable[Difference]:
        """Compare what contexts add to biases, and their gains."""
        wanted, held = (self.net.context_bias, self.net.context_gain), banks(self.image)
        count = len(self.net.contexts)
        if not count:
            return
        for name, want, have in zip(("context_bias", "context_gain"), wanted, held, strict=True):
            unit = self.scales if name == "context_bias" else CONTEXT_GAIN_ONE
            mine = have[:count, : self.count] / unit
            yield Difference.of(name, want.astype(np.float64).ravel(), mine.ravel(), "" if unit is self.scales else "x")

    def outside(self) -> Difference:
        """Count what the chip holds that the network does not have, and what of the network does not take part."""
        config, image, net = self.config, self.image, self.net
        inside = np.zeros((config.axons, config.neurons), np.bool_)
        rows = np.concatenate([self.rows(INPUT), self.rows(RECURRENT)])
        inside[rows, : self.count] = True
        strange = int(np.count_nonzero(image.weights[~inside]))
        plastic = np.zeros_like(inside)
        if net.learns:
            plastic[rows, : self.count] = net.plastic
        strange += int(np.count_nonzero(plastic != image.regions.get(Region.PLASTIC, np.zeros_like(inside))))
        feedback = np.zeros(config.axons, np.bool_)
        feedback[rows] = net.is_feedback
        strange += int(np.count_nonzero(feedback != image.regions.get(Region.FEEDBACK, np.zeros_like(feedback))))
        used = image.used
        asleep = max(net.input_count - used.inputs, 0) + max(self.count - used.neurons, 0)
        held_back = bool(config.learning) and bool(self.control[Control.LEARNING] & int(LearningFlag.HOLD_FIRING))
        return Difference.of(
            "what is not of the network", np.zeros(3), np.array([strange, asleep, held_back], np.float64), ""
        )

    def decaying(self) -> list[int]:
        """Return the neurons of which a state fades by a part of itself."""
        some = np.zeros(self.count, np.bool_)
        for region in (Region.DECAY, Region.CURRENT_DECAY):
            held = self.chip(region)
            some |= (held > 0) & (held < DECAY_ALL)
        if self.net.adaptation_step:
            some |= 0 < int(self.control[Control.ADAPTATION_DECAY]) < DECAY_ALL
        return [int(neuron) for neuron in np.flatnonzero(some)]


def fractions(decays: Ints) -> Floats:
    """Return decays of the chip as the fraction that is lost in a step; 65535 stands for everything."""
    return np.where(decays == DECAY_ALL, 1.0, decays / math.ldexp(1.0, DECAY_BITS))
