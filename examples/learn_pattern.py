"""Unsupervised STDP: a neuron finds out which of its inputs fire together.

    python examples/learn_pattern.py [DEVICE]

All 40 inputs fire at random, equally often. Twelve of them also fire together every 50 ms. After ten seconds their
weights are large and all others are small: the neuron has found the pattern, and fires for nothing else.
"""

import sys

import neurocorex as ncx
import numpy as np

INPUTS, MEMBERS = 40, 12
STEPS, PERIOD = 10_000, 50


def main(target: str = "emulator") -> None:
    """Learn, and draw the weights over time."""
    members = np.sort(np.random.default_rng(4).choice(INPUTS, MEMBERS, replace=False))
    net = ncx.Network(inputs=INPUTS, neurons=1)
    net.connect(net.inputs, net.neurons, 0.15, plastic=True)
    net.neurons.set(threshold=1.0, tau_ms=8.0, refractory_ms=5.0)
    net.learn(ncx.learning.stdp(10.0, 20.0, 0.006, -0.005, bounds=(0.0, 0.3)))

    # Members fire less at random, so that all inputs have the same rate.
    rates = np.full(INPUTS, 0.03)
    rates[members] -= 1 / PERIOD
    spikes = ncx.encode.poisson(rates, STEPS, seed=1)
    spikes[::PERIOD, members] = True
    with ncx.open(target) as device:
        print(device.load(net))
        result = device.run(spikes=spikes, snapshot_every=500)

    final = result.weights_over_time[-1, :INPUTS, 0]
    found = np.sort(np.argsort(final)[-MEMBERS:])
    print(f"pattern: inputs {members.tolist()}")
    print(f"found:   inputs {found.tolist()}")
    print(f"{np.isin(found, members).sum()} of {MEMBERS} inputs found")
    in_time = np.isin(result.spike_times[result.spike_times >= STEPS - 2000] % PERIOD, (0, 1)).mean()
    print(f"in the last two seconds {in_time:.0%} of the spikes answer the pattern")
    result.plot_weights().savefig("learn_pattern.png")
    print("picture: learn_pattern.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
