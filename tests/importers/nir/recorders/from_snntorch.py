"""Write a file of snnTorch with beta = 1, its integrate-and-fire neuron, which has infinite tau and r."""

import numpy as np
import snntorch as snn
import torch
from keep import HIDDEN, INPUTS, OUTPUTS, keep, spikes, weights
from snntorch.export_nir import export_to_nir
from torch import nn


def linear(seed, outputs, inputs, gain):
    layer = nn.Linear(inputs, outputs, bias=False)
    layer.weight.data = torch.from_numpy(weights(seed, outputs, inputs, gain))
    return layer


def main():
    x = spikes(3)
    # One neuron in two forgets; NIR wants as many thresholds.
    beta = torch.where(torch.arange(HIDDEN) % 2 == 0, 1.0, 0.9)
    ones = torch.ones(OUTPUTS)
    cells = [snn.Leaky(beta=beta, threshold=torch.ones(HIDDEN)), snn.Leaky(beta=ones, threshold=ones)]
    layers = [linear(1, HIDDEN, INPUTS, 0.3), cells[0], linear(2, OUTPUTS, HIDDEN, 0.3), cells[1]]
    states, found = [cell.init_leaky() for cell in cells], []
    with torch.no_grad():
        for step in torch.from_numpy(x).float():
            value = step[None]
            for place in range(2):
                value, states[place] = cells[place](layers[2 * place](value), states[place])
            found.append(value[0].numpy())
        for cell in cells:
            cell.init_hidden = True
        graph = export_to_nir(nn.Sequential(*layers), torch.zeros(1, INPUTS), ignore_dims=[0])
    keep("snntorch_integrating", graph, x, np.stack(found))


if __name__ == "__main__":
    main()
