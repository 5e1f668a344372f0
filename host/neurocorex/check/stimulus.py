"""Stimulus of a run that was stopped: the bytes of those steps that came to their end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..events.codes import rates_bytes
from ..events.decoder import StreamDecoder
from ..spec import CoreConfig
from ..spec.events import END, GENERATE, IDLE, PLAY, RATES, arguments


class StepCutter:
    """Cutter of RUN payloads, in order; a step or a code may span several of them.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip, which tells the codes that it knows.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self._sizes = arguments(draws=config.patterns > 0, reports=config.reports)
        self._begin()

    def _begin(self) -> None:
        self._decoder = StreamDecoder(patterns=self._config.patterns, reports=self._config.reports)
        self._before: list[bytes] = []  # payloads since one that ended with a step

    def pass_on(self, payload: bytes) -> None:
        """Take a payload that was run as a whole."""
        self._decoder.feed(payload)
        is_whole = not (self._decoder.open or self._decoder.partial)
        self._before = [] if is_whole else [*self._before, payload]

    def cut(self, payload: bytes, steps: int) -> bytes | None:
        """Return what of a payload makes this many steps, ending with a step; None if it cannot be cut there.

        A step that was open when the run was stopped ended there: it gets an `END`.
        """
        before = b"".join(self._before)
        self._begin()
        if not steps:
            return b""
        for start, end, ended in _ends(before + payload, self._sizes):
            if end <= len(before):
                continue
            if ended < steps:
                steps -= ended
                continue
            if start < len(before) and ended != steps:
                return None
            code = (before + payload)[start:end]  # the steps are its last argument
            last = code if ended == steps else code[:-2] + steps.to_bytes(2, "little")
            return ((before + payload)[:start] + last)[len(before) :]
        return payload + bytes([END] * steps)


def _ends(stimulus: bytes, sizes: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """Yield where each code that ends steps begins and ends, and how many it ends."""
    draws, at = RATES in sizes, 0
    while at < len(stimulus):
        code, end = stimulus[at], at + 1 + sizes.get(stimulus[at], 0)
        if end > len(stimulus):
            return
        if code == END:
            yield at, end, 1
        elif code == IDLE or (draws and code in (GENERATE, PLAY)):
            if count := int.from_bytes(stimulus[end - 2 : end], "little"):
                yield at, end, count
        elif draws and code == RATES:
            end += rates_bytes(stimulus, at)
        at = end
