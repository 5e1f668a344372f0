"""MicroSeer: 84 papers that cite each other, 6 topics; the chip learns what each test paper is about.

Every paper and every topic is a neuron. Citations join papers both ways, strongly; training papers are joined with
their topic both ways. Test papers are joined with every topic, both ways and weakly, by the only synapses that learn,
with the rule of SuperNeuroMAT. One test paper is made to fire: activity runs along citations to training papers and on
to topics, and what fires soon after the paper is strengthened. After ten steps the topic with the largest weight from
the paper is the answer. Each paper begins with the same weights.

All numbers of the network are whole at a scale of 10,000, so that nothing is rounded. Citations weigh 2 instead of the
100 of the original, which is as good, as one spike makes a neuron with a threshold of 1 fire, and fits 16 bits.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, MissingToolError
from ..image import Image
from ..learning import superneuromat
from ..network.network import Network
from ..quantiser.quantise import quantise
from ..spec import CoreConfig, Learning

if TYPE_CHECKING:
    from ..device.device import Device

Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]

APOS, ANEG = (1.0, 0.5, 0.1, 0.01, 0.001), (-0.0001,) * 5
#: Units of the chip in 1: the smallest number, 0.0001, becomes 1.
SCALE = 10_000
CITATION, TOPIC, GUESS = 2.0, 1.0, 0.001
THRESHOLD = 1.0
#: What makes a paper fire.
INPUT = 2.0
STEPS = 10
#: Test papers fire once; training papers rest for a step.
REFRACTORY_TEST, REFRACTORY_TRAINING = 1000, 1


@dataclass(frozen=True)
class Papers:
    """What is known of the papers.

    Attributes
    ----------
    names : tuple of str
        In the order of the file; paper k is neuron k.
    topics : tuple of str
        In alphabetical order; topic t is neuron ``len(names) + t``.
    topic : int64 array [papers]
        Topic of each paper.
    is_test : bool array [papers]
        Whether it is to be found out.
    citations : tuple of (int, int)
        Pairs of papers, each once.
    """

    names: tuple[str, ...]
    topics: tuple[str, ...]
    topic: Ints
    is_test: NDArray[np.bool_]
    citations: tuple[tuple[int, int], ...]

    @property
    def neurons(self) -> int:
        """Papers and topics."""
        return len(self.names) + len(self.topics)

    @property
    def test(self) -> list[int]:
        """Test papers, in the order of the file."""
        return np.flatnonzero(self.is_test).tolist()

    @property
    def preference(self) -> Ints:
        """How ties are broken: topics from best to worst, by training papers, then by name."""
        known = np.bincount(self.topic[~self.is_test], minlength=len(self.topics))
        return np.argsort(-known, kind="stable")

    @classmethod
    def load(cls, folder: Path) -> Papers:
        """Read ``papers.csv`` (paper, topic, split) and ``citations.csv`` (paper, cited).

        Raises
        ------
        FileFormatError
            If a file cannot be read, lacks a column, or names a paper that is not there.
        """
        papers = _rows(folder / "papers.csv", ("paper", "topic", "split"))
        names = tuple(row[0] for row in papers)
        topics = tuple(sorted({row[1] for row in papers}))
        numbers = {name: number for number, name in enumerate(names)}
        pairs = []
        for line, (paper, cited) in enumerate(_rows(folder / "citations.csv", ("paper", "cited")), 2):
            for name in (paper, cited):
                if name not in numbers:
                    raise FileFormatError(f"line {line} of {folder / 'citations.csv'} names paper {name!r}, of which "
                                          "papers.csv knows nothing")  # fmt: skip
            pairs.append((min(numbers[paper], numbers[cited]), max(numbers[paper], numbers[cited])))
        unique = tuple(sorted({pair for pair in pairs if pair[0] != pair[1]}))
        topic = np.array([topics.index(row[1]) for row in papers], np.int64)
        return cls(names, topics, topic, np.array([row[2] != "train" for row in papers]), unique)

    def synapses(self) -> tuple[list[tuple[int, int, float]], list[tuple[int, int, float]]]:
        """Return the fixed and the plastic synapses, (source, target, weight)."""
        fixed = [(a, b, CITATION) for a, b in self.citations]
        plastic = []
        for paper in range(len(self.names)):
            if self.is_test[paper]:
                plastic += [(paper, len(self.names) + topic, GUESS) for topic in range(len(self.topics))]
            else:
                fixed.append((paper, len(self.names) + int(self.topic[paper]), TOPIC))
        return tuple([*some, *((b, a, weight) for a, b, weight in some)] for some in (fixed, plastic))  # type: ignore[return-value]

    def refractory(self) -> Ints:
        """Refractory periods of all neurons, in steps."""
        papers = np.where(self.is_test, REFRACTORY_TEST, REFRACTORY_TRAINING)
        return np.concatenate([papers, np.zeros(len(self.topics), np.int64)])

    def answer(self, weights: NDArray[Any], paper: int) -> tuple[int, int]:
        """Topic of the largest weight from `paper` (weights [neurons, neurons]), and how many topics have it."""
        row = weights[paper, len(self.names) :]
        best = np.flatnonzero(row == row.max())
        return next(topic for topic in self.preference.tolist() if topic in best), len(best)


@dataclass(frozen=True)
class MicroseerResult:
    """Answers for all test papers.

    Attributes
    ----------
    papers : Papers
        What they are about.
    shown : list of int
        Test papers that were asked.
    answers, tied : int64 arrays [shown]
        Topics, and how many topics had the largest weight.
    weights : int array [shown, 90, 90]
        Recurrent weights after each paper, in units of the chip.
    spikes : bool array [shown, 10, 90]
        What fired.
    counters : dict of int
        Of the device.
    seconds : float
        Time on the device.
    """

    papers: Papers
    shown: list[int]
    answers: Ints
    tied: Ints
    weights: NDArray[np.signedinteger[Any]]
    spikes: NDArray[np.bool_]
    counters: dict[str, int]
    seconds: float

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which answers are right."""
        return np.asarray(self.answers == self.papers.topic[self.shown])

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return float(np.mean(self.right))

    @property
    def accuracy_without_ties(self) -> float:
        """Share of right answers if every tie counts as wrong."""
        return float(np.mean(self.right & (self.tied == 1)))

    @property
    def ties(self) -> int:
        """Papers for which more than one topic had the largest weight."""
        return int(np.count_nonzero(self.tied > 1))


