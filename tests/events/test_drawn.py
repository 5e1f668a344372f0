"""Drawn steps and rates as bytes and as columns, against the plain decoder; parts of streams; what is refused."""

import random

import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.events import generator
from neurocorex.events.decoder import StreamDecoder
from neurocorex.events.drawn import merged
from neurocorex.events.stream import EventStream
from neurocorex.spec import EventDecoder, encode_steps
from neurocorex.spec.events import ARGUMENTS, GENERATE, IDLE, PLAY, RATES
from support.coretrial import steps_of

CODES = (0, 1, 5, 0xEF, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, GENERATE, PLAY, RATES, 0xF9, IDLE, 0xFF, 0xFF)


def random_codes(rng: random.Random) -> bytes:
    data = bytearray()
    for _ in range(rng.randrange(1, 30)):
        code = rng.choice(CODES)
        data.append(code)
        if code in (GENERATE, IDLE):
            data += bytes([rng.randrange(4), 0])
        elif code == PLAY:
            data += bytes([rng.randrange(4), 0, rng.randrange(4), 0])
        elif code == RATES:
            size = rng.randrange(6)
            data += bytes([size, 0]) + rng.randbytes(size)
        else:
            data += rng.randbytes(ARGUMENTS.get(code, 0))
    return bytes(data[: rng.randrange(1, len(data) + 1)])


@pytest.mark.parametrize("draws", [True, False], ids=["patterns", "no patterns"])
def test_columns_hold_what_the_plain_decoder_finds(draws: bool) -> None:
    rng = random.Random(2)
    for _ in range(100):
        data = random_codes(rng)
        plain, columns = EventDecoder(draws=draws), StreamDecoder(patterns=None if draws else 0)
        steps, parts, start = [], [], 0
        while start < len(data):
            stop = start + rng.randrange(1, 12)
            steps += plain.feed(data[start:stop])
            parts.append(columns.feed(data[start:stop]))
            start = stop
        stream = EventStream.join(parts)
        behind = stream.change_step < stream.steps
        inner = EventStream.made(stream.steps, *stream.columns[:6], *(each[behind] for each in stream.columns[6:]))
        assert steps_of(inner) == steps
        assert (columns.refused, columns.open) == (plain.refused, plain.open)


def drawn_stream(rng: np.random.Generator) -> EventStream:
    """Stream with spikes in its first and last steps, and drawn ones between them."""
    spikes = rng.random((40, 9)) < 0.2
    spikes[10:31] = False
    counts = [int(rng.integers(1, 8)), int(rng.integers(1, 8))]
    stream = EventStream.from_dense(spikes).clearing([3, 10]).rating(10, bytes(rng.integers(256, size=5).tolist()))
    return stream.drawing([10, 20], counts, [0, 3])


@pytest.mark.parametrize("seed", range(5))
def test_streams_survive_bytes_and_cuts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stream = drawn_stream(rng)
    steps = steps_of(stream)
    assert EventStream.decode(stream.encode()) == stream
    assert EventDecoder().feed(stream.encode()) == EventDecoder().feed(encode_steps(steps)) == steps
    for start in range(41):
        parts = [stream.cut(0, start), stream.cut(start, 41)]
        assert [step for part in parts for step in steps_of(EventStream(part.steps, *part.columns))] == steps


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_packed_rates_come_back(bits: int) -> None:
    rates = np.random.default_rng(bits).integers(1 << bits, size=7)
    back = generator.unpacked(generator.packed(rates, bits), bits)
    assert back[:7].tolist() == rates.tolist()
    assert not back[7:].any()


def test_changes_in_the_middle_make_several_of_drawn_steps() -> None:
    changes = [(0, -2, 3 << 16 | 10), (4, 7, 1), (0, 5, 2), (10, 9, 9), (10, -2, 2)]
    assert merged(changes) == [
        (0, 5, 2), (0, -2, 3 << 16 | 4), (4, 7, 1), (4, -2, 3 << 16 | 6), (10, 9, 9), (10, -2, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EventStream(5).drawing([3], [3]), "nor reach beyond"),
        (lambda: EventStream(9).drawing([0, 2], [3, 3]), "must not overlap"),
        (lambda: EventStream(9, np.array([4]), np.array([0])).drawing([3], [3]), "no events, currents"),
        (lambda: EventStream(9).drawing([3], [3]).clearing(4), "in the middle of steps that the chip draws"),
        (lambda: EventStream(9).drawing([3], [0]), "1 to 65535 at once, got 0"),
        (lambda: EventStream(9).drawing([3], [1], [5000]), "rows from 0 to 4095, got 5000"),
        (lambda: EventStream(9).with_changes(np.array([0]), np.array([-3]), np.array([5])), "have not begun"),
    ],
    ids=["beyond", "overlap", "events", "changes", "none", "row", "no beginning"],
)  # fmt: skip
def test_streams_that_have_no_meaning_are_refused(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
