"""First steps: a network of four neurons, from floats to pictures.

    python examples/first_steps.py [DEVICE]

DEVICE is "emulator" (default), "rtl", a serial port or a pyserial URL.
"""

import sys

import neurocorex as ncx
import numpy as np

STEPS = 200


def main(target: str = "emulator") -> None:
    """Build, load, run, draw."""
    rng = np.random.default_rng(1)
    net = ncx.Network(inputs=8, neurons=4, dt_ms=1.0)
    net.connect(net.inputs, net.neurons, rng.uniform(0.1, 0.5, (8, 4)))
    net.connect(net.neurons[0], net.neurons[1:], -0.3, delay_ms=2.0)  # neuron 0 keeps the others quiet
    net.neurons.set(threshold=1.0, tau_ms=20.0, tau_syn_ms=2.0, refractory_ms=3.0)

    spikes = ncx.encode.poisson([40.0] * 8, STEPS, seed=2, dt_ms=net.dt_ms)  # 40 spikes a second
    with ncx.open(target) as device:
        print(device.load(net))
        result = device.run(spikes=spikes, record=["spikes", "v"])
        counters = device.counters()

    print(f"spikes of each neuron: {result.counts.tolist()}")
    print(f"{counters['cycles'] / counters['steps']:.0f} clock cycles a step")
    result.raster(inputs=spikes, title="first steps").savefig("first_steps_raster.png")
    result.plot_v(threshold=1.0).savefig("first_steps_membranes.png")
    print("pictures: first_steps_raster.png, first_steps_membranes.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
