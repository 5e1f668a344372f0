"""Long runs in blocks: the stimulus is drawn as it goes, and only counts are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ..device.device import Device
    from ..progress import Progress
    from ..wire.traffic import Traffic

#: Entries of the table of input spikes that are drawn at a time.
ENTRIES = 1 << 20


@dataclass
class Total:
    """Sum over the blocks of a run.

    Attributes
    ----------
    counts : int64 array [N]
        Spikes of each neuron.
    counters : dict of str to int
        What was added to each counter.
    link : Traffic or None
        Traffic with the chip; None for one in this process.
    """

    counts: np.ndarray
    counters: dict[str, int]
    link: Traffic | None = None


def drawn(inputs: int, steps: int, probability: float | None, seed: int) -> Iterator[np.ndarray]:
    """Draw the spikes that `encode.poisson` draws with this seed, or none; bool [steps of a block, inputs] each."""
    import numpy as np

    from .. import encode

    rates, random = np.full(inputs, probability or 0.0), np.random.default_rng(seed)
    block = max(ENTRIES // max(inputs, 1), 1)
    for start in range(0, steps, block):
        length = min(block, steps - start)
        yield np.zeros((length, inputs), np.bool_) if probability is None else encode.poisson(rates, length, random)


def run(chip: Device, blocks: Iterator[np.ndarray], steps: int, progress: Progress | None, **work: Any) -> Total:
    """Run blocks one behind the other, from the state in which the chip is; errors as of `Device.run`."""
    import numpy as np

    total, done = Total(np.zeros(chip.neurons, np.int64), {}), 0

    def told(inner: int, _of: int) -> None:
        if progress is not None:
            progress(done + inner, steps)

    for spikes in blocks:
        result = chip.run(spikes=spikes, record="counts", progress=told, **work)
        total.counts += result.counts
        for name, count in result.counters.items():
            total.counters[name] = total.counters.get(name, 0) + count
        if result.link is not None:
            total.link = result.link if total.link is None else total.link + result.link
        done += len(spikes)
    return total
