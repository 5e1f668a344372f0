"""Report of one rule: its numbers as asked for and as the chip holds them, and what the chip acts by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..image import Image
from ..learning import Rule
from ..network.population import named
from ..plot.windows import learning_window, learning_windows
from ..spec import Learning
from .acting import acting_window
from .difference import finite
from .engine import ENGINES
from .errorchange import ErrorChange, error_change
from .imagerows import is_by_errors, learning_synapses
from .rounded import Rounded
from .rows import KINDS
from .window import ActingWindow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RuleReport:
    """What a chip makes of one rule.

    Attributes
    ----------
    number : int
        Which of the rules it is, from 1: its place in `Network.rules`, and one more than its row on the chip.
    synapses : int
        How many learn by it.
    sources : list of str
        Where they come from: "inputs", "neurons".
    neurons : list of int
        Neurons that they lead to.
    learning : list of Rounded
        Every number of the rule, in the units of the network.
    window : ActingWindow or None
        The learning window that the chip acts by; None of a rule of errors.
    errors : ErrorChange or None
        The change by spikes and errors that the chip acts by; None of a rule of spikes.
    """

    number: int
    synapses: int
    sources: list[str]
    neurons: list[int]
    learning: list[Rounded]
    window: ActingWindow | None
    errors: ErrorChange | None

    @classmethod
    def all_of(cls, image: Image, asked: Sequence[tuple[Rule, list[Rounded]]] = ()) -> list[RuleReport]:
        """Return those of the rule rows that plastic synapses of an image have.

        Parameters
        ----------
        image : Image
            The image.
        asked : sequence of (Rule, list of Rounded)
            The rule of each row, and its numbers, if it is known.
        """
        found = []
        for row, synapses in learning_synapses(image).items():
            rule, learning = asked[row] if row < len(asked) else (None, [])
            by_errors, first = is_by_errors(image, row), image.config.inputs
            learn = (synapses[:first], synapses[first:])
            found.append(cls(
                row + 1, int(np.count_nonzero(synapses)),
                [name for name, part in zip(KINDS, learn, strict=True) if part.any()],
                np.flatnonzero(synapses.any(axis=0)).tolist(), list(learning),
                None if by_errors else acting_window(image, row, rule),
                error_change(image, row, rule) if by_errors else None,
            ))  # fmt: skip
        return found

    @property
    def warnings(self) -> list[str]:
        """What differs from what was asked for by too much."""
        acting = self.window or self.errors
        return acting.warnings if acting else []

    @property
    def lines(self) -> list[str]:
        """The numbers as text, and what the chip acts by."""
        return rule_lines(self.learning, self.window or self.errors)

    def __str__(self) -> str:
        onto = named(self.neurons)
        return f"{self.synapses} synapses from {' and '.join(self.sources)} onto {onto}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "number": self.number, "synapses": self.synapses, "sources": self.sources, "neurons": self.neurons,
            "learning": plain(self.learning), "window": self.window.to_dict() if self.window else None,
            "errors": self.errors.to_dict() if self.errors else None,
        }  # fmt: skip


def rule_lines(learning: Sequence[Rounded], acting: ActingWindow | ErrorChange | None) -> list[str]:
    """Return the numbers of a rule as text, and what the chip acts by."""
    numbers = [f"learning: {', '.join(map(str, learning))}"] if learning else []
    return numbers + (acting.lines if acting else [])


def rule_warnings(rules: Sequence[RuleReport]) -> list[str]:
    """Return the warnings of all rules, each with its number if there are several."""
    several = len(rules) > 1
    return [f"rule {each.number}: {line}" if several else line for each in rules for line in each.warnings]


def draw_windows(windows: dict[int, ActingWindow], ax: Axes | None, rule: int | None) -> Figure:
    """Draw the learning window of one rule, or those of all side by side; see `Report.plot_window`."""
    if rule is None and ax is None and len(windows) > 1:
        return learning_windows({f"rule {number}": window for number, window in windows.items()})
    chosen = next(iter(windows)) if rule is None and len(windows) == 1 else rule
    if chosen not in windows:
        raise InputError(f"rule= must be {' or '.join(map(str, windows))}, which have a learning window; got {rule!r}")
    return learning_window(windows[chosen], ax=ax)


def plain(learning: Sequence[Rounded]) -> list[dict[str, Any]]:
    """Return numbers as plain values that JSON can hold."""
    return [
        {**asdict(each), "wanted": finite(each.wanted), "got": finite(each.got), "error": each.error}
        for each in learning
    ]


def engines(rules: Sequence[RuleReport], learning: Learning, *, by_errors: bool) -> str:
    """Say by what synapses learn: several `rules`, or one that is of errors or not."""
    kinds = [each.errors is not None for each in rules] or [by_errors]
    names = dict.fromkeys("errors" if each else ENGINES[learning] for each in kinds)
    return (f"{len(rules)} rules of " if rules else "") + " and ".join(names)
