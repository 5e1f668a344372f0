"""Times of a network in whole steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..network.network import Network


@dataclass(frozen=True)
class Durations:
    """Refractory periods and delays, rounded to steps.

    Attributes
    ----------
    refractory : int64 array [N]
        Steps without spikes after each.
    delays : int64 array [N]
        Steps from a spike to its arrival; 1 where none was given.
    delay_given : bool array [N]
        Where the user has set a delay, 0 (a silent axon) included.
    extra_delays : int64 array [E]
        As `delays`, of the extra axons.
    errors : dict of float
        Largest rounding error of each, in milliseconds.
    """

    refractory: NDArray[np.int64]
    delays: NDArray[np.int64]
    delay_given: NDArray[np.bool_]
    extra_delays: NDArray[np.int64]
    errors: dict[str, float]

    @classmethod
    def of(cls, net: Network) -> Durations:
        """Round those of a network. A delay above zero takes at least one step."""
        refractory_ms, delay_ms = net.parameters["refractory_ms"], net.parameters["delay_ms"]
        given = ~np.isnan(delay_ms)
        wanted = np.concatenate([np.where(given, delay_ms, net.dt_ms), net.extra_delay_ms])
        refractory = _whole(refractory_ms / net.dt_ms)
        delays = np.maximum(_whole(wanted / net.dt_ms), wanted > 0)
        errors = {
            name: float(np.abs(steps * net.dt_ms - times).max())
            for name, steps, times in (("refractory_ms", refractory, refractory_ms), ("delay_ms", delays, wanted))
        }
        # What division leaves of 0.3 ms / 0.1 ms is no rounding.
        errors = {name: error if error > 1e-9 * net.dt_ms else 0.0 for name, error in errors.items()}
        own, extra = np.split(delays, [net.neuron_count])
        return cls(refractory, own, given, extra, errors)

    @property
    def deepest(self) -> int:
        """Longest delay of all axons."""
        return int(max(self.delays.max(), self.extra_delays.max(initial=0)))


def _whole(steps: NDArray[np.float64]) -> NDArray[np.int64]:
    # The bound is beyond every chip, and keeps what is absurd from overflowing before it is refused.
    return np.rint(np.minimum(steps, 1 << 40)).astype(np.int64)
