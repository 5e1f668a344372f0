"""Live stream of a device: spikes in and out while the network runs, on ticks of a clock or as fast as it goes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Protocol, Self, cast

import numpy as np

from ..errors import DeviceError, InputError
from ..events.arrays import Ints
from ..events.stream import EventStream
from .changes import Changes
from .contents import Contents
from .injection import injected
from .options import Options
from .recording import Recording
from .stimulus import Stimulus
from .stretch import changes_of
from .teaching import Teaching, is_integer
from .tick import Tick, TickResult, by_step, places_of
from .units import Units

#: Options of a tick; the others of a run are about its length.
OPTIONS = ("inject", *(name for name in Teaching.__annotations__ if name != "teacher"))
_NONE = np.empty(0, np.int64)


class Clock(Protocol):
    """Clock of a stream."""

    def now(self) -> float:
        """Return seconds, rising."""
        ...

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait so long, or until the event is set."""
        ...


class WallClock:
    """The clock of this computer."""

    def now(self) -> float:
        """Return seconds, rising."""
        return time.monotonic()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait so long, or until the event is set."""
        stop.wait(seconds)


class Live:
    """Stream of ticks, each one exchange with the chip; made by `Device.stream`. A context manager and an iterator.

    Between two ticks the chip stands still at the border of a step, and the device can be used for anything else. The
    same spikes give the same bits as one run of all of them.

    Parameters
    ----------
    contents : Contents
        Of the chip.
    perform : callable
        Makes a tick, has the chip run it, and returns what came; given also the steps before it, and its lateness.
    tick_ms : float or None
        Milliseconds from one tick to the next; None: as fast as it goes.
    steps : int
        Steps of a tick.
    ticks : int or None
        Ticks of an iteration; None: until `stop`.
    record, units
        As `Device.run` takes them.
    clock : Clock, optional
        By default that of this computer.

    Attributes
    ----------
    steps : int
        Steps that have run, with those that `Device.resume` has added to a tick that was cut off.
    ticks : int
        Ticks that have run to their end, with those that were resumed.
    missed : int
        Ticks that began a whole tick late, or later. None is left out, and all later ones stay due when they were, so
        the stream catches up as soon as the computer and the chip are fast enough.
    worst_ms : float
        Most milliseconds by which a tick began late.
    stopped : bool
        Whether `stop` was called, or the stream was left.
    """

    def __init__(
        self, contents: Contents, perform: Callable[[Callable[[], Tick], int, float], TickResult], *,
        tick_ms: float | None, steps: int, ticks: int | None, record: Any, units: str | None, clock: Clock | None,
    ) -> None:  # fmt: skip
        _check(tick_ms, steps, ticks)
        contents.require_network()
        network = contents.network
        if network.source is not None:
            network.source.warn_if_changed(0)
        neurons = contents.geometry.neurons
        self._recording = Recording.of(record, neurons, awake=contents.used().neurons)
        others = self._recording.first.size, self._recording.winner.size, self._recording.i.size
        if self._recording.counts_only or any(others):
            raise InputError(
                "a stream hands over spikes as they come; counts, first spikes, winners and currents are of a run: "
                "record 'spikes', 'v' or both"
            )
        self._contents, self._perform, self._network = contents, perform, network
        self._flags = self._recording.flags(contents.flags())
        self._inputs = contents.geometry.inputs if network.inputs is None else network.inputs
        self._units, self._inject_units = contents.units_named(units), units
        self._own = bool(network.schedule) or network.fades is not None
        self._none = Changes(steps, contents.config, neurons, contents.control, network.contexts)
        self._steps, self._most = steps, ticks
        self._tick_s = None if tick_ms is None else tick_ms / 1000.0
        self._clock = clock or WallClock()
        self._stop = threading.Event()
        self._places: set[int] = set()
        self._options: dict[str, Any] = {}
        self._before = (0, 0)
        self._last: Tick | None = None
        self.missed = 0
        self.worst_ms = 0.0

    @property
    def steps(self) -> int:
        """See the class."""
        return self._before[0] + (0 if self._last is None else self._last.done)

    @property
    def ticks(self) -> int:
        """See the class."""
        return self._before[1] + (self._last is not None and self._last.done == self._last.stream.steps)

    @property
    def stopped(self) -> bool:
        """See the class."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End the iteration at the next border of a tick; any thread may call it."""
        self._stop.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        pace = "as fast as it goes" if self._tick_s is None else f"every {self._tick_s * 1000:g} ms"
        late = "" if self._tick_s is None else f", {self.missed} missed, at worst {self.worst_ms:.3g} ms late"
        return f"<stream of {self._steps} steps {pace}: {self.ticks} ticks{late}>"

    # Ticks -------------------------------------------------------------------------------------

    def send(self, events: Any = None, **options: Any) -> None:
        """Put spikes, and what else acts, into the next tick; parameters and errors as of `exchange`.

        Several calls add up; of options the last one counts.
        """
        places = places_of(events, self._steps, self._inputs)
        if twice := self._places.intersection(places):
            raise InputError(
                f"input {min(twice) % self._inputs} was sent for this tick already; an input has one spike in a step"
            )
        _check_options(options)
        self._places.update(places)
        self._options |= options

    def __iter__(self) -> Iterator[TickResult]:
        """Run ticks when they are due, with what `send` brought, until `stop`; yields what comes of each."""
        began, first = self._clock.now(), self.ticks
        while not self.stopped and (self._most is None or self.ticks - first < self._most):
            late_s = 0.0
            if self._tick_s is not None:
                due = began + (self.ticks - first) * self._tick_s
                while (wait := due - self._clock.now()) > 0 and not self.stopped:
                    self._clock.wait(wait, self._stop)
                if self.stopped:
                    return
                late_s = self._clock.now() - due
                self.missed += late_s >= self._tick_s
                self.worst_ms = max(self.worst_ms, late_s * 1000.0)
            places, options = sorted(self._places), self._options
            self._places, self._options = set(), {}
            yield self._exchanged(places, options, late_s * 1000.0)

    def exchange(self, events: Any = None, **options: Any) -> TickResult:
        """Run one tick now, whatever the clock says: spikes in, its steps, spikes out.

        Parameters
        ----------
        events : optional
            Numbers of inputs that fire in the first step, such as ``[0, 3]``, a population of them, a bool array
            [inputs] (of the first step) or [steps of a tick, inputs], or an EventStream of spikes.
        **options
            `inject` as of `Device.run`, [N] or [steps of a tick, N] or a mapping; and what `Teaching` has, but the
            teacher, by steps of the tick. `modulation`, `reward`, `judge` and `gate` may be one value, for the first
            step, and `learn` True, for the last. As in a run, none of them outlasts the tick.

        Raises
        ------
        InputError
            For events or options that cannot be used; nothing has run then.
        DeviceError
            As from `Device.run`. `Device.resume` finishes a tick that was cut off; its result has what the tick has.
        KeyboardInterrupt
            After the chip was stopped at the border of a step.
        """
        _check_options(options)
        return self._exchanged(places_of(events, self._steps, self._inputs), options, 0.0)

    def _exchanged(self, places: list[int], options: Mapping[str, Any], late_ms: float) -> TickResult:
        before = self.steps, self.ticks

        def make() -> Tick:
            tick = self._tick(places, options)
            self._before, self._last = before, tick  # which may be cut off, and resumed later
            return tick

        return self._perform(make, before[0], late_ms)

    def _tick(self, places: list[int], options: Mapping[str, Any]) -> Tick:
        """Return a tick that is ready to run."""
        contents = self._contents
        contents.require_network()
        if contents.network is not self._network:
            raise DeviceError("another network was loaded since this stream began; open a new one: device.stream(...)")
        contents.settle()
        stream, changes = self._stimulus(places, options)
        if contents.copies.flags is not self._flags:  # the first tick, or something else used the device meanwhile
            self._flags = self._recording.flags(contents.flags())
        return Tick(contents, stream, changes, recording=self._recording, flags=self._flags, units=self._units)

    def _stimulus(self, places: list[int], options: Mapping[str, Any]) -> tuple[EventStream, Changes]:
        """Return spikes, currents and changes of a tick."""
        steps = self._steps
        place = np.array(places, np.int64)
        step, axon = np.divmod(place, self._inputs) if steps > 1 else (np.zeros_like(place), place)
        stream = EventStream.made(steps, step, axon, *[_NONE] * 7)
        if not options and not self._own:
            return stream, self._none
        given = dict(options)
        inject = given.pop("inject", None)
        if inject is not None:
            stream = EventStream.made(steps, step, axon, *self._currents(inject), *[_NONE] * 3)
        taught = cast(Options, by_step(given, steps))
        changes = changes_of(self._contents, steps, taught, _NONE)
        return changes.applied(stream), changes

    def _currents(self, inject: Any) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the columns of injected currents."""
        contents, steps = self._contents, self._steps
        network, config = contents.network, contents.config
        if not isinstance(inject, Mapping) and np.ndim(inject) == 1:
            inject = np.tile(inject, (steps, 1))
        known = self._units if network.units is None else self._inject_units
        currents = injected(
            inject, known, network.units or Units.of_chip(config), steps=steps, limits=config.state_range
        )
        stream = Stimulus.of(steps, None, currents, None, network=contents.geometry, chip=config).stream
        return stream.graded_step, stream.graded_index, stream.graded_value, stream.graded_forced


def _check(tick_ms: Any, steps: Any, ticks: Any) -> None:
    number = isinstance(tick_ms, int | float) and not isinstance(tick_ms, bool)
    if tick_ms is not None and not (number and 0 < tick_ms < math.inf):
        raise InputError(f"tick_ms must be milliseconds above 0, or None for as fast as it goes, got {tick_ms!r}")
    if not is_integer(steps) or steps < 1:
        raise InputError(f"steps_per_tick must be a number of steps from 1 up, got {steps!r}")
    if ticks is not None and (not is_integer(ticks) or ticks < 0):
        raise InputError(f"ticks must be a number from 0 up, or None for no end, got {ticks!r}")


def _check_options(options: Mapping[str, Any]) -> None:
    """Raise TypeError, as Python does, for an option that a tick does not have."""
    for name in options:
        if name not in OPTIONS:
            raise TypeError(f"a tick has no option {name!r}; it has {', '.join(OPTIONS)}")
