"""The emulator of this project as its users run it, through the device."""

from importlib.metadata import version

import job
import neurocorex as ncx
import numpy as np
from neurocorex.check import workload


def build(net):
    """Return what runs the network."""
    network = workload.Workload(net["neurons"], bool(net["learns"]))
    device = ncx.open("emulator")
    image = network.image()
    device.load(image)
    device.run(spikes=workload.stimulus(20_000 if net["neurons"] < 1000 else 10_000), record="counts")  # compiles
    stimulus = workload.stimulus(net["steps"])
    rates, random = np.full(net["inputs"], net["rate"]), np.random.default_rng(1)

    def run():
        device.load(image)
        start = job.time.process_time()
        spikes = ncx.encode.poisson_events(rates, net["steps"], random) if net["own_drive"] else stimulus
        result = device.run(spikes=spikes, record="counts")
        return {"seconds": job.time.process_time() - start, "spikes": int(result.counts.sum())}

    return run


job.serve(version("neurocorex"), build)
