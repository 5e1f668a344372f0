"""Redundancy: noisy copies of an estimator hold each other to the mean, and each errs less the more they are.

    python examples/gallery/redundancy.py [--device DEVICE] [--quick] [--picture redundancy.png]

A copy is a group of four neurons, and its estimate x is the share of them that fire. Noise of the chip, drawn evenly,
makes a neuron fire with a chance that is linear in its input, so that a step of copy i is a step down the gradient of
(a / 2) (x - q)^2, with a pull towards the mean of all copies, and with the noise of four coins:

    x_i = x_i + a (q - x_i) + k (mean(x) - x_i) + noise

As all of it is linear, the error E (x_i - q)^2 follows exactly, by `law`, for any size, strength and plan of coupling.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import neurocorex as ncx
import numpy as np
from neurocorex.cli.script import script
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Bouvrie, Slotine (2011): Synchronization and redundancy: implications for robustness of neural learning and "
    "decision making. Neural Computation 23:2915, arXiv 1010.4517",
    idealised="An analogue of the paper's coupled gradient systems, in discrete time: one number is estimated, the "
    "landscape is a parabola, nothing is learned by synapses, and the noise is that of neurons that fire by chance. Of "
    "the paper we had the abstract, not its bounds: the law here is the exact error of the system on the chip.",
)
GROUP = 4
#: A drive of RANGE makes a neuron fire for certain; weights of 120 onto a copy leave 1/16 of its estimate to the bias.
#: A noise of 148 is even within -256 and 256. With whole numbers everywhere, nothing is scaled or rounded.
RANGE, WEIGHT, NOISE = 512, 120, 148
PULL = 1 - GROUP * WEIGHT / RANGE
#: Noise comes in whole units, and the membrane has to exceed the threshold, which costs half a unit: 18.5 of 32.
BIAS = 19
OPTIMUM = (BIAS - 0.5) / (PULL * RANGE)
COPIES = (1, 2, 4, 8, 16, 32)
#: Strengths k with which all weights are whole numbers for any of these sizes.
STRENGTHS = (0.0, 0.25, 0.5, 0.75)


def laplacian(copies: int, ring: bool = False) -> np.ndarray:
    """Return who is pulled towards whom, [copies, copies]: the mean of all, or of the two neighbours on a ring."""
    one = np.eye(copies)
    return one - ((np.roll(one, 1, axis=1) + np.roll(one, -1, axis=1)) / 2 if ring else 1 / copies)


def law(pulls: np.ndarray, strength: float) -> float:
    """Return the error E (x - q)^2 of a copy; `pulls` is the Laplacian.

    A mode of the copies with the eigenvalue l keeps r = 1 - a - k l of itself in a step, so it gathers 1 / (1 - r^2)
    of the variance of the noise. The noise of n coins of chance p is p (1 - p) / n, and p varies with the estimate.
    """
    kept = 1 - PULL - strength * np.linalg.eigvalsh(pulls)
    gathered = float(np.mean(1 / (1 - kept**2)))
    return gathered * OPTIMUM * (1 - OPTIMUM) / (GROUP + gathered - 1)


def coupled(pulls: np.ndarray, strength: float) -> ncx.Network:
    """Return the network of some copies."""
    weights = np.rint(WEIGHT * np.eye(len(pulls)) - strength * RANGE / GROUP * pulls).astype(int)
    net = ncx.Network(inputs=1, neurons=GROUP * len(pulls))
    net.connect(net.neurons, net.neurons, np.kron(weights.T, np.ones((GROUP, GROUP), int)))
    net.neurons.set(threshold=RANGE // 2, bias=BIAS, noise=NOISE, tau_ms=0.0)
    return net


def estimates(device: ncx.Device, pulls: np.ndarray, strength: float, steps: int) -> np.ndarray:
    """Run copies by themselves; return their estimates, [steps, copies]."""
    device.load(coupled(pulls, strength))
    result = device.run(steps=steps + 200, counters=False, progress=False)  # 200 steps forget that all began at 0
    return result.spikes[200:, : GROUP * len(pulls)].reshape(steps, len(pulls), GROUP).mean(axis=2)


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Run four coupled copies for 300 steps."""
    return {"estimates": estimates(device, laplacian(4), 0.5, 300)}


