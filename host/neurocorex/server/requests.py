"""Requests of a client on their way to the chip: whole frames, and HELLO without its greeting."""

from __future__ import annotations

import re

from ..spec import Op, Request
from ..spec.protocol import DELIMITER, FRAME_LIMIT
from ..spec.stuffing import FrameError

#: Frames whose first byte, behind the distance to the next zero, is the operation HELLO.
_HELLO = re.compile(rb"(?:^|(?<=\0))[^\0]\x01[^\0]*")


class RequestFilter:
    """Passes on whole frames only, so that one cut off by the end of a connection harms nobody.

    A greeting may be longer than the frames of the chip, so HELLO goes on without it.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes in pieces of any size; return those that the chip gets."""
        data = self._rest + data
        end = data.rfind(DELIMITER) + 1
        if len(data) - end > FRAME_LIMIT:
            end = len(data)  # no frame is that long: the chip will say so
        self._rest = data[end:]
        return _HELLO.sub(_without_greeting, data[:end])


def _without_greeting(found: re.Match[bytes]) -> bytes:
    try:
        request = Request.decode(found[0])
    except FrameError:
        return found[0]  # damaged: the chip's to say
    if request.op != Op.HELLO:
        return found[0]
    return Request(Op.HELLO, session=request.session).encode()[:-1]
