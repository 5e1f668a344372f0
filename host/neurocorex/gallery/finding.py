"""Finding: a figure of a published system, beside that of its paper; and what a measurement hands to its picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class About:
    """What a system of the gallery is, apart from its figures.

    Attributes
    ----------
    paper : str
        Authors, year, title, and where it can be had.
    idealised : str
        What differs from the paper: the model, the data, the size; and what could not be had.
    """

    paper: str
    idealised: str


@dataclass(frozen=True)
class Finding:
    """Figure of a system, beside that of its paper.

    Attributes
    ----------
    name : str
        What was counted.
    ours, paper : str
        The figures, with units; `paper` says so where the paper has none.
    goal : str
        What the figure should be; empty if it is only told.
    reached : bool, optional
        Whether it is; None without a goal.
    differs : str
        What to know before the two are compared.
    """

    name: str
    ours: str
    paper: str = "no figure"
    goal: str = ""
    reached: bool | None = None
    differs: str = ""

    def __str__(self) -> str:
        verdict = {True: " (reached)", False: " (NOT reached)", None: ""}[self.reached]
        parts = [f"{self.name}: {self.ours}", f"goal {self.goal}{verdict}" if self.goal else "", f"paper: {self.paper}"]
        return "; ".join(each for each in [*parts, self.differs] if each)


@dataclass(frozen=True)
class Outcome:
    """What a measurement found.

    Attributes
    ----------
    findings : list of Finding
        Figures.
    data : dict
        What the picture is drawn of, and what a test may look at.
    """

    findings: list[Finding]
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def missed(self) -> list[Finding]:
        """Figures that have a goal and do not reach it."""
        return [each for each in self.findings if each.reached is False]

    def to_list(self) -> list[dict[str, Any]]:
        """Return the figures for JSON."""
        return [asdict(each) for each in self.findings]

    def __str__(self) -> str:
        return "\n".join(f"  {each}" for each in self.findings)
