"""Integer arithmetic of the model: hand-computed vectors and properties."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.spec.fixed import (
    Place,
    advance,
    fade,
    pack,
    place_code,
    saturate,
    shrink,
    signed_range,
    toward,
    trace_draw,
    unpack,
    weight_draw,
)

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=300)
states = st.integers(-(1 << 23), (1 << 23) - 1)
decays = st.integers(0, 65535)


@pytest.mark.parametrize(
    ("value", "decay", "expected"),
    [
        (100, 0, 100),
        (100, 32768, 50),
        (101, 32768, 50),  # loses 50.5, rounded up to 51
        (-101, 32768, -50),
        (1, 1, 0),
        (-1, 1, 0),
        (65536, 1, 65535),
        (65537, 1, 65535),
        (7, 65534, 0),
        (1000, 6554, 899),  # loses 100.006
        (8_388_607, 65535, 0),
        (-8_388_608, 65535, 0),
        (0, 12345, 0),
    ],
)
def test_shrink_vectors(value: int, decay: int, expected: int) -> None:
    assert shrink(value, decay) == expected


@pytest.mark.parametrize(
    ("value", "leak", "expected"), [(5, 3, 2), (-5, 3, -2), (5, 5, 0), (5, 9, 0), (-5, 9, 0), (0, 4, 0), (5, 0, 5)]
)
def test_toward_vectors(value: int, leak: int, expected: int) -> None:
    assert toward(value, leak) == expected


@pytest.mark.parametrize(
    ("value", "bits", "expected"), [(127, 8, 127), (128, 8, 127), (-128, 8, -128), (-129, 8, -128), (9**9, 20, 524287)]
)
def test_saturate_vectors(value: int, bits: int, expected: int) -> None:
    assert saturate(value, bits) == expected


@PROPERTY
@given(states, decays.filter(lambda decay: decay != 65535))
def test_shrink_rounds_the_loss_up(value: int, decay: int) -> None:
    loss = ceil(Fraction(abs(value) * decay, 65536))
    assert abs(shrink(value, decay)) == abs(value) - loss
    assert shrink(-value, decay) == -shrink(value, decay)


@PROPERTY
@given(st.integers(1, (1 << 23) - 1), st.integers(1, 65535))
def test_every_decay_ends_at_zero(value: int, decay: int) -> None:
    assert 0 <= shrink(value, decay) < value


@PROPERTY
@given(states, st.integers(0, (1 << 23) - 1))
def test_toward_never_crosses_zero(value: int, leak: int) -> None:
    left = toward(value, leak)
    assert left * value >= 0
    assert abs(left) == max(abs(value) - leak, 0)


@PROPERTY
@given(st.integers(-(1 << 40), 1 << 40), st.integers(1, 32))
def test_saturate_clamps(value: int, bits: int) -> None:
    low, high = signed_range(bits)
    assert saturate(value, bits) == sorted((low, value, high))[1]


def test_pack_is_little_endian_twos_complement() -> None:
    assert pack([1, -2, 0x123456], 3) == bytes.fromhex("010000 feffff 563412")


@PROPERTY
@given(st.integers(1, 4), st.booleans(), st.data())
def test_unpack_inverts_pack(item_bytes: int, signed: bool, data: st.DataObject) -> None:
    low, high = signed_range(8 * item_bytes) if signed else (0, (1 << (8 * item_bytes)) - 1)
    values = data.draw(st.lists(st.integers(low, high), max_size=20))
    assert unpack(pack(values, item_bytes), item_bytes, signed=signed) == values


@PROPERTY
@given(st.integers(0, 65535), decays.filter(lambda decay: decay != 65535), st.integers(0, 65535))
def test_fade_takes_one_of_two_neighbours(trace: int, decay: int, draw: int) -> None:
    exact = Fraction(trace * (65536 - decay), 65536)
    assert fade(trace, decay, draw) in (floor(exact), ceil(exact))


@pytest.mark.parametrize(("trace", "decay"), [(1, 652), (15, 3196), (4095, 66), (3, 60000), (0, 5), (9, 0)])
def test_fade_is_exact_on_average_over_all_draws(trace: int, decay: int) -> None:
    assert sum(fade(trace, decay, draw) for draw in range(65536)) == trace * (65536 - decay)


def test_fade_of_everything_leaves_nothing() -> None:
    assert fade(65535, 65535, 65535) == 0


@pytest.mark.parametrize(
    ("place", "number", "code"),
    [(Place.INPUT, 1, 0x8000), (Place.INPUT, 6, 0x6000), (Place.RECURRENT, 1, 0xD555), (Place.NEURON, 0, 0x0F0F)],
)
def test_code_of_a_place(place: Place, number: int, code: int) -> None:
    assert place_code(place, number) == code


def test_draws_of_a_place_are_spread_evenly() -> None:
    random, seen_traces, seen_weights = 1, [0] * 16, [0] * 16
    for _ in range(16000):
        seen_traces[trace_draw(random, place_code(Place.INPUT, 5)) >> 12] += 1
        seen_weights[weight_draw(random, place_code(Place.NEURON, 7), 3) >> 4] += 1
        random = advance(random)
    assert all(abs(count - 1000) < 150 for count in seen_traces + seen_weights)
