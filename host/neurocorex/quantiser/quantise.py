"""From a network in any units to the integers of one chip.

Everything that meets a membrane is multiplied by the scale of its neuron and rounded; weights lose their low bits to a
gain (a left shift that the chip does), chosen for input and recurrent weights apart. `scale` and `populations` say how
both are chosen, and `tuning` what becomes of a learning rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FitError, InputError
from ..image import Image, program_regions, region_shape
from ..learning import Rule, TraceRule
from ..network.network import Network
from ..network.population import Neurons
from ..spec import Control, CoreConfig, Flag, Learning, Region, controls
from ..spec.config import LIMITS
from ..spec.fixed import DECAY_ALL, DECAY_BITS
from .durations import Durations
from .naming import named
from .populations import SCALES, choose_scales, given_scales, groups_of
from .report import Report
from .rounding import round_weights
from .scale import SCALED, Kinds, integers_fit
from .tuning import ENGINES, Tuning, engine_of, meta_of, window_steps

__all__ = ["Report", "quantise", "smallest_config"]

#: Relative error of a threshold from which on it is worth a warning.
COARSE = 0.01
#: Where the parameters go that are multiplied by the scale.
REGIONS = {
    "threshold": Region.THRESHOLD,
    "reset": Region.RESET,
    "bias": Region.BIAS,
    "leak": Region.LEAK,
}


def quantise(
    net: Network,
    config: CoreConfig | None = None,
    *,
    scale: ArrayLike | None = None,
    populations: Sequence[Neurons] | None = None,
) -> tuple[Image, Report]:
    """Turn a network into integers for one chip.

    Parameters
    ----------
    net : Network
        Not changed.
    config : CoreConfig, optional
        Geometry of the chip; neurons and inputs beyond those of the network stay silent. By default the smallest
        that fits, see `smallest_config`.
    scale : float or array [N], optional
        State units per unit of the network, for all neurons or for each, instead of what `scale` and `populations`
        find. ``scale=1`` takes integers that are stored as floats as they stand.
    populations : sequence of Neurons, optional
        Parts of the network that get a scale each, see `populations`; by default all neurons have the same.

    Returns
    -------
    image : Image
        What `Device.load` writes.
    report : Report
        What was lost, and what looks like a mistake.

    Raises
    ------
    FitError
        If the chip has no room; the message names every limit.
    InputError
        If `scale` is not above 0, or `populations` make no sense.
    """
    given = None if scale is None else given_scales(net, scale)
    notes: list[str] = []
    groups = groups_of(net, populations, notes)
    durations = Durations.of(net)
    if config is None:
        config = smallest_config(net)
    _check_room(net, durations, config)
    scales = _scales(net, config, groups, notes) if given is None else given
    return _Quantiser(net, config, scales, durations, notes).run()


def smallest_config(net: Network) -> CoreConfig:
    """Geometry with as many neurons and inputs as the network; all else as by default, wider only where it must be.

    Raises
    ------
    FitError
        If no chip can be built that large.
    """
    durations = Durations.of(net)
    chosen = CoreConfig(neurons=net.neuron_count, inputs=net.input_count)
    values: dict[str, Any] = chosen.to_dict()
    values["max_delay"] = max(chosen.max_delay, durations.deepest)
    values["extra_axons"] = len(net.extra_source)
    if net.learns and net.rule is not None:
        values["learning"] = engine_of(net.rule)
        values["window_steps"] = max(chosen.window_steps, window_steps(net.rule, net.dt_ms))
        values["soft_bounds"] = net.rule.soft
    values["refractory_bits"] = max(chosen.refractory_bits, int(durations.refractory.max()).bit_length())
    if net.is_integer:
        # A weight that a gain of 128 makes reachable may still lose bits, so integers get the width that they have.
        bounds = (net.rule.bounds if net.learns and net.rule is not None else None) or (0, 0)
        bits = max(_signed_bits(net.weights), _signed_bits(np.array(bounds)))
        values["weight_bits"] = chosen.weight_bits if bits <= chosen.weight_bits else 16
        states = [net.parameters[name] for name in SCALED] + [np.array(net.adaptation_step)]
        values["state_bits"] = max(chosen.state_bits, min(24, max(map(_signed_bits, states))))
    for name, way_out in (
        ("max_delay", "use a longer dt_ms"), ("refractory_bits", "use a longer dt_ms"),
        ("extra_axons", "give fewer neurons a second delay"),
    ):  # fmt: skip
        low, high = LIMITS[name]
        if not low <= values[name] <= high:
            raise FitError(f"the network needs {name} {values[name]}, at most {high} can be built; {way_out}")
    return CoreConfig(**values)


class _Quantiser:
    """One network, one chip, a scale for each neuron: rounds part by part and keeps count of what was lost."""

    def __init__(
        self, net: Network, config: CoreConfig, scales: NDArray[np.float64], durations: Durations, notes: list[str]
    ) -> None:
        self.net, self.config, self.durations, self.notes = net, config, durations, notes
        self.scales, self.differ = scales, bool((scales != scales[0]).any())
        self.regions: dict[Region, NDArray[Any]] = {}
        self.errors: dict[str, float] = {}

    def run(self) -> tuple[Image, Report]:
        net, config = self.net, self.config
        self.regions = {region: np.zeros(region_shape(region, config), np.int64) for region in program_regions(config)}
        control = np.zeros(len(controls(config)), np.int64)
        top = float(self.scales.max())
        kinds = Kinds(net, self.scales / top if self.differ else None)
        gains = kinds.gains(top, config)
        control[Control.GAIN_INPUT], control[Control.GAIN_RECURRENT] = gains
        blocks, losses = [], {}
        for kind, gain, part in zip(("input", "recurrent"), gains, kinds.parts, strict=True):
            block, losses[kind] = round_weights(part, gain, self.scales, config)
            blocks.append(block)
        weights = self.regions[Region.WEIGHTS] = self._placed(np.concatenate(blocks))
        learner = int(np.argmax(net.plastic.any(axis=0)))  # all of them have the same scale
        tuning = self._tuned((1 << gains[kinds.plastic_kind]) / float(self.scales[learner]))
        if tuning:
            self.regions |= tuning.tables
            for register, value in tuning.registers().items():
                control[register] = value
        for name, region in REGIONS.items():
            self._put(region, self._rounded(name, net.parameters[name]))
        self._note_coarse_thresholds()
        for name, region in (("decay", Region.DECAY), ("decay_syn", Region.CURRENT_DECAY)):
            self._put(region, self._decays(name, net.parameters[name]))
        control[Control.ADAPTATION_STEP] = self._rounded("adaptation_step", np.array(net.adaptation_step))
        control[Control.ADAPTATION_DECAY] = self._decays("adaptation_decay", np.array(net.adaptation_decay))
        self.regions[Region.CONTROL] = control
        self.regions[Region.IN_USE][:] = config.blocks_for(net.neuron_count, net.input_count)
        self._put(Region.REFRACTORY, self.durations.refractory)
        self._put_axons(weights)
        flags = net.parameters["subtract"] * int(Flag.RESET_SUBTRACT) | net.parameters["hold"] * int(
            Flag.REFRACTORY_HOLD
        )
        if config.learning:
            flags |= ~net.parameters["learns"] * int(Flag.PLASTICITY_OFF)
        self._put(Region.FLAGS, flags)
        self.errors |= {name: error for name, error in self.durations.errors.items() if error}
        meta = {SCALES: self.scales.tolist()} if self.differ else {}
        image = Image(config, self.regions, float(self.scales[0]), {"dt_ms": net.dt_ms, **meta_of(tuning), **meta})
        rounded = tuning.rounded if tuning else None
        report = Report.of(image, weights=losses, parameters=self.errors, learning=rounded, notes=self.notes)
        return image, replace(report, subject=(net, image))

    def _placed(self, table: NDArray[Any]) -> NDArray[np.int32]:
        """Table with the axons of the network, in the rows and columns that they have on the chip."""
        net, config = self.net, self.config
        placed = np.zeros((config.axons, config.neurons), np.int32)
        inputs, neurons, extra = np.split(table, [net.input_count, net.input_count + net.neuron_count])
        firsts = (0, config.inputs, config.inputs + config.neurons)
        for first, rows in zip(firsts, (inputs, neurons, extra), strict=True):
            placed[first : first + len(rows), : net.neuron_count] = rows
        return placed

    def _tuned(self, unit: float) -> Tuning | None:
        """Turn the rule into numbers, and mark what it applies to."""
        net, rule = self.net, self.net.rule
        if rule is None or not net.learns:
            if net.plastic.any():
                self.notes.append("synapses are plastic, but there is no rule: call Network.learn")
            elif rule is not None:
                self.notes.append("there is a rule, but no synapse is plastic: connect(..., plastic=True)")
            return None
        if rule.bounds is None and isinstance(rule, TraceRule) and not net.is_integer:
            raise InputError("the rule needs bounds in the units of the weights, for example bounds=(0.0, 1.0)")
        self.regions[Region.PLASTIC] = self._placed(net.plastic)
        tuning = Tuning(rule, self.config, net.dt_ms, float(unit))
        self.notes += tuning.warnings
        return tuning

    def _put_axons(self, weights: NDArray[Any]) -> None:
        """Give axons their delays; one that leads nowhere stays silent."""
        net, config, durations = self.net, self.config, self.durations
        leads: NDArray[np.bool_] = np.asarray(weights.any(axis=1))
        if config.learning:
            leads |= self.regions[Region.PLASTIC].any(axis=1)
        own = leads[config.inputs : config.inputs + net.neuron_count]
        self._put(Region.DELAY, np.where(durations.delay_given | own, durations.delays, 0))
        extra = len(net.extra_source)
        if extra:
            self.regions[Region.EXTRA_SOURCE][:extra] = net.extra_source
            self.regions[Region.EXTRA_DELAY][:extra] = durations.extra_delays

    def _put(self, region: Region, values: NDArray[Any]) -> None:
        """Give the neurons of the network their values; all others of the chip stay zero."""
        self.regions[region][: self.net.neuron_count] = values

    def _rounded(self, name: str, values: NDArray[Any]) -> NDArray[np.int64]:
        scales = self.scales if values.ndim else self.scales[0]
        scaled = values * scales
        whole = np.rint(scaled)
        low, high = self.config.state_range
        beyond = (whole < low) | (whole > high)
        if beyond.any():
            scale = np.broadcast_to(scales, beyond.shape)[beyond][0]
            raise FitError(
                f"{name} {values[beyond].flat[0]:g} becomes {scaled[beyond].flat[0]:.0f} at scale {scale:g}, the "
                f"chip holds {low} to {high} (state_bits {self.config.state_bits}); take a smaller scale or more bits"
            )
        self._note_error(name, whole / scales - values)
        return np.asarray(whole.astype(np.int64))

    def _decays(self, name: str, fractions: NDArray[Any]) -> NDArray[np.int64]:
        # 65535 is not 65535/65536 but "everything at once", so it stands for 1.
        units: NDArray[np.int64] = np.minimum(np.rint(fractions * (1 << DECAY_BITS)), DECAY_ALL).astype(np.int64)
        effective = np.where(units == DECAY_ALL, 1.0, units / (1 << DECAY_BITS))
        self._note_error(name, effective - fractions)
        endless = np.flatnonzero((units == 0) & (fractions > 0))
        if len(endless) and fractions.ndim:
            self.notes.append(
                f"{named(endless.tolist())} have a {name} below 1/65536 a step, which becomes none at all"
            )
        return units

    def _note_coarse_thresholds(self) -> None:
        """Warn of thresholds of so few units that rounding moves them noticeably."""
        wanted = self.net.parameters["threshold"]
        got = self.regions[Region.THRESHOLD][: self.net.neuron_count] / self.scales
        coarse = np.flatnonzero(np.abs(got - wanted) > COARSE * np.abs(wanted))
        if len(coarse):
            self.notes.append(
                f"thresholds of {named(coarse.tolist())} have so few units that they move by more than {COARSE:.0%}: "
                "give populations of their own, or take a larger scale"
            )

    def _note_error(self, name: str, differences: NDArray[Any]) -> None:
        error = float(np.abs(differences).max())
        if error:
            self.errors[name] = error


def _check_room(net: Network, durations: Durations, config: CoreConfig) -> None:
    """Raise FitError naming everything that this chip has too little of."""
    needed = {
        "inputs": (net.input_count, config.inputs),
        "neurons": (net.neuron_count, config.neurons),
        "max_delay": (durations.deepest, config.max_delay),
        "extra_axons": (len(net.extra_source), config.extra_axons),
        "refractory_bits": (int(durations.refractory.max()).bit_length(), config.refractory_bits),
        "adaptation": (int(net.adaptation_step > 0), int(config.adaptation)),
    }
    lacking = [f"{name} {need} (the chip has {have})" for name, (need, have) in needed.items() if need > have]
    if net.learns and net.rule is not None:
        lacking += _lacking_to_learn(net.rule, net.dt_ms, config)
    if lacking:
        raise FitError(f"the network needs {', '.join(lacking)}; take a larger chip or a smaller network")


def _lacking_to_learn(rule: Rule, dt_ms: float, config: CoreConfig) -> list[str]:
    """Say what a chip has too little of for a rule."""
    needed = engine_of(rule)
    if needed is not config.learning:
        return [f"learning with {ENGINES[needed]} (the chip has {ENGINES[config.learning]})"]
    lacking = []
    steps = window_steps(rule, dt_ms)
    if needed is Learning.WINDOW and steps > config.window_steps:
        lacking.append(f"window_steps {steps} (the chip has {config.window_steps})")
    if rule.soft and not config.soft_bounds:
        lacking.append("soft_bounds (the chip has none)")
    return lacking


def _scales(net: Network, config: CoreConfig, groups: list[NDArray[np.int64]], notes: list[str]) -> NDArray[np.float64]:
    """1 for integers that fit, else the best scale for floats; says so if integers were scaled or lose bits."""
    if not net.is_integer:
        return choose_scales(net, config, groups)
    if not integers_fit(net, config):
        notes.append(
            f"the integers do not fit into {config.weight_bits}-bit weights and {config.state_bits}-bit states: scaled"
        )
        return choose_scales(net, config, groups)
    gain = max(Kinds(net).gains(1.0, config))
    if gain:
        notes.append(f"integer weights are beyond {config.weight_bits} bits and lose up to {gain} low bits")
    return np.ones(net.neuron_count)


def _signed_bits(values: NDArray[Any]) -> int:
    """Bits of the two's complement of the largest of some integers."""
    return max(int(values.max()).bit_length(), int(-1 - values.min()).bit_length() if values.min() < 0 else 0) + 1
