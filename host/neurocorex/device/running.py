"""Running of the network on a chip: in one exchange, resumed after it was cut off, or awaited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, Unpack

import numpy.typing as npt

from ..errors import InputError
from ..events.stream import EventStream
from ..progress import Wanted, shown
from .awaiting import awaited
from .blocks import Block, Blocks
from .checkpoint import Checkpoint, CheckpointedRun
from .chip import Chip
from .drawing import Drawing
from .injection import injected
from .live import Clock, Live
from .memories import Memories
from .options import Options, known
from .result import Result
from .run import Run
from .session import Session
from .stimulus import Stimulus
from .stretch import Stretch, counted
from .tick import Tick, TickResult
from .turn import Stop, Turn
from .units import Units

Came = TypeVar("Came")


class Running(Memories):
    """Runs of the network on one chip: the part of a `Device` that runs it; parameters as of `Memories`."""

    def __init__(self, session: Session, turn: Turn) -> None:
        super().__init__(session, turn)
        self.interrupted: Result | None = None

    def prepare(self, steps: int | None = None) -> None:
        """Do now what the first run in a process would do first: load compiled code.

        Runs do that by themselves. Call it before time is measured, or where the first answer has to come quickly;
        `steps` makes no difference.
        """
        with self._turn.taken("prepare"), self._session.exchange() as chip:
            chip.prepare()

    def run(
        self,
        steps: int | None = None,
        spikes: EventStream | npt.ArrayLike | Iterator[Any] | None = None,
        inject: npt.ArrayLike | Mapping[Any, npt.ArrayLike] | None = None,
        record: str | Iterable[str] | Mapping[str, Any] = ("spikes",),
        *,
        snapshot_every: int | None = None,
        counters: bool = True,
        progress: Wanted = None,
        units: str | None = None,
        **options: Unpack[Options],
    ) -> Result:
        """Run the network, in one exchange however many steps it takes.

        If an error ends it, `interrupted` has what had come, and `steps` of a DeviceError how many steps that are.

        Parameters
        ----------
        steps : int, optional
            How many, of each sample; by default as many as the stimulus has. Further ones are silent.
        spikes : bool array [steps, M] or [samples, steps, M], or EventStream, optional
            Input spikes. Each sample starts from zero state; without that axis the run goes on where the last ended.
            Those of inputs with delays arrive later, also in runs that follow. Or an iterator, such as a generator, of
            blocks bool [steps, M] or EventStreams, which are parts of one trial and are drawn as it goes: memory does
            not grow with steps. `steps` then ends the run where it says, and options by step are mappings.
        inject : float array [steps, N] or [samples, steps, N], or mapping of neurons to array, optional
            Currents added to neurons, in units of the network; a mapping such as ``{net.neurons[0:4]: currents}`` has
            arrays [steps, K], or [steps] for all of them. Each current is rounded to the nearest integer of the chip,
            half to even; a warning tells if that changes what a neuron gets by more than 2 %.
        record : names, or mapping of name to neurons
            Of "spikes", "v" (membranes), "i" (synaptic currents after the input of a step), "counts" (spikes, but only
            how many), "first" (the step of each neuron's first) and "winner" (who has most); a mapping says of which
            neurons, as in ``{"spikes": True, "v": net.neurons[0:4]}``: a population, slice, list, number or bool array
            [N].
        snapshot_every : int, optional
            Steps from one reading of the weights to the next, for `Result.weights_over_time`; the first is before all.
        counters : bool
            Whether to read the counters, for `Result.counters`; many tiny runs are faster without.
        progress : callable or bool, optional
            Called with (steps done, steps of all) from time to time. By default a bar appears in terminals and
            notebooks after two seconds; False: none.
        units : {"network", "chip"}, optional
            Units of `inject`, and of membranes and weights in the result. "chip": integers that the chip gets and
            holds. By default the network's; but an `inject` of integers, where both units differ, is taken in units
            of the chip as in earlier versions, with a FutureWarning. An EventStream has units of the chip.
        **options
            `teacher`, `modulation`, `gate`, `learning`, `learn`, `judge`, `reward`, `scale`, `silence`, `adaptation`,
            `context`, `changes`, `clear`: see `Teaching`. None of them outlasts the run. `writes`, `deadline_s`,
            `checkpoint`, `checkpoint_every`, `watch`: see `Options`.
            `rates`, `patterns`, `seed`, `even`: input that is drawn, see there.

        Raises
        ------
        InputError
            For a wrong shape, type or range, or without a network; nothing has run then. A chip may hold one from an
            earlier session, which the logger `neurocorex` is told.
        NoAnswerError, GarbageError, DisconnectedError
            If the chip is silent, sends something else, takes longer than the deadline, or went away. Often `resume`
            can finish the run.
        StateLostError
            If the network is gone, now or since it was loaded.
        DeviceError
            If an earlier run was cut off, or the chip refuses something; see `Chip`.
        KeyboardInterrupt
            After the chip was stopped, so that the next run goes on from there.
        """
        deadline_s = known(options).get("deadline_s")
        saving = Checkpoint.of(options.get("checkpoint"), options.get("checkpoint_every"))
        with self._turn.taken("run", deadline_s):
            self._contents.require_network()
            network, config = self._contents.network, self._contents.config
            result_units = self._contents.units_named(units)
            currents = injected(
                inject, result_units if network.units is None else units, network.units or Units.of_chip(config),
                steps=steps, limits=config.state_range,
            )  # fmt: skip
            if isinstance(spikes, Iterator):
                if inject is not None:
                    raise InputError("spikes that are drawn as it goes take no inject; put currents into EventStreams")
                blocks = Blocks(
                    self._contents, spikes, options, record, steps=steps, snapshot_every=snapshot_every,
                    counters=counters, units=result_units,
                )  # fmt: skip
                with shown("running", progress) as blocks.progress:
                    return self._in_blocks(blocks, blocks.following(), None)
            inputs = network.inputs or self._contents.geometry.inputs
            drawing = Drawing.of(options, steps, spikes, inputs, config)
            alone = inject is None and options.get("teacher") is None and network.line is None
            if drawing and config.patterns and alone:
                stimulus = drawing.stimulus(self._contents.used().inputs)
            else:
                stimulus = Stimulus.of(
                    steps, drawing.raster() if drawing else spikes, currents, options.get("teacher"),
                    network=self._contents.geometry, chip=config,
                    image=network.image.config if network.image else None, inputs=network.inputs,
                )  # fmt: skip
            run = (Run if saving is None else partial(CheckpointedRun, saving))(
                self._contents, stimulus, options, record, snapshot_every=snapshot_every, counters=counters,
                units=result_units,
            )  # fmt: skip
            with shown("running", progress) as run.progress:
                return self._told(run, self._carried_out(run, run.perform, run.finish))

    def resume(self, *, progress: Wanted = None, deadline_s: float | None = None) -> Result:
        """Finish the run that was cut off: no step is lost, and none is run twice.

        Parameters
        ----------
        progress, deadline_s
            As of `run`.

        Returns
        -------
        Result
            Of the whole run, with the same bits as if nothing had happened.

        Raises
        ------
        StateLostError
            If the chip was reset, or used by another session meanwhile.
        DeviceError
            If no run was cut off, or if the chip can no longer go on with it.
        NoAnswerError, GarbageError, DisconnectedError
            As from `run`; it can be resumed again.
        """
        with self._turn.taken("resume", deadline_s):
            run: Stretch = self._contents.standing.cut_run()
            if isinstance(run, Block):
                with shown("running", progress) as run.blocks.progress:
                    return self._in_blocks(run.blocks, run, run.go_on)
            with shown("running", progress) as run.progress:
                return self._told(run, self._carried_out(run, lambda chip: chip.resume(), run.finish))

    async def run_async(self, *arguments: Any, **options: Any) -> Result:
        """Run the network in a thread, and await the result; arguments and errors are those of `run`.

        Other coroutines go on meanwhile; those that use this device as well take turns. `progress` is called in the
        thread. Cancellation ends the run in good order, soon, and leaves `interrupted`; the next run goes on there.
        """

        def work(stop: Stop) -> Result:
            result = self.run(*arguments, **options)
            if stop.wished:  # too late to end it, but nobody gets the result
                self.interrupted = result
            return result

        return await awaited(self._turn, work)

    def stream(
        self,
        *,
        tick_ms: float | None = None,
        steps_per_tick: int = 1,
        ticks: int | None = None,
        record: str | Iterable[str] | Mapping[str, Any] = ("spikes",),
        units: str | None = None,
        clock: Clock | None = None,
    ) -> Live:
        """Return a stream: spikes in and out while the network runs, tick by tick.

        Parameters
        ----------
        tick_ms : float, optional
            Milliseconds of the clock from one tick to the next. By default as fast as it goes.
        steps_per_tick : int
            Steps that the network runs in each.
        ticks : int, optional
            Ticks after which an iteration ends; by default when `Live.stop` is called.
        record, units
            As of `run`; "spikes" and "v".
        clock : Clock, optional
            Another clock than that of the computer.

        Raises
        ------
        InputError
            For an argument that cannot be used, or without a network.
        DeviceError
            As from `run`.

        Examples
        --------
        >>> with device.stream(tick_ms=1.0) as live:  # doctest: +SKIP
        ...     for tick in live:
        ...         live.send(controller(tick.spikes))
        """
        with self._turn.taken("stream"):
            return Live(
                self._contents, self._ticked, tick_ms=tick_ms, steps=steps_per_tick, ticks=ticks, record=record,
                units=units, clock=clock,
            )  # fmt: skip

    def _ticked(self, make: Callable[[], Tick], step: int, late_ms: float) -> TickResult:
        """Make a tick, have the chip run it, and return what came."""
        with self._turn.taken("exchange"):
            tick = make()
            came = self._carried_out(tick, tick.perform, lambda: tick.finished(step, late_ms))
            self._session.remarks()
            return came

    def _carried_out(self, run: Stretch, work: Callable[[Chip], None], finish: Callable[[], Came]) -> Came:
        """Let the chip run; whatever ends it, what came is kept, and it is noted where the chip stands."""
        standing, chip = self._contents.standing, None
        self.interrupted = None
        try:
            with self._session.exchange() as chip:
                standing.torn(run)  # until it is known better
                with counted(run, chip):
                    work(chip)
            return finish()
        except BaseException as error:
            with suppress(InputError):  # results that do not fit the run have no meaning
                self.interrupted = run.partial()
            run.end(error, chip)
            raise

    def _in_blocks(self, blocks: Blocks, block: Block | None, work: Callable[[Chip], None] | None) -> Result:
        """Let the chip run blocks as they are drawn, the first one by `work`; tell the remarks, return the result."""
        self.interrupted = None
        try:
            while block is not None:
                block.progress, last = blocks.progress, block
                self._carried_out(block, work or block.perform, block.finished)
                work, block = None, blocks.following()
            return self._told(last, blocks.whole())
        except BaseException:
            if self.interrupted is None:
                with suppress(InputError):
                    self.interrupted = blocks.partial()
                blocks.left()
            raise

    def _told(self, run: Stretch, result: Result) -> Result:
        """Tell the remarks on a run, and return its result."""
        self.interrupted = result  # in case that a warning is made an error
        run.tell(result)
        self._session.remarks()
        self.interrupted = None
        return result
