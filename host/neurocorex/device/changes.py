"""Changes between the steps of a run: reward, gate, learning on and off, other registers, and clears."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.codec import NO_REGISTER
from ..events.stream import CLEAR_ALL, EventStream
from ..learning import MODULATION_LIMIT
from ..network.population import Population
from ..network.selection import one_of
from ..spec import Clear, Control, CoreConfig, LearningFlag, controls
from ..spec.registers import GATE_ALL, MODULATION_ONE


class Teaching(TypedDict, total=False):
    """Keywords of `Device.run` that say what acts besides spikes and currents; all of them optional.

    What `modulation`, `gate`, `learning` and `changes` set stays after the run. Their steps, and those of `clear`,
    count through all samples; each acts before its step, clears first.

    Attributes
    ----------
    teacher : bool array [steps, N] or [samples, steps, N]
        Where a neuron fires whatever its membrane, and even while it is refractory.
    modulation : float array [steps], or mapping of step to float
        Reward: factor of all changes of weights, -127 to 127.
    gate : mapping of step to neuron, population of one, or None
        The one neuron that learns from then on; None: all.
    learning : bool, or mapping of step to bool
        Whether weights change.
    changes : mapping of step to {Control: int}
        Any other control registers.
    clear : bool, or mapping of step to Clear
        Start from zero state; or what goes to zero when, as in ``{20: Clear.TRACES}``.
    """

    teacher: npt.ArrayLike | None
    modulation: npt.ArrayLike | Mapping[int, float] | None
    gate: Mapping[int, int | None] | None
    learning: bool | Mapping[int, bool] | None
    changes: Mapping[int, Mapping[Control, int]] | None
    clear: bool | Mapping[int, Clear]


def known(teaching: Teaching) -> Teaching:
    """Return what was given; raises TypeError, as Python does, for a keyword that `Device.run` does not have."""
    for name in teaching:
        if name not in Teaching.__annotations__:
            near = difflib.get_close_matches(name, Teaching.__annotations__, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"Device.run() got an unexpected keyword argument {name!r}{hint}")
    return teaching


def modulation_bits(value: Any) -> int:
    """Return the register of a reward; raises InputError."""
    if not _is_number(value) or not abs(value) <= MODULATION_LIMIT:
        raise InputError(f"modulation must be {-MODULATION_LIMIT} to {MODULATION_LIMIT}, got {value!r}; 1.0 is neutral")
    return round(float(value) * MODULATION_ONE) & 0xFFFF


def gate_bits(neuron: Any, neurons: int) -> int:
    """Return the register that lets one neuron learn, or all of them for None; raises InputError."""
    if neuron is None:
        return GATE_ALL
    if isinstance(neuron, Population):
        return one_of(neuron, neurons, "the gate")
    if isinstance(neuron, bool) or not isinstance(neuron, int | np.integer) or not 0 <= neuron < neurons:
        raise InputError(f"the gate takes a neuron from 0 to {neurons - 1}, or None for all, got {neuron!r}")
    return int(neuron)


def require_learning(config: CoreConfig, what: str) -> None:
    """Raise InputError if a chip does not learn, so that `what` has no meaning."""
    if not config.learning:
        raise InputError(f"{what} needs a chip that learns; this one was built without a learning engine")


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

    Attributes
    ----------
    last : dict of Control to int
        Registers as the run leaves them, if it changes them; known once the changes have been applied.
    """

    steps: int
    config: CoreConfig
    neurons: int
    last: dict[Control, int] = field(default_factory=dict)
    _clears: list[tuple[int, int, int]] = field(default_factory=list)
    _sets: list[tuple[int, int, int]] = field(default_factory=list)

    def teach(self, teaching: Teaching, flags: Callable[[], int]) -> None:
        """Take all of `Teaching` but the forced spikes; `flags` returns the register `LEARNING` at present."""
        self.clear(teaching.get("clear", False))
        self.modulate(teaching.get("modulation"))
        self.gate(teaching.get("gate"))
        self.enable(teaching.get("learning"), flags)
        self.registers(teaching.get("changes"))

    def clear(self, given: Any) -> None:
        """Take the argument `clear` of a run: True, or what is cleared before which step."""
        wanted = {0: CLEAR_ALL} if given is True else {} if given is False else given
        for step, flags in self._by_step("clear", wanted, "{20: Clear.TRACES}"):
            if isinstance(flags, bool) or not isinstance(flags, int | np.integer) or int(flags) & ~int(CLEAR_ALL):
                raise InputError(f"a run clears {CLEAR_ALL!r} or some of it, got {flags!r} before step {step}")
            self._clears.append((step, NO_REGISTER, int(flags)))

    def modulate(self, given: Any) -> None:
        """Take the argument `modulation`: one value for each step, or values by step."""
        if given is None:
            return
        if not isinstance(given, Mapping):
            values = np.asarray(given)
            if values.dtype.kind not in "iufb" or values.ndim not in (1, 2) or values.size > self.steps:
                raise InputError(
                    f"modulation needs a number for each of {self.steps} steps, or a mapping such as {{20: 1.0}}; "
                    f"got {values.dtype} of shape {values.shape}"
                )
            flat = values.reshape(-1)
            at = np.flatnonzero(np.diff(flat, prepend=np.nan) != 0)
            given = dict(zip(at.tolist(), flat[at].tolist(), strict=True))
        self._each("modulation", given, "{20: 1.0}", Control.MODULATION, modulation_bits)

    def gate(self, given: Any) -> None:
        """Take the argument `gate`: neurons, or None for all, by step."""
        self._each("gate", given, "{20: 3, 40: None}", Control.GATE, lambda value: gate_bits(value, self.neurons))

    def enable(self, given: Any, flags: Callable[[], int]) -> None:
        """Take the argument `learning`: True or False, or these by step; `flags` returns the register at present."""
        if given is None:
            return
        wanted = {0: given} if isinstance(given, bool) else given
        require_learning(self.config, "learning")
        others = flags() & ~int(LearningFlag.ENABLE)
        for step, enabled in self._by_step("learning", wanted, "{0: False, 20: True}"):
            self._set(step, Control.LEARNING, others | (int(LearningFlag.ENABLE) if enabled else 0))

    def registers(self, given: Any) -> None:
        """Take the argument `changes`: values of registers, by step."""
        for step, values in self._by_step("changes", given, "{20: {Control.DRIFT_STEP: -1}}"):
            if not isinstance(values, Mapping):
                raise InputError(f"changes of a step are a mapping such as {{Control.DRIFT_STEP: -1}}, got {values!r}")
            for register, value in values.items():
                self._set(step, self._register(register), self._bits(register, value))

    def planned(self, schedule: list[list[int]]) -> None:
        """Take changes that the network makes by itself: [step, register, value]; those of other steps are left out."""
        for step, register, value in schedule:
            if 0 <= step < self.steps:
                self._set(step, Control(register), value)

    def applied(self, stream: EventStream) -> EventStream:
        """Return a stream with these changes; before one step its own come first, then clears, then what is set."""
        if not self._clears and not self._sets and not stream.change_step.size:
            return stream
        own = zip(*(column.tolist() for column in stream.columns[6:]), strict=True)
        ordered = sorted([*own, *self._clears, *self._sets], key=lambda change: change[0])
        self.last = {Control(register): value for _, register, value in ordered if register in controls(self.config)}
        columns = np.array(ordered, np.int64).reshape(-1, 3).T
        return EventStream(stream.steps, *stream.columns[:6], *columns)

    # Details -----------------------------------------------------------------------------------

    def _each(self, name: str, given: Any, example: str, register: Control, bits: Callable[[Any], int]) -> None:
        if given is None:
            return
        require_learning(self.config, name)
        for step, value in self._by_step(name, given, example):
            self._set(step, register, bits(value))

    def _set(self, step: int, register: Control, value: int) -> None:
        self._sets.append((step, int(register), value))

    def _by_step(self, name: str, given: Any, example: str) -> list[tuple[int, Any]]:
        if given is None:
            return []
        if not isinstance(given, Mapping):
            raise InputError(f"{name} must be a mapping of steps such as {example}, got {given!r}")
        for step in given:
            if isinstance(step, bool) or not isinstance(step, int | np.integer) or not 0 <= step < max(self.steps, 1):
                raise InputError(f"{name} names step {step!r}, the run has {self.steps} (0 to {self.steps - 1})")
        return [(int(step), value) for step, value in given.items()]

    def _register(self, register: Any) -> Control:
        known = [control for control in controls(self.config) if control.bits(self.config)]
        if not isinstance(register, int | np.integer) or int(register) not in known:
            names = ", ".join(control.name for control in known)
            raise InputError(f"this chip has no register {register!r}; it has {names}")
        return Control(int(register))

    def _bits(self, register: Any, value: Any) -> int:
        control = Control(register)
        bits = control.bits(self.config)
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if control.signed else (0, (1 << bits) - 1)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
            raise InputError(f"{control.name} of this chip holds integers from {low} to {high}, got {value!r}")
        return int(value) & ((1 << bits) - 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)
