"""Sockets: addresses, bytes both ways through a server or any relay, and ends that say why."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

import pytest
from neurocorex.errors import DisconnectedError, InputError, NoAnswerError
from neurocorex.spec import Op, Request, Response, ResponseDecoder, Status
from neurocorex.wire.greeting import Greeting
from neurocorex.wire.socketport import Address, SocketTransport
from support.serving import serving

TIMEOUT_S = 20.0


@contextlib.contextmanager
def relay(family: socket.AddressFamily = socket.AF_INET) -> Iterator[tuple[SocketTransport, socket.socket]]:
    """A transport to a bare socket, and the far end of it."""
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.create_server((host, 0), family=family) as listener:
        transport = SocketTransport(str(Address(host, listener.getsockname()[1])))
        far, _ = listener.accept()
    with far:
        far.settimeout(TIMEOUT_S)
        yield transport, far
    transport.close()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("socket://127.0.0.1:4000", Address("127.0.0.1", 4000)),
        ("socket://lab-7.example.org:1?wait", Address("lab-7.example.org", 1, wait=True)),
        ("socket://blue-42@localhost:65535", Address("localhost", 65535, "blue-42")),
        ("socket://a.b_c~d@[::1]:4000?wait", Address("::1", 4000, "a.b_c~d", True)),
        ("socket://[fe80::1%eth0]:4000", Address("fe80::1%eth0", 4000)),
    ],
)
def test_url_is_an_address_and_back(url: str, address: Address) -> None:
    assert Address.parse(url) == address
    assert str(address) == url


@pytest.mark.parametrize(
    "url",
    [
        "socket://127.0.0.1", "socket://:4000", "socket://127.0.0.1:0", "socket://127.0.0.1:65536",
        "socket://127.0.0.1:4000/", "socket://127.0.0.1:4000?queue", "socket://127.0.0.1:4000?wait=1",
        "socket://::1:4000", "socket://[::1]", "socket://@host:1", "socket://a b@host:1", "socket://ho st:1",
        "Socket://host:1", "socket:host:1", "socket://host:-1", "socket://host:٤", "socket://host:1\n",
    ],
)  # fmt: skip
def test_url_that_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(InputError, match=r"write socket://HOST:PORT such as socket://127\.0\.0\.1:4000"):
        SocketTransport(url)


def test_refusal_of_a_url_keeps_its_token() -> None:
    with pytest.raises(InputError) as caught:
        Address.parse("socket://secret@host:port")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["socket://127.0.0.1:1", "socket://secret@no.such.host.invalid:4000"])
def test_nobody_listening_is_no_answer(url: str) -> None:
    with pytest.raises(NoAnswerError, match=r"cannot open 'socket://[a-z0-9.]+:\d+' \(.*does `neurocorex serve`"):
        SocketTransport(url)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def test_relay_of_raw_bytes_moves_them_both_ways(family: socket.AddressFamily) -> None:
    with relay(family) as (transport, far):
        assert transport.read(0.0) == b""
        transport.write(b"to the chip\0")
        assert far.recv(100) == b"to the chip\0"
        far.sendall(b"\0\xff and back")
        assert transport.read(TIMEOUT_S) == b"\0\xff and back"


def test_write_beyond_all_buffers_does_not_block_forever() -> None:
    data = os.urandom(1 << 22)
    with relay() as (transport, far):

        def echo() -> None:
            left = len(data)
            while left:
                piece = far.recv(1 << 16)
                far.sendall(piece)
                left -= len(piece)

        thread = threading.Thread(target=echo)
        thread.start()
        transport.write(data)
        back = b""
        while len(back) < len(data):
            back += transport.read(TIMEOUT_S)
        thread.join()
    assert back == data


def test_greeting_has_what_the_url_says_and_the_name_has_no_token() -> None:
    with serving(token="blue-42") as (url, _):
        transport = SocketTransport(f"{url}?wait")
        greeting = Greeting.decode(transport.greeting)
        assert (greeting.token, greeting.wait, greeting.watch) == ("blue-42", True, False)
        assert f"pid {os.getpid()}" in greeting.who
        assert "blue-42" not in transport.name
        transport.close()


def test_new_connection_to_the_same_place_greets_without_hello() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first = SocketTransport(f"socket://127.0.0.1:{listener.getsockname()[1]}")
        listener.accept()[0].close()
        second = first.again()
        far, _ = listener.accept()
    with far:
        assert far.recv(500) == b"\0" + Request(Op.ACK, payload=first.greeting).encode()
    with pytest.raises(DisconnectedError, match="is not back yet"):
        second.again()


def test_connections_of_a_process_have_names_of_their_own() -> None:
    with relay() as (first, _), relay() as (second, _):
        assert first.greeting != second.greeting


def test_check_notices_the_end_without_waiting() -> None:
    with relay() as (transport, far):
        transport.check()
        far.close()
        with pytest.raises(DisconnectedError, match="went away"):
            transport.check()


def test_end_of_the_relay_is_a_disconnection() -> None:
    with relay() as (transport, far):
        far.close()
        with pytest.raises(DisconnectedError, match=r"socket://127\.0\.0\.1:\d+ went away"):
            transport.read(TIMEOUT_S)


@pytest.mark.parametrize("direction", ["reading", "writing"])
def test_last_words_of_a_server_are_in_the_error(direction: str, caplog: pytest.LogCaptureFixture) -> None:
    with relay() as (transport, far):
        text = "dropped: this client was silent for 600 s"
        far.sendall(Response(Op.POLL).encode() + b"half a frame")
        far.sendall(b"\0" + Response(Op.HELLO, status=Status.REFUSED, payload=text.encode()).encode())
        far.close()

        def use_until_the_end() -> None:
            while True:
                if direction == "writing":
                    transport.write(Request(Op.POLL).encode())
                else:
                    transport.read(TIMEOUT_S)

        with pytest.raises(DisconnectedError, match=text):
            use_until_the_end()
    assert text in caplog.text


def test_closed_transport_says_so() -> None:
    with relay() as (transport, _):
        transport.close()
        transport.close()
        for use in (lambda: transport.read(0.0), lambda: transport.write(b"x")):
            with pytest.raises(DisconnectedError, match="was closed; open it again"):
                use()


def test_served_chip_answers_and_its_end_is_noticed() -> None:
    with serving() as (url, _):
        transport = SocketTransport(url)
        hello = Request(Op.HELLO, payload=transport.greeting, session=5)
        transport.write(b"\0" + hello.encode())
        (answer,) = ResponseDecoder().feed(transport.read(TIMEOUT_S))
        assert isinstance(answer, Response)
        assert (answer.op, answer.status, answer.session) == (Op.HELLO, Status.OK, 5)
    with pytest.raises(DisconnectedError):
        transport.read(TIMEOUT_S)
    transport.close()
