"""Spatial patterns: one showing teaches a neuron a pattern, and its threshold says how near another one may come.

    python examples/gallery/patterns.py [--device DEVICE] [--quick] [--picture patterns.png]

A pattern is 20 of 100 inputs that spike in one step. All weights begin at -10. While the pattern is shown, once, the
teacher makes the neuron fire, and what arrives with that spike gains 20: the pattern adds up to 200 from then on, and
each input that is exchanged takes 20 away. A threshold just below 200 knows nothing but the pattern; a lower one
forgives some exchanged inputs. Homeostasis moves it: each spike raises the threshold of its neuron, and the rise
fades, so that a neuron which has just answered becomes more exact, and one that was silent becomes tolerant again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import neurocorex as ncx
import numpy as np
from neurocorex.cli.script import script
from neurocorex.gallery import About, Finding, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Davies, Gait, Rowley, Di Nuovo (2025): Supervised learning of spatial features with STDP and homeostasis "
    "using spiking neural networks on SpiNNaker. Neurocomputing 611:128650, arXiv 2312.02659",
    idealised="The paper's sizes and rates could not be had: 100 inputs and 20 spikes are ours, and so is the change "
    "that saturates a synapse at once. Its homeostasis could not be had either: ours is the chip's adaptation, 20 more "
    "threshold for each spike, of which a fiftieth is lost in a step, at least 1; all other curves are of thresholds "
    "that are set. Headers are random bits, not those of real packets.",
)
INPUTS, ACTIVE, STEP = 100, 20, 10
DISTANCES = tuple(range(0, 21, 2))
#: Steps between the last answer of a neuron and the pattern that is asked about.
WAITS = (1, 5, 10, 15, 20, 30, 40, 60, 80, 300)


def network(inputs: int, threshold: float, neurons: int = 1) -> ncx.Network:
    """Return neurons that know no pattern yet."""
    net = ncx.Network(inputs=inputs, neurons=neurons)
    net.connect(net.inputs, net.neurons, np.full((inputs, neurons), -STEP), plastic=True)
    net.neurons.set(threshold=threshold, tau_ms=0.0)
    net.learn(ncx.learning.window_stdp([2 * STEP], [], bounds=(-STEP, STEP), stochastic=False))
    return net


def tight(active: int, forgiven: int = 0) -> float:
    """Return the threshold that forgives so many exchanged inputs of a pattern of `active`, and no more."""
    return STEP * (active - 2 * forgiven) - STEP


def teach(device: ncx.Device, net: ncx.Network, patterns: np.ndarray, owner: np.ndarray) -> None:
    """Show each pattern once, one in each step, while the teacher makes its neuron fire."""
    device.load(net)
    teacher = np.zeros((len(patterns), len(net.neurons)), bool)
    teacher[np.arange(len(patterns)), owner] = True
    device.run(spikes=patterns, teacher=teacher, learning=True, counters=False, progress=False)


def detected(device: ncx.Device, shown: np.ndarray, neurons: int = 1) -> np.ndarray:
    """Show patterns without learning; return which neurons fired, bool [patterns, neurons]."""
    spikes = device.run(spikes=shown, learning=False, counters=False, progress=False).spikes
    return spikes[:, :neurons]


def draw_patterns(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw patterns at random, bool [count, inputs]."""
    return rng.random((count, INPUTS)).argsort(axis=1) < ACTIVE


