"""Blocks of a run whose stimulus is drawn as it goes: each runs in one exchange, and all of them are one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from ..errors import DeviceError, InputError
from ..events.stream import EventStream
from ..progress import Progress
from ..spec import Control, Region
from ..wire.regions import Items
from ..wire.traffic import Traffic
from . import counters as counting
from .accumulators import Extent
from .blockoptions import check_options, part_of
from .chip import Chip, Look
from .contents import Contents
from .gathering import Gathering
from .matrix import WeightMatrix
from .options import Options
from .probes import in_order, probed, probing
from .recording import Recording
from .result import Result
from .stimulus import Stimulus
from .stretch import Stretch, changes_of
from .tallying import grouped
from .teaching import is_integer
from .weights import WeightLog, WeightTables

#: Entries of a table [steps, inputs] up to which blocks are joined, so that small ones cost no exchange each.
ENTRIES = 1 << 20
#: Most steps of a block of silence.
SILENT = 1 << 16


class Blocks:
    """Run of a stimulus that comes in blocks, from an iterator; what is common to all of them.

    Parameters
    ----------
    contents : Contents
        Of the chip.
    source : iterator
        Of the blocks: bool arrays [steps, M], or EventStreams.
    steps : int or None
        Steps of the run: what comes after them is not drawn, and what is missing is silent. None: all that come.
    options, record, snapshot_every, counters, units
        As of `Run`.

    Attributes
    ----------
    drawn : int
        Steps that were drawn.
    steps : int or None
        The parameter.
    progress : callable or None
        See `Stretch`.

    Raises
    ------
    InputError
        For an argument that cannot be used.
    """

    def __init__(
        self, contents: Contents, source: Iterator[Any], options: Options, record: Any, *,
        steps: int | None, snapshot_every: int | None, counters: bool, units: str,
    ) -> None:  # fmt: skip
        if steps is not None and (not is_integer(steps) or steps < 0):
            raise InputError(f"steps must be an integer from 0 up, got {steps!r}")
        if snapshot_every is not None and (not is_integer(snapshot_every) or snapshot_every < 1):
            raise InputError(f"snapshot_every must be a number of steps from 1 up, got {snapshot_every!r}")
        check_options(options)
        neurons = contents.geometry.neurons
        contents.settle()
        self.recording = Recording.of(
            record, neurons, awake=contents.used().neurons, every=options.get("every"), grouped=grouped(contents)
        )
        self.contents, self.options, self.units, self.steps = contents, options, units, steps
        self.recording = probed(
            self.recording, contents.config, has_line=contents.session.has_line, plain=options.get("watch") is not None
        )
        self.extent = Extent(neurons, None)
        self.gathering = Gathering(self.recording, self.extent)
        self.every, self.counts = snapshot_every, counters
        self.drawn = 0
        self.progress: Progress | None = None
        self.weights: list[WeightTables] = []
        self.counters: dict[str, int] = {}
        self.read: Items | None = None
        #: Control registers as they were without the run, which the chip cannot tell while it goes on.
        self.control: Items | None = None
        self._source, self._waiting = source, list[EventStream]()
        self._latest: Block | None = None

    def following(self) -> Block | None:
        """Return the next block, ready to run; None behind the last. The first may have no steps.

        Raises
        ------
        InputError
            For a block that cannot be used. What the iterator raises comes through.
        """
        stream = self._drawn()
        if stream is None:
            if self._latest is not None:
                return None
            stream = EventStream(0)
        if self._latest is None:
            network = self.contents.network
            if network.source is not None:
                network.source.warn_if_changed(stream.steps * self.extent.neurons)
        self._latest = Block(self, stream, self._latest)
        self.drawn += stream.steps
        return self._latest

    def whole(self) -> Result:
        """Return the result of all blocks, behind the last one; registers are what they were before the run.

        Raises
        ------
        InputError
            If an option names a step that has not come; the rest has run.
        """
        self.left()
        for name, value in self.options.items():
            beyond = [step for step in value if step >= max(self.drawn, 1)] if isinstance(value, Mapping) else []
            if beyond:
                raise InputError(f"{name} names step {beyond[0]}, but the stimulus ended after {self.drawn} steps")
        last = self._latest or Block(self, EventStream(0), None)
        return last.result(self.counters)

    def partial(self) -> Result | None:
        """Return what has come; None if no block was made."""
        return None if self._latest is None else self._latest.partial()

    def left(self) -> None:
        """Set registers back where no further block comes: now, or by the next access if the chip does not answer."""
        if self.contents.standing.name == "known":
            with suppress(DeviceError):
                self.contents.settle()

    # Details -----------------------------------------------------------------------------------

    def _drawn(self) -> EventStream | None:
        """Draw blocks until they are worth an exchange; those with changes stay by themselves."""
        inputs, joined = max(self._inputs, 1), 0
        left = None if self.steps is None else self.steps - self.drawn
        found, self._waiting = self._waiting, []
        while left is None or sum(each.steps for each in found) < left:
            joined = sum(each.steps for each in found)
            if found and (joined * inputs >= ENTRIES or found[-1].change_step.size):
                break
            if (given := next(self._source, None)) is None:
                if left is not None:
                    found.append(EventStream(min(left - joined, SILENT)))
                break
            stream = self._stream(given)
            if found and stream.change_step.size:
                self._waiting = [stream]
                break
            found.append(stream)
        if not found:
            return None
        stream = EventStream.join(found)
        return stream if left is None or stream.steps <= left else stream.cut(0, left)

    @property
    def _inputs(self) -> int:
        network = self.contents.network
        return self.contents.geometry.inputs if network.inputs is None else network.inputs

    def _stream(self, given: Any) -> EventStream:
        network, contents = self.contents.network, self.contents
        stimulus = Stimulus.of(
            None, given, None, None, network=contents.geometry, chip=contents.config,
            image=network.image.config if network.image else None, inputs=network.inputs,
        )  # fmt: skip
        if stimulus.samples is not None:
            raise InputError(
                f"a block has shape [steps, {self._inputs}], without samples, got {np.shape(given)}: blocks are parts "
                "of one trial"
            )
        return stimulus.stream


class Block(Stretch):
    """Block of a run: the steps of one exchange.

    Parameters
    ----------
    blocks : Blocks
        Of the run.
    stream : EventStream
        What was drawn.
    previous : Block or None
        The one before.

    Raises
    ------
    InputError
        For options that cannot be used.
    """

    def __init__(self, blocks: Blocks, stream: EventStream, previous: Block | None) -> None:
        contents, start = blocks.contents, blocks.drawn
        self._blocks = blocks
        part = part_of(blocks.options, start, stream.steps)
        changes = changes_of(contents, stream.steps, part, np.empty(0, np.int64))
        changes.lasting, changes.lent = True, set() if previous is None else previous.lent
        asking = probing(stream, start, blocks.recording, blocks.extent)
        super().__init__(
            contents, changes.applied(asking), changes, recording=blocks.recording, extent=blocks.extent,
            flags=blocks.recording.flags(contents.flags()), units=blocks.units, gathering=blocks.gathering,
        )  # fmt: skip
        if contents.copies.control is not None:
            blocks.control = contents.copies.control
        self.watch = blocks.options.get("watch")
        self.traffic: Traffic | None = None if previous is None else previous.traffic
        self.puts = WeightMatrix(contents).puts(part.get("writes"), stream.steps, blocks.units)
        self._log = WeightLog(stream.steps, blocks.every, contents.config, start)
        self._before = Look(0, (Region.COUNTERS,))
        self._after = Look(stream.steps + 1, (Region.COUNTERS,))
        states = self._gathering.reading(start, stream.steps)
        self.looks = in_order([*self._log.looks, *states])
        if blocks.counts:
            known = contents.counters() if previous is None else blocks.read
            if known is not None:
                self._before.contents[Region.COUNTERS] = known
            self.looks = in_order([*([self._before] if known is None else []), *self.looks, self._after])

    @property
    def lent(self) -> set[Control]:
        """Registers that the run has changed so far, and that its end sets back."""
        return set(self._changes.back(0))

    @property
    def total(self) -> int:
        """Steps of the run, or those that were drawn."""
        return self._blocks.drawn if self._blocks.steps is None else self._blocks.steps

    @property
    def reached(self) -> str:
        """How far the run has come, in words."""
        return f"{self.before + self.done} steps"

    def finished(self) -> Blocks:
        """Take over what came, once the chip has run all of it; raises DeviceError if that does not cover all steps."""
        self.require_whole()
        blocks, contents = self._blocks, self._contents
        if contents.copies.control is None:  # as a block is that was cut off
            contents.copies.control = blocks.control
        self.ended()
        contents.standing.owed = self._changes.back(self.stream.steps)
        blocks.weights.append(self._log.over_time(contents.network, self.done))
        if blocks.counts:
            read = self._after.contents[Region.COUNTERS]
            for name, count in counting.added(self._before.contents[Region.COUNTERS], read, contents.config).items():
                blocks.counters[name] = blocks.counters.get(name, 0) + count
            blocks.read = read
            contents.copies.counters = contents.session.exchanges, read
        self._log.looks = []  # they are with the blocks
        return blocks

    def go_on(self, chip: Chip) -> None:
        """Go on with a block that was cut off, or that had not begun when the chip went away."""
        if chip.cut:
            chip.resume()
        else:
            self.perform(chip)

    def end(self, error: BaseException, chip: Chip | None) -> None:
        """Note where the chip stands; a block cannot be drawn again, so one of which nothing ran can be resumed."""
        super().end(error, chip)
        standing = self._contents.standing
        if isinstance(error, DeviceError) and not self.done and standing.name == "known":
            standing.cut(self)

    def finish(self) -> Result:
        """Return the result of all that has run, this block as the last."""
        return self.finished().whole()

    def result(self, counters: dict[str, int], weights: WeightTables | None = None) -> Result:
        """Return the result of this block and all before it."""
        parts = [*self._blocks.weights, self._log.over_time(self._contents.network, self.done)]
        if weights is None and self._blocks.every is not None:
            weights = WeightTables(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        return super().result(counters, weights)

    @property
    def blocks(self) -> Blocks:
        """Run to which it belongs."""
        return self._blocks
