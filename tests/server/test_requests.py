"""Requests on their way to the chip: whole frames whatever the pieces, and no greeting."""

import pytest
from neurocorex.server.requests import RequestFilter
from neurocorex.spec import Op, Request
from neurocorex.spec.protocol import FRAME_LIMIT

FRAMES = [
    Request(Op.RUN, 7, 1, bytes(range(200)), 5),
    Request(Op.HELLO, payload=b'{"who":"ann"}' * 9, session=6),
    Request(Op.HELLO, session=7),
    Request(Op.WRITE, 8, 0, b"\1" * 300, 7),
    Request(Op.ACK, session=0x101),
]
STREAM = b"\0" + b"\0".join(frame.encode() for frame in FRAMES)
WANTED = STREAM.replace(FRAMES[1].encode(), Request(Op.HELLO, session=6).encode())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 5000])
def test_greetings_are_taken_out_whatever_the_pieces(size: int) -> None:
    requests = RequestFilter()
    assert b"".join(requests.feed(STREAM[at : at + size]) for at in range(0, len(STREAM), size)) == WANTED


def test_frame_without_end_is_kept_back() -> None:
    requests = RequestFilter()
    whole = FRAMES[0].encode()
    assert requests.feed(whole + whole[:9]) == whole
    assert requests.feed(whole[9:]) == whole


def test_damaged_frames_are_the_chips_to_refuse() -> None:
    damaged = b"\7\1\2\3\0" + FRAMES[1].encode()[:-2] + b"\0\xff\1\0"
    assert RequestFilter().feed(damaged) == damaged


def test_frame_that_never_ends_does_not_fill_memory() -> None:
    requests = RequestFilter()
    assert sum(len(requests.feed(b"\5" * 1000)) for _ in range(1000)) > 1_000_000 - FRAME_LIMIT - 1000
