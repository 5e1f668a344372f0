"""Device: one chip, wherever it is; load a network, run it, read it back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.stream import EventStream
from ..image import Image, state_regions
from ..network.network import Network
from ..quantiser.quantise import Report, quantised, tell
from ..spec import ChipInfo, Clear, Control, CoreConfig, LearningFlag, Region
from ..wire.link import Link
from ..wire.regions import Items
from . import counters as counting
from .changes import Teaching, gate_bits, known, modulation_bits, require_learning
from .chip import Chip, Progress
from .contents import Contents, Traces
from .result import Result
from .run import Run
from .session import Connect, Session, once
from .stimulus import Stimulus


class Device:
    """One chip: the emulator, a simulated chip or a board; made by `neurocorex.open`. A context manager.

    A device describes itself; nobody tells it what it is. After any error it can be used again, and if it went away it
    is opened again by the next call; then its network is gone and has to be loaded anew.

    Parameters
    ----------
    chip : Chip, optional
        The chip, which cannot be opened again. Without it `connect` is called when it is needed.
    connect : callable, optional
        Opens a chip, given the geometry that an elastic device should have, or None.
    elastic : bool
        Whether `load` replaces the chip by one that fits the image.

    Attributes
    ----------
    elastic : bool
        As given: software without a geometry of its own.
    interrupted : Result or None
        What had come when the last run was ended by KeyboardInterrupt: its complete steps, or samples.
    """

    def __init__(self, chip: Chip | None = None, *, connect: Connect | None = None, elastic: bool = False) -> None:
        self._session = Session(connect or once(chip))
        self._contents = Contents(self._session)
        self.elastic = elastic
        self.interrupted: Result | None = None

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the chip; what it holds stays, unless it lives in this process or in a child of it."""
        self._session.close()

    # What it is --------------------------------------------------------------------------------

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself."""
        return self._session.info

    @property
    def config(self) -> CoreConfig:
        """Geometry of the chip."""
        return self.info.config

    @property
    def inputs(self) -> int:
        """Input axons of the network that was loaded last, or of the chip if none was."""
        return self._contents.geometry.inputs

    @property
    def neurons(self) -> int:
        """Neurons of the network that was loaded last, or of the chip if none was."""
        return self._contents.geometry.neurons

    @property
    def link(self) -> Link:
        """Link to a chip at the end of a wire, see `Chip.link`; raises DeviceError for an emulator in this process."""
        with self._session.exchange() as chip:
            return chip.link

    # Memories ----------------------------------------------------------------------------------

    def load(
        self,
        source: Network | Image | str | os.PathLike[str],
        *,
        verify: bool = False,
        progress: Progress | None = None,
        stimulus: EventStream | npt.ArrayLike | None = None,
    ) -> Report:
        """Put a network onto the chip; its state goes to zero, or to that of a snapshot.

        Parameters
        ----------
        source : Network, Image or path
            A network is quantised for this chip; an image for a smaller chip is placed in the corner of this one.
        verify : bool
            Read everything back and compare.
        progress : callable, optional
            Called with (pieces done, pieces of all).
        stimulus : bool array or EventStream, optional
            Spikes that inputs will get, see `quantise`.

        Returns
        -------
        Report
            What was rounded, clipped or is suspicious; of a network or file it is told by QuantisationWarning, too.

        Raises
        ------
        FitError
            If it has no room here.
        FileFormatError
            If the file cannot be used.
        DeviceError
            If the chip holds something else than what was written, see also `Chip`.
        """
        if isinstance(source, Network):
            config = None if self.elastic else self._contents.suited(source)
            image, report = quantised(source, config, stimulus=stimulus)
        elif stimulus is not None:
            raise InputError("a stimulus is for a network; an image has the room of its traces already")
        else:
            image = source if isinstance(source, Image) else Image.load(Path(source))
            report = Report.of(image)
        if self.elastic:
            self._session.adapt(image.config)
        self._contents.load(image, verify=verify, progress=progress)
        if not isinstance(source, Image):  # what made an image has told
            tell(report.alerts, image)
        return report

    def restore(self, image: Image) -> None:
        """Go on where a snapshot was taken, on whatever chip; an image without state starts at zero."""
        self.load(image)

    def snapshot(self) -> Image:
        """Read everything that can be written: loaded again, here or elsewhere, it goes on bit for bit."""
        return self._contents.snapshot()

    def read(self, region: Region) -> Items:
        """Read a whole region: [A, N] for the weights, one dimension for all others; in sizes of the chip."""
        return self._contents.read(region)[region]

    def write(self, region: Region, values: npt.ArrayLike) -> None:
        """Write a whole region; raises InputError, and writes nothing, for a wrong shape, type or range."""
        self._contents.write(region, values)

    def weights(self) -> Items:
        """Weights [A, N] of the network that was loaded, as they act now.

        Row a < M is from input axon a, row M + j from neuron j, the rows behind those from extra axons.
        """
        return self._contents.weights()

    def plastic(self) -> npt.NDArray[np.bool_]:
        """Tell which synapses learn, bool [A, N] in the order of `weights`."""
        return self._contents.plastic()

    def traces(self) -> Traces:
        """Read the traces of the axons and neurons of the network that was loaded; zeros if the chip does not learn."""
        return self._contents.traces()

    def state(self) -> dict[Region, Items]:
        """State of the neurons, and of axons and neurons that learn: one dimension each, in sizes of the chip."""
        return self._contents.read(*state_regions(self.config))

    def counters(self) -> dict[str, int]:
        """Counters by their names, `synaptic_events` (arrivals times neurons), and `cycles` (busy and stalled)."""
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
        wanted = {
            Clear.STATE: state, Clear.COUNTERS: counters, Clear.TRACES: state if traces is None else traces,
            Clear.ADAPTATION: state if adaptation is None else adaptation,
        }  # fmt: skip
        with self._session.exchange() as chip:
            chip.clear(Clear(sum(flag for flag, is_wanted in wanted.items() if is_wanted)))

    # Learning ----------------------------------------------------------------------------------

    def learning(self, enabled: bool) -> None:
        """Freeze the weights of a chip that learns (other chips raise InputError), or not; traces go on in any case."""
        require_learning(self.config, "learning")
        others = self._contents.learning_flags() & ~int(LearningFlag.ENABLE)
        self._contents.set_register(Control.LEARNING, others | (int(LearningFlag.ENABLE) if enabled else 0))

    def gate(self, neuron: int | None) -> None:
        """Let only one neuron learn, or all again (None)."""
        require_learning(self.config, "the gate")
        self._contents.set_register(Control.GATE, gate_bits(neuron, self.neurons))

    def modulation(self, factor: float) -> None:
        """Set the factor of all changes, the reward: -127 to 127, 1 is neutral."""
        require_learning(self.config, "modulation")
        self._contents.set_register(Control.MODULATION, modulation_bits(factor))

    # Running -----------------------------------------------------------------------------------

    def prepare(self, steps: int | None = None) -> None:
        """Do now what the first run in a process would do first: load compiled code.

        Runs do that by themselves. Call it before time is measured, or where the first answer has to come quickly;
        `steps` makes no difference.
        """
        with self._session.exchange() as chip:
            chip.prepare()

    def run(
        self,
        steps: int | None = None,
        spikes: EventStream | npt.ArrayLike | None = None,
        inject: npt.ArrayLike | None = None,
        record: str | Iterable[str] | Mapping[str, Any] = ("spikes",),
        *,
        snapshot_every: int | None = None,
        counters: bool = True,
        progress: Progress | None = None,
        **teaching: Unpack[Teaching],
    ) -> Result:
        """Run the network, in one exchange however many steps it takes.

        Parameters
        ----------
        steps : int, optional
            How many, of each sample; by default as many as the stimulus has. Further ones are silent.
        spikes : bool array [steps, M] or [samples, steps, M], or EventStream, optional
            Input spikes. Each sample starts from zero state; without that axis the run goes on where the last ended.
        inject : int array [steps, N] or [samples, steps, N], optional
            Currents added to neurons, in units of the chip: those of the network times `Image.scale`, or times
            `quantiser.populations.scales_of` the image if populations have scales of their own.
        record : names, or mapping of name to neurons
            Of "spikes", "v" (membranes) and "counts" (spikes, but only how many); a mapping says of which neurons, as
            in ``{"spikes": True, "v": [0, 3]}``.
        snapshot_every : int, optional
            Steps from one reading of the weights to the next, for `Result.weights_over_time`; the first is before all.
        counters : bool
            Whether to read the counters, for `Result.counters`; many tiny runs are faster without.
        progress : callable, optional
            Called with (steps done, steps of all) from time to time.
        **teaching
            `teacher`, `modulation`, `gate`, `learning`, `changes`, `clear`: see `Teaching`.

        Raises
        ------
        InputError
            For a wrong shape, type or range; nothing has run then.
        DisconnectedError
            If the device went away, now or since the network was loaded.
        DeviceError
            See `Chip`.
        KeyboardInterrupt
            After the chip was stopped; `interrupted` has what came until then.
        """
        self._contents.require_network()
        self.interrupted = None
        teacher = known(teaching).get("teacher")
        stimulus = Stimulus.of(steps, spikes, inject, teacher, network=self._contents.geometry, chip=self.config)
        run = Run(
            self._contents, stimulus, teaching, record, snapshot_every=snapshot_every, counters=counters,
            progress=progress,
        )  # fmt: skip
        try:
            with self._session.exchange() as chip:
                chip.run(run.stream, run.take, flags=run.flags, looks=run.looks)
        except KeyboardInterrupt:
            self.interrupted = run.partial()
            raise
        return run.finish()
