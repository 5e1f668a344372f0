"""Train a spiking network with snnTorch, export it to NIR, quantise it to 8 bits, and classify digits on the emulator.

    pip install torch snntorch nir                       # PyTorch is large: 0.2 GB for a CPU, 2 GB with CUDA
    python examples/snntorch_digits.py [--device emulator] [--epochs 12] [--out digits.nir]
    python examples/snntorch_digits.py --graph digits.nir    # without PyTorch, from a graph that was exported before

Both accuracies, of snnTorch in floats and of the chip in integers, are for the same 594 test images.
"""

import argparse
from pathlib import Path

import neurocorex as ncx
import numpy as np
from neurocorex.demos import digits

HIDDEN, CLASSES, DECAY = 86, 10, 0.9


def train(path, epochs, seed):
    """Train in PyTorch, write the graph, and return its output spikes for the test images."""
    try:
        import nir
        import snntorch as snn
        import torch
        from snntorch.export_nir import export_to_nir
    except ImportError as error:
        raise SystemExit(f"training needs {error.name}: see the top of this file, or use --graph FILE") from None

    torch.manual_seed(seed)
    torch.set_num_threads(1)  # for layers this small, a second thread costs more than it gains

    def leaky(size):
        # Vectors, because NIR has one number per neuron.
        slope = snn.surrogate.fast_sigmoid(slope=10)
        beta, threshold = torch.full((size,), DECAY), torch.ones(size)
        return snn.Leaky(beta=beta, threshold=threshold, spike_grad=slope, reset_mechanism="zero", init_hidden=True)

    net = torch.nn.Sequential(
        torch.nn.Linear(digits.PIXELS, HIDDEN, bias=False), leaky(HIDDEN),
        torch.nn.Linear(HIDDEN, CLASSES, bias=False), leaky(CLASSES),
    )  # fmt: skip

    def run(spikes):
        for layer in net[1::2]:
            layer.reset_mem()
        return torch.stack([net(step) for step in spikes.swapaxes(0, 1)])

    images, labels, test, _ = digits.load_data()
    inputs, targets = torch.tensor(digits.encode(images), dtype=torch.float32), torch.tensor(labels)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for epoch in range(epochs):
        for batch in torch.randperm(len(inputs)).split(64):
            loss = torch.nn.functional.cross_entropy(run(inputs[batch]).sum(0), targets[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
    with torch.no_grad():
        outputs = run(torch.tensor(digits.encode(test), dtype=torch.float32)).numpy()
    nir.write(path, export_to_nir(net, torch.zeros(1, digits.PIXELS), ignore_dims=[0]))
    return outputs.swapaxes(0, 1) > 0


def in_floats(model, spikes):
    """Return output spikes of the network before it is quantised, without PyTorch."""
    place = model.place()
    longer = np.pad(spikes, [(0, 0), (0, model.latency), (0, 0)])
    return ncx.simulate_floats(model.network, longer).spikes[:, place.latency :, place.neurons]


def main():
    """Train or read, quantise, classify."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="emulator")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--graph", type=Path, help="Use this graph instead of training one.")
    parser.add_argument("--out", type=Path, default=Path("snntorch_digits.nir"))
    options = parser.parse_args()

    _, _, images, labels = digits.load_data()
    spikes = digits.encode(images)
    outputs = None if options.graph else train(options.out, options.epochs, options.seed)
    model = ncx.from_nir(options.graph or options.out, producer="snntorch", reset="zero", weight_bits=8)
    print(model.report)

    with ncx.open(options.device) as device:
        device.load(model.image)
        result = device.run(steps=spikes.shape[1] + model.latency, spikes=spikes)
    wanted = digits.classify(in_floats(model, spikes) if outputs is None else outputs)
    got = digits.classify(model.spikes(result))
    print(f"accuracy in floats {np.mean(wanted == labels):.2%}, with 8-bit weights {np.mean(got == labels):.2%}")


if __name__ == "__main__":
    main()
