"""The section on learning of docs/model.md on whole arrays, laid out like its equations."""

from __future__ import annotations

import numpy as np

from ..events.arrays import Ints
from ..spec import Control, Counter, Flag, Learning, LearningFlag, Region
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import DRAW_STRIDE, advance, saturate
from ..spec.registers import GATE_ALL
from .arithmetic import kept, shrink
from .memory import Memory

#: Bits of `Control.MODULATION` behind the point.
MODULATION_FRACTION = 8


class Plasticity:
    """The learning engine of a core, for parameters as they are now.

    Parameters
    ----------
    memory : Memory
        Of a chip with a learning engine. Weights, traces, `DRIFT` and `RANDOM` are updated in place.

    Attributes
    ----------
    holds_firing : bool
        Whether neurons fire only when they are forced to.
    """

    def __init__(self, memory: Memory) -> None:
        config = self._config = memory.config
        self._memory = memory
        self._stored, self._plastic = memory[Region.WEIGHTS], memory[Region.PLASTIC].view(np.bool_)
        self._x, self._y = memory[Region.PRE_TRACE], memory[Region.POST_TRACE]
        self._is_window = config.learning is Learning.WINDOW
        self._low, self._high = config.weight_range
        self._drift_range = 2 * self._low, 2 * self._high + 1
        self._plasticity_on = (memory[Region.FLAGS] & Flag.PLASTICITY_OFF) == 0
        self._counts, self._columns = np.zeros(len(Counter), np.int64), 0
        self.retune()

    def take_counts(self) -> tuple[Ints, int]:
        """Counters since they were last taken, and how many neurons fired and learned."""
        taken = self._counts, self._columns
        self._counts, self._columns = np.zeros(len(Counter), np.int64), 0
        return taken

    def retune(self) -> None:
        """Take note of the control registers as they are now."""
        control = self._memory.control()
        flags = LearningFlag(control[Control.LEARNING])
        self._enabled = LearningFlag.ENABLE in flags
        self._stochastic = LearningFlag.STOCHASTIC in flags
        self._soft = LearningFlag.SOFT in flags and self._config.soft_bounds
        self._nearest_pre = LearningFlag.NEAREST_PRE in flags
        self._nearest_post = LearningFlag.NEAREST_POST in flags
        self.holds_firing = LearningFlag.HOLD_FIRING in flags

        self._min, self._max = control[Control.WEIGHT_MIN], control[Control.WEIGHT_MAX]
        self._drift, self._drift_step = control[Control.DRIFT], control[Control.DRIFT_STEP]
        gate = control[Control.GATE]
        self._learns = self._plasticity_on & ((gate == GATE_ALL) | (np.arange(self._config.neurons) == gate))
        modulation = control[Control.MODULATION]
        self._potentiation = self._modulated(control[Control.POTENTIATION], modulation)
        self._depression = self._modulated(control[Control.DEPRESSION], modulation)
        if self._is_window:
            limit = 1 << (self._config.change_bits - 1)
            tables = (self._memory[Region.PRE_TABLE], self._memory[Region.POST_TABLE])
            self._pre_table, self._post_table = (
                np.clip(table * modulation >> MODULATION_FRACTION, -limit, limit - 1) for table in tables
            )
        self._keep_pre = kept(np.int64(control[Control.PRE_DECAY]))
        self._keep_post = kept(np.int64(control[Control.POST_DECAY]))
        self._increments = control[Control.PRE_INCREMENT], control[Control.POST_INCREMENT]
        self._caps = control[Control.PRE_CAP], control[Control.POST_CAP]

    def _modulated(self, rate: int, modulation: int) -> int:
        """``sat_C(floor(rate * MODULATION / 256))``."""
        return saturate(rate * modulation >> MODULATION_FRACTION, self._config.change_bits)

    # Weights -----------------------------------------------------------------------------------

    def rows(self, axons: Ints) -> Ints:
        """Effective weights of the synapses of some axons.

        ``w = sat_W(stored + DRIFT)`` where `PLASTIC`, else ``stored``
        """
        stored = self._stored.take(axons, axis=0).astype(np.int64)
        if self._drift == 0:
            return stored
        return np.where(self._plastic.take(axons, axis=0), self._effective(stored), stored)

    def depress(self, axons: Ints) -> None:
        """Change the synapses of the axons that arrived, given in the order in which the generator serves them.

        They touch different synapses and are ruled by traces of the step before, so that all change at once.
        """
        if not self._enabled or not axons.size:
            return
        change = self._post_table[self._y] if self._is_window else self._scaled(self._y, self._depression)
        neurons = (self._learns & (change != 0)).nonzero()[0]
        randoms = self._advance(axons.size)
        if neurons.size:
            draws = self._draws(randoms[:, None], neurons)
            self._change(axons[:, None], neurons, change[neurons], draws)

    def potentiate(self, fired: Ints) -> None:
        """Change the synapses onto the neurons that fired, rising, and learn."""
        if not self._enabled or not fired.size:
            return
        neurons = fired[self._learns[fired]]
        self._columns += neurons.size
        change = self._pre_table[self._x] if self._is_window else self._scaled(self._x, self._potentiation)
        axons = change.nonzero()[0]
        randoms = self._advance(neurons.size)
        if axons.size and neurons.size:
            draws = self._draws(randoms, self._memory.axon_numbers[axons, None])
            self._change(axons[:, None], neurons, change[axons, None], draws)

    def _scaled(self, trace: Ints, rate: int) -> Ints:
        """``floor(trace * rate / 2^T)``."""
        return trace.astype(np.int64) * rate >> self._config.trace_bits

    def _change(self, axons: Ints, neurons: Ints, p: Ints, draws: Ints | None) -> None:
        """Change synapses by P, see "A synapse changes"; axons and neurons span a table of them."""
        stored = self._stored[axons, neurons].astype(np.int64)
        w = self._effective(stored)
        if self._soft:
            room = np.where(p > 0, np.maximum(self._max - w, 0), np.maximum(w - self._min, 0))
            p = p * room >> self._config.weight_bits
        u = np.where(p < 0, (1 << CHANGE_FRACTION) - 1, 0) if draws is None else draws
        change = (p + u >> CHANGE_FRACTION) * self._plastic[axons, neurons]
        moves = change != 0
        moved = w + change
        after = self._saturated(np.minimum(np.maximum(moved, self._min), self._max) - self._drift)
        self._stored[axons, neurons] = np.where(moves, after, stored)
        for counter, counted in (
            (Counter.POTENTIATIONS, change > 0),
            (Counter.DEPRESSIONS, change < 0),
            (Counter.CLIPS_LOW, moves & (moved < self._min)),
            (Counter.CLIPS_HIGH, moves & (moved > self._max)),
        ):
            self._counts[counter] += np.count_nonzero(counted)

    def _effective(self, stored: Ints) -> Ints:
        return self._saturated(stored + self._drift)

    def _saturated(self, weights: Ints) -> Ints:
        """``sat_W``."""
        return np.minimum(np.maximum(weights, self._low), self._high)

    # Chance ------------------------------------------------------------------------------------

    def _advance(self, times: int) -> Ints:
        """Advance the generator; return its state after each time."""
        control = self._memory[Region.CONTROL]
        state = int(control[Control.RANDOM])
        states = []
        for _ in range(times):
            state = advance(state)
            states.append(state)
        control[Control.RANDOM] = state
        return np.array(states, np.int64)

    def _draws(self, randoms: Ints, indices: Ints) -> Ints | None:
        """Return what is added before rounding; None if the rounding is not stochastic."""
        return ((randoms >> 16) + DRAW_STRIDE * indices & 0xFFFF) >> 8 if self._stochastic else None

    # Time --------------------------------------------------------------------------------------

    def update_traces(self, arrived: Ints, fired: Ints) -> None:
        """Bring the traces of axons and neurons to the end of the step.

        exponential: ``x = shrink(x, decay)``, and where there was a spike ``min(x + increment, cap)`` or ``increment``

        window: ``x = (2 * x + spike) mod 2^K``
        """
        keeps, nearest = (self._keep_pre, self._keep_post), (self._nearest_pre, self._nearest_post)
        for side, (trace, spikes) in enumerate(((self._x, arrived), (self._y, fired))):
            if self._is_window:
                trace <<= 1
                trace[spikes] |= 1
                trace &= (1 << self._config.window_steps) - 1
                continue
            trace[:] = shrink(trace, keeps[side])
            if spikes.size:
                increment, cap = self._increments[side], self._caps[side]
                trace[spikes] = increment if nearest[side] else np.minimum(trace[spikes] + increment, cap)

    def drift(self) -> None:
        """``DRIFT = DRIFT + DRIFT_STEP``, clamped to W + 1 bits signed."""
        if self._enabled and self._drift_step:
            low, high = self._drift_range
            self._drift = min(max(self._drift + self._drift_step, low), high)
            bits = Control.DRIFT.bits(self._config)
            self._memory[Region.CONTROL][Control.DRIFT] = self._drift & ((1 << bits) - 1)
