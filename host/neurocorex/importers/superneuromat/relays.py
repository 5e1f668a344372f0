"""Chains of hidden relays, which are how SuperNeuroMAT delays a spike, folded into delays of axons.

A synapse with a delay of d ticks is stored as d - 1 relays, neurons that pass on every spike, and a last synapse that
records -d. A chip delays by itself, so relays need no neurons. Chains that are no longer what they were made as stay
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
class Link:
    """A synapse of the folded network.

    Attributes
    ----------
    pre, post : int
        Neurons, by their numbers in SuperNeuroMAT.
    synapse : int
        Which synapse it is there, the last of its chain.
    delay : int
        Ticks from a spike of `pre` to its arrival.
    carrier : int
        The neuron whose spikes arrive there one tick later: the last relay, or `pre`.
    """

    pre: int
    post: int
    synapse: int
    delay: int
    carrier: int


@dataclass
class Folding:
    """A model without its relays.

    Parameters
    ----------
    model : Model
        With them.
    deepest : int
        Longest delay of an axon; longer chains keep a relay now and then.

    Attributes
    ----------
    neurons : int64 array [n]
        Those that stay, rising.
    links : list of Link
        Synapses between them, in the order of SuperNeuroMAT.
    relays : list of (int, int)
        Each relay that was folded, and the neuron before it, in the order of the chains.
    places : dict of (int, int) to int
        For a neuron and a number of ticks, the relay that fires so long after it.
    unfolded : list of int
        Synapses with a delay whose chains stay neurons, or never were.
    """

    model: Model
    deepest: int
    neurons: Ints = field(init=False)
    links: list[Link] = field(init=False)
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
        links: list[Link] = []
        taken: set[tuple[int, int, int]] = set()
        for synapse in np.flatnonzero(model.delays != 1).tolist():
            chain = self._chain(synapse)
            made = self._links(chain, synapse) if chain else []
            # Two synapses of one neuron that reach another after the same time need a row of weights each.
            ends = {(link.pre, link.delay, link.post) for link in made}
            if chain and not ends & taken and self._agrees(chain):
                self._fold(chain)
                links += made
                taken |= ends
            else:
                self.unfolded.append(synapse)
        done = {link.synapse for link in links} | self._hidden
        links += [
            Link(pre, post, synapse, 1, pre)
            for synapse, (pre, post) in enumerate(zip(model.pre.tolist(), model.post.tolist(), strict=True))
            if synapse not in done
        ]
        self.links = sorted(links, key=lambda link: link.synapse)
        folded = {relay for relay, _ in self.relays}
        self.neurons = np.array([each for each in range(model.neurons) if each not in folded], np.int64)

    @cached_property
    def position(self) -> dict[int, int]:
        """Number that each of `neurons` has on the chip."""
        return {neuron: place for place, neuron in enumerate(self.neurons.tolist())}

    def history(self) -> Ints:
        """Return what is on the way: bit k - 1 is set for each of `neurons` that fired k ticks ago."""
        bits = np.zeros(self.model.neurons, np.int64)
        bits[self.model.last] = 1
        for (neuron, place), relay in self.places.items():
            bits[neuron] |= int(self.model.last[relay]) << place
        return bits[self.neurons]

    def spikes(self, kept: Bools, last: Bools) -> Bools:
        """Return the spikes of all neurons of SuperNeuroMAT, [ticks, N], from those of the neurons that stay.

        Relays go on from the spikes of the tick before, `last`, [N].
        """
        whole = np.zeros((len(kept), self.model.neurons), np.bool_)
        whole[:, self.neurons] = kept
        for relay, before in self.relays:
            whole[1:, relay] = whole[:-1, before]
            whole[:1, relay] = last[before]
        return whole

    def _chain(self, synapse: int) -> list[int] | None:
        """Return the source and the relays of a delayed synapse; None if they are no longer a chain."""
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
        """Whether what relays have on the way is what others of the same source have, as one axon serves them all.

        Where it is, the chain is noted in `places`.
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
        """Let the relays of a chain go, and the synapses onto them."""
        self.relays += [(relay, chain[place - 1]) for place, relay in enumerate(chain) if place % self.deepest]
        self._hidden |= {self._incoming[relay][0] for relay in chain[1:]}

    def _links(self, chain: list[int], synapse: int) -> list[Link]:
        """Return the one link that a chain becomes, or as many as its length needs."""
        deepest, kept = self.deepest, chain[:: self.deepest]
        hops = [
            Link(source, target, self._incoming[target][0], deepest, chain[(position + 1) * deepest - 1])
            for position, (source, target) in enumerate(pairwise(kept))
        ]
        rest = len(chain) - (len(kept) - 1) * deepest
        return [*hops, Link(kept[-1], int(self.model.post[synapse]), synapse, rest, chain[-1])]
