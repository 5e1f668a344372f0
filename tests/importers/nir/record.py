"""Write the graphs and spikes in this folder: what snnTorch and Norse export, and what they simulate themselves.

    pip install 'neurocorex[producers]'
    python tests/importers/nir/record.py [FOLDER]

PyTorch is too large for a test suite, so this was run once. Each network gives NAME.nir and NAME.npz: the input spikes
[steps, inputs], and the spikes of the last layer [steps, neurons] or, where that does not spike, its membranes. The
digits are those of the example, with snnTorch's answer for each test image.
"""

import runpy
import sys
import warnings
from pathlib import Path

import nir
import norse.torch as norse
import numpy as np
import snntorch as snn
import torch
from neurocorex.demos import digits
from snntorch.export_nir import export_to_nir
from torch import nn

STEPS = 200
EXAMPLE = Path(__file__).parents[3] / "examples/snntorch_digits.py"


def leaky(size, beta=0.9, kind=snn.Leaky, reset="subtract", **more):
    shape = size if isinstance(size, tuple) else (size,)
    given = {"beta": torch.full(shape, beta), "threshold": torch.ones(shape), "reset_mechanism": reset} | more
    return kind(**given)


def synaptic(size, alpha=0.8, **more):
    return leaky(size, kind=snn.Synaptic, alpha=torch.full((size,), alpha), **more)


def linear(inputs, outputs, gain, bias=0.0):
    """Positive weights on the average, so that layers stay active."""
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_((torch.rand(outputs, inputs) * 1.4 - 0.4) * gain)
        layer.bias.copy_((torch.rand(outputs) * 2 - 1) * bias)
    return layer


def convolution(gain):
    layer = nn.Conv2d(1, 3, 3)
    with torch.no_grad():
        layer.weight.copy_((torch.rand(3, 1, 3, 3) * 1.4 - 0.4) * gain)
        layer.bias.copy_(torch.rand(3) * 0.02)
    return layer


def recurrent(kind, size, reset="subtract", **more):
    layer = kind(beta=0.9, linear_features=size, all_to_all=True, reset_mechanism=reset, **more)
    with torch.no_grad():
        layer.recurrent.weight.copy_((torch.rand(size, size) - 0.6) * 0.2)
        layer.recurrent.bias.zero_()
    return layer


def snntorch_networks():
    """Name, layers, shape of the input, probability of an input spike."""
    yield "snntorch_subtract", [linear(12, 20, 0.3, 0.02), leaky(20), linear(20, 8, 0.35, 0.02), leaky(8)], (12,), 0.2
    yield (
        "snntorch_zero",
        [
            linear(12, 20, 0.3),
            leaky(20, reset="zero"),
            linear(20, 16, 0.3),
            leaky(16, 0.8, reset="zero"),
            linear(16, 8, 0.3, 0.05),
            leaky(8, 0.95, reset="zero"),
        ],
        (12,),
        0.2,
    )
    yield "snntorch_recurrent", [linear(12, 16, 0.3), recurrent(snn.RLeaky, 16)], (12,), 0.2
    yield (
        "snntorch_synaptic",
        [linear(12, 16, 0.1), synaptic(16, reset="zero"), linear(16, 8, 0.1, 0.01), synaptic(8, reset="zero")],
        (12,),
        0.2,
    )
    yield (
        "snntorch_recurrent_synaptic",
        [linear(12, 16, 0.1), recurrent(snn.RSynaptic, 16, reset="zero", alpha=0.7)],
        (12,),
        0.2,
    )
    yield (
        "snntorch_conv",
        [
            convolution(0.4),
            leaky((3, 6, 6), reset="zero"),
            nn.AvgPool2d(2),
            nn.Flatten(),
            linear(27, 8, 0.2),
            leaky(8, reset="zero"),
        ],
        (1, 8, 8),
        0.15,
    )