def at_distance(rng: np.random.Generator, patterns: np.ndarray, distance: int) -> np.ndarray:
    """Exchange half of `distance` spikes of each pattern for others."""
    order = np.where(patterns, rng.random(patterns.shape), 2 - rng.random(patterns.shape)).argsort(axis=1)
    near, rows, half = patterns.copy(), np.arange(len(patterns))[:, None], distance // 2
    near[rows, order[:, :half]] = False
    near[rows, order[:, INPUTS - half :]] = True
    return near


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Teach three neurons a pattern each, and show patterns at all distances."""
    rng = np.random.default_rng(1)
    own = draw_patterns(rng, 3)
    teach(device, network(INPUTS, tight(ACTIVE, 1), 3), own, np.arange(3))
    shown = np.concatenate([at_distance(rng, own, distance) for distance in DISTANCES])
    return {"weights": device.weights(units="chip"), "spikes": detected(device, shown, 3)}


def curve(device: ncx.Device, patterns: int, forgiven: int, trials: int, seed: int) -> list[float]:
    """Teach one neuron one or several patterns; return the share of detections by distance from one of them."""
    rng = np.random.default_rng(seed)
    own = draw_patterns(rng, patterns)
    teach(device, network(INPUTS, tight(ACTIVE, forgiven)), own, np.zeros(patterns, int))
    asked = own[np.arange(trials) % patterns]
    return [float(detected(device, at_distance(rng, asked, distance)).mean()) for distance in DISTANCES]


def similarity(distance: int) -> float:
    """Return the Jaccard similarity of two patterns at a Hamming distance."""
    return (ACTIVE - distance / 2) / (ACTIVE + distance / 2)


def homeostasis(device: ncx.Device, answers: int) -> list[int]:
    """Return the largest distance that is still detected, by steps since a neuron has answered some times in a row.

    Its lowest threshold forgives four exchanged inputs. Each trial follows a silence in which all rises fade.
    """
    rng = np.random.default_rng(7)
    own = draw_patterns(rng, 1)
    net = network(INPUTS, tight(ACTIVE, 4))
    net.adaptation(step=2 * STEP, tau_ms=50.0)
    teach(device, net, own, np.zeros(1, int))
    # One of 11 distances is asked at one of the waits in each trial of 700 steps.
    shown = np.zeros((len(WAITS), len(DISTANCES), 700, INPUTS), bool)
    shown[:, :, 350 : 350 + answers] = own[0]
    for (wait, place), trial in zip(np.ndindex(shown.shape[:2]), shown.reshape(-1, 700, INPUTS), strict=True):
        trial[349 + answers + WAITS[wait]] = at_distance(rng, own, DISTANCES[place])[0]
    fired = detected(device, shown.reshape(-1, INPUTS)).reshape(shown.shape[:3])
    return [max((d for d, trial in zip(DISTANCES, trials, strict=True) if trial[349 + answers + wait]), default=-2)
            for wait, trials in zip(WAITS, fired, strict=True)]  # fmt: skip


def headers(device: ncx.Device, count: int) -> tuple[int, int]:
    """Teach a neuron a header of 96 bits, two inputs a bit; return detections of it, and of others near and far."""
    rng = np.random.default_rng(3)
    bits = np.repeat(rng.integers(2, size=(1, 96)), count, axis=0)
    flips = rng.random(bits.shape).argsort(axis=1) < rng.integers(1, 49, (count, 1))
    code = [np.concatenate([table, 1 - table], axis=1).astype(bool) for table in (bits[:1], bits ^ flips)]
    teach(device, network(192, tight(96)), code[0], np.zeros(1, int))
    return int(detected(device, code[0]).sum()), int(detected(device, code[1]).sum())


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Count detections by distance, by threshold, by similarity of several patterns, and of headers."""
    trials, repeats = (200, 2) if quick else (1000, 20)
    one = {forgiven: curve(device, 1, forgiven, trials, seed=0) for forgiven in (0, 1, 2, 4)}
    rng = np.random.default_rng(5)
    own = draw_patterns(rng, 1)
    teach(device, network(INPUTS, tight(ACTIVE)), own, np.zeros(1, int))
    strange = int(detected(device, draw_patterns(rng, 1000)).sum())
    several = {n: np.mean([curve(device, n, 0, trials, seed) for seed in range(repeats)], axis=0) for n in (2, 3)}
    # A neuron is right if it fires for its own, and for no other pattern.
    right = {n: [shares[0], *(1 - shares[1:])] for n, shares in several.items()}
    reach = {forgiven: max(d for d, share in zip(DISTANCES, shares, strict=True) if share == 1)
             for forgiven, shares in one.items()}  # fmt: skip
    moved = {answers: homeostasis(device, answers) for answers in range(5)}
    fresh, rested = ([found[when] for found in moved.values()] for when in (0, -1))
    header = headers(device, 1000)
    return Outcome([
        Finding("one pattern detected, one showing", f"{one[0][0]:.0%}", "100 %", "100 %", one[0][0] == 1),
        Finding("taken for it: of 1,000 random patterns, and of those at distances from 2 on",
                f"{strange}, {round(trials * sum(one[0][1:]))}", "no figure", "none", strange + sum(one[0][1:]) == 0),
        Finding("distances that are forgiven by four thresholds", ", ".join(map(str, reach.values())), "no figure",
                "0, 2, 4, 8: as set", list(reach.values()) == [2 * each for each in reach]),
        Finding("distances forgiven just after 0 to 4 answers in a row, and 300 steps later",
                f"{str(fresh)[1:-1]}; {str(rested)[1:-1]}", "homeostasis allows near matches", "8, 6, 4, 2, 0; all 8",
                (fresh, rested) == ([8, 6, 4, 2, 0], [8] * 5), "each answer raises the threshold by 20"),
        *(Finding(f"accuracy of {n} patterns on one neuron, shown others of similarity {similarity(2):.2f} / "
                  f"{similarity(4):.2f} / {similarity(10):.2f} / {similarity(20):.2f}",
                  " / ".join(f"{shares[d // 2]:.1%}" for d in (2, 4, 10, 20)), "falls with similarity",
                  "falls with similarity", bool(shares[1] < shares[2] <= shares[5] <= shares[10]),
                  f"own patterns detected: {shares[0]:.0%}") for n, shares in right.items()),
        Finding("headers of 96 bits: it, and others of 1,000, detected", f"{header[0]}, {header[1]}", "proposed only",
                "1, 0", header == (1, 0)),
    ], {"one": one, "right": right, "moved": moved})  # fmt: skip


def draw(outcome: Outcome) -> Figure:
    """Draw what is detected by distance and threshold, and the accuracy of several patterns by similarity."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(8.0, 2.6)
    left, middle, right = figure.subplots(1, 3)
    for colour, (forgiven, shares) in zip(COLOURS, outcome.data["one"].items(), strict=False):
        left.plot(DISTANCES, shares, "o-", markersize=3, color=colour, label=f"{tight(ACTIVE, forgiven):.0f}")
    left.set(xlabel="Hamming distance", ylabel="detected", title="one pattern, four thresholds")
    left.legend(frameon=False, title="threshold")
    for colour, (answers, reach) in zip(COLOURS, list(outcome.data["moved"].items())[1:], strict=False):
        middle.plot(WAITS, reach, color=colour, label=f"{answers}")
    middle.set(xlabel="steps since the last answer", ylabel="forgiven", title="threshold that adapts",
               xlim=(-4, 84))  # fmt: skip
    middle.legend(frameon=False, title="answers", loc="lower right", fontsize=7, title_fontsize=7)
    for colour, (n, shares) in zip(COLOURS[1:], outcome.data["right"].items(), strict=False):
        right.plot([similarity(d) for d in DISTANCES[1:]], shares[1:], "o-", markersize=3, color=colour, label=f"{n}")
    right.set(xlabel="Jaccard similarity", ylabel="accuracy", title="several patterns")
    right.legend(frameon=False, title="patterns on the neuron", loc="lower left")
    for axes in (left, middle, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    script(__file__)
