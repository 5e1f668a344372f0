"""Relays of SuperNeuroMAT, the hidden neurons by which it delays spikes, folded into axonal delays.

A synapse with a delay of d ticks is stored as d - 1 relays, neurons that pass on every spike, and a last synapse that
records -d. A chip delays by itself, so relays need no neurons. A chain that a script has changed stays a chain of
neurons, which is as exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from .model import Bools, Model
from .reader import Ints


@dataclass(frozen=True)
class Hop:
    """Synapse of the folded network: a chain, or a synapse without one.

    Attributes
    ----------
    pre, post : int
        Its neurons, by their numbers in SuperNeuroMAT.
    synapse : int
        Number of the synapse in SuperNeuroMAT, the last of its chain.
    delay : int
        Ticks from a spike of `pre` to its arrival.
    carrier : int
        Neuron whose spikes arrive one tick later: the last relay, or `pre`.
    """

    pre: int
    post: int
    synapse: int
    delay: int
    carrier: int


@dataclass
class Folding:
    """Model without its relays.

    Parameters
    ----------
    model : Model
        The model with relays.
    deepest : int
        Longest delay of an axon. Longer chains keep one relay per `deepest` ticks.

    Attributes
    ----------
    neurons : int64 array [n]
        Neurons that stay, in rising order.
    hops : list of Hop
        Synapses between them, in the order of SuperNeuroMAT.
    relays : list of (int, int)
        Each folded relay and the neuron before it, in the order of the chains.
    places : dict of (int, int) to int
        For a neuron and a number of ticks, the relay that fires so many ticks after it.
    unfolded : list of int
        Synapses with a delay that have no chain of their own, or a changed one, which stays neurons.
    """

    model: Model
    deepest: int
    neurons: Ints = field(init=False)
    hops: list[Hop] = field(init=False)
    relays: list[tuple[int, int]] = field(init=False, default_factory=list)
    places: dict[tuple[int, int], int] = field(init=False, default_factory=dict)
    unfolded: list[int] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        model = self.model
        self._incoming: list[list[int]] = [[] for _ in range(model.neurons)]
        outgoing = np.bincount(model.pre, minlength=model.neurons)
        for synapse, post in enumerate(model.post.tolist()):
            self._incoming[post].append(synapse)
        passes = np.isinf(model.leaks) & (model.thresholds >= model.resets) & (outgoing == 1)
        passes &= (model.periods == 0) & (model.counts == 0)
        passes[model.inputs.neuron] = False
        self._passes: Bools = passes
        self._hidden: set[int] = set()  # synapses within chains
        hops: list[Hop] = []
        taken: set[tuple[int, int, int]] = set()
        for synapse in np.flatnonzero(model.delays != 1).tolist():
            chain = self._chain(synapse)
            made = self._hops(chain, synapse) if chain else []
            # Two synapses between the same neurons with the same delay would need the same weight.
            ends = {(hop.pre, hop.delay, hop.post) for hop in made}
            if chain and not ends & taken and self._agrees(chain):
                self._fold(chain)
                hops += made
                taken |= ends
            else:
                self.unfolded.append(synapse)
        done = {hop.synapse for hop in hops} | self._hidden
        hops += [
            Hop(pre, post, synapse, 1, pre)
            for synapse, (pre, post) in enumerate(zip(model.pre.tolist(), model.post.tolist(), strict=True))
            if synapse not in done
        ]
        self.hops = sorted(hops, key=lambda hop: hop.synapse)
        folded = {relay for relay, _ in self.relays}
        self.neurons = np.array([each for each in range(model.neurons) if each not in folded], np.int64)

    @cached_property
    def position(self) -> dict[int, int]:
        """Number of each of `neurons` on the chip."""
        return {neuron: place for place, neuron in enumerate(self.neurons.tolist())}

    def history(self) -> Ints:
        """Return the spikes in flight: bit k - 1 is set for each of `neurons` that fired k ticks ago."""
        bits = np.zeros(self.model.neurons, np.int64)
        bits[self.model.last] = 1
        for (neuron, place), relay in self.places.items():
            bits[neuron] |= int(self.model.last[relay]) << place
        return bits[self.neurons]

    def spikes(self, kept: Bools, last: Bools) -> Bools:
        """Return the spikes of all neurons of SuperNeuroMAT, [ticks, N], from those of the neurons that stay.

        Relays continue from `last`, the spikes of the tick before, [N].
        """
        whole = np.zeros((len(kept), self.model.neurons), np.bool_)
        whole[:, self.neurons] = kept
        for relay, before in self.relays:
            whole[1:, relay] = whole[:-1, before]
            whole[:1, relay] = last[before]
        return whole

    def _chain(self, synapse: int) -> list[int] | None:
        """Return the source and the relays of a delayed synapse; None if they are not a chain."""
        model = self.model
        relays, neuron = [], int(model.pre[synapse])
        for _ in range(-int(model.delays[synapse]) - 1):
            into = self._incoming[neuron]
            if not self._passes[neuron] or len(into) != 1 or neuron in relays:
                return None
            only = into[0]
            strong = model.resets[neuron] + model.weights[only] > model.thresholds[neuron]
            if not strong or model.plastic[only] or model.delays[only] != 1:
                return None
            relays.append(neuron)
            neuron = int(model.pre[only])
        chain = [neuron, *reversed(relays)]
        return chain if relays and neuron not in relays else None

    def _agrees(self, chain: list[int]) -> bool:
        """Whether the relays of a chain carry the same spikes as others of its source: one axon serves them all.

        If so, add the chain to `places`.
        """
        mine = {
            (chain[start], place): relay
            for start in range(0, len(chain), self.deepest)
            for place, relay in enumerate(chain[start + 1 : start + self.deepest], 1)
        }
        train = self.model.train
        others = [(self.places[key], relay) for key, relay in mine.items() if key in self.places]
        agrees = all(np.array_equal(train[:, other], train[:, relay]) for other, relay in others)
        if agrees:
            self.places |= mine
        return agrees

    def _fold(self, chain: list[int]) -> None:
        """Remove the relays of a chain, and the synapses onto them."""
        self.relays += [(relay, chain[place - 1]) for place, relay in enumerate(chain) if place % self.deepest]
        self._hidden |= {self._incoming[relay][0] for relay in chain[1:]}

    def _hops(self, chain: list[int], synapse: int) -> list[Hop]:
        """Return the hop that a chain becomes, or several if it is longer than `deepest`."""
        deepest, kept = self.deepest, chain[:: self.deepest]
        hops = [
            Hop(source, target, self._incoming[target][0], deepest, chain[(position + 1) * deepest - 1])
            for position, (source, target) in enumerate(pairwise(kept))
        ]
        rest = len(chain) - (len(kept) - 1) * deepest
        return [*hops, Hop(kept[-1], int(self.model.post[synapse]), synapse, rest, chain[-1])]
