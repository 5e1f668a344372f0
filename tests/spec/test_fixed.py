"""Integer arithmetic of the model: hand-computed vectors and properties."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.spec.fixed import pack, saturate, shrink, signed_range, toward, unpack

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
