"""Faults as a transport: what they make of bytes, how often, the same with the same seed; and devices behind them."""

import math
from collections import deque

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.open import Target
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DisconnectedError, InputError, StateLostError
from neurocorex.spec import Op, Request
from neurocorex.wire.faults import FaultRates, faulty
from neurocorex.wire.faulty import Faults
from neurocorex.wire.transport import Transport
from support.devices import BOTH, IMAGE, SPIKES, assert_same
from support.fakes import SMALL

FRAMES = [Request(Op.WRITE, number % 256, 0, bytes([1, number % 251, 7]), 9).encode() for number in range(4000)]


class Recorder(Transport):
    """Keeps what is written, and says what it is told to."""

    name = "recorder"

    def __init__(self) -> None:
        self.written = bytearray()
        self.says: deque[bytes] = deque()
        self.closed = 0

    def read(self, timeout_s: float) -> bytes:
        return self.says.popleft() if self.says else b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed += 1


def carried(query: str, *, cuts: int = 50) -> tuple[bytes, dict[str, int]]:
    """What a line with these faults makes of `FRAMES`, written in pieces of so many bytes."""
    inner = Recorder()
    line = Faults(FaultRates.parse(query), keeps=True).open(lambda: inner)
    data = b"".join(FRAMES)
    for start in range(0, len(data), cuts):
        line.write(data[start : start + cuts])
    return bytes(inner.written), line.faults


def heard(query: str) -> bytes:
    """The same in the other direction."""
    inner = Recorder()
    inner.says.extend(FRAMES)
    line = Faults(FaultRates.parse(query), keeps=True).open(lambda: inner)
    return b"".join(iter(lambda: line.read(0.0), b""))


def test_a_line_without_faults_changes_nothing() -> None:
    assert carried("seed=1") == (b"".join(FRAMES), {})
    assert heard("seed=1") == b"".join(FRAMES)


@pytest.mark.parametrize("kind", ["loss", "duplicate", "corrupt", "insert"])
def test_rates_are_those_that_were_asked_for(kind: str) -> None:
    _, made = carried(f"{kind}=0.1&seed=5")
    deviation = math.sqrt(len(FRAMES) * 0.1 * 0.9)
    assert list(made) == [kind]
    assert abs(made[kind] - 0.1 * len(FRAMES)) < 4 * deviation


def test_noise_is_counted_in_bytes() -> None:
    data = b"".join(FRAMES)
    _, made = carried("noise=0.01&seed=5")
    assert abs(made["noise"] - 0.01 * len(data)) < 4 * math.sqrt(0.01 * len(data))


def test_each_kind_does_what_it_says() -> None:
    whole = set(FRAMES)
    lost = carried("loss=0.1&seed=1")[0].split(b"\0")[:-1]
    assert {frame + b"\0" for frame in lost} <= whole
    assert len(lost) < len(FRAMES)
    doubled, made = carried("duplicate=0.1&seed=1")
    assert len(doubled.split(b"\0")) - 1 == len(FRAMES) + made["duplicate"]
    flipped, made = carried("corrupt=0.1&seed=1")
    changed = np.frombuffer(flipped, np.uint8) ^ np.frombuffer(b"".join(FRAMES), np.uint8)
    assert np.bitwise_count(changed).sum() == made["corrupt"]
    longer, made = carried("insert=0.1&seed=1")
    assert made["insert"] <= len(longer) - len(b"".join(FRAMES)) <= 8 * made["insert"]


@pytest.mark.parametrize("query", ["loss=0.1", "corrupt=0.2&insert=0.1", "noise=0.05&duplicate=0.3&loss=0.01"])
def test_same_seed_and_frames_meet_the_same_faults_however_they_are_cut(query: str) -> None:
    expected = carried(f"{query}&seed=7", cuts=10**9)
    assert carried(f"{query}&seed=7", cuts=1) == carried(f"{query}&seed=7", cuts=37) == expected
    assert carried(f"{query}&seed=8")[0] != expected[0]
    assert heard(f"{query}&seed=7") == heard(f"{query}&seed=7") != expected[0]  # directions have draws of their own


def test_another_kind_beside_moves_no_draw() -> None:
    assert carried("loss=0.1&seed=3")[1]["loss"] == carried("loss=0.1&corrupt=0.2&seed=3")[1]["loss"]


