"""Change by errors that a chip acts by: what a spike and an error of 1 change, from the integers of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..image import Image
from ..learning import ErrorRule, Rule
from ..spec import Control, LearningFlag
from ..spec.fixed import saturate, signed_range
from ..spec.registers import MODULATION_ONE, RULE_ROWS
from .acting import plastic_unit, room_of
from .errorrate import Arithmetic
from .feedback import ERROR_MAX, error_scale_of, feedback_items, typical
from .imagerows import kind_of_axons, learning_synapses, of_axons, row_flags, signed_value
from .judging import ON_ERRORS, judge_line
from .rounded import TOLERANCE


@dataclass(frozen=True)
class ErrorChange:
    """Change of a weight by one spike and an error of 1, in the units of the network.

    Attributes
    ----------
    acting : (float, float)
        By errors above and below zero: the mean over all numbers of spikes that a trace holds, at an error such as one
        feedback spike or a judgement brings (the lower median of the sizes of the feedback weights, praise and blame).
    wanted : float or None
        What was asked for; None if it is not known, as for an image from a file.
    at : float
        The error at which it is measured.
    step, largest : float
        Smallest error other than 0, and the largest that acts in full: beyond it, it is cut.
    reach : float
        Largest error that one spike of each feedback axon, or a judgement, brings to a neuron.
    deadband : float
        Errors up to this size change nothing.
    room : float
        Spikes of an axon that count, until traces are cleared.
    why : str
        Where the room comes from, see `room.Room`; empty if it is not known.
    forgets : bool
        Whether traces fade, so that spikes are forgotten in time.
    modulation : float
        Factor of all changes that is in `acting` and `wanted`: that of the chip, or 1 if that is 0.
    x_target : float
        Spikes that are taken off those of each axon.
    source : str
        What brings the largest error, in words.
    judge : str or None
        What a judgement does, in words; None where no neuron is in a group.
    """

    acting: tuple[float, float]
    wanted: float | None
    at: float
    step: float
    largest: float
    reach: float
    deadband: float
    room: float
    why: str
    forgets: bool
    modulation: float = 1.0
    x_target: float = 0.0
    source: str = "one spike of each feedback axon"
    judge: str | None = None

    @property
    def error(self) -> float | None:
        """Error of `acting` as a part of what was asked for, the larger of both; None if that is not known, or 0."""
        if not self.wanted:
            return None
        return max((each / self.wanted - 1 for each in self.acting), key=abs)

    @property
    def warnings(self) -> list[str]:
        """What is off by more than `TOLERANCE`, and errors that do not fit."""
        found = []
        if self.error is not None and abs(self.error) > TOLERANCE:
            found.append(
                f"one spike and an error of 1 change a weight by {self._size} instead of {self.wanted:.3g} "
                f"({self.error:+.1%}): take a larger rate, wider weights, closer bounds, or stochastic=True where it "
                "is off"
            )
        if self.reach > self.largest:
            by_rate = self.largest < ERROR_MAX * self.step
            remedy = "take a smaller rate, or less of accumulate" if by_rate else "give feedback weights as floats"
            found.append(
                f"errors beyond {self.largest:.4g} are cut, and {self.source} brings up to {self.reach:.4g}: {remedy}"
            )
        return found

    @property
    def lines(self) -> list[str]:
        """The numbers as text."""
        off = "" if self.error is None else f" ({round(self.error, 3) + 0.0:+.1%} of wanted)"
        modulated = f", modulation {self.modulation:.4g}" if self.modulation != 1 else ""
        room = f"{self.room:.3g} spikes of an axon count{f' ({self.why})' if self.why else ''}"
        until = "fade with tau_ms" if self.forgets else "go on counting until Clear.TRACES: clear between lessons"
        dead = f", those up to {self.deadband:.4g} change nothing" if self.deadband else ""
        return [
            f"errors: at LEARN one spike and an error of 1 change a weight by {self._size}{off}{modulated}",
            f"errors: steps of {self.step:.4g}, up to {self.largest:.4g}{dead}",
            f"errors: {room}; traces {until}",
            *([f"errors: {self.x_target:.4g} is taken off the spikes of each axon"] if self.x_target else []),
            *([self.judge] if self.judge else []),
        ]

    @property
    def _size(self) -> str:
        least, most = (f"{each:.3g}" for each in sorted(self.acting))
        return least if least == most else f"{least} to {most}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {**vars(self), "acting": list(self.acting), "error": self.error}


def error_change(image: Image, row: int, rule: Rule | None = None) -> ErrorChange:
    """Compute it for a rule row of an image that learns by errors, beside what its rule asks for if that is given."""
    flags, config, registers = row_flags(image, row), image.config, RULE_ROWS[row]
    modulation = signed_value(image, Control.MODULATION) or MODULATION_ONE
    rate = saturate(signed_value(image, registers.potentiation) * modulation // MODULATION_ONE, config.change_bits)
    kind = kind_of_axons(image, row)
    increment, decay = (
        signed_value(image, of_axons(each, kind, config)) for each in (Control.PRE_INCREMENT, Control.PRE_DECAY)
    )
    soft = bool(flags & LearningFlag.SOFT) and config.soft_bounds
    span = signed_value(image, registers.weight_max) - signed_value(image, registers.weight_min)
    numbers = Arithmetic(config, bool(flags & LearningFlag.STOCHASTIC), span * soft)
    items, scale = feedback_items(image), error_scale_of(image)
    judged = np.array([signed_value(image, register) for register, _ in ON_ERRORS if config.groups], np.int64)
    unit, at = plastic_unit(image, learning_synapses(image)[row]), typical(np.append(items, judged), scale)
    by_axons, by_judge = (float(each.max(initial=0)) for each in (np.abs(items).sum(axis=0), np.abs(judged)))
    offset = signed_value(image, registers.offset)
    above, below = (slope * unit * scale for slope in numbers.slopes(increment, rate, at, offset))
    most = signed_range(config.change_bits)[1] * MODULATION_ONE // abs(rate) if rate else ERROR_MAX
    asked = rule if isinstance(rule, ErrorRule) else None
    return ErrorChange(
        (above, below), asked.rate * modulation / MODULATION_ONE if asked else None, at / scale,
        1 / scale, min(most, ERROR_MAX) / scale, max(by_axons, by_judge) / scale,
        signed_value(image, Control.DEADBAND) / scale, float(numbers.cap // increment) if increment else 0.0,
        room_of(image, 0, kind), decay > 0, modulation / MODULATION_ONE, offset / increment if increment else 0.0,
        "a judgement" if by_judge > by_axons else ErrorChange.source, judge_line(image, scale),
    )  # fmt: skip
