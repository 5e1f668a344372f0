"""Contexts: one recurrent network does up to sixteen tasks, and its excitability, its gains, or both say which.

    python examples/gallery/contexts.py [--device DEVICE] [--quick] [--picture contexts.png]

Two bits are shown at once and a third one later; a task is a function of the three, true for four of their eight
values. All weights stay as they are, and one readout serves all tasks: what differs between tasks is a bias of each
neuron (excitability), a gain of what it gets from other neurons, or both, drawn at random for each task. The stimulus
switches between these contexts of the chip. Neurons have noise, and accuracy is that of noise not seen in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import neurocorex as ncx
import numpy as np
from neurocorex.cli.script import script
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Vedovati, Ching (2024): Synergistic pathways of modulation enable robust task packing within neural "
    "dynamics. arXiv 2408.01316",
    idealised="An analogue of the paper's rate model, of which only the abstract could be had: neurons spike, tasks "
    "and sizes are ours, and neither weights nor contexts are trained. Both are drawn at random; a linear readout of "
    "spike counts, on the host and common to all tasks, is all that is fitted.",
)
NEURONS, BITS, MOST, STEPS = 128, 3, 16, 24
KINDS = ("neither", "excitability", "gain", "both")
TASKS = (2, 4, 8, 16)
#: Seeds that are measured. Parameters were chosen with seed 0, by a look at four settings.
SEEDS = range(10, 15)
#: Shares of the second context in an ambiguous one.
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def shown(values: np.ndarray) -> np.ndarray:
    """Return input spikes while values 0 to 7 are shown, bool [24 x values, 6]; a bit has two inputs, for 0 and 1."""
    spikes = np.zeros((len(values), STEPS, BITS, 2), bool)
    is_set = values[:, None] >> np.arange(BITS) & 1
    for bit, (start, end) in enumerate(((0, 6), (0, 6), (10, 16))):
        spikes[:, start:end:2, bit] = is_set[:, None, bit, None] == np.arange(2)
    return spikes.reshape(-1, 2 * BITS)


def tasks_of(seed: int) -> np.ndarray:
    """Draw 16 tasks: what is true of the eight values, bool [16, 8]."""
    rng = np.random.default_rng([seed, 1])
    return np.array([rng.permutation(8) < 4 for _ in range(MOST)])


def blind(tasks: np.ndarray) -> float:
    """Return the best accuracy of an answer that knows the value and not the task: that of most tasks."""
    share = tasks.mean(axis=0)
    return float(np.maximum(share, 1 - share).mean())


def drawn(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw biases and gains of 16 contexts, [contexts, neurons] each; gains are multiples of what a chip has."""
    rng = np.random.default_rng([seed, 2])
    biases = rng.normal(0, 0.1, (MOST, NEURONS)) * (kind in ("excitability", "both"))
    gains = np.rint(rng.uniform(0, 2, (MOST, NEURONS)) * 256) / 256
    return biases, gains if kind in ("gain", "both") else np.ones_like(gains)


def network(seed: int, biases: np.ndarray, gains: np.ndarray) -> ncx.Network:
    """Return the network of a seed, with some contexts."""
    rng = np.random.default_rng([seed, 0])
    net = ncx.Network(inputs=2 * BITS, neurons=NEURONS)
    net.connect(net.inputs, net.neurons, rng.normal(0, 1, (2 * BITS, NEURONS)))
    net.connect(net.neurons, net.neurons,
                rng.normal(0, 2 / np.sqrt(NEURONS), (NEURONS, NEURONS)) * (1 - np.eye(NEURONS)))  # fmt: skip
    net.neurons.set(threshold=1.0, tau_ms=20.0, refractory_ms=2.0, bias=0.05, noise=0.05)
    for number, (bias, gain) in enumerate(zip(biases, gains, strict=True)):
        net.context(str(number), bias=bias, gain=gain)
    return net


