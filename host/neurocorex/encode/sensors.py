"""Events of sensors (event cameras, silicon cochleas) as spikes: crop, downsampling, steps, polarity, and losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..events.stream import EventStream
from .aedat import read_aedat4
from .checks import array_of, count_of, is_number
from .pixels import Bools, Ints, PixelMap

#: Most steps, so that a timestamp that makes no sense is not taken for a long run.
STEPS_LIMIT = 1 << 31


@dataclass(frozen=True)
class SensorReport:
    """What became of the events of a sensor: ``given == spikes + merged + outside + other_polarity + early + late``.

    Attributes
    ----------
    given, spikes : int
        Events that were given, and spikes that they became.
    merged : int
        Events that came in the same step on the same axon as another one, which is one spike.
    outside : int
        Events outside of the crop.
    other_polarity : int
        Events of the polarity that was not asked for.
    early, late : int
        Events before the start, and after the last step.
    shape : tuple of int
        (rows, columns) of the pixels, or (2, rows, columns) with "separate" polarities: first off, then on. Axon
        ``np.ravel_multi_index(place, shape)`` belongs to a place.
    """

    given: int
    spikes: int
    merged: int
    outside: int
    other_polarity: int
    early: int
    late: int
    shape: tuple[int, ...]

    @property
    def inputs(self) -> int:
        """Input axons that they need."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        lost = {
            "merged with others": self.merged, "outside of the crop": self.outside,
            "of the other polarity": self.other_polarity, "too early": self.early, "too late": self.late,
        }  # fmt: skip
        told = [f"{count} {what}" for what, count in lost.items() if count]
        return f"{self.given} events, {self.spikes} spikes on {self.inputs} inputs; {', '.join(told) or 'none lost'}"


@dataclass(frozen=True, eq=False, slots=True)
class SensorStream(EventStream):
    """Spikes of a sensor: an `EventStream` for `Device.run`, and a report of what became of its events.

    Attributes
    ----------
    report : SensorReport
        Counts of all that was kept, merged and dropped, and the shape of the inputs.
    """

    report: SensorReport = field(default=SensorReport(0, 0, 0, 0, 0, 0, 0, (0,)))


def from_events(
    events: Any,
    *,
    sensor_size: tuple[int, ...] | None = None,
    step_ms: float = 1.0,
    steps: int | None = None,
    start_us: float | None = None,
    crop: tuple[int, int, int, int] | None = None,
    downsample: int = 1,
    polarity: str = "separate",
) -> SensorStream:
    """Turn the events of an event camera or an auditory sensor into spikes.

    Parameters
    ----------
    events : structured array, mapping, four arrays, or path
        With the fields `x`, `y`, `t`, `p` of Tonic's datasets: column, row, time in microseconds, and polarity (1 or
        True for on, 0, -1 or False for off). Or these as a mapping, or as a tuple ``(x, y, t, p)``. `y` may be missing
        (or None): an auditory sensor has channels `x` alone. A path names an AEDAT 4 file, which needs the extra
        ``sensors``.
    sensor_size : (int, int) or (int, int, int), optional
        Columns and rows of the sensor, as Tonic states it; a third number, of polarities, is not used. A file knows it.
    step_ms : float
        Length of a step.
    steps : int, optional
        Length in steps; later events are dropped. By default up to the last event.
    start_us : float, optional
        Time at which step 0 begins; earlier events are dropped. By default that of the first event of all.
    crop : (left, top, right, bottom), optional
        Pixels that are kept, right and bottom excluded.
    downsample : int
        Side of the squares of pixels that become one, counted from the corner of the crop.
    polarity : {"separate", "merge", "on", "off"}
        "separate": axons of their own, first all that go off, then all that go on. "merge": both on the same axon.
        "on" and "off": only these.

    Returns
    -------
    SensorStream
        For ``Device.run(spikes=...)``. Several events of an axon in one step are one spike. ``stream.report`` counts
        what was merged and dropped; print it.

    Raises
    ------
    InputError
        For arrays of different lengths, an event that is not on the sensor, or an argument that cannot be.
    FileFormatError, MissingToolError
        For a file that cannot be read, or without its reader.

    Examples
    --------
    >>> stream = from_events(([3, 3, 9], [0, 0, 1], [0, 400, 2500], [1, 1, 0]), sensor_size=(10, 2))
    >>> print(stream.report)
    3 events, 2 spikes on 40 inputs; 1 merged with others
    """
    if isinstance(events, str | Path):
        events, size = read_aedat4(events)
        sensor_size = sensor_size or size
    if not is_number(step_ms) or not (math.isfinite(step_ms) and step_ms > 0):
        raise InputError(f"step_ms must be above 0 ms, got {step_ms!r}; for example 1.0")
    x, y, t, on = _fields(events)
    pixels = PixelMap(sensor_size, crop, downsample, polarity)
    _require_on_sensor(x, y, pixels)
    start = _start(start_us, t)
    step = np.floor((t - start) / (1000 * step_ms))
    fits, wanted, axon = pixels.places(x, y, on)
    early = fits & wanted & (step < 0)
    last = count_of("steps", steps) if steps is not None else _length(step[fits & wanted])
    late = fits & wanted & (step >= last)
    kept = fits & wanted & ~early & ~late
    spike_step, spike_axon = pixels.spikes(step[kept].astype(np.int64), axon[kept])
    report = SensorReport(
        given=len(t), spikes=len(spike_step), merged=int(kept.sum()) - len(spike_step), outside=int((~fits).sum()),
        other_polarity=int((fits & ~wanted).sum()), early=int(early.sum()), late=int(late.sum()), shape=pixels.shape,
    )  # fmt: skip
    return SensorStream(last, spike_step, spike_axon, report=report)


