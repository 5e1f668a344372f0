"""Assembly of an image: the integers of a network, region by region, at given scales."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..events.stream import EventStream
from ..image import Image
from ..learning import ErrorRule, TraceRule
from ..network.parameters import GROUP
from ..network.population import named
from ..spec import Control, CoreConfig, Flag, Region, controls, layout
from ..spec.regions import PARAMETERS
from ..spec.rows import Unit
from .contexts import META, context_regions
from .demand import Demand
from .extent import EXTENT
from .fades import FADES
from .feedback import ERROR_SCALE, deaf, error_scales
from .imagerows import pack
from .inclusive import fire_at_threshold
from .inputs import line_meta, line_of
from .judging import REMEDY, judge_registers, judge_warnings, lone_warnings
from .losses import UNBOUNDED
from .populations import SCALES
from .room import ROOMS, rooms_of
from .rounding import Rounding
from .rows import trace_sets
from .scale import Kinds
from .sums import SUMS, out_of_reach
from .tuning import SCHEDULE, Tuning

#: Relative error of a threshold above which the report warns.
COARSE = 0.01


class Assembly:
    """Image of one network on one chip, put together region by region.

    Parameters
    ----------
    demand : Demand
        Of the network.
    config : CoreConfig
        Geometry of the chip.
    scales : float64 array [N]
        Units of the chip's state per unit of the network, for each neuron.
    kinds, gains
        Kinds of weights, and the gain of each.
    notes : list of str
        Gets warnings.
    stimulus : EventStream or array, optional
        Spikes that the inputs will get.

    Attributes
    ----------
    tuning : Tuning or None
        The learning rules on the chip.
    """

    def __init__(
        self,
        demand: Demand,
        config: CoreConfig,
        scales: NDArray[np.float64],
        kinds: Kinds,
        gains: tuple[int, int],
        notes: list[str],
        stimulus: EventStream | ArrayLike | None = None,
    ) -> None:
        self.demand, self.net, self.stimulus = demand, demand.net, stimulus
        self.config, self.scales, self.kinds, self.gains = config, scales, kinds, gains
        self.rounding = Rounding(config, scales, notes=notes)
        self.regions: dict[Region, NDArray[Any]] = {}
        self.control = np.array([each.power_up(self.config) for each in controls(self.config)], np.int64)
        self.tuning: Tuning | None = None

    def image(self) -> Image:
        """Fill in everything."""
        net, config, differ = self.net, self.config, bool((self.scales != self.scales[0]).any())
        kinds, gains = self.kinds, self.gains
        self._put_weights(kinds, gains)
        self._note_room(kinds, gains)
        self._put_rules()
        error_scale = self._put_feedback()
        by_errors = any(isinstance(row.rule, ErrorRule) for row in self.demand.rows)
        self._put_judge(error_scale or 1.0, by_errors=by_errors)
        self._put_parameters()
        self._put_flags()
        self._put_axons()
        if config.contexts > 1:
            self.regions |= context_regions(net, config, self.rounding)
        step, decay = np.array(net.adaptation_step), np.array(net.adaptation_decay)
        self.control[Control.ADAPTATION_STEP] = self.rounding.states("adaptation_step", step)
        self.control[Control.ADAPTATION_DECAY] = self.rounding.decays("adaptation_decay", decay)
        if net.parameters["inclusive"].any():
            fire_at_threshold(net, config, self.regions, self.control, self.rounding.notes)
        self.regions[Region.CONTROL] = self.control
        self.regions[Region.IN_USE] = np.array(config.blocks_for(net.neuron_count, net.input_count))
        meta: dict[str, Any] = {"dt_ms": net.dt_ms}
        own = [net.input_count, net.neuron_count, len(net.extra_source)]
        if own != [config.inputs, config.neurons, config.extra_axons]:
            meta[EXTENT] = own
        if any(net.input_delay_ms) and (line := line_of(net)) is not None:
            meta |= line_meta(line)
        if self.tuning and self.tuning.schedule:
            meta[SCHEDULE] = self.tuning.schedule
        if self.tuning and self.tuning.fades:
            meta[FADES] = self.tuning.fades.meta
        if self.tuning and any(sums := [row.weight_sum for row in self.tuning.rows]):
            meta[SUMS] = sums
        if self.tuning and not self.tuning.tables:
            meta[ROOMS] = [[room.spikes, room.why] for room in self.tuning.rooms]
        if error_scale is not None:
            meta[ERROR_SCALE] = error_scale
        if net.contexts:
            meta[META] = list(net.contexts)
        if differ:
            meta[SCALES] = self.scales.tolist()
        return Image.completed(config, self.regions, float(self.scales[0]), meta)

    def _put_weights(self, kinds: Kinds, gains: tuple[int, int]) -> None:
        blocks = [self.rounding.weights(part, gain) for part, gain in zip(kinds.parts, gains, strict=True)]
        self.regions[Region.WEIGHTS] = self._placed(np.concatenate(blocks))
        self.control[Control.GAIN_INPUT], self.control[Control.GAIN_RECURRENT] = gains

    def _note_room(self, kinds: Kinds, gains: tuple[int, int]) -> None:
        """Warn where a rule without bounds may lead weights beyond the range of the chip: one of windows."""
        if self.demand.rule is None or not self.demand.unbounded:
            return
        change = self.demand.rule.reach(self.net.dt_ms)
        unit = (1 << gains[kinds.plastic_kind]) / float(self.scales.max())
        top, high = float(kinds.stated[kinds.plastic_kind][1]), self.config.weight_range[1] * unit
        if change and top <= high < top + change:
            self.rounding.notes.append(
                f"weights that learn can grow from {top:g} to {top + change:g} by one spike, the chip stops them at "
                f"{high:g}{UNBOUNDED}"
            )

    def _placed(self, table: NDArray[Any]) -> NDArray[np.int32]:
        """Return a table of the axons of the network, [axons, N], with the rows and columns of the chip."""
        placed = np.zeros((self.config.axons, self.config.neurons), np.int32)
        placed[self._rows(), : self.net.neuron_count] = table
        return placed

    def _rows(self) -> NDArray[np.int64]:
        """Return the rows of the chip that the axons of the network have."""
        net, config = self.net, self.config
        kinds = ((0, net.input_count), (config.inputs, net.neuron_count),
                 (config.inputs + config.neurons, len(net.extra_source)))  # fmt: skip
        return np.concatenate([first + np.arange(count) for first, count in kinds])

    def _put_feedback(self) -> float | None:
        """Place the feedback axons and their weights; return the scale of errors, if there are any."""
        net, notes = self.net, self.rounding.notes
        feedback = net.is_feedback
        by_errors = any(isinstance(row.rule, ErrorRule) for row in self.demand.rows)
        if not feedback.any():
            return self.tuning.error_scale if self.tuning and by_errors else None
        if not by_errors and not isinstance(net.rule, ErrorRule):
            notes.append("axons bring errors, but no rule learns from them: call Network.learn(learning.errors(...))")
        weights = np.concatenate([net.weights[feedback].ravel(), np.array([net.praise, net.blame])])
        scale = self.tuning.error_scale if self.tuning and by_errors else error_scales(weights, self.config)[0][0]
        rows = self._rows()[feedback]
        self.regions[Region.WEIGHTS][rows, : net.neuron_count] = np.rint(net.weights[feedback] * scale)
        self.regions[Region.FEEDBACK] = np.zeros(self.config.axons, np.int64)
        self.regions[Region.FEEDBACK][rows] = 1
        return scale

    def _put_judge(self, error_scale: float, *, by_errors: bool) -> None:
        """Place the groups, and what a judgement does."""
        net, notes, tuning = self.net, self.rounding.notes, self.tuning
        if not (self.config.groups or net.praise or net.blame or net.conscience):
            return
        notes += judge_warnings(net, by_errors=by_errors)
        if not self.config.groups:
            return
        self._put(Region.GROUP, net.parameters[GROUP])
        self.control[Control.ONE_FIRES] = sum(1 << group for group in net.exclusive)
        notes += lone_warnings(net)
        if not self.config.errors:
            return
        registers, rounded = judge_registers(net, self.config, error_scale)
        notes += [warning for each in rounded if (warning := each.warning(REMEDY))]
        if tuning is not None and (net.praise or net.blame):
            for row in tuning.rows:
                row.rounded += rounded if isinstance(row.rule, ErrorRule) else []
        registers[Control.CONSCIENCE] = int(self.rounding.states("conscience", np.array(net.conscience)))
        for register, value in registers.items():
            self.control[register] = value

    def _put_rules(self) -> None:
        """Turn the rules into registers and tables, and tell each neuron which of them change its synapses."""
        net, rows, notes = self.net, self.demand.rows, self.rounding.notes
        if not rows:
            if net.plastic.any():
                notes.append("synapses are plastic, but there is no rule: call Network.learn")
            elif net.rule is not None:
                notes.append("there is a rule, but no synapse is plastic: connect(..., plastic=True)")
            return
        rules = [row.rule for row in rows]
        exponential = [rule for rule in rules if isinstance(rule, TraceRule | ErrorRule)]
        if any(rule.bounds is None for rule in exponential) and not self.demand.is_integer:
            raise InputError("the rule needs bounds in the units of the weights, for example bounds=(0.0, 1.0)")
        if (net.plastic & net.is_feedback[:, None]).any():
            raise InputError("weights of feedback axons do not learn; make other ones plastic")
        self.regions[Region.PLASTIC] = self._placed(net.plastic)
        rooms = rooms_of(net, rows, self.stimulus)
        by_errors = [row.synapses for row in rows if isinstance(row.rule, ErrorRule)]
        if by_errors:
            notes += deaf(net, np.logical_or.reduce(by_errors))
        # All neurons that learn by one rule have the same scale.
        units = [(1 << self.gains[row.kind]) / float(self.scales[row.neurons[0]]) for row in rows]
        # What a judgement brings shares the scale of errors with what feedback axons bring.
        brought = np.concatenate([net.weights[net.is_feedback].ravel(), np.array([net.praise, net.blame])])
        self.tuning = Tuning(rules, self.config, net.dt_ms, units, trace_sets(rows), rooms, brought)
        for row, tuned in zip(rows, self.tuning.rows, strict=True):
            if tuned.weight_sum and (short := out_of_reach(row, tuned.weight_sum, tuned.highest)):
                tuned.warnings.append(short)
        notes += self.tuning.warnings
        self.regions |= self.tuning.tables
        for register, value in self.tuning.registers().items():
            self.control[register] = value
        if len(rows) > 1:
            inputs, others = np.zeros((2, net.neuron_count), np.int64)
            for number, row in enumerate(rows):
                inputs[row.targets[0]] = others[row.targets[1]] = number
            self._put(Region.RULE, pack(inputs, others, self.config))

    def _put_parameters(self) -> None:
        """Round the parameters that are declared with a quantity, each by its unit."""
        rounding, durations = self.rounding, self.demand.durations
        for region in PARAMETERS:
            quantity = region.row.quantity
            if quantity is None or not layout(region, self.config).items:
                continue
            values = self.net.parameters[quantity.name]
            if quantity.unit is Unit.MS:
                self._put(region, durations.steps[quantity.name])
            elif quantity.unit is Unit.FRACTION:
                self._put(region, rounding.decays(quantity.name, values))
            else:
                held = values if quantity.factor == 1 else values * quantity.factor
                self._put(region, rounding.states(quantity.name, held, region.row.default_on(self.config)))
        self._note_coarse_thresholds()

    def _put_flags(self) -> None:
        subtract, hold, learns, always = (
            self.net.parameters[name] for name in ("subtract", "hold", "learns", "error_always")
        )
        flags = subtract * int(Flag.RESET_SUBTRACT) | hold * int(Flag.REFRACTORY_HOLD)
        if self.config.errors:
            flags |= always * int(Flag.ERROR_ALWAYS)
        if self.config.learning:
            flags |= ~learns * int(Flag.PLASTICITY_OFF)
        self._put(Region.FLAGS, flags)

    def _put_axons(self) -> None:
        """Silence the axons that lead nowhere and were given no delay, and place the extra axons."""
        config, durations = self.config, self.demand.durations
        leads: NDArray[np.bool_] = np.asarray(self.regions[Region.WEIGHTS].any(axis=1))
        if Region.PLASTIC in self.regions:
            leads |= self.regions[Region.PLASTIC].any(axis=1)
        own = leads[config.inputs : config.inputs + self.net.neuron_count]
        self._put(Region.DELAY, np.where(durations.delay_given | own, durations.steps["delay_ms"], 0))
        if self.net.extra_source:
            self._put(Region.EXTRA_SOURCE, np.array(self.net.extra_source))
            self._put(Region.EXTRA_DELAY, durations.extra_delays)

    def _put(self, region: Region, values: NDArray[Any]) -> None:
        """Give the first items of a region their values, and the others the default."""
        default = region.row.default_on(self.config) or 0
        self.regions[region] = np.full(layout(region, self.config).items, default, np.int64)
        self.regions[region][: len(values)] = values

    def _note_coarse_thresholds(self) -> None:
        """Warn of thresholds of so few units that rounding moves them noticeably."""
        wanted = self.net.parameters["threshold"]
        got = self.regions[Region.THRESHOLD][: self.net.neuron_count] / self.scales
        coarse = np.flatnonzero(np.abs(got - wanted) > COARSE * np.abs(wanted))
        if len(coarse):
            self.rounding.notes.append(
                f"thresholds of {named(coarse.tolist())} have so few units that they move by more than {COARSE:.0%}: "
                "give populations of their own, or take a larger scale"
            )
