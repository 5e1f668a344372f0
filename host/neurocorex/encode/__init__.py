"""Encoders: numbers to input spikes for `Device.run`, as Poisson processes, rates, latencies, from a file or a sensor.

Encoders of spikes return bool arrays [steps, inputs], True for a spike, or [samples, steps, inputs] if the values have
a leading axis of samples. Only `poisson_events` and `from_events` return an `EventStream`, which `Device.run` takes as
well, and only `poisson_currents` returns currents, for its argument `inject`.
"""

from .currents import poisson_currents
from .file import from_file
from .generated import generated
from .sensors import from_events
from .spikes import explicit, latency, poisson, poisson_events, rate

__all__ = [
    "explicit", "from_events", "from_file", "generated", "latency", "poisson", "poisson_currents", "poisson_events",
    "rate",
]  # fmt: skip