def run_snntorch(layers, spikes):
    """Spikes of the last layer, each layer called in every step as a forward pass would."""
    states = [None] * len(layers)
    found = []
    for step in spikes:
        value = step[None]
        for place, layer in enumerate(layers):
            if isinstance(layer, snn.RSynaptic):
                state = states[place] or (torch.zeros(1, 16), torch.zeros(1, 16), torch.zeros(1, 16))
                states[place] = layer(value, *state)
            elif isinstance(layer, snn.RLeaky):
                states[place] = layer(value, *(states[place] or (torch.zeros(1, 16), torch.zeros(1, 16))))
            elif isinstance(layer, snn.Synaptic):
                _, *state = states[place] or (None, torch.zeros_like(value), torch.zeros_like(value))
                states[place] = layer(value, *state)
            elif isinstance(layer, snn.Leaky):
                _, state = states[place] or (None, torch.zeros_like(value))
                states[place] = layer(value, state)
            value = states[place][0] if states[place] is not None else layer(value)
        found.append(value[0])
    return torch.stack(found)


def norse_parameters(kind, size, **given):
    """All as vectors, which NIR wants."""
    return kind(
        **{name: torch.full((size,), float(value)) for name, value in given.items()}, method="super", alpha=100.0
    )


def norse_networks():
    box = {"tau_mem_inv": 100.0, "v_leak": 0.0, "v_th": 0.3, "v_reset": 0.0}
    cuba = {"tau_syn_inv": 200.0, "tau_mem_inv": 100.0, "v_leak": 0.0, "v_th": 0.5, "v_reset": 0.0}
    lif_box = lambda size: norse.LIFBoxCell(p=norse_parameters(norse.LIFBoxParameters, size, **box))  # noqa: E731
    lif = lambda size: norse.LIFCell(p=norse_parameters(norse.LIFParameters, size, **cuba))  # noqa: E731
    yield "norse_lif", [linear(12, 20, 1.0, 0.1), lif_box(20), linear(20, 8, 0.8, 0.1), lif_box(8)], 0.2
    yield "norse_cuba", [linear(12, 20, 0.4, 0.05), lif(20), linear(20, 8, 0.25, 0.05), lif(8)], 0.2
    fire = norse.IAFCell(p=norse_parameters(norse.IAFParameters, 20, v_th=1.0, v_reset=0.0))
    yield "norse_if_li", [linear(12, 20, 0.2), fire, linear(20, 8, 0.5), norse.LIBoxCell(
        p=norse.LIBoxParameters(tau_mem_inv=torch.full((8,), 50.0), v_leak=torch.zeros(8))
    )], 0.2  # fmt: skip


def run_norse(network, spikes):
    state, found = None, []
    for step in spikes:
        value, state = network(step[None], state)
        found.append(value[0])
    return torch.stack(found)


def keep(folder, name, graph, spikes, found):
    nir.write(folder / f"{name}.nir", graph)
    spiking = bool(((found == 0) | (found == 1)).all())
    out = {"spikes": found.numpy() > 0} if spiking else {"membranes": found.numpy().astype(np.float64)}
    np.savez_compressed(folder / f"{name}.npz", inputs=spikes.reshape(len(spikes), -1).numpy() > 0, **out)
    print(name, list(graph.nodes), f"{found.sum(0).min():.0f} to {found.sum(0).max():.0f} of each neuron")  # noqa: T201


def vectors(graph):
    """Arrays instead of tensors, which h5py cannot write with one element."""
    for node in graph.nodes.values():
        for key, value in vars(node).items():
            if isinstance(value, torch.Tensor):
                setattr(node, key, value.detach().numpy())
    return graph


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    torch.manual_seed(5)
    with torch.no_grad():
        for name, layers, shape, rate in snntorch_networks():
            spikes = (torch.rand(STEPS, *shape) < rate).float()
            found = run_snntorch(layers, spikes)
            for layer in layers:
                if hasattr(layer, "init_hidden"):
                    layer.init_hidden = True
            graph = export_to_nir(nn.Sequential(*layers), torch.zeros(1, *shape), ignore_dims=[0])
            keep(folder, name, vectors(graph), spikes, found)
        for name, layers, rate in norse_networks():
            spikes = (torch.rand(STEPS, 12) < rate).float()
            network = norse.SequentialState(*layers)
            found = run_norse(network, spikes)
            keep(folder, name, vectors(norse.to_nir(network, torch.zeros(1, 12))), spikes, found)
    outputs = runpy.run_path(str(EXAMPLE))["train"](folder / "snntorch_digits.nir", epochs=12, seed=0)
    np.savez_compressed(folder / "snntorch_digits.npz", answers=digits.classify(outputs).astype(np.int8))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
