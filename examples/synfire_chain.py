"""Synfire chain: a wave of spikes runs through ten groups of neurons, each a few milliseconds after the last.

    python examples/synfire_chain.py [DEVICE]

Only the first group is driven from outside. Half of the synapses between two groups are missing at random, but the
wave gets through, because many neurons carry it together. The last group passes it on to the first, more slowly.
"""

import sys

import neurocorex as ncx
import numpy as np

GROUPS, SIZE, STEPS = 10, 9, 200


def build(seed: int = 0) -> ncx.Network:
    """Connect the groups to a ring."""
    rng = np.random.default_rng(seed)
    net = ncx.Network(inputs=1, neurons=GROUPS * SIZE)
    groups = [net.neurons[start : start + SIZE] for start in range(0, GROUPS * SIZE, SIZE)]
    net.connect(net.inputs, groups[0], 1.5)
    for here, there in zip(groups, [*groups[1:], groups[0]], strict=True):
        net.connect(here, there, np.where(rng.random((SIZE, SIZE)) < 0.5, 0.6, 0.0))
    net.neurons.set(threshold=1.0, tau_ms=5.0, refractory_ms=10.0, delay_ms=4.0)
    groups[-1].set(delay_ms=16.0)
    return net


def main(target: str = "emulator") -> None:
    """Start the wave with a single input spike, and see how long it runs."""
    spikes = ncx.encode.explicit(times=[5], axons=[0], steps=STEPS, inputs=1)
    with ncx.open(target) as device:
        print(device.load(build()))
        result = device.run(spikes=spikes)
    waves = result.counts[:SIZE].max()
    print(f"one input spike gave {result.counts.sum()} spikes; the wave passed the first group {waves} times")
    names = {f"group {g}": slice(g * SIZE, (g + 1) * SIZE) for g in range(GROUPS)}
    result.raster(groups=names, title="a wave through ten groups").savefig("synfire_chain.png")
    print("picture: synfire_chain.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
