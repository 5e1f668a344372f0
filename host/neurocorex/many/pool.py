"""Pool of devices: a batch of samples, or many independent trials, on several chips at once."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ..device.device import Device
from ..device.result import Result
from ..errors import DeviceWarning, DisconnectedError, InputError
from ..image import Image
from ..network.network import Network
from ..notebook import Card
from ..progress import Progress, Wanted, shown
from ..quantiser.quantise import Report, quantised, tell
from ..spec import Control, Region
from . import seat
from .batch import Request
from .crew import carry_out
from .pieces import Batch, Each, Items, Shared
from .points import require_importable
from .targets import Target, emulators, name_of, targets_of
from .workers import Worker, require_main

#: Times that a device may be lost before it is given up.
_LOSSES = 2


class Pool:
    """Several devices that share work: emulators, simulated chips, boards, servers, or some of each.

    Each device is opened in a process of its own when it is first needed. One that is lost costs nothing but time: what
    it was at goes to the others. It is tried again once. A context manager.

    Parameters
    ----------
    devices : int, or sequence of str or callable, optional
        How many emulators; or names, as `neurocorex.open` takes them, or functions that open a device. By default an
        emulator for each core. Functions stand in a file, and a script guards its calls by
        ``if __name__ == "__main__":``, as for `sweep`.
    deadline_s : float, optional
        `Device.deadline_s` of all of them: a device that takes longer for a piece of work is lost.

    Attributes
    ----------
    interrupted : Result or None
        The complete samples of the last run if an error or KeyboardInterrupt ended it; None if it came to its end.
    complete : list of int
        Numbers of these samples.

    Raises
    ------
    InputError
        For no devices, or anything that is not one.
    """

    def __init__(self, devices: int | Sequence[Target] | None = None, *, deadline_s: float | None = None) -> None:
        require_main()
        targets = targets_of(devices)
        share = max(emulators(targets), 1)
        self._workers = [Worker((seat.occupy, (target, deadline_s)), share) for target in targets]
        self._names = dict(zip(self._workers, map(name_of, targets), strict=True))
        self._losses: Counter[Worker] = Counter()
        self._elastic: dict[Worker, bool] = {}
        self._image: Image | None = None
        self._closed = False
        self.interrupted: Result | None = None
        self.complete: list[int] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes of all devices, which closes these."""
        self._closed = True
        for worker in self._workers:
            worker.end()

    def __len__(self) -> int:
        return len(self._present)

    @property
    def lost(self) -> list[str]:
        """Names of the devices that were given up."""
        return [self._names[worker] for worker in self._workers if self._losses[worker] >= _LOSSES]

    # Work --------------------------------------------------------------------------------------

    def load(
        self,
        source: Network | Image | str | os.PathLike[str],
        *,
        stimulus: npt.ArrayLike | None = None,
        progress: Wanted = None,
    ) -> Report:
        """Put one network onto all devices.

        A network is quantised once: for the first device with a geometry of its own, if there is one. All get the same
        integers, so all give the same bits.

        Parameters
        ----------
        source, stimulus, progress
            As of `Device.load`; progress counts devices.

        Returns
        -------
        Report
            As of `Device.load`.

        Raises
        ------
        FitError, InputError, DeviceError, FileFormatError
            As of `Device.load`, with a note that names the device; then no device counts as loaded.
        """
        self._begin()
        with shown("loading", progress) as told:
            self._image = None
            workers = self._present
            image, report = self._quantised(source, stimulus)
            self._each(dict.fromkeys(workers, (seat.load, (image,))), told)
            for worker in self._workers:
                worker.setup = seat.occupy, (*worker.setup[1][:2], image)
            self._image = image
        return report

    def run(
        self,
        steps: int | None = None,
        spikes: npt.ArrayLike | None = None,
        inject: npt.ArrayLike | None = None,
        record: Any = ("spikes",),
        *,
        counters: bool = True,
        progress: Wanted = None,
        units: str | None = None,
        **options: Any,
    ) -> Result:
        """Run a batch of samples, each from zero state, on whichever device is free.

        The result has the same bits as that of one device which was loaded and then runs the whole batch; each run of
        a pool is such a one.

        Parameters
        ----------
        steps, spikes, inject, record, counters, units
            As of `Device.run`; `spikes` and `inject` are arrays with a sample axis.
        progress
            As of `Device.run`; it counts samples.
        **options
            `teacher`, an array with a sample axis; `learning`, `adaptation` and `context`, for the whole run.
            A network that learns needs ``learning=False``, since samples would depend on each other.

        Returns
        -------
        Result
            All samples, in order. Counters are the sums over all devices; those that depend on a chip's geometry or
            line (`busy_cycles`, `stall_cycles`, `cycles`, `synaptic_events`) tell what these chips did.

        Raises
        ------
        InputError
            For what cannot be cut into samples, or as of `Device.run`.
        DisconnectedError
            If all devices are lost; `interrupted` has what is complete.
        """
        self._require_open()
        if self._image is None:
            raise InputError("the pool has no network; load one: pool.load(net)")
        request = Request.of(
            self._image, steps, {"spikes": spikes, "inject": inject, "teacher": options.pop("teacher", None)},
            {**options, "record": record, "counters": counters, "units": units},
        )  # fmt: skip
        config, control = self._image.config, self._image.regions[Region.CONTROL]
        random = {each: int(control[each]) for each in (Control.RANDOM, Control.NOISE_STATE) if each.bits(config)}
        self.interrupted, self.complete = None, []
        with shown("running", progress) as told:
            batch = Batch(
                self._lose, request.samples, request.steps, request.arrays, request.options,
                devices=max(len(self), 1), random=random, told=told,
            )  # fmt: skip
            try:
                self._share(batch, f"samples of {request.samples}")
            except BaseException:
                self.interrupted, self.complete = batch.partial()
                raise
        result, _ = batch.joined()
        assert result is not None  # noqa: S101  # nothing is left
        return result

    def map(
        self, function: Callable[[Device, Any], Any], items: Iterable[Any], *, progress: Wanted = None
    ) -> list[Any]:
        """Call ``function(device, item)`` for each item, on whichever device is free; return what it returns, in order.

        Each call finds the device as it was loaded, if the pool was. So trials may learn, and change whatever they
        want; none depends on another. A call whose device is lost is made again on another one.

        Parameters
        ----------
        function : callable
            It stands at the top of a file. Neither it nor what it returns may keep the device.
        items : iterable
            What it is called with; sent between processes, as is what it returns.
        progress
            As of `Device.run`; it counts items.

        Raises
        ------
        InputError
            If other processes cannot import the function.
        DisconnectedError
            If all devices are lost. What the function raises goes through.
        """
        self._begin()
        require_importable(function)
        with shown("working", progress) as told:
            work = Items(self._lose, function, list(items), told)
            self._share(work, "items")
        return [work.values[number] for number in range(len(work.values))]

    # Details -----------------------------------------------------------------------------------

    @property
    def _present(self) -> list[Worker]:
        return [worker for worker in self._workers if self._losses[worker] < _LOSSES]

    def _quantised(self, source: Network | Image | str | os.PathLike[str], stimulus: Any) -> tuple[Image, Report]:
        """Return the integers for all devices, with their report."""
        if not isinstance(source, Network):
            if stimulus is not None:
                raise InputError("a stimulus is for a network; an image has the room of its traces already")
            image = source if isinstance(source, Image) else Image.load(Path(source))
            return image, Report.of(image)
        if fixed := [worker for worker in self._present if not self._elastic[worker]]:
            made: tuple[Image, Report] = self._each({fixed[0]: (seat.quantise, (source, stimulus))})[fixed[0]]
            return made
        image, report = quantised(source, None, stimulus=stimulus)
        tell(report.alerts, image)
        return image, report

    def _require_open(self) -> None:
        if self._closed:
            raise InputError("the pool was closed; make another one")

    def _begin(self) -> None:
        """Open the devices that were never opened."""
        self._require_open()
        fresh = [worker for worker in self._present if worker not in self._elastic]
        work = Each(dict.fromkeys(fresh), self._names)
        carry_out(fresh, work)
        self._elastic |= {worker: found.elastic for worker, found in work.begun.items()}

    def _each(self, calls: dict[Worker, Any], told: Progress | None = None) -> dict[Worker, Any]:
        work = Each(calls, self._names, told)
        carry_out(list(calls), work)
        return work.values

    def _share(self, work: Shared, what: str) -> None:
        """Have all devices share some work; raises DisconnectedError if none is left before its end."""
        carry_out(self._present, work)
        if work.left:
            raise DisconnectedError(
                f"all devices of the pool are lost, {work.left} {what} are left; see pool.interrupted"
            )

    def _lose(self, worker: Worker, how: str) -> bool:
        """Take note that a device is lost; return whether it is tried again."""
        self._losses[worker] += 1
        again = self._losses[worker] < _LOSSES
        then = "it is opened again" if again else "it is given up, and the others go on"
        warnings.warn(f"the pool has lost {self._names[worker]}: {how}; {then}", DeviceWarning, stacklevel=2)
        return again

    def _facts(self) -> list[tuple[str, str]]:
        present = Counter(self._names[worker] for worker in self._present)
        devices = ", ".join(name if count == 1 else f"{count} x {name}" for name, count in present.items())
        network = "none loaded"
        if self._image is not None:
            network = f"{self._image.config.inputs} inputs, {self._image.config.neurons} neurons"
        facts = {
            "devices": devices or "none left", "lost": ", ".join(self.lost), "network": network,
            "state": "closed" if self._closed else "",
        }  # fmt: skip
        return [(name, value) for name, value in facts.items() if value]

    def __repr__(self) -> str:
        return f"<pool of {'; '.join(f'{name}: {value}' for name, value in self._facts())}>"

    def _repr_html_(self) -> str:
        return Card("Pool", self._facts()).html
