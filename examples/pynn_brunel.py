"""Balanced network after Brunel (2000), written for PyNN: the same script for a chip, for Brian2 and for NEST.

python examples/pynn_brunel.py neurocorex.pynn
python examples/pynn_brunel.py pyNN.brian2
python examples/pynn_brunel.py pyNN.nest
"""

import argparse
from importlib import import_module

import numpy as np

EXCITATORY, INHIBITORY, TIMESTEP_MS, DELAY_MS = 120, 30, 0.1, 1.5
WEIGHT_NA, BALANCE, EPSILON, DRIVES, DRIVE_HZ = 0.6, 6.0, 0.2, 600, 15.0
CELL = {
    "tau_m": 20.0, "cm": 1.0, "tau_refrac": 2.0, "tau_syn_E": 2.0, "tau_syn_I": 2.0,
    "v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0, "i_offset": 0.0,
}  # fmt: skip


def pairs(rng, sources, targets, into_each):
    """Return connections of `into_each` sources to each target, as a list for FromListConnector."""
    return [(int(pre), post) for post in range(targets) for pre in rng.choice(sources, into_each, replace=False)]


def build(sim, duration_ms, seed):
    """Return the two populations, recorded; spikes from outside and connections follow from the seed alone."""
    rng = np.random.default_rng(seed)
    populations = {
        "excitatory": sim.Population(EXCITATORY, sim.IF_curr_exp(**CELL), label="excitatory"),
        "inhibitory": sim.Population(INHIBITORY, sim.IF_curr_exp(**CELL), label="inhibitory"),
    }
    steps = round(duration_ms / TIMESTEP_MS)
    fires = rng.random((DRIVES, steps)) < DRIVE_HZ * TIMESTEP_MS / 1000
    # From 1 ms on: NEST takes no spike in the first steps.
    trains = [[float(t) for t in np.round((np.flatnonzero(train[10:]) + 10) * TIMESTEP_MS, 1)] for train in fires]
    outside = sim.Population(DRIVES, sim.SpikeSourceArray(spike_times=trains), label="outside")
    for target in populations.values():
        connect(sim, rng, outside, target, round(0.1 * DRIVES), WEIGHT_NA)
        connect(sim, rng, populations["excitatory"], target, round(EPSILON * EXCITATORY), WEIGHT_NA)
        connect(sim, rng, populations["inhibitory"], target, round(EPSILON * INHIBITORY), -BALANCE * WEIGHT_NA)
        target.record("spikes")
    return populations


def connect(sim, rng, source, target, into_each, weight):
    """Connect a fixed number of sources to each target."""
    connections = pairs(rng, source.size, target.size, into_each)
    sim.Projection(
        source,
        target,
        sim.FromListConnector(connections),
        sim.StaticSynapse(weight=weight, delay=DELAY_MS),
        receptor_type="excitatory" if weight > 0 else "inhibitory",
    )


def main():
    """Run the network and print the rate of each population, and how irregular it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backend", nargs="?", default="neurocorex.pynn")
    parser.add_argument("--ms", type=float, default=1000.0, help="duration, 1000 by default")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sim = import_module(options.backend)
    sim.setup(timestep=TIMESTEP_MS, min_delay=TIMESTEP_MS, max_delay=DELAY_MS)
    populations = build(sim, options.ms, options.seed)
    sim.run(options.ms)
    for name, population in populations.items():
        trains = population.get_data("spikes").segments[0].spiketrains
        rates = np.array([len(train) for train in trains]) / options.ms * 1000
        gaps = [np.diff(np.asarray(train.magnitude)) for train in trains if len(train) > 5]
        irregular = np.mean([np.std(gap) / np.mean(gap) for gap in gaps])
        print(f"{options.backend:16} {name:11} {rates.mean():7.3f} spikes/s, CV of intervals {irregular:.3f}")
    sim.end()


if __name__ == "__main__":
    main()
