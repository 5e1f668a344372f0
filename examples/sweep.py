"""Sweep: how reliably does a neuron report its input? Fifty seeds at each of six weights, as a table and a picture.

    python examples/sweep.py [--seeds N] [--dask [ADDRESS]]

Without options on this computer. `--dask`: on a Dask cluster, by default one of two workers that is made here; it needs
`pip install 'neurocorex[dask]'`. The table is the same.
"""

import argparse
from contextlib import nullcontext

import matplotlib.pyplot as plt
import neurocorex as ncx
import numpy as np

STEPS, INPUTS = 500, 16
WEIGHTS = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4]


def network(weight: float) -> ncx.Network:
    """Return one neuron that all inputs reach."""
    net = ncx.Network(inputs=INPUTS, neurons=1)
    net.connect(net.inputs, net.neurons, weight)
    net.neurons.set(threshold=1.0, tau_ms=10.0, refractory_ms=2.0)
    return net


def spikes(seed: int) -> np.ndarray:
    """Return input spikes at 20 Hz."""
    return ncx.encode.poisson([0.02] * INPUTS, STEPS, seed=seed)


def measure(result: ncx.Result) -> dict[str, float]:
    """Return the rate of the neuron, and how irregular its intervals are."""
    intervals = np.diff(result.spike_times)
    regular = intervals.std() / intervals.mean() if intervals.size > 1 else float("nan")
    return {"rate_hz": 1000 * result.spike_times.size / STEPS, "cv": float(regular)}


def main() -> None:
    """Sweep, and show means over the seeds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument(
        "--dask", nargs="?", const="", metavar="ADDRESS", help="of a scheduler, such as tcp://host:8786"
    )
    options = parser.parse_args()
    with cluster(options.dask) as workers:
        table = ncx.sweep(
            network, {"weight": WEIGHTS}, seeds=range(options.seeds), spikes=spikes, measure=measure, workers=workers
        )
    rates = np.array([row["rate_hz"] for row in table]).reshape(len(WEIGHTS), options.seeds)
    print("weight   rate, Hz (mean and standard deviation over the seeds)")
    for weight, row in zip(WEIGHTS, rates, strict=True):
        print(f"{weight:6.2f}   {row.mean():6.1f} +- {row.std():.1f}")

    _, axes = plt.subplots(figsize=(6.0, 4.0), layout="constrained")
    axes.plot(WEIGHTS, rates, ".", color="tab:blue", alpha=0.15)
    axes.errorbar(WEIGHTS, rates.mean(axis=1), rates.std(axis=1), color="black", capsize=4)
    axes.set_xlabel("weight")
    axes.set_ylabel("rate, Hz")
    axes.set_title(f"{options.seeds} seeds at each weight")
    plt.savefig("sweep.png")
    print(f"{len(table)} runs; picture: sweep.png")


def cluster(address: str | None):
    """Return what the sweep gets as its workers, to be used by a with statement."""
    if address is None:
        return nullcontext(None)
    if address:
        return nullcontext(address)
    from distributed import LocalCluster

    return LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)


if __name__ == "__main__":
    main()
