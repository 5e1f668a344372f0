"""Sparse dendrites: how often a few synapses take a random pattern for their own, and patterns united on one neuron.

    python examples/gallery/dendrites.py [--device DEVICE] [--quick] [--picture dendrites.png]

Of n inputs, a are active in each pattern, and a dendrite has synapses from s of them. It answers when theta of its
synapses get a spike in the same step. How often it answers to a pattern that has nothing to do with it follows from
counting alone, so the chip can be held against a law that knows nothing about chips:

    P = sum over b >= theta of C(s, b) C(n - s, a - b) / C(n, a)

A neuron that has the synapses of several patterns, their union, knows all of them, and errs more often.
"""

from __future__ import annotations

from math import comb, sqrt
from typing import TYPE_CHECKING

import neurocorex as ncx
import numpy as np
from neurocorex.cli.script import script
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Ahmad, Hawkins (2016): How do neurons operate on sparse distributed representations? A mathematical theory "
    "of sparsity, neurons and active dendrites",
    idealised="A dendrite is a neuron of the chip without leak over time: there are no compartments, and no soma that "
    "adds up its dendrites. Synapses are all alike, and there are 512 inputs.",
)
INPUTS, ACTIVE, SYNAPSES = 512, 20, 24
THRESHOLDS = (2, 3, 4, 5)
#: Patterns on one neuron, and how many of their 20 inputs have to come.
UNIONS, ENOUGH = (1, 2, 4, 8, 12, 16), 10


def law(n: int, a: int, s: int, theta: int) -> float:
    """Return the chance that `a` of `n` inputs, drawn at random, meet at least `theta` of `s` synapses."""
    return sum(comb(s, b) * comb(n - s, a - b) for b in range(theta, min(s, a) + 1)) / comb(n, a)


def subsets(rng: np.random.Generator, rows: int, n: int, size: int) -> np.ndarray:
    """Draw `rows` subsets of `size` out of `n`, bool [rows, n]."""
    return rng.random((rows, n)).argsort(axis=1) < size


def dendrites(synapses: np.ndarray, theta: int) -> ncx.Network:
    """Return the network of some dendrites, synapses bool [dendrites, n]."""
    count, n = synapses.shape
    net = ncx.Network(inputs=n, neurons=count)
    net.connect(net.inputs, net.neurons, synapses.T.astype(int))
    net.neurons.set(threshold=theta - 0.5, tau_ms=0.0)
    return net


