"""Snapshot: stop a network, save it to a file, and continue on another device with the same bits.

python examples/snapshot.py [DEVICE [OTHER_DEVICE]]
"""

import sys
from pathlib import Path

import neurocorex as ncx
import numpy as np

STEPS = 300


def build() -> ncx.Network:
    """Connect 40 neurons at random, one in five inhibitory, with delays of 1 to 8 ms."""
    rng = np.random.default_rng(5)
    net = ncx.Network(inputs=10, neurons=40)
    net.connect(net.inputs, net.neurons, rng.uniform(0, 0.6, (10, 40)))
    weights = rng.exponential(0.12, (40, 40)) * np.where(np.arange(40) < 32, 1, -4)[:, np.newaxis]
    net.connect(net.neurons, net.neurons, weights)
    net.neurons.set(threshold=1.0, tau_ms=12.0, tau_syn_ms=3.0, refractory_ms=4.0, delay_ms=rng.integers(1, 9, 40))
    return net


def main(target: str = "emulator", other: str = "emulator") -> None:
    """Run once as a whole and once in two halves, and compare."""
    spikes = ncx.encode.poisson([0.05] * 10, 2 * STEPS, seed=6)
    path = Path("snapshot.npz")
    with ncx.open(target) as device:
        device.load(build())
        whole = device.run(spikes=spikes)
        device.clear()
        first = device.run(spikes=spikes[:STEPS])
        device.snapshot().save(path)
    with ncx.open(other) as device:
        device.load(path)
        second = device.run(spikes=spikes[STEPS:])
    same = np.array_equal(whole.spikes, np.concatenate([first.spikes, second.spikes]))
    print(f"{whole.counts.sum()} spikes at one go, {first.counts.sum()} + {second.counts.sum()} in two halves")
    print("the same spikes" if same else "not the same spikes")
    print(f"snapshot: {path}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
