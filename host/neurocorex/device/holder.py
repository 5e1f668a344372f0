"""The memories of a chip, and the network that is in them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..image import Image, program_regions, state_regions
from ..network.network import Network
from ..quantiser.quantise import Report, quantise
from ..quantiser.tuning import SCHEDULE, schedule_of
from ..spec import ChipInfo, Clear, Control, CoreConfig, LearningFlag, Op, Region
from ..spec.protocol import CLEAR_ARGUMENTS, WRITE_ARGUMENTS
from ..wire.link import Link
from ..wire.regions import Ints
from . import counters as counting
from . import loading
from .changes import gate_bits, modulation_bits, require_learning
from .connection import Connection, Task
from .learned import drift_of, effective
from .loading import Progress


class Traces(NamedTuple):
    """Traces of axons, int array [A], and of neurons, int array [N]; of a window the last steps as bits."""

    pre: Ints
    post: Ints


class Holder:
    """One chip as something that holds a network: load it, read it back, change it between runs.

    Parameters
    ----------
    connection : Connection
        The way to the chip.
    elastic : bool
        Whether `load` replaces the chip by one that fits the image.
    """

    def __init__(self, connection: Connection, *, elastic: bool = False) -> None:
        self._connection = connection
        self._elastic = elastic
        self._loaded: Image | None = None
        self._loaded_generation: int | None = None
        self._loaded_age = 0  # steps since then
        self._flags: tuple[int, Ints] | None = None
        self._learning_flags: tuple[int, int] | None = None
        self._part: tuple[int, CoreConfig] | None = None

    # What it is --------------------------------------------------------------------------------

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself."""
        return self._connection.info

    @property
    def config(self) -> CoreConfig:
        """Geometry of the chip."""
        return self.info.config

    @property
    def link(self) -> Link:
        """The exchanges with the chip, see `Connection.link`."""
        return self._connection.link

    @property
    def elastic(self) -> bool:
        """Whether `load` replaces the chip by one that fits: software without a geometry of its own."""
        return self._elastic

    @property
    def inputs(self) -> int:
        """Input axons of the network that was loaded last, or of the chip if none was."""
        return (self._loaded or self.info).config.inputs

    @property
    def neurons(self) -> int:
        """Neurons of the network that was loaded last, or of the chip if none was."""
        return (self._loaded or self.info).config.neurons

    # Memories ----------------------------------------------------------------------------------

    def load(
        self,
        source: Network | Image | str | os.PathLike[str],
        *,
        verify: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Put a network onto the chip; its state goes to zero, or to that of a snapshot.

        Parameters
        ----------
        source : Network, Image or path
            A network is quantised for this chip; an image for a smaller chip is placed in the corner of this one.
        verify : bool
            Read everything back and compare.
        progress : callable, optional
            Called with (requests done, requests of all).

        Returns
        -------
        Report
            What was rounded, clipped or is suspicious.

        Raises
        ------
        FitError
            If it has no room here.
        FileFormatError
            If the file cannot be used.
        DeviceError
            If the chip holds something else than what was written, see also `Link.execute`.
        """
        if isinstance(source, Network):
            image, report = quantise(source, self._geometry_for(source))
        else:
            image = source if isinstance(source, Image) else Image.load(Path(source))
            report = Report.of(image)
        if self._elastic:
            self._connection.adapt(image.config)
        fitted = image.fit(self.config)
        self._flags = self._learning_flags = self._part = None
        self._loaded_generation = -1  # until it is there as a whole
        loading.write(self._connection, fitted, progress)
        self._flags = (self._connection.generation, fitted.regions[Region.FLAGS])
        self._part = (self._connection.generation, fitted.used)
        if self.config.learning:
            flags = int(fitted.regions[Region.CONTROL][Control.LEARNING])
            self._learning_flags = (self._connection.generation, flags)
        self._loaded, self._loaded_generation, self._loaded_age = image, self._connection.generation, 0
        if verify:
            loading.verify(self._connection, fitted)
        return report

    def restore(self, image: Image) -> None:
        """Go on where a snapshot was taken, on whatever realisation; an image without state starts at zero."""
        self.load(image)

    def snapshot(self) -> Image:
        """Read everything that can be written: loaded again, here or elsewhere, it goes on bit for bit."""
        regions = self._connection.read(*program_regions(self.config), *state_regions(self.config))
        loaded = self._loaded
        if loaded is None:
            return Image(self.config, regions)
        ahead = [[step - self._loaded_age, *rest] for step, *rest in self._schedule if step >= self._loaded_age]
        meta = {**loaded.meta, SCHEDULE: ahead} if ahead else {k: v for k, v in loaded.meta.items() if k != SCHEDULE}
        return Image(self.config, regions, loaded.scale, meta)

    def read(self, region: Region) -> Ints:
        """Read a whole region: [A, N] for the weights, one dimension for all others; in sizes of the chip."""
        return self._connection.read(region)[region]

    def write(self, region: Region, values: npt.ArrayLike) -> None:
        """Write a whole region.

        Raises
        ------
        InputError
            If it cannot be written, or for a wrong shape, type or range; nothing has been written then.
        """
        self._flags = self._learning_flags = self._part = None
        self._connection.perform(self._connection.writes(region, values))

    def weights(self) -> Ints:
        """Weights [A, N] of the network that was loaded, as they act now.

        Row a < M is from input axon a, row M + j from neuron j, the rows behind those from extra axons. The drift of a
        chip that learns is in them; `read` has what is stored.
        """
        regions = self._connection.read(Region.CONTROL, Region.WEIGHTS)
        table, drift = regions[Region.WEIGHTS], drift_of(regions[Region.CONTROL], self.config)
        table = table.reshape(self.config.axons, self.config.neurons)
        if drift:
            table = effective(table, self._plastic(), drift, self.config)
        return self._cropped(table)

    def plastic(self) -> npt.NDArray[np.bool_]:
        """Tell which synapses learn, bool [A, N] in the order of `weights`."""
        return self._cropped(self._plastic()).astype(np.bool_)

    def traces(self) -> Traces:
        """Read the traces of the axons and neurons of the network that was loaded; zeros if the chip does not learn."""
        if not self.config.learning:
            return Traces(np.zeros(len(self._rows), np.int32), np.zeros(self.neurons, np.int32))
        traces = self._connection.read(Region.PRE_TRACE, Region.POST_TRACE)
        return Traces(traces[Region.PRE_TRACE][self._rows], traces[Region.POST_TRACE][: self.neurons])

    def state(self) -> dict[Region, Ints]:
        """State of the neurons, and of axons and neurons that learn: one dimension each, in sizes of the chip."""
        return self._connection.read(*state_regions(self.config))

    def counters(self) -> dict[str, int]:
        """Counters of the chip by their names in lower case.

        With them come `synaptic_events` (arrivals times neurons) and `cycles` (`busy_cycles` and `stall_cycles`).
        """
        return counting.named(self.read(Region.COUNTERS), self.config)

    def clear(
        self, state: bool = True, counters: bool = False, *, traces: bool | None = None, adaptation: bool | None = None
    ) -> None:
        """Set something to zero; weights stay.

        Parameters
        ----------
        state : bool
            Membranes, currents, refractory periods, and spikes that are on their way.
        counters : bool
            All counters.
        traces, adaptation : bool, optional
            Traces of axons and neurons; raised thresholds. By default as `state`.
        """
        flags = Clear(0)
        for flag, wanted in (
            (Clear.STATE, state), (Clear.COUNTERS, counters), (Clear.TRACES, state if traces is None else traces),
            (Clear.ADAPTATION, state if adaptation is None else adaptation),
        ):  # fmt: skip
            flags |= flag if wanted else Clear(0)
        self._connection.perform([Task(Op.CLEAR, CLEAR_ARGUMENTS.pack(flags))])

    # Learning ----------------------------------------------------------------------------------

    def learning(self, enabled: bool) -> None:
        """Freeze the weights of a chip that learns, or let it go on. Traces go on in any case.

        Raises
        ------
        InputError
            If the chip does not learn; so do `gate` and `modulation`.
        """
        require_learning(self.config, "learning")
        flags = self._present_learning_flags() & ~int(LearningFlag.ENABLE)
        self._write_register(Control.LEARNING, flags | (int(LearningFlag.ENABLE) if enabled else 0))

    def gate(self, neuron: int | None) -> None:
        """Let only one neuron learn, or all again (None)."""
        require_learning(self.config, "the gate")
        self._write_register(Control.GATE, gate_bits(neuron, self.neurons))

    def modulation(self, factor: float) -> None:
        """Set the factor of all changes, the reward: -127 to 127, 1 is neutral."""
        require_learning(self.config, "modulation")
        self._write_register(Control.MODULATION, modulation_bits(factor))

    # Details -----------------------------------------------------------------------------------

    @property
    def _schedule(self) -> list[list[int]]:
        """Registers that the network changes by itself, in the first steps after it was loaded."""
        return schedule_of(self._loaded.meta) if self._loaded else []

    @property
    def _rows(self) -> Ints:
        """Rows that the axons of the network have on the chip."""
        own = (self._loaded or self.info).config
        kinds = (
            (0, own.inputs), (self.config.inputs, own.neurons),
            (self.config.inputs + self.config.neurons, own.extra_axons),
        )  # fmt: skip
        return np.concatenate([first + np.arange(count) for first, count in kinds])

    def _cropped(self, table: Ints) -> Ints:
        """Cut a table [A, N] of the chip to the network."""
        if self._loaded is None or self._loaded.config == self.config:
            return table
        return table[self._rows, : self.neurons]

    def _plastic(self) -> Ints:
        """Plastic flags [A, N] in sizes of the chip."""
        shape = (self.config.axons, self.config.neurons)
        return self.read(Region.PLASTIC).reshape(shape) if self.config.learning else np.zeros(shape, np.int32)

    def _write_register(self, register: Control, value: int) -> None:
        payload = WRITE_ARGUMENTS.pack(Region.CONTROL, 0, register) + value.to_bytes(4, "little")
        self._connection.perform([Task(Op.WRITE, payload)])
        if register is Control.LEARNING:
            self._learning_flags = (self._connection.generation, value)

    def _present_learning_flags(self) -> int:
        """Return the register `LEARNING`, read only if this host does not know it."""
        if self._learning_flags is None or self._learning_flags[0] != self._connection.generation:
            self._learning_flags = (self._connection.generation, int(self.read(Region.CONTROL)[Control.LEARNING]))
        return self._learning_flags[1]

    def _geometry_for(self, net: Network) -> CoreConfig | None:
        """Return the geometry to quantise for: the numbers of this chip, and as many neurons as the network has."""
        if self._elastic:
            return None
        return replace(self.config, inputs=net.input_count, neurons=net.neuron_count)

    def _present_flags(self) -> Ints:
        """Return the flags of all neurons, read only if this host does not know them."""
        if self._flags is None or self._flags[0] != self._connection.generation:
            self._flags = (self._connection.generation, self.read(Region.FLAGS))
        return self._flags[1]

    def _used(self) -> CoreConfig:
        """Return the geometry of the part of the chip in use, read only if this host does not know it."""
        if self._part is None or self._part[0] != self._connection.generation:
            self._part = (self._connection.generation, self.config.in_use(*self.read(Region.IN_USE).tolist()))
        return self._part[1]
