"""Blocks in which neurons and input axons are put to use, see `CoreConfig.in_use`."""

from __future__ import annotations

#: Neurons or input axons of a block. No chip has more lanes.
USE_BLOCK = 32


def use_blocks(count: int) -> int:
    """Blocks of `USE_BLOCK` that have room for `count` neurons, or input axons."""
    return -(-count // USE_BLOCK)
