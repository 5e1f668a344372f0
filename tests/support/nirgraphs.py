"""A NIR graph, and networks to export as such."""

import neurocorex as ncx
import nir
import numpy as np
from neurocorex.learning import stdp


def graph():
    ones = np.ones(4)
    lif = nir.LIF(tau=ones * 1e-2, r=ones, v_leak=ones * 0, v_threshold=ones, v_reset=ones * 0)
    nodes = (nir.Input(np.array([3])), nir.Linear(np.ones((4, 3))), lif, nir.Output(np.array([4])))
    return nir.NIRGraph.from_list(*nodes).to_dict()


def networks():
    rng = np.random.default_rng(2)
    plain = ncx.Network(inputs=6, neurons=8)
    plain.connect(plain.inputs, plain.neurons, rng.normal(size=(6, 8)))
    plain.connect(plain.neurons, plain.neurons, rng.normal(size=(8, 8)) * 0.3)
    plain.neurons.set(threshold=1.0, tau_ms=12.0, bias=0.01)
    rich = ncx.Network(inputs=6, neurons=9)
    rich.connect(rich.inputs, rich.neurons, rng.normal(size=(6, 9)), plastic=True)
    rich.connect(rich.neurons[:4], rich.neurons, rng.normal(size=(4, 9)), delay_ms=3.0)
    rich.connect(rich.neurons[:2], rich.neurons, rng.normal(size=(2, 9)), delay_ms=5.0)
    rich.neurons[:3].set(tau_ms=5.0, tau_syn_ms=3.0, refractory_ms=2.0, refractory="hold")
    rich.neurons[3:6].set(decay=0.0, reset_mode="subtract", leak=0.01)
    rich.neurons[6:].set(threshold=2.0, reset=-0.5, bias=0.1)
    rich.adaptation(step=0.1, tau_ms=50.0)
    rich.learn(stdp(10.0, 10.0, 0.02, -0.02, bounds=(-3.0, 3.0)))
    whole = ncx.Network(inputs=2, neurons=3)
    whole.connect(whole.inputs, whole.neurons, [[1, 2, 3], [-4, 5, 6]])
    whole.neurons.set(threshold=7)
    return {"plain": plain, "rich": rich, "whole": whole}
