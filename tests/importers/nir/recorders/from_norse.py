"""Write files of Norse in seconds, as versions before and after 1.1.0 do: 1.1.0 multiplies by its `dt`, here 1."""

import norse.torch as norse
import torch
from keep import HIDDEN, INPUTS, OUTPUTS, keep, spikes, weights
from torch import nn


def linear(seed, outputs, inputs, gain):
    layer = nn.Linear(inputs, outputs, bias=False)
    layer.weight.data = torch.from_numpy(weights(seed, outputs, inputs, gain))
    return layer


def parameters(kind, size, **given):
    return kind(**{name: torch.full((size,), value) for name, value in given.items()}, method="super", alpha=100.0)


def box(size):
    given = {"tau_mem_inv": 100.0, "v_leak": 0.0, "v_th": 0.3, "v_reset": 0.0}
    return norse.LIFBoxCell(p=parameters(norse.LIFBoxParameters, size, **given))


def synaptic(size):
    given = {"tau_syn_inv": 200.0, "tau_mem_inv": 100.0, "v_leak": 0.0, "v_th": 0.5, "v_reset": 0.0}
    return norse.LIFCell(p=parameters(norse.LIFParameters, size, **given))


def run(name, layers, seed):
    x = spikes(seed)
    network = norse.SequentialState(*layers)
    state, found = None, []
    with torch.no_grad():
        for step in torch.from_numpy(x).float():
            value, state = network(step[None], state)
            found.append(value[0])
        graph = norse.to_nir(network, torch.zeros(1, INPUTS), dt=1.0)
    keep(name, graph, x, torch.stack(found).numpy())


def main():
    cells = [box(HIDDEN), synaptic(OUTPUTS)]
    run("norse_in_seconds", [linear(1, HIDDEN, INPUTS, 1.0), cells[0], linear(2, OUTPUTS, HIDDEN, 0.4), cells[1]], 3)


if __name__ == "__main__":
    main()
