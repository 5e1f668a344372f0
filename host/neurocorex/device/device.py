"""Device: one chip, wherever it is; load a network, run it, read it back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy.typing as npt

from ..errors import InputError
from ..events.stream import EventStream
from ..image import Image
from ..network.network import Network
from ..network.population import Population
from ..quantiser.quantise import Report, quantised, tell
from ..spec import ChipInfo, Clear, Control, CoreConfig, LearningFlag, Region
from ..wire.link import Link
from . import counters as counting
from .checkpoint import Checkpoint, CheckpointedRun
from .chip import Chip, Progress
from .injection import injected
from .memories import Memories
from .result import Result
from .run import Run
from .session import Connect, Session, once
from .source import Source
from .stimulus import Stimulus
from .teaching import Teaching, gate_bits, known, modulation_bits, require_learning
from .units import Units


class Device(Memories):
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
        super().__init__(Session(connect or once(chip)))
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

    # Networks ----------------------------------------------------------------------------------

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
            A network is quantised for this chip; an image for a smaller chip goes into the corner of this one.
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
        FitError, FileFormatError, InputError, DeviceError
            If it has no room here, the file cannot be used, the stimulus is not for this network, or the chip holds
            something else than what was written; see also `Chip`.
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
        self._contents.network.source = Source(source) if isinstance(source, Network) else None
        if not isinstance(source, Image) and not image.is_snapshot:  # what made these has told
            tell(report.alerts, image)
        return report

    def restore(self, image: Image) -> None:
        """Go on where a snapshot was taken, on whatever chip; an image without state starts at zero."""
        self.load(image)

    def snapshot(self) -> Image:
        """Read everything that can be written: loaded again, here or elsewhere, it goes on bit for bit.

        Scales and shape of the network go with it, so that numbers stay in its units.
        """
        return self._contents.snapshot()

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
        others = int(self._contents.control()[Control.LEARNING]) & ~int(LearningFlag.ENABLE)
        self._contents.set_register(Control.LEARNING, others | (int(LearningFlag.ENABLE) if enabled else 0))

    def gate(self, neuron: int | Population | None) -> None:
        """Let only one neuron learn, a number or a population of one, or all again (None)."""
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
        inject: npt.ArrayLike | Mapping[Any, npt.ArrayLike] | None = None,
        record: str | Iterable[str] | Mapping[str, Any] = ("spikes",),
        *,
        snapshot_every: int | None = None,
        counters: bool = True,
        progress: Progress | None = None,
        units: str | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int | None = None,
        **teaching: Unpack[Teaching],
    ) -> Result:
        """Run the network, in one exchange however many steps it takes.

        Parameters
        ----------
        steps : int, optional
            How many, of each sample; by default as many as the stimulus has. Further ones are silent.
        spikes : bool array [steps, M] or [samples, steps, M], or EventStream, optional
            Input spikes. Each sample starts from zero state; without that axis the run goes on where the last ended.
        inject : float array [steps, N] or [samples, steps, N], or mapping of neurons to array, optional
            Currents added to neurons, in units of the network; a mapping such as ``{net.neurons[0:4]: currents}`` has
            arrays [steps, K], or [steps] for all of them. Each current is rounded to the nearest integer of the chip,
            half to even; a warning tells if that changes what a neuron gets by more than 2 %.
        record : names, or mapping of name to neurons
            Of "spikes", "v" (membranes) and "counts" (spikes, but only how many); a mapping says of which neurons, as
            in ``{"spikes": True, "v": net.neurons[0:4]}``: a population, slice, list, number or bool array [N].
        snapshot_every : int, optional
            Steps from one reading of the weights to the next, for `Result.weights_over_time`; the first is before all.
        counters : bool
            Whether to read the counters, for `Result.counters`; many tiny runs are faster without.
        progress : callable, optional
            Called with (steps done, steps of all) from time to time.
        units : {"network", "chip"}, optional
            Units of `inject`, and of membranes and weights in the result. "chip": integers that the chip gets and
            holds. By default the network's; but an `inject` of integers, where both units differ, is taken in units
            of the chip as in earlier versions, with a FutureWarning. An EventStream has units of the chip.
        checkpoint : path, optional
            File that is written on the way, atomically, with all that is needed to go on: the same call goes on from
            it, in another process and on another device too, and returns the result of all steps. A file of a run that
            has ended stays, and gives its result again; delete it to run anew. See docs/devices.md.
        checkpoint_every : int, optional
            Steps from one checkpoint to the next, of all samples in a row.
        **teaching
            `teacher`, `modulation`, `gate`, `learning`, `adaptation`, `changes`, `clear`: see `Teaching`. None of them
            outlasts the run.

        Raises
        ------
        InputError
            For a wrong shape, type or range, or without a network; nothing has run then. A chip may hold one from an
            earlier session, which the logger `neurocorex` is told.
        DisconnectedError
            If the device went away, now or since the network was loaded.
        DeviceError
            See `Chip`.
        KeyboardInterrupt
            After the chip was stopped; `interrupted` has what came until then.
        """
        saving = Checkpoint.of(checkpoint, checkpoint_every)
        self._contents.require_network()
        self.interrupted = None
        network, config = self._contents.network, self.config
        result_units = self._contents.units_named(units)
        currents = injected(
            inject, result_units if network.units is None else units, network.units or Units.of_chip(config),
            steps=steps, limits=config.state_range,
        )  # fmt: skip
        stimulus = Stimulus.of(
            steps, spikes, currents, known(teaching).get("teacher"), network=self._contents.geometry, chip=config,
            image=network.image.config if network.image else None,
        )  # fmt: skip
        run = (Run if saving is None else partial(CheckpointedRun, saving))(
            self._contents, stimulus, teaching, record, snapshot_every=snapshot_every, counters=counters,
            progress=progress, units=result_units,
        )  # fmt: skip
        try:
            with self._session.exchange() as chip:
                run.perform(chip)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                self.interrupted = run.partial()
            run.note(error)
            run.undo()
            raise
        return run.finish()
