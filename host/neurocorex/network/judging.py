"""Groups of neurons: of which at most one fires in a step, and judgements, which praise and blame by who was first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real

import numpy as np

from ..errors import InputError
from ..spec.config import LIMITS
from .attributes import checked_keywords
from .data import NetworkData


class JudgedData(NetworkData):
    """Data of a network whose groups of neurons may be judged, or exclude one another."""

    def one_fires(self, groups: Iterable[int]) -> None:
        """Say of which groups at most one neuron fires in a step, see ``neurons.set(group=...)``.

        Of those that pass their threshold in the same step, the one that is furthest above it fires; of several that
        are equally far, the first. For the others it is as if they had not passed theirs: their membranes stay. Without
        it all fire, as inhibition between neurons comes a step later. Neurons that a teacher forces fire beside that
        one. The chip takes twice the cycles for its neurons in each step. A run can switch it, as in
        ``changes={20: {Control.ONE_FIRES: 0}}``; bit g of that register is for group g.

        Parameters
        ----------
        groups : iterable of int
            These groups, 1 to 16, in place of those of an earlier call; 0 is for all neurons of no group, () for none.

        Raises
        ------
        InputError
            For anything else; nothing has been set then.

        Examples
        --------
        >>> from neurocorex import Network
        >>> net = Network(inputs=4, neurons=6)
        >>> net.neurons.set(group=1)
        <6 neurons: 0, 1, 2, 3, 4, ...>
        >>> net.one_fires([1])
        """
        most = max(LIMITS["groups"])
        given = list(groups) if isinstance(groups, Iterable) else [groups]
        whole = all(isinstance(each, int | np.integer) and not isinstance(each, bool) for each in given)
        if not isinstance(groups, Iterable) or not whole or not all(0 <= each <= most for each in given):
            raise InputError(
                f"one_fires takes groups from 0 (neurons of none) to {most} such as [1, 2], got {groups!r}"
            )
        self.calls += 1
        self.exclusive = tuple(sorted({int(each) for each in given}))

    @checked_keywords
    def judge(self, *, praise: float, blame: float, conscience: float = 0) -> None:
        """Say what a judgement does to neurons that are in groups, see ``neurons.set(group=...)``.

        A chip keeps which neuron of each group was the first to fire, and which of all groups, the winner, until that
        is cleared. A run says when it judges, and which group is right: ``run(judge={19: 3}, learn=[19])``. If the
        winner is of another group, or no neuron of the right one fired, or no winner, the judgement is "wrong".

        Parameters
        ----------
        praise : float
            What is added to the error of the first neuron of the group that is right, in the units of the feedback
            weights; with a rule of errors that learns at the same step it gains what it saw.
        blame : float
            What is taken from the error of a winner of another group.
        conscience : float or int
            What each judgement adds to the threshold of the first neuron of the group that is right, at least 0, in the
            units of the weights: it fires later from then on, and others of its group get their turn. It fades as
            `adaptation` says. The chip must have been built with adaptation.

        Raises
        ------
        InputError
            For a number that is not finite, or a conscience below 0; nothing has been set then.

        Examples
        --------
        >>> from neurocorex import Network
        >>> net = Network(inputs=4, neurons=6)
        >>> net.neurons.set(group=[1, 1, 1, 2, 2, 2], error_always=True)
        <6 neurons: 0, 1, 2, 3, 4, ...>
        >>> net.judge(praise=1.0, blame=1.06)
        """
        for name, value in (("praise", praise), ("blame", blame), ("conscience", conscience)):
            number = isinstance(value, Real) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or (name == "conscience" and value < 0):
                least = " from 0 up" if name == "conscience" else ""
                raise InputError(
                    f"{name} of a judgement must be a finite number{least}, got {value!r}; for example 1.0"
                )
        self.calls += 1
        self.praise, self.blame, self.conscience = praise, blame, conscience
