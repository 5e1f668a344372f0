"""Tame values of control registers: those with which random networks of tests and selftest stay lively."""

from __future__ import annotations

from .config import CoreConfig
from .fixed import DECAY_ALL, SCALE_ROW_BITS, signed_range
from .flags import LearningFlag


def flags(config: CoreConfig) -> list[int]:
    """Learning is mostly enabled, and neurons are seldom held. With errors, half of the rules learn from them."""
    enabled, held, disabled = range(1, 32, 2), range(33, 64, 2), range(0, 32, 2)
    flags = [*[*enabled] * 18, *held, *disabled]
    if config.errors:
        flags += [LearningFlag.ERRORS | each for each in flags]
    # Rewards are of no use unless most changes are gathered.
    return [*flags, *[LearningFlag.ELIGIBLE | each for each in flags] * 3] if config.eligibility else flags


def rates(sign: int, config: CoreConfig) -> list[int]:
    """Return changes of one sign, from a part of a weight to half of the range, and both ends."""
    least, most = signed_range(config.change_bits)
    return [most, least, sign * 300, *[sign * (most // part) for part in (2, 8, 32)] * 2]


def decays(config: CoreConfig) -> list[int]:
    """Return decays from none to all at once."""
    return [0, 700, 3000, 3000, 20000, DECAY_ALL]


def increments(config: CoreConfig) -> list[int]:
    """Return rises that fill a trace at once, or in a few spikes."""
    top = (1 << config.trace_bits) - 1
    return [top, top // 2, top // 5]


def caps(config: CoreConfig) -> list[int]:
    """Return caps at the end of the range, and in its middle."""
    top = (1 << config.trace_bits) - 1
    return [top, top, top // 2]


def row_flags(config: CoreConfig) -> list[int]:
    """Return the flags that a rule row has of its own."""
    flags = [0, int(LearningFlag.SOFT)]
    return flags + [LearningFlag.ERRORS | each for each in flags] if config.errors else flags


def offsets(config: CoreConfig) -> list[int | tuple[int, int]]:
    """Return offsets from none to the end of the range."""
    top = (1 << config.trace_bits) - 1
    return [0, top // 3, (0, top)]


def terms(config: CoreConfig) -> list[int | tuple[int, int]]:
    """Return constant changes of either sign, up to a few weights."""
    most = signed_range(config.change_bits)[1] // 8
    return [0, 100, -300, (-most, most)]


def scales(config: CoreConfig) -> list[int | tuple[int, int]]:
    """Return rows of all neurons mostly, of groups now and then, and a row beyond the last."""
    rows = [*range(1, config.rules + 1)]
    groups = [row | group << SCALE_ROW_BITS for row in rows for group in range(1, config.groups + 1)]
    return [0, *rows * 2, *(groups or rows), config.rules + 1]


def sums(config: CoreConfig) -> list[int | tuple[int, int]]:
    """Return sums from a part of a weight for each axon to nearly all of it."""
    most = config.axons * config.weight_range[1]
    return [0, (1, most // 8 + 1), (1, most // 2 + 1), (1, most)]
