"""Clock cycles per step of the simulated chip, over activity, by its own counters, beside the formula.

    python benchmarks/cycles.py [--steps 200] [--json]

N = 96, M = 64, L = 16, W = 8. `arrivals` counts input and recurrent spikes of a step; `busy` is what the core
works, `formula` what `neurocorex.spec.timing` says of it; both are cycles per step.
"""

import argparse
import json
import sys

import neurocorex as ncx
from neurocorex.spec.timing import busy_cycles

CONFIG = ncx.CoreConfig(neurons=96, inputs=64, lanes=16, weight_bits=8)
RATES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def measure(device: ncx.Device, rate: float, steps: int) -> dict[str, float]:
    """Run with every input firing at `rate` (probability a step), and read the counters."""
    device.clear(state=True, counters=True)
    device.run(spikes=ncx.encode.poisson([rate] * CONFIG.inputs, steps=steps, seed=1), record="spikes")
    counters = device.counters()
    arrivals = counters["input_events"] + counters["recurrent_events"]
    return {
        "input_rate": rate,
        "arrivals": arrivals / steps,
        "busy": counters["busy_cycles"] / steps,
        "formula": busy_cycles(CONFIG, steps, arrivals) / steps,
        "synaptic_events": counters["synaptic_events"] / steps,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()

    net = ncx.Network(inputs=CONFIG.inputs, neurons=CONFIG.neurons)
    net.connect(net.inputs, net.neurons, 4)
    net.connect(net.neurons, net.neurons, -1)
    net.neurons.set(threshold=60, tau_ms=10.0)
    with ncx.open("rtl", config=CONFIG, progress=lambda text: print(text, file=sys.stderr)) as device:
        device.load(net)
        rows = [measure(device, rate, options.steps) for rate in RATES]
    if options.json:
        print(json.dumps({"config": CONFIG.to_dict(), "steps": options.steps, "rows": rows}))
        return
    print("".join(f"{name:>16}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value:16.2f}" for value in row.values()))


if __name__ == "__main__":
    main()
