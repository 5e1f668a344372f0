"""TCP server: relays the bytes of one client at a time to and from the transport of a chip."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

from ..errors import InputError
from .transport import Transport

_POLL_S = 0.1
_CHUNK_BYTES = 1 << 16


class Server:
    """Relays between TCP clients, one after the other, and a chip.

    A chip has one link, so a second client waits until the first has gone. A request that a client left incomplete does
    no harm: the next client begins with HELLO.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the chip; stays open.
    host : str
        Address to listen on; the default can be reached from this machine only.
    port : int
        TCP port, 0 for any free one.

    Raises
    ------
    InputError
        If the port cannot be had.
    """

    def __init__(self, transport: Transport, host: str = "127.0.0.1", port: int = 0) -> None:
        self._transport = transport
        self._closing = threading.Event()
        try:
            self._listener = socket.create_server((host, port))
        except (OSError, OverflowError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
            raise InputError(f"cannot listen on {host}:{port} ({reason}); choose another --port or --host") from error
        self._listener.settimeout(_POLL_S)

    @property
    def url(self) -> str:
        """What a client passes to `neurocorex.open`."""
        host, port = self._listener.getsockname()[:2]
        return f"socket://{host}:{port}"

    def serve(self, on_client: Callable[[str], None] = lambda _address: None) -> None:
        """Serve until `close` is called from another thread, or the chip goes away.

        Raises
        ------
        DisconnectedError
            If the chip's end of the transport is gone.
        """
        while not self._closing.is_set():
            try:
                client, address = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            on_client(f"{address[0]}:{address[1]}")
            with client:
                self._relay(client)

    def _relay(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(_POLL_S)
        gone = threading.Event()
        uplink = threading.Thread(target=self._forward_requests, args=(client, gone), daemon=True)
        uplink.start()
        try:
            while not (gone.is_set() or self._closing.is_set()):
                if data := self._transport.read(_POLL_S):
                    client.sendall(data)
        except OSError:
            pass  # the client closed while an answer was on its way
        finally:
            gone.set()
            uplink.join()

    def _forward_requests(self, client: socket.socket, gone: threading.Event) -> None:
        while not gone.is_set():
            try:
                data = client.recv(_CHUNK_BYTES)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            self._transport.write(data)
        gone.set()

    def close(self) -> None:
        """Stop listening; `serve` returns soon after. The transport stays open."""
        self._closing.set()
        self._listener.close()
