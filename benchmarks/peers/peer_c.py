"""The bare C kernel as a peer."""

import ctypes
import itertools
import subprocess
import sys
from pathlib import Path

import job
import numpy as np

FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")


def build(net):
    """Return what runs the network."""
    library = Path(sys.argv[1]).with_suffix(".so")
    subprocess.run(["gcc", *FLAGS, "-o", library, Path(__file__).parent / "kernel.c"], check=True)
    code = ctypes.CDLL(str(library))
    kernel = code.run
    kernel.restype = ctypes.c_int64
    first = np.searchsorted(net["event_step"], np.arange(net["steps"] + 1)).astype(np.int32)
    inputs = net["event_axon"].astype(np.int32)
    if net["own_drive"]:
        inputs = np.zeros(net["steps"] * net["inputs"] + 1, np.int32)  # room for as many as there can be
    seeds = itertools.count(1)
    numbers = [net[name] for name in ("gain", "threshold", "refractory")]
    rule = [net[name] for name in ("weight_min", "weight_max", "potentiation", "depression", "increment", "cap")]

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    def run():
        n = net["neurons"]
        weights, v, r = net["weights"].astype(np.int8), np.zeros(n, np.int32), np.zeros(n, np.int32)
        start = job.time.process_time()
        if net["own_drive"]:
            limit, seed = int(net["rate"] * (1 << 32)), ctypes.c_uint64(next(seeds) * 0x9E3779B97F4A7C15 % (1 << 64))
            code.draw(net["steps"], net["inputs"], ctypes.c_uint32(limit), seed, pointer(first), pointer(inputs))
        spikes = kernel(
            net["steps"], n, net["inputs"], pointer(first), pointer(inputs), *numbers, ctypes.c_int64(net["keep"]),
            pointer(weights), net["learns"], *rule, pointer(v), pointer(r),
        )  # fmt: skip
        return {"seconds": job.time.process_time() - start, "spikes": spikes}

    return run


version = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
job.serve(f"gcc {version}", build)
