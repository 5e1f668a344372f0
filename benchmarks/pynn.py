"""Comparison of PyNN backends: the examples for PyNN on this library, Brian2 and NEST, side by side.

    python benchmarks/pynn.py            the table of docs/pynn.md, in some minutes
    python benchmarks/pynn.py --psp      how much of a lone potential the rounding of a chip takes

Brian2 and NEST run in the environments of `make bench`, .peers/brian2 and .peers/nest; those that are missing are left
out, which is said.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = {
    "neurocorex.pynn": sys.executable,
    "pyNN.nest": ROOT / ".peers/nest/bin/python",
    "pyNN.brian2": ROOT / ".peers/brian2/bin/python",
}
#: Brian2 would compile C++ for minutes; its results are the same without.
PRELUDE = (
    "import sys, runpy\nif 'brian2' in sys.argv[1]:\n    import brian2\n    brian2.prefs.codegen.target = 'numpy'\n"
)
RUN = PRELUDE + "runpy.run_path(sys.argv.pop(2), run_name='__main__')"
EXAMPLES = {"pynn_brunel.py": "4000", "pynn_stdp.py": "3000"}


def lines_of(backend: str, example: str, duration: str) -> list[str]:
    """Run an example on a backend; return the lines that begin with its name."""
    python = BACKENDS[backend]
    if not Path(python).exists():
        print(f"{backend}: absent, {python} is not installed")
        return []
    command = [str(python), "-W", "ignore", "-c", RUN, backend, str(ROOT / "examples" / example), "--ms", duration]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host") if backend.startswith("neurocorex") else ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, env=environment)
    found = [line for line in done.stdout.splitlines() if line.startswith(backend)]
    if not found:
        print(f"{backend}: failed\n{done.stderr[-2000:]}")
    return found


def compare() -> None:
    """Print what each backend prints, and how far the first one is from each of the others."""
    for example, duration in EXAMPLES.items():
        print(f"\n{example} --ms {duration}")
        numbers = {}
        for backend in BACKENDS:
            lines = lines_of(backend, example, duration)
            print("\n".join(lines), flush=True)
            numbers[backend] = [float(n) for line in lines for n in re.findall(r"\d+\.\d+", line)]
        own = np.array(numbers.pop("neurocorex.pynn"))
        for backend, theirs in numbers.items():
            if theirs:
                apart = ", ".join(f"{part:+.2%}" for part in own / np.array(theirs) - 1)
                print(f"apart from {backend}: {apart}")


def lone_potentials() -> None:
    """Print the peak and area of a lone postsynaptic potential, less those of the closed solution."""
    import neurocorex.pynn as sim

    tau_syn, tau_m = 5.0, 20.0
    print("weight nA  timestep ms  peak     area")
    for weight in (0.1, 0.5, 2.0):
        for dt in (0.1, 0.5, 1.0):
            sim.setup(timestep=dt)
            cell = sim.Population(1, sim.IF_curr_exp(tau_m=tau_m, tau_syn_E=tau_syn, tau_syn_I=tau_syn))
            source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
            sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight, delay=1.0))
            cell.record("v")
            sim.run(100.0)
            found = np.asarray(cell.get_data("v").segments[0].analogsignals[0].magnitude)[:, 0] + 65
            since = np.maximum(np.arange(len(found)) * dt - 6, 0)
            law = weight * tau_m * tau_syn / (tau_m - tau_syn) * (np.exp(-since / tau_m) - np.exp(-since / tau_syn))
            print(f"{weight:9} {dt:12} {found.max() / law.max() - 1:+8.2%} {found.sum() / law.sum() - 1:+8.2%}")


def main() -> None:
    """Print one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--psp", action="store_true", help="lone potentials instead")
    lone_potentials() if parser.parse_args().psp else compare()


if __name__ == "__main__":
    main()
