"""Teaching: the arguments of a run that say what acts besides spikes and currents, and the registers that they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.arrays import Ints
from ..events.codec import REPORTED
from ..learning import MODULATION_LIMIT
from ..network.population import Neurons, Population
from ..spec import Clear, Control, CoreConfig, Learning
from ..spec.control import control_bits
from ..spec.registers import GATE_ALL, MODULATION_ONE
from ..spec.rows import Condition, has_eligibility, has_groups, has_scaling, judges


class Teaching(TypedDict, total=False):
    """Keywords of `Device.run` that say what acts besides spikes and currents; all of them optional.

    None of them outlasts its run: afterwards every register is what it was before, but for those that a run moves by
    itself (`RANDOM`). What is to stay is set on the device, by `Device.learning`, `gate` or `modulation`. Steps count
    through all samples; each change acts before its step, clears first.

    Attributes
    ----------
    teacher : bool array [steps, N] or [samples, steps, N], or mapping of step to neurons
        Where a neuron fires whatever its membrane, and even while it is refractory.
    modulation : float array [steps], or mapping of step to float
        Factor of all changes of weights, -127 to 127: a reward that comes with the spikes.
    gate : mapping of step to neuron or None
        The one neuron that learns from then on; None: all.
    learning : bool, or mapping of step to bool
        Whether weights change. False freezes them, drift included; traces go on.
    adaptation : bool, or mapping of step to bool
        Whether thresholds adapt. False holds raised thresholds where they are: they neither rise nor fade, and neither
        a new sample nor ``clear=True`` sets them to zero.
    learn : step, array of steps, or bool array [steps] or [samples, steps]
        Where neurons learn from their errors, at the end of the step; see `learning.errors`. Errors are 0 then.
    judge : mapping of step to group
        Which group is right in a judgement at that step, 0 for none; see `Network.judge`. It praises only where the
        winner is of another group; with ``changes={step: {Control.JUDGE: 1}}`` beside it, always.
    reward : float array [steps], or mapping of step to float
        What comes after what was gathered for it, see `stdp`: at the end of that step every synapse that learns gains
        what it has gathered times this, -127 to 127. Synapses still hold it then, and forget it as time goes.
    scale : step, array of steps, or bool array [steps] or [samples, steps], or mapping of step to group
        Where the weights onto each neuron are brought to the sums that the rules state as `weight_sum`, at the end of
        the step; of a group only where one is named. One rule is scaled in a step: further ones in the following steps,
        in the order of `Network.rules`, so steps have to leave room for them.
    silence : mapping of step to groups
        Groups whose neurons fire only if they are forced to, from then on; 0 is for neurons of none, () ends it.
    context : str, or mapping of step to str
        Context that is in force, for the whole run or from then on, by its name (or number), see `Network.context`.
        Neither a new sample nor a clear changes it. Without one a run begins in that of `Device.context`, by default
        the first.
    changes : mapping of step to {Control: int}
        Any other control registers.
    clear : bool, or mapping of step to Clear
        Start from zero state; or what goes to zero when, as in ``{20: Clear.TRACES}``.
    """

    teacher: npt.ArrayLike | Mapping[int, Any] | None
    modulation: npt.ArrayLike | Mapping[int, float] | None
    gate: Mapping[int, int | Neurons | None] | None
    learning: bool | Mapping[int, bool] | None
    adaptation: bool | Mapping[int, bool] | None
    learn: npt.ArrayLike | None
    judge: Mapping[int, int] | None
    reward: npt.ArrayLike | Mapping[int, float] | None
    scale: npt.ArrayLike | Mapping[int, int] | None
    silence: Mapping[int, Iterable[int]] | None
    context: str | int | Mapping[int, str | int] | None
    changes: Mapping[int, Mapping[Control, int]] | None
    clear: bool | Mapping[int, Clear]


def modulation_bits(value: Any) -> int:
    """Return the register of a reward; raises InputError."""
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or not abs(value) <= MODULATION_LIMIT:
        raise InputError(f"modulation must be {-MODULATION_LIMIT} to {MODULATION_LIMIT}, got {value!r}; 1.0 is neutral")
    return round(float(value) * MODULATION_ONE) & 0xFFFF


def gate_bits(neuron: Any, neurons: int) -> int:
    """Return the register that lets one neuron learn, or all of them for None; raises InputError."""
    if neuron is None:
        return GATE_ALL
    number = neuron
    if isinstance(neuron, Population):
        number = int(neuron.indices[0]) if isinstance(neuron, Neurons) and len(neuron) == 1 else None
    if not is_integer(number) or not 0 <= number < neurons:
        raise InputError(f"the gate takes a neuron from 0 to {neurons - 1}, or None for all, got {neuron!r}")
    return int(number)


def require_learning(config: CoreConfig, what: str) -> None:
    """Raise InputError if a chip does not learn, so that `what` has no meaning."""
    if not config.learning:
        raise InputError(f"{what} needs a chip that learns; this one was built without a learning engine")


def require_errors(config: CoreConfig, what: str) -> None:
    """Raise InputError if the neurons of a chip gather no errors, so that `what` has no meaning."""
    if not config.errors:
        raise InputError(f"{what} needs a chip with errors; this one was built without: CoreConfig(errors=True)")


def require_groups(config: CoreConfig, what: str) -> None:
    """Raise InputError if a chip knows no groups, so that `what` has no meaning."""
    if not config.groups:
        raise InputError(
            f"{what} needs a chip with groups; this one was built without: CoreConfig(groups=10), or as many as there "
            "are"
        )


def require_judgements(config: CoreConfig, what: str) -> None:
    """Raise InputError if a chip cannot judge by groups, so that `what` has no meaning."""
    if not judges(config):
        raise InputError(
            f"{what} needs a chip with groups and errors; this one was built without: CoreConfig(errors=True, "
            f"learning={Learning.EXPONENTIAL:d}, groups=10), or as many groups as there are"
        )


def require_eligibility(config: CoreConfig, what: str) -> None:
    """Raise InputError if the synapses of a chip gather nothing, so that `what` has no meaning."""
    if not config.eligibility:
        raise InputError(
            f"{what} needs a chip with eligibility; this one was built without: "
            f"CoreConfig(eligibility=True, learning={Learning.EXPONENTIAL:d})"
        )


def require_scaling(config: CoreConfig, what: str) -> None:
    """Raise InputError if a chip does not scale weights, so that `what` has no meaning."""
    if not config.scaling:
        raise InputError(
            f"{what} needs a chip with scaling; this one was built without: "
            f"CoreConfig(scaling=True, learning={Learning.EXPONENTIAL:d})"
        )


def _present_on(chips: Condition) -> tuple[Control, ...]:
    return tuple(control for control in Control if control.row.present is chips)


#: Registers that only some chips have, what asks for these chips, and what it is that needs them.
_SET_IN_STIMULI = (
    ((Control.LEARN,), require_errors, "LEARN in the stimulus"),
    (_present_on(judges), require_judgements, "a judgement in the stimulus"),
    (_present_on(has_groups), require_groups, "silence, or ONE_FIRES, in the stimulus"),
    (_present_on(has_eligibility), require_eligibility, "a reward, or a fade, in the stimulus"),
    (_present_on(has_scaling), require_scaling, "scaling in the stimulus"),
)


def require_set(registers: npt.NDArray[Any], config: CoreConfig) -> None:
    """Raise InputError if a stimulus sets a register that a chip lacks, of those that say what kind of chip they need.

    Or if it holds reports, and the chip has none.

    Parameters
    ----------
    registers : int array
        Numbers of the registers; others are looked at elsewhere, or refused by the chip.
    """
    present = set(registers.tolist())
    for needing, require, what in _SET_IN_STIMULI:
        if not present.isdisjoint(needing):
            require(config, what)
    if REPORTED in registers and not config.reports:
        raise InputError("a stimulus with reports needs a chip that is built with these: CoreConfig(reports=True)")


def require_contexts(config: CoreConfig, what: str) -> None:
    """Raise InputError if a chip has no contexts, so that `what` has no meaning."""
    if config.contexts == 1:
        raise InputError(
            f"{what} needs a chip with contexts; this one was built without: CoreConfig(contexts=2), or as many as "
            "there are"
        )


def context_bits(context: Any, names: Sequence[str], config: CoreConfig) -> int:
    """Return the register of a context, by its name or number; raises InputError."""
    require_contexts(config, f"context {context!r}")
    if isinstance(context, str) and context in names:
        return names.index(context)
    count = len(names) or config.contexts
    if not is_integer(context) or not 0 <= context < count:
        known = ", ".join(map(repr, names)) or f"numbers from 0 to {count - 1}, and no names"
        raise InputError(f"there is no context {context!r}; this network has {known}")
    return int(context)


def require_streamed_contexts(contexts: Ints, names: Sequence[str], config: CoreConfig) -> None:
    """Raise InputError if a chip, or the network if its contexts have names, lacks a context that a stream sets."""
    if contexts.size:
        require_contexts(config, "a context in the stimulus")
    for context in np.unique(contexts).tolist() if names else ():
        context_bits(context, names, config)


def register_change(register: Any, value: Any, config: CoreConfig) -> tuple[Control, int]:
    """Return a register that a chip has, and the bits of its value; raises InputError."""
    known = control_bits(config)
    if not is_integer(register) or register not in known:
        names = ", ".join(Control(number).name for number in known)
        raise InputError(f"this chip has no register {register!r}; it has {names}")
    control = Control(int(register))
    bits = control.bits(config)
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if control.signed else (0, (1 << bits) - 1)
    if not is_integer(value) or not low <= value <= high:
        raise InputError(f"{control.name} of this chip holds integers from {low} to {high}, got {value!r}")
    return control, int(value) & ((1 << bits) - 1)


def label_bits(group: Any, config: CoreConfig) -> int:
    """Return the register of the group that is right; raises InputError."""
    if not is_integer(group) or not 0 <= group <= config.groups:
        raise InputError(f"a judgement takes a group from 1 to {config.groups}, or 0 for none, got {group!r}")
    return int(group)


def for_each_step(name: str, given: Any, steps: int) -> npt.NDArray[Any]:
    """Return an argument of a number for each step, as one row; raises InputError."""
    try:
        values = np.asarray(given)
    except (ValueError, TypeError, RuntimeError, LookupError):
        values = np.empty(0, np.object_)
    if values.dtype.kind not in "iufb" or values.ndim not in (1, 2) or values.size > steps:
        raise InputError(
            f"{name} needs a number for each of {steps} steps, or a mapping such as {{20: 1.0}}; "
            f"got {values.dtype} of shape {values.shape}"
        )
    return values.reshape(-1)


def marked_steps(name: str, given: Any, steps: int) -> list[int]:
    """Return steps, rising, of an argument that has them, or is True where they are; raises InputError."""
    array = np.asarray(given)
    if array.dtype == np.bool_ and array.ndim and array.size == steps:
        array = np.flatnonzero(array)  # counts through all samples
    if array.ndim > 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(
            f"{name} must be steps such as [19, 39], or a bool array of {steps} steps; got {array.dtype} of "
            f"shape {array.shape}"
        )
    found: list[int] = np.unique(array.astype(np.int64)).tolist()
    return found


def is_integer(value: Any) -> bool:
    """Whether a value is an integer of Python or NumPy, and no bool."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_bool(value: Any) -> bool:
    """Whether a value is a bool of Python or NumPy."""
    return isinstance(value, bool | np.bool_)
