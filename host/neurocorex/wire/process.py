"""Transport through the pipes of a child process: the simulated chip."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, cast

from ..errors import DisconnectedError, MissingToolError
from .descriptors import Descriptors
from .transport import Transport


class ProcessTransport(Transport):
    """A child process that speaks the protocol as raw bytes on its standard input and output (POSIX only).

    It gets a session of its own, so that Ctrl-C reaches this process alone and the run can be ended in order.
    Closing ends its input, and kills it unless it has ended by itself within `linger_s`.

    Parameters
    ----------
    argv : sequence of str
        Program and arguments.
    name : str, optional
        For messages; the program by default.
    linger_s : float
        Time that the program gets after the end of its input, to complete files that it writes.

    Raises
    ------
    MissingToolError
        If the program cannot be started.
    """

    follows_chip = True

    def __init__(self, argv: Sequence[str | os.PathLike[str]], *, name: str = "", linger_s: float = 0) -> None:
        self.name = name or os.fspath(argv[0])
        self._linger_s = linger_s
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        try:
            self._process = subprocess.Popen(
                argv, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._complaints.close()
            raise MissingToolError(f"cannot start {os.fspath(argv[0])!r}: {error}; build it again") from error
        self._stdin, self._stdout = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        self._pipes = Descriptors(self.name, self._stdout.fileno(), self._stdin.fileno())

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        self._check_open()
        try:
            return self._pipes.read(timeout_s)
        except DisconnectedError as error:
            raise DisconnectedError(self._last_words()) from error

    def write(self, data: bytes) -> None:
        """Hand over all bytes; see `Transport.write`."""
        self._check_open()
        try:
            self._pipes.write(data, self.write_timeout_s)
        except DisconnectedError as error:
            raise DisconnectedError(self._last_words()) from error

    def check(self) -> None:
        """Raise DisconnectedError if the child has ended; see `Transport.check`."""
        self._check_open()
        try:
            self._pipes.check()
        except DisconnectedError as error:
            raise DisconnectedError(self._last_words()) from error

    def reset(self) -> None:
        """Press the reset button of a simulated chip that has answered before; its memories keep what they hold.

        What is written from then on reaches the chip after the reset.
        """
        self._check_open()
        self._process.send_signal(signal.SIGUSR1)

    def close(self) -> None:
        """End the child."""
        if self._stdin.closed:
            return
        self._stdin.close()
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(self._linger_s)
        finally:
            self._process.kill()
            self._stdout.close()
            self._process.wait()
            self._complaints.close()

    def _check_open(self) -> None:
        if self._stdin.closed:
            raise DisconnectedError(f"{self.name} was closed; open it again")

    def _last_words(self) -> str:
        """Say how the child ended: it closed a pipe, so it is dead or about to be."""
        self._process.kill()
        code = self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"{self.name} ended (exit code {code}){': ' + said if said else ''}; open it again"
