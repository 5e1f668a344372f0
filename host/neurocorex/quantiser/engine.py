"""Learning engine that a rule needs: exponential traces, or windows of a number of steps."""

from __future__ import annotations

from ..errors import FitError
from ..learning import Rule, WindowRule
from ..spec import Learning
from ..spec.config import LIMITS, TABLE_STEPS

#: Learning engines in words.
ENGINES = {Learning.NONE: "no learning engine", Learning.EXPONENTIAL: "exponential traces", Learning.WINDOW: "windows"}


def engine_of(rule: Rule) -> Learning:
    """Return the learning engine that a rule needs."""
    return Learning.WINDOW if isinstance(rule, WindowRule) else Learning.EXPONENTIAL


def window_steps(rule: Rule, dt_ms: float) -> int:
    """Return the steps of the window of a rule, 1 if it has none; raises FitError if no chip has so many."""
    steps = rule.steps(dt_ms) if isinstance(rule, WindowRule) else 1
    most = max(LIMITS["window_steps"])
    if steps > most:
        raise FitError(
            f"the rule looks back over {steps} steps, at most {most} can be built; shorten it or use a longer dt_ms"
        )
    if isinstance(rule, WindowRule) and rule.nearest and steps > TABLE_STEPS:
        raise FitError(
            f"the rule looks back over {steps} steps and pairs with the nearest spike only, which needs one table; a "
            f"table holds {TABLE_STEPS} steps: shorten it, use a longer dt_ms, or pairing='all'"
        )
    return steps
