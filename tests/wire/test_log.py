"""Log of a session: what stands in it, when it is written, and what its reader makes of damaged ones."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FileFormatError, NeuroCoreXWarning, NoAnswerError
from neurocorex.files import LineWriter
from neurocorex.spec import FrameError, Op, Region, Request, Response, Status
from neurocorex.wire.log import LogFile, SessionLog
from neurocorex.wire.tap import Call, Event, Greeting, Log
from support.devices import BOTH, IMAGE, SPIKES, assert_same
from support.fakes import SMALL, SilentTransport


def session(path: Path, name: str = "emulator") -> ncx.Result:
    with ncx.open(name, config=SMALL, log=path) as device:
        device.load(IMAGE)
        return device.run(spikes=SPIKES, record=BOTH)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "session.log"
    session(path)
    return path


def calls(path: Path) -> Iterator[Call]:
    return (entry for entry in LogFile(path).entries() if isinstance(entry, Call))


def test_log_has_what_was_loaded_and_what_came_of_it(written: Path, reference: ncx.Result) -> None:
    log = LogFile(written)
    assert (log.device, log.info.config) == ("emulator", SMALL)
    kinds = [type(entry) for entry in log.entries()]
    assert kinds[:2] == [Event, Greeting]
    assert set(kinds[2:]) == {Call}
    everything = list(calls(written))
    assert all(call.status == Status.OK for call in everything)
    weights = b"".join(call.payload[5:] for call in everything if call.op == Op.WRITE and call.payload[0] == 0x10)
    assert weights == IMAGE.regions[Region.WEIGHTS].astype("<i1").tobytes()
    results = ncx.EventStream.decode(b"".join(call.data for call in everything if call.op == Op.RUN))
    assert np.array_equal(results.dense(SMALL.neurons), reference.spikes)


@pytest.mark.parametrize("seed", range(5))
def test_faults_of_the_line_are_not_in_the_log(written: Path, seed: int, tmp_path: Path) -> None:
    rates = "loss=0.05&duplicate=0.05&corrupt=0.05&insert=0.05&noise=0.001"
    session(tmp_path / "log", f"faulty:emulator?{rates}&seed={seed}")
    clean, damaged = (
        [(call.op, call.payload, call.answers) for call in calls(path) if call.payload[0] != Region.COUNTERS]
        for path in (written, tmp_path / "log")
    )
    assert damaged == clean


def test_logging_changes_no_result(tmp_path: Path, reference: ncx.Result) -> None:
    assert_same(session(tmp_path / "log"), reference)


def test_every_answer_is_in_the_file_at_once(tmp_path: Path) -> None:
    with ncx.open("emulator", config=SMALL, log=tmp_path / "log") as device:
        before = len(list(calls(tmp_path / "log")))
        device.clear()
        assert len(list(calls(tmp_path / "log"))) == before + 1


def test_older_file_stays_until_the_chip_has_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = tmp_path / "log"
    older.write_text("older")
    monkeypatch.setattr("neurocorex.device.open.SerialTransport", lambda _name: SilentTransport())
    with pytest.raises(NoAnswerError):
        ncx.open("/dev/none", log=older)
    assert older.read_text() == "older"
    session(older)
    assert LogFile(older).device == "emulator"
    assert list(tmp_path.iterdir()) == [older]


def test_log_without_a_folder_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="cannot write"):
        ncx.open("emulator", config=SMALL, log=tmp_path / "missing" / "log")


def test_session_goes_on_when_the_log_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: ncx.Result
) -> None:
    room = [4000]

    def add(writer: LineWriter, lines: bytes) -> None:
        room[0] -= len(lines)
        if room[0] < 0:
            raise FileFormatError("cannot write on: No space left on device")
        real(writer, lines)

    real = LineWriter.add
    monkeypatch.setattr(LineWriter, "add", add)
    with pytest.warns(NeuroCoreXWarning, match="not complete.*No space left") as told:
        assert_same(session(tmp_path / "log"), reference)
    assert len(told) == 1
    assert 0 < len(list(calls(tmp_path / "log"))) < 100


def test_log_cut_at_every_byte_is_read_or_refused(written: Path, tmp_path: Path) -> None:
    data, path = written.read_bytes(), tmp_path / "cut"
    header = data.index(b"\n")
    places = {*range(header + 1000), *range(len(data) - 100, len(data) + 1)}
    whole = list(LogFile(written).entries())
    for size in sorted(places):
        path.write_bytes(data[:size])
        if size <= header:
            with pytest.raises(FileFormatError, match="no log of a session"):
                LogFile(path)
            continue
        log = LogFile(path)
        entries = list(log.entries())
        assert entries == whole[: len(entries)]
        assert len(entries) == data.count(b"\n", 0, size) - 1
        assert log.cut == (data[size - 1 : size] != b"\n")


@pytest.mark.parametrize("seed", range(4))
def test_damaged_log_is_read_or_refused(written: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data, path = written.read_bytes()[:6000], tmp_path / "damaged"
    for _ in range(200):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 1 + rng.integers(3)):
            changed[place] = rng.integers(256)
        path.write_bytes(changed)
        with contextlib.suppress(FileFormatError):
            list(LogFile(path).entries())


@pytest.mark.parametrize(
    "line",
    [
        '{"hello":1}',
        '{"hello":-1,"origin":0}',
        '{"hello":true,"origin":0}',
        '{"event":"party","text":""}',
        '{"request":1,"op":"READ","payload":"0","answers":[]}',
        '{"request":1,"op":"READ","payload":5,"answers":[]}',
        '{"request":1,"op":"PLAY","payload":"","answers":[]}',
        '{"request":1,"op":256,"payload":"","answers":[]}',
        '{"request":2,"op":"READ","payload":"","answers":[]}',
        '{"request":1,"op":"READ","payload":"","answers":{}}',
        '{"request":1,"op":"READ","payload":"","answers":[["OK",""],["OK",""]]}',
        '{"request":1,"op":"READ","payload":"","answers":[["OK"]]}',
        '{"request":1,"op":"READ","payload":"","answers":[["FINE",""]]}',
        "[" * 100_000,
        "[]",
        "nonsense",
        "",
    ],
)
def test_lines_without_meaning_are_refused_by_their_number(written: Path, tmp_path: Path, line: str) -> None:
    path = tmp_path / "log"
    path.write_text(written.read_text().split("\n")[0] + "\n" + line + "\n")
    with pytest.raises(FileFormatError, match=", line 2: "):
        list(LogFile(path).entries())


def test_log_of_another_version_is_refused(written: Path, tmp_path: Path) -> None:
    header = json.loads(written.read_text().split("\n")[0])
    for change, told in (
        ({"version": 2}, "version 2"),
        ({"info": {**header["info"], "protocol_version": 1}}, "cannot replay"),
        ({"info": {**header["info"], "neurons": 10**9}}, "cannot replay"),
        ({"info": {}}, "cannot replay"),
        ({"device": 7}, "lacks device"),
    ):
        (tmp_path / "log").write_text(json.dumps({**header, **change}) + "\n")
        with pytest.raises(FileFormatError, match=told):
            LogFile(tmp_path / "log")


def test_token_of_a_server_is_not_told(tmp_path: Path) -> None:
    log = SessionLog(tmp_path / "log", "socket://secret@127.0.0.1:4000")
    log.keep(Event("opened", "faulty:socket://secret@127.0.0.1:4000?loss=0"))
    for call in calls_of_info():
        log.keep(call)
    log.pause()
    assert "secret" not in (tmp_path / "log").read_text()
    assert LogFile(tmp_path / "log").device == "socket://127.0.0.1:4000"


def calls_of_info() -> list[Call]:
    """The question that every session begins with, and its answer."""

    class Kept(Log):
        def __init__(self) -> None:
            super().__init__()
            self.calls: list[Call] = []

        def keep(self, entry: Event | Call | Greeting) -> None:
            if isinstance(entry, Call):
                self.calls.append(entry)

    kept = Kept()
    with ncx.open("emulator", config=SMALL, log=kept):
        return kept.calls


# The tap, frame by frame ---------------------------------------------------------------------------


class Entries(Log):
    """Keeps all entries."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[object] = []
        self.line = self.wrap(SilentTransport())

    def keep(self, entry: object) -> None:
        self.all.append(entry)

    def sends(self, op: Op, sequence: int = 0, payload: bytes = b"", session: int = 7) -> None:
        self.line.write(Request(op, sequence, 0, payload, session).encode())

    def hears(
        self,
        op: Op,
        sequence: int = 0,
        status: Status = Status.OK,
        payload: bytes = b"",
        session: int = 7,
        ack: int = 0,
    ) -> None:
        self.line.heard([FrameError(), Response(op, sequence, ack, 4, status, payload, session)])


