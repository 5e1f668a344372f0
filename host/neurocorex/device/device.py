"""A chip, wherever it is: load a network, run it, read it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DisconnectedError, InputError
from ..events.stream import EventStream
from ..spec import Clear, Control, CoreConfig, Region
from ..wire.transport import Transport
from . import counters as counting
from .changes import Changes
from .connection import Connect, Connection, Steps, Store, Task
from .holder import Holder
from .learned import WeightLog
from .loading import Progress
from .recording import Recorder, Recording
from .result import Result
from .stimulus import Stimulus


class Device(Holder):
    """One chip: the emulator, a simulated chip or a board; made by `neurocorex.open`.

    A device describes itself; nobody tells it what it is. After any error it can be used again, and if it went away it
    is opened again by the next call; then its network is gone and has to be loaded anew. A context manager.

    Parameters
    ----------
    transport : Transport, optional
        The way to the chip. Without it `connect` is called when it is needed.
    connect : callable, optional
        Opens a way to the chip, given the geometry that an elastic one should have, or None.
    elastic : bool
        Whether `load` replaces the chip by one that fits the image.
    baud : int, optional
        Rate to change to once the chip answers.
    timeout_s : float
        Silence after which the chip is asked whether it is still there, see `Link`.

    Attributes
    ----------
    interrupted : Result or None
        What had come when the last run was ended by KeyboardInterrupt: its complete steps, or samples.
    """

    def __init__(
        self,
        transport: Transport | None = None,
        *,
        connect: Connect | None = None,
        elastic: bool = False,
        baud: int | None = None,
        timeout_s: float = 0.5,
    ) -> None:
        given = [transport] if transport is not None else []

        def opened(config: CoreConfig | None) -> Transport:
            if given:
                return given.pop()
            if connect is None:
                raise DisconnectedError("the device is gone; open it again")
            return connect(config)

        super().__init__(Connection(opened, baud=baud, timeout_s=timeout_s), elastic=elastic)
        self._counted: tuple[int, bytes] | None = None
        self.interrupted: Result | None = None

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the chip; what it holds stays, unless it lives in this process or in a child of it."""
        self._connection.close()

    # Running -----------------------------------------------------------------------------------

    def prepare(self, steps: int) -> None:
        """Do what a first run of so many steps would do once in a process, which is to load compiled code, now.

        Runs do that by themselves. It is for whom it matters when: who measures time, or wants a quick first answer.

        Raises
        ------
        DeviceError
            If the device cannot be opened.
        """
        self._connection.link.prepare(steps)

    def run(
        self,
        steps: int | None = None,
        spikes: EventStream | npt.ArrayLike | None = None,
        inject: npt.ArrayLike | None = None,
        record: str | Iterable[str] | Mapping[str, Any] = ("spikes",),
        *,
        teacher: npt.ArrayLike | None = None,
        modulation: npt.ArrayLike | Mapping[int, float] | None = None,
        gate: Mapping[int, int | None] | None = None,
        learning: bool | Mapping[int, bool] | None = None,
        changes: Mapping[int, Mapping[Control, int]] | None = None,
        clear: bool | Mapping[int, Clear] = False,
        snapshot_every: int | None = None,
        counters: bool = True,
        progress: Progress | None = None,
    ) -> Result:
        """Run the network, in one exchange however many steps it takes.

        What `modulation`, `gate`, `learning` and `changes` set stays after the run. Their steps, and those of `clear`,
        count through all samples; each acts before its step, clears first.

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
        teacher : bool array [steps, N] or [samples, steps, N], optional
            Where a neuron fires whatever its membrane, and even while it is refractory.
        modulation : float array [steps], or mapping of step to float, optional
            Reward: factor of all changes of weights, -127 to 127.
        gate : mapping of step to neuron or None, optional
            The one neuron that learns from then on; None: all.
        learning : bool, or mapping of step to bool, optional
            Whether weights change.
        changes : mapping of step to {Control: int}, optional
            Any other control registers.
        clear : bool, or mapping of step to Clear, optional
            Start from zero state; or what goes to zero when, as in ``{20: Clear.TRACES}``.
        snapshot_every : int, optional
            Read the weights before the first step and after every so many: `Result.weights_over_time`.
        counters : bool
            Whether to read the counters, for `Result.counters`; many tiny runs are faster without.
        progress : callable, optional
            Called with (steps done, steps of all) from time to time.

        Raises
        ------
        InputError
            For a wrong shape, type or range; nothing has run then.
        DisconnectedError
            If the device went away, now or since the network was loaded.
        DeviceError
            See `Link.execute`.
        KeyboardInterrupt
            After the chip was stopped; `interrupted` has what came until then.
        """
        self._check_loaded()
        self.interrupted = None
        config = self.config
        stimulus = Stimulus.of(
            steps, spikes, inject, teacher, inputs=(self.inputs, config.inputs),
            neurons=(self.neurons, config.neurons), current_range=config.state_range,
        )  # fmt: skip
        altered = Changes(stimulus.stream.steps, config, self.neurons)
        altered.planned([[step - self._loaded_age, *rest] for step, *rest in self._schedule])
        altered.clear(clear)
        altered.modulate(modulation)
        altered.gate(gate)
        altered.enable(learning, self._present_learning_flags)
        altered.registers(changes)
        stream = altered.applied(stimulus.stream)
        if snapshot_every is not None and (not isinstance(snapshot_every, int) or snapshot_every < 1):
            raise InputError(f"snapshot_every must be a number of steps from 1 up, got {snapshot_every!r}")
        recording = Recording.of(record, self.neurons, awake=self._used().neurons)
        recorder = Recorder(stream.steps, progress)
        log = WeightLog(config, self._cropped)
        present = self._present_flags()
        flags = recording.flags(present)
        before, after = bytearray(), bytearray()
        if counters and self._counted is not None and self._counted[0] == self._connection.exchanges:
            before += self._counted[1]

        def tasks() -> Iterator[Task | Steps | Store]:
            if not np.array_equal(flags, present):
                self._flags = None
                yield from self._connection.writes(Region.FLAGS, flags)
            if counters and not before:
                yield Task.reading(Region.COUNTERS, config, before)
            yield from recorder.tasks(stream, config.payload_bytes, every=snapshot_every, look=log.look)
            if counters:
                yield Task.reading(Region.COUNTERS, config, after)

        def result(stream: EventStream, spent: dict[str, int]) -> Result:
            sample_steps = None if stimulus.samples is None else stimulus.steps
            return Result.from_stream(
                stream, neurons=self.neurons, sample_steps=sample_steps, recording=recording, counters=spent,
                dt_ms=self._dt_ms, weights=log.taken() if snapshot_every else None,
            )  # fmt: skip

        if Control.LEARNING in altered.last:
            self._learning_flags = None
        try:
            self._connection.perform(tasks())
        except KeyboardInterrupt:
            partial = recorder.stream(partial=True)
            self._loaded_age += partial.steps
            self.interrupted = result(partial, {})
            raise
        self._flags = (self._connection.generation, flags)
        self._loaded_age += stream.steps
        if Control.LEARNING in altered.last:
            self._learning_flags = (self._connection.generation, altered.last[Control.LEARNING])
        if counters:
            self._counted = (self._connection.exchanges, bytes(after))
        return result(recorder.stream(), counting.spent(before, after, config) if counters else {})

    # Details -----------------------------------------------------------------------------------

    @property
    def _dt_ms(self) -> float:
        """Length of a step, if the image says so; its meta may hold anything."""
        told = self._loaded.meta.get("dt_ms") if self._loaded else None
        return float(told) if isinstance(told, int | float) and told > 0 else 1.0

    def _check_loaded(self) -> None:
        if self._loaded_generation not in (None, self._connection.generation):
            raise DisconnectedError(
                "the network is gone: the device went away, or was lost while loading; load it again"
            )