def errors(device: ncx.Device, pulls: np.ndarray, strength: float, steps: int) -> dict[str, Any]:
    """Measure the mean square error of a copy, and its standard error by blocks of steps."""
    found = estimates(device, pulls, strength, steps)
    blocks = ((found - OPTIMUM) ** 2).mean(axis=1).reshape(40, -1).mean(axis=1)
    expected = law(pulls, strength)
    return {
        "copies": len(pulls), "strength": strength, "error": float(blocks.mean()), "law": expected,
        "off": float((blocks.mean() - expected) / (blocks.std(ddof=1) / np.sqrt(len(blocks)))),
    }  # fmt: skip


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Measure errors over the number of copies and the strength of coupling, to all and on a ring, beside the law."""
    steps = 12_000 if quick else 100_000
    sizes = (1, 4, 16) if quick else COPIES
    table = {(n, k): errors(device, laplacian(n), k, steps) for n in sizes for k in STRENGTHS}
    ring = [errors(device, laplacian(16, ring=True), k, steps) for k in STRENGTHS]
    off = np.array([row["off"] for row in [*table.values(), *ring]])
    relative = [abs(row["error"] / row["law"] - 1) for row in [*table.values(), *ring]]
    by_size = [all(table[m, k]["error"] > table[n, k]["error"] for m, n in pairwise(sizes))
               for k in STRENGTHS[1:]]  # fmt: skip
    by_strength = [all(table[n, k]["error"] > table[n, more]["error"]
                       for k, more in pairwise(STRENGTHS)) for n in sizes[1:]]  # fmt: skip
    alone, most = table[1, 0.0], table[sizes[-1], STRENGTHS[-1]]
    return Outcome([
        Finding(f"settings of {len(off)} whose error is that of the law", str((abs(off) < 4).sum()),
                "no figure", "all, within 4 standard errors", bool((abs(off) < 4).all()),
                f"root mean square {np.sqrt((off**2).mean()):.2f} standard errors; at most {max(relative):.1%} off"),
        Finding("error falls with the number of copies, at all three strengths of coupling", told(by_size),
                "controlled by coupling copies (abstract)", "yes", all(by_size)),
        Finding(f"error falls with coupling, for {', '.join(map(str, sizes[1:]))} copies", told(by_strength),
                "controlled by coupling copies (abstract)", "yes", all(by_strength)),
        Finding(f"mean square error of one copy: alone, and of {sizes[-1]} coupled by {STRENGTHS[-1]}",
                f"{alone['error']:.4f}, {most['error']:.4f}", "no figure",
                differs=f"by the law {alone['law']:.4f}, {most['law']:.4f}"),
        Finding("the same without coupling, 1 to " + str(sizes[-1]) + " copies",
                " / ".join(f"{table[n, 0.0]['error']:.4f}" for n in sizes),
                differs=f"by the law {alone['law']:.4f} for all: copies alone are no use to each of them"),
        Finding("16 copies on a ring, and all to all, coupled by " + str(STRENGTHS[-1]),
                f"{ring[-1]['error']:.4f}, {table[16, STRENGTHS[-1]]['error']:.4f}",
                differs=f"by the law {ring[-1]['law']:.4f}, {table[16, STRENGTHS[-1]]['law']:.4f}"),
    ], {"table": list(table.values()), "ring": ring})  # fmt: skip


def told(facts: list[bool]) -> str:
    """Return yes, or how often not."""
    return "yes" if all(facts) else f"not in {facts.count(False)} of {len(facts)}"


def draw(outcome: Outcome) -> Figure:
    """Draw the error over the number of copies, and over coupling by plan: points are measured, lines are the law."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(8.0, 2.9)
    left, right = figure.subplots(1, 2)
    many = 2 ** np.linspace(0, 5, 6)
    for colour, strength in zip(COLOURS, STRENGTHS, strict=False):
        rows = [row for row in outcome.data["table"] if row["strength"] == strength]
        left.plot(many, [law(laplacian(int(n)), strength) for n in many], color=colour, linewidth=1)
        left.plot([row["copies"] for row in rows], [row["error"] for row in rows], "o", markersize=4, color=colour,
                  label=f"{strength}")  # fmt: skip
    left.set(xscale="log", xticks=many, xlabel="copies, coupled all to all", ylabel="mean square error of a copy",
             ylim=(0, None), title="more copies")  # fmt: skip
    left.set_xticks(many, [f"{n:.0f}" for n in many])
    left.minorticks_off()
    left.legend(frameon=False, title="coupling", fontsize=7, title_fontsize=7)
    strengths = np.linspace(0, 0.75, 40)
    for colour, ring, name in ((COLOURS[4], True, "ring"), (COLOURS[5], False, "all to all")):
        rows = outcome.data["ring"] if ring else [row for row in outcome.data["table"] if row["copies"] == 16]
        right.plot(strengths, [law(laplacian(16, ring), k) for k in strengths], color=colour, linewidth=1)
        right.plot([row["strength"] for row in rows], [row["error"] for row in rows], "o", markersize=4, color=colour,
                   label=name)  # fmt: skip
    right.set(xlabel="coupling", ylim=(0, None), title="16 copies; lines are the law")
    right.legend(frameon=False, fontsize=7)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    script(__file__)
