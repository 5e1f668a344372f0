"""Random NIR graphs: several layers of all kinds, biases, delays, loops, graphs within the graph, several inputs."""

from itertools import pairwise

import numpy as np

DT = 1e-3


def cells(rng, kind, n, rests=(0.0, -3.0)):
    """Neurons whose numbers differ from neuron to neuron."""
    ones, reset = np.ones(n), np.zeros(n)
    tau = rng.uniform(5, 20, n) * DT
    if kind == "IF":
        return {"type": "IF", "r": ones / DT, "v_threshold": rng.uniform(1, 2, n), "v_reset": reset}
    if kind in ("LIF", "LI"):
        rest = rng.choice(rests)
        node = {"type": kind, "tau": tau, "r": tau / DT, "v_leak": ones * rest}
    else:
        slow = rng.uniform(2, 6, n) * DT
        rest = 0.0
        node = {
            "type": kind, "tau_mem": tau, "tau_syn": slow, "r": tau / DT, "w_in": slow / DT, "v_leak": reset,
        }  # fmt: skip
    if kind in ("LIF", "CubaLIF"):
        node |= {"v_threshold": rng.uniform(1, 2, n) + rest, "v_reset": reset + rest}
    return node


def matrix(rng, outputs, inputs, gain=1.0):
    """Linear or Affine, mostly exciting."""
    node = {"type": "Linear", "weight": (rng.random((outputs, inputs)) * 1.4 - 0.4) * gain * 2 / np.sqrt(inputs)}
    return node | ({"type": "Affine", "bias": rng.uniform(0, 0.15, outputs)} if rng.random() < 0.4 else {})


class Drawn:
    """Builder of one graph."""

    def __init__(self, seed, rests):
        self.rng, self.rests = np.random.default_rng(seed), rests
        self.nodes, self.edges = {}, []

    def join(self, source, target, outputs, inputs, gain=1.0, delay=0.3):
        rng = self.rng
        name = f"{source}_{target}_w"
        self.nodes[name] = matrix(rng, outputs, inputs, gain)
        way = [source, name, target]
        if rng.random() < delay:
            wait = f"{source}_{target}_wait"
            steps = rng.integers(0, 5, inputs) if rng.random() < 0.5 else np.full(inputs, rng.integers(1, 5))
            self.nodes[wait] = {"type": "Delay", "delay": steps * DT}
            way.insert(1, wait)
        self.edges += pairwise(way)

    def layer(self, name, n, kind):
        """Neurons, sometimes with a loop, sometimes as a graph of their own."""
        rng = self.rng
        node = cells(rng, kind, n, self.rests)
        if kind in ("LI", "CubaLI") or rng.random() < 0.5:
            self.nodes[name] = node
            if kind not in ("LI", "CubaLI") and rng.random() < 0.4:
                self.join(name, name, n, n, 0.2)
            return
        port = {"shape": np.array([n])}
        self.nodes[name] = {
            "type": "NIRGraph",
            "nodes": {
                "input": {"type": "Input", **port}, "cells": node, "back": matrix(rng, n, n, 0.2),
                "output": {"type": "Output", **port},
            },
            "edges": [("input", "cells"), ("cells", "back"), ("back", "cells"), ("cells", "output")],
        }  # fmt: skip


def drawn(seed, *, reader=True, rests=(0.0, -3.0)):
    """Return a graph as dictionaries; the same for the same arguments."""
    made = Drawn(seed, rests)
    rng = made.rng
    sizes = {f"in{i}": int(rng.integers(2, 6)) for i in range(rng.integers(1, 3))}
    for name, size in sizes.items():
        made.nodes[name] = {"type": "Input", "shape": np.array([size])}
    before = list(sizes)
    count = int(rng.integers(1, 5))
    for number in range(count):
        name, n = f"layer{number}", int(rng.integers(2, 8))
        kind = str(rng.choice(["LIF", "IF", "CubaLIF"]))
        if reader and number == count - 1 and number and rng.random() < 0.3:
            kind = str(rng.choice(["LI", "CubaLI"]))
        made.layer(name, n, kind)
        nearest = before[-1] if number else before[0]
        chosen = {nearest, *(source for source in before if rng.random() < 0.3)}
        for source in sorted(chosen):
            made.join(source, name, n, sizes[source])
        if number > 1 and kind in ("LIF", "IF", "CubaLIF") and rng.random() < 0.3:
            back = f"layer{number - 1}"
            made.join(name, back, sizes[back], n, 0.3)
        sizes[name] = n
        before.append(name)
    for name in sizes:
        if name.startswith("in") and not any(source == name for source, _ in made.edges):
            made.join(name, "layer0", sizes["layer0"], sizes[name])
    last = before[-1]
    width = sizes[last]
    if reader and kind not in ("LI", "CubaLI") and rng.random() < 0.25:
        width = 3
        made.join(last, "out", width, sizes[last], delay=0)
    else:
        made.edges.append((last, "out"))
    made.nodes["out"] = {"type": "Output", "shape": np.array([width])}
    return {"type": "NIRGraph", "nodes": made.nodes, "edges": made.edges}
