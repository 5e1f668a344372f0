"""Continual learning: digits 5 to 9 after 0 to 4, what they make a network forget, and a group that keeps it.

    python examples/gallery/continual.py [--device DEVICE] [--quick] [--picture continual.png]

Neurons compete for images and learn by STDP what they win, without a teacher. First they see the digits 0 to 4, then
only 5 to 9: the same neurons win those as well, and forget. The cure has two groups, and a gate that keeps one of them
silent. A silent neuron does not fire, so nothing that it has learned changes. A neuron stands for the digit of most
images that it won in the half in which it last learned, so no image of the first half is needed in the second.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import neurocorex as ncx
import numpy as np
from neurocorex.cli.script import script
from neurocorex.demos import competition, digits_unsupervised, latency
from neurocorex.demos.digits import load_data
from neurocorex.demos.samples import Samples
from neurocorex.gallery import About, Finding, Outcome
from neurocorex.spec import CoreConfig, Learning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = About(
    paper="Xiao, Meng, Zhang, He, Lin (2024): Hebbian learning based orthogonal projection for continual learning of "
    "spiking neural networks. ICLR, arXiv 2402.11984 (the task); the cure after Masse, Grant, Freedman (2018): "
    "Alleviating catastrophic forgetting using context-dependent gating. PNAS 115:E10467",
    idealised="The paper projects gradients of a supervised network, which the chip has not: here competing neurons "
    "learn without a teacher, and groups are given. Two halves of the 8 x 8 digits of scikit-learn instead of permuted "
    "MNIST. The cure spends half of the neurons on each half of the digits, and is told which half it learns.",
)
#: Neurons of a group; its members fire at most once an image, and each spike raises the threshold for good.
GROUP = 64
SETTINGS = replace(digits_unsupervised.SETTINGS, neurons=2 * GROUP, fatigue=50, late=40)
#: Groups that are silent while each half is learned, or asked about by one who knows which half it is.
NONE, GATES = ((), ()), ((2,), (1,))


def network(seed: int, neurons: int = 2 * GROUP) -> Any:
    """Return neurons that inhibit each other, before they have learned, as an image of a chip with two groups."""
    rng, unit, fine = np.random.default_rng(seed), competition.UNIT, competition.FINE
    net = ncx.Network(inputs=64, neurons=neurons)
    weights = unit * rng.integers(-competition.INITIAL, competition.INITIAL, (64, neurons))
    net.connect(net.inputs, net.neurons, weights, plastic=True)
    net.connect(net.neurons, net.neurons, competition.INHIBITION * (1 - np.eye(neurons, dtype=int)))
    bias = SETTINGS.bias * fine
    net.neurons.set(threshold=bias * SETTINGS.rise, bias=bias, decay_syn=competition.CURRENT_DECAY, refractory_ms=255)
    net.neurons.set(group=1 + np.arange(neurons) * 2 // neurons)
    net.adaptation(step=SETTINGS.fatigue * fine, tau_ms=math.inf)
    change, bound = SETTINGS.rate * unit, competition.LARGEST * unit
    # Potentiated by spikes before that of the neuron, depressed by those after it: weights become the image.
    net.learn(ncx.learning.stdp(math.inf, math.inf, change, -change, accumulate=SETTINGS.spikes,
                                bounds=(-bound, bound), soft=True, seed=seed))  # fmt: skip
    config = CoreConfig(neurons=neurons, inputs=64, state_bits=24, learning=Learning.EXPONENTIAL, soft_bounds=True,
                        groups=2)  # fmt: skip
    return ncx.quantise(net, config)[0]


class Learner:
    """Network on a device that learns one half of the digits after the other, and what its neurons stand for."""

    def __init__(self, device: ncx.Device, samples: Samples, seed: int, gates: Any) -> None:
        self.device, self.samples, self.gates = device, samples, gates
        self.rng, self.names = np.random.default_rng([seed, 1]), np.full(SETTINGS.neurons, -1)
        device.load(network(seed))

    def epoch(self, digits: Any, silent: Any, rate: float) -> None:
        """Learn images of some digits once, in a new order; name the neurons that win any of them."""
        which = np.flatnonzero(np.isin(self.samples.train_labels, digits))
        shown = self.samples.train[self.rng.permutation(which)]
        lesson = competition.lesson(shown, SETTINGS, rate)
        self.device.run(spikes=lesson, silence={0: silent}, counters=False, progress=False)
        won = self.winners(self.samples.train[which], silent, np.arange(SETTINGS.neurons))
        names = competition.classes_of(won, self.samples.train_labels[which], SETTINGS.neurons)
        self.names = np.where(names >= 0, names, self.names)

    def winners(self, shown: np.ndarray, silent: Any, among: np.ndarray) -> np.ndarray:
        """Return the first of some neurons to fire for each image, without learning."""
        asked = competition.questions(shown, SETTINGS)
        result = self.device.run(spikes=asked, silence={0: silent}, counters=False, progress=False)
        first = latency.first_spikes(result, images=len(shown), steps=SETTINGS.afterimage)[:, among]
        return np.where(first.min(axis=1) < SETTINGS.afterimage, among[first.argmin(axis=1)], -1)

    def right(self, half: int, silent: Any = ()) -> float:
        """Return the share of test images of a half of the digits that are answered right, of those ten or five."""
        which = self.samples.test_labels // 5 == half
        won = self.winners(self.samples.test[which], silent, np.flatnonzero(self.names >= 0))
        return float(np.mean((won >= 0) & (self.names[won] == self.samples.test_labels[which])))


def study(device: ncx.Device, samples: Samples, seed: int, gates: Any) -> dict[str, Any]:
    """Learn one half after the other; return shares of right answers after each epoch, and what became of weights."""
    learner, free, told, held = Learner(device, samples, seed, gates), [], [], []
    for half, silent in enumerate(gates):
        for epoch in range(SETTINGS.epochs):
            rate = SETTINGS.decay ** (epoch / (SETTINGS.epochs - 1))
            learner.epoch(np.arange(5) + 5 * half, silent, rate)
            # In the first half the other group knows nothing yet, and stays silent.
            free.append(learner.right(0, silent if half == 0 else ()))
            told.append(learner.right(0, gates[0]) if half and gates[0] else free[-1])
        held.append(device.weights(units="chip")[:64, : 2 * GROUP])
    second = learner.right(1), learner.right(1, gates[1])
    return {"free": free, "told": told, "second": second, "weights": held, "names": learner.names}


def at_once(device: ncx.Device, samples: Samples, seed: int) -> tuple[float, float]:
    """Learn all digits together; return the shares of right answers of both halves."""
    learner = Learner(device, samples, seed, NONE)
    for epoch in range(SETTINGS.epochs):
        learner.epoch(np.arange(10), (), SETTINGS.decay ** (epoch / (SETTINGS.epochs - 1)))
    return learner.right(0), learner.right(1)


def first(device: ncx.Device) -> dict[str, np.ndarray]:
    """Let 16 neurons learn five images with the second group silent, and five with the first."""
    small, images = replace(SETTINGS, neurons=16), Samples.of(load_data(), SETTINGS.spikes, 10).train
    device.load(network(0, 16))
    lessons = (competition.lesson(part, small, 1.0) for part in (images[:5], images[5:]))
    runs = [device.run(spikes=each, silence={0: silent}, counters=False, progress=False)
            for each, silent in zip(lessons, GATES, strict=True)]  # fmt: skip
    return {"first": runs[0].spikes, "second": runs[1].spikes, "weights": device.weights(units="chip")}


def measure(device: ncx.Device, quick: bool = False) -> Outcome:
    """Learn one half of the digits after the other, with and without the cure; count what is forgotten."""
    samples, seeds, last = Samples.of(load_data(), SETTINGS.spikes), range(10, 11 if quick else 20), SETTINGS.epochs - 1
    plain, cured = ([study(device, samples, seed, gates) for seed in seeds] for gates in (NONE, GATES))
    wholes = np.array([at_once(device, samples, seed) for seed in seeds])
    whole = wholes.mean(axis=0)
    what = f"digits 0 to 4 right, before and after 5 to 9 are learned, mean of {len(seeds)}"
    findings = []
    for name, runs, key, low, high in (
        ("one group", plain, "free", 50, 100), ("gates, told which half is asked", cured, "told", -100, 2),
        ("gates, not told", cured, "free", None, None),
    ):  # fmt: skip
        before, after = (100 * float(np.mean([run[key][epoch] for run in runs])) for epoch in (last, -1))
        lost = before - after
        findings.append(Finding(
            f"{name}: {what}", f"{before:.1f} %, {after:.1f} %: {lost:.1f} points forgotten", "no figure",
            "" if low is None else f"{low} or more" if high == 100 else f"{high} or less",
            None if low is None else bool(low <= lost <= high),
            "ten digits instead of five to choose from" if low is None else "",
        ))  # fmt: skip
    moved = sum(int((run["weights"][0] != run["weights"][1])[:, :GROUP].sum()) for run in cured)
    free, told = (100 * np.mean([run["second"] for run in runs], axis=0) for runs in (plain, cured))
    less = 100 * (wholes[:, 0] - [run["free"][-1] for run in cured])
    findings.append(Finding(
        "gates, not told: digits 0 to 4 right, beside a network that learned all ten at once",
        f"{less.mean():.1f} points less ({less.min():.1f} to {less.max():.1f})", "no figure",
        "" if quick else "2 or less, mean of ten", None if quick else bool(less.mean() <= 2),  # seeds differ by more
        f"learned at once: {100 * whole[0]:.1f} %"))  # fmt: skip
    findings.append(Finding("weights of the first group that the second half changed", str(moved), goal="none",
                            reached=moved == 0))  # fmt: skip
    findings.append(Finding(
        "digits 5 to 9 right: one group; gates, told; gates, not told; learned at once",
        f"{free[0]:.1f} %; {told[1]:.1f} %; {told[0]:.1f} %; {100 * whole[1]:.1f} %"))  # fmt: skip
    return Outcome(findings, {"plain": plain, "cured": cured})


def draw(outcome: Outcome) -> Figure:
    """Draw what is known of the first half from epoch to epoch, and weights of the first group after both halves."""
    from neurocorex.plot.canvas import COLOURS, new_figure

    figure = new_figure(9.5, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=[1.2, 1])
    epochs = 1 + np.arange(2 * SETTINGS.epochs)
    lines = (
        ("gates, told which half", "cured", "told"),
        ("one group", "plain", "free"),
        ("gates, not told", "cured", "free"),
    )
    for colour, (label, kind, key) in zip(COLOURS, lines, strict=False):
        left.plot(epochs, np.mean([run[key] for run in outcome.data[kind]], axis=0), "o-", markersize=3, color=colour,
                  label=label)  # fmt: skip
    left.axvline(SETTINGS.epochs + 0.5, color="0.8")
    left.set(xlabel="epoch: 0 to 4, then 5 to 9", ylabel="digits 0 to 4 right", ylim=(-0.03, 1.03))
    left.legend(frameon=False, loc="center left")
    left.spines[["top", "right"]].set_visible(False)
    edge, rows = ((0, 0), (1, 1), (1, 1)), []
    for kind in ("plain", "cured"):
        fields = outcome.data[kind][0]["weights"][1].T[:14].reshape(-1, 8, 8).astype(float)
        held = np.pad(fields, edge, constant_values=np.nan).reshape(2, 7, 10, 10)
        rows.append(held.transpose(0, 2, 1, 3).reshape(20, 70))
    right.imshow(np.concatenate([rows[0], np.full((4, 70), np.nan), rows[1]]), cmap="gray_r")
    right.set(xticks=[], yticks=[9.5, 33.5], yticklabels=["one group", "gates"], title="weights after both halves")
    right.spines[:].set_visible(False)
    return figure


if __name__ == "__main__":
    script(__file__)
