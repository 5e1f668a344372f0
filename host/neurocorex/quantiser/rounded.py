"""Numbers of a learning rule as wanted and as a chip holds them, and what to do about those that differ too much."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Relative difference of a rounded number above which the report warns.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Rounded:
    """A number of a rule as wanted, and as the chip holds it.

    Attributes
    ----------
    name : str
        Name of the number.
    wanted, got : float
        In the units of the rule.
    clipped : bool
        Whether it is beyond the range of the chip.
    """

    name: str
    wanted: float
    got: float
    clipped: bool = False

    @property
    def exact(self) -> bool:
        """Whether both are equal, give or take the last bits of a division."""
        return math.isclose(self.wanted, self.got, rel_tol=1e-9, abs_tol=1e-12)

    @property
    def error(self) -> float | None:
        """How much larger it is in size than wanted, as a part of that; None where that is 0 or infinite."""
        if self.exact:
            return 0.0
        error = self.got / self.wanted - 1 if self.wanted else math.inf
        return error if math.isfinite(error) else None

    def warning(self, remedy: str) -> str | None:
        """Return a warning if it was clipped, vanished, or moved by more than `TOLERANCE`; else None."""
        if self.clipped:
            return f"{self.name} is clipped from {self.wanted:.4g} to {self.got:.4g}: {remedy}"
        if self.exact or (self.error is not None and abs(self.error) <= TOLERANCE):
            return None
        if not self.got:
            return f"{self.name} of {self.wanted:.4g} vanishes, as it rounds to nothing: {remedy}"
        error = "" if self.error is None else f" ({self.error:+.1%})"
        return f"{self.name} became {self.got:.4g} instead of {self.wanted:.4g}{error}: {remedy}"

    def __str__(self) -> str:
        wanted, got = f"{self.wanted:.4g}", f"{self.got:.4g}"
        error = "" if self.error is None or not abs(self.error) >= 5e-5 else f", {self.error:+.2%}"
        if wanted == got and not error:
            return f"{self.name} {got}"
        return f"{self.name} {got} (wanted {wanted}{error}{', clipped' if self.clipped else ''})"
