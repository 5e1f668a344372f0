"""Latency of each layer: on a chip a spike takes at least one step from neuron to neuron, in a graph it may take none.

A layer behind others runs late by some whole steps. All connections to it get the delays that keep the order of the
graph: spikes that skip layers wait as long as spikes that pass them. Within a loop, where every simulation in steps
needs a step somewhere, each connection takes one step or its Delay, whichever is longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Latencies and loops of the layers of a graph.

    Attributes
    ----------
    latency : dict of int
        Steps by which each layer is late.
    loop : dict of int
        Number of the loop of each layer; a layer that is in no loop has a number of its own.
    """

    latency: dict[str, int]
    loop: dict[str, int]

    @classmethod
    def of(cls, layers: list[str], edges: Iterable[tuple[str, str, int]], inputs: list[str]) -> Timing:
        """Find the smallest latencies.

        Parameters
        ----------
        layers, inputs : list of str
            Their names.
        edges : iterable of (source, target, steps)
            Connections with the delays that the graph asks for; sources are layers or inputs.
        """
        edges = list(edges)
        among = [(source, target, steps) for source, target, steps in edges if source not in inputs]
        loop = _loops(layers, [(source, target) for source, target, _ in among])
        latency = dict.fromkeys(layers, 0)
        # Sources have larger numbers of loops than their targets, so the latency of a source is final when it is read.
        for number in sorted(set(loop.values()), reverse=True):
            members = [name for name in layers if loop[name] == number]
            least = max(
                (latency[s] + 1 - steps for s, t, steps in among if loop[t] == number and loop[s] != number), default=0
            )
            for name in members:
                latency[name] = max(least, 0)
        return cls(latency, loop)

    def steps(self, source: str, target: str, steps: int) -> int:
        """Return the delay on the chip of a connection that takes `steps` in the graph; 0 only from inputs."""
        if source not in self.latency:
            return steps + self.latency[target]
        if self.loop[source] == self.loop[target]:
            return max(steps, 1)
        return steps + self.latency[target] - self.latency[source]


def _loops(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Return the strongly connected component of each name, numbered against the edges.

    Tarjan's algorithm (1972) without recursion.
    """
    onward: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        onward[source].append(target)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    loop: dict[str, int] = {}
    stack: list[str] = []
    count = 0
    for root in names:
        work = [(root, iter(onward[root]))] if root not in index else []
        while work:
            name, ways = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                stack.append(name)
            following = next((way for way in ways if way not in index or way not in loop), None)
            if following is None:
                work.pop()
                if low[name] == index[name]:
                    while True:
                        member = stack.pop()
                        loop[member] = count
                        if member == name:
                            break
                    count += 1
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
            elif following in index:
                low[name] = min(low[name], index[following])
            else:
                work.append((following, iter(onward[following])))
    return loop
