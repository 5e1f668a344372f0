"""Baud rates: what the host asks of a chip the chip can make, and keep."""

from __future__ import annotations

import random

import pytest
from neurocorex.errors import InputError
from neurocorex.fpga.boards import BOARDS
from neurocorex.spec import ChipInfo, CoreConfig, Op, Request, Response
from neurocorex.spec.config import LIMITS
from neurocorex.spec.protocol import FRAME_S, RETURN_S, RETURN_TICKS, TICK_S, heartbeat_bits
from neurocorex.wire.baud import divisor_for, frame_bits

CLOCKS = sorted(
    {
        *(board.clock_hz for board in BOARDS.values()),
        *(mhz * 1_000_000 for mhz in (1, 4, 8, 12, 16, 24, 25, 27, 33, 48, 50, 54, 64, 66, 67, 80, 81, 100, 108, 134)),
        *(1 << bits for bits in range(20, 28)),
        *((1 << bits) + 1 for bits in range(20, 28)),
    }
)


def chip(clock_hz: int, frame_bytes: int = 512) -> ChipInfo:
    return ChipInfo(config=CoreConfig(frame_bytes=frame_bytes), clock_hz=clock_hz, baud=1_000_000, build_id=0)


def half_beat_s(clock_hz: int) -> float:
    return (1 << heartbeat_bits(clock_hz) - 1) / clock_hz


@pytest.mark.parametrize("clock_hz", CLOCKS)
def test_ticks_and_return_are_within_the_times_that_are_told(clock_hz: int) -> None:
    assert TICK_S[0] <= half_beat_s(clock_hz) <= TICK_S[1]
    assert RETURN_TICKS * half_beat_s(clock_hz) <= RETURN_S
    assert (RETURN_TICKS - 1) * half_beat_s(clock_hz) >= FRAME_S


@pytest.mark.parametrize("frame_bytes", sorted(LIMITS["frame_bytes"]))
def test_no_frame_at_a_permitted_rate_takes_until_the_return(frame_bytes: int) -> None:
    for clock_hz in CLOCKS:
        check_permitted(clock_hz, frame_bytes)


def check_permitted(clock_hz: int, frame_bytes: int) -> None:
    """Try rates about the slowest that is permitted, and others."""
    info, rng = chip(clock_hz, frame_bytes), random.Random(clock_hz)
    bits = 10 * longest_frame(info.config)
    shortest_return_s = (RETURN_TICKS - 1) * half_beat_s(clock_hz)
    slowest, permitted = max(bits, clock_hz // 65_535), []
    near = (slowest * part // 1000 for part in range(950, 1100))
    for baud in [*near, *rng.choices(range(100, clock_hz // 4), k=200)]:
        try:
            divisor = divisor_for(info, baud)
        except InputError:
            continue
        permitted.append(baud)
        assert bits * divisor / clock_hz < shortest_return_s
        assert bits / baud < shortest_return_s
    assert min(permitted) < 1.09 * slowest


def longest_frame(config: CoreConfig) -> int:
    """Bytes on the line, of payloads that stuffing makes longest and shortest."""
    frames = [
        frame(Op.WRITE, 1, 1, payload=bytes([level]) * config.payload_bytes, session=0x101).encode()
        for frame in (Request, Response)
        for level in (0, 1)
    ]
    return max(map(len, frames))


@pytest.mark.parametrize("frame_bytes", sorted(LIMITS["frame_bytes"]))
def test_longest_frame_is_that_of_the_encoder(frame_bytes: int) -> None:
    config = CoreConfig(frame_bytes=frame_bytes)
    assert 0 <= frame_bits(config) - 10 * longest_frame(config) <= 20  # headers have zeros, which cost nothing more


@pytest.mark.parametrize(
    ("clock_hz", "baud", "message"),
    [
        (12_000_000, 4_000_000, "cannot send at 4000000 baud; its fastest rate is 3000000$"),
        (12_000_000, 2_800_000, "cannot make 2800000 baud; the nearest is 3000000$"),
        (12_000_000, 1_200, "a frame of 523 bytes takes 4.4 s, and has to take less than 1; its slowest rate is 5232$"),
        (12_000_000, 100, "takes 52 s, .* its slowest rate is 5232$"),
        (500_000_000, 6_000, "cannot send at 6000 baud; its slowest rate is 7630$"),
        (500_000_000, 5_000, "takes 1 s, .* its slowest rate is 7630$"),
        (12_000_000, -1, "cannot send at -1 baud"),
        (1_000, 10, "its slowest rate"),
    ],
)
def test_impossible_rate_is_refused_with_the_nearest(clock_hz: int, baud: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        divisor_for(chip(clock_hz), baud)


@pytest.mark.parametrize("frame_bytes", sorted(LIMITS["frame_bytes"]))
def test_rate_that_a_refusal_names_is_permitted(frame_bytes: int) -> None:
    for clock_hz in CLOCKS:
        info = chip(clock_hz, frame_bytes)
        for baud in (1, clock_hz):
            with pytest.raises(InputError) as refused:
                divisor_for(info, baud)
            divisor_for(info, int(str(refused.value).rsplit(" ", 1)[1]))
