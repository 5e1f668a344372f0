"""Changes of a stream between steps: clears, registers, lessons, judgements, silence, contexts, rewards, scaling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..spec import Clear, Control, JudgeFlag
from ..spec.config import LIMITS
from ..spec.fixed import FADE_ALL, SCALE_ROW_BITS
from ..spec.registers import REWARD_ONE
from .arrays import Ints
from .codec import DRAWN, FIRST_RATES, NO_REGISTER, RATED, REPORTED
from .reports import request

#: What is cleared between samples: all that a run leaves behind but what was learned.
CLEAR_ALL = Clear.STATE | Clear.ADAPTATION | Clear.TRACES | Clear.ERRORS | Clear.WINNERS | Clear.TALLIES

#: Most groups that a chip can be built with.
GROUPS = max(LIMITS["groups"])

#: Row in `Control.SCALE` that no chip has: a device puts those of all rules with a sum in its place.
SCALE_ALL = (1 << SCALE_ROW_BITS) - 1
#: Most rows of rates, and most steps that are drawn at once.
LIMITS_PATTERNS, DRAWN_MOST = 4096, 0xFFFF
#: Most contexts.
CONTEXTS = max(LIMITS["contexts"])

#: Largest reward, and with the other sign the smallest.
REWARD_LIMIT = 127

Steps = int | Sequence[int] | Ints


class Changing:
    """Methods of `EventStream` that return a stream with further changes."""

    __slots__ = ()

    steps: int
    change_step: Ints
    change_register: Ints
    change_value: Ints

    def with_changes(self, step: Ints, register: Ints, value: Ints) -> Self:
        """Return the same spikes with these changes in place of its own; see `EventStream`."""
        raise NotImplementedError

    def clearing(self, steps: Steps, flags: Clear = CLEAR_ALL) -> Self:
        """Return a stream that also clears what `flags` name before each of `steps`, after the changes there."""
        return self._changing(steps, NO_REGISTER, int(flags))

    def setting(self, steps: Steps, register: Control, value: int | Sequence[int] | Ints) -> Self:
        """Return a stream that also sets a control register before each of `steps`, to one value or to one for each.

        Values may be negative.
        """
        values = integers("values of a register", np.atleast_1d(value)) & 0xFFFF_FFFF
        return self._changing(steps, int(register), values)

    def learning(self, steps: Steps) -> Self:
        """Return a stream in which neurons also learn from their errors at the end of each of `steps`, once in each."""
        return self._changing(np.unique(self._within("LEARN", steps)), int(Control.LEARN), 1)

    def rewarding(self, steps: Steps, values: float | Sequence[float] | npt.NDArray[Any] = 1.0) -> Self:
        """Return a stream that also rewards in each of `steps`, each once.

        At the end of the step, every synapse that learns gains what it has gathered times the reward.

        Parameters
        ----------
        steps : int or int array [n]
            Steps, each once.
        values : float or float array [n]
            The reward: for all, or for each step, -127 to 127. 1.0 adds what was gathered as it is.
        """
        at = self._within("a reward", steps)
        if len(np.unique(at)) != at.size:
            raise InputError("a step can have one reward; the steps of rewards hold one twice")
        return self.setting(at, Control.REWARD, [reward_value(each) for each in np.atleast_1d(values).tolist()])

    def scaling(self, steps: Steps, group: int = 0) -> Self:
        """Return a stream in which weights are also brought to their sums at the end of each of `steps`.

        A run on a device scales the weights of every rule that states a `weight_sum`, one rule in a step: those of
        further rules in the following steps.

        Parameters
        ----------
        steps : int or int array [n]
            Steps.
        group : int
            The group of neurons that is scaled; 0: all neurons.
        """
        if isinstance(group, bool) or not isinstance(group, int | np.integer) or not 0 <= group <= GROUPS:
            raise InputError(f"a group that is scaled is 1 to {GROUPS}, or 0 for all neurons; got {group!r}")
        at = np.unique(self._within("scaling", steps))
        return self._changing(at, int(Control.SCALE), SCALE_ALL | int(group) << SCALE_ROW_BITS)

    def fading(self, steps: Steps, part: int = FADE_ALL) -> Self:
        """Return a stream in which synapses also forget some of what they have gathered, at the end of each of `steps`.

        Parameters
        ----------
        steps : int or int array [n]
            Steps.
        part : int
            They lose 2^-part of it, rounded up; 1 to 14, or 15 (the default): all.
        """
        if isinstance(part, bool) or not isinstance(part, int | np.integer) or not 1 <= part <= FADE_ALL:
            raise InputError(
                f"part of a fade must be 1 to {FADE_ALL - 1} (2^-part is lost), or {FADE_ALL}: all; got {part!r}"
            )
        return self._changing(np.unique(self._within("a fade", steps)), int(Control.FADE), int(part))

    def judging(self, steps: Steps, labels: Steps, *, if_wrong: bool = True) -> Self:
        """Return a stream that also judges in each of `steps`: which neurons were the first to fire before it.

        Parameters
        ----------
        steps : int or int array [n]
            Steps, each once.
        labels : int or int array [n]
            The group that is right, see `Network.judge`: for all, or for each step; 0: none is.
        if_wrong : bool
            Praise only where the winner was of another group; otherwise praise always. Blame is for wrong winners.
        """
        at = self._within("a judgement", steps)
        if len(np.unique(at)) != at.size:
            raise InputError("a step can be judged once; the steps of judgements hold one twice")
        groups = integers("labels of judgements", np.atleast_1d(labels))
        if groups.size and not 0 <= groups.min() <= groups.max() <= GROUPS:
            raise InputError(
                f"labels of judgements are groups from 0 to {GROUPS}, got {groups.min()} to {groups.max()}"
            )
        flags = JudgeFlag.JUDGE | (JudgeFlag.IF_WRONG if if_wrong else JudgeFlag(0))
        return self.setting(at, Control.LABEL, groups).setting(at, Control.JUDGE, int(flags))

    def silencing(self, steps: Steps, groups: Iterable[int] | Sequence[Iterable[int]]) -> Self:
        """Return a stream in which neurons of some groups fire only if they are forced to, from each of `steps` on.

        Parameters
        ----------
        steps : int or int array [n]
            Steps.
        groups : integers, or such for each step
            Groups that are silent from then on, in place of those before; 0 is for neurons of none; () ends it.
        """
        listed: list[Any] = list(groups)
        each = [list(part) for part in listed] if listed and not np.isscalar(listed[0]) else [listed]
        return self.setting(steps, Control.SILENT, [silent_bits(part) for part in each])

    def switching(self, steps: Steps, contexts: Steps) -> Self:
        """Return a stream in which another context is in force from each of `steps` on.

        Parameters
        ----------
        steps : int or int array [n]
            Steps.
        contexts : int or int array [n]
            Number of the context, as `Network.context` returns it: for all, or for each step.
        """
        numbers = integers("contexts", np.atleast_1d(contexts))
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < CONTEXTS:
            raise InputError(f"contexts are numbers from 0 to {CONTEXTS - 1}, got {numbers.min()} to {numbers.max()}")
        return self.setting(self._within("a switch", steps), Control.CONTEXT, numbers)

    def drawing(self, steps: Steps, counts: Steps, patterns: Steps = 0) -> Self:
        """Return a stream in which a chip with patterns draws the input spikes of some steps.

        These have no spikes, currents or other changes of their own, but for changes before the first of them.

        Parameters
        ----------
        steps : int or int array [n]
            Steps with which they begin.
        counts : int or int array [n]
            How many they are: for all, or for each, 1 to 65535.
        patterns : int or int array [n]
            Row of rates: for all, or for each.
        """
        at, count, row = (
            integers(name, np.atleast_1d(given))
            for name, given in (("steps", steps), ("counts", counts), ("patterns", patterns))
        )
        if count.size and not 1 <= count.min() <= count.max() <= DRAWN_MOST:
            raise InputError(f"drawn steps are 1 to {DRAWN_MOST} at once, got {count.min()} to {count.max()}")
        if row.size and not 0 <= row.min() <= row.max() < LIMITS_PATTERNS:
            raise InputError(f"patterns are rows from 0 to {LIMITS_PATTERNS - 1}, got {row.min()} to {row.max()}")
        return self._changing(at, DRAWN, row << 16 | count)

    def rating(self, step: int, packed: bytes) -> Self:
        """Return a stream in which the rates of row 0 change before a step, from axon 0 on; packed as on the wire."""
        octets = np.frombuffer(packed, np.uint8).astype(np.int64)
        octets[:1] += FIRST_RATES
        return self._changing(np.full(octets.size, step), RATED, octets)

    def reporting(self, steps: Steps, region: int, items: int, *, column: int = 0, row: int = 0) -> Self:
        """Return a stream that also has items of a region put into the results before each of `steps`.

        After the changes that stand there. The number of steps of the stream stands for its end. Only chips that are
        built with `reports` know it.

        Parameters
        ----------
        steps : int or int array [n]
            0 to ``steps``.
        region : Region or int
            Which the chip has; not `INFO`.
        items : int
            How many, 0 to 65535, row by row.
        column, row : int
            Of the first item.
        """
        return self._changing(steps, REPORTED, request(region, row, column, items))

    def _within(self, what: str, steps: Steps) -> Ints:
        at = integers(f"steps of {what}", np.atleast_1d(steps))
        if at.size and not 0 <= at.min() <= at.max() < self.steps:
            wrong = at[(at < 0) | (at >= self.steps)][0]
            raise InputError(f"{what} names step {wrong} of a stream of {self.steps} steps (0 to {self.steps - 1})")
        return at

    def _changing(self, steps: Steps, register: int, value: int | Ints) -> Self:
        at = integers("steps of changes", np.atleast_1d(steps))
        given = np.atleast_1d(np.asarray(value, np.int64))
        if given.size not in (1, at.size):
            raise InputError(f"{at.size} steps of changes need one value, or {at.size}; got {given.size}")
        step = np.concatenate([self.change_step, at])
        order = np.argsort(step, kind="stable")
        registers = np.concatenate([self.change_register, np.full(at.size, register)])[order]
        values = np.concatenate([self.change_value, np.broadcast_to(given, at.shape)])[order]
        return self.with_changes(step[order], registers, values)


def reward_value(reward: Any) -> int:
    """Return `Control.REWARD`, with its sign, for a reward; raises InputError."""
    number = isinstance(reward, int | float | np.integer | np.floating) and not isinstance(reward, bool)
    if not number or not abs(reward) <= REWARD_LIMIT:
        raise InputError(f"a reward must be {-REWARD_LIMIT} to {REWARD_LIMIT}, got {reward!r}; for example 1.0")
    return round(float(reward) * REWARD_ONE)


def silent_bits(groups: Iterable[Any]) -> int:
    """Return `Control.SILENT` for groups that are silent; raises InputError."""
    numbers = list(groups)
    if any(
        isinstance(each, bool) or not isinstance(each, int | np.integer) or not 0 <= each <= GROUPS for each in numbers
    ):
        raise InputError(f"silent groups are 0 (neurons of none) to {GROUPS}, got {numbers!r}; for example [1, 3]")
    return sum(1 << int(each) for each in set(numbers))


def integers(name: str, values: npt.ArrayLike) -> Ints:
    """Return a row of integers as int64; raises InputError with `name`."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iub"):
        raise InputError(f"{name} must be one row of integers, got {array.dtype} of shape {array.shape}")
    return array.astype(np.int64, copy=False)
