"""Decoder of event streams: bytes that come in pieces, as `EventStream` objects of whole steps."""

from __future__ import annotations

from .parser import ColumnParser
from .stream import EventStream


class StreamDecoder:
    """Incremental decoder of event streams; bytes may arrive in pieces of any size.

    Parameters
    ----------
    inputs, neurons, patterns : int, optional
        Size of the chip that a stimulus is for, see `ColumnParser`.
    reports, results : bool
        Whether that chip has reports, and whether these are results, as of `ColumnParser`.
    """

    def __init__(
        self, *, inputs: int | None = None, neurons: int | None = None, patterns: int | None = None,
        reports: bool = False, results: bool = False,
    ) -> None:  # fmt: skip
        self._parser = ColumnParser(inputs=inputs, neurons=neurons, patterns=patterns, reports=reports, results=results)

    @property
    def refused(self) -> int:
        """Codes skipped so far."""
        return self._parser.refused

    @property
    def open(self) -> bool:
        """Whether a step has begun and not ended."""
        return self._parser.open

    @property
    def partial(self) -> bool:
        """Whether the last code still lacks bytes of its arguments."""
        return self._parser.partial

    def feed(self, data: bytes) -> EventStream:
        """Take bytes; return the steps that they complete, as a stream of their own.

        Changes are never held back: those before a step that is not complete come behind the last step.
        """
        steps, columns = self._parser.feed(data)
        return EventStream.made(steps, *columns)

    def end(self) -> EventStream:
        """End the step here, as `END` does, and return it; a code that lacks arguments is forgotten."""
        return EventStream.made(1, *self._parser.end())
