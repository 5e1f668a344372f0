"""What a caller wants a chip to tell, and what it told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError, InputError
from ..events.decoder import StreamDecoder
from ..events.stream import EventStream
from ..spec import Flag, Op, Status
from .connection import Steps, Task

Ints = npt.NDArray[np.int64]

#: Steps that are encoded, sent and decoded as one piece. Small enough for a lively progress display and for a software
#: chip, which carries out a request at one go, to answer in time; large enough to fill frames.
PIECE_STEPS = 2048

RECORDABLE = ("spikes", "v", "counts")


@dataclass(frozen=True)
class Recording:
    """What a run tells, each as rising neuron indices.

    Attributes
    ----------
    spikes, v : int64 array
        Neurons whose spikes, whose membranes are sent.
    counts_only : bool
        Whether only the number of spikes is kept.
    """

    spikes: Ints
    v: Ints
    counts_only: bool

    @classmethod
    def of(cls, record: Any, neurons: int, *, awake: int | None = None) -> Recording:
        """Check and convert the argument `record` of `Device.run`; raises InputError.

        Parameters
        ----------
        record
            The argument.
        neurons, awake : int
            Neurons of the network, and how many of those of the chip are in use; by default all.
        """
        wanted = record if isinstance(record, Mapping) else dict.fromkeys(_names(record), True)
        unknown = [name for name in wanted if name not in RECORDABLE]
        if unknown:
            raise InputError(f"cannot record {unknown[0]!r}; choose from {', '.join(map(repr, RECORDABLE))}")
        last = neurons if awake is None else min(neurons, awake)
        chosen = {name: _indices(name, wanted.get(name), neurons, last) for name in RECORDABLE}
        counts_only = chosen["counts"].size > 0 and chosen["spikes"].size == 0
        told = np.union1d(chosen["spikes"], chosen["counts"]) if chosen["counts"].size else chosen["spikes"]
        return cls(told, chosen["v"], counts_only)

    def flags(self, present: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the flags of all neurons: what they are, with these recorded and no others."""
        flags: Ints = present.astype(np.int64) & ~int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)
        flags[self.spikes] |= int(Flag.RECORD_SPIKES)
        flags[self.v] |= int(Flag.RECORD_MEMBRANE)
        return flags


def _names(record: Any) -> Iterable[Any]:
    if record is None or isinstance(record, str):
        return () if record is None else (record,)
    if not isinstance(record, Iterable):
        raise InputError(f"record must be names or a mapping, got {record!r}; for example record=['spikes', 'v']")
    return record


def _indices(name: str, chosen: Any, neurons: int, awake: int) -> Ints:
    index = np.arange(awake, dtype=np.int64) if chosen is True else _named(name, chosen, neurons)
    if index.size and index[-1] >= awake:
        raise InputError(f"record of {name!r} names neuron {index[-1]}, which sleeps: the first {awake} are in use")
    return index


def _named(name: str, chosen: Any, neurons: int) -> Ints:
    if chosen is None or chosen is False:
        return np.empty(0, np.int64)
    every = np.arange(neurons, dtype=np.int64)
    if isinstance(chosen, slice):
        return every[chosen]
    index = np.atleast_1d(np.asarray(chosen))
    if index.dtype == np.bool_ and index.shape == every.shape:
        return np.flatnonzero(index)
    if index.size == 0:
        return every[:0]
    if index.dtype.kind not in "iu" or index.ndim != 1:
        raise InputError(f"record of {name!r} must be True or a list of neurons, got {chosen!r}")
    outside = index[(index < 0) | (index >= neurons)]
    if outside.size:
        raise InputError(f"record of {name!r} names neuron {outside[0]}, there are {neurons} (0 to {neurons - 1})")
    return np.unique(index).astype(np.int64)


class Recorder:
    """The RUN requests of one run, and what comes back.

    Parameters
    ----------
    steps : int
        How many the run has.
    progress : callable, optional
        Called with (steps done, steps of the run) whenever a piece of the run is complete.
    """

    def __init__(self, steps: int, progress: Callable[[int, int], None] | None = None) -> None:
        self._steps = steps
        self._progress = progress
        self._decoder = StreamDecoder()
        self._streams: list[EventStream] = []
        self._bytes: list[bytes] = []
        self._done = 0

    def tasks(
        self,
        stream: EventStream,
        payload_bytes: int,
        *,
        every: int | None = None,
        look: Callable[[int], Iterable[Task]] = lambda _step: (),
    ) -> Iterator[Task | Steps]:
        """Return the requests of the run, whose answers come here.

        Parameters
        ----------
        stream : EventStream
            Stimulus.
        payload_bytes : int
            Room in a frame.
        every : int, optional
            Steps after which, again and again and also before the first, requests of `look` are put in between.
        look : callable
            Given the steps that have passed, returns these requests.
        """
        last = stream.steps + min(stream.change_step.size, 1)  # changes behind the last step belong to a cut of it
        looks = range(0, stream.steps + 1, every) if every else range(0)
        starts = sorted({0, *(start for start in looks if start < last)})
        for start, stop in zip(starts, [*starts[1:], last], strict=True):
            if start in looks:
                yield from look(start)
            if start < stop:
                part = stream.cut(start, stop)
                yield Steps(part, self._take_results, self._requests(part, payload_bytes))
        if last in looks:
            yield from look(last)

    def _requests(self, stream: EventStream, payload_bytes: int) -> Iterator[Task]:
        """Return requests that run these steps."""
        for start in range(0, stream.steps + min(stream.change_step.size, 1), PIECE_STEPS):
            data = stream.cut(start, start + PIECE_STEPS).encode()
            cuts = range(0, len(data), payload_bytes)
            for at in cuts:
                answer = self._take if at != cuts[-1] else self._take_last
                yield Task(Op.RUN, data[at : at + payload_bytes], answer)

    def _take_results(self, results: EventStream) -> None:
        """Take what came of steps that were run at once."""
        self._streams.append(results)
        self._done += results.steps
        if self._progress is not None:
            self._progress(self._done, self._steps)

    def _take(self, status: int, data: bytes) -> None:
        self._bytes.append(data)
        if status == Status.STOPPED:
            # An emulator that was interrupted loses the end of its answer; the next answer begins with a step again.
            self._decode()
            self._decoder.end()

    def _take_last(self, status: int, data: bytes) -> None:
        """Take a response to the last request of a piece, which ends with a step."""
        self._take(status, data)
        if status == Status.OK:
            self._decode()
            if self._progress is not None:
                self._progress(self._done, self._steps)

    def _decode(self) -> None:
        if not self._bytes:
            return
        self._streams.append(self._decoder.feed(b"".join(self._bytes)))
        self._done += self._streams[-1].steps
        self._bytes.clear()

    def stream(self, *, partial: bool = False) -> EventStream:
        """Return all that came, as one stream.

        Raises
        ------
        DeviceError
            If it is not the whole run, and not expected to be `partial`.
        """
        self._decode()
        broken = self._decoder.refused or self._decoder.open or self._decoder.partial
        if not partial and (broken or self._done != self._steps):
            raise DeviceError(
                f"the results cover {self._done} of {self._steps} steps; device and library do not match, update both"
            )
        return self._streams[0] if len(self._streams) == 1 else EventStream.join(self._streams)
