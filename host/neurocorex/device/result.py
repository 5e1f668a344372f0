"""Result of a run: spikes, counts, membranes, counters and weights, as arrays, as pictures and as a file."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from ..errors import FileFormatError, InputError
from ..events.arrays import Ints
from ..events.stream import EventStream
from ..image.file import DAMAGE
from ..spec import CoreConfig, Counter
from .recording import Recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMAT = "neurocorex-result"
VERSION = 2
#: Version 1 is the same with fewer arrays and counters.
VERSIONS = (1, VERSION)
#: No array of a result file may be larger, unpacked.
ARRAY_LIMIT = 1 << 30
_SCALARS = ("steps", "neurons", "samples", "counters", "dt_ms", "has_raster")
_ARRAYS = (
    "spike_samples", "spike_times", "spike_neurons", "spikes_of", "counts", "v", "v_neurons", "weight_steps",
    "weights_over_time",
)  # fmt: skip
#: Arrays that a file of version 1 lacks.
_ADDED = ("weight_steps", "weights_over_time")
#: What `counters` has beside the counters of the chip.
_DERIVED = ("synaptic_events", "cycles")


@dataclass(frozen=True, eq=False)
class Result:
    """What a device recorded.

    Attributes
    ----------
    steps, neurons : int
        Steps of each sample; neurons of the network.
    samples : int or None
        How many; None if the stimulus had no sample axis. Then the arrays below have none either.
    spike_times, spike_neurons : int64 array [E]
        Step within its sample, and neuron, of each spike, by sample, then step, then neuron.
    spike_samples : int64 array [E]
        Sample of each spike.
    spikes_of : int64 array
        Neurons whose spikes were recorded.
    counts : int64 array [N] or [samples, N]
        Spikes of each neuron.
    v : int32 array [steps, K] or [samples, steps, K]
        Membranes at the end of each step of the K neurons `v_neurons`, in units of the chip.
    v_neurons : int64 array [K]
        Which they are.
    counters : dict of str to int
        What the run added to each counter of the chip, and `synaptic_events` and `cycles` derived from them; see
        `Device.counters`. Empty if the run was interrupted.
    dt_ms : float
        Length of a step, for pictures.
    weight_steps : int64 array [K]
        Steps of the run after which weights were read, counted through all samples; empty if none were.
    weights_over_time : int16 array [K, A, N]
        The weights then, as `Device.weights` returns them.
    """

    steps: int
    neurons: int
    samples: int | None
    spike_samples: Ints
    spike_times: Ints
    spike_neurons: Ints
    spikes_of: Ints
    counts: Ints
    v: npt.NDArray[np.int32]
    v_neurons: Ints
    counters: dict[str, int] = field(default_factory=dict)
    dt_ms: float = 1.0
    has_raster: bool = True
    weight_steps: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    weights_over_time: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty((0, 0, 0), np.int16))

    @classmethod
    def from_stream(
        cls,
        stream: EventStream,
        *,
        neurons: int,
        recording: Recording | None = None,
        sample_steps: int | None = None,
        counters: dict[str, int] | None = None,
        dt_ms: float = 1.0,
        weights: tuple[Ints, npt.NDArray[np.int16]] | None = None,
    ) -> Result:
        """Build from what a chip sent.

        Parameters
        ----------
        stream : EventStream
            Spikes as events, membranes as graded events; samples one after the other.
        neurons : int
            Neurons of the network.
        recording : Recording, optional
            What was recorded; by default all spikes.
        sample_steps : int, optional
            Steps of a sample, for a result with a sample axis; a last sample that is not whole is left out.
        counters, dt_ms
            As the attributes.
        weights : (int64 array [K], int16 array [K, A, N]), optional
            `weight_steps` and `weights_over_time`.

        Raises
        ------
        InputError
            If the stream has other neurons than were recorded, or not every membrane of every step.
        """
        recording = recording or Recording.of("spikes", neurons)
        samples: int | None = None
        leading: tuple[int, ...] = ()
        if sample_steps is not None:
            samples = stream.steps // max(sample_steps, 1)
            leading = (samples,)
            stream = stream.cut(0, samples * sample_steps)
        steps = stream.steps if sample_steps is None else sample_steps
        recorded = np.zeros(neurons + 1, np.bool_)  # one more, for all neurons that there are not
        recorded[recording.spikes] = True
        if not recorded[np.minimum(stream.event_index, neurons)].all():
            raise InputError("the results hold spikes of neurons that were not recorded; the device is faulty")
        if not np.array_equal(stream.graded_index, np.tile(recording.v, stream.steps)):
            raise InputError("the results do not hold each recorded membrane in each step; the device is faulty")
        rows, sample, time = 1, np.zeros_like(stream.event_step), stream.event_step
        if samples is not None:
            rows, (sample, time) = samples, np.divmod(stream.event_step, max(steps, 1))
        counts = np.bincount(sample * neurons + stream.event_index, minlength=rows * neurons)
        kept = slice(0) if recording.counts_only else slice(None)
        return cls(
            steps, neurons, samples, sample[kept], time[kept], stream.event_index[kept], recording.spikes,
            counts.astype(np.int64).reshape(*leading, neurons),
            stream.graded_value.astype(np.int32).reshape(*leading, steps, recording.v.size), recording.v,
            dict(counters or {}), dt_ms, not recording.counts_only, *(weights or ()),
        )  # fmt: skip

    @cached_property
    def spikes(self) -> npt.NDArray[np.bool_]:
        """Raster, bool [steps, N] or [samples, steps, N]; raises InputError if no spikes were recorded."""
        if not self.has_raster or not self.spikes_of.size:
            raise InputError("this result has no spikes; run with record=['spikes']")
        raster = np.zeros((1 if self.samples is None else self.samples, self.steps, self.neurons), np.bool_)
        raster[self.spike_samples, self.spike_times, self.spike_neurons] = True
        return raster[0] if self.samples is None else raster

    def __repr__(self) -> str:
        shape = f"{self.steps} steps" if self.samples is None else f"{self.samples} samples of {self.steps} steps"
        return f"<result of {shape}: {int(self.counts.sum())} spikes of {self.neurons} neurons>"

    # Pictures ----------------------------------------------------------------------------------

    def raster(self, **options: Any) -> Figure:
        """Draw the spikes; options go to `neurocorex.plot.raster`."""
        from ..plot import raster

        return raster(self, **options)

    def plot_v(self, **options: Any) -> Figure:
        """Draw the recorded membranes; options go to `neurocorex.plot.membranes`."""
        from ..plot import membranes

        return membranes(self, **options)

    def plot_weights(self, **options: Any) -> Figure:
        """Draw the weights over time; options go to `neurocorex.plot.weights_over_time`."""
        from ..plot import weights_over_time

        return weights_over_time(self, **options)

    # Files -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write an npz file; raises FileFormatError if it cannot be written."""
        header = {"format": FORMAT, "version": VERSION, **{name: getattr(self, name) for name in _SCALARS}}
        arrays: dict[str, Any] = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        try:
            with Path(path).open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **arrays)
        except OSError as error:
            raise FileFormatError(f"cannot write {path}: {error.strerror}; choose another place") from error

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read a file that `save` wrote. Nothing in it is executed, so a stranger's is safe to open.

        Raises
        ------
        FileFormatError
            If it is missing, truncated, corrupt or of another format, or holds what this version does not know.
        """
        try:
            arrays = _read_arrays(path)
            header = json.loads(arrays.pop("header").tobytes())
            if header.pop("format") != FORMAT or header.pop("version") not in VERSIONS:
                raise ValueError("another format or version")
            _refuse(path, set(header) - set(_SCALARS))
            result = cls(**header | {"counters": _grown(path, header["counters"])}, **arrays)
            result._check()
        except OSError as error:
            raise FileFormatError(f"cannot read {path}: {error.strerror or error}; check the path") from error
        except DAMAGE as error:
            raise FileFormatError(f"{path} is not a result of this library, or corrupt: {error}") from error
        return result

    def _check(self) -> None:
        """Raise ValueError if the attributes, which a file said, do not belong together."""
        sizes = (self.steps, self.neurons, 0 if self.samples is None else self.samples)
        if not all(type(size) is int and size >= 0 for size in sizes) or not math.isfinite(self.dt_ms):
            raise ValueError(f"bad sizes {sizes}")
        if not all(type(count) is int for count in self.counters.values()):
            raise ValueError("counters must be integers")
        leading = () if self.samples is None else (self.samples,)
        events = self.spike_times.shape
        wanted = {
            "counts": (*leading, self.neurons), "v": (*leading, self.steps, self.v_neurons.size),
            "spike_samples": events, "spike_neurons": events,
            "weights_over_time": (self.weight_steps.size, *self.weights_over_time.shape[1:3]),
        }  # fmt: skip
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        for name, limit in (
            ("spike_samples", 1 if self.samples is None else self.samples), ("spike_times", self.steps),
            ("weight_steps", self.steps * (1 if self.samples is None else self.samples) + 1),
            ("spike_neurons", self.neurons), ("spikes_of", self.neurons), ("v_neurons", self.neurons),
        ):  # fmt: skip
            index = getattr(self, name)
            if index.ndim != 1 or index.min(initial=0) < 0 or index.max(initial=-1) >= limit:
                raise ValueError(f"{name} is out of range")


def _refuse(path: str | Path, unknown: Iterable[str]) -> None:
    """Refuse what a later version wrote, by name."""
    if names := ", ".join(sorted(unknown)):
        raise FileFormatError(f"{path} holds {names}, which this version does not know; update neurocorex")


def _grown(path: str | Path, counters: dict[str, int]) -> dict[str, int]:
    """Counters of a file; those of a whole chip get the ones that they lack, at their defaults."""
    known = {counter.name.lower(): counter.row.default_on(CoreConfig()) or 0 for counter in Counter}
    _refuse(path, set(counters) - {*known, *_DERIVED})
    return {**known, **counters} if set(_DERIVED) <= set(counters) else counters


def _read_arrays(path: str | Path) -> dict[str, Any]:
    """Integer arrays of an npz file by name; none is larger than its bytes in the file."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        present = {name.removesuffix(".npy") for name in archive.namelist()}
        _refuse(path, present - {"header", *_ARRAYS})
        for name in ("header", *(name for name in _ARRAYS if name in present or name not in _ADDED)):
            if archive.getinfo(f"{name}.npy").file_size > ARRAY_LIMIT:
                raise ValueError(f"{name} is larger than any result")
            content = archive.read(f"{name}.npy")
            stream = io.BytesIO(content)
            if npy.read_magic(stream) != (1, 0):
                raise ValueError(f"{name} is of an unknown array format")
            shape, fortran, dtype = npy.read_array_header_1_0(stream, max_header_size=1024)
            size = math.prod(shape) * dtype.itemsize
            if dtype.kind not in "iu" or fortran or min(shape, default=0) < 0 or len(content) - stream.tell() != size:
                raise ValueError(f"{name} is damaged")
            arrays[name] = np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape)
    return arrays
