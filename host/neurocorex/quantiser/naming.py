"""Neurons in words."""

from __future__ import annotations

from typing import Any

#: How many neurons a line of text names.
NAMED = 8


def named(indices: list[int] | Any) -> str:
    """Name some neurons for a message: 'neuron 3', or '12 neurons (0, 1, 2, ...)'."""
    indices = list(indices)
    if len(indices) == 1:
        return f"neuron {indices[0]}"
    shown = ", ".join(map(str, indices[:NAMED])) + (", ..." if len(indices) > NAMED else "")
    return f"{len(indices)} neurons ({shown})"
