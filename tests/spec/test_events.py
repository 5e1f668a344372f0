"""The byte stream of spikes: hand-written vectors, properties, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.spec import EventDecoder, Graded, Step, encode_steps
from neurocorex.spec.events import Cleared, Set
from support.steps import steps_of

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=200)


@pytest.mark.parametrize(
    ("steps", "data"),
    [
        ([], ""),
        ([Step()], "ff"),
        ([Step()] * 2, "fe 0200"),
        ([Step()] * 65535, "fe ffff"),
        ([Step()] * 65536, "fe ffff ff"),
        ([Step((0,))], "00 ff"),
        ([Step((0, 1, 5))], "00 00 03 ff"),
        ([Step((239,))], "ef ff"),
        ([Step((240,))], "f0 00 ff"),
        ([Step((0, 500))], "00 f0 f0 13 ff"),
        ([Step((), (Graded(0, 1), Graded(300, -2)))], "f1 0000 010000 f1 2b01 feffff ff"),
        ([Step((7,), (Graded(2, -8388608),), (Cleared(1),))], "f2 01 07 f1 0200 000080 ff"),
        ([Step(changes=(Cleared(13),))], "f2 0d ff"),
        ([Step(changes=(Set(9, 0xFFFFFF00), Cleared(4), Set(9, 256)))], "f4 09 00ffffff f2 04 f4 09 00010000 ff"),
        (
            [Step((), (Graded(1, 0, True), Graded(2, 3), Graded(9, 1, True)))],
            "f3 0100 000000 f1 0000 030000 f3 0600 010000 ff",
        ),
        ([Step(), Step((3,)), Step()], "ff 03 ff ff"),
    ],
)
def test_vectors(steps: list[Step], data: str) -> None:
    encoded = bytes.fromhex(data)
    assert encode_steps(steps) == encoded
    assert EventDecoder().feed(encoded) == steps


@PROPERTY
@given(steps_of(), st.data())
def test_pieces_of_any_size_decode_to_the_same_steps(steps: list[Step], data: st.DataObject) -> None:
    encoded = encode_steps(steps)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=5)))
    decoder = EventDecoder()
    pieces = zip([0, *cuts], [*cuts, len(encoded)], strict=True)
    assert [step for first, last in pieces for step in decoder.feed(encoded[first:last])] == steps
    assert not decoder.open
    assert decoder.refused == 0


@pytest.mark.parametrize("indices", [(3, 3), (4, 2)])
def test_indices_must_rise(indices: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must rise"):
        encode_steps([Step(indices)])


@pytest.mark.parametrize(
    ("data", "refused", "steps"),
    [
        ("f5 ff", 1, [Step()]),
        ("fd 05 ff", 1, [Step((5,))]),
        ("05 f2 01 ff", 1, [Step((5,))]),
        ("f1 0000 000000 f4 09 00000000 ff", 1, [Step((), (Graded(0, 0),))]),
        ("f2 01 f2 02 ff", 0, [Step(changes=(Cleared(1), Cleared(2)))]),
        ("fe 0000 ff", 1, [Step()]),
    ],
    ids=[
        "reserved",
        "reserved before event",
        "clear inside a step",
        "set inside a step",
        "clear twice",
        "idle of nothing",
    ],
)
def test_meaningless_codes_are_counted_and_skipped(data: str, refused: int, steps: list[Step]) -> None:
    decoder = EventDecoder()
    assert decoder.feed(bytes.fromhex(data)) == steps
    assert decoder.refused == refused


def test_idle_ends_an_open_step() -> None:
    assert EventDecoder().feed(bytes.fromhex("05 fe 0300")) == [Step((5,)), Step(), Step()]


def test_open_step_can_be_ended_by_hand() -> None:
    decoder = EventDecoder()
    assert decoder.feed(bytes.fromhex("05 00")) == []
    assert decoder.open
    assert decoder.end() == Step((5, 6))
    assert not decoder.open