def answers(device: ncx.Device, synapses: np.ndarray, theta: int, patterns: np.ndarray) -> np.ndarray:
    """Show patterns, one in each step; return which dendrites answered, bool [patterns, dendrites]."""
    device.load(dendrites(synapses, theta))
    return device.run(spikes=patterns, counters=False, progress=False).spikes[:, : len(synapses)]


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Show 200 patterns of 64 inputs to 32 dendrites."""
    rng = np.random.default_rng(1)
    return {"spikes": answers(device, subsets(rng, 32, 64, 12), 3, subsets(rng, 200, 64, 8))}


def count_hits(device: ncx.Device, patterns: int) -> list[dict[str, float]]:
    """Count answers of 512 dendrites to random patterns, by threshold, beside the law."""
    rng = np.random.default_rng(0)
    synapses = subsets(rng, INPUTS, INPUTS, SYNAPSES)
    rows = []
    for theta in THRESHOLDS:
        hits = int(answers(device, synapses, theta, subsets(rng, patterns, INPUTS, ACTIVE)).sum())
        trials, chance = patterns * INPUTS, law(INPUTS, ACTIVE, SYNAPSES, theta)
        # Any two trials are independent, as patterns and dendrites are drawn alike: the variance is the binomial one.
        off = (hits - trials * chance) / sqrt(trials * chance * (1 - chance))
        rows.append({"theta": theta, "trials": trials, "hits": hits, "expected": trials * chance, "sigmas": off})
    return rows


def unite(device: ncx.Device, neurons: int, patterns: int) -> list[dict[str, float]]:
    """Put 1 to 16 patterns onto each neuron; count which of its own it knows, and what else it takes for one of them.

    The law holds for a union as for any dendrite: its s is the number of inputs in the union.
    """
    rng = np.random.default_rng(2)
    rows = []
    for count in UNIONS:
        own = subsets(rng, neurons * count, INPUTS, ACTIVE).reshape(neurons, count, INPUTS)
        union, strange = own.any(axis=1), subsets(rng, patterns, INPUTS, ACTIVE)
        fired = answers(device, union, ENOUGH, np.concatenate([own.reshape(-1, INPUTS), strange]))
        known = fired[: neurons * count].reshape(neurons, count, neurons)[np.arange(neurons), :, np.arange(neurons)]
        chances = np.array([law(INPUTS, ACTIVE, size, ENOUGH) for size in union.sum(axis=1).tolist()])
        rows.append({
            "patterns": count, "known": float(known.mean()), "false": int(fired[neurons * count :].sum()),
            "trials": neurons * patterns, "expected": patterns * float(chances.sum()),
            "variance": patterns * float((chances * (1 - chances)).sum()),
        })  # fmt: skip
    return rows


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Count answers at four thresholds, and those of neurons with the union of several patterns."""
    rows, unions = count_hits(device, 400 if quick else 4000), unite(device, 64, 300 if quick else 4000)
    told = "within 3 standard deviations"
    findings = [
        Finding(
            f"answers at theta {row['theta']}, {row['trials']:,} trials", f"{row['hits']:,}",
            f"{row['expected']:,.0f} by the law", told, abs(row["sigmas"]) < 3,
            f"{row['sigmas']:+.2f} standard deviations",
        )
        for row in rows
    ]  # fmt: skip
    last = unions[-1]
    known = min(row["known"] for row in unions)
    findings.append(Finding(
        f"own patterns known, 1 to {last['patterns']} on a neuron", f"{known:.1%}", "all: a union loses none", "all",
        known == 1,
    ))  # fmt: skip
    for row in unions[2:]:
        off = (row["false"] - row["expected"]) / sqrt(row["variance"])
        findings.append(Finding(
            f"strange patterns taken for own, {row['patterns']} on a neuron, {row['trials']:,} trials",
            f"{row['false']:,}", f"{row['expected']:,.1f} by the law", told, abs(off) < 3,
            f"{off:+.2f} standard deviations, {ENOUGH} of {ACTIVE} inputs are enough",
        ))  # fmt: skip
    return Outcome(findings, {"thresholds": rows, "unions": unions})


def draw(outcome: Outcome) -> Figure:
    """Draw the chance of an answer by threshold, and by the number of patterns on a neuron: counted, and by the law."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(8.5, 3.2)
    left, right = figure.subplots(1, 2)
    theta = np.arange(1, 9)
    left.semilogy(theta, [law(INPUTS, ACTIVE, SYNAPSES, each) for each in theta.tolist()], color="0.6", label="law")
    rows = outcome.data["thresholds"]
    left.plot([row["theta"] for row in rows], [row["hits"] / row["trials"] for row in rows], "o", color=COLOURS[0],
              label=f"chip, {rows[0]['trials']:,} trials each")  # fmt: skip
    left.set(xlabel="threshold (synapses)", ylabel="chance of an answer", title="a strange pattern, 24 synapses")
    rows = outcome.data["unions"]
    count = [row["patterns"] for row in rows]
    right.semilogy(count, [row["expected"] / row["trials"] for row in rows], color="0.6", label="law")
    seen = [row for row in rows if row["false"]]
    right.plot([row["patterns"] for row in seen], [row["false"] / row["trials"] for row in seen], "o",
               color=COLOURS[1], label="chip")  # fmt: skip
    right.set(xlabel="patterns on a neuron", title=f"a strange pattern, union, threshold {ENOUGH}")
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    script(__file__)
