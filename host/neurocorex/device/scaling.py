"""Scaling in a run: steps in which the weights of each neuron are brought to the sums that the rules state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from ..events.changing import SCALE_ALL
from ..spec import Control, CoreConfig
from ..spec.fixed import SCALE_ROW_BITS
from .teaching import is_integer, require_scaling

#: Change of a stream: step, register, and value.
Change = tuple[int, int, int]


def scaling_changes(
    commands: Mapping[int, Any], sums: Sequence[int], steps: int, config: CoreConfig
) -> list[Change]:  # fmt: skip
    """Return the registers that scale weights: in each step those of one rule, and those of others in the next ones.

    Parameters
    ----------
    commands : mapping of int to int
        The group to be scaled by step, 0 for all neurons.
    sums : sequence of int
        Sum of each rule row in units of the chip, 0 where the rule states none.
    steps : int
        Of the run.
    config : CoreConfig
        Geometry of the chip.

    Raises
    ------
    InputError
        If the chip does not scale, no rule states a sum, a group does not exist, or steps lie too near to each other,
        or to the end of the run, for all rules to have their turn.
    """
    if not commands:
        return []
    require_scaling(config, "scale")
    rows = [row for row, total in enumerate(sums) if total]
    if not rows:
        raise InputError("scale needs a rule that states a sum, such as stdp(..., weight_sum=78.4)")
    at = sorted(commands)
    for step, following in zip(at, [*at[1:], None], strict=True):
        if following is not None and following - step < len(rows):
            raise InputError(
                f"scale names steps {step} and {following}, and {len(rows)} rules with a weight_sum are scaled one in "
                f"a step: leave {len(rows)} steps or more from one to the next"
            )
        if step + len(rows) > steps:
            raise InputError(
                f"scale names step {step} of {steps}, and {len(rows)} rules with a weight_sum are scaled one in a "
                f"step: name steps up to {steps - len(rows)}"
            )
    found = []
    for step in at:
        group = group_bits(commands[step], config)
        for place, row in enumerate(rows):
            found.append((step + place, int(Control.TARGET), int(sums[row])))
            found.append((step + place, int(Control.SCALE), row + 1 | group << SCALE_ROW_BITS))
    return found


def group_bits(group: Any, config: CoreConfig) -> int:
    """Return the group to be scaled, 0 for all neurons; raises InputError."""
    if not is_integer(group) or not 0 <= group <= config.groups:
        groups = f"a group from 1 to {config.groups}, or 0" if config.groups else "no groups on this chip, but 0"
        raise InputError(f"scale takes {groups} for all neurons, got {group!r}")
    return int(group)


def commanded(changes: Sequence[Change]) -> tuple[list[Change], dict[int, int]]:
    """Split the changes of a stream: the groups that `EventStream.scaling` names, by step, and the others before."""
    commands: dict[int, int] = {}
    rest = []
    for step, register, value in changes:
        if register == Control.SCALE and value & (1 << SCALE_ROW_BITS) - 1 == SCALE_ALL:
            commands[step] = value >> SCALE_ROW_BITS
        else:
            rest.append((step, register, value))
    return rest, commands