@pytest.fixture
def entries() -> Entries:
    log = Entries()
    log.sends(Op.HELLO)
    log.hears(Op.HELLO, payload=b"\0\0")
    log.all.clear()
    return log


def test_what_is_sent_again_stands_once(entries: Entries) -> None:
    for _ in range(2):
        entries.sends(Op.READ, 0, b"a")
        entries.sends(Op.RUN, 1, b"b")
    for _ in range(2):
        entries.hears(Op.READ, 0, Status.MORE, b"1")
        entries.hears(Op.RUN, 2, payload=b"3")
        entries.hears(Op.READ, 1, payload=b"2")
    entries.hears(Op.RUN, 2, payload=b"3")
    assert entries.all == [
        Call(Op.READ, b"a", [(Status.MORE, b"1"), (Status.OK, b"2")]),
        Call(Op.RUN, b"b", [(Status.OK, b"3")]),
    ]


def test_sequence_numbers_wrap(entries: Entries) -> None:
    for number in range(600):
        entries.sends(Op.CLEAR, number % 256, number.to_bytes(2, "little"))
        entries.hears(Op.CLEAR, number % 256)
    assert [call.payload for call in entries.all] == [number.to_bytes(2, "little") for number in range(600)]


def test_request_that_a_stopped_chip_did_not_take_is_not_in_the_log(entries: Entries) -> None:
    entries.sends(Op.RUN, 0, b"a")
    entries.sends(Op.RUN, 1, b"b")
    entries.sends(Op.STOP)
    entries.sends(Op.STOP)
    entries.hears(Op.POLL, ack=1)
    entries.hears(Op.RUN, 0, Status.STOPPED, b"r", ack=1)
    entries.sends(Op.READ, 1, b"c")
    entries.hears(Op.READ, 1, ack=2)
    assert entries.all == [Event("stop"), Call(Op.RUN, b"a", [(Status.STOPPED, b"r")]), Call(Op.READ, b"c", [(0, b"")])]


def test_request_without_an_answer_is_cut_off_by_the_next_session(entries: Entries) -> None:
    entries.sends(Op.RUN, 0, b"a")
    entries.hears(Op.RUN, 0, Status.MORE, b"r", ack=1)
    entries.sends(Op.HELLO, session=8)
    for _ in range(2):
        entries.hears(Op.HELLO, payload=b"\7\0", session=8)
    entries.hears(Op.RUN, 1, payload=b"late")  # of the session before
    cut = Call(Op.RUN, b"a", [(Status.MORE, b"r")])
    assert entries.all == [cut, Greeting(8, 7)]
    assert cut.status is None


def test_chip_of_another_session_is_told_once(entries: Entries) -> None:
    entries.hears(Op.POLL, status=Status.OTHER_SESSION, session=0)
    entries.hears(Op.POLL, status=Status.OTHER_SESSION, session=0)
    assert entries.all == [Event("lost")]
