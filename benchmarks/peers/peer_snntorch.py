"""snnTorch on the CPU, one thread, one sample: dense layers, as people write them."""

import job
import numpy as np
import snntorch
import torch


def build(net):
    """Return what runs the network."""
    torch.set_num_threads(1)
    weights = torch.tensor(net["weights"].astype(np.float32))
    feed, between = weights[: net["inputs"]] * (1 << net["gain"]), weights[net["inputs"] :]
    beta = float(np.exp(-1 / net["tau"]))
    leaky = snntorch.Leaky(beta=beta, threshold=float(net["threshold"]), reset_mechanism="zero")
    stimulus = torch.zeros(net["steps"], net["inputs"])
    stimulus[net["event_step"], net["event_axon"]] = 1.0

    def run():
        spikes, membrane = torch.zeros(1, net["neurons"]), leaky.init_leaky()
        total = 0.0
        with torch.no_grad():
            for step in range(net["steps"]):
                current = stimulus[step : step + 1] @ feed + spikes @ between
                spikes, membrane = leaky(current, membrane)
                total += float(spikes.sum())
        return {"spikes": int(total)}

    return run


job.serve(f"{snntorch.__version__}, torch {torch.__version__}", build)
