"""Encoders: numbers to input spikes for `Device.run`, as Poisson processes, rates, latencies, or from a file.

Encoders of spikes return bool arrays [steps, inputs], True for a spike, or [samples, steps, inputs] if the values have
a leading axis of samples. Only `poisson_events` returns an `EventStream`, which `Device.run` takes as well, and only
`poisson_currents` returns currents, for its argument `inject`.
"""

from .currents import poisson_currents
from .file import from_file
from .spikes import explicit, latency, poisson, poisson_events, rate

__all__ = ["explicit", "from_file", "latency", "poisson", "poisson_currents", "poisson_events", "rate"]
