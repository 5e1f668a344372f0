"""What the recorders share: seeded inputs and weights, and the two files of a recording."""

import sys
from pathlib import Path

import nir
import numpy as np

STEPS, INPUTS, HIDDEN, OUTPUTS = 200, 12, 20, 8
#: Folder to write to: the first argument, or the one that the tests read.
FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]


def spikes(seed, rate=0.2):
    """Input spikes [steps, inputs]."""
    return np.random.default_rng(seed).random((STEPS, INPUTS)) < rate


def weights(seed, outputs, inputs, gain):
    """Weights [outputs, inputs], positive on the average, so that layers stay active."""
    return ((np.random.default_rng(seed).random((outputs, inputs)) * 1.4 - 0.4) * gain).astype(np.float32)


def arrays(graph):
    """Arrays instead of tensors, which h5py cannot write with one element; nested graphs as well."""
    for node in graph.nodes.values():
        if isinstance(node, nir.NIRGraph):
            arrays(node)
        for key, value in vars(node).items():
            if hasattr(value, "detach"):
                setattr(node, key, value.detach().numpy())
    return graph


def keep(name, graph, inputs, found):
    """Write NAME.nir and NAME.npz; `found` has spikes [steps, neurons] of the last layer."""
    found = np.asarray(found)
    if not ((found == 0) | (found == 1)).all():
        raise ValueError(f"{name} spikes {found.max():g} times in a step, which a chip cannot do; take smaller weights")
    FOLDER.mkdir(parents=True, exist_ok=True)
    nir.write(FOLDER / f"{name}.nir", arrays(graph))
    np.savez_compressed(FOLDER / f"{name}.npz", inputs=inputs, spikes=found > 0)
    print(f"{name}: {int(found.sum())} spikes")  # noqa: T201