def ask(device: ncx.Device, contexts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Show each value in its context; return spikes of each neuron in steps 10 to 16 and 17 to 23, [values, 257]."""
    starts = (np.arange(len(values)) * STEPS).tolist()
    spikes = device.run(
        spikes=shown(values), context=dict(zip(starts, contexts.tolist(), strict=True)),
        clear=dict.fromkeys(starts, ncx.Clear.STATE), counters=False, progress=False,
    ).spikes  # fmt: skip
    late = spikes[:, :NEURONS].reshape(len(values), STEPS, NEURONS)[:, 10:].reshape(len(values), 2, 7, NEURONS)
    return np.concatenate([late.sum(axis=2).reshape(len(values), -1), np.ones((len(values), 1))], axis=1)


def rounds(rng: np.random.Generator, contexts: Sequence[int], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return contexts and values of some rounds, in each of which every pair of both comes once."""
    pairs = np.stack(np.meshgrid(contexts, np.arange(8), indexing="ij"), axis=-1).reshape(-1, 2)
    order = np.concatenate([rng.permutation(pairs) for _ in range(count)])
    return order[:, 0], order[:, 1]


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Show all values once in each of 16 contexts."""
    device.load(network(1, *drawn("both", 1)))
    return {"counts": ask(device, *rounds(np.random.default_rng(1), range(MOST), 1))}


def fit(counts: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the readout of least squares, with a penalty that was chosen with the other parameters."""
    return np.linalg.solve(counts.T @ counts + 10 * np.eye(counts.shape[1]), counts.T @ np.where(right, 1.0, -1.0))


def packed(device: ncx.Device, kind: str, seed: int, count: int) -> tuple[list[float], np.ndarray]:
    """Return accuracies of the first 2 to 16 tasks; and how often the first is followed between two contexts."""
    rng, tasks = np.random.default_rng([seed, 3]), tasks_of(seed)
    biases, gains = drawn(kind, seed)
    device.load(network(seed, biases, gains))
    (contexts, values), test = rounds(rng, range(MOST), 2 * count), rounds(rng, range(MOST), count)
    seen, fresh = ask(device, contexts, values), ask(device, *test)
    accuracies, readouts = [], {}
    for k in TASKS:
        readouts[k] = fit(seen[contexts < k], tasks[contexts, values][contexts < k])
        said = fresh[test[0] < k] @ readouts[k] > 0
        accuracies.append(float((said == tasks[test][test[0] < k]).mean()))
    share = np.array(SHARES)[:, None]
    device.load(network(seed, (1 - share) * biases[0] + share * biases[1],
                        np.rint(256 * ((1 - share) * gains[0] + share * gains[1])) / 256))  # fmt: skip
    mixed, values = rounds(rng, range(len(SHARES)), 4 * count)
    said = ask(device, mixed, values) @ readouts[TASKS[0]] > 0
    followed = (said == tasks[0][values])[(tasks[0] != tasks[1])[values]]
    mixed = mixed[(tasks[0] != tasks[1])[values]]
    return accuracies, np.array([followed[mixed == each].mean() for each in range(len(SHARES))])


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Measure accuracy over the number of tasks, by kind of context, and what ambiguous contexts do."""
    seeds, count = (SEEDS[:1], 12) if quick else (SEEDS, 20)
    found = {kind: [packed(device, kind, seed, count) for seed in seeds] for kind in KINDS}
    accuracy = {kind: np.mean([each[0] for each in runs], axis=0) for kind, runs in found.items()}
    follows = {kind: np.mean([each[1] for each in runs], axis=0) for kind, runs in found.items()}
    least = {kind: np.min([each[0] for each in runs], axis=0) for kind, runs in found.items()}
    better = [least[kind][-1] - np.max([each[0] for each in found["neither"]], axis=0)[-1] for kind in KINDS[1:]]
    most = [np.mean([blind(tasks_of(seed)[:k]) for seed in seeds]) for k in TASKS]
    told = f"seeds {seeds[0]} to {seeds[-1]}"
    return Outcome([
        *(Finding(f"accuracy of {' / '.join(map(str, TASKS))} tasks, contexts by {kind}, mean of {told}",
                  " / ".join(f"{each:.1%}" for each in accuracy[kind]), "no figure", "95 % of 2 tasks",
                  bool(accuracy[kind][0] >= 0.95)) for kind in KINDS[1:]),
        Finding("the same without contexts", " / ".join(f"{each:.1%}" for each in accuracy["neither"]), "no figure",
                differs="whoever does not know the task is right at most in "
                + " / ".join(f"{each:.1%}" for each in most)),
        Finding("worst seed with contexts less best seed without, 16 tasks: excitability, gain, both",
                ", ".join(f"{100 * each:+.1f} points" for each in better), "no figure", "all above 5 points",
                bool(min(better) > 0.05)),
        Finding("both less the better of excitability and gain, 2 / 4 / 8 / 16 tasks",
                " / ".join(f"{100 * each:+.1f}" for each in
                           accuracy["both"] - np.maximum(accuracy["excitability"], accuracy["gain"])) + " points",
                "complementary and synergetic (abstract)"),
        *(Finding(f"the first of two tasks followed as its context turns into the other's, by {kind}",
                  " / ".join(f"{each:.1%}" for each in follows[kind]), "no figure",
                  differs=f"shares of the other {' / '.join(map(str, SHARES))}; values in which the tasks differ")
          for kind in KINDS[1:]),
    ], {"accuracy": accuracy, "follows": follows})  # fmt: skip


def draw(outcome: Outcome) -> Figure:
    """Draw accuracy over tasks, and which of two tasks is followed between their contexts."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(8.0, 2.9)
    left, right = figure.subplots(1, 2)
    for colour, kind in zip(("0.6", *COLOURS), KINDS, strict=False):
        left.plot(TASKS, outcome.data["accuracy"][kind], "o-", markersize=4, color=colour, label=kind)
        if kind != "neither":
            right.plot(SHARES, outcome.data["follows"][kind], "o-", markersize=4, color=colour, label=kind)
    left.set(xscale="log", xlabel="tasks in one network", ylabel="accuracy", ylim=(0.45, 1.02), title="tasks packed")
    left.set_xticks(TASKS, [str(k) for k in TASKS])
    left.minorticks_off()
    right.set(xlabel="share of the other context", ylabel="first task followed", title="ambiguous contexts")
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    script(__file__)
