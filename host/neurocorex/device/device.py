"""Device: one chip, wherever it is; load a network, run it, read it back."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy.typing as npt

from ..errors import InputError, StateLostError
from ..events.stream import EventStream
from ..image import Image
from ..network.network import Network
from ..progress import Progress, Wanted, shown
from ..quantiser.inputs import require_axons
from ..quantiser.quantise import Report, quantised, tell
from ..spec import ChipInfo, CoreConfig
from ..wire.link import Link
from .chip import Chip
from .running import Running
from .session import Connect, Session, once
from .source import Source
from .summary import card_of, line_of
from .turn import Turn


class Device(Running):
    """One chip: the emulator, a simulated chip or a board; made by `neurocorex.open`. A context manager.

    A device describes itself; nobody tells it what it is. After any error it can be used again, and if it went away it
    is opened again by the next call; what is allowed then is in docs/devices.md. Threads take turns, one call
    at a time. A device belongs to the process that opened it.

    Parameters
    ----------
    chip : Chip, optional
        The chip, which cannot be opened again. Without it `connect` is called when it is needed.
    connect : callable, optional
        Opens a chip, given the geometry that an elastic device should have, or None.
    elastic : bool
        Whether `load` replaces the chip by one that fits the image.
    target : str
        Name by which it was opened.

    Attributes
    ----------
    elastic, target
        As given; elastic is software without a geometry of its own.
    interrupted : Result or None
        What had come when the last run was ended by an error, KeyboardInterrupt or cancellation: its complete steps, or
        samples, without counters. None if it came to its end.
    """

    def __init__(
        self,
        chip: Chip | None = None,
        *,
        connect: Connect | None = None,
        elastic: bool = False,
        target: str = "of a chip",
    ) -> None:
        turn, opener = Turn(), connect or once(chip)

        def connected(config: CoreConfig | None) -> Chip:
            chip = opener(config)
            turn.follow(chip.patience)
            return chip

        super().__init__(Session(connected), turn)
        self.elastic, self.target = elastic, target
        self._release = weakref.finalize(self, _released, self._session, turn)

    def __enter__(self) -> Device:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except Exception as late:
            if error is None:
                raise
            error.add_note(f"closing the device failed as well: {late}")

    def __repr__(self) -> str:  # asks nobody: it must not wait for another thread, nor talk to the chip
        return line_of(self.target, self._session, self._contents)

    def _repr_html_(self) -> str:
        return card_of(self.target, self._session, self._contents)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a device cannot be copied or pickled: it belongs to one process; open it where it is used")

    def close(self) -> None:
        """Release the chip; what it holds stays, unless it lives in this process or in a child of it.

        It waits for its turn: a run of another thread comes to its end first. Whoever waits longer finds a closed
        device. In a fork of the process it does nothing.
        """
        if not self._turn.is_ours:
            return
        with self._turn.taken("close"):
            self._contents.standing.closed()
            self._release.detach()
            self._session.close()

    @property
    def deadline_s(self) -> float | None:
        """Seconds that any call may take, waiting for its turn included; None: no limit. Can be set.

        A call that takes longer ends with NoAnswerError. A deadline given to a call counts instead; `math.inf` is none.
        """
        return self._turn.deadline_s

    @deadline_s.setter
    def deadline_s(self, seconds: float | None) -> None:
        self._turn.deadline_s = seconds

    # What it is --------------------------------------------------------------------------------

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself."""
        with self._turn.taken("info", is_fact=True):
            return self._session.info

    @property
    def config(self) -> CoreConfig:
        """Geometry of the chip."""
        with self._turn.taken("config", is_fact=True):
            return self._contents.config

    @property
    def inputs(self) -> int:
        """Inputs of the network that was loaded last, or input axons of the chip if none was."""
        with self._turn.taken("inputs", is_fact=True):
            return self._contents.network.inputs or self._contents.geometry.inputs

    @property
    def neurons(self) -> int:
        """Neurons of the network that was loaded last, or of the chip if none was."""
        with self._turn.taken("neurons", is_fact=True):
            return self._contents.geometry.neurons

    @property
    def link(self) -> Link:
        """Link to a chip at the end of a wire, see `Chip.link`; raises DeviceError for an emulator in this process."""
        with self._turn.taken("link"), self._session.exchange() as chip:
            return chip.link

    # Networks ----------------------------------------------------------------------------------

    def load(
        self,
        source: Network | Image | str | os.PathLike[str],
        *,
        verify: bool = False,
        progress: Wanted = None,
        stimulus: EventStream | npt.ArrayLike | None = None,
        deadline_s: float | None = None,
    ) -> Report:
        """Put a network onto the chip; its state goes to zero, or to that of a snapshot.

        Whatever happened before, everything is known afterwards. A load that fails leaves the old network, if it failed
        before anything was sent, and otherwise none.

        Parameters
        ----------
        source : Network, Image or path
            A network is quantised for this chip; an image for a smaller chip goes into the corner of this one.
        verify : bool
            Read everything back and compare.
        progress : callable or bool, optional
            Called with (pieces done, pieces of all). By default a bar appears in terminals and notebooks after two
            seconds; False: none.
        stimulus : bool array or EventStream, optional
            Spikes that inputs will get, see `quantise`.
        deadline_s : float, optional
            Seconds that the call may take, by default `deadline_s`.

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
        with self._turn.taken("load", deadline_s), shown("loading", progress) as told:
            try:
                return self._loaded(source, stimulus, verify, told)
            except StateLostError:  # found only now; what is lost is being replaced anyway
                return self._loaded(source, stimulus, verify, told)

    def restore(self, image: Image) -> None:
        """Go on where a snapshot was taken, on whatever chip; an image without state starts at zero."""
        self.load(image)

    def _loaded(
        self,
        source: Network | Image | str | os.PathLike[str],
        stimulus: EventStream | npt.ArrayLike | None,
        verify: bool,
        progress: Progress | None,
    ) -> Report:
        """Load once."""
        image, report = self._quantised(source, stimulus)
        if self.elastic:
            self._session.adapt(image.config)
        self._contents.load(image, verify=verify, progress=progress)
        self._contents.network.source = Source(source) if isinstance(source, Network) else None
        if not isinstance(source, Image) and not image.is_snapshot:  # what made these has told
            tell(report.alerts, image)
        return report

    def _quantised(
        self, source: Network | Image | str | os.PathLike[str], stimulus: EventStream | npt.ArrayLike | None
    ) -> tuple[Image, Report]:
        """Return what `load` was given as an image, with its report."""
        if isinstance(source, Network):
            config = None
            if not self.elastic:
                room = self._contents.config
                require_axons(source, room.inputs)
                config = replace(room, inputs=source.input_count, neurons=source.neuron_count)
            return quantised(source, config, stimulus=stimulus)
        if stimulus is not None:
            raise InputError("a stimulus is for a network; an image has the room of its traces already")
        image = source if isinstance(source, Image) else Image.load(Path(source))
        return image, Report.of(image)


def _released(session: Session, turn: Turn) -> None:
    """Close the transport of a device that nobody has closed, before it is forgotten."""
    if turn.is_ours:
        with suppress(Exception):
            session.close()
