"""Connections between the layers of an imported graph, read from what is on the chip, in the time of the graph.

What the importer added is taken back: the clock becomes a bias, the weights by which late layers take off their
threshold vanish, and relays, which files of earlier versions have, become connections of their input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .blueprint import CLOCK
from .cells import Cells, Ints
from .node import Floats
from .places import Places

#: First part of the name of neurons by which earlier versions delayed an input.
RELAY = "/relay/"


@dataclass(frozen=True, eq=False)
class Connection:
    """Weights from one input or layer to a layer.

    Attributes
    ----------
    source, target : str
        Names of an input or a layer, and of a layer.
    steps : int array [S]
        Steps that the graph asks for, from each neuron of the source.
    weights : float array [S, T]
        In units of the target's membrane in the graph.
    """

    source: str
    target: str
    steps: Ints
    weights: Floats


class Connections:
    """Reader of the connections of one network.

    Parameters
    ----------
    cells : Cells
        Numbers of the network.
    places : Places
        Its parts. Their units are those of the chip.
    """

    def __init__(self, cells: Cells, places: Places) -> None:
        self._cells, self._places = cells, places
        self._rounds = cells.rounds()
        #: Layers of the graph itself.
        self.layers = {name: place for name, place in places.layers.items() if not name.startswith((RELAY, CLOCK))}
        #: Units of `cells` per unit of the graph, for each neuron of a layer.
        self.unit = {name: place.unit / cells.scales[place.neurons] for name, place in places.layers.items()}

    def of_inputs(self) -> Iterator[Connection]:
        """Return the connections from inputs."""
        for name, axons in self._places.inputs.items():
            for target in self.layers:
                for rows, delays, has in self._cells.input_rounds():
                    yield from self._connection(name, target, rows[axons], delays[axons], has[axons].astype(np.int64))
                yield from self._from_neurons(RELAY + name, name, target)

    def of_layers(self) -> Iterator[Connection]:
        """Return the connections between layers."""
        for name in self.layers:
            for target in self.layers:
                yield from self._from_neurons(name, name, target)

    def bias(self, name: str) -> Floats:
        """Return the constant input of a layer, in units of its membrane in the graph."""
        members = self.layers[name].neurons
        total = self._cells.bias[members]
        if CLOCK in self._places.layers:
            for rows, delays in self._rounds:
                for neuron in self._places.layers[CLOCK].neurons:
                    if delays[neuron]:
                        total = total + self._cells.weights[rows[neuron], members]
        return np.asarray(total / self.unit[name])

    def _from_neurons(self, layer: str, source: str, target: str) -> Iterator[Connection]:
        if layer not in self._places.layers:
            return
        senders = self._places.layers[layer].neurons
        late = layer == target and self._places.layers[layer].late
        for rows, delays in self._rounds:
            if not delays[senders].any():
                continue
            offset = self._places.layers[layer].latency
            yield from self._connection(source, target, rows[senders], delays[senders] + offset, delays[senders], late)

    def _connection(
        self, source: str, target: str, rows: Ints, arrival: Ints, delays: Ints | None = None, late: bool = False
    ) -> Iterator[Connection]:
        """Return the connection by some axons, if any of their weights are not 0."""
        place = self.layers[target]
        weights = self._cells.weights[np.ix_(rows, place.neurons)]
        if delays is not None:
            weights[delays == 0] = 0.0
            if late:
                self._restore_late(weights, delays, target)
        used = weights.any(axis=1)
        if used.any():
            steps = np.maximum(arrival - place.latency, 0)
            # An axon without weights must not ask for a delay of its own, which could make the target later.
            steps = np.where(used, steps, steps[used].min())
            yield Connection(source, target, steps, weights / self.unit[target])

    def _restore_late(self, weights: Floats, delays: Ints, name: str) -> None:
        """Take the weights that the importer made out of those of a layer onto itself.

        What is left of them by rounding is kept only if rounding again would not give it.
        """
        cells, members = self._cells, self.layers[name].neurons
        made = cells.decay[members] * cells.threshold[members]
        rounded = np.rint(made / cells.quantum) * cells.quantum if cells.quantum else made
        diagonal = np.einsum("ii->i", weights)
        rest = np.where(diagonal == -rounded, 0.0, diagonal + made)
        diagonal[:] = np.where(delays == 1, rest, diagonal)
