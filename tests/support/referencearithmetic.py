"""Arithmetic of docs/model.md, read aloud, in plain Python integers."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

CODES = {"input": 0x0000, "recurrent": 0x5555, "extra": 0x3333, "neuron": 0x0F0F}


def shrink(x: int, d: int) -> int:
    """Towards zero by the fraction d / 65536 of the magnitude, the loss rounded up; 65535 clears."""
    if d == 65535:
        return 0
    left = abs(x) - ceil(Fraction(abs(x) * d, 65536))
    return left if x >= 0 else -left


def fade(x: int, d: int, u: int) -> int:
    """A trace less the fraction d / 65536, rounded down after u / 65536 has been added; 65535 clears."""
    return 0 if d == 65535 else floor(Fraction(x * (65536 - d) + u, 65536))


def xorshift(x: int) -> int:
    """Next state of a generator."""
    x = (x ^ (x * 2**13)) % 2**32
    x = x ^ (x // 2**17)
    return (x ^ (x * 2**5)) % 2**32


def code(kind: str, number: int) -> int:
    """Code of a place: its number with the 16 bits in opposite order, and that of its kind."""
    backwards = sum(2 ** (15 - bit) for bit in range(16) if number // 2**bit % 2)
    return backwards ^ CODES[kind]


def toward(x: int, leak: int) -> int:
    """Towards zero by `leak`, stopping there."""
    if abs(x) <= leak:
        return 0
    return x - leak if x > 0 else x + leak


def clamp(x: int, bits: int) -> int:
    """To a signed number of this many bits."""
    return min(max(x, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1)


def to_nearest(x: Fraction) -> int:
    """Half rounds up."""
    return floor(x + Fraction(1, 2))
