"""Delays of connections: which axon of a neuron carries them, so that each keeps the delay that it was given.

A neuron has an axon of its own and, where it needs several delays, extra axons. Connections without a delay take the
default of their neuron, and follow it when it changes; those with a delay keep it. The own axon carries one of the two
kinds, or both while their delays are equal; then `OwnAxons` remembers who gave what, so that they can part again.

An axon brings currents or errors. Feedback connections have the own axon while no other ones need it, and extra axons
of their own otherwise, one for the default and one for each delay that was given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axons import ExtraAxons, Indices, Row, Tables, same


@dataclass
class Shared:
    """Both kinds of connections on one axon: those that follow the default, and those that were given its delay."""

    following: Row
    given: Row

    def renew(self, held: Row) -> None:
        """Take over what somebody has written to the row of the network, past its methods."""
        told = self.following.weights + self.given.weights
        only_given = self.given.connected & ~self.following.connected
        for part, mine in ((self.given, only_given), (self.following, ~only_given)):
            other = self.following if part is self.given else self.given
            written = mine & (held.weights != told)
            part.weights = np.where(written, held.weights - other.weights, part.weights)
        unknown = held.connected & ~self.following.connected & ~self.given.connected
        self.following.connected |= unknown
        changed = held.plastic != (self.following.plastic | self.given.plastic)
        for part in (self.following, self.given):
            part.connected &= held.connected
            part.plastic = np.where(changed, held.plastic & part.connected, part.plastic)

    @property
    def together(self) -> Row:
        """The row that the axon has."""
        a, b = self.following, self.given
        return Row(a.weights + b.weights, a.connected | b.connected, a.plastic | b.plastic)


@dataclass
class OwnAxons:
    """Own axons of the neurons of a network: whose connections they carry.

    Attributes
    ----------
    default_ms : float64 array [N]
        Default delay of each neuron; NaN: not set, which is one step.
    given : bool array [N]
        Where all connections of the own axon were given its delay.
    shared : dict of Shared
        Where only some were, by neuron.
    first_ms, stated_ms : float64 array [N]
        Default by which the first connections that follow it were made, one step if it was not set; and that by which
        the last were made after it was set. NaN where there are none.
    """

    default_ms: NDArray[np.float64]
    given: NDArray[np.bool_]
    first_ms: NDArray[np.float64]
    stated_ms: NDArray[np.float64]
    shared: dict[int, Shared] = field(default_factory=dict)

    @classmethod
    def of(cls, neurons: int) -> OwnAxons:
        """Return those of neurons without connections."""
        unset = np.full(neurons, np.nan)
        return cls(unset, np.zeros(neurons, np.bool_), unset.copy(), unset.copy())

    @property
    def moved(self) -> dict[int, tuple[float, float]]:
        """Neurons whose default has changed since they were connected by it: both delays, in milliseconds."""
        both = zip(self.first_ms.tolist(), self.default_ms.tolist(), strict=True)
        return {
            neuron: (first, now)
            for neuron, (first, now) in enumerate(both)
            if not (math.isnan(first) or math.isnan(now) or same(first, now))
        }

    # Connecting --------------------------------------------------------------------------------

    def carry(self, net: Tables, neurons: Indices, delay_ms: float | None) -> Indices:
        """Return the row of the axon that carries a delay, or the default (None), for each of some neurons.

        Axons are added where they are missing.
        """
        self._evict(net, neurons)
        extra = ExtraAxons.of(net)
        rows = []
        for neuron, used in zip(neurons.tolist(), self._used(net, neurons), strict=True):
            if delay_ms is None:
                rows.append(self._follow(net, extra, neuron, used))
            else:
                rows.append(self._give(net, extra, neuron, used, delay_ms))
        extra.grow(net)
        for neuron, row in extra.moves:
            Row.of(net, net.input_count + neuron).put(net, row)
            self._vacate(net, neuron)
        self._fold(net, [neuron for neuron, _ in extra.moves], following=True)
        self._note(net, neurons, delay_ms)
        return np.array(rows, np.intp).reshape(-1)

    def carry_feedback(self, net: Tables, neurons: Indices, delay_ms: float | None) -> Indices:
        """Return the row of the feedback axon for each of some neurons, as `carry`."""
        extra, own = ExtraAxons.of(net), net.parameters["delay_ms"]
        rows = []
        for neuron, used in zip(neurons.tolist(), self._used(net, neurons), strict=True):
            row = net.input_count + neuron
            if not used and (delay_ms is None or math.isnan(own[neuron]) or same(own[neuron], delay_ms)):
                net.is_feedback[row], self.given[neuron] = True, delay_ms is not None
                own[neuron] = own[neuron] if delay_ms is None else delay_ms
            elif not (net.is_feedback[row] and self._has(net, neuron, delay_ms)):
                row = extra.feedback_row(net, neuron, delay_ms, self._default(net, neuron))
            rows.append(row)
        extra.grow(net)
        self._note(net, neurons, delay_ms)
        return np.array(rows, np.intp).reshape(-1)

    def add(
        self, net: Tables, rows: Indices, targets: Indices, weights: NDArray[Any], pairs: NDArray[np.bool_],
        *, given: bool, plastic: bool,
    ) -> None:  # fmt: skip
        """Note connections [rows, targets] that were added to rows from `carry`, where a row is shared."""
        for position, row in enumerate(rows.tolist()) if self.shared else ():
            shared = self.shared.get(row - net.input_count)
            if shared is not None:
                part = shared.given if given else shared.following
                part.add(targets, weights[position], pairs[position], plastic)
                shared.together.put(net, row)

    def learn(self, neurons: Indices, targets: Indices) -> None:
        """Note that all connections from some neurons to some targets learn."""
        for neuron in self.shared.keys() & set(neurons.tolist()):
            for part in (self.shared[neuron].following, self.shared[neuron].given):
                part.plastic[targets] |= part.connected[targets]

    # The default -------------------------------------------------------------------------------

    def set_default(self, net: Tables, neurons: Indices, delays_ms: NDArray[Any]) -> dict[int, tuple[float, float]]:
        """Set the defaults of some neurons; connections that follow them follow.

        Returns
        -------
        dict of (float, float)
            Neurons that were connected by another default after it was set: both delays, in milliseconds.
        """
        changed, extra, free = {}, ExtraAxons.of(net), []
        for neuron, used, delay in zip(neurons.tolist(), self._used(net, neurons), delays_ms.tolist(), strict=True):
            before, stated = self._default(net, neuron), float(self.stated_ms[neuron])
            self.default_ms[neuron] = delay
            if (row := extra.find(neuron, None, feedback=True)) is not None:
                net.extra_delay_ms[row - net.input_count - net.neuron_count] = delay
            if used and self.given[neuron]:
                continue  # the own axon is taken
            free.append(neuron)
            if not used or same(before, delay):
                net.parameters["delay_ms"][neuron] = delay
                continue
            if not (math.isnan(stated) or same(stated, delay)):
                changed[neuron] = (stated, delay)
                self.stated_ms[neuron] = delay
            if neuron in self.shared:
                extra.moves.append((neuron, extra.row(net, neuron, before)))
            net.parameters["delay_ms"][neuron] = delay
        extra.grow(net)
        for neuron, row in extra.moves:
            shared = self.shared.pop(neuron)
            shared.renew(Row.of(net, net.input_count + neuron))
            shared.given.put(net, row)
            shared.following.put(net, net.input_count + neuron)
        self._fold(net, free, following=False)
        return changed

    # Details -----------------------------------------------------------------------------------

    def _evict(self, net: Tables, neurons: Indices) -> None:
        """Move feedback connections off the own axons of some neurons, to extra axons."""
        extra, moves = ExtraAxons.of(net), []
        own = neurons[net.is_feedback[neurons + net.input_count]]
        for neuron, used in zip(own.tolist(), self._used(net, own), strict=True):
            if not used:
                continue
            delay = float(net.parameters["delay_ms"][neuron]) if self.given[neuron] else None
            moves.append((neuron, extra.feedback_row(net, neuron, delay, self._default(net, neuron))))
        extra.grow(net)
        for neuron, row in moves:
            net.weights[row] += net.weights[net.input_count + neuron]
            net.connected[row] |= net.connected[net.input_count + neuron]
            self._vacate(net, neuron)

    def _vacate(self, net: Tables, neuron: int) -> None:
        """Leave the own axon of a neuron without connections."""
        own = net.input_count + neuron
        net.weights[own] = 0
        net.connected[own] = net.plastic[own] = net.is_feedback[own] = self.given[neuron] = False
        net.parameters["delay_ms"][neuron] = self.default_ms[neuron]

    def _note(self, net: Tables, neurons: Indices, delay_ms: float | None) -> None:
        """Note that connections of some neurons were made by their defaults, if they were given no delay."""
        if delay_ms is None:
            default, new = self.default_ms[neurons], neurons[np.isnan(self.first_ms[neurons])]
            self.first_ms[new] = np.where(np.isnan(self.default_ms[new]), net.dt_ms, self.default_ms[new])
            self.stated_ms[neurons] = np.where(np.isnan(default), self.stated_ms[neurons], default)

    def _has(self, net: Tables, neuron: int, delay_ms: float | None) -> bool:
        """Whether the own axon, which feedback has, has it with a delay, or with the default (None)."""
        if delay_ms is None or not self.given[neuron]:
            return delay_ms is None and not self.given[neuron]
        return same(delay_ms, float(net.parameters["delay_ms"][neuron]))

    def _used(self, net: Tables, neurons: Indices) -> list[bool]:
        """Tell whose own axons have connections, also such as somebody wrote to the weights; forget who had some."""
        rows = neurons + net.input_count
        used = net.connected[rows].any(axis=1) | (net.weights[rows] != 0).any(axis=1)
        idle = neurons[~used]
        net.is_feedback[rows[~used]] = False
        for neuron in [*idle[self.given[idle]].tolist(), *(self.shared.keys() & set(idle.tolist()))]:
            self.given[neuron] = False
            self.shared.pop(neuron, None)
            net.parameters["delay_ms"][neuron] = self.default_ms[neuron]
        return list(map(bool, used))

    def _default(self, net: Tables, neuron: int) -> float:
        stated = float(self.default_ms[neuron])
        return net.dt_ms if math.isnan(stated) else stated

    def _follow(self, net: Tables, extra: ExtraAxons, neuron: int, used: bool) -> int:
        """Row for connections that follow the default: the own axon, which what was given may have to leave."""
        row = net.input_count + neuron
        if used and self.given[neuron]:
            delay = float(net.parameters["delay_ms"][neuron])
            if same(delay, self._default(net, neuron)):
                held = Row.of(net, row)
                self.shared[neuron] = Shared(held.empty(), held)
                self.given[neuron] = False
            else:
                extra.moves.append((neuron, extra.row(net, neuron, delay)))
        elif neuron in self.shared:
            self.shared[neuron].renew(Row.of(net, row))
        return row

    def _give(self, net: Tables, extra: ExtraAxons, neuron: int, used: bool, delay_ms: float) -> int:
        """Row for connections that were given a delay: the own axon if that is free or has this delay."""
        row = net.input_count + neuron
        own = net.parameters["delay_ms"]
        if not used:
            if not math.isnan(own[neuron]) and not same(own[neuron], delay_ms):
                return extra.row(net, neuron, delay_ms)  # the user has said what the own axon is for
            own[neuron], self.given[neuron] = delay_ms, True
            return row
        if not same(delay_ms, own[neuron] if self.given[neuron] else self._default(net, neuron)):
            return extra.row(net, neuron, delay_ms)
        if neuron in self.shared:
            self.shared[neuron].renew(Row.of(net, row))
        elif not self.given[neuron]:
            held = Row.of(net, row)
            self.shared[neuron] = Shared(held, held.empty())
            own[neuron] = delay_ms
        return row

    def _fold(self, net: Tables, neurons: list[int], *, following: bool) -> None:
        """Put what an extra axon carries onto the own axon, where that has got the same delay.

        `following`: whether connections that follow the default are about to come.
        """
        extra, spare = ExtraAxons.of(net), []
        for neuron, used in zip(neurons, self._used(net, np.array(neurons, np.intp)), strict=True):
            row = extra.find(neuron, self._default(net, neuron))
            if row is None or net.is_feedback[net.input_count + neuron]:
                continue
            own, given = net.input_count + neuron, Row.of(net, row)
            net.parameters["delay_ms"][neuron] = self._default(net, neuron)
            self.given[neuron] = not (used or following)
            if not self.given[neuron]:
                self.shared[neuron] = Shared(Row.of(net, own), given)
                given = self.shared[neuron].together
            given.put(net, own)
            spare.append(row)
        extra.remove(net, spare)
