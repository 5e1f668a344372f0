"""Answers of a digits demonstration: accuracy, counters, the table by class, and the raster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..device.result import Result

CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers to test images, with counters and time.

    Attributes
    ----------
    predictions, labels : int64 arrays [images]
        Answers, -1 where there is none, and true classes.
    counters : dict of int
        Counters of the device after the run.
    seconds : float
        Time on the device.
    """

    predictions: NDArray[np.int64]
    labels: NDArray[np.int64]
    counters: dict[str, int]
    seconds: float

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which answers are right, bool [images]."""
        return np.asarray(self.predictions == self.labels)

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return float(np.mean(self.right))

    @property
    def unanswered(self) -> int:
        """Number of images without an answer."""
        return int(np.count_nonzero(self.predictions < 0))

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Number of images by true class (row) and answer (column), int64 [10, 10]; those without an answer aside."""
        table = np.zeros((CLASSES, CLASSES), np.int64)
        answered = self.predictions >= 0
        np.add.at(table, (self.labels[answered], self.predictions[answered]), 1)
        return table


@dataclass(frozen=True, kw_only=True)
class Learned(Answers):
    """Answers of a network that learned on the device; counters and seconds cover learning and test.

    Attributes
    ----------
    weights : int array [inputs + neurons, neurons]
        Weights on the chip after learning.
    trained : int
        Number of training images.
    inputs, neurons, steps : int
        Size of the network, and steps of an image.
    names : int64 array [neurons]
        Class that each neuron stands for, -1 if none.
    curve : list of float
        Accuracy after each epoch; empty if it was not measured.
    facts : dict
        Figures of this way of learning, for JSON.
    summary : str
        The same in a line of text.
    """

    weights: NDArray[np.int64]
    trained: int
    inputs: int
    neurons: int
    steps: int
    names: NDArray[np.int64]
    curve: list[float]
    facts: dict[str, Any]
    summary: str


@dataclass(frozen=True, kw_only=True)
class DigitsResult(Answers):
    """Answers of a network that was trained beforehand.

    Attributes
    ----------
    result : Result
        Spikes of all neurons, and membranes of the outputs if they were recorded.
    stimulus : bool array [images, steps, inputs]
        Input spikes.
    hidden : int
        Hidden neurons; the outputs follow them.
    """

    result: Result
    stimulus: NDArray[np.bool_]
    hidden: int

    @property
    def neurons(self) -> int:
        """Neurons of the network."""
        return self.hidden + CLASSES

    @property
    def steps(self) -> int:
        """Steps of each image."""
        return int(self.stimulus.shape[1])

    @property
    def inputs(self) -> int:
        """Inputs of the network."""
        return int(self.stimulus.shape[2])

    @property
    def per_class(self) -> list[dict[str, Any]]:
        """Images, right answers, accuracy and most frequent wrong answer, for each digit."""
        rows = []
        for digit, row in enumerate(self.confusion.tolist()):
            wrong = [0 if answer == digit else count for answer, count in enumerate(row)]
            rows.append({
                "digit": digit,
                "images": sum(row),
                "correct": row[digit],
                "accuracy": row[digit] / sum(row) if sum(row) else None,
                "mistaken_for": int(np.argmax(wrong)) if any(wrong) else None,
            })  # fmt: skip
        return rows

    @property
    def arrivals_per_step(self) -> float:
        """Arriving spikes in a step, of inputs and neurons together."""
        arrivals = self.counters["input_events"] + self.counters["recurrent_events"]
        return arrivals / max(self.counters["steps"], 1)

    @property
    def cycles_per_step(self) -> float:
        """Clock cycles of a step in which the core works; waiting for the link is not among them."""
        return self.counters["busy_cycles"] / max(self.counters["steps"], 1)

    def raster(self, images: int = 8) -> Figure:
        """Draw the spikes of the first `images` images."""
        from .. import plot

        shown = min(images, len(self.labels))
        pairs = zip(self.labels[:shown].tolist(), self.predictions[:shown].tolist(), strict=True)
        return plot.raster(
            self.result.spikes[:shown, :, : self.neurons],
            inputs=self.stimulus[:shown],
            groups={"hidden": slice(0, self.hidden), "output": slice(self.hidden, self.neurons)},
            labels=[f"{label}" if label == answer else f"{label}, read as {answer}" for label, answer in pairs],
            title=f"handwritten digits: spikes of the first {shown} test images",
        )

    def __str__(self) -> str:
        lines = ["digit  images  correct  accuracy  mistaken for"]
        for row in self.per_class:
            accuracy = "-" if row["accuracy"] is None else f"{row['accuracy']:.1%}"
            other = "" if row["mistaken_for"] is None else row["mistaken_for"]
            lines.append(
                f"{row['digit']:5}  {row['images']:6}  {row['correct']:7}  {accuracy:>8}  {other:>12}".rstrip()
            )
        right = np.count_nonzero(self.right)
        return "\n".join([
            *lines,
            "",
            f"{right} of {len(self.labels)} images right: {self.accuracy:.2%}, in {self.seconds:.2f} s",
            f"{self.steps} steps an image, {self.arrivals_per_step:.1f} arriving spikes and "
            f"{self.cycles_per_step:.0f} cycles a step",
        ])  # fmt: skip
