"""Write files for Nengo, which has no export to NIR: its own spikes, with the graph written here in its parameters.

Neurons are LIF without refractory time and with the default of 2 ms; membranes may be negative (min_voltage), and
spikes have a height of 1, as in NIR.
"""

import nengo
import nir
import numpy as np
from keep import HIDDEN, INPUTS, OUTPUTS, STEPS, keep, spikes, weights

DT = 1e-3


def run(name, seed, tau_ref, gains):
    x = spikes(seed)
    first, last = weights(seed + 1, HIDDEN, INPUTS, gains[0]), weights(seed + 2, OUTPUTS, HIDDEN, gains[1])
    with nengo.Network(seed=0) as network:
        kind = nengo.LIF(
            tau_rc=0.02, tau_ref=tau_ref, min_voltage=-np.inf, amplitude=DT,
            initial_state={"voltage": nengo.dists.Choice([0])},
        )  # fmt: skip
        # Nengo calls a node at dt, 2 dt, ...
        source = nengo.Node(lambda t: x[round(t / DT) - 1].astype(float), size_out=INPUTS)
        layers = [
            nengo.Ensemble(size, 1, neuron_type=kind, gain=np.ones(size), bias=np.zeros(size))
            for size in (HIDDEN, OUTPUTS)
        ]
        nengo.Connection(source, layers[0].neurons, transform=first, synapse=None)
        nengo.Connection(layers[0].neurons, layers[1].neurons, transform=last, synapse=None)
        probe = nengo.Probe(layers[1].neurons, synapse=None)
    with nengo.Simulator(network, dt=DT, progress_bar=False) as simulator:
        simulator.run_steps(STEPS)

    def lif(size):
        ones = np.ones(size)
        return nir.LIF(tau=ones * 0.02, r=ones, v_leak=ones * 0, v_threshold=ones, v_reset=ones * 0)

    graph = nir.NIRGraph.from_list(
        nir.Input(np.array([INPUTS])), nir.Linear(first), lif(HIDDEN), nir.Linear(last), lif(OUTPUTS),
        nir.Output(np.array([OUTPUTS])),
    )  # fmt: skip
    keep(name, graph, x, simulator.data[probe])


def main():
    run("nengo_lif", 1, 0.0, (12.0, 8.0))
    run("nengo_refractory", 1, 0.002, (12.0, 8.0))


if __name__ == "__main__":
    main()
