"""Input of a run that is drawn by rates: on the chip if it has patterns, else the same spikes by the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..encode.checks import Raster, probabilities
from ..encode.generated import even_raster, is_even, raster_of, rate_items, start_of
from ..errors import InputError
from ..events import generator
from ..events.arrays import Ints
from ..events.codec import DRAWN, FIRST_RATES, RATED
from ..events.drawn import MOST
from ..events.stream import EventStream
from ..spec import Clear, Control, CoreConfig
from .options import Options
from .stimulus import Stimulus
from .teaching import is_integer


@dataclass(frozen=True)
class Drawing:
    """Rates, or rows of them that a chip holds, of all samples of a run.

    Attributes
    ----------
    rates : int64 array [S, M] or None
        As a chip holds them.
    rows : int64 array [S]
        Row of each sample.
    samples : int or None
        How many; None if the caller gave no sample axis.
    steps : int
        Of each sample.
    state : int
        `Control.STIMULUS` before the first step.
    rate_bits : int
    even : bool
        Trains are even.
    restarts : frozenset of int
        Steps, through all samples, at which even trains begin anew beside the first of each sample.
    """

    rates: Ints | None
    rows: Ints
    samples: int | None
    steps: int
    state: int
    rate_bits: int
    even: bool = False
    restarts: frozenset[int] = frozenset()

    @classmethod
    def of(cls, options: Options, steps: Any, spikes: Any, inputs: int, config: CoreConfig) -> Drawing | None:
        """Check the arguments `rates`, `patterns`, `seed` and `even` of a run; None without rates and patterns.

        Raises
        ------
        InputError
            Naming what is wrong, what is expected, and an example.
        """
        rates, patterns = options.get("rates"), options.get("patterns")
        if rates is None and patterns is None:
            if options.get("seed") is not None or options.get("even"):
                name = "even" if options.get("seed") is None else "seed"
                raise InputError(
                    f"{name} is for input that is drawn; give rates=probabilities, or patterns=[0, 1], too"
                )
            return None
        if (rates is not None and patterns is not None) or spikes is not None:
            raise InputError("a run takes one of spikes, rates and patterns")
        if not is_integer(steps) or steps < 1:
            raise InputError(f"rates and patterns need steps, an integer above 0 such as steps=20; got {steps!r}")
        even = is_even(options.get("even", False), options.get("seed"))
        state = 0 if even else start_of(options.get("seed") or 0)
        restarts = _restarts(options.get("clear"))
        if rates is None:
            row = _rows(patterns, config)
            samples = None if row.ndim == 0 else row.size
            return cls(None, row.reshape(-1), samples, steps, state, config.rate_bits, even, restarts)
        probability = probabilities(rates, None)
        if probability.shape[-1] != inputs:
            raise InputError(
                f"rates must have shape [{inputs}] or [samples, {inputs}], got {probability.shape}; for example "
                f"np.full({inputs}, 0.1)"
            )
        items = rate_items(probability, config.rate_bits)
        samples = None if items.ndim == 1 else len(items)
        items = np.atleast_2d(items)
        rows = np.zeros(len(items), np.int64)
        return cls(items, rows, samples, steps, state, config.rate_bits, even, restarts)

    def stimulus(self, inputs: int) -> Stimulus:
        """Return the input for a chip that draws it; its axons in use that the network lacks get no spikes."""
        starts = np.arange(0, self.steps, MOST)
        counts = np.minimum(self.steps - starts, MOST)
        value = self.rows[:, None] << 16 | counts
        at = np.arange(len(self.rows))[:, None] * self.steps + starts
        register = np.full(value.shape, DRAWN)
        if self.rates is not None and self.rates.size:
            padded = np.pad(self.rates, ((0, 0), (0, inputs - self.rates.shape[1])))
            packed = [np.frombuffer(generator.packed(row, self.rate_bits), np.uint8) for row in padded]
            octets = np.array(packed, np.int64)
            octets[:, 0] += FIRST_RATES
            value = np.concatenate([octets, value], axis=1)
            register = np.concatenate([np.full(octets.shape, RATED), register], axis=1)
            at = np.concatenate([np.broadcast_to(at[:, :1], octets.shape), at], axis=1)
        first = ([0, 0], [int(Control.EVEN), int(Control.STIMULUS)], [int(self.even), self.state])
        columns = (np.append(own, column.reshape(-1)) for own, column in zip(first, (at, register, value), strict=True))
        return Stimulus(EventStream(self.length).with_changes(*columns), self.samples)

    def raster(self) -> Raster:
        """Return the input as spikes; raises InputError for patterns, which only the chip knows."""
        if self.rates is None:
            raise InputError(
                "patterns are drawn by the chip, so they take neither inject nor teacher, nor inputs with delays; give "
                "rates instead, which the host can draw"
            )
        items = self.rates[0] if self.samples is None else self.rates
        if self.even:
            return even_raster(
                items, self.steps, self.rate_bits, (step for step in self.restarts if step < self.length)
            )
        return raster_of(items, self.steps, self.state, self.rate_bits)

    @property
    def length(self) -> int:
        """Steps of all samples."""
        return len(self.rows) * self.steps


def require_patterns(config: CoreConfig, count: int) -> None:
    """Raise InputError if a chip has less than so many rows of rates."""
    if count > config.patterns:
        have = f"{config.patterns} patterns" if config.patterns else "none"
        raise InputError(
            f"{count} pattern(s) need a chip with as many, this one has {have}: CoreConfig(patterns={count}); or give "
            "rates, which any chip takes"
        )


def _restarts(clear: Any) -> frozenset[int]:
    """Return the steps before which a run clears the state of neurons; what is wrong is refused where it is cleared."""
    if not isinstance(clear, Mapping):
        return frozenset()
    steps = (step for step, flags in clear.items() if is_integer(step) and is_integer(flags) and flags & Clear.STATE)
    return frozenset(int(step) for step in steps if step >= 0)


def _rows(patterns: Any, config: CoreConfig) -> Ints:
    """Return numbers of patterns, with or without an axis of samples."""
    rows = np.asarray(patterns)
    if rows.ndim > 1 or rows.dtype.kind not in "iu" or not rows.size or rows.min() < 0:
        raise InputError(f"patterns must be a number or a list of numbers from 0 up, got {patterns!r}; such as [3, 1]")
    require_patterns(config, int(rows.max()) + 1)
    return rows.astype(np.int64)


def pattern_items(rates: Any, inputs: int, config: CoreConfig) -> Ints:
    """Return rates [P, inputs] as the chip holds them, for all its axons; raises InputError."""
    probability = probabilities(rates, None)
    if probability.ndim != 2 or probability.shape[1] != inputs:
        raise InputError(f"patterns have shape [patterns, {inputs}], got {probability.shape}")
    require_patterns(config, len(probability))
    return np.pad(rate_items(probability, config.rate_bits), ((0, 0), (0, config.inputs - inputs)))
