"""Recurrent NIR graph: import, run, and export of the graph and its spikes.

    python examples/nir_recurrent.py [DEVICE]

Forty neurons in a ring excite their neighbours and inhibit the others. The activity that a short stimulus starts goes
on for ever at its place. The graph is made here; `from_nir` reads the files of other tools in the same way.
"""

import sys

import neurocorex as ncx
import numpy as np

NEURONS, STEPS, DT = 40, 200, 1e-3
STIMULUS = 13


def ring():
    """Return the graph as nested dictionaries, as ``nir.NIRGraph.to_dict`` does."""
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
    """Import the graph, run it, and write its integers and spikes to files."""
    model = ncx.from_nir(ring(), dt=DT, discretisation="euler", refractory=2 * DT)
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
    ncx.write_spikes(result, "ring_spikes.nir", nodes={"ring": model.place("ring").neurons})
    ncx.to_nir(model, "ring_quantised.nir")
    print("files: ring_quantised.nir, ring_spikes.nir, nir_recurrent.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
