"""Connectome: a table of chemical synapses and gap junctions by names of neurons, and tables drawn at random.

Tables are files of comma-separated values with the columns Source, Target, Weight, Type, as the supplements of papers
on C. elegans are passed on. A weight is a number of synapses; the type is ``chemical`` or ``electrical``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import FileFormatError, InputError
from ..files import read_text
from ..network.attributes import nearest

Ints = npt.NDArray[np.int64]

COLUMNS = ("source", "target", "weight", "type")
#: Most synapses in a row of a table, and most neurons, whose matrices have their square of 8 bytes.
MOST, NEURONS = 1_000_000, 4096
#: Times that `Connectome.shuffled` pairs all connections. Nine of ten pairs can exchange their targets.
ROUNDS = 20


@dataclass(frozen=True)
class Connectome:
    """Numbers of synapses between neurons that have names.

    Attributes
    ----------
    names : tuple of str
        Neurons, in alphabetical order if they were read.
    chemical : int64 array [neurons, neurons]
        Synapses from each neuron (row) to each (column).
    gaps : int64 array [neurons, neurons]
        Gap junctions, the same in both directions.
    """

    names: tuple[str, ...]
    chemical: Ints
    gaps: Ints

    @classmethod
    def read(cls, path: str | Path) -> Connectome:
        """Read a table.

        Raises
        ------
        FileFormatError
            If it cannot be read, or is no such table.
        """
        return cls.parse(read_text(path), str(path))

    @classmethod
    def parse(cls, text: str, label: str = "the table") -> Connectome:
        """Read the text of a table, as `read` does.

        Only names without small letters are neurons: tables call muscles and other cells ``dBWML1`` or ``hyp``.
        Synapses of a neuron onto itself are left out. Where a gap junction has two numbers, one for each direction, the
        greater one counts. What a row repeats is added.

        Raises
        ------
        FileFormatError
            If a column is missing, a row is incomplete, a number or a type is not one, or there are too many neurons.
        """
        rows = _rows(text, label)
        names = tuple(sorted({name for row in rows for name in row[:2]}))
        if not names:
            raise FileFormatError(f"{label} has no synapse between two neurons, as in: AVAL,VA01,12,chemical")
        if len(names) > NEURONS:
            raise FileFormatError(f"{label} names {len(names)} neurons, more than {NEURONS}")
        at = {name: place for place, name in enumerate(names)}
        tables: dict[str, Ints] = {kind: np.zeros((len(at), len(at)), np.int64) for kind in ("chemical", "electrical")}
        for source, target, number, kind in rows:
            if source != target:
                tables[kind][at[source], at[target]] += number
        return cls(names, tables["chemical"], np.maximum(tables["electrical"], tables["electrical"].T))

    def numbers(self, names: Iterable[str]) -> list[int]:
        """Return the places of neurons in rows and columns.

        Raises
        ------
        InputError
            For a name that the table has not.
        """
        at = {name: place for place, name in enumerate(self.names)}
        wanted = list(names)
        for name in wanted:
            if name not in at:
                close = nearest(name, (each.lower() for each in self.names))
                meant = f"; did you mean {close.upper()!r}?" if close else f"; it has {', '.join(self.names[:3])}, ..."
                raise InputError(f"the table has no neuron {name!r}{meant}")
        return [at[name] for name in wanted]

    def weights(self, inhibitory: Iterable[str] = ()) -> Ints:
        """Return chemical synapses and gap junctions as weights, int64 [neurons, neurons].

        Parameters
        ----------
        inhibitory : iterable of str
            Neurons whose chemical synapses count negatively.
        """
        sign = np.ones(len(self.names), np.int64)
        sign[self.numbers(inhibitory)] = -1
        return sign[:, None] * self.chemical + self.gaps

    def without(self, names: Iterable[str]) -> Connectome:
        """Return the table without any synapse of some neurons, which keep their places."""
        removed = self.numbers(names)
        tables = [table.copy() for table in (self.chemical, self.gaps)]
        for table in tables:
            table[removed], table[:, removed] = 0, 0
        return replace(self, chemical=tables[0], gaps=tables[1])

    def distances(self, names: Iterable[str]) -> Ints:
        """Return the fewest synapses of either kind from some neurons to each, by breadth-first search; -1 if none."""
        joined = (self.chemical + self.gaps) > 0
        far = np.full(len(self.names), -1, np.int64)
        edge = np.isin(np.arange(len(self.names)), self.numbers(names))
        for distance in range(len(self.names)):
            edge = edge & (far < 0)
            far[edge] = distance
            edge = np.any(joined[edge], axis=0)
        return far

    def shuffled(self, seed: int | list[int]) -> Connectome:
        """Return a table in which partners are drawn at random, which keeps degrees.

        Pairs of connections exchange their targets, many times. Each neuron keeps its number of chemical connections
        in, of those out, and of its gap junctions. The numbers of synapses of a connection go with its source, so that
        sums of rows of `chemical` stay as well; those of columns do not. No connection comes twice, none leads back.

        Parameters
        ----------
        seed : int or list of int
            Same seed, same table.
        """
        rng = np.random.default_rng(seed)
        return replace(self, chemical=_swapped(rng, self.chemical, False), gaps=_swapped(rng, self.gaps, True))


def _swapped(rng: np.random.Generator, table: Ints, mutual: bool) -> Ints:
    """Exchange targets between pairs of connections, which lead both ways if `mutual`."""
    pre, post = (np.triu(table) if mutual else table).nonzero()
    number, half = table[pre, post], len(pre) // 2
    for _ in range(ROUNDS):
        if mutual:  # either end can be the target
            flip = rng.random(len(pre)) < 0.5
            pre, post = np.where(flip, post, pre), np.where(flip, pre, post)
        order = rng.permutation(len(pre))
        one, other, new = order[:half], order[half : 2 * half], post.copy()
        new[one], new[other] = post[other], post[one]
        keys, held = (_keys(pre, each, len(table), mutual) for each in (new, post))
        _, place, often = np.unique(keys, return_inverse=True, return_counts=True)
        good = (pre != new) & (often[place] == 1) & ~np.isin(keys, held)
        both = good[one] & good[other]
        for side in (one, other):
            post[side[both]] = new[side[both]]
    drawn = np.zeros_like(table)
    drawn[pre, post] = number
    return drawn + drawn.T if mutual else drawn


def _keys(pre: Ints, post: Ints, size: int, mutual: bool) -> npt.NDArray[Any]:
    """Return a number for each connection, the same for both directions if `mutual`."""
    low, high = (np.minimum(pre, post), np.maximum(pre, post)) if mutual else (pre, post)
    return low * size + high


def _rows(text: str, label: str) -> list[tuple[str, str, int, str]]:
    """Return synapses between neurons as they stand in a table."""
    try:
        lines = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    except csv.Error as error:
        raise FileFormatError(f"{label} has no comma-separated values: {error}") from None
    if not lines or tuple(cell.lower() for cell in lines[0][:4]) != COLUMNS:
        raise FileFormatError(f"{label} must begin with the line Source,Target,Weight,Type")
    rows = []
    for line, cells in enumerate(lines[1:], 2):
        if not cells:
            continue
        if len(cells) < len(COLUMNS) or not cells[2].isdecimal() or not 0 < int(cells[2][:9]) <= MOST:
            raise FileFormatError(f"line {line} of {label} is no synapse; one is: AVAL,VA01,12,chemical")
        source, target, number, kind = cells[:4]
        if kind not in ("chemical", "electrical"):
            raise FileFormatError(f"line {line} of {label} has type {kind[:40]!r}, expected chemical or electrical")
        if source.isupper() and target.isupper():
            rows.append((source, target, int(number), kind))
    return rows
