"""Memories of a device: raw regions of the chip, and what they mean for the loaded network, in its units."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ..image import Image, state_regions
from ..network.population import Population
from ..spec import Clear, Control, LearningFlag, Region
from ..spec.registers import NOBODY
from ..wire.regions import Items
from . import counters as counting
from .contents import Contents, Traces
from .drawing import pattern_items
from .matrix import WeightMatrix
from .session import Session
from .standing import setting
from .synapses import WeightsSet
from .teaching import context_bits, gate_bits, modulation_bits, require_learning
from .turn import Turn
from .units import is_chip

#: What names inputs or neurons: see `neurocorex.network.selection.indices_of`.
Selection = Population | slice | int | npt.ArrayLike


class Memories:
    """Memories of one chip: the part of a `Device` that reads and writes them.

    What is "of the network" has its shape, also on a larger chip, and its units, unless ``units="chip"`` asks for the
    integers that the chip holds. `read` and `write` are raw: whole regions of the chip, integers.

    One call at a time: calls of other threads wait for their turn, those of a callback are refused. After an error all
    that needs a known chip is refused until it is known again; docs/devices.md has the table.

    Parameters
    ----------
    session : Session
        With the chip.
    turn : Turn
        Of the callers.
    """

    def __init__(self, session: Session, turn: Turn) -> None:
        self._session, self._turn = session, turn
        self._contents = Contents(session)
        self._matrix = WeightMatrix(self._contents)

    def read(self, region: Region) -> Items:
        """Read a whole region, in sizes of the chip: [A, N] of synapses, [contexts, N] of contexts, else one row."""
        with self._reading("read"):
            return self._contents.read(region)[region]

    def write(self, region: Region, values: npt.ArrayLike) -> None:
        """Write a whole region, in sizes of the chip; raises InputError, and writes nothing, if the values do not fit.

        Weights in the units and the shape of the network are written by `set_weights`.
        """
        with self._turn.taken("write"):
            self._contents.write(region, values)

    def store_patterns(self, rates: npt.ArrayLike) -> None:
        """Put rates of inputs onto a chip with patterns, which ``run(patterns=[3, 1], steps=20)`` plays by number.

        They stay until a network is loaded, or others are stored; those with higher numbers stay as they are.

        Parameters
        ----------
        rates : float array [P, M]
            Probability of a spike in a step, 0 to 1, of each pattern and input; rounded to the `rate_bits` of the chip.

        Raises
        ------
        InputError
            For a wrong shape or range, or if the chip has too few patterns.
        """
        with self._reading("store_patterns"):
            contents = self._contents
            inputs = contents.network.inputs or contents.geometry.inputs
            items = pattern_items(rates, inputs, contents.config)
            stored = contents.read(Region.RATES)[Region.RATES].copy()
            stored[: len(items)] = items
            contents.write(Region.RATES, stored)

    def state(self) -> dict[Region, Items]:
        """State of the neurons, and of axons and neurons that learn: raw regions, in sizes of the chip."""
        with self._reading("state"):
            return self._contents.read(*state_regions(self._contents.config))

    # Of the network ----------------------------------------------------------------------------

    def weights(self, *, units: str = "network") -> npt.NDArray[Any]:
        """Weights [A, N] of the network that was loaded, as they are now.

        Row a < M is from input axon a, row M + j from neuron j, the rows behind those from extra axons.

        Parameters
        ----------
        units : {"network", "chip"}
            "network": float64, ``(integer << gain) / scale``, with the scale of the neuron and the gain of the axon;
            for a feedback axon ``integer / scale`` with the scale of errors. A
            network of integers that fit has the same numbers in both. "chip": the integers.

        Raises
        ------
        InputError
            For units of the network if nothing was loaded.
        """
        with self._reading("weights"):
            return self._matrix.read(units)

    def set_weights(
        self,
        weights: Any,
        source: Selection | None = None,
        target: Selection | None = None,
        *,
        units: str = "network",
    ) -> WeightsSet:
        """Set weights of the network that was loaded: all, a block, or single synapses. All others stay.

        Which synapses learn does not change. Only what is named is sent to the chip.

        Parameters
        ----------
        weights : array [A, N], number, list of (pre, post, weight), or sparse matrix
            An array as `weights` returns it, or of the shape of the block; one number for all of it; or the synapses
            of a list, or of a sparse matrix, where `pre` and `post` count within the block. In a list without a block
            they may also be populations, slices or lists of rows, so that an entry is a block: (source, target, array).
        source : population, or rows of the matrix, optional
            Axons of the block, as a slice, list or bool array [A]; a population stands for the rows of its axons.
        target : population, slice, list or bool array [N], optional
            Neurons of the block.
        units : {"network", "chip"}
            "network": rounded to the nearest integers of the chip, half to even. "chip": these integers.

        Returns
        -------
        WeightsSet
            What was rounded.

        Raises
        ------
        InputError
            For a wrong shape, a place that does not exist or is named twice, or a weight that is not finite or is
            beyond the range of the chip; nothing has been written then.

        Examples
        --------
        >>> device.set_weights(0.5 * device.weights())  # doctest: +SKIP
        >>> device.set_weights(0.0, net.inputs, net.neurons[0:4])  # doctest: +SKIP
        >>> device.set_weights([(0, 3, 0.25), (1, 3, -0.5)])  # doctest: +SKIP
        """
        with self._turn.taken("set_weights"):
            return self._matrix.write(weights, source, target, units)

    def plastic(self) -> npt.NDArray[np.bool_]:
        """Tell which synapses learn, bool [A, N] in the order of `weights`."""
        with self._reading("plastic"):
            return self._contents.plastic()

    def membranes(self, *, units: str = "network") -> npt.NDArray[Any]:
        """Membranes [N] of the network that was loaded, now: float64, or integers with ``units="chip"``."""
        with self._reading("membranes"):
            return self._states(units, Region.MEMBRANE)

    def thresholds(self, *, units: str = "network") -> npt.NDArray[Any]:
        """Thresholds [N] above which neurons fire now, adaptation included; units as `membranes`."""
        with self._reading("thresholds"):
            adapts = self._contents.config.adaptation
            return self._states(units, Region.THRESHOLD, *([Region.ADAPTATION] if adapts else []))

    def errors(self, *, units: str = "network") -> npt.NDArray[Any]:
        """Errors [N] that neurons have gathered since the last LEARN; 0 on a chip without errors.

        In the units of the feedback weights, float64, or integers with ``units="chip"``.
        """
        with self._reading("errors"):
            contents = self._contents
            own, neurons = None if is_chip(units) else contents.units(), contents.geometry.neurons
            held = contents.read(Region.ERROR)[Region.ERROR] if contents.config.errors else np.zeros(neurons, np.int32)
            return held[:neurons] if own is None else np.asarray(held[:neurons] / own.error_scale)

    def winners(self) -> npt.NDArray[np.int64]:
        """First neurons to fire, int64 [groups + 1], -1 where none has: of all groups, of group 1, of group 2, ...

        Only neurons in groups count, from the last clear on; see `Network.judge`. A chip without groups has no winner.
        """
        with self._reading("winners"):
            if not self._contents.config.groups:
                return np.array([-1])
            held = self._contents.read(Region.FIRST)[Region.FIRST].astype(np.int64)
            return np.where(held == NOBODY, -1, held)

    def traces(self) -> Traces:
        """Read the traces of the axons and neurons of the network that was loaded; zeros if the chip does not learn."""
        with self._reading("traces"):
            return self._contents.traces()

    def context(self, context: str | int) -> None:
        """Put a context in force, by its name or number, until another one is; see `Network.context`.

        Runs begin in it, unless they say otherwise; no clear changes it. A load puts the first in force.
        """
        with self._turn.taken("context"):
            config, names = self._contents.config, self._contents.network.contexts
            self._contents.set_register(Control.CONTEXT, context_bits(context, names, config))

    # As a whole --------------------------------------------------------------------------------

    def snapshot(self) -> Image:
        """Read everything that can be written: loaded again, here or elsewhere, it goes on bit for bit.

        Scales and shape of the network go with it, so that numbers stay in its units.
        """
        with self._reading("snapshot"):
            return self._contents.snapshot()

    def counters(self) -> dict[str, int]:
        """Counters by their names, `synaptic_events` (arrivals times neurons), and `cycles` (busy and stalled)."""
        with self._reading("counters"):
            return counting.named(self._contents.read(Region.COUNTERS)[Region.COUNTERS], self._contents.config)

    def clear(
        self, state: bool = True, counters: bool = False, *, traces: bool | None = None,
        adaptation: bool | None = None, errors: bool | None = None, winners: bool | None = None,
        tallies: bool | None = None,
    ) -> None:  # fmt: skip
        """Set something to zero; weights stay. Without arguments it gives up a run that was cut off.

        Parameters
        ----------
        state : bool
            Membranes, currents, refractory periods, and spikes that are on their way.
        counters : bool
            All counters.
        traces, adaptation, errors, winners, tallies : bool, optional
            Traces of axons and neurons; raised thresholds; errors of neurons; which neurons were the first to fire;
            counts and first steps of spikes. By default as `state`.
        """
        wanted = {
            Clear.STATE: state, Clear.COUNTERS: counters, Clear.TRACES: state if traces is None else traces,
            Clear.ADAPTATION: state if adaptation is None else adaptation,
            Clear.ERRORS: state if errors is None else errors,
            Clear.WINNERS: state if winners is None else winners,
            Clear.TALLIES: state if tallies is None else tallies,
        }  # fmt: skip
        with self._turn.taken("clear"):
            self._contents.clear(Clear(sum(flag for flag, is_wanted in wanted.items() if is_wanted)))

    # Learning ----------------------------------------------------------------------------------

    def learning(self, enabled: bool) -> None:
        """Freeze the weights of a chip that learns (other chips raise InputError), or not; traces go on in any case."""
        with self._turn.taken("learning"):
            require_learning(self._contents.config, "learning")
            present = int(self._contents.control(setting(Control.LEARNING))[Control.LEARNING])
            others = present & ~int(LearningFlag.ENABLE)
            self._contents.set_register(Control.LEARNING, others | (int(LearningFlag.ENABLE) if enabled else 0))

    def gate(self, neuron: int | Population | None) -> None:
        """Let only one neuron learn, a number or a population of one, or all again (None)."""
        with self._turn.taken("gate"):
            require_learning(self._contents.config, "the gate")
            self._contents.set_register(Control.GATE, gate_bits(neuron, self._contents.geometry.neurons))

    def modulation(self, factor: float) -> None:
        """Set the factor of all changes, the reward: -127 to 127, 1 is neutral."""
        with self._turn.taken("modulation"):
            require_learning(self._contents.config, "modulation")
            self._contents.set_register(Control.MODULATION, modulation_bits(factor))

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Have the turn for a call that needs to know what the chip holds."""
        with self._turn.taken(name):
            self._contents.standing.require()
            yield

    def _states(self, units: str, *regions: Region) -> npt.NDArray[Any]:
        own = None if is_chip(units) else self._contents.units()
        held, neurons = self._contents.read(*regions), self._contents.geometry.neurons
        items = np.sum([held[region][:neurons].astype(np.int64) for region in regions], axis=0)
        return items if own is None else own.states(items)
