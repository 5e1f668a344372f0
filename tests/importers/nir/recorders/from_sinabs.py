"""Write the files of Sinabs: integrate-and-fire and leaky neurons, as sinabs.nir exports them.

With SingleSpike a neuron spikes once in a step at most, as on a chip; Sinabs' default counts several.
"""

import sinabs.layers as sl
import torch
from keep import HIDDEN, INPUTS, OUTPUTS, keep, spikes, weights
from sinabs.activation import SingleSpike
from sinabs.nir import to_nir
from torch import nn


def linear(seed, outputs, inputs, gain):
    layer = nn.Linear(inputs, outputs, bias=False)
    layer.weight.data = torch.from_numpy(weights(seed, outputs, inputs, gain))
    return layer


def run(name, layers, seed, rate=0.2):
    x = spikes(seed, rate)
    network = nn.Sequential(*layers)
    with torch.no_grad():
        found = network(torch.from_numpy(x).float()[None])[0]
        for layer in layers:
            if hasattr(layer, "reset_states"):
                layer.reset_states()
        graph = to_nir(network, torch.zeros(1, 1, INPUTS))
    keep(name, graph, x, found.numpy())


def fire():
    return sl.IAF(spike_fn=SingleSpike)


def leaky(size):
    return sl.LIF(tau_mem=torch.full((size,), 20.0), spike_threshold=torch.ones(size), spike_fn=SingleSpike)


def main():
    # Eighths, so that membranes meet the threshold exactly: it is where >= shows.
    exact = [linear(1, HIDDEN, INPUTS, 0.4), fire(), linear(2, OUTPUTS, HIDDEN, 0.3), fire()]
    for layer in exact[::2]:
        layer.weight.data = torch.round(layer.weight.data * 8) / 8
    run("sinabs_iaf", exact, 3)
    slow = [linear(4, HIDDEN, INPUTS, 6.0), leaky(HIDDEN), linear(5, OUTPUTS, HIDDEN, 5.0), leaky(OUTPUTS)]
    run("sinabs_lif", slow, 6)


if __name__ == "__main__":
    main()
