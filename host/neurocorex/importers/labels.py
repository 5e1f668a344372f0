"""What became of each part of a model that was imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from ..errors import FitError
from ..quantiser.report import Report


class Label(StrEnum):
    """How far a part of a model is what it was."""

    EXACT = "exact"
    """Nothing was lost."""
    APPROXIMATE = "approximate"
    """A number says how much."""
    UNSUPPORTED = "unsupported"
    """It cannot be had; the detail says why, and what to do."""


@dataclass(frozen=True)
class Item:
    """One part of a model.

    Attributes
    ----------
    name : str
        What it is, in the words of the tool that it comes from.
    label : Label
        How far it is kept.
    error : float
        Largest difference, in the units of the model; 0 where exact.
    detail : str
        What happened; for what is unsupported, the reason and what to do.
    """

    name: str
    label: Label
    error: float = 0.0
    detail: str = ""

    @classmethod
    def rounded(cls, name: str, error: float, detail: str = "") -> Item:
        """Return an item that is exact if the error is 0."""
        return cls(name, Label.APPROXIMATE if error else Label.EXACT, float(error), detail)

    def __str__(self) -> str:
        size = f" by {self.error:.3g}" if self.error else ""
        return f"{self.name}: {self.label}{size}" + (f", {self.detail}" if self.detail else "")


@dataclass(frozen=True)
class ImportReport:
    """What an importer did. `str()` of it is for people, `to_dict` for programs.

    Attributes
    ----------
    source : str
        What was imported.
    items : list of Item
        Every part of the model.
    scale_reason : str
        Why the scale is what it is.
    quantised : Report or None
        What `quantise` says of the network; None if it came not so far.
    """

    source: str
    items: Sequence[Item]
    scale_reason: str = ""
    quantised: Report | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def exact(self) -> bool:
        """Whether every part is exact."""
        return all(item.label is Label.EXACT for item in self.items)

    @property
    def unsupported(self) -> list[Item]:
        """Parts that cannot be had."""
        return [item for item in self.items if item.label is Label.UNSUPPORTED]

    def check(self) -> None:
        """Raise FitError if any part is unsupported, with all of them in its message."""
        if self.unsupported:
            reasons = "; ".join(f"{item.name}: {item.detail}" for item in self.unsupported)
            raise FitError(f"{self.source} cannot be imported: {reasons}")

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "source": self.source,
            "exact": self.exact,
            "items": [asdict(item) | {"label": str(item.label)} for item in self.items],
            "scale_reason": self.scale_reason,
            "notes": list(self.notes),
            "quantised": self.quantised.to_dict() if self.quantised else None,
        }

    @property
    def lines(self) -> list[str]:
        """The report as text, a line each."""
        return [
            f"{self.source}: {'exact' if self.exact else 'not exact'}",
            *([f"scale: {self.scale_reason}"] if self.scale_reason else []),
            *map(str, self.items),
            *(f"note: {note}" for note in self.notes),
            *(self.quantised.lines if self.quantised else []),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines)
