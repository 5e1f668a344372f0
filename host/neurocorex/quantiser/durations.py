"""Times of a network in steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.data import NetworkData
from ..network.parameters import QUANTITIES
from ..spec.rows import Unit

Ints = NDArray[np.int64]
#: Names of the parameters that are times.
TIMES = tuple(name for name, quantity in QUANTITIES.items() if quantity.unit is Unit.MS)


@dataclass(frozen=True)
class Durations:
    """Times of a network, rounded to steps.

    Attributes
    ----------
    steps : dict of int64 array [N]
        By the names of the parameters, such as ``"refractory_ms"``. Delays are from a spike to its arrival, 1 where
        none was given.
    delay_given : bool array [N]
        Where the user has set a delay, including 0 (a silent axon).
    extra_delays : int64 array [E]
        Delays of the extra axons.
    input_delays : int64 array [input axons]
        Delays of the input axons, which the host keeps: from 0 up, without a limit of the chip.
    """

    steps: dict[str, Ints]
    delay_given: NDArray[np.bool_]
    extra_delays: Ints
    input_delays: Ints

    @classmethod
    def of(cls, net: NetworkData) -> Durations:
        """Round the times of a network. A delay above zero takes at least one step."""
        given = ~np.isnan(net.parameters["delay_ms"])
        delays = np.where(given, net.parameters["delay_ms"], net.dt_ms)
        wanted = {name: net.parameters[name] for name in TIMES} | {"delay_ms": np.append(delays, net.extra_delay_ms)}
        # The bound is above the limits of every chip, and keeps absurd times from overflowing before they are refused.
        steps = {
            name: np.rint(np.minimum(times / net.dt_ms, 1 << 40)).astype(np.int64) for name, times in wanted.items()
        }
        steps["delay_ms"] = np.maximum(steps["delay_ms"], wanted["delay_ms"] > 0)
        steps["delay_ms"], extra = np.split(steps["delay_ms"], [net.neuron_count])
        inputs = np.rint(np.array(net.input_delay_ms) / net.dt_ms).astype(np.int64)
        return cls(steps, given, extra, inputs)

    @property
    def refractory(self) -> Ints:
        """Steps without spikes after each spike, [N]."""
        return self.steps["refractory_ms"]

    @property
    def delays(self) -> Ints:
        """Steps from a spike to its arrival, [N]."""
        return self.steps["delay_ms"]

    @property
    def deepest(self) -> int:
        """Longest delay of all axons."""
        return int(max(self.delays.max(), self.extra_delays.max(initial=0)))
