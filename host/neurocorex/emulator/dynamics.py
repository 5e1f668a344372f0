"""One step of docs/model.md on whole arrays, laid out like its equations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..events.arrays import Ints
from ..spec import Control, Flag, Region
from .arithmetic import kept, shrink, toward
from .memory import Memory
from .plasticity import Plasticity

Bools = npt.NDArray[np.bool_]


class StepOutcome(NamedTuple):
    """What one step brought about.

    Attributes
    ----------
    fired : int64 array
        Neurons that fired, rising.
    recurrent_events : int
        Arrivals at the axons of neurons and at extra ones.
    saturations : int
        Neurons of which i, v or h was clamped.
    """

    fired: Ints
    recurrent_events: int
    saturations: int


class Dynamics:
    """The equations, for parameters as they are now.

    What follows from the parameters alone is worked out at construction, and features that no neuron uses are skipped.
    So an instance is stale once anything but the state's own evolution has changed a memory; if that was no more than
    a control register or zeros in the state, `retune` is enough.

    Parameters
    ----------
    memory : Memory
        Of which the state, and what learns, is updated in place.

    Attributes
    ----------
    plasticity : Plasticity or None
        The learning engine, if the chip has one.
    record_spikes : bool array [N]
        Neurons with `Flag.RECORD_SPIKES`.
    record_membrane : int64 array
        Neurons with `Flag.RECORD_MEMBRANE`, rising.
    """

    def __init__(self, memory: Memory) -> None:
        config = memory.config
        self._memory = memory
        self._inputs, self._first_extra = config.inputs, config.inputs + config.neurons
        # Scalars of NumPy's own: converting a Python number in every step costs more than the addition.
        self._low, self._high = map(np.int64, config.state_range)
        self._history_mask = np.int64((1 << config.max_delay) - 1)
        self._bind(memory)

        self._keep_current = kept(memory[Region.CURRENT_DECAY].astype(np.int64))
        self._keep_membrane = kept(memory[Region.DECAY].astype(np.int64))
        self._tap = _tap(memory[Region.DELAY].astype(np.int64))
        source = memory[Region.EXTRA_SOURCE]
        self._extra_source = np.minimum(source, config.neurons - 1)
        self._extra_tap = np.where(source < config.neurons, _tap(memory[Region.EXTRA_DELAY]), 0)
        self._has_extra = bool(self._extra_tap.any())

        flags = memory[Region.FLAGS]
        self._subtract = (flags & Flag.RESET_SUBTRACT) != 0
        self._hold = (flags & Flag.REFRACTORY_HOLD) != 0
        self.record_spikes = (flags & Flag.RECORD_SPIKES) != 0
        self.record_membrane = np.flatnonzero(flags & Flag.RECORD_MEMBRANE)

        self._leaks = bool(self._leak.any())
        self._subtracts = bool(self._subtract.any())
        self._refracts = bool(self._period.any() or self._r.any())
        self.plasticity = Plasticity(memory) if config.learning else None
        self.retune()

    def retune(self) -> None:
        """Take note of the control registers as they are now."""
        control = self._memory[Region.CONTROL]
        self._gain_input = control[Control.GAIN_INPUT]
        self._gain_recurrent = control[Control.GAIN_RECURRENT]
        self._adaptation_step = control[Control.ADAPTATION_STEP]
        self._keep_adaptation = kept(control[Control.ADAPTATION_DECAY])
        self._adapts = self._memory.config.adaptation and bool(self._adaptation_step or self._h.any())
        if self.plasticity:
            self.plasticity.retune()

    def _bind(self, memory: Memory) -> None:
        """Give the memories the names of the equations."""
        self._w = memory[Region.WEIGHTS]
        self._v, self._i, self._h = memory[Region.MEMBRANE], memory[Region.CURRENT], memory[Region.ADAPTATION]
        self._r, self._history = memory[Region.REFRACTORY_COUNT], memory[Region.HISTORY]
        self._th, self._reset, self._bias = memory[Region.THRESHOLD], memory[Region.RESET], memory[Region.BIAS]
        self._leak, self._period = memory[Region.LEAK], memory[Region.REFRACTORY]

    def step(self, axons: Ints, graded_neurons: Ints, graded_values: Ints, forced: Ints) -> StepOutcome:
        """Run one step.

        Parameters
        ----------
        axons : int64 array
            Input axons with an event, all below M.
        graded_neurons, graded_values : int64 array
            Neurons (below N, none twice) and the S-bit currents injected into them.
        forced : int64 array
            Neurons that fire in any case.
        """
        recurrent = self._recurrent()
        g = self._current(axons, recurrent)
        if self.plasticity:
            arrived = np.concatenate([recurrent, axons])
            self.plasticity.depress(arrived)
        if graded_neurons.size:
            g[graded_neurons] += graded_values
        clamped = self._integrate(g)
        fires = self._compare()
        if forced.size:
            fires[forced] = True
        fired = fires.nonzero()[0]
        if fired.size:
            self._fire(fired, clamped)
        np.left_shift(self._history, 1, out=self._history)
        self._history |= fires
        self._history &= self._history_mask
        if self.plasticity:
            self.plasticity.update_traces(arrived, fired)
            self.plasticity.potentiate(fired)
            self.plasticity.drift()
        return StepOutcome(fired, recurrent.size, int(np.count_nonzero(clamped)))

    def _recurrent(self) -> Ints:
        """Rows of the axons of neurons, then of extra axons, at which a spike arrives now."""
        rows: Ints = (self._history & self._tap).nonzero()[0] + self._inputs
        if self._has_extra:
            extra = (self._history[self._extra_source] & self._extra_tap).nonzero()[0]
            rows = np.concatenate([rows, extra + self._first_extra])
        return rows

    def _current(self, axons: Ints, recurrent: Ints) -> Ints:
        """Add up the rows of the arriving axons; silent ones cost nothing.

        ``g = (sum over a < M of w[a]) << GAIN_INPUT + (sum over a >= M of w[a]) << GAIN_RECURRENT``
        """
        g: Ints = np.add.reduce(self._weights(axons), axis=0, dtype=np.int64) << self._gain_input
        if recurrent.size:
            g += np.add.reduce(self._weights(recurrent), axis=0, dtype=np.int64) << self._gain_recurrent
        return g

    def _weights(self, axons: Ints) -> Ints:
        return self.plasticity.rows(axons) if self.plasticity else self._w.take(axons, axis=0)

    def _integrate(self, g: Ints) -> Bools:
        """Update i, v and h up to the comparison; tell which neurons were clamped.

        ``i = sat(shrink(i, di) + g)``

        ``v = sat(toward(shrink(v, dv), l) + i + b)``

        ``h = shrink(h, ADAPTATION_DECAY)``
        """
        exact = shrink(self._i, self._keep_current) + g
        np.minimum(np.maximum(exact, self._low), self._high, out=self._i)
        clamped: Bools = self._i != exact

        exact = shrink(self._v, self._keep_membrane)
        if self._leaks:
            exact = toward(exact, self._leak)
        exact += self._i
        exact += self._bias
        np.minimum(np.maximum(exact, self._low), self._high, out=self._v)
        clamped |= self._v != exact

        if self._adapts:
            self._h[:] = shrink(self._h, self._keep_adaptation)
        return clamped

    def _compare(self) -> Bools:
        """Tell which neurons fire; count the refractory ones down and pin those with `REFRACTORY_HOLD`.

        ``fires = r == 0 and v > th + h and not HOLD_FIRING``
        """
        fires: Bools = self._v > (self._th + self._h if self._adapts else self._th)
        if self._refracts:
            refractory = self._r > 0
            fires &= ~refractory
            self._r -= refractory
            np.copyto(self._v, self._reset, where=refractory & self._hold)
        if self.plasticity and self.plasticity.holds_firing:
            fires[:] = False
        return fires

    def _fire(self, fired: Ints, clamped: Bools) -> None:
        """Reset the neurons that fired; note which of them were clamped.

        ``v = sat(v - th) if RESET_SUBTRACT else reset``

        ``r = period``

        ``h = min(h + ADAPTATION_STEP, 2^(S-1) - 1)``
        """
        after = self._reset[fired]
        if self._subtracts:
            subtract = self._subtract[fired]
            exact = self._v[fired] - self._th[fired]
            bounded = np.minimum(np.maximum(exact, self._low), self._high)
            after = np.where(subtract, bounded, after)
            clamped[fired] |= subtract & (exact != bounded)
        self._v[fired] = after
        self._r[fired] = self._period[fired]
        if self._adapts:
            exact = self._h[fired] + self._adaptation_step
            self._h[fired] = np.minimum(exact, self._high)
            clamped[fired] |= exact > self._high


def _tap(delay: Ints) -> Ints:
    """Bit of the history that makes an axon of this delay arrive; none for a silent one."""
    return np.where(delay > 0, 1 << np.maximum(delay - 1, 0), 0)
