"""Synapses that learn by STDP, written for PyNN: the same script for a chip, for Brian2 and for NEST.

Half of the sources spike just before the neurons tend to, and gain; the others spike at random, and lose.

    python examples/pynn_stdp.py neurocorex.pynn
    python examples/pynn_stdp.py pyNN.brian2
    python examples/pynn_stdp.py pyNN.nest
"""

import argparse
from importlib import import_module

import numpy as np

SOURCES, NEURONS, TIMESTEP_MS, DELAY_MS, W_MAX_NA = 40, 10, 0.1, 0.1, 0.3
#: Where a delay is: a chip and Brian2 have it in the axon, NEST in the dendrite.
DENDRITIC = {"pyNN.nest": 1.0}


def trains(rng, duration_ms):
    """Return spike times of a teacher, and of the sources: the first half precedes the teacher by 2 to 8 ms."""
    steps = round(duration_ms / TIMESTEP_MS)
    teacher = np.flatnonzero(rng.random(steps) < 12 * TIMESTEP_MS / 1000)
    before = [teacher - rng.integers(20, 80, len(teacher)) for _ in range(SOURCES // 2)]
    alone = [np.flatnonzero(rng.random(steps) < 15 * TIMESTEP_MS / 1000) for _ in range(SOURCES // 2)]
    return [[float(t) for t in np.round(np.unique(train[train >= 10]) * TIMESTEP_MS, 1)] for train in
            [teacher, *before, *alone]]  # fmt: skip


def build(sim, backend, duration_ms, seed):
    """Return the neurons, recorded, and the projection that learns."""
    teacher, *times = trains(np.random.default_rng(seed), duration_ms)
    cell = sim.IF_curr_exp(tau_m=20.0, cm=1.0, tau_refrac=5.0, tau_syn_E=2.0, tau_syn_I=2.0)
    neurons = sim.Population(NEURONS, cell)
    sources = sim.Population(SOURCES, sim.SpikeSourceArray(spike_times=times))
    strong = sim.Population(NEURONS, sim.SpikeSourceArray(spike_times=teacher))
    sim.Projection(strong, neurons, sim.OneToOneConnector(), sim.StaticSynapse(weight=20.0, delay=DELAY_MS))
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.012),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX_NA),
        dendritic_delay_fraction=DENDRITIC.get(backend, 0.0),
        weight=0.5 * W_MAX_NA,
        delay=DELAY_MS,
    )
    learned = sim.Projection(sources, neurons, sim.AllToAllConnector(), rule)
    neurons.record("spikes")
    return neurons, learned


def main():
    """Run the network and print the rate of the neurons, and the weights of both halves in parts of the largest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backend", nargs="?", default="neurocorex.pynn")
    parser.add_argument("--ms", type=float, default=3000.0, help="duration, 3000 by default")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sim = import_module(options.backend)
    sim.setup(timestep=TIMESTEP_MS, min_delay=TIMESTEP_MS, max_delay=1.0)
    neurons, learned = build(sim, options.backend, options.ms, options.seed)
    sim.run(options.ms)
    weights = np.asarray(learned.get("weight", "array")) / W_MAX_NA
    rate = neurons.mean_spike_count() / options.ms * 1000
    halves = weights[: SOURCES // 2].mean(), weights[SOURCES // 2 :].mean()
    print(f"{options.backend:16} {rate:7.3f} spikes/s; weights {weights.mean():.4f}: ", end="")
    print(f"{halves[0]:.4f} of sources that precede, {halves[1]:.4f} of others")
    sim.end()


if __name__ == "__main__":
    main()
