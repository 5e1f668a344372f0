"""A recurrent NIR graph, from the file of another tool to spikes and back to a file.

    python examples/nir_recurrent.py [DEVICE]

Forty neurons in a ring excite those near them and inhibit the others: what a short stimulus starts goes on for ever and
remembers where it was. The graph is written here as any tool that speaks NIR would do it.
"""

import sys

import neurocorex as ncx
import numpy as np
from neurocorex.importers.nir import write_spikes
from neurocorex.importers.nir.hdf5 import write_tree

NEURONS, STEPS, DT = 40, 200, 1e-3
STIMULUS = 13


def ring():
    """Return the graph as nested dictionaries, the way in which NIR keeps it."""
    places = np.arange(NEURONS)
    apart = np.abs(places[:, None] - places)
    apart = np.minimum(apart, NEURONS - apart)
    ones = np.ones(NEURONS)
    nodes = {
        "input": {"type": "Input", "shape": np.array([NEURONS])},
        "in": {"type": "Linear", "weight": np.exp(-((apart / 2) ** 2))},
        "ring": {
            "type": "CubaLIF", "tau_mem": 10e-3 * ones, "tau_syn": 5e-3 * ones, "r": 1 / DT * 10e-3 * ones,
            "w_in": 1 / DT * 5e-3 * ones, "v_leak": 0 * ones, "v_threshold": ones, "v_reset": 0 * ones,
        },
        "loop": {"type": "Linear", "weight": 0.3 * np.exp(-((apart / 3) ** 2)) - 0.07},
        "output": {"type": "Output", "shape": np.array([NEURONS])},
    }  # fmt: skip
    edges = [("input", "in"), ("in", "ring"), ("ring", "loop"), ("loop", "ring"), ("ring", "output")]
    return {"type": "NIRGraph", "nodes": nodes, "edges": edges}


def main(target="emulator"):
    """Write the graph, import it, run it, and write what came out."""
    write_tree("ring.nir", {"version": "1.0", "node": ring()})
    model = ncx.from_nir("ring.nir", dt=DT, discretisation="euler", refractory=2 * DT)
    print(model.report)

    spikes = np.zeros((STEPS, NEURONS), bool)
    spikes[5:25:2, STIMULUS] = True
    with ncx.open(target) as device:
        device.load(model.image)
        result = device.run(spikes=spikes)
    ring_spikes = model.spikes(result, "ring")
    late = ring_spikes[-50:].sum(axis=0)
    turn = np.angle(np.sum(late * np.exp(2j * np.pi * np.arange(NEURONS) / NEURONS))) / (2 * np.pi)
    centre = round(turn * NEURONS) % NEURONS
    print(f"stimulus at neuron {STIMULUS} until step 24; in the last 50 steps {late.sum()} spikes around {centre}")
    result.raster(inputs=spikes, title="a ring that remembers").savefig("nir_recurrent.png")
    write_spikes(result, "ring_spikes.nir", nodes={"ring": model.part("ring").neurons})
    ncx.to_nir(model, "ring_quantised.nir")
    print("files: ring.nir, ring_quantised.nir, ring_spikes.nir, nir_recurrent.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
