"""The server: who is believed, who gets the chip, who is told what, and that nobody who goes or floods harms others."""

import contextlib
import http.client
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DisconnectedError, InputError
from neurocorex.server import client as limits
from neurocorex.server.audience import BEHIND_BYTES, Audience, _Missed
from neurocorex.server.server import Server
from neurocorex.spec import Op, Request, Status
from neurocorex.wire.process import ProcessTransport
from neurocorex.wire.socketport import Address
from neurocorex.wire.transport import Transport
from support.fakes import SMALL
from support.serving import TIMEOUT_S, Lines, RawClient, crowd, flood, knock, serving

HELLO = b"\0" + Request(Op.HELLO, session=7).encode()
POLL = Request(Op.POLL, session=7).encode()


def greeting(**values: Any) -> bytes:
    return json.dumps(values).encode()


class Listening(Transport):
    """A chip that answers nothing and keeps what it gets."""

    name = "listening"

    def __init__(self) -> None:
        self.taken = bytearray()
        self._closed = threading.Event()
        self._arrival = threading.Condition()

    def read(self, timeout_s: float) -> bytes:
        self._closed.wait(timeout_s)
        return b""

    def write(self, data: bytes) -> None:
        with self._arrival:
            self.taken += data
            self._arrival.notify()

    def wait_for(self, data: bytes) -> None:
        """Wait until these bytes are all that has come."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: self.taken == data, TIMEOUT_S), self.taken

    def close(self) -> None:
        self._closed.set()


class Talking(Listening):
    """A chip that never stops sending."""

    def read(self, timeout_s: float) -> bytes:
        return bytes(range(1, 256)) * 100 + b"\0"


STRANGERS = {
    "a web page": b"GET / HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n\r\n",
    "a form with frames in it": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n" + HELLO + POLL,
    "TLS": bytes.fromhex("16030100f5010000f10303") + bytes(200),
    "HELLO without the zero before it": HELLO[1:],
    "two zeros": b"\0" + HELLO,
    "POLL": b"\0" + POLL,
    "ACK of a session": b"\0" + Request(Op.ACK, session=7).encode(),
    "a request": b"\0" + Request(Op.CLEAR, payload=b"\7", session=7).encode(),
    "a damaged HELLO": HELLO[:3] + bytes([HELLO[3] ^ 1]) + HELLO[4:],
    "random bytes": bytes([0, 7, 200, 31, 4, 4, 0, 9, 0]),
    "a frame without end": b"\0" + b"\1" * 40_000,
    "a frame that is too long": b"\0" + Request(Op.HELLO, payload=bytes(range(256)) * 4, session=7).encode(),
}


@pytest.mark.parametrize("data", STRANGERS.values(), ids=STRANGERS.keys())
def test_stranger_is_closed_and_nothing_of_it_is_relayed(data: bytes) -> None:
    chip = Listening()
    with serving(chip) as (url, lines):
        with RawClient(url, None) as client:
            client.socket.sendall(data)
            assert client.at_end()
        assert "sent no greeting" in lines.until("closed")
    assert not chip.taken


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_web_client_gets_nothing(method: str) -> None:
    chip = Listening()
    with serving(chip) as (url, _):
        address = Address.parse(url)
        web = http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT_S)

        def ask() -> None:
            web.request(method, "/", body=HELLO + POLL)
            web.getresponse()

        with contextlib.closing(web), pytest.raises(ConnectionError):
            ask()
    assert not chip.taken


def test_tls_client_gets_nothing() -> None:
    chip = Listening()
    with serving(chip) as (url, _):
        address = Address.parse(url)
        with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as plain:
            context = ssl.create_default_context()
            with pytest.raises(OSError, match=r"EOF|reset"):
                context.wrap_socket(plain, server_hostname="localhost")
    assert not chip.taken


def test_client_that_never_completes_its_greeting_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (url, lines), RawClient(url, None) as slow:
        slow.socket.sendall(HELLO[:4])
        assert knock(url, 3) == 3
        monkeypatch.setattr(limits, "HELLO_S", 0.01)
        with RawClient(url, None) as silent:
            assert silent.at_end()
        assert "no greeting within 0.01 s" in lines.until("closed")
        slow.socket.sendall(HELLO[4:])
        assert slow.read().status == Status.OK


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"\xff\xfe", "JSON object in UTF-8"),
        (b"hello", "JSON object in UTF-8"),
        (b"[1]", "such as"),
        (b'{"wait": 1}', "wait of a greeting is of type bool, not 1"),
        (b'{"token": true}', "token of a greeting is of type str, not True"),
        (b'{"who": "\\u001b[2J"}', "printable"),
        (b'{"who": "\\ud800"}', "a JSON object in UTF-8"),
        (b'{"colour": "red"}', "no 'colour'"),
        (b'{"who": "' + b"x" * 200 + b'"}', "211 bytes is too long"),
        (b"[" * 200, "JSON object in UTF-8"),
    ],
)
def test_greeting_that_is_none_is_refused_in_words(payload: bytes, text: str) -> None:
    chip = Listening()
    with serving(chip) as (url, _), RawClient(url, payload) as client:
        assert text in client.until(Status.REFUSED)
        assert client.at_end()
    assert not chip.taken


def test_chip_gets_hello_without_the_greeting_whenever_it_is_sent() -> None:
    chip = Listening()
    with serving(chip) as (url, _):
        with RawClient(url, greeting(who="ann"), session=7) as client:
            client.send(Op.HELLO, greeting(who="ann" * 20))
            client.socket.sendall(POLL + HELLO[1:5])
            chip.wait_for(HELLO + HELLO[1:] + POLL)
        with RawClient(url, None) as other:  # the first has gone, and so has the beginning of its last frame
            other.socket.sendall(HELLO + POLL)
            chip.wait_for(HELLO + HELLO[1:] + POLL + HELLO + POLL)


def test_second_client_is_told_who_has_the_chip_since_when() -> None:
    with serving() as (url, _), RawClient(url, greeting(who="ann@lab pid 5")) as first:
        first.until(Status.OK)
        with RawClient(url, greeting(wait=True)) as second:
            text = second.until(Status.BUSY)
            assert second.at_end()
        port = first.socket.getsockname()[1]
        assert f"ann@lab pid 5 at 127.0.0.1:{port} has the chip since 2" in text
        assert "neurocorex serve --queue" in text
        first.send(Op.POLL)
        assert first.read().op == Op.POLL  # it was not disturbed


def test_client_that_lost_its_connection_goes_on_with_its_session() -> None:
    with serving() as (url, lines), RawClient(url, greeting(who="ann"), session=7) as half_open:
        half_open.until(Status.OK)
        with RawClient(url, None, session=7) as other:
            other.socket.sendall(b"\0" + Request(Op.ACK, payload=greeting(who="bob")).encode())
            assert "ann at" in other.until(Status.BUSY)
        with RawClient(url, None, session=7) as back:
            back.socket.sendall(b"\0" + Request(Op.ACK, payload=greeting(who="ann")).encode())
            back.send(Op.POLL)
            assert (answer := back.read()).op == Op.POLL
            assert (answer.status, answer.session) == (Status.OK, 7)
            assert half_open.at_end()
            lines.until("came back over another connection")


@pytest.mark.parametrize("end", ["FIN", "RST"])
def test_chip_is_free_at_once_when_its_client_goes(end: str) -> None:
    with serving() as (url, _):
        for _ in range(20):
            client = RawClient(url)
            if end == "FIN":
                client.until(Status.OK)
            else:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.socket.close()
            with RawClient(url) as other:
                other.until(Status.OK)


def test_queue_is_served_in_order_and_forgets_who_goes() -> None:
    with serving(queue=True) as (url, _), RawClient(url, greeting(who="first")) as first:
        first.until(Status.OK)
        second, third, fourth = (RawClient(url, greeting(wait=True), session=number) for number in (2, 3, 4))
        with second, third, fourth, RawClient(url) as hasty:
            assert "first at" in hasty.until(Status.BUSY)
            second.until(Status.WAIT)
            while "place 2 of" not in third.until(Status.WAIT):
                pass
            while "place 3 of 3" not in fourth.until(Status.WAIT):
                pass
            second.socket.close()
            while "place 1 of" not in third.until(Status.WAIT):
                pass
            third.session = 33
            third.send(Op.HELLO)
            first.socket.close()
            while (answer := third.read()).status != Status.OK:
                pass
            assert answer.session == 33  # the last HELLO counts
            while "place 1 of 1" not in fourth.until(Status.WAIT):
                pass
            third.socket.close()
            fourth.until(Status.OK)


def test_client_in_the_queue_cannot_send_requests() -> None:
    with serving(queue=True) as (url, lines), RawClient(url) as first:
        first.until(Status.OK)
        with RawClient(url, greeting(wait=True)) as second:
            second.until(Status.WAIT)
            second.send(Op.POLL)
            with pytest.raises(EOFError):
                second.until(Status.OK)
        lines.until("sent requests while it had to wait")


@pytest.mark.parametrize("values", [{}, {"token": "other"}, {"token": "sésame"}, {"token": "open-sesame "}])
def test_client_without_the_token_is_refused(values: dict[str, str]) -> None:
    chip = Listening()
    with serving(chip, token="open-sesame") as (url, _):
        assert url.startswith("socket://open-sesame@127.0.0.1:")
        with RawClient(url, greeting(**values)) as client:
            assert "asks for a" in client.until(Status.REFUSED)
            assert client.at_end()
    assert not chip.taken


def test_client_with_the_token_is_served() -> None:
    with serving(token="open-sesame") as (url, _), RawClient(url, greeting(token="open-sesame")) as client:
        client.until(Status.OK)


def test_silent_client_is_told_and_dropped() -> None:
    with serving(idle_s=0.2) as (url, lines), RawClient(url) as client:
        client.until(Status.OK)
        assert client.until(Status.REFUSED) == "dropped: this client was silent for 0.2 s"
        assert client.at_end()
        lines.until("was silent for 0.2 s")
        assert knock(url, 1) == 1


def test_client_that_takes_no_answers_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNREAD_S", 0.2)
    with serving(Talking()) as (url, lines), RawClient(url):
        lines.until("did not read its answers")
        with RawClient(url) as other:
            assert other.socket.recv(1)


def test_flood_of_unread_requests_ends_with_its_client() -> None:
    with serving() as (url, _):
        flood(url, 1 << 18)
        assert knock(url, 1) == 1


def test_input_of_a_client_that_has_gone_is_dropped() -> None:
    """The chip takes nothing, so the end of the connection lies behind input that nobody reads."""

    class Stuck(Listening):
        def __init__(self) -> None:
            super().__init__()
            self.free = threading.Event()

        def write(self, data: bytes) -> None:
            assert self.free.wait(TIMEOUT_S)
            super().write(data)

    chip = Stuck()
    with serving(chip) as (url, lines):
        with RawClient(url, session=7) as client:
            lines.until("client")
            client.socket.sendall(POLL * 4_000)  # more than is read ahead, less than keeps the end from arriving
        lines.until("went away")
        with RawClient(url, session=8):
            lines.until("client")
            chip.free.set()
            chip.wait_for(HELLO + b"\0" + Request(Op.HELLO, session=8).encode())


def test_many_clients_in_a_row_are_served() -> None:
    with serving() as (url, _):
        assert knock(url, 300) == 300


@pytest.mark.parametrize(("queue", "other"), [(False, Status.BUSY), (True, Status.WAIT)], ids=["told", "queued"])
def test_crowd_is_served_or_told(queue: bool, other: Status) -> None:
    with serving(queue=queue) as (url, _):
        told = crowd(url, 100, greeting(wait=True))
        assert sorted(told) == [Status.OK, *[other] * 99]
        assert knock(url, 1) == 1


def test_watching_needs_permission() -> None:
    with serving() as (url, _), RawClient(url, greeting(watch=True)) as client:
        assert "--share" in client.until(Status.REFUSED)


def test_watcher_sees_whole_frames_and_can_send_nothing() -> None:
    with serving(share=True) as (url, _), RawClient(url, greeting(watch=True), session=9) as watcher:
        assert watcher.read().payload == b"\0\0\0\0"
        with RawClient(url, session=7) as client:
            answer = client.read()
            client.send(Op.POLL)
            assert [watcher.read(), watcher.read()] == [answer, client.read()]
            watcher.send(Op.STOP)
            assert "cannot send" in watcher.until(Status.REFUSED)
            client.send(Op.POLL)
            assert client.read().op == Op.POLL


def test_watcher_that_is_slow_misses_frames_and_is_told_how_many() -> None:
    class Slow:
        def __init__(self) -> None:
            self.unsent, self.got, self.told = 0, b"", []

        def give(self, data: bytes) -> None:
            self.got += data

        def tell(self, status: Status, payload: bytes) -> None:
            self.told.append((status, payload))

    audience, slow = Audience(share=True), Slow()
    audience._watchers[slow] = _Missed()  # type: ignore[index]
    audience.give(b"one\0tw")
    slow.unsent = BEHIND_BYTES
    audience.give(b"o\0three\0fo")
    slow.unsent = 0
    audience.give(b"ur\0")
    assert slow.got == b"one\0four\0"
    assert slow.told == [(Status.OK, b"\2\0\0\0")]


@pytest.mark.parametrize("options", [{}, {"queue": True}])
def test_server_ends_while_clients_are_connected(options: dict[str, bool]) -> None:
    with serving(**options) as (url, _):
        first, second, third = RawClient(url), RawClient(url, greeting(wait=True)), RawClient(url, None)
        first.until(Status.OK)
        second.read()
    for client in (first, second, third):
        with client:
            while not client.at_end():
                pass


def test_end_of_the_chip_ends_clients_and_server() -> None:
    chip = ProcessTransport([sys.executable, "-c", "import os; os.read(0, 1); os._exit(3)"], name="child")
    server, lines = Server(chip, queue=True), Lines()
    caught: list[DisconnectedError] = []

    def serve() -> None:
        try:
            server.serve(lines.say)
        except DisconnectedError as error:
            caught.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    with RawClient(server.url) as client:
        assert client.at_end()
    thread.join(TIMEOUT_S)
    assert "child ended (exit code 3)" in str(caught[0])
    server.close()
    chip.close()


def test_server_that_never_serves_can_be_closed() -> None:
    chip = VirtualTransport(SMALL, wait=True)
    server = Server(chip)
    server.close()
    server.close()
    server.serve()
    chip.close()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda chip: Server(chip, port=1 << 16), "choose another --port"),
        (lambda chip: Server(chip, port=-1), "choose another --port"),
        (lambda chip: Server(chip, host="no.such.host.invalid"), "cannot listen on no.such.host.invalid"),
        (lambda chip: Server(chip, token="a b"), "a token has 1 to 64"),
        (lambda chip: Server(chip, idle_s=0), "more than 0 s"),
    ],
)
def test_server_that_cannot_be_is_refused(make: Callable[[Transport], Server], text: str) -> None:
    with pytest.raises(InputError, match=text):
        make(Listening())
