"""How many clock cycles a step takes; the chip counts the same number, see docs/hardware.md."""

from __future__ import annotations

from .config import CoreConfig

#: A sum is read, added to and written back in a pipeline this deep; a row of fewer cycles waits for it.
ROW_PIPELINE = 3
#: Cycles of a step beside its rows and its neurons: opening it, seeing its end, and emptying the neuron pipeline.
STEP_OVERHEAD = 14


def row_cycles(config: CoreConfig) -> int:
    """Cycles that one arriving spike costs."""
    return max(config.groups, ROW_PIPELINE)


def neuron_spacing(config: CoreConfig) -> int:
    """Cycles that the update of one neuron costs.

    The two sums of a group of neurons are two words of one memory. With a single lane each neuron is a group.
    """
    return 2 if config.lanes == 1 else 1


def busy_cycles(config: CoreConfig, steps: int, arrivals: int) -> int:
    """Cycles in which the core works; waiting for the link comes on top and is counted apart."""
    return steps * (config.neurons * neuron_spacing(config) + STEP_OVERHEAD) + arrivals * row_cycles(config)
