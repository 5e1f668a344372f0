"""Generator of draws, many steps at once: where parts of a run start, before the others are done."""

from __future__ import annotations

from ..spec.fixed import advance

_BITS = 32
#: Steps up to which one after the other is faster.
_FEW = 1 << 10


def advanced(random: int, steps: int) -> int:
    """Return the state `steps` steps later.

    A step maps bits linearly: what a state becomes is the exclusive or of what its bits become. So a power of the map
    is told by what it makes of each bit, and the one of twice as many steps is the map of these.
    """
    if steps <= _FEW:
        for _ in range(steps):
            random = advance(random)
        return random
    power = [advance(1 << bit) for bit in range(_BITS)]
    while steps:
        if steps & 1:
            random = _mapped(random, power)
        power = [_mapped(image, power) for image in power]
        steps >>= 1
    return random


def _mapped(state: int, power: list[int]) -> int:
    result = 0
    for bit, image in enumerate(power):
        if state >> bit & 1:
            result ^= image
    return result
