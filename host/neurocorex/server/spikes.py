"""Spikes in what a chip sends to somebody else, for a client that watches."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from ..errors import DeviceError, GarbageError, NoAnswerError
from ..events.decoder import StreamDecoder
from ..spec import Op, Request, Response, ResponseDecoder, Status
from ..spec.protocol import SEQUENCE_MODULUS
from ..wire.greeting import MISSED
from ..wire.socketport import SocketTransport

#: Time that a server gets to answer.
ANSWER_S = 5.0
_POLL_S = 0.5
_HALF = SEQUENCE_MODULUS // 2


class SpikeWatch:
    """Decoder of what a server sends to a client that watches.

    Results of a run are one stream of bytes, so after a missed frame nothing can be read until a new one begins: behind
    HELLO, or behind the answer to any request but RUN. Steps are counted from there, so mostly from the start of a run.

    Parameters
    ----------
    session : int
        Session of our own HELLO, under which the server speaks to us.
    """

    def __init__(self, session: int) -> None:
        self._session = session
        self._frames = ResponseDecoder()
        self._results: StreamDecoder | None = None  # None: in the middle of a stream
        self._watched: int | None = None  # session of the chip
        self._expected: int | None = None  # number of the next response
        self._step = self._missed = 0
        self.accepted = False

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take bytes in pieces of any size; yield what they tell.

        Yields
        ------
        dict
            ``{"session": number}``: another client began. ``{"step": number, "neurons": [numbers]}``: who fired.
            ``{"missed": frames}``: this client was too slow.

        Raises
        ------
        DeviceError
            If the server refuses us.
        GarbageError
            If the other end is no server that lets clients watch.
        """
        for frame in self._frames.feed(data):
            if not isinstance(frame, Response):
                self._lose()
            elif (frame.op, frame.session) == (Op.HELLO, self._session):
                yield from self._told(frame)
            elif frame.op == Op.HELLO:
                self._expected, self._watched = 0, frame.session
                self._begin()
                yield {"session": frame.session}
            elif frame.op >= Op.READ:
                yield from self._numbered(frame)

    def _told(self, answer: Response) -> Iterator[dict[str, Any]]:
        """Take an answer of the server itself."""
        if answer.status != Status.OK:
            raise DeviceError(answer.payload.decode(errors="replace"))
        if len(answer.payload) != MISSED.size:
            raise GarbageError("only a chip behind `neurocorex serve --share` can be watched")
        self.accepted = True
        (missed,) = MISSED.unpack(answer.payload)
        if missed != self._missed:
            yield {"missed": missed - self._missed}
            self._missed = missed
            self._lose()

    def _numbered(self, answer: Response) -> Iterator[dict[str, Any]]:
        if answer.session != self._watched:  # we came in the middle of it
            self._watched = answer.session
            self._lose()
            yield {"session": answer.session}
        if self._expected is not None:
            ahead = (answer.sequence - self._expected + _HALF) % SEQUENCE_MODULUS - _HALF
            if ahead < 0:
                return  # sent again, and seen already
            if ahead > 0:
                yield {"missed": ahead}
                self._lose()
        self._expected = (answer.sequence + 1) % SEQUENCE_MODULUS
        if answer.op != Op.RUN:
            if answer.status != Status.STEP_OPEN:
                self._begin()
        elif self._results is not None and answer.status <= Status.STOPPED:
            yield from self._steps(self._results, answer.payload)
            if answer.status == Status.STOPPED:
                self._begin()

    def _steps(self, results: StreamDecoder, data: bytes) -> Iterator[dict[str, Any]]:
        stream = results.feed(data)
        steps, first = np.unique(stream.event_step, return_index=True)
        for step, neurons in zip(steps.tolist(), np.split(stream.event_index, first[1:]), strict=False):
            yield {"step": self._step + step, "neurons": neurons.tolist()}
        self._step += stream.steps

    def _begin(self) -> None:
        """Expect the beginning of a stream of results."""
        self._results = StreamDecoder(results=True)
        self._step = 0

    def _lose(self) -> None:
        self._results = self._expected = None


def watching(transport: SocketTransport) -> Iterator[dict[str, Any]]:
    """Ask a server to let us watch; return what is seen from now on, see `SpikeWatch.feed`.

    Parameters
    ----------
    transport : SocketTransport
        Opened with ``watch=True``.

    Raises
    ------
    DeviceError, GarbageError
        See `SpikeWatch.feed`.
    NoAnswerError
        If the other end does not answer.
    DisconnectedError
        If the server ends; also from the iterator.
    """
    session = 1 + secrets.randbelow(0xFFFF)
    watch = SpikeWatch(session)
    transport.write(b"\0" + Request(Op.HELLO, payload=transport.greeting, session=session).encode())
    deadline = time.monotonic() + ANSWER_S
    seen: list[dict[str, Any]] = []
    while not watch.accepted:
        seen += watch.feed(transport.read(_POLL_S))
        if not watch.accepted and time.monotonic() > deadline:
            raise NoAnswerError(f"{transport.name} does not answer; is it `neurocorex serve --share`?")
    return chain(seen, _all(watch, transport))


def _all(watch: SpikeWatch, transport: SocketTransport) -> Iterator[dict[str, Any]]:
    while True:
        yield from watch.feed(transport.read(_POLL_S))
