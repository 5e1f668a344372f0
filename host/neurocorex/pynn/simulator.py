"""State of the PyNN backend: populations and projections so far, the device, and the simulated time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pyNN.common import IDMixin
from pyNN.common.control import BaseState

from ..errors import InputError
from ..spec import CoreConfig
from ..spec.config import LIMITS

if TYPE_CHECKING:
    from ..quantiser.report import Report

name = "NeuroCoreX"

#: Longest delay of an axon on a chip, in steps; an arrival acts in the step that follows it.
LONGEST = max(LIMITS["max_delay"])


class ID(int, IDMixin):
    """Number of one cell, by which its parameters can be reached."""


@dataclass(frozen=True)
class Options:
    """Options of `setup` that concern the device.

    Attributes
    ----------
    device : str
        What `neurocorex.open` takes.
    config : CoreConfig or None
        Geometry of an emulator or a simulated chip; by default one that fits, with the widest weights and states.
    open_options : mapping
        Further options of `neurocorex.open`.
    seed : int
        Of spike sources, noise, and the random rounding of learning.
    stdp_rate_hz : float
        Rate of axons and neurons up to which the traces of STDP have room.
    """

    device: str = "emulator"
    config: CoreConfig | None = None
    open_options: Mapping[str, Any] | None = None
    seed: int = 1
    stdp_rate_hz: float = 100.0


class Runner(Protocol):
    """What runs a network; see `running.Run`, which needs the state and so stands behind it."""

    report: Report | None

    def advance(self, steps: int) -> None:
        """Run for some steps."""

    def weights_of(self, projection: Any) -> NDArray[np.float64] | None:
        """Return the weights of a projection that learns."""

    def restart(self) -> None:
        """Begin at time 0."""

    def close(self) -> None:
        """Release the device."""


class State(BaseState):
    """All that a script has made, and how far it has run. There is one for the process.

    Attributes
    ----------
    dt : float
        Time step in ms.
    step : int
        Steps since the last reset.
    ended : bool
        Whether `end` was called since the last `setup`.
    running : bool
        Whether any step has run since the last reset.
    populations, projections, current_sources : list
        In the order in which they were made.
    is_source, number : list
        For each cell, by its ID: whether it is a spike source, and its number among the sources or the neurons.
    start : callable
        Opens the device; set by `control`.
    changed : bool
        Whether something has changed that the chip does not hold yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mpi_rank, self.num_processes = 0, 1
        self.dt, self.step, self.segment_counter = 0.1, 0, -1
        self.min_delay_given: float | str = "auto"
        self.max_delay_given: float | str = "auto"
        self.options = Options()
        self.start: Callable[[State], Runner] | None = None
        self._run: Runner | None = None
        self.clear()

    def clear(self) -> None:
        """Forget the network, and release the device."""
        self.close()
        self.recorders: set[Any] = set()
        self.write_on_end: list[Any] = []
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.current_sources: list[Any] = []
        self.is_source: list[bool] = []
        self.number: list[int] = []
        self.segment_counter, self.running, self.ended = -1, False, False
        self.reset()

    def end(self) -> None:
        """Release the device; what was learned stays readable, and nothing runs until the next `setup`."""
        for projection in self.projections:
            learned = self.weights_of(projection) if projection.is_plastic else None
            if learned is not None:
                projection.keep(learned)
        self.ended = True
        self.close()

    def close(self) -> None:
        """Release the device, if one is open."""
        run, self._run = self._run, None
        if run is not None:
            run.close()

    def reset(self) -> None:
        """Return to time 0: states and weights as they were at first."""
        self.running, self.step, self.t_start, self.changed = False, 0, 0, True
        self.segment_counter += 1
        for projection in self.projections:
            projection.forget()
        for population in self.populations:
            population.forget()
        if self._run is not None:
            self._run.restart()

    # Time --------------------------------------------------------------------------------------

    @property
    def t(self) -> float:
        """Simulated time in ms."""
        return self.step * self.dt

    @property
    def shortest_delay(self) -> float:
        """Delay of connections that are given none, in ms."""
        return self.dt if isinstance(self.min_delay_given, str) else float(self.min_delay_given)

    @property
    def min_delay(self) -> float:
        """Shortest delay, in ms."""
        return self.shortest_delay

    @property
    def max_delay(self) -> float:
        """Longest delay, in ms: as given, or what axons of neurons can have."""
        return (LONGEST - 1) * self.dt if isinstance(self.max_delay_given, str) else float(self.max_delay_given)

    def run(self, simtime: float) -> None:
        """Run for some milliseconds."""
        self.run_until(self.t + simtime)

    def run_until(self, tstop: float) -> None:
        """Run until a time, rounded to the nearest step."""
        if self.ended:
            raise InputError("the simulation has ended; setup(...) begins another one")
        steps = round(tstop / self.dt) - self.step
        if self._run is None and self.start is not None:
            self._run = self.start(self)
        if self._run is not None:
            self._run.advance(max(steps, 0))

    # Cells -------------------------------------------------------------------------------------

    def add_cells(self, count: int, *, is_source: bool) -> tuple[int, int]:
        """Give numbers to new cells; return the first ID, and the first number among the neurons or the sources."""
        first, number = len(self.number), self.is_source.count(is_source)
        if number + count > max(LIMITS["inputs" if is_source else "neurons"]):
            what, limit = ("spike sources", "inputs") if is_source else ("neurons", "neurons")
            raise InputError(f"{number + count} {what}, and at most {max(LIMITS[limit])} can be built; take fewer")
        self.is_source += [is_source] * count
        self.number += range(number, number + count)
        return first, number

    def numbers_of(self, cells: Any) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Tell of some cells, by ID, whether each is a source, and its number among the sources or the neurons."""
        ids = np.array([int(cell) for cell in cells], np.int64)  # NumPy would ask an ID for attributes
        return np.array(self.is_source, np.bool_)[ids], np.array(self.number, np.int64)[ids]

    # What is on the chip -----------------------------------------------------------------------

    def weights_of(self, projection: Any) -> NDArray[np.float64] | None:
        """Return the weights of a projection as the chip holds them, in units of PyNN; None if it holds none."""
        return None if self._run is None else self._run.weights_of(projection)

    def report(self) -> Report:
        """Return the report of the network that was loaded last; raises InputError before the first run."""
        if self._run is None or self._run.report is None:
            raise InputError("there is no report yet: the network is made into integers by the first run(...)")
        return self._run.report


#: The state of this process.
state = State()
