"""Frames: hand-written stuffing, checksum, golden frames, and decoding of what a bad line makes of them."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.spec import FrameError, Op, Request, RequestDecoder, Response, ResponseDecoder, Status
from neurocorex.spec.stuffing import cobs_decode, cobs_encode, trailing_decode, trailing_encode, with_crc, without_crc

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=200)
#: Content that is rich in zeros, and long enough for several blocks.
contents = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([b"\0", b"\1", b"x" * 253, b"y" * 254, b"z" * 255]), max_size=8).map(b"".join),
)
octets = st.integers(0, 255)


def crc32_bit_by_bit(data: bytes) -> int:
    register = 0xFFFF_FFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB8_8320 if register & 1 else 0)
    return register ^ 0xFFFF_FFFF


@pytest.mark.parametrize(
    ("content", "stuffed"),
    [("", "01"), ("00", "01 01"), ("0000", "01 01 01"), ("11 22 00 33", "03 11 22 02 33"), ("11 00", "02 11 01")],
)
def test_cobs_vectors(content: str, stuffed: str) -> None:
    assert cobs_encode(bytes.fromhex(content)) == bytes.fromhex(stuffed)
    assert cobs_decode(bytes.fromhex(stuffed)) == bytes.fromhex(content)


@pytest.mark.parametrize(
    ("content", "stuffed"),
    [("", "01"), ("00", "01 01"), ("0000", "01 01 01"), ("11 22 00 33", "11 22 03 33 02"), ("11 00", "11 02 01")],
)
def test_trailing_vectors(content: str, stuffed: str) -> None:
    assert trailing_encode(bytes.fromhex(content)) == bytes.fromhex(stuffed)
    assert trailing_decode(bytes.fromhex(stuffed)) == bytes.fromhex(content)


def test_long_blocks_are_cut_at_254_bytes() -> None:
    content = bytes(range(1, 255)) + b"\x07"
    assert cobs_encode(content) == b"\xff" + content[:254] + b"\x02\x07"
    assert trailing_encode(content) == content[:254] + b"\xff" + b"\x07\x02"


@PROPERTY
@given(contents)
def test_stuffing_removes_zeros_and_is_undone(content: bytes) -> None:
    for encode, decode in ((cobs_encode, cobs_decode), (trailing_encode, trailing_decode)):
        stuffed = encode(content)
        assert 0 not in stuffed
        assert len(stuffed) <= len(content) + len(content) // 254 + 1
        assert decode(stuffed) == content


@pytest.mark.parametrize("stuffed", ["05 11", "00", "02 11 00", "ff 01"])
def test_bad_stuffing_is_refused(stuffed: str) -> None:
    with pytest.raises(FrameError, match="bad stuffing"):
        cobs_decode(bytes.fromhex(stuffed))
    with pytest.raises(FrameError, match="bad stuffing"):
        trailing_decode(bytes.fromhex(stuffed)[::-1])


def test_crc_is_the_one_of_ethernet() -> None:
    assert with_crc(b"123456789") == b"123456789" + (0xCBF43926).to_bytes(4, "little")


@PROPERTY
@given(st.binary(max_size=40), octets, st.integers(1, 255))
def test_crc_finds_any_single_wrong_byte(content: bytes, where: int, change: int) -> None:
    checked = bytearray(with_crc(content))
    assert without_crc(bytes(checked)) == content
    assert int.from_bytes(checked[-4:], "little") == crc32_bit_by_bit(content)
    checked[where % len(checked)] ^= change
    with pytest.raises(FrameError, match="bad checksum"):
        without_crc(bytes(checked))


@pytest.mark.parametrize(
    ("frame", "content"),
    [
        (Request(Op.POLL, 0, 5), "03 00 05 00 00"),
        (Request(Op.WRITE, 7, 0xFF, b"\x10\x00\x00\x00\x00\x80", 0x1234), "11 07 ff 34 12 10 00 00 00 00 80"),
    ],
)
def test_request_layout(frame: Request, content: str) -> None:
    raw = bytes.fromhex(content)
    wire = frame.encode()
    assert wire[-1] == 0
    assert cobs_decode(wire[:-1]) == raw + crc32_bit_by_bit(raw).to_bytes(4, "little")
    assert Request.decode(wire[:-1]) == frame


@pytest.mark.parametrize(
    ("frame", "content"),
    [
        (Response(Op.RUN, 1, 2, 4, Status.MORE, b"\xff", 0xFF01), "92 01 02 04 01 01 ff ff"),
        (Response(Op.POLL, 0, 0, 4, Status.BAD_FRAME), "83 00 00 04 20 00 00"),
    ],
)
def test_response_layout(frame: Response, content: str) -> None:
    raw = bytes.fromhex(content)
    wire = frame.encode()
    assert wire[-1] == 0
    assert trailing_decode(wire[:-1]) == raw + crc32_bit_by_bit(raw).to_bytes(4, "little")
    assert Response.decode(wire[:-1]) == frame


@PROPERTY
@given(st.builds(Request, octets, octets, octets, contents))
def test_requests_survive_the_wire(frame: Request) -> None:
    assert list(RequestDecoder().feed(frame.encode())) == [frame]


@PROPERTY
@given(st.builds(Response, st.integers(0, 127), octets, octets, octets, octets, contents))
def test_responses_survive_the_wire(response: Response) -> None:
    assert list(ResponseDecoder().feed(response.encode())) == [response]


def test_frames_come_out_whatever_the_pieces() -> None:
    requests = [Request(Op.RUN, number, 0, bytes(number)) for number in range(20)]
    wire = b"\0\0" + b"".join(request.encode() for request in requests)
    for size in (1, 2, 7, 1000):
        decoder = RequestDecoder()
        pieces = (wire[start : start + size] for start in range(0, len(wire), size))
        assert [frame for piece in pieces for frame in decoder.feed(piece)] == requests


def test_a_short_frame_is_refused() -> None:
    with pytest.raises(FrameError, match="too short"):
        Request.decode(cobs_encode(with_crc(b"\x03\x00")))


def test_a_request_is_not_a_response() -> None:
    with pytest.raises(FrameError, match="not a response"):
        Response.decode(trailing_encode(with_crc(b"\x03\x00\x00\x00\x00")))


def test_damage_costs_no_frame_but_those_it_touches() -> None:
    rng = random.Random(5)
    requests = [Request(Op.RUN, number, 0, rng.randbytes(30)) for number in range(40)]
    wires = [request.encode() for request in requests]
    damaged = set(range(0, 40, 7))
    for number in damaged:
        wire = bytearray(wires[number])
        wire[rng.randrange(len(wire) - 1)] ^= rng.randrange(1, 256)
        wires[number] = bytes(wire)
    frames = [frame for frame in RequestDecoder().feed(b"".join(wires)) if isinstance(frame, Request)]
    assert frames == [request for number, request in enumerate(requests) if number not in damaged]


def test_an_endless_frame_takes_bounded_memory() -> None:
    decoder = RequestDecoder()
    for _ in range(100):
        assert list(decoder.feed(b"\x55" * 4096)) == []
    (end,) = decoder.feed(b"\0")
    assert isinstance(end, FrameError)
    assert list(decoder.feed(Request(Op.POLL).encode())) == [Request(Op.POLL)]
