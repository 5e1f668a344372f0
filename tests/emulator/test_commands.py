"""Commands of an emulated chip: what they do and how they are refused, each with its exact status."""

from collections.abc import Iterator

import numpy as np
import pytest
from neurocorex.events.stream import EventStream
from neurocorex.spec import ChipInfo, Control, CoreConfig, Counter, Op, Region, Status, controls, layout
from neurocorex.spec.fixed import pack, unpack
from neurocorex.spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex.spec.registers import PARAMETERS, STATE
from neurocorex.spec.rows import never
from support.wire import Wire, events, silence

CONFIG = CoreConfig(neurons=8, inputs=4, lanes=4, weight_bits=16, frame_bytes=64, tx_frames=2)
SIGNED_ITEM = 3  # bytes of a bias


@pytest.fixture
def wire() -> Wire:
    return Wire(CONFIG)


@pytest.mark.parametrize(
    "region", [region for region in (Region.WEIGHTS, *PARAMETERS, *STATE) if layout(region, CONFIG).items]
)
def test_what_was_written_can_be_read_back(wire: Wire, region: Region) -> None:
    table = layout(region, CONFIG)
    rng = np.random.default_rng(region)
    values = rng.integers(table.range[0], table.range[1], table.items, endpoint=True).tolist()
    per_frame = 18
    for start in range(0, table.items, per_frame):
        row, column = divmod(start, table.columns)
        assert wire.write(region, values[start : start + per_frame], row, column) is Status.OK
    assert wire.read(region) == values


def test_control_registers_keep_their_own_bits(wire: Wire) -> None:
    for register in controls(CONFIG):
        assert wire.write(Region.CONTROL, [0xFFFF_FFFF], column=register) is Status.OK
    assert wire.read(Region.CONTROL) == [(1 << control.bits(CONFIG)) - 1 for control in controls(CONFIG)]


@pytest.fixture
def gap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """A register that no chip has, before others that all have."""
    monkeypatch.setattr(Control.GAIN_RECURRENT.row, "present", never)
    monkeypatch.setattr("neurocorex.emulator.machine_code.load", lambda kind: None)
    controls.cache_clear()
    yield Control.GAIN_RECURRENT
    controls.cache_clear()


def test_register_that_the_chip_lacks_is_a_gap_before_later_ones(gap: Control) -> None:
    """Its item is there, so that those behind it keep their numbers; it stores nothing, and SET of it is refused."""
    wire = Wire(CONFIG)
    assert wire.write(Region.CONTROL, [7] * 4) is Status.OK
    assert wire.read(Region.CONTROL) == [7, 0, 7, 7]
    wire.run(EventStream(1).setting(0, gap, 1).setting(0, Control.ADAPTATION_STEP, 5))
    assert wire.chip.emulator.counters[Counter.REFUSED_EVENTS] == 1
    assert wire.read(Region.CONTROL) == [7, 0, 5, 7]


def test_info_describes_the_chip(wire: Wire) -> None:
    assert ChipInfo.from_words(wire.read(Region.INFO)).config == CONFIG


def test_counters_are_pairs_of_words(wire: Wire) -> None:
    wire.chip.emulator.count(Counter.STALL_CYCLES, (3 << 32) + 7)
    wire.run(silence(5))
    words = wire.read(Region.COUNTERS)
    assert words[2 * Counter.STALL_CYCLES :][:2] == [7, 3]
    assert words[2 * Counter.STEPS :][:2] == [5, 0]


@pytest.mark.parametrize(
    ("arguments", "items"),
    [((Region.WEIGHTS, 1, 6, 4), 4), ((Region.WEIGHTS, 11, 7, 1), 1), ((Region.BIAS, 0, 2, 0), 0)],
)
def test_read_of_part_of_a_region(wire: Wire, arguments: tuple[int, ...], items: int) -> None:
    wire.chip.emulator.write(Region.WEIGHTS, np.arange(96))
    status, data = wire.call(Op.READ, READ_ARGUMENTS.pack(*arguments))
    assert status is Status.OK
    start = arguments[1] * 8 + arguments[2]
    if arguments[0] == Region.WEIGHTS:
        assert unpack(data, 2, signed=True) == list(range(start, start + items))
    else:
        assert data == b""


def test_frames_of_a_read_hold_whole_items(wire: Wire) -> None:
    config = CoreConfig(neurons=30, inputs=1, frame_bytes=64, tx_frames=16)
    wide = Wire(config)
    frames = wide.send(Op.READ, READ_ARGUMENTS.pack(Region.COUNTERS, 0, 0, 28))
    assert [len(frame.payload) for frame in frames] == [60, 52]
    frames = wide.send(Op.READ, READ_ARGUMENTS.pack(Region.BIAS, 0, 0, 30))
    assert [len(frame.payload) for frame in frames] == [60, 30]
    config = CoreConfig(neurons=64, inputs=1, frame_bytes=128, tx_frames=16)
    frames = Wire(config).send(Op.READ, READ_ARGUMENTS.pack(Region.BIAS, 0, 0, 64))
    assert [len(frame.payload) for frame in frames] == [123, 69]