def build(papers: Papers) -> Image:
    """Return the network for a chip with weights of 16 bits and windows of 5 steps."""
    net = Network(inputs=1, neurons=papers.neurons)
    fixed, plastic = papers.synapses()
    net.connect(net.neurons, net.neurons, fixed)
    net.connect(net.neurons, net.neurons, plastic, plastic=True)
    net.neurons.set(threshold=THRESHOLD, refractory_ms=papers.refractory())
    net.learn(superneuromat(APOS, ANEG))
    config = CoreConfig(
        neurons=papers.neurons, inputs=1, weight_bits=16, refractory_bits=int(REFRACTORY_TEST).bit_length(),
        max_delay=1, learning=Learning.WINDOW, window_steps=len(APOS),
    )  # fmt: skip
    return quantise(net, config, scale=SCALE)[0]


def classify(
    device: Device, papers: Papers, *, limit: int | None = None, progress: Progress | None = None
) -> MicroseerResult:
    """Ask a device about the test papers, or the first `limit` of them; `progress` is called with (done, all)."""
    image, shown = build(papers), papers.test[:limit]
    weights, spikes = [], []
    started = time.perf_counter()
    for done, paper in enumerate(shown, 1):
        device.load(image)
        if done == 1:
            device.clear(counters=True)
        inject = np.zeros((STEPS, papers.neurons), np.int64)
        inject[0, paper] = round(INPUT * SCALE)
        spikes.append(device.run(inject=inject, counters=False).spikes)
        weights.append(device.weights()[1:])
        if progress is not None:
            progress(done, len(shown))
    answers = [papers.answer(table, paper) for table, paper in zip(weights, shown, strict=True)]
    topic, tied = np.array(answers, np.int64).reshape(-1, 2).T
    seconds = time.perf_counter() - started
    return MicroseerResult(papers, shown, topic, tied, np.stack(weights), np.stack(spikes), device.counters(), seconds)


def superneuromat_model(papers: Papers, paper: int, *, citation: float = 100.0) -> Any:
    """Return the network as a model of SuperNeuroMAT, about to be asked about a paper; raises MissingToolError.

    Parameters
    ----------
    papers : Papers
        What they are about.
    paper : int
        Which fires first.
    citation : float
        Weight of citations, and input that makes the paper fire; by default that of the original.
    """
    try:
        from superneuromat import SNN
    except ImportError:
        raise MissingToolError(
            "no comparison without SuperNeuroMAT; install it with: pip install superneuromat"
        ) from None
    fixed, plastic = papers.synapses()
    model = SNN()
    model.backend = "cpu"
    for period in papers.refractory().tolist():
        model.create_neuron(threshold=THRESHOLD, leak=0.0, refractory_period=period)
    for source, target, weight in fixed:
        model.create_synapse(source, target, weight=citation if weight == CITATION else weight)
    for source, target, weight in plastic:
        model.create_synapse(source, target, weight=weight, stdp_enabled=True)
    model.stdp_setup(Apos=list(APOS), Aneg=list(ANEG))
    model.add_spike(0, paper, citation)
    return model


def superneuromat_answers(papers: Papers, shown: list[int]) -> Ints:
    """Topics that SuperNeuroMAT answers for some papers, with the numbers of the original and ties broken alike.

    Raises
    ------
    MissingToolError
        If SuperNeuroMAT is not installed.
    """
    answers = []
    for paper in shown:
        model = superneuromat_model(papers, paper)
        model.simulate(STEPS)
        # Sums of floats that should be equal differ in their last bits.
        answers.append(papers.answer(np.rint(model.weight_mat() * SCALE), paper)[0])
    return np.array(answers, np.int64)


def per_topic(result: MicroseerResult) -> list[dict[str, Any]]:
    """For each topic: test papers, and how many were found."""
    topics = result.papers.topic[result.shown]
    asked, found = Counter(topics.tolist()), Counter(topics[result.right].tolist())
    return [
        {"topic": name, "papers": asked[number], "correct": found[number]}
        for number, name in enumerate(result.papers.topics)
    ]


def _rows(path: Path, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [tuple(row[column] for column in columns) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise FileFormatError(f"cannot read {path}: {error}; it needs the columns {', '.join(columns)}") from None