def test_a_stall_holds_back_and_loses_nothing() -> None:
    inner = Recorder()
    inner.says.extend(FRAMES[:5])
    line = Faults(FaultRates.parse("stall=1&stall_s=0.005"), keeps=True).open(lambda: inner)
    got, silences = b"", 0
    while got != b"".join(FRAMES[:5]):
        data = line.read(0.001)
        got += data
        silences += not data
    assert silences >= 5
    assert line.faults == {"stall": 5}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("faulty:", "lacks a device"),
        ("faulty:emulator", "lacks a device or its faults"),
        ("faulty:?loss=0.1", "lacks a device"),
        ("faulty:emulator?", "one of loss, duplicate"),
        ("faulty:emulator?lost=0.1", "'lost=0.1' is no fault"),
        ("faulty:emulator?loss", "write key=value"),
        ("faulty:emulator?loss=0.1&loss=0.2", "loss is given twice"),
        ("faulty:emulator?loss=1.5", "loss=1.5: a rate is a number from 0 to 1"),
        ("faulty:emulator?loss=nan", "a rate is"),
        ("faulty:emulator?loss=-0.1", "a rate is"),
        ("faulty:emulator?corrupt=much", "corrupt=much"),
        ("faulty:emulator?seed=-1", "a seed is a whole number"),
        ("faulty:emulator?seed=1.5", "a seed is a whole number"),
        ("faulty:emulator?stall_s=0", "more than 0"),
        ("faulty:emulator?stall_s=inf", "more than 0"),
        ("faulty:faulty:emulator?loss=0.1?loss=0.1", "faulty twice"),
        ("faulty:socket://127.0.0.1:1?reset=0.1", "only emulator and rtl can be reset"),
        ("faulty:/dev/ttyUSB0?reset=0.1", "only emulator and rtl can be reset"),
    ],
)
def test_what_means_nothing_is_refused_in_words(name: str, told: str) -> None:
    with pytest.raises(InputError, match="(?s)" + told.replace("(", r"\(")):
        ncx.open(name)


def test_the_last_question_mark_belongs_to_the_faults() -> None:
    inner, rates = faulty("faulty:socket://127.0.0.1:4000?wait?loss=0.25&seed=4")
    assert (inner, rates) == ("socket://127.0.0.1:4000?wait", FaultRates(loss=0.25, seed=4))
    assert faulty("/dev/ttyUSB0") == ("/dev/ttyUSB0", None)


@pytest.mark.parametrize("kind", ["loss", "duplicate", "corrupt", "insert", "stall"])
def test_a_network_runs_as_on_a_clean_line(kind: str, reference: ncx.Result) -> None:
    with ncx.open(f"faulty:emulator?{kind}=0.05&stall_s=0.001&seed=2", config=SMALL) as device:
        device.load(IMAGE)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
        assert device.link.faults[kind]


def test_geometry_fits_the_network_behind_faults() -> None:
    with ncx.open("faulty:emulator?loss=0.01&seed=2") as device:
        device.load(IMAGE)
        assert device.config == IMAGE.config


def test_the_emulator_behind_faults_is_compared_with_the_emulator() -> None:
    target = Target.of("faulty:emulator?loss=0.1")
    assert (target.takes_geometry, target.is_emulator, target.is_simulated) == (True, False, False)
    assert Target.of("faulty:rtl?loss=0.1").is_simulated


def test_a_chip_that_was_reset_is_noticed() -> None:
    def use(device: ncx.Device) -> None:
        for _ in range(200):
            device.load(IMAGE)
            device.run(spikes=SPIKES)

    with ncx.open("faulty:emulator?reset=0.02&seed=3", config=SMALL) as device, pytest.raises(StateLostError):
        use(device)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_was_disconnected_from_is_resumed(reference: ncx.Result, seed: int) -> None:
    with ncx.open(f"faulty:emulator?disconnect=0.02&loss=0.02&seed={seed}") as device:
        cuts = 0
        while True:
            try:
                device.load(IMAGE)
                break
            except DisconnectedError:
                cuts += 1
        try:
            result = device.run(spikes=SPIKES, record=BOTH)
        except DisconnectedError:
            result = resumed(device)
        assert_same(result, reference)
        assert device.link.faults["disconnect"] >= cuts


def resumed(device: ncx.Device) -> ncx.Result:
    while True:
        try:
            return device.resume()
        except DisconnectedError:
            pass


def test_a_chip_that_was_disconnected_from_still_has_its_state() -> None:
    chip = VirtualTransport(SMALL)
    faults = Faults(FaultRates.parse("disconnect=1"), keeps=True)
    line = faults.open(lambda: chip, SMALL)
    with pytest.raises(DisconnectedError, match="asked for"):
        line.write(FRAMES[0])
    for call in (line.check, lambda: line.read(0.0), lambda: line.write(b"")):
        with pytest.raises(DisconnectedError, match="has ended"):
            call()
    line.close()
    chip.write(b"")  # it is still open
    again = faults.open(lambda: VirtualTransport(SMALL), SMALL)
    with pytest.raises(DisconnectedError):
        again.write(FRAMES[0])
    faults.open(lambda: VirtualTransport(SMALL), ncx.CoreConfig()).close()
    with pytest.raises(DisconnectedError, match="was closed"):
        chip.write(b"")  # another geometry has taken its place


def test_a_port_is_closed_when_it_is_disconnected_from() -> None:
    made: list[Recorder] = []

    def connect() -> Recorder:
        made.append(Recorder())
        return made[-1]

    faults = Faults(FaultRates.parse("disconnect=1"), keeps=False)
    line = faults.open(connect)
    with pytest.raises(DisconnectedError):
        line.write(FRAMES[0])
    assert made[0].closed == 1
    faults.open(connect).close()
    assert [each.closed for each in made] == [1, 1]
