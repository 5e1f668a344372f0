"""MicroSeer demonstration: topics of 84 papers from their citations, learned with the STDP rule of SuperNeuroMAT.

Every paper and every topic is a neuron. A citation is a strong synapse in both directions; so is the link between a
training paper and its topic. A test paper has weak synapses to and from every topic, and only these learn. One test
paper is made to fire. Activity spreads along citations to training papers and on to topics, and synapses to neurons
that fire soon after the paper are potentiated. After ten steps the answer is the topic with the largest weight from the
paper. Each paper starts from the same weights.

At a scale of 10,000 all numbers of the network are whole, so nothing is rounded. Citations weigh 2 where the original
has 100: either makes a neuron with a threshold of 1 fire, and 2 fits 16 bits.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, MissingToolError
from ..image import Image
from ..learning import superneuromat
from ..network.network import Network
from ..progress import Wanted, followed
from ..quantiser.quantise import quantise
from ..spec import CoreConfig, Learning

if TYPE_CHECKING:
    from ..device.device import Device

Ints = NDArray[np.int64]

APOS, ANEG = (1.0, 0.5, 0.1, 0.01, 0.001), (-0.0001,) * 5
#: Units of the chip in 1, so that the smallest number, 0.0001, becomes 1.
SCALE = 10_000
CITATION, TOPIC, GUESS = 2.0, 1.0, 0.001
THRESHOLD = 1.0
#: Injected current that makes a paper fire.
INPUT = 2.0
STEPS = 10
#: Test papers fire once; training papers rest for a step.
REFRACTORY_TEST, REFRACTORY_TRAINING = 1000, 1


@dataclass(frozen=True)
class Papers:
    """Papers, their topics and citations.

    Attributes
    ----------
    names : tuple of str
        In the order of the file; paper k is neuron k.
    topics : tuple of str
        In alphabetical order; topic t is neuron ``len(names) + t``.
    topic : int64 array [papers]
        Topic of each paper.
    is_test : bool array [papers]
        Whether the topic is withheld.
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
        """Number of neurons: papers and topics."""
        return len(self.names) + len(self.topics)

    @property
    def test(self) -> list[int]:
        """Numbers of the test papers, in the order of the file."""
        return np.flatnonzero(self.is_test).tolist()

    @property
    def preference(self) -> Ints:
        """Topics in the order that breaks ties: most training papers first, then by name."""
        known = np.bincount(self.topic[~self.is_test], minlength=len(self.topics))
        return np.argsort(-known, kind="stable")

    @classmethod
    def load(cls, folder: Path) -> Papers:
        """Read ``papers.csv`` (paper, topic, split) and ``citations.csv`` (paper, cited).

        Raises
        ------
        FileFormatError
            If a file cannot be read, lacks a column, or names an unknown paper.
        """
        papers = _rows(folder / "papers.csv", ("paper", "topic", "split"))
        names = tuple(row[0] for row in papers)
        topics = tuple(sorted({row[1] for row in papers}))
        numbers = {name: number for number, name in enumerate(names)}
        pairs = []
        for line, (paper, cited) in enumerate(_rows(folder / "citations.csv", ("paper", "cited")), 2):
            for name in (paper, cited):
                if name not in numbers:
                    raise FileFormatError(
                        f"line {line} of {folder / 'citations.csv'} names paper {name!r}, which is not in papers.csv"
                    )
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
        """Return the topic with the largest weight from `paper`, and the number of topics that share that weight."""
        row = weights[paper, len(self.names) :]
        best = np.flatnonzero(row == row.max())
        return next(topic for topic in self.preference.tolist() if topic in best), len(best)


@dataclass(frozen=True)
class MicroseerResult:
    """Answers for all test papers.

    Attributes
    ----------
    papers : Papers
        Papers, topics and citations.
    shown : list of int
        Test papers that were asked about.
    answers, tied : int64 arrays [shown]
        Topics, and the number of topics that shared the largest weight.
    weights : int array [shown, 90, 90]
        Recurrent weights after each paper, in units of the chip.
    spikes : bool array [shown, 10, 90]
        Spikes.
    counters : dict of int
        Counters of the device.
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
        """Which answers are right, bool [shown]."""
        return np.asarray(self.answers == self.papers.topic[self.shown])

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return float(np.mean(self.right))

    @property
    def accuracy_without_ties(self) -> float:
        """Share of right answers if every tie counts as wrong."""
        return float(np.mean(self.right & (self.tied == 1)))

    @property
    def ties(self) -> int:
        """Number of papers for which several topics shared the largest weight."""
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


@followed("asking")
def classify(device: Device, papers: Papers, *, limit: int | None = None, progress: Wanted = None) -> MicroseerResult:
    """Find the topics of the test papers, or of the first `limit`; `progress` is called with (done, all)."""
    image, shown = build(papers), papers.test[:limit]
    weights, spikes = [], []
    started = time.perf_counter()
    for done, paper in enumerate(shown, 1):
        device.load(image)
        if done == 1:
            device.clear(counters=True)
        inject = np.zeros((STEPS, papers.neurons))
        inject[0, paper] = INPUT
        spikes.append(device.run(inject=inject, counters=False).spikes)
        weights.append(device.weights(units="chip")[1:])
        if callable(progress):
            progress(done, len(shown))
    answers = [papers.answer(table, paper) for table, paper in zip(weights, shown, strict=True)]
    topic, tied = np.array(answers, np.int64).reshape(-1, 2).T
    seconds = time.perf_counter() - started
    return MicroseerResult(papers, shown, topic, tied, np.stack(weights), np.stack(spikes), device.counters(), seconds)


def superneuromat_model(papers: Papers, paper: int, *, citation: float = 100.0) -> Any:
    """Return the network as a SuperNeuroMAT model in which `paper` is about to fire; raises MissingToolError.

    Parameters
    ----------
    papers : Papers
        Papers, topics and citations.
    paper : int
        The test paper.
    citation : float
        Weight of citations, and input that makes the paper fire; the default is that of the original.
    """
    try:
        from superneuromat import SNN
    except ImportError:
        raise MissingToolError(
            "the comparison needs SuperNeuroMAT; install it with: pip install superneuromat"
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
    """Return the topics that SuperNeuroMAT answers, with the numbers of the original and the same order for ties.

    Raises
    ------
    MissingToolError
        If SuperNeuroMAT is not installed.
    """
    answers = []
    for paper in shown:
        model = superneuromat_model(papers, paper)
        model.simulate(STEPS)
        # Float sums that should be equal differ in their last bits.
        answers.append(papers.answer(np.rint(model.weight_mat() * SCALE), paper)[0])
    return np.array(answers, np.int64)


def per_topic(result: MicroseerResult) -> list[dict[str, Any]]:
    """Return for each topic the number of test papers and of right answers."""
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
