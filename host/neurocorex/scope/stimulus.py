"""Stimulus that is made while a network runs: Poisson spikes in changeable patterns, or a repeated recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Intensity = Callable[[npt.NDArray[Any], int], npt.NDArray[Any]]

#: Highest rate of an input, in spikes per second, that a page offers.
RATE_LIMIT_HZ = 1000.0
#: Period of a bump that goes around, and time that each of the groups has, in milliseconds.
ROUND_MS, TURN_MS = 2000.0, 250.0
#: Groups that take turns, and width of the bump as a part of all inputs.
GROUPS, WIDTH = 8, 0.06


def uniform(time_ms: npt.NDArray[Any], inputs: int) -> npt.NDArray[Any]:
    """Give all inputs the full rate; see `LiveStimulus` for what an intensity is."""
    return np.ones((time_ms.size, inputs), np.float64)


def moving_bump(time_ms: npt.NDArray[Any], inputs: int) -> npt.NDArray[Any]:
    """Move a Gaussian bump once around all inputs in `ROUND_MS`."""
    place = np.arange(inputs) / inputs
    distance = np.abs((place - (time_ms / ROUND_MS)[:, None] + 0.5) % 1.0 - 0.5)
    return np.asarray(np.exp(-0.5 * (distance / WIDTH) ** 2))


def groups_in_turn(time_ms: npt.NDArray[Any], inputs: int) -> npt.NDArray[Any]:
    """Give each eighth of the inputs the full rate for `TURN_MS`, one after the other."""
    group = np.arange(inputs) * GROUPS // inputs
    return np.asarray(group == (time_ms // TURN_MS)[:, None] % GROUPS, np.float64)


#: Patterns for any network, by the names that the page shows.
PATTERNS: Mapping[str, Intensity] = {
    "uniform": uniform, "moving bump": moving_bump, "groups in turn": groups_in_turn,
}  # fmt: skip
#: Names of the pattern of a caller, of a recording, and of a live source.
IMAGE, REPLAY, EVENTS = "image", "replay", "events"


class Source(Protocol):
    """Live source of spikes, such as `AerSource`; its text tells what became of all that came."""

    inputs: int

    def block(self, steps: int, dt_ms: float) -> npt.NDArray[np.bool_]:
        """Return the spikes of the next steps, bool [steps, inputs]."""

    def skip(self) -> None:
        """Take what has come, and count it as unused."""


class LiveStimulus:
    """Stimulus of a run without an end, block by block; rate and pattern can be changed between blocks.

    The spikes are those of a seeded Poisson process in discrete time. They depend on seed, rate, pattern and step, not
    on how the steps are cut into blocks.

    Parameters
    ----------
    inputs : int
        Inputs of the network.
    dt_ms : float
        Length of a step in milliseconds.
    rate_hz : float
        Rate of an input at full intensity, in spikes per second, 0 to 1000. Above one spike per step it is one.
    pattern : str, optional
        Name of the pattern to begin with; by default the first of "events", "replay" and "image" that there is, else
        "uniform".
    seed : int
        Of the draws.
    image : float array [inputs], optional
        Intensity of each input, 0 to 1: the pattern "image".
    recording : bool array [steps, inputs], optional
        Spikes of the pattern "replay", again and again, at their own rate.
    source : Source, optional
        Live source of the pattern "events", for the first of the inputs, or all. While the pattern is another one, what
        comes is counted as unused. It is neither started nor ended here.

    Raises
    ------
    InputError
        For a value out of range, a wrong shape, or a pattern that there is not.
    """

    def __init__(
        self,
        inputs: int,
        dt_ms: float = 1.0,
        *,
        rate_hz: float = 20.0,
        pattern: str | None = None,
        seed: int = 0,
        image: npt.ArrayLike | None = None,
        recording: npt.ArrayLike | None = None,
        source: Source | None = None,
    ) -> None:
        self.inputs, self.dt_ms, self.step = inputs, dt_ms, 0
        self._random = np.random.default_rng(seed)
        self._patterns = dict(PATTERNS)
        self._recording: npt.NDArray[np.bool_] | None = None
        if image is not None:
            intensity = _intensity(image, inputs)
            self._patterns[IMAGE] = lambda time_ms, _inputs: np.broadcast_to(intensity, (time_ms.size, inputs))
        if recording is not None:
            self._recording = _recorded(recording, inputs)
        if source is not None and source.inputs > inputs:
            raise InputError(
                f"the live source needs {source.inputs} inputs, the network has {inputs}; use a crop or downsample"
            )
        self._source = source
        self.rate_hz = rate_hz
        given = [name for name in (EVENTS, REPLAY, IMAGE) if name in self.patterns]
        self.pattern = pattern if pattern is not None else (*given, "uniform")[0]

    @property
    def patterns(self) -> tuple[str, ...]:
        """Names of the patterns that there are."""
        replay, events = self._recording is not None, self._source is not None
        return (*self._patterns, *[REPLAY] * replay, *[EVENTS] * events)

    @property
    def source(self) -> str:
        """What became of all that came from the live source, as text; empty without one."""
        return "" if self._source is None else str(self._source)

    @property
    def pattern(self) -> str:
        """Name of the pattern in force. Can be set; raises InputError for one that there is not."""
        return self._pattern

    @pattern.setter
    def pattern(self, name: str) -> None:
        if name not in self.patterns:
            raise InputError(f"there is no pattern {name!r}; choose from {', '.join(map(repr, self.patterns))}")
        self._pattern = name

    @property
    def rate_hz(self) -> float:
        """Rate of an input at full intensity, spikes per second. Can be set; raises InputError beyond 0 to 1000."""
        return self._rate_hz

    @rate_hz.setter
    def rate_hz(self, rate: float) -> None:
        if not 0 <= rate <= RATE_LIMIT_HZ:
            raise InputError(f"rates are 0 to {RATE_LIMIT_HZ:g} spikes per second, got {rate!r}")
        self._rate_hz = float(rate)

    def block(self, steps: int) -> npt.NDArray[np.bool_]:
        """Return the spikes of the next steps, bool [steps, inputs]."""
        at = np.arange(self.step, self.step + steps)
        self.step += steps
        # Numbers are drawn whatever the pattern: what comes later does not depend on when it was changed.
        drawn = self._random.random((steps, self.inputs))
        if self._source is not None:
            if self._pattern == EVENTS:
                return self._padded(self._source.block(steps, self.dt_ms))
            self._source.skip()
        if self._pattern == REPLAY and self._recording is not None:
            return self._recording[at % len(self._recording)]
        intensity = self._patterns[self._pattern](at * self.dt_ms, self.inputs)
        return np.asarray(drawn < intensity * (self._rate_hz * self.dt_ms / 1000.0))

    def _padded(self, spikes: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Add the inputs that a source does not drive."""
        return np.pad(spikes, ((0, 0), (0, self.inputs - spikes.shape[1])))


def _intensity(image: npt.ArrayLike, inputs: int) -> npt.NDArray[np.float64]:
    values = np.asarray(image, dtype=np.float64).reshape(-1)
    if values.size != inputs:
        raise InputError(f"an image for {inputs} inputs has as many intensities, got {values.size}")
    if not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"intensities are 0 to 1, got {values.min():g} to {values.max():g}")
    return values


def _recorded(recording: npt.ArrayLike, inputs: int) -> npt.NDArray[np.bool_]:
    spikes = np.asarray(recording)
    if spikes.ndim != 2 or spikes.shape[1] != inputs or not len(spikes):
        raise InputError(f"a recording to repeat has shape [steps, {inputs}], got {spikes.shape}")
    return spikes.astype(np.bool_)
