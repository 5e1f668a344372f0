"""Changes between the steps of a run: reward, gate, learning on and off, other registers, and clears.

None of them outlasts its run: behind its last step the stream sets every register back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import InputError
from ..events.arrays import Ints
from ..events.changing import reward_value, silent_bits
from ..events.codec import NO_REGISTER
from ..events.drawn import merged
from ..events.stream import CLEAR_ALL, EventStream
from ..quantiser.fades import Fades
from ..spec import Clear, Control, CoreConfig, JudgeFlag, LearningFlag
from ..spec.control import control_bits
from ..spec.registers import MOVING, ONE_STEP
from ..wire.regions import Items
from .scaling import commanded, scaling_changes
from .teaching import (
    Teaching,
    context_bits,
    for_each_step,
    gate_bits,
    is_bool,
    is_integer,
    label_bits,
    marked_steps,
    modulation_bits,
    register_change,
    require_eligibility,
    require_errors,
    require_groups,
    require_judgements,
    require_learning,
    require_scaling,
    require_set,
    require_streamed_contexts,
)

#: Change of a stream: step, register or `NO_REGISTER`, and value.
Change = tuple[int, int, int]


@dataclass
class Changes:
    """Changes of one run, in any order.

    Parameters
    ----------
    steps : int
        Steps of the run, those of all samples together.
    config : CoreConfig
        Geometry of the chip.
    neurons : int
        Neurons of the network.
    present : callable
        Returns the items of `Region.CONTROL` as they are before the run; called only if they are needed.
    contexts : sequence of str
        Names of the contexts of the network.

    Attributes
    ----------
    sums : sequence of int
        Sums of weights that the rules of the network state, by rule row, in units of the chip.
    lent : set of Control
        Registers that this run has changed in steps before these, if it goes on with them.
    lasting : bool
        Whether registers stay as they are behind the last step, because the run goes on.
    last : dict of Control to int
        Registers that are not what they were before the run; known once the changes have been applied.
    """

    steps: int
    config: CoreConfig
    neurons: int
    present: Callable[[], Items]
    contexts: Sequence[str] = ()
    sums: Sequence[int] = ()
    lent: set[Control] = field(default_factory=set)
    lasting: bool = False
    last: dict[Control, int] = field(default_factory=dict)
    _clears: list[Change] = field(default_factory=list)
    _sets: list[Change] = field(default_factory=list)
    _planned: list[Change] = field(default_factory=list)
    _fades: list[Change] = field(default_factory=list)
    _scales: dict[int, Any] = field(default_factory=dict)
    _held: list[tuple[int, bool]] = field(default_factory=list)
    _borrowed: dict[Control, int] = field(default_factory=dict)
    _waiting: set[Control] = field(default_factory=set)

    def teach(self, teaching: Teaching, samples: Ints) -> None:
        """Take all of `Teaching` but the forced spikes, and the steps at which samples begin."""
        self.adapt(teaching.get("adaptation"))
        for step in samples.tolist():
            self._clears.append((step, NO_REGISTER, self._all_but_held(step)))
        self.clear(teaching.get("clear", False))
        self.modulate(teaching.get("modulation"))
        self.gate(teaching.get("gate"))
        self.enable(teaching.get("learning"))
        self.learn(teaching.get("learn"))
        self.judge(teaching.get("judge"))
        self.reward(teaching.get("reward"))
        self.scale(teaching.get("scale"))
        self.silence(teaching.get("silence"))
        self.context(teaching.get("context"))
        self.registers(teaching.get("changes"))

    def adapt(self, given: Any) -> None:
        """Take the argument `adaptation`: True or False, or these by step."""
        for step, adapts in self._switched("adaptation", given):
            if not self.config.adaptation:
                if adapts:
                    raise InputError(
                        "adaptation=True needs a chip with adaptive thresholds; this one was built without"
                    )
                continue
            self._held.append((step, not adapts))
            for register in (Control.ADAPTATION_STEP, Control.ADAPTATION_DECAY):
                self._set(step, register, int(self.present()[register]) if adapts else 0)

    def _all_but_held(self, step: int) -> int:
        """Return the flags of what is cleared for a new sample: held thresholds are not."""
        held = max((each for each in self._held if each[0] <= step), default=(0, False))[1]
        return int(CLEAR_ALL & ~Clear.ADAPTATION if held else CLEAR_ALL)

    def clear(self, given: Any) -> None:
        """Take the argument `clear` of a run: True, or what is cleared before which step."""
        wanted = ({0: self._all_but_held(0)} if given else {}) if is_bool(given) else given
        for step, flags in self._by_step("clear", wanted, "{20: Clear.TRACES}"):
            if not is_integer(flags) or flags & ~int(CLEAR_ALL):
                raise InputError(f"a run clears {CLEAR_ALL!r} or some of it, got {flags!r} before step {step}")
            self._clears.append((step, NO_REGISTER, int(flags)))

    def cleared(self, what: Clear) -> list[int]:
        """Return the steps before which a run, or a new sample of it, clears some of this."""
        return [step for step, _, flags in self._clears if flags & what]

    def modulate(self, given: Any) -> None:
        """Take the argument `modulation`: one value for each step, or values by step."""
        if given is not None and not isinstance(given, Mapping):
            flat = for_each_step("modulation", given, self.steps)
            at = np.flatnonzero(np.diff(flat, prepend=np.nan) != 0)
            given = dict(zip(at.tolist(), flat[at].tolist(), strict=True))
        self._each("modulation", given, "{20: 1.0}", Control.MODULATION, modulation_bits)

    def gate(self, given: Any) -> None:
        """Take the argument `gate`: neurons, or None for all, by step."""
        self._each("gate", given, "{20: 3, 40: None}", Control.GATE, lambda value: gate_bits(value, self.neurons))

    def enable(self, given: Any) -> None:
        """Take the argument `learning`: True or False, or these by step."""
        if given is None:
            return
        require_learning(self.config, "learning")
        for step, enabled in self._switched("learning", given):
            others = int(self.present()[Control.LEARNING]) & ~int(LearningFlag.ENABLE)
            self._set(step, Control.LEARNING, others | (int(LearningFlag.ENABLE) if enabled else 0))

    def learn(self, given: Any) -> None:
        """Take the argument `learn`: steps, or where they are True."""
        if given is None:
            return
        require_errors(self.config, "learn")
        for step, value in self._by_step("learn", dict.fromkeys(marked_steps("learn", given, self.steps), 1), "[19]"):
            self._set(step, Control.LEARN, value)

    def judge(self, given: Any) -> None:
        """Take the argument `judge`: the group that is right, by step."""
        for step, group in self._by_step("judge", given, "{19: 3}"):
            require_judgements(self.config, "judge")
            self._set(step, Control.LABEL, label_bits(group, self.config))
            self._set(step, Control.JUDGE, int(JudgeFlag.JUDGE | JudgeFlag.IF_WRONG))

    def reward(self, given: Any) -> None:
        """Take the argument `reward`: one value for each step, or values by step."""
        if given is None:
            return
        require_eligibility(self.config, "reward")
        if not isinstance(given, Mapping):
            flat = for_each_step("reward", given, self.steps)
            given = {step: flat[step].item() for step in np.flatnonzero(flat).tolist()}
        for step, value in self._by_step("reward", given, "{20: 1.0}"):
            self._set(step, Control.REWARD, reward_value(value) & 0xFFFF)

    def scale(self, given: Any) -> None:
        """Take the argument `scale`: steps, or where they are True, or groups by step."""
        if given is None:
            return
        require_scaling(self.config, "scale")
        groups = given if isinstance(given, Mapping) else dict.fromkeys(marked_steps("scale", given, self.steps), 0)
        self._scales |= self._by_step("scale", groups, "{20: 1}")

    def silence(self, given: Any) -> None:
        """Take the argument `silence`: groups that are silent, by step."""
        for step, groups in self._by_step("silence", given, "{20: [1, 3], 40: ()}"):
            require_groups(self.config, "silence")
            if not isinstance(groups, Iterable):
                raise InputError(f"silence takes groups such as [1, 3] at each step, got {groups!r} at {step}")
            bits = silent_bits(groups)
            if bits >> self.config.groups >> 1:
                raise InputError(f"this chip has groups 1 to {self.config.groups}, silence names {list(groups)}")
            self._set(step, Control.SILENT, bits)

    def context(self, given: Any) -> None:
        """Take the argument `context`: a name or number for the whole run, or these by step."""
        wanted = given if given is None or isinstance(given, Mapping) else {0: given}
        for step, context in self._by_step("context", wanted, "{20: 'left'}"):
            self._set(step, Control.CONTEXT, context_bits(context, self.contexts, self.config))

    def registers(self, given: Any) -> None:
        """Take the argument `changes`: values of registers, by step."""
        for step, values in self._by_step("changes", given, "{20: {Control.DRIFT_STEP: -1}}"):
            if not isinstance(values, Mapping):
                raise InputError(f"changes of a step are a mapping such as {{Control.DRIFT_STEP: -1}}, got {values!r}")
            for register, value in values.items():
                self._set(step, *register_change(register, value, self.config))

    def planned(self, schedule: list[list[int]]) -> None:
        """Take changes that the network makes by itself: [step, register, value]; those of other steps are left out."""
        for step, register, value in schedule:
            if 0 <= step < self.steps:
                self._planned.append((step, register, value))

    def fade(self, fades: Fades | None, age: int) -> None:
        """Take the fades of a network that is so many steps old; whatever else a step sets comes after them."""
        if fades is not None:
            self._fades = [(step, int(Control.FADE), fades.k) for step in fades.at(age, self.steps).tolist()]

    def applied(self, stream: EventStream) -> EventStream:
        """Return a stream with these changes, and with what sets registers back behind its last step.

        Before one step the changes of the stream come first, then clears, then what is set. What the stream itself has
        behind its last step comes last, and stays.
        """
        own = list(zip(*(column.tolist() for column in stream.columns[6:]), strict=True))
        within, scales = commanded([change for change in own if change[0] < self.steps])
        behind = own[np.count_nonzero(stream.change_step < self.steps) :]
        self._sets += scaling_changes(scales | self._scales, self.sums, self.steps, self.config)
        if not any((self._clears, self._sets, self._planned, self._fades, own, self.lent)):
            return stream
        require_set(stream.change_register, self.config)
        switched = stream.change_value[stream.change_register == Control.CONTEXT]
        require_streamed_contexts(switched, self.contexts, self.config)
        changes = [*self._fades, *within, *self._clears, *self._planned, *self._sets]
        taught = merged(changes)
        bits = control_bits(self.config)
        changed = {Control(r) for _, r, _ in (*within, *self._sets) if bits.get(r)} - {*MOVING} | self.lent
        self._waiting = {Control(r) for _, r, _ in (*self._fades, *within, *self._sets) if r in ONE_STEP}
        self._borrowed = {register: int(self.present()[register]) for register in sorted(changed)}
        back = [] if self.lasting else [(self.steps, int(r), value) for r, value in self.back(self.steps).items()]
        self.last = {
            Control(r): value & ((1 << bits[r]) - 1) for _, r, value in (*self._planned, *behind) if bits.get(r)
        }
        columns = np.array([*taught, *back, *behind], np.int64).reshape(-1, 3).T
        return EventStream(stream.steps, *stream.columns[:6], *columns)

    def back(self, steps: int) -> dict[Control, int]:
        """Return what the registers that the run borrows would be after some of its steps without it."""
        planned = {register: value for step, register, value in self._planned if step < steps}
        return {register: planned.get(register, before) for register, before in self._borrowed.items()}

    def owed(self, steps: int) -> dict[Control, int]:
        """Return what is to be set when the run ended early: as `back`, and nothing that waits for its step."""
        return self.back(steps) | dict.fromkeys(self._waiting, 0)

    def _each(self, name: str, given: Any, example: str, register: Control, bits: Callable[[Any], int]) -> None:
        if given is None:
            return
        require_learning(self.config, name)
        for step, value in self._by_step(name, given, example):
            self._set(step, register, bits(value))

    def _set(self, step: int, register: Control, value: int) -> None:
        self._sets.append((step, int(register), value))

    def _switched(self, name: str, given: Any) -> list[tuple[int, bool]]:
        """Return an option that is on or off, by step."""
        wanted = {0: given} if is_bool(given) else given
        found = self._by_step(name, wanted, "{0: False, 20: True}")
        for step, value in found:
            if not is_bool(value):
                raise InputError(f"{name} is True or False, got {value!r} at step {step}")
        return [(step, bool(value)) for step, value in found]

    def _by_step(self, name: str, given: Any, example: str) -> list[tuple[int, Any]]:
        if given is None:
            return []
        if not isinstance(given, Mapping):
            raise InputError(f"{name} must be a mapping of steps such as {example}, got {given!r}")
        for step in given:
            if not is_integer(step) or not 0 <= step < max(self.steps, 1):
                raise InputError(f"{name} names step {step!r}, the run has {self.steps} (0 to {self.steps - 1})")
        return [(int(step), value) for step, value in given.items()]