def _fields(events: Any) -> tuple[Ints, Ints, NDArray[np.float64], Bools]:
    """Return columns, rows, times in microseconds and whether they are on, of one length."""
    if isinstance(events, np.ndarray) and events.dtype.fields is not None:
        given = {name: events[name] for name in events.dtype.fields}
    elif isinstance(events, Mapping):
        given = dict(events)
    elif isinstance(events, tuple | list) and len(events) == 4:
        given = dict(zip("xytp", events, strict=True))
    else:
        raise InputError(
            f"events are {type(events).__name__}, expected a structured array with x, y, t, p, or a tuple (x, y, t, p)"
        )
    missing = [name for name in ("x", "t", "p") if given.get(name) is None]
    if missing:
        raise InputError(f"events have no {' and '.join(missing)}; they have {', '.join(map(str, given)) or 'nothing'}")
    x, t, p = (array_of(name, given[name]) for name in ("x", "t", "p"))
    y = array_of("y", given["y"]) if given.get("y") is not None else np.zeros_like(x)
    if not x.ndim == 1 or not x.shape == y.shape == t.shape == p.shape:
        raise InputError(f"x, y, t, p have shapes {x.shape}, {y.shape}, {t.shape}, {p.shape}, expected one length")
    for name, values in (("x", x), ("y", y)):
        if values.size and values.dtype.kind not in "iu":
            raise InputError(f"{name} must be integers, got {values.dtype}")
    strange = p[~np.isin(p, (-1, 0, 1))]
    if strange.size:
        raise InputError(f"p must be 1 (on), 0 or -1 (off), got {strange[0]}")
    times = t.astype(np.float64)
    if not np.isfinite(times).all():
        raise InputError("t must be finite numbers of microseconds")
    return x.astype(np.int64), y.astype(np.int64), times, p > 0


def _require_on_sensor(x: Ints, y: Ints, pixels: PixelMap) -> None:
    strange = np.flatnonzero(~pixels.on_sensor(x, y))
    if strange.size:
        first = strange[0]
        raise InputError(
            f"event {first} is at column {x[first]}, row {y[first]}; the sensor has {pixels.width} columns and "
            f"{pixels.height} rows"
        )


def _start(start_us: Any, t: NDArray[np.float64]) -> float:
    if start_us is None:
        return float(t.min(initial=np.inf)) if t.size else 0.0
    if not is_number(start_us) or not math.isfinite(start_us):
        raise InputError(f"start_us must be a number of microseconds, got {start_us!r}; for example 0")
    return float(start_us)


def _length(step: NDArray[np.float64]) -> int:
    """Return the steps up to the last event, at least 1."""
    last = float(step.max(initial=0.0)) + 1
    if last > STEPS_LIMIT:
        raise InputError(f"the events span {last:.3g} steps; t is in microseconds, or give steps")
    return int(last)
