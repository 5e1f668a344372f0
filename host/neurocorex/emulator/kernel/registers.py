"""Control registers: their signed values, what they turn on, and the generator of draws in one of them."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from .constants import (
    ELIGIBLE,
    ERRORS,
    FADE,
    GATE_ALL,
    LEARN,
    LEARNING,
    OFF,
    OTHERS,
    PRE,
    RANDOM,
    ROW_FLAGS,
    SIGNED,
)  # fmt: skip


def decode(control, bits, rules):
    """Read all control registers, as signed numbers where they are."""
    for register in range(control.size):
        rules[register] = control[register]
    for register in SIGNED:
        if register < control.size and bits[register] and control[register] >> (bits[register] - 1):
            rules[register] -= 1 << bits[register]
    # A chip without errors, or eligibility, has no such rule.
    if control.size <= LEARN or bits[LEARN] == 0:
        for register in ROW_FLAGS:
            rules[register] &= ~ERRORS
    if control.size <= FADE or bits[FADE] == 0:
        rules[LEARNING] &= ~ELIGIBLE
    # Traces of all axons of a chip with one rule follow the same law.
    if control.size <= OTHERS[2] or bits[OTHERS[2]] == 0:
        for k in range(3):
            rules[OTHERS[k]] = rules[PRE[k]]


def find_learners(flags, gate, learns):
    """Tell which neurons learn."""
    for j in range(flags.size):
        learns[j] = flags[j] & OFF == 0 and gate in (GATE_ALL, j)


def advance(control, steps):
    """Advance the generator by so many steps."""
    x = control[RANDOM]
    for _ in range(steps):
        x = advanced(x)
    control[RANDOM] = x


def advanced(x):
    """State of a generator after one step."""
    x ^= x << 13 & 0xFFFFFFFF
    x ^= x >> 17
    return x ^ (x << 5 & 0xFFFFFFFF)
