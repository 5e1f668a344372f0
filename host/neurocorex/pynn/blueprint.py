"""Blueprint of the PyNN backend: the network of the library that populations and projections make, and its places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..learning import Rule
from ..network.network import Network
from .cells import RECEPTORS, Dynamics
from .refusal import NotOnChipError, WiringRefusedError
from .simulator import State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Room for states beyond what one step can bring, as a multiple of the threshold: 30 mV where that is 15 mV from rest.
#: More of it would leave less resolution: synaptic currents lose half a unit in each step, see docs/pynn.md.
ROOM = 2.0
#: Axon of the network: whether it is of a source, of which one or of which neuron, and after how many steps.
Axon = tuple[bool, int, int]


@dataclass(frozen=True)
class Links:
    """Connections of one projection, by numbers.

    Attributes
    ----------
    is_source : bool array
        Whether each begins at a spike source.
    pre, post : int64 array
        Numbers of sources or neurons, and of target neurons.
    steps : int64 array
        Steps from the spike to the step that it acts in: of sources from the step of the spike, of neurons from the
        step in which they fire.
    """

    is_source: NDArray[np.bool_]
    pre: Ints
    post: Ints
    steps: Ints


class Cells:
    """Neurons of all populations, in the terms of a chip.

    Parameters
    ----------
    state : State
        With at least one population of neurons.

    Attributes
    ----------
    dynamics : list of Dynamics
        Of each population of neurons.
    receptor : int array [N]
        Receptor by whose time constant the current of a neuron fades.
    unit_mv, rest_mv, per_na, lead : array [N]
        mV per unit of the network, rest, what 1 nA adds in a step in units of the network, and `Dynamics.lead`.
    """

    def __init__(self, state: State) -> None:
        self.populations = [each for each in state.populations if not each.is_source]
        self.dynamics: list[Dynamics] = [each.celltype.dynamics(each.parameters, state.dt) for each in self.populations]
        self.lead = np.repeat([each.lead for each in self.dynamics], [each.size for each in self.populations])
        self.count = len(self.lead)
        self.receptor = self._receptors(state)
        self.rest_mv = self.gathered("rest_mv")
        self.unit_mv, self.decay_syn = self._chosen("unit_mv"), self._chosen("decay_syn")
        self.per_na = self.gathered("mv_per_na") / self.unit_mv

    def gathered(self, name: str) -> Floats:
        """Return a quantity of all neurons."""
        return np.concatenate([getattr(each, name) for each in self.dynamics])

    def _chosen(self, name: str) -> Floats:
        both = np.concatenate([getattr(each, name) for each in self.dynamics], axis=1)
        return np.asarray(both[self.receptor, np.arange(self.count)])

    def _receptors(self, state: State) -> Ints:
        """Return the receptor of each neuron; raises NotOnChipError where two are in use that differ."""
        used = np.zeros((len(RECEPTORS), self.count), np.bool_)
        for projection in state.projections:
            _, post = state.numbers_of(projection.post.all_cells)
            used[RECEPTORS.index(projection.receptor_type), post[projection.post_index]] = True
        decays = np.concatenate([each.decay_syn for each in self.dynamics], axis=1)
        wrong = np.flatnonzero(used.all(axis=0) & (decays[0] != decays[1]))
        if wrong.size:
            owner = next(each for each in self.populations if each.first <= wrong[0] < each.first + each.size)
            taus = [float(owner.parameters[name][wrong[0] - owner.first]) for name in ("tau_syn_E", "tau_syn_I")]
            raise NotOnChipError(
                f"neurons of {owner.label} have excitatory and inhibitory synapses with tau_syn_E={taus[0]:g} and "
                f"tau_syn_I={taus[1]:g} ms; a chip holds one synaptic current for each neuron: make both equal"
            )
        return np.where(used[1] & ~used[0], 1, 0)


class Blueprint:
    """Network of the library for all that a script has made.

    Each axon of a source and a delay is an input of its own; so the host knows when its events act, and nothing is on
    its way inside the device when a network is loaded anew.

    Parameters
    ----------
    state : State
        With at least one population of neurons.

    Attributes
    ----------
    net : Network
        Weights in nA (mV onto `IF_curr_delta`), membranes in `Cells.unit_mv` from rest.
    cells : Cells
        All neurons.
    inputs : list of (int, int)
        Source and delay of each input.
    rows : list of int64 array
        For each projection, rows of its connections in the matrix of weights.
    links : list of Links
        For each projection.
    axons : dict of Axon to int
        Row of each axon that is in use.
    """

    def __init__(self, state: State) -> None:
        self.cells, self._state = Cells(state), state
        self.links = [self._links(projection) for projection in state.projections]
        pairs = {
            pair
            for each in self.links
            for pair in zip(each.pre[each.is_source].tolist(), each.steps[each.is_source].tolist(), strict=True)
        }
        self.inputs: list[tuple[int, int]] = sorted(pairs)
        self.net = Network(inputs=max(len(self.inputs), 1), neurons=self.cells.count, dt_ms=state.dt)
        self._set_neurons()
        self._connect()
        self.axons = self._axons()
        self.rows = [
            np.array([self.axons[key] for key in self._keys(each)], np.int64).reshape(-1) for each in self.links
        ]
        self._require_single_synapses()
        self._learn()

    @property
    def populations(self) -> list[Any]:
        """Neurons of the network by population, each of which can have a scale of its own."""
        return [self.net.neurons[each.first : each.first + each.size] for each in self.cells.populations]

    def room(self) -> Floats:
        """Return the room that membranes and currents need beyond the threshold, in units of the network.

        Inhibition takes membranes far below rest, and currents of many spikes add up.
        """
        cells = self.cells
        first = np.concatenate([each.initial["v"] for each in cells.populations]) - cells.rest_mv
        return np.maximum(ROOM * np.abs(cells.gathered("threshold_mv")), np.abs(first)) / cells.unit_mv

    def _links(self, projection: Any) -> Links:
        is_source, pre = self._state.numbers_of(projection.pre.all_cells)
        _, post = self._state.numbers_of(projection.post.all_cells)
        is_source, pre, post = is_source[projection.pre_index], pre[projection.pre_index], post[projection.post_index]
        delays = np.rint(projection.delay / self._state.dt).astype(np.int64)
        # A neuron that fires in a step does so at its end, where the next one begins.
        return Links(is_source, pre, post, delays + self.cells.lead[post] + ~is_source)

    def _keys(self, links: Links) -> list[Axon]:
        return list(zip(links.is_source.tolist(), links.pre.tolist(), links.steps.tolist(), strict=True))

    def _set_neurons(self) -> None:
        cells = self.cells
        self.net.neurons.set(
            threshold=cells.gathered("threshold_mv") / cells.unit_mv,
            reset=cells.gathered("reset_mv") / cells.unit_mv,
            bias=cells.gathered("offset_na") * cells.per_na,
            decay=cells.gathered("decay"), decay_syn=cells.decay_syn,
            refractory_ms=cells.gathered("refractory_ms"), refractory="hold",
        )  # fmt: skip

    def _connect(self) -> None:
        """Connect all, in groups of one kind of source, one delay, and plastic or not."""
        number = {pair: place for place, pair in enumerate(self.inputs)}
        groups: dict[tuple[bool, int, bool], list[tuple[Ints, Ints, Floats]]] = {}
        for projection, links in zip(self._state.projections, self.links, strict=True):
            weights = projection.weights()
            for steps in np.unique(links.steps).tolist():
                for kind in (True, False):
                    chosen = (links.steps == steps) & (links.is_source == kind)
                    pre = links.pre[chosen]
                    if kind:
                        pre = np.array([number[each, steps] for each in pre.tolist()], np.int64)
                    part = (pre, links.post[chosen], weights[chosen])
                    if len(pre):
                        groups.setdefault((kind, steps, projection.is_plastic), []).append(part)
        net = self.net
        for (kind, steps, plastic), parts in groups.items():
            source = net.inputs if kind else net.neurons
            table = _Table((len(source), len(net.neurons)), *map(np.concatenate, zip(*parts, strict=True)))
            delay = 0.0 if kind else steps * net.dt_ms
            net.connect(source, net.neurons, table, delay_ms=delay, plastic=plastic)  # type: ignore[arg-type]

    def _axons(self) -> dict[Axon, int]:
        """Return the row of each axon that is in use."""
        net = self.net
        found: dict[Axon, int] = {(True, *pair): place for place, pair in enumerate(self.inputs)}
        own = np.nan_to_num(net.parameters["delay_ms"] / net.dt_ms, nan=1.0)
        delays = [*own.tolist(), *(delay / net.dt_ms for delay in net.extra_delay_ms)]
        neurons = [*range(net.neuron_count), *net.extra_source]
        for place, (neuron, steps) in enumerate(zip(neurons, delays, strict=True)):
            found.setdefault((False, neuron, round(steps)), net.input_count + place)
        return found

    def _require_single_synapses(self) -> None:
        """Raise WiringRefusedError where a synapse that learns shares its place with another one."""
        taken = np.zeros(self.net.weights.shape, np.int64)
        for rows, links in zip(self.rows, self.links, strict=True):
            np.add.at(taken, (rows, links.post), 1)
        if ((taken > 1) & self.net.plastic).any():
            raise WiringRefusedError(
                "a synapse that learns and another one connect the same two cells with the same delay, and a chip has "
                "one weight for both; make one of them, or give them different delays"
            )

    def _learn(self) -> None:
        """Give synapses that learn their rules."""
        state, net = self._state, self.net
        plastic = [(p, links) for p, links in zip(state.projections, self.links, strict=True) if p.is_plastic]
        options = {"rate_hz": state.options.stdp_rate_hz, "seed": state.options.seed}
        rules: list[Rule] = [p.synapse_type.rule(state.dt, **options) for p, _ in plastic]
        if not rules:
            return
        if all(rule == rules[0] for rule in rules):
            net.learn(rules[0])
            return
        mask = net.plastic.copy()
        place = {pair: index for index, pair in enumerate(self.inputs)}
        for rule, (_, links) in zip(rules, plastic, strict=True):
            inputs = sorted({place[s, d] for is_source, s, d in self._keys(links) if is_source})
            neurons = np.unique(links.pre[~links.is_source]).tolist()
            targets = net.neurons[np.unique(links.post).tolist()]
            if inputs:
                net.learn(rule, between=(net.inputs[inputs], targets))
            if neurons:
                net.learn(rule, between=(net.neurons[neurons], targets))
        net.plastic[...] = mask  # `between` also names static connections of the same cells


class _Table:
    """Sparse matrix of weights, as `Network.connect` takes it."""

    def __init__(self, shape: tuple[int, int], row: Ints, col: Ints, data: Floats) -> None:
        self.shape, self.row, self.col, self.data = shape, row, col, data

    def tocoo(self) -> _Table:
        """Return itself."""
        return self
