"""Actor: calls of a device in an order drawn from a seed, what each returns, and what the chip holds in the end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from neurocorex.check.trial import Trial
from neurocorex.device.device import Device
from neurocorex.device.result import Result
from neurocorex.image import Image
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.registers import MODEL_COUNTERS

#: Regions that are read and written one by one.
REGIONS = (Region.BIAS, Region.THRESHOLD, Region.DELAY, Region.WEIGHTS, Region.MEMBRANE, Region.PRE_TRACE)
#: What a result holds.
ARRAYS = ("spike_times", "spike_neurons", "spike_counts", "v_items")
#: One call in so many is a run; with 100 steps each, 10,000 calls have 100,000 steps.
RUN_EVERY, STEPS = 10, 100


def told(value: Any) -> Any:
    """Return what a call gave as something that can be compared."""
    if isinstance(value, Result):
        counters = {counter.name: value.counters[counter.name.lower()] for counter in MODEL_COUNTERS}
        return [value.steps, *(getattr(value, name).tobytes() for name in ARRAYS), counters]
    if isinstance(value, Image):
        return value.to_bytes()
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return {counter.name: value[counter.name.lower()] for counter in MODEL_COUNTERS}
    return value


class Actor:
    """User of a chip that learns.

    Parameters
    ----------
    device : Device
        The chip, opened.
    config : CoreConfig
        Its geometry.
    seed : int
        The same seed gives the same calls.
    """

    def __init__(self, device: Device, config: CoreConfig, seed: int) -> None:
        self._device, self._config = device, config
        self._source = random.Random(seed)
        self._trial = Trial.random(config, seed, STEPS)

    def calls(self, count: int) -> Iterator[tuple[str, Any]]:
        """Load a network, make so many calls, and read everything; yield the name and the outcome of each."""
        self._device.load(self._trial.image)
        for number in range(count):
            call = self._run if number % RUN_EVERY == 0 else self._source.choice(self._others())
            yield call.__name__, told(call())
        yield "snapshot", told(self._device.snapshot())
        yield "counters", told(self._device.counters())

    def _others(self) -> list[Callable[[], Any]]:
        return [self._read, self._read, self._write, self._state, self._counters, self._set_weights, self._clear]

    def _run(self) -> Result:
        record = self._source.choice((("spikes", "v"), ("spikes",), ("v",), ()))
        self._device.learning(self._source.random() < 0.9)
        return self._device.run(spikes=self._trial.stimulus, record=record)

    def _read(self) -> np.ndarray:
        return self._device.read(self._source.choice(REGIONS))

    def _write(self) -> None:
        region = self._source.choice(REGIONS[:2])
        values = [self._source.randrange(100, 400) for _ in range(self._config.neurons)]
        self._device.write(region, values)

    def _state(self) -> Any:
        return self._device.snapshot() if self._source.random() < 0.1 else self._device.weights(units="chip")

    def _counters(self) -> dict[str, int]:
        return self._device.counters()

    def _set_weights(self) -> None:
        low, high = self._config.weight_range
        values = [
            (self._source.randrange(self._config.inputs), neuron, self._source.randint(low, high)) for neuron in (1, 3)
        ]
        self._device.set_weights(values, units="chip")

    def _clear(self) -> None:
        self._device.clear(state=self._source.random() < 0.5, counters=self._source.random() < 0.1)
