"""Server of the live scope: its page on the loopback address, for those who know its address only."""

from __future__ import annotations

import logging
import secrets
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop, PeriodicCallback

from ..errors import InputError
from .page import Page
from .runner import Runner

HOST = "127.0.0.1"
#: Milliseconds between two looks whether the run has ended, and for which pages still show the error that ended it.
_LOOK_MS, _LAST_MS = 100, 1000
#: Seconds for which the thread of the runner may keep the interpreter: with the usual 5 ms each tick would wait for it
#: several times.
_SWITCH_S = 0.0005


class ScopeServer:
    """Server of one runner, on the loopback address. Its address has a token that cannot be guessed.

    Everything that is asked for without the token is answered by 404, and a page of another origin gets no socket.
    `serve` is called once, by the thread that made the server.

    Parameters
    ----------
    runner : Runner
        What the pages show, and act upon; any number of them.
    heading : str
        Name of the device, and of the network.
    port : int
        TCP port; 0 takes a free one.

    Attributes
    ----------
    url : str
        Address of the page, with its token.

    Raises
    ------
    InputError
        If the port is in use, or may not be used.
    """

    def __init__(self, runner: Runner, heading: str, *, port: int = 0) -> None:
        self._runner = runner
        # Pages that are closed while something is on its way to them are no news.
        logging.getLogger("bokeh").setLevel(logging.ERROR)
        try:
            listening = socket.create_server((HOST, port))
        except OSError as error:
            raise InputError(f"cannot listen on port {port}: {error.strerror}; take another, or 0 for any") from None
        listening.setblocking(False)
        port = listening.getsockname()[1]
        self._loop = IOLoop(make_current=True)
        token = secrets.token_urlsafe(24)
        self.url = f"http://{HOST}:{port}/{token}/scope"

        def show(document: Document) -> None:
            Page(runner, document, heading)

        pages = BokehTornado(
            {"/scope": Application(FunctionHandler(show))}, prefix=token, use_index=False, redirect_root=False,
            extra_websocket_origins=[f"{HOST}:{port}", f"localhost:{port}"],
        )  # fmt: skip
        http = HTTPServer(pages)
        http.add_socket(listening)
        self._server = BaseServer(self._loop, pages, http)

    def serve(self, *, seconds: float | None = None, ready: Callable[[], object] | None = None) -> None:
        """Serve pages until `close` is called, the run ends by an error, or so many seconds are over.

        Parameters
        ----------
        seconds : float, optional
            Of the wall; None: without an end.
        ready : callable, optional
            Called once pages are served.
        """
        self._server.start()
        watch = PeriodicCallback(self._look, _LOOK_MS)
        watch.start()
        if ready is not None:
            self._loop.add_callback(ready)
        if seconds is not None:
            self._loop.call_later(seconds, self._loop.stop)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        try:
            self._loop.start()
        finally:
            sys.setswitchinterval(interval)
            watch.stop()
            self._server.stop()
            self._loop.close()

    def close(self) -> None:
        """End `serve`; may be called by any thread, and by the handler of a signal."""
        with suppress(RuntimeError):  # it has ended already
            self._loop.asyncio_loop.call_soon_threadsafe(self._loop.stop)

    def _look(self) -> None:
        """End soon after the run has, so that the pages show why."""
        if not self._runner.running:
            self._loop.call_later(_LAST_MS / 1000.0, self._loop.stop)
