"""Runner of a network without an end: short blocks in a thread of its own, and commands that act between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from ..device.device import Device
from ..device.result import Result
from ..errors import InputError
from .commands import Commands
from .history import History
from .settings import Settings
from .status import Status, WeightTable, link_text, register_values, units_of
from .stimulus import LiveStimulus

Answer = TypeVar("Answer")

#: Seconds of the wall that a block may take before the next one is made shorter.
_LONG_S = 0.2
#: Seconds from one reading of the weights to the next, and how many times longer than the reading at least.
_WEIGHTS_S, _WEIGHTS_SHARE = 0.5, 20.0


class Runner:
    """Network that runs block by block until it is stopped; a context manager that starts and stops it.

    The device belongs to the thread of the runner from `start` to `stop`: nobody else may call it meanwhile. What a
    chip holds is neither loaded nor cleared. An error of the device ends the run; `error` has it, and leaving the
    context raises it.

    Parameters
    ----------
    device : Device
        With a network.
    stimulus : LiveStimulus
        What the inputs get.
    settings : Settings, optional
        How to run.

    Attributes
    ----------
    history : History
        What was seen; any thread may copy from it.
    error : BaseException or None
        What ended the run.
    patterns : tuple of str
        Patterns of the stimulus.
    learns : bool
        Whether the chip has a learning engine.
    units : {"network", "chip"}
        Units of membranes and weights: those of the chip if the scale of its network is not known.
    block_steps : int
        Steps of a block, of a chip that is fast enough.
    """

    def __init__(self, device: Device, stimulus: LiveStimulus, settings: Settings | None = None) -> None:
        self._device, self._stimulus, self.settings = device, stimulus, settings or Settings()
        self._dt_ms = dt_ms = device.dt_ms
        self.history = History(
            device.neurons, stimulus.inputs, dt_ms,
            membranes=len(self.settings.membranes), window_ms=self.settings.window_ms,
        )  # fmt: skip
        self.error: BaseException | None = None
        self.patterns = stimulus.patterns
        self.learns = bool(device.config.learning)
        self.units = units_of(device)
        self.block_steps = max(round(self.settings.block_ms / dt_ms), 1)
        self._block_steps = self.block_steps
        self._commands = Commands(self._refused)
        self._stopped = False
        self._paused, self._owed = False, 0
        self._counters: dict[str, int] = {}
        self._learning, self._modulation = register_values(device) if self.learns else (False, 1.0)
        self._message = ""
        self._link = ""
        self._weights: WeightTable | None = None
        self._weights_due = 0.0
        self._busy_s = 0.0
        self._thread = threading.Thread(target=self._work, name="scope", daemon=True)

    # From any thread ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to run."""
        self._thread.start()

    def stop(self) -> None:
        """End the run at the next border of a block, and wait for it; commands that are left are cancelled."""
        self._stopped = True
        self._commands.wake()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def running(self) -> bool:
        """Whether the thread is at work: started, and not ended by `stop` or an error."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self.error is not None and error is None:
            raise self.error

    def set_rate(self, rate_hz: float) -> Future[None]:
        """Set the rate of the inputs at full intensity, in spikes per second, 0 to 1000."""
        return self._tell(lambda: setattr(self._stimulus, "rate_hz", rate_hz))

    def set_pattern(self, name: str) -> Future[None]:
        """Choose one of `patterns`."""
        return self._tell(lambda: setattr(self._stimulus, "pattern", name))

    def set_modulation(self, factor: float) -> Future[None]:
        """Set the factor of all changes of weights, -127 to 127; 1 is neutral."""

        def act() -> None:
            self._device.modulation(factor)
            self._modulation = float(factor)

        return self._tell(act)

    def set_learning(self, enabled: bool) -> Future[None]:
        """Let weights change, or freeze them."""

        def act() -> None:
            self._device.learning(enabled)
            self._learning = bool(enabled)
            self._weights_due = 0.0

        return self._tell(act)

    def pause(self) -> Future[None]:
        """Run no further block, until `go_on` or `step`."""
        return self._tell(lambda: setattr(self, "_paused", True))

    def go_on(self) -> Future[None]:
        """Run again."""
        return self._tell(lambda: setattr(self, "_paused", False))

    def step(self, steps: int = 1) -> Future[None]:
        """Run so many steps, and pause; raises InputError in the future if they are not 1 to 100,000."""

        def act() -> None:
            if not 1 <= steps <= 100_000:
                raise InputError(f"steps to run are 1 to 100000, got {steps!r}")
            self._paused, self._owed = True, self._owed + steps

        return self._tell(act)

    def snapshot(self, path: Path | None = None) -> Future[Path]:
        """Write a snapshot of the chip to a file, by default ``scope-STEP.npz`` in the folder of the settings."""

        def act() -> Path:
            file = path or self.settings.folder / f"scope-{self.history.totals().steps}.npz"
            self._device.snapshot().save(file)
            self._message = f"snapshot {file}"
            return file

        return self._tell(act)

    def status(self) -> Status:
        """Tell where the run stands."""
        totals = self.history.totals()
        return Status(
            totals, dict(self._counters), self._paused, self._learning, self._modulation, self._stimulus.rate_hz,
            self._stimulus.pattern, self._message, self._link, totals.steps * self._dt_ms / 1000.0, self._busy_s,
            self.error, self._stimulus.source,
        )  # fmt: skip

    @property
    def weights(self) -> WeightTable | None:
        """Weights as they were read last; None before that."""
        return self._weights

    def _tell(self, act: Callable[[], Answer]) -> Future[Answer]:
        """Have something done at the next border of a block."""
        return self._commands.tell(act)

    def _refused(self, error: BaseException) -> None:
        """Show what a command raised."""
        self._message = str(error)

    # In the thread -----------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            due = time.monotonic()
            while not self._stopped:
                idle = self._paused and not self._owed
                self._commands.obey(None if idle else due - time.monotonic())
                if self._stopped or (self._paused and not self._owed):
                    due = time.monotonic()
                    continue
                if (wait := due - time.monotonic()) > 0:  # a command came while it waited
                    continue
                steps = self._block()
                due = self._next(due if wait > -_LONG_S else time.monotonic(), steps)
        except BaseException as error:
            self.error = error
        finally:
            self._stopped = True
            self._commands.close()

    def _next(self, due: float, steps: int) -> float:
        """Return when the next block is due."""
        speed = self.settings.speed
        return due if speed is None or self._owed else due + steps * self._dt_ms / 1000.0 / speed

    def _block(self) -> int:
        """Run a block, and keep what came of it also if an error ends it; return its steps."""
        steps = min(self._block_steps, self._owed) if self._owed else self._block_steps
        self._owed = max(self._owed - steps, 0)
        spikes = self._stimulus.block(steps)
        record: dict[str, Any] = {"spikes": True, "v": list(self.settings.membranes)}
        began = time.monotonic()
        try:
            result = self._device.run(spikes=spikes, record=record)
        except BaseException:
            if self._device.interrupted is not None:
                self._keep(self._device.interrupted, spikes)
            raise
        self._keep(result, spikes)
        took = time.monotonic() - began
        self._busy_s += took
        if took > _LONG_S:
            self._block_steps = max(self._block_steps // 2, 1)
        elif took < _LONG_S / 4:
            self._block_steps = min(self._block_steps * 2, self.block_steps)
        self._look(time.monotonic())
        return steps

    def _keep(self, result: Result, spikes: Any) -> None:
        for name, count in result.counters.items():
            self._counters[name] = self._counters.get(name, 0) + count
        driven = np.nonzero(spikes[: result.steps])[0]
        self.history.add(
            result.steps, result.spike_times, result.spike_neurons, np.asarray(result.v, np.float64), driven
        )

    def _look(self, now: float) -> None:
        """Read the weights and the link, if it is time."""
        if now < self._weights_due:
            return
        began = time.monotonic()
        self._weights = WeightTable.read(self._device, self.history.totals().steps, self._weights, self.units)
        self._link = link_text(self._device)
        took = time.monotonic() - began
        self._weights_due = time.monotonic() + max(_WEIGHTS_S, _WEIGHTS_SHARE * took)
