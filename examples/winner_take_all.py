"""Winner-take-all: eight neurons inhibit each other, and the one with the strongest input wins.

    python examples/winner_take_all.py [DEVICE]

The favoured input changes every 100 ms; the winner follows. An adaptive threshold keeps winners from firing for ever.
"""

import sys

import neurocorex as ncx
import numpy as np

COUNT, PHASE_STEPS = 8, 100
FAVOURITES = [2, 5, 0, 7]


def main(target: str = "emulator") -> None:
    """Run four phases, one after the other, and name the winner of each."""
    net = ncx.Network(inputs=COUNT, neurons=COUNT)
    net.connect(net.inputs, net.neurons, 0.6 * np.eye(COUNT))
    net.connect(net.neurons, net.neurons, 0.9 * (np.eye(COUNT) - 1))
    net.neurons.set(threshold=1.0, tau_ms=15.0, refractory_ms=2.0)
    net.adaptation(step=0.05, tau_ms=50.0)

    rates = np.full((len(FAVOURITES), COUNT), 0.15)
    rates[np.arange(len(FAVOURITES)), FAVOURITES] = 0.6
    phases = ncx.encode.poisson(rates, PHASE_STEPS, seed=3)  # [phase, step, input]
    spikes = phases.reshape(-1, COUNT)
    with ncx.open(target) as device:
        print(device.load(net))
        result = device.run(spikes=spikes)
    counts = result.spikes.reshape(len(FAVOURITES), PHASE_STEPS, COUNT).sum(axis=1)
    for favourite, row in zip(FAVOURITES, counts, strict=True):
        print(f"input {favourite} favoured: neuron {row.argmax()} wins, spikes {row.tolist()}")
    result.raster(inputs=spikes, title="winner takes all").savefig("winner_take_all.png")
    print("picture: winner_take_all.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
