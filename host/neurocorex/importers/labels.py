"""Import report: a label for every part of an imported model, exact, approximate or unsupported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from ..errors import FitError, InputError
from ..quantiser.report import Report


class Label(StrEnum):
    """How well a part of a model was kept."""

    EXACT = "exact"
    """Nothing was lost."""
    APPROXIMATE = "approximate"
    """The error says how much was lost."""
    UNSUPPORTED = "unsupported"
    """It cannot be imported; the detail gives the reason, and what to do."""


@dataclass(frozen=True)
class Item:
    """Label of one part of a model.

    Attributes
    ----------
    name : str
        Name of the part in the tool that it comes from.
    label : Label
        How well it was kept.
    error : float
        Largest error, in the units of the model; 0 if exact.
    detail : str
        What happened. For an unsupported part, the reason and what to do.
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
    """What an importer did. `str()` gives it as text, `to_dict` as plain values.

    Attributes
    ----------
    source : str
        Name of the model or file.
    items : list of Item
        A label for every part of the model.
    scale_reason : str
        Reason for the scale.
    quantised : Report or None
        Report of the quantiser; None if an unsupported part ended the import before.
    notes : list of str
        Anything else that the user should know.
    checker : callable or None
        `check` of the imported model, if it can be held against a recording.
    assumed : list of str
        What the model does not say and was taken for granted; the report begins with it.
    """

    source: str
    items: Sequence[Item]
    scale_reason: str = ""
    quantised: Report | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    checker: Callable[..., Any] | None = field(default=None, repr=False, compare=False)
    assumed: Sequence[str] = field(default_factory=tuple)

    @property
    def exact(self) -> bool:
        """Whether every part is exact."""
        return all(item.label is Label.EXACT for item in self.items)

    @property
    def unsupported(self) -> list[Item]:
        """Unsupported parts."""
        return [item for item in self.items if item.label is Label.UNSUPPORTED]

    def check(self, recording: Any = None, **options: Any) -> Any:
        """Hold the imported model against spikes that its producer recorded; see ``Imported.check`` of `nir`.

        Raises
        ------
        FitError
            Without a recording: if there are unsupported parts; the message names all of them.
        InputError
            If no recording can be made of such a model, or for one that does not belong to it.
        """
        if recording is not None:
            if self.checker is None:
                raise InputError(f"{self.source} cannot be held against a recording; only imported NIR graphs can")
            return self.checker(recording, **options)
        if self.unsupported:
            reasons = "; ".join(f"{item.name}: {item.detail}" for item in self.unsupported)
            raise FitError(f"{self.source} cannot be imported: {reasons}")
        return None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "assumed": list(self.assumed),
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
            *(f"assumed: {each}" for each in self.assumed),
            f"{self.source}: {'exact' if self.exact else 'not exact'}",
            *([f"scale: {self.scale_reason}"] if self.scale_reason else []),
            *map(str, self.items),
            *(f"note: {note}" for note in self.notes),
            *(self.quantised.lines if self.quantised else []),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines)
