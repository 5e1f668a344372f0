"""The bare C kernel as a peer."""

import ctypes
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
    kernel = ctypes.CDLL(str(library)).run
    kernel.restype = ctypes.c_int64
    first = np.searchsorted(net["event_step"], np.arange(net["steps"] + 1)).astype(np.int32)
    inputs = net["event_axon"].astype(np.int32)
    numbers = [net[name] for name in ("gain", "threshold", "refractory")]
    rule = [net[name] for name in ("weight_min", "weight_max", "potentiation", "depression", "increment", "cap")]

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    def run():
        n = net["neurons"]
        weights, v, r = net["weights"].astype(np.int8), np.zeros(n, np.int32), np.zeros(n, np.int32)
        start = job.time.process_time()
        spikes = kernel(
            net["steps"], n, net["inputs"], pointer(first), pointer(inputs), *numbers, ctypes.c_int64(net["keep"]),
            pointer(weights), net["learns"], *rule, pointer(v), pointer(r),
        )  # fmt: skip
        return {"seconds": job.time.process_time() - start, "spikes": spikes}

    return run


version = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
job.serve(f"gcc {version}", build)
