"""Chip: the abstract class of all chips, at the end of a wire or emulated in this process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge

from ..events.stream import EventStream
from ..progress import Progress
from ..spec import ChipInfo, Clear, Control, CoreConfig, Region
from ..wire.link import Link
from ..wire.patience import Patience
from ..wire.regions import Items
from ..wire.traffic import Traffic

#: Called with what is done and what there is to do.


@dataclass(slots=True)
class Look:
    """Regions that a run reads on its way.

    Attributes
    ----------
    step : int
        Steps of the run that come before; more than it has: its end.
    regions : tuple of Region
        What is read.
    contents : dict of Region to array
        What was there; a region is in it as soon as the run has read it whole.
    """

    step: int
    regions: tuple[Region, ...]
    contents: dict[Region, Items] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Put:
    """Items of a region that a run writes on its way.

    Attributes
    ----------
    step : int
        Steps of the run that come before.
    region : Region
        What is written.
    pieces : list of (int, array)
        As `Chip.write_items` takes them.
    """

    step: int
    region: Region
    pieces: list[tuple[int, Items]]


class Chip(ABC):
    """One chip. Each method is one exchange, and carries out what it is given in order.

    Every method raises StateLostError if the chip was reset, replaced or used by another session, DisconnectedError if
    it went away, NoAnswerError or GarbageError if it does not answer or the deadline is over, and another DeviceError
    if it refuses something.

    Attributes
    ----------
    patience : Patience
        Deadline of the present call; whoever calls begins it.
    """

    patience: Patience

    @property
    @abstractmethod
    def cut(self) -> bool:
        """Whether a call was cut off by silence, garbage, the deadline or a lost connection, and can be resumed."""

    @abstractmethod
    def resume(self) -> None:
        """Go on with the call that was cut off, where it was, as if nothing had happened.

        Its `take` is called with the results that come from now on, and its looks are filled in. Another call gives it
        up. Raises as that call does, and DeviceError if there is none.
        """

    @property
    @abstractmethod
    def settled(self) -> bool:
        """False if the last call ended so that the chip may have run or changed more than was handed over.

        A call that is `cut` may be unsettled, until it is resumed. Ask right after the error.
        """

    @property
    def returns(self) -> bool:
        """Whether the next call can reach the same chip again after a DisconnectedError."""
        return False

    @property
    @abstractmethod
    def info(self) -> ChipInfo:
        """What the chip says of itself."""

    @property
    def config(self) -> CoreConfig:
        """Geometry of the chip."""
        return self.info.config

    @property
    @abstractmethod
    def link(self) -> Link:
        """Link to the chip, for what examines the line; leave its rate as it was. Raises DeviceError without a line."""

    @abstractmethod
    def read(self, *regions: Region) -> dict[Region, Items]:
        """Read whole regions: [A, N] for matrices, one dimension for all others."""

    @abstractmethod
    def write(
        self, contents: Mapping[Region, Items], *, clear: Clear | None = None, progress: Progress | None = None
    ) -> None:
        """Write whole regions, whose items fit, then clear what the flags name; `progress` counts pieces of work."""

    @abstractmethod
    def write_items(self, region: Region, pieces: Iterable[tuple[int, Items]]) -> None:
        """Write parts of a region: items that fit, from an item (in row-major order) on; all others stay."""

    @abstractmethod
    def set_register(self, register: Control, value: int) -> None:
        """Write one control register, given as the bits that it holds."""

    @abstractmethod
    def clear(self, what: Clear) -> None:
        """Set to zero what the flags name."""

    @abstractmethod
    def run(
        self,
        stimulus: EventStream,
        take: Callable[[EventStream], None],
        *,
        flags: Items | None = None,
        looks: Iterable[Look] = (),
        puts: Iterable[Put] = (),
    ) -> None:
        """Run all steps of a stimulus.

        Parameters
        ----------
        stimulus : EventStream
            Whole steps.
        take : callable
            Called with the results, in pieces of whole steps. It keeps them before it calls anything else, so that
            what comes out of such a call (a failing `progress`, say) leaves the chip settled.
        flags : array [N], optional
            Written to `Region.FLAGS` first: what each neuron records.
        looks : iterable of Look
            What is read on the way, by rising steps; filled in.
        puts : iterable of Put
            What is written on the way, by rising steps; before the same step looks come first. A chip that is stopped
            has written nothing for later steps than the one that would have come next.

        Raises
        ------
        KeyboardInterrupt
            After the chip was stopped, and `take` has what had come of complete steps.
        """

    def traffic(self) -> Traffic | None:
        """Return all traffic with the chip so far; None for one in this process."""
        return None

    def remarks(self) -> None:
        """Tell what the user should know of the line, once; does nothing for a chip in this process."""
        return

    @abstractmethod
    def prepare(self) -> None:
        """Do now what the first run in a process would do before its first step."""

    @abstractmethod
    def close(self) -> None:
        """Release the chip; may be called twice."""


def kept(error: BaseException) -> bool:
    """Tell whether an exception out of `take`, caught where that is called, came after the results were kept."""
    taker = error.__traceback__.tb_next if error.__traceback__ else None
    return taker is not None and taker.tb_next is not None


def course(
    stimulus: EventStream, looks: Iterable[Look], puts: Iterable[Put] = ()
) -> Iterator[EventStream | Look | Put]:
    """Course of a run: its looks and puts, and the parts of the stimulus between them.

    Changes behind the last step belong to the last part; a look at more steps than there are comes behind them.
    """
    start, end = 0, stimulus.steps + 1
    halts: Iterator[Look | Put] = merge(looks, puts, key=lambda each: each.step)
    for halt in halts:
        stop = min(halt.step, end)
        if stop > start:
            yield stimulus.cut(start, stop)
            start = stop
        yield halt
    if start < end:
        yield stimulus.cut(start, end)
