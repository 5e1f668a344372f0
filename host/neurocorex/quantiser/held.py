"""Learning rule as an image holds it, compared with the rule of the network: registers and tables, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..learning import ErrorRule, Rule, TraceRule, WindowRule
from ..network.data import NetworkData
from ..spec import Control, LearningFlag, Region
from ..spec.config import CHANGE_FRACTION, TABLE_STEPS
from ..spec.fixed import DECAY_ALL, DECAY_BITS
from ..spec.registers import GATE_ALL, MODULATION_ONE, RULE_ROWS
from .difference import Difference
from .errorrate import whole_deadband
from .fades import fades_of
from .feedback import error_scale_of
from .imagerows import bounds, of_axons, row_flags, row_numbers, signed_value
from .sums import sums_of
from .tuning import schedule_of

Floats = NDArray[np.float64]
#: Part of a number of a rule up to which a difference comes from the last bits of sums and products of floats.
TOLERANCE = 1e-12


def learned(net: NetworkData, image: Image, units: tuple[Floats, Floats]) -> Iterator[Difference]:
    """Compare the learning rules of a network with those of an image.

    Parameters
    ----------
    net, image
        The network and the image.
    units : (float64 array [N], float64 array [N])
        One unit of the weights onto each neuron, in the units of the network: from inputs, and from neurons. Of those
        that learn, the one with the largest difference counts.
    """
    projections = net.projections
    if projections and not image.config.learning:
        yield _number("learning rule", [1.0], [0.0])
        return
    for number, (rule, synapses) in enumerate(projections, 1):
        targets = synapses[: net.input_count].any(axis=0), synapses[net.input_count :].any(axis=0)
        rows = np.concatenate([
            each[: net.neuron_count][on] for each, on in zip(row_numbers(image), targets, strict=True)
        ])  # fmt: skip
        different = np.unique(np.concatenate([each[on] for each, on in zip(units, targets, strict=True)]))
        of_rule = f" of rule {number}" if len(projections) > 1 else ""
        if of_rule:
            yield _number(f"row{of_rule}", np.full(len(rows), float(rows[0])), rows)
        kinds = [kind for kind, on in enumerate(targets) if on.any()]
        held = [
            _Held(image, int(rows[0]), rule, net.dt_ms, unit, kind) for unit in different.tolist() for kind in kinds
        ]
        for pairs in zip(*(each.numbers() for each in held), strict=True):
            found = [_number(f"{name}{of_rule}", wanted, got) for name, wanted, got in pairs]
            yield max(found, key=lambda each: (each.absolute, each.relative))


def _number(name: str, wanted: Sequence[float] | Floats, held: Sequence[float] | Floats) -> Difference:
    return Difference.of(name, np.asarray(wanted, np.float64), np.asarray(held, np.float64), "", TOLERANCE)


class _Held:
    """Numbers of a rule as an image holds them, in the units of the network, for weights of one unit.

    And for axons of one kind, 0 inputs or 1 all others.
    """

    def __init__(self, image: Image, row: int, rule: Rule, dt_ms: float, unit: float, kind: int) -> None:
        self.decay, self.increment = (
            of_axons(each, kind, image.config) for each in (Control.PRE_DECAY, Control.PRE_INCREMENT)
        )
        self.image, self.rule, self.dt_ms, self.unit, self.config = image, rule, dt_ms, unit, image.config
        self.number = row
        self.control, self.row, self.flags = image.regions[Region.CONTROL], RULE_ROWS[row], row_flags(image, row)
        self.ends = [float(end) for end in bounds(image, row)]
        span = self.ends[1] - self.ends[0]
        # A soft bound is told by the change of a weight that is as far from it as can be.
        soft = span / (1 << self.config.weight_bits) if rule.soft else 1.0
        self.change = unit * soft / (1 << CHANGE_FRACTION)

    def signed(self, register: Control) -> int:
        """Return a register that has a sign."""
        return signed_value(self.image, register)

    def numbers(self) -> Iterator[tuple[str, Sequence[float] | Floats, Sequence[float] | Floats]]:
        """Return the name, the wanted and the held numbers of each kind."""
        rule = self.rule
        if rule.bounds is not None:
            yield "bounds", [float(bound) for bound in rule.bounds], [end * self.unit for end in self.ends]
        else:
            yield "bounds", [float(end) for end in self.config.weight_range], self.ends
        if rule.weight_sum is not None:
            sums = sums_of(self.image)
            yield "weight_sum", [rule.weight_sum], [sums[self.number] * self.unit if self.number < len(sums) else 0.0]
        yield "modulation", [rule.modulation], [self.signed(Control.MODULATION) / MODULATION_ONE]
        yield "gate", [GATE_ALL], [float(self.control[Control.GATE])]
        if not self.image.is_snapshot:  # it moves on as a network runs
            yield "seed", [float(rule.random_state)], [float(self.control[Control.RANDOM])]
        yield from self._compare_flags()
        if isinstance(rule, TraceRule):
            yield from self._traces(rule)
        elif isinstance(rule, WindowRule):
            yield from self._tables(rule)
            yield from self._drift(rule)
        elif isinstance(rule, ErrorRule):
            yield from self._errors(rule)

    def _compare_flags(self) -> Iterator[tuple[str, list[float], list[float]]]:
        nearest = isinstance(self.rule, TraceRule) and bool(self.rule.nearest)
        wanted = {
            LearningFlag.ENABLE: True, LearningFlag.STOCHASTIC: self.rule.stochastic, LearningFlag.SOFT: self.rule.soft,
            LearningFlag.NEAREST_PRE: nearest, LearningFlag.NEAREST_POST: nearest,
            LearningFlag.ERRORS: isinstance(self.rule, ErrorRule),
        }  # fmt: skip
        if isinstance(self.rule, TraceRule) and self.config.eligibility:
            wanted[LearningFlag.ELIGIBLE] = self.rule.eligibility_tau_ms is not None
        for flag, state in wanted.items():
            yield str(flag.name).lower(), [float(state)], [float(bool(self.flags & flag))]

    def _traces(self, rule: TraceRule) -> Iterator[tuple[str, list[float], list[float]]]:
        for name, tau_ms, change, decay, rate, increment, fades in (
            ("tau_pre_ms", rule.tau_pre_ms, rule.potentiation, self.decay, self.row.potentiation, self.increment, True),
            ("tau_post_ms", rule.tau_post_ms, rule.depression, Control.POST_DECAY, self.row.depression,
             Control.POST_INCREMENT, False),
        ):  # fmt: skip
            left = self._left(decay)
            yield name, [tau_ms], [self._tau_ms(left)]
            # At a lag of one step, the trace that potentiation reads has faded once; that of depression has not.
            trace = int(self.control[increment]) * (left if fades else 1.0)
            held = trace * self.signed(rate) / (1 << self.config.trace_bits) * self.change
            yield "potentiation" if fades else "depression", [change], [held]
        yield from self._target(rule.x_target)
        if rule.eligibility_tau_ms is not None:
            law = fades_of(self.image)
            yield "eligibility_tau_ms", [rule.eligibility_tau_ms], [law.tau_steps * self.dt_ms if law else math.inf]
        for name, change, register in (
            ("pre_only", rule.pre_only, self.row.pre_only), ("post_only", rule.post_only, self.row.post_only),
        ):  # fmt: skip
            if change or self.config.terms:
                yield name, [change], [self.signed(register) * self.change]

    def _target(self, x_target: float) -> Iterator[tuple[str, list[float], list[float]]]:
        if x_target or self.config.terms:
            increment = int(self.control[self.increment])
            yield "x_target", [x_target], [self.signed(self.row.offset) / increment if increment else 0.0]

    def _left(self, decay: Control) -> float:
        """Return what is left of a trace after a step."""
        units = int(self.control[decay])
        return 1 - units / (1 << DECAY_BITS) if units < DECAY_ALL else 0.0

    def _tau_ms(self, left: float) -> float:
        """Return the time constant of a trace of which so much is left after a step."""
        return -self.dt_ms / math.log(left) if 0 < left < 1 else (math.inf if left else 0.0)

    def _errors(self, rule: ErrorRule) -> Iterator[tuple[str, list[float], list[float]]]:
        yield "tau_ms", [rule.tau_ms], [self._tau_ms(self._left(self.decay))]
        scale, trace = error_scale_of(self.image), int(self.control[self.increment])
        rate = trace * self.signed(self.row.potentiation) * scale / MODULATION_ONE / (1 << self.config.trace_bits)
        yield "rate", [rule.rate], [rate * self.change]
        yield from self._target(rule.x_target)
        yield "deadband", [float(whole_deadband(rule.deadband, scale))], [float(self.control[Control.DEADBAND])]

    def _tables(self, rule: WindowRule) -> Iterator[tuple[str, Floats, Floats]]:
        steps = self.config.window_steps
        kernels = rule.kernels(self.dt_ms, steps)
        for name, region, kernel in (
            ("potentiation", Region.PRE_TABLE, kernels[0]), ("depression", Region.POST_TABLE, kernels[1]),
        ):  # fmt: skip
            late = min(steps, TABLE_STEPS)
            held = self.image.regions[region] * self.change
            wanted = [_sums(kernel, rule.nearest) for kernel in (kernel[:late], kernel[late:]) if len(kernel)]
            yield name, np.concatenate(wanted), held
            if rule.nearest and len(wanted) > 1:  # the parts are added, where only the later one should count
                mixed = bool(held[1 << late :].any() and held[: 1 << late].any())
                yield f"{name} by the latest spike", np.zeros(1), np.array([float(mixed)])

    def _drift(self, rule: WindowRule) -> Iterator[tuple[str, Floats, Floats]]:
        """Compare the drift of every step until it stays, from the register and the schedule of the image."""
        wanted = rule.drift or (0.0,)
        sign = 1 << (Control.DRIFT_STEP.bits(self.config) - 1)
        held = [float(self.signed(Control.DRIFT_STEP))]
        planned = {step: value for step, register, value in schedule_of(self.image.meta)
                   if register == Control.DRIFT_STEP}  # fmt: skip
        for step in range(1, max([len(wanted), *(last + 1 for last in planned)])):
            held.append(float((planned[step] ^ sign) - sign) if step in planned else held[-1])
        last = [wanted[-1]] * (len(held) - len(wanted))
        yield "drift", np.array([*wanted, *last]), np.array(held) * self.unit


def _sums(kernel: Floats, nearest: bool) -> Floats:
    """Return the change for each pattern of spikes in a window."""
    patterns = np.arange(1 << len(kernel))[:, None] >> np.arange(len(kernel)) & 1
    if nearest:
        patterns &= np.cumsum(patterns, axis=1) == 1
    return np.asarray(patterns @ kernel)
