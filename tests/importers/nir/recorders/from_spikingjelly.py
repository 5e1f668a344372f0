"""Write the files of SpikingJelly 2: IFNode, LIFNode with and without decay_input, CUBALIFNode."""

import numpy as np
import torch
from keep import HIDDEN, INPUTS, OUTPUTS, keep, spikes, weights
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir
from torch import nn


def linear(seed, outputs, inputs, gain):
    made = layer.Linear(inputs, outputs, bias=False)
    made.weight.data = torch.from_numpy(weights(seed, outputs, inputs, gain))
    return made


def run(name, layers, seed, **options):
    x = spikes(seed)
    network = nn.Sequential(*layers)
    with torch.no_grad():
        functional.reset_net(network)
        found = np.stack([network(step[None])[0].numpy() for step in torch.from_numpy(x).float()])
        functional.reset_net(network)
        graph = export_to_nir(network, torch.zeros(1, INPUTS), **options)
    keep(name, graph, x, found)


def main():
    lif = [neuron.LIFNode(tau=4.0, decay_input=False), neuron.LIFNode(tau=8.0, decay_input=True, v_reset=-0.25)]
    first, last = linear(1, HIDDEN, INPUTS, 0.5), linear(2, OUTPUTS, HIDDEN, 3.0)
    run("spikingjelly_lif", [first, lif[0], last, lif[1]], 3)
    fire = [linear(4, HIDDEN, INPUTS, 0.4), neuron.IFNode(), linear(5, OUTPUTS, HIDDEN, 0.4), neuron.IFNode()]
    for each in fire[::2]:
        each.weight.data = torch.round(each.weight.data * 8) / 8
    run("spikingjelly_if", fire, 6, dt=1e-3)
    cuba = [neuron.CUBALIFNode(0.7, 0.9), neuron.CUBALIFNode(0.8, 0.9)]
    run("spikingjelly_cuba", [linear(7, HIDDEN, INPUTS, 0.12), cuba[0], linear(8, OUTPUTS, HIDDEN, 0.08), cuba[1]], 9)


if __name__ == "__main__":
    main()
