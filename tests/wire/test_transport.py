"""Bytes arrive whole and in order over every kind of transport, and the loss of the other end has a name."""

import contextlib
import os
import sys
import threading
import tty
from collections.abc import Iterator

import pytest
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DisconnectedError, MissingToolError, NoAnswerError
from neurocorex.spec import Op, Request, Response, ResponseDecoder
from neurocorex.wire.process import ProcessTransport
from neurocorex.wire.serialport import SerialTransport
from neurocorex.wire.transport import Transport
from support.fakes import SMALL

ECHO = "import sys, os\nwhile data := os.read(0, 65536): os.write(1, data)"
TIMEOUT_S = 20.0
HELLO = b"\0" + Request(Op.HELLO, session=0x1234).encode()


def child(program: str) -> ProcessTransport:
    return ProcessTransport([sys.executable, "-c", program], name="child")


def read_all(transport: Transport, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = transport.read(TIMEOUT_S)
        assert piece, f"silence after {len(data)} of {count} bytes"
        data += piece
    return data


@pytest.fixture
def pty_ends() -> Iterator[tuple[int, str]]:
    """Descriptor of the far end of a pseudo-terminal, and the name of its near end."""
    far, near = os.openpty()
    tty.setraw(near)
    yield far, os.ttyname(near)
    for fd in (far, near):
        with contextlib.suppress(OSError):  # a test has closed it
            os.close(fd)


def test_process_echoes_every_byte() -> None:
    transport = child(ECHO)
    transport.write(bytes(range(256)))
    assert read_all(transport, 256) == bytes(range(256))
    transport.close()


def test_write_beyond_all_buffers_does_not_block_forever() -> None:
    transport = child(ECHO)
    data = os.urandom(1 << 20)
    transport.write(data)
    assert read_all(transport, len(data)) == data
    transport.close()


def test_silence_is_an_empty_read() -> None:
    transport = child(ECHO)
    assert transport.read(0.0) == b""
    transport.close()


def test_process_that_ends_is_disconnected_and_quoted() -> None:
    transport = child("import sys; sys.exit('out of marbles')")
    with pytest.raises(DisconnectedError, match=r"child ended \(exit code 1\): out of marbles"):
        transport.read(TIMEOUT_S)
    with pytest.raises(DisconnectedError):
        transport.write(b"more")
    transport.close()


def test_process_is_killed_by_close() -> None:
    transport = child("import signal; signal.pause()")
    process = transport._process
    transport.close()
    transport.close()
    assert process.returncode != 0
    with pytest.raises(DisconnectedError, match="child was closed"):
        transport.read(0.0)


def test_process_is_out_of_reach_of_ctrl_c() -> None:
    transport = child(ECHO)
    assert os.getpgid(transport._process.pid) != os.getpgid(0)
    transport.close()


def test_program_that_does_not_exist_is_a_missing_tool() -> None:
    with pytest.raises(MissingToolError, match="cannot start '/no/such/chip'"):
        ProcessTransport(["/no/such/chip"])


def test_port_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(
        NoAnswerError, match=r"cannot open '/dev/ttyNONE'.*(ports here|no serial port here).*'emulator'"
    ):
        SerialTransport("/dev/ttyNONE")


@pytest.mark.parametrize("url", ["socket://127.0.0.1:1", "nonsense://x", "socket://127.0.0.1"])
def test_url_that_cannot_be_opened_is_no_answer(url: str) -> None:
    with pytest.raises(NoAnswerError, match="cannot open"):
        SerialTransport(url)


def test_serial_port_moves_bytes_both_ways(pty_ends: tuple[int, str]) -> None:
    far, name = pty_ends
    transport = SerialTransport(name)
    transport.write(b"to the chip\0")
    assert os.read(far, 100) == b"to the chip\0"
    os.write(far, b"\0\xff\x11\x13 and back")
    assert read_all(transport, 13) == b"\0\xff\x11\x13 and back"
    assert transport.read(0.0) == b""
    transport.close()


def test_serial_port_changes_its_rate(pty_ends: tuple[int, str]) -> None:
    transport = SerialTransport(pty_ends[1])
    transport.set_baud(115_200)
    assert transport.baud == 115_200
    transport.close()


def test_pulled_cable_is_disconnected(pty_ends: tuple[int, str]) -> None:
    far, name = pty_ends
    transport = SerialTransport(name)
    os.close(far)
    with pytest.raises(DisconnectedError, match=name):
        transport.read(TIMEOUT_S)
    transport.close()


def test_closed_port_says_so(pty_ends: tuple[int, str]) -> None:
    transport = SerialTransport(pty_ends[1])
    transport.close()
    transport.close()
    with pytest.raises(DisconnectedError, match="was closed; open it again"):
        transport.read(0.0)
    with pytest.raises(DisconnectedError, match="was closed; open it again"):
        transport.write(b"x")


def test_url_without_descriptor_moves_bytes() -> None:
    transport = SerialTransport("loop://")
    transport.write(b"round and round")
    assert read_all(transport, 15) == b"round and round"
    assert transport.read(0.0) == b""
    transport.send_break()
    transport.close()


def test_emulator_answers_without_waiting() -> None:
    transport = VirtualTransport(SMALL)
    assert transport.read(TIMEOUT_S) == b""
    transport.write(HELLO)
    (answer,) = ResponseDecoder().feed(transport.read(TIMEOUT_S))
    assert isinstance(answer, Response)
    assert answer.session == 0x1234
    transport.close()
    with pytest.raises(DisconnectedError, match="closed"):
        transport.write(HELLO)


def test_shared_emulator_waits_for_another_thread() -> None:
    transport = VirtualTransport(SMALL, wait=True)
    answers: list[bytes] = []
    reader = threading.Thread(target=lambda: answers.append(transport.read(TIMEOUT_S)))
    reader.start()
    transport.write(HELLO)
    reader.join(TIMEOUT_S)
    assert len(answers[0]) > 4


def test_reader_of_shared_emulator_ends_when_it_is_closed() -> None:
    transport = VirtualTransport(SMALL, wait=True)
    ended = threading.Event()

    def read() -> None:
        with pytest.raises(DisconnectedError):
            transport.read(TIMEOUT_S)
        ended.set()

    threading.Thread(target=read).start()
    transport.close()
    assert ended.wait(TIMEOUT_S)


def fill(transport: VirtualTransport) -> None:
    """Write until there is no more room."""
    for _ in range(1000):
        transport.write(bytes(1 << 12))


def test_writer_to_a_shared_emulator_is_held_up_until_it_is_read() -> None:
    transport = VirtualTransport(SMALL, wait=True)
    transport.write_timeout_s = 0.01
    with pytest.raises(NoAnswerError, match="takes no more bytes"):
        fill(transport)
    transport.write_timeout_s = TIMEOUT_S
    writer = threading.Thread(target=transport.write, args=(HELLO,))
    writer.start()
    while not (answer := transport.read(TIMEOUT_S)):
        pass
    writer.join(TIMEOUT_S)
    (hello,) = ResponseDecoder().feed(answer)
    assert isinstance(hello, Response)
    transport.close()


def test_writer_to_a_shared_emulator_ends_when_it_is_closed() -> None:
    transport = VirtualTransport(SMALL, wait=True)
    ended = threading.Event()

    def write() -> None:
        with pytest.raises(DisconnectedError):
            fill(transport)
        ended.set()

    threading.Thread(target=write).start()
    transport.close()
    assert ended.wait(TIMEOUT_S)


def test_many_polls_are_answered_in_pieces() -> None:
    transport = VirtualTransport(SMALL)
    transport.write(Request(Op.POLL).encode() * 20_000)
    pieces = []
    while piece := transport.read(TIMEOUT_S):
        pieces.append(len(piece))
    assert len(pieces) > 2
    assert max(pieces) < 1 << 17
