"""Awaiting a call of a device: it works in a thread, and its cancellation ends it in good order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from ..wire.patience import Cancelled
from .turn import Stop, Turn

T = TypeVar("T")


async def awaited(turn: Turn, work: Callable[[Stop], T]) -> T:
    """Carry out a call in a thread and return what it returns.

    Parameters
    ----------
    turn : Turn
        Of the callers of the device.
    work : callable
        Makes the call, which ends in good order after its argument was wished.

    Raises
    ------
    asyncio.CancelledError
        If the task is cancelled: the call is asked to end, and this waits until it has.
    """
    stop = Stop()

    def carried_out() -> T:
        with turn.stoppable(stop):
            try:
                return work(stop)
            except Cancelled:  # would end the event loop, which takes exceptions of this kind for Ctrl-C
                raise asyncio.CancelledError from None

    thread = asyncio.ensure_future(asyncio.to_thread(carried_out))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        turn.stop(stop)
        while not thread.done():  # also after further cancellations: the call has the device until then
            with suppress(asyncio.CancelledError):
                await asyncio.wait({thread})
        if not thread.cancelled():
            thread.exception()  # noted: the device tells of it
        raise
