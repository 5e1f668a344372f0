"""Projections of the PyNN backend: connections as columns, made by any connector of PyNN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common
from pyNN.space import Space

from . import simulator
from .refusal import NotOnChipError, WiringRefusedError
from .synapses import StaticSynapse, STDPMechanism

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Connection(common.Connection):
    """One connection of a projection."""

    def __init__(self, projection: Projection, place: int) -> None:
        self._projection, self._place = projection, place
        self.presynaptic_index = int(projection.pre_index[place])
        self.postsynaptic_index = int(projection.post_index[place])

    @property
    def weight(self) -> float:
        """Weight in nA, or in mV onto `IF_curr_delta`."""
        return float(self._projection.weights()[self._place])

    @weight.setter
    def weight(self, value: float) -> None:
        weights = self._projection.weights().copy()
        weights[self._place] = value
        self._projection.assign("weight", weights)

    @property
    def delay(self) -> float:
        """Delay in ms."""
        return float(self._projection.delay[self._place])

    @delay.setter
    def delay(self, value: float) -> None:
        delays = self._projection.delay.copy()
        delays[self._place] = value
        self._projection.assign("delay", delays)

    def as_tuple(self, *attribute_names: str) -> tuple[Any, ...]:
        """Return attributes by name."""
        return tuple(self._projection.column(name)[self._place] for name in attribute_names)


class Projection(common.Projection):
    """Connections between two groups of cells; parameters as of PyNN's.

    Attributes
    ----------
    pre_index, post_index : int array
        Positions of the cells of each connection within `pre` and `post`.
    weight, delay : float array
        As given, in units of PyNN.
    learned : float array or None
        Weights as they were learned, when the chip was last given something else.
    """

    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self, presynaptic_population: Any, postsynaptic_population: Any, connector: Any, synapse_type: Any = None,
        source: str | None = None, receptor_type: str | None = None, space: Any = None, label: str | None = None,
    ) -> None:  # fmt: skip
        if hasattr(postsynaptic_population, "receptor_types") and not postsynaptic_population.receptor_types:
            raise WiringRefusedError(f"{postsynaptic_population.label} are spike sources, which have no synapses")
        super().__init__(
            presynaptic_population, postsynaptic_population, connector, synapse_type, source, receptor_type,
            space or Space(), label,
        )  # fmt: skip
        if not isinstance(self.synapse_type, StaticSynapse | STDPMechanism):
            raise NotOnChipError(
                f"synapses are StaticSynapse or STDPMechanism of this backend, got {self.synapse_type!r}"
            )
        if self.is_plastic and self.receptor_type != "excitatory":
            raise NotOnChipError(
                "STDP is for excitatory synapses: the bounds of an inhibitory weight are no w_min and w_max of PyNN"
            )
        self._parts: list[tuple[Ints, Ints, Floats, Floats]] = []
        connector.connect(self)
        empty: list[Any] = [np.empty(0, np.int64)] * 2 + [np.empty(0)] * 2
        columns = zip(empty, *self._parts, strict=True)
        self.pre_index, self.post_index, self.weight, self.delay = (np.concatenate(column) for column in columns)
        self.learned: Floats | None = None
        self._stale = True
        self.check_delays(self.delay)
        simulator.state.projections.append(self)
        simulator.state.changed = True

    def __len__(self) -> int:
        return len(self.pre_index)

    def __getitem__(self, i: int) -> Connection:
        return Connection(self, range(len(self))[i])

    @property
    def is_plastic(self) -> bool:
        """Whether its synapses learn."""
        return isinstance(self.synapse_type, STDPMechanism)

    @property
    def connections(self) -> Iterator[Connection]:
        """All connections, in the order in which they were made."""
        return (Connection(self, place) for place in range(len(self)))

    # Weights, as given and as learned ----------------------------------------------------------

    def weights(self) -> Floats:
        """Return the weights now, in units of PyNN: as given, or as the chip has learned them."""
        held = None if self._stale or not self.is_plastic else simulator.state.weights_of(self)
        if held is not None:
            return held
        return self.weight if self.learned is None else self.learned

    def keep(self, learned: Floats) -> None:
        """Keep what was learned, while the chip is given something else."""
        if not self._stale:
            self.learned = learned

    def loaded(self) -> None:
        """Note that the chip holds these connections."""
        self._stale = False

    def forget(self) -> None:
        """Forget what was learned."""
        self.learned, self._stale = None, True

    def assign(self, name: str, values: Floats) -> None:
        """Set the weight or delay of every connection; raises WiringRefusedError for a delay that cannot be."""
        if name == "weight":
            self.weight, self.learned, self._stale = values, None, True
        elif name == "delay":
            self.check_delays(values)
            self.delay = values
        else:
            raise NotOnChipError(
                f"{name} of a projection cannot be set once it is made; weight and delay can, and reset() starts anew"
            )
        simulator.state.changed = True

    def check_delays(self, delays: Floats) -> None:
        """Raise WiringRefusedError for delays in ms that a chip cannot have."""
        dt, most = simulator.state.dt, simulator.LONGEST - 1
        steps = np.rint(delays / dt)
        if not (steps >= 1).all():
            raise WiringRefusedError(f"delays must be at least one time step, {dt:g} ms, got {np.min(delays):g}")
        from_source, _ = simulator.state.numbers_of(self.pre.all_cells)
        wrong = delays[(steps > most) & ~from_source[self.pre_index]]
        if wrong.size:
            raise WiringRefusedError(
                f"axons of neurons have delays up to {most} time steps, {most * dt:g} ms, got {wrong[0]:g} ms; take "
                f"setup(timestep={wrong.max() / most:.2g}) or more, or a shorter delay (of spike sources any will do)"
            )

    # What PyNN asks for ------------------------------------------------------------------------

    def _convergent_connect(
        self, presynaptic_indices: Any, postsynaptic_index: int, location_selector: Any = None,
        **connection_parameters: Any,
    ) -> None:  # fmt: skip
        if location_selector is not None:
            raise NotOnChipError(f"neurons of a chip are points without locations, got {location_selector!r}")
        pre = np.atleast_1d(np.asarray(presynaptic_indices, np.int64))
        weight, delay = (
            np.broadcast_to(np.asarray(connection_parameters[name], np.float64), pre.shape)
            for name in ("weight", "delay")
        )
        self._parts.append((pre, np.full(pre.shape, postsynaptic_index, np.int64), weight, delay))

    def column(self, name: str) -> NDArray[Any]:
        """Return an attribute of all connections by name."""
        if name == "weight":
            return self.weights()
        given = {"presynaptic_index": self.pre_index, "postsynaptic_index": self.post_index, "delay": self.delay}
        if name in given:
            return np.asarray(given[name])
        constants = {"dendritic_delay_fraction": 0.0, **self.synapse_type.constants()} if self.is_plastic else {}
        return np.full(len(self), constants[name])

    def _get_attributes_as_list(self, names: list[str]) -> list[tuple[Any, ...]]:
        return list(zip(*(self.column(name).tolist() for name in names), strict=True))

    def _get_attributes_as_arrays(self, names: list[str], multiple_synapses: str = "sum") -> list[Floats]:
        found = []
        at = (self.pre_index, self.post_index)
        for name in names:
            values, table = self.column(name).astype(np.float64), np.full(self.shape, np.nan)
            table[tuple(index[::-1] for index in at)] = values[::-1]  # the first of several stays
            if multiple_synapses == "last":
                table[at] = values
            elif multiple_synapses == "sum":
                table[at] = 0.0
                np.add.at(table, at, values)
            elif multiple_synapses != "first":
                (np.minimum if multiple_synapses == "min" else np.maximum).at(table, at, values)
            found.append(table)
        return found

    def _set_attributes(self, parameter_space: Any) -> None:
        parameter_space.evaluate(simplify=False)
        for name, values in parameter_space.items():
            self.assign(name, np.asarray(values, np.float64)[self.pre_index, self.post_index])

    def _set_initial_value_array(self, variable: str, initial_value: Any) -> None:
        raise NotOnChipError(f"synapses have no state that could begin elsewhere than at 0, got {variable!r}")
