"""Write the files of Rockpool: LIFTorch with and without recurrence is CubaLIF, LIFNeuronTorch is LIF."""

import torch
from keep import HIDDEN, INPUTS, OUTPUTS, keep, spikes, weights
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules import LIFNeuronTorch, LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import to_nir

ONE = torch.tensor(1.0)


def linear(seed, outputs, inputs, gain):
    weight = torch.from_numpy(weights(seed, outputs, inputs, gain).T.copy())
    return LinearTorch((inputs, outputs), weight=weight, has_bias=False)


def synaptic(size, **more):
    return LIFTorch(size, tau_mem=0.02, tau_syn=0.005, bias=0.0, threshold=1.0, max_spikes_per_dt=ONE, **more)


def plain(size, dt=1e-3):
    return LIFNeuronTorch(size, tau_mem=0.01, bias=0.0, threshold=1.0, max_spikes_per_dt=ONE, dt=dt)


def run(name, layers, seed):
    x = spikes(seed)
    network = Sequential(*layers)
    with torch.no_grad():
        found, _, _ = network(torch.from_numpy(x).float()[None])
        graph = to_nir(network, torch.zeros((1, 1, INPUTS)))
    keep(name, graph, x, found[0].numpy())


def main():
    cuba = [linear(1, HIDDEN, INPUTS, 0.12), synaptic(HIDDEN), linear(2, OUTPUTS, HIDDEN, 0.06), synaptic(OUTPUTS)]
    run("rockpool_cuba", cuba, 3)
    # Another step than the default; the file shows it in r.
    lif = [linear(4, HIDDEN, INPUTS, 0.35), plain(HIDDEN, 5e-4), linear(5, OUTPUTS, HIDDEN, 0.3), plain(OUTPUTS, 5e-4)]
    run("rockpool_lif", lif, 6)


if __name__ == "__main__":
    main()
