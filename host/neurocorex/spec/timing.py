"""How many clock cycles a step takes; the chip counts the same number, see docs/hardware.md."""

from __future__ import annotations

from .config import CoreConfig

#: A row of weights is read, added and written back in a pipeline this deep; a shorter row waits for it.
ROW_PIPELINE = 4
#: Cycles of a step beside its rows and its neurons: starting, draining and closing the pipelines.
STEP_OVERHEAD = 20


def row_cycles(config: CoreConfig) -> int:
    """Cycles that one arriving spike costs."""
    return max(config.groups, ROW_PIPELINE)


def busy_cycles(config: CoreConfig, steps: int, arrivals: int) -> int:
    """Cycles in which the core works; waiting for the link comes on top and is counted apart."""
    return steps * (config.neurons + STEP_OVERHEAD) + arrivals * row_cycles(config)