@pytest.mark.parametrize(
    ("op", "payload", "status"),
    [
        (0x15, b"", Status.BAD_OP),
        (0x7F, b"", Status.BAD_OP),
        (Op.READ, b"", Status.BAD_LENGTH),
        (Op.READ, READ_ARGUMENTS.pack(Region.BIAS, 0, 0, 1) + b"\0", Status.BAD_LENGTH),
        (Op.READ, READ_ARGUMENTS.pack(0x77, 0, 0, 1), Status.BAD_REGION),
        (Op.READ, READ_ARGUMENTS.pack(Region.BIAS, 1, 0, 1), Status.BAD_RANGE),
        (Op.READ, READ_ARGUMENTS.pack(Region.BIAS, 0, 8, 0), Status.BAD_RANGE),
        (Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 12, 0, 1), Status.BAD_RANGE),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.BIAS, 0, 0)[:4], Status.BAD_LENGTH),
        (Op.WRITE, WRITE_ARGUMENTS.pack(0x77, 0, 0) + bytes(3), Status.BAD_REGION),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.BIAS, 0, 8) + bytes(3), Status.BAD_RANGE),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.BIAS, 1, 0) + bytes(3), Status.BAD_RANGE),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.INFO, 0, 0) + bytes(4), Status.READ_ONLY),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.COUNTERS, 9, 9) + bytes(4), Status.READ_ONLY),
        (Op.CLEAR, b"", Status.BAD_LENGTH),
        (Op.CLEAR, b"\1\1", Status.BAD_LENGTH),
        (Op.SET_BAUD, b"\4", Status.BAD_LENGTH),
        (Op.SET_BAUD, b"\3\0", Status.BAD_RANGE),
    ],
)  # fmt: skip
def test_bad_arguments_have_their_status_and_no_effect(wire: Wire, op: int, payload: bytes, status: Status) -> None:
    before = {region: memory.copy() for region, memory in wire.chip.emulator.regions.items()}
    assert wire.call(op, payload) == (status, b"")
    for region, memory in wire.chip.emulator.regions.items():
        assert np.array_equal(memory, before[region])
    assert wire.call(Op.CLEAR, b"\1") == (Status.OK, b"")


def test_adaptation_of_a_chip_without_it_is_read_only() -> None:
    wire = Wire(CoreConfig(neurons=4, inputs=1, adaptation=False))
    assert wire.write(Region.ADAPTATION, [1]) is Status.READ_ONLY
    assert wire.read(Region.ADAPTATION) == [0] * 4


def test_read_beyond_the_end_gives_what_there_is(wire: Wire) -> None:
    wire.chip.emulator.write(Region.BIAS, np.arange(8))
    status, data = wire.call(Op.READ, READ_ARGUMENTS.pack(Region.BIAS, 0, 6, 3))
    assert (status, unpack(data, SIGNED_ITEM, signed=True)) == (Status.BAD_RANGE, [6, 7])
    status, data = wire.call(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, 0xFFFF_FFFF))
    assert (status, len(data)) == (Status.BAD_RANGE, 2 * 96)


def test_write_beyond_the_end_stores_what_fits(wire: Wire) -> None:
    assert wire.write(Region.BIAS, [1, 2, 3], column=6) is Status.BAD_RANGE
    assert wire.read(Region.BIAS) == [0, 0, 0, 0, 0, 0, 1, 2]


def test_write_of_an_incomplete_item_stores_those_before(wire: Wire) -> None:
    arguments = WRITE_ARGUMENTS.pack(Region.BIAS, 0, 0) + pack([5, 6], SIGNED_ITEM) + b"\7"
    assert wire.call(Op.WRITE, arguments) == (Status.BAD_LENGTH, b"")
    assert wire.read(Region.BIAS) == [5, 6, 0, 0, 0, 0, 0, 0]


def test_write_of_nothing_is_fine(wire: Wire) -> None:
    assert wire.write(Region.BIAS, []) is Status.OK


def test_excess_bits_of_an_item_are_cut(wire: Wire) -> None:
    arguments = WRITE_ARGUMENTS.pack(Region.BIAS, 0, 0) + bytes.fromhex("ffff7f")
    assert wire.call(Op.WRITE, arguments) == (Status.OK, b"")
    assert wire.read(Region.BIAS)[0] == -1


def test_clear_zeroes_what_its_flags_say(wire: Wire) -> None:
    wire.fill(Region.MEMBRANE, 9)
    wire.fill(Region.BIAS, 4)
    wire.run(silence(1))
    assert wire.call(Op.CLEAR, b"\1") == (Status.OK, b"")
    assert wire.read(Region.MEMBRANE) == [0] * 8
    assert wire.read(Region.BIAS) == [4] * 8
    assert wire.read(Region.COUNTERS)[0] == 1
    assert wire.call(Op.CLEAR, b"\2") == (Status.OK, b"")
    assert wire.read(Region.COUNTERS)[:2] == [0, 0]


def test_rate_can_be_set_where_there_is_none(wire: Wire) -> None:
    assert wire.call(Op.SET_BAUD, b"\4\0") == (Status.OK, b"")


@pytest.mark.parametrize(
    ("op", "payload"),
    [
        (Op.READ, READ_ARGUMENTS.pack(Region.BIAS, 0, 0, 1)),
        (Op.READ, b""),
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.BIAS, 0, 0)),
        (Op.CLEAR, b"\1"),
        (Op.SET_BAUD, b"\4\0"),
    ],
)
def test_only_run_may_follow_an_open_step(wire: Wire, op: Op, payload: bytes) -> None:
    assert wire.call(Op.RUN, b"\0") == (Status.OK, b"")
    assert wire.call(op, payload) == (Status.STEP_OPEN, b"")
    assert wire.call(0x7F) == (Status.BAD_OP, b"")
    assert wire.run(b"\xff") == (Status.OK, silence(1))
    assert wire.call(Op.CLEAR, b"\1") == (Status.OK, b"")


def test_recorded_weights_survive_a_run(wire: Wire) -> None:
    weights = np.random.default_rng(1).integers(-100, 100, 96).tolist()
    wire.chip.emulator.write(Region.WEIGHTS, weights)
    wire.run(events(3, (0, 1), (1, 2)))
    assert wire.read(Region.WEIGHTS) == weights
