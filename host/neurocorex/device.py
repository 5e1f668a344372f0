"""A chip, wherever it is: load a network, run it, read it back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from . import counters, loading
from .connection import Connect, Connection, Task
from .errors import DisconnectedError
from .image import PROGRAM, Image
from .items import Ints
from .loading import Progress
from .network import Network
from .quantise import Report, quantise
from .recording import Recorder, Recording
from .result import Result
from .spec import ChipInfo, Clear, CoreConfig, Op, Region
from .spec.protocol import CLEAR_ARGUMENTS
from .spec.registers import STATE
from .stimulus import Stimulus
from .streams import EventStream
from .transport import Transport


class Device:
    """One chip: the emulator, a simulated chip or a board; made by `neurocorex.open`.

    A device describes itself; nobody tells it what it is. After any error it can be used again, and if it went away it
    is opened again by the next call; then its network is gone and has to be loaded anew. A context manager.

    Parameters
    ----------
    transport : Transport, optional
        The way to the chip. Without it `connect` is called when it is needed.
    connect : callable, optional
        Opens a way to the chip, given the geometry that an elastic one should have, or None.
    elastic : bool
        Whether `load` replaces the chip by one that fits the image.
    baud : int, optional
        Rate to change to once the chip answers.
    timeout_s : float
        Silence after which the chip is asked whether it is still there, see `Link`.

    Attributes
    ----------
    interrupted : Result or None
        What had come when the last run was ended by KeyboardInterrupt: its complete steps, or samples.
    """

    def __init__(
        self,
        transport: Transport | None = None,
        *,
        connect: Connect | None = None,
        elastic: bool = False,
        baud: int | None = None,
        timeout_s: float = 0.5,
    ) -> None:
        given = [transport] if transport is not None else []

        def opened(config: CoreConfig | None) -> Transport:
            if given:
                return given.pop()
            if connect is None:
                raise DisconnectedError("the device is gone; open it again")
            return connect(config)

        self._connection = Connection(opened, baud=baud, timeout_s=timeout_s)
        self._elastic = elastic
        self._loaded: Image | None = None
        self._loaded_generation: int | None = None
        self._flags: tuple[int, Ints] | None = None
        self.interrupted: Result | None = None

    def __enter__(self) -> Device:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the chip; what it holds stays, unless it lives in this process or in a child of it."""
        self._connection.close()

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
        self._flags = None
        self._loaded_generation = -1  # until it is there as a whole
        loading.write(self._connection, fitted, progress)
        self._flags = (self._connection.generation, fitted.regions[Region.FLAGS])
        self._loaded, self._loaded_generation = image, self._connection.generation
        if verify:
            loading.verify(self._connection, fitted)
        return report

    def restore(self, image: Image) -> None:
        """Go on where a snapshot was taken, on whatever realisation; an image without state starts at zero."""
        self.load(image)

    def snapshot(self) -> Image:
        """Read everything that can be written: loaded again, here or elsewhere, it goes on bit for bit."""
        regions = self._connection.read(*PROGRAM, *STATE)
        loaded = self._loaded
        return Image(self.config, regions, loaded.scale if loaded else 1.0, loaded.meta if loaded else {})

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
        self._flags = None
        self._connection.perform(self._connection.writes(region, values))

    def weights(self) -> Ints:
        """Weights [A, N] of the network that was loaded: row a < M from input axon a, row M + j from neuron j."""
        table = self.read(Region.WEIGHTS)
        first = self.config.inputs
        return np.concatenate([table[: self.inputs], table[first : first + self.neurons]])[:, : self.neurons]

    def state(self) -> dict[Region, Ints]:
        """All state regions, [N] each, in sizes of the chip."""
        return self._connection.read(*STATE)

    def counters(self) -> dict[str, int]:
        """Counters of the chip by their names in lower case.

        With them come `synaptic_events` (arrivals times neurons) and `cycles` (`busy_cycles` and `stall_cycles`).
        """
        return counters.named(self.read(Region.COUNTERS), self.config)

    def clear(self, state: bool = True, counters: bool = False) -> None:
        """Set the state of all neurons, or all counters, to zero."""
        flags = (Clear.STATE if state else Clear(0)) | (Clear.COUNTERS if counters else Clear(0))
        self._connection.perform([Task(Op.CLEAR, CLEAR_ARGUMENTS.pack(flags))])

    # Running -----------------------------------------------------------------------------------

    def run(
        self,
        steps: int | None = None,
        spikes: EventStream | npt.ArrayLike | None = None,
        inject: npt.ArrayLike | None = None,
        record: str | Iterable[str] | Mapping[str, Any] = ("spikes",),
        *,
        clear: bool = False,
        progress: Progress | None = None,
    ) -> Result:
        """Run the network, in one exchange however many steps it takes.

        Parameters
        ----------
        steps : int, optional
            How many, of each sample; by default as many as the stimulus has. Further ones are silent.
        spikes : bool array [steps, M] or [samples, steps, M], or EventStream, optional
            Input spikes. Each sample starts from zero state; without that axis the run goes on where the last ended.
        inject : int array [steps, N] or [samples, steps, N], optional
            Currents added to neurons, in units of the chip (those of the network times `Image.scale`).
        record : names, or mapping of name to neurons
            Of "spikes", "v" (membranes) and "counts" (spikes, but only how many); a mapping says of which neurons, as
            in ``{"spikes": True, "v": [0, 3]}``.
        clear : bool
            Start from zero state.
        progress : callable, optional
            Called with (steps done, steps of all) from time to time.

        Raises
        ------
        InputError
            For a wrong shape, type or range; nothing has run then.
        DisconnectedError
            If the device went away, now or since the network was loaded.
        DeviceError
            See `Link.execute`.
        KeyboardInterrupt
            After the chip was stopped; `interrupted` has what came until then.
        """
        self._check_loaded()
        self.interrupted = None
        config = self.config
        stimulus = Stimulus.of(
            steps, spikes, inject, inputs=(self.inputs, config.inputs), neurons=(self.neurons, config.neurons),
            current_range=config.state_range, clear=clear,
        )  # fmt: skip
        recording = Recording.of(record, self.neurons)
        recorder = Recorder(stimulus.stream.steps, progress)
        present = self._present_flags()
        flags = recording.flags(present)
        before, after = bytearray(), bytearray()

        def tasks() -> Iterator[Task]:
            if not np.array_equal(flags, present):
                self._flags = None
                yield from self._connection.writes(Region.FLAGS, flags)
            yield Task.reading(Region.COUNTERS, config, before)
            yield from recorder.tasks(stimulus.stream, config.payload_bytes)
            yield Task.reading(Region.COUNTERS, config, after)

        def result(stream: EventStream, spent: dict[str, int]) -> Result:
            sample_steps = None if stimulus.samples is None else stimulus.steps
            return Result.from_stream(
                stream, neurons=self.neurons, sample_steps=sample_steps, recording=recording, counters=spent,
                dt_ms=self._dt_ms,
            )  # fmt: skip

        try:
            self._connection.perform(tasks())
        except KeyboardInterrupt:
            self.interrupted = result(recorder.stream(partial=True), {})
            raise
        self._flags = (self._connection.generation, flags)
        return result(recorder.stream(), counters.spent(before, after, config))

    # Details -----------------------------------------------------------------------------------

    @property
    def _dt_ms(self) -> float:
        """Length of a step, if the image says so; its meta may hold anything."""
        told = self._loaded.meta.get("dt_ms") if self._loaded else None
        return float(told) if isinstance(told, int | float) and told > 0 else 1.0

    def _geometry_for(self, net: Network) -> CoreConfig | None:
        """Return the geometry to quantise for: the numbers of this chip, and as many neurons as the network has."""
        if self._elastic:
            return None
        return replace(self.config, inputs=net.input_count, neurons=net.neuron_count)

    def _check_loaded(self) -> None:
        if self._loaded_generation not in (None, self._connection.generation):
            raise DisconnectedError(
                "the network is gone: the device went away, or was lost while loading; load it again"
            )

    def _present_flags(self) -> Ints:
        """Return the flags of all neurons, read only if this host does not know them."""
        if self._flags is None or self._flags[0] != self._connection.generation:
            self._flags = (self._connection.generation, self.read(Region.FLAGS))
        return self._flags[1]
