"""Event streams agree with the plain definition, byte for byte, and are checked."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.errors import InputError
from neurocorex.events.decoder import StreamDecoder
from neurocorex.events.stream import CLEAR_ALL, EventStream
from neurocorex.spec import Clear, Control, CoreConfig, EventDecoder, Graded, Region, Step, encode_steps, layout
from neurocorex.spec.events import Cleared, Set
from neurocorex.wire.regions import from_bytes, to_bytes
from support.steps import steps_of

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=200)
#: Bytes of which most are codes with arguments or without meaning.
noise = st.lists(st.sampled_from([0, 3, 239, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xFE, 0xFF, 0, 1]), max_size=60).map(
    bytes
)


def stream_of(steps: list[Step]) -> EventStream:
    events = [(number, index) for number, step in enumerate(steps) for index in step.events]
    graded = [(number, *entry) for number, step in enumerate(steps) for entry in step.graded]
    changes = [
        (number, *((-1, change.flags) if isinstance(change, Cleared) else change))
        for number, step in enumerate(steps)
        for change in step.changes
    ]
    tables = ((events, 2), (graded, 4), (changes, 3))
    return EventStream(
        len(steps), *(column for rows, width in tables for column in np.array(rows, int).reshape(-1, width).T)
    )


@PROPERTY
@given(steps_of())
def test_bytes_equal_the_definition(steps: list[Step]) -> None:
    encoded = encode_steps(steps)
    assert stream_of(steps).encode() == encoded
    assert EventStream.decode(encoded) == stream_of(steps)


@pytest.mark.parametrize("length", [1, 2, 65534, 65535, 65536, 65537, 131070, 131071, 200_000])
def test_long_silence_equals_the_definition(length: int) -> None:
    steps = [Step((1,)), *[Step()] * length, Step((2,))]
    assert stream_of(steps).encode() == encode_steps(steps)
    assert EventStream(length).encode() == encode_steps([Step()] * length)
    assert EventStream.decode(encode_steps(steps)) == stream_of(steps)


@PROPERTY
@given(steps_of(events=40))
def test_results_come_in_the_order_of_the_neurons(steps: list[Step]) -> None:
    encoded = stream_of(steps).encode(interleave=True)
    assert EventStream.decode(encoded) == stream_of(steps)
    decoder = EventDecoder()
    order: list[list[tuple[int, int]]] = [[]]
    seen = (0, 0)
    for position in range(len(encoded)):
        for _ in decoder.feed(encoded[position : position + 1]):
            order.append([])
            seen = (0, 0)
        events, graded = decoder._events[seen[0] :], decoder._graded[seen[1] :]
        order[-1] += [(index, 0) for index in events] + [(entry.neuron, 1) for entry in graded]
        seen = (len(decoder._events), len(decoder._graded))
    assert all(step == sorted(step) for step in order)


def test_interleaved_vector() -> None:
    stream = EventStream(1, [0, 0], [3, 7], [0, 0], [3, 5], [-1, 2])
    assert stream.encode(interleave=True) == bytes.fromhex("03 f1 0300 ffffff f1 0100 020000 03 ff")
    assert stream.encode() == bytes.fromhex("03 03 f1 0300 ffffff f1 0100 020000 ff")


@PROPERTY
@given(noise, st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_decoder_follows_the_definition_through_noise(data: bytes, sizes: list[int]) -> None:
    plain, decoder = EventDecoder(), StreamDecoder()
    position = 0
    before = EventStream(0)
    for size in sizes:
        piece = data[position : position + size]
        position += size
        expected, stream = plain.feed(piece), decoder.feed(piece)
        assert stream.steps == len(expected)
        whole = EventStream.join([before, stream])  # changes come at once from the one, with their step from the other
        busy = [number for number, step in enumerate(expected) if step != Step()]
        assert all(whole.cut(number, number + 1) == stream_of([expected[number]]) for number in busy)
        before = whole.cut(stream.steps, stream.steps + 1)
        assert (decoder.refused, decoder.open) == (plain.refused, plain.open)
        assert decoder.partial == bool(plain._pending)
    last = decoder.end()
    assert EventStream.join([before, last]) == stream_of([plain.end()])
    assert not decoder.open
    assert not decoder.partial


@pytest.mark.parametrize(
    ("data", "refused", "expected"),
    [
        ("04 ff", 1, Step()),
        ("04 00 ff", 2, Step()),
        ("03 00 ff", 1, Step((3,))),
        ("f0 00 ff", 1, Step()),
        ("f1 0300 010000 ff", 1, Step()),
        ("f1 0000 010000 00 ff", 1, Step((), (Graded(0, 1),))),
        ("f1 0000 010000 f0 ff", 1, Step((), (Graded(0, 1),))),
        ("f1 0900 010000 00 ff", 2, Step()),
        ("f1 0000 010000 ff 00 ff", 0, Step((), (Graded(0, 1),))),
    ],
    ids=[
        "no such axon", "cursor moves with a refused event", "the one before stays", "no such axon behind a skip",
        "no such neuron", "event after graded", "skip after graded", "event after a refused graded event",
        "the next step is new",
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [1, 2, 100])
def test_stimulus_that_breaks_the_rules_is_refused(data: str, refused: int, expected: Step, piece: int) -> None:
    decoder = StreamDecoder(inputs=4, neurons=3)
    raw = bytes.fromhex(data)
    streams = [decoder.feed(raw[start : start + piece]) for start in range(0, len(raw), piece)]
    assert EventStream.join(streams).cut(0, 1) == stream_of([expected])
    assert decoder.refused == refused


@pytest.mark.parametrize("data", ["05", "05 ff 00", "f1 0000", "f2", "f2 01 03", "f4 09", "fe 01"])
def test_stream_that_ends_within_a_step_is_refused(data: str) -> None:
    with pytest.raises(InputError, match="ends within step"):
        EventStream.decode(bytes.fromhex(data))


def test_stream_with_codes_without_meaning_is_refused() -> None:
    with pytest.raises(InputError, match=r"1 code\(s\) without meaning"):
        EventStream.decode(bytes.fromhex("f9 ff"))


@PROPERTY
@given(steps_of(), st.data())
def test_join_inverts_cut(steps: list[Step], data: st.DataObject) -> None:
    stream = stream_of(steps)
    at = data.draw(st.integers(0, len(steps)))
    assert stream.cut(0, at) == stream_of(steps[:at])
    assert EventStream.join([stream.cut(0, at), stream.cut(at, len(steps))]) == stream
    assert EventStream.join([]) == EventStream(0)


def test_dense_tables_round_trip() -> None:
    rng = np.random.default_rng(3)
    spikes = rng.random((20, 7)) < 0.3
    inject = rng.integers(-2, 3, (20, 5))
    stream = EventStream.from_dense(spikes, inject, clear_steps=[0, 10])
    assert np.array_equal(stream.dense(7), spikes)
    table = np.zeros_like(inject)
    table[stream.graded_step, stream.graded_index] = stream.graded_value
    assert np.array_equal(table, inject)
    assert stream.change_step.tolist() == [0, 10]
    assert stream.change_register.tolist() == [-1, -1]
    assert stream.change_value.tolist() == [CLEAR_ALL] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1,), "0 steps or more"),
        ((2, [0.5], [1]), "must be one row of integers"),
        ((2, [[0]], [[1]]), "must be one row of integers"),
        ((2, [0], [1, 2]), "equally long, got 1, 2 entries"),
        ((2, [0, 0], [1, 1]), "events must rise .* entry 1 is step 0, 1"),
        ((2, [1, 0], [1, 1]), "events must rise"),
        ((2, [2], [1]), "event at step 2 of a stream of 2 steps"),
        ((2, [-1], [1]), "event at step -1"),
        ((2, [0], [-1]), "event of index -1"),
        ((2, [], [], [0], [1], [1 << 23]), "graded values have 24 bits"),
        ((2, [], [], [0], [1], [1], [2]), "graded_forced is 0 or 1"),
        ((2, [], [], [0], [1], [1], [0, 1]), "equally long"),
        ((2, [], [], [], [], [], [], [1, 0], [-1, -1], [1, 1]), "must not fall"),
        ((2, [], [], [], [], [], [], [3], [-1], [1]), "0 to 2"),
        ((2, [], [], [], [], [], [], [2], [256], [1]), "registers are 0 to 255"),
        ((2, [], [], [], [], [], [], [2], [-1], [256]), "flags of what to clear 8"),
        ((2, [], [], [], [], [], [], [2], [9], [1 << 32]), "a change has 32 bits"),
        ((2, [], [], [], [], [], [], [2], [9], []), "equally long"),
    ],
)
def test_bad_streams_are_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EventStream(*(np.array(value) if isinstance(value, list) and value else value for value in arguments))


def test_changes_before_one_step_keep_their_order() -> None:
    stream = EventStream(3, [1], [0]).clearing(1, Clear.TRACES).setting([1, 2], Control.MODULATION, -1).clearing([0, 1])
    steps = [
        Step(changes=(Cleared(CLEAR_ALL),)),
        Step((0,), changes=(Cleared(Clear.TRACES), Set(Control.MODULATION, 0xFFFF_FFFF), Cleared(CLEAR_ALL))),
        Step(changes=(Set(Control.MODULATION, 0xFFFF_FFFF),)),
    ]
    assert stream == stream_of(steps)
    assert stream.encode() == encode_steps(steps)


def test_changes_may_stand_behind_the_last_step() -> None:
    stream = EventStream(1, [0], [2]).setting(1, Control.GATE, 7)
    assert stream.encode() == bytes.fromhex("02 ff f4 12 07000000")
    assert EventStream.decode(stream.encode()) == stream
    assert stream.cut(0, 1) == EventStream(1, [0], [2])
    assert EventStream.join([stream.cut(0, 1), stream.cut(1, 2)]) == stream


@pytest.mark.parametrize("data", ["f2 0d", "f4 09 00010000"])
def test_changes_do_not_wait_for_their_step(data: str) -> None:
    decoder = StreamDecoder()
    stream = decoder.feed(bytes.fromhex(data))
    assert (stream.steps, stream.change_step.tolist()) == (0, [0])
    assert not decoder.open
    assert decoder.end() == EventStream(1)


def test_tables_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match=r"equally many steps, got \(3, 2\), \(4, 2\)"):
        EventStream.from_dense(np.zeros((3, 2), bool), np.zeros((4, 2), int))


def test_table_must_be_wide_enough() -> None:
    with pytest.raises(InputError, match="index 9"):
        EventStream(1, [0], [9]).dense(9)


def test_graded_events_too_far_apart_are_refused() -> None:
    with pytest.raises(InputError, match="at most 65536 neurons apart"):
        EventStream(1, graded_step=[0], graded_index=[65536], graded_value=[1]).encode()


def test_items_are_cut_to_their_bytes_and_extended_again() -> None:
    config = CoreConfig(neurons=3, state_bits=20)
    table = layout(Region.THRESHOLD, config)
    values = np.array([-(1 << 19), -1, (1 << 19) - 1])
    assert to_bytes(values, table) == b"\0\0\xf8\xff\xff\xff\xff\xff\x07"
    assert from_bytes(to_bytes(values, table), table).tolist() == values.tolist()
