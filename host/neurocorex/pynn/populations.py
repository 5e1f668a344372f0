"""Populations, views and assemblies of the PyNN backend: cells, their parameters and initial values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common
from pyNN import errors as pynn_errors
from pyNN.parameters import ParameterSpace, simplify

from . import simulator
from .cells import NEURONS, SOURCES, SpikeSourceArray, SpikeSourcePoisson
from .recording import Recorder
from .refusal import NotOnChipError, ParameterRefusedError
from .sources import check_rates, checked_times


class _Cells:
    """What populations and views share: parameters of some cells of a population."""

    celltype: Any
    all_cells: Any
    size: int

    @property
    def root(self) -> Population:
        """The population that these cells belong to."""
        part: Any = self
        while not isinstance(part, Population):
            part = part.parent
        return part

    @property
    def places(self) -> NDArray[np.int64]:
        """Positions of these cells in their population."""
        # By way of int: NumPy asks an ID for attributes, which PyNN looks for among its parameters.
        return np.array([int(cell) for cell in self.all_cells], np.int64) - int(self.root.first_cell)

    def _get_parameters(self, *names: str) -> Any:
        held = self.root.parameters
        for name in names:
            if name not in held:
                raise pynn_errors.NonExistentParameterError(name, self.celltype.__class__.__name__, list(held))
        chosen = {name: simplify(held[name][self.places]) for name in names}
        return ParameterSpace(chosen, self.celltype.get_schema(), shape=(self.size,))

    def _set_parameters(self, parameter_space: Any) -> None:
        parameter_space.evaluate(simplify=False)
        root = self.root
        wanted = {name: values.copy() for name, values in root.parameters.items()}
        for name, value in parameter_space.items():
            wanted[name][self.places] = value
        root.check(wanted)
        root.parameters = wanted
        if not root.is_source:
            simulator.state.changed = True

    def _set_initial_value_array(self, variable: str, initial_values: Any) -> None:
        root, held = self.root, self.root.initial
        if variable not in held:
            raise ParameterRefusedError(
                f"{variable!r} of {root.celltype.__class__.__name__} has no initial value; it has {', '.join(held)}"
            )
        held[variable][self.places] = initial_values.evaluate(simplify=False)
        if simulator.state.running:
            root.moved.setdefault(variable, np.zeros(root.size, np.bool_))[self.places] = True
        simulator.state.changed = True

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return PopulationView(self, selector, label)


class Assembly(common.Assembly):
    """Populations and views that are taken as one."""

    _simulator = simulator


class PopulationView(_Cells, common.PopulationView):
    """Some cells of a population."""

    _assembly_class = Assembly
    _simulator = simulator

    @property
    def initial_values(self) -> dict[str, Any]:
        """Initial values of these cells by variable."""
        return {name: values[self.places] for name, values in self.root.initial.items()}


class Population(_Cells, common.Population):
    """Cells of one type; parameters as of PyNN's.

    Attributes
    ----------
    parameters : dict of arrays [size]
        In the names and units of PyNN.
    initial : dict of arrays [size]
        Initial values by variable.
    moved : dict of bool arrays [size]
        Where a variable was initialised since the last run, after time 0.
    first_cell, first : int
        ID of the first cell as a plain number, and its number among all neurons, or among all sources.
    """

    _simulator = simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    def _create_cells(self) -> None:
        if not isinstance(self.celltype, (*NEURONS, *SOURCES)):
            names = ", ".join(each.__name__ for each in (*NEURONS, *SOURCES))
            raise NotOnChipError(f"a population takes the cell types {names} of this backend, got {self.celltype!r}")
        self.first_cell, self.first = simulator.state.add_cells(self.size, is_source=self.is_source)
        self.all_cells = np.array([simulator.ID(self.first_cell + k) for k in range(self.size)], dtype=simulator.ID)
        for cell in self.all_cells:
            cell.parent = self
        self._mask_local = np.ones(self.size, np.bool_)
        space = self.celltype.native_parameters
        space.shape = (self.size,)
        space.evaluate(simplify=False)
        self.parameters: dict[str, NDArray[Any]] = {name: np.array(value) for name, value in space.items()}
        self.check(self.parameters)
        self.initial = {name: np.zeros(self.size) for name in self.celltype.default_initial_values}
        self.moved: dict[str, NDArray[np.bool_]] = {}
        simulator.state.populations.append(self)
        simulator.state.changed = True

    @property
    def is_source(self) -> bool:
        """Whether these cells are spike sources, which have no state."""
        return isinstance(self.celltype, SOURCES)

    def forget(self) -> None:
        """Forget that initial values were given on the way."""
        self.moved = {}

    def check(self, parameters: dict[str, NDArray[Any]]) -> None:
        """Raise ParameterRefusedError for values of all parameters that cannot be."""
        dt = simulator.state.dt
        if isinstance(self.celltype, SpikeSourceArray):
            for times in parameters["spike_times"]:
                checked_times(times.value, dt)
        elif isinstance(self.celltype, SpikeSourcePoisson):
            check_rates(parameters["rate"], dt)
        else:
            self.celltype.dynamics(parameters, dt)
