"""Children that read HDF5, forked by a process that has imported what they need: thousands of files in a minute.

A child is the same as one that `neurocorex.importers.nir.child` starts from nothing, its limits and its end included.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import signal
import socket
import subprocess
import sys
import traceback
from functools import cache
from types import TracebackType
from typing import IO, NoReturn

from neurocorex.importers.nir import child
from neurocorex.importers.nir.hdf5 import library

from .servers import surroundings

#: Bytes of one request, which has a path, and of one answer.
REQUEST, ANSWER = 1 << 16, 64


def main() -> None:
    """Fork for every request that comes over the standard input: the program of the nursery.

    It answers twice: with the number of the process and, when that has ended, with its exit code.
    """
    library()
    gc.freeze()  # or every child would copy all objects when it collects
    line = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    while True:
        argument, files, _, _ = socket.recv_fds(line, REQUEST, 1)
        if not argument:
            return
        process = os.fork()
        if not process:
            line.close()
            os.dup2(files[0], 1)
            _read(argument.decode())
        os.close(files[0])
        line.send(str(process).encode())
        line.send(str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])).encode())


def _read(argument: str) -> NoReturn:
    """Do what a child does, and end: HDF5 closes its files and its library, which is worth trying, too.

    The modules of Python are not taken down one by one; that takes three times as long as all of the rest.
    """
    code = 1
    try:
        child.main(argument)
        code = 0
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    ctypes.CDLL(None).exit(code)
    raise AssertionError("a process that has ended")


@cache
def _nursery() -> socket.socket:
    """Start the nursery; it ends when this process does."""
    # Packets, so that each request comes with its file, and each answer alone.
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "fire.nursery"], stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=surroundings() | child.ONE_THREAD,
    )  # fmt: skip
    theirs.close()

    def end() -> None:
        mine.close()
        process.wait()

    atexit.register(end)
    return mine


class Forked:
    """Child that was forked, with what `child.read_tree` needs of a Popen."""

    def __init__(self, argument: str, message: IO[bytes]) -> None:
        self._nursery = _nursery()
        socket.send_fds(self._nursery, [argument.encode()], [message.fileno()])
        self._process = self._answer(None)
        self._code: int | None = None

    def _answer(self, timeout_s: float | None) -> int:
        self._nursery.settimeout(timeout_s)
        said = self._nursery.recv(ANSWER)
        if not said:
            raise RuntimeError("the nursery has ended")
        return int(said)

    def wait(self, timeout_s: float | None = None) -> int:
        """Return the exit code; raises TimeoutExpired if there is none yet."""
        if self._code is None:
            try:
                self._code = self._answer(timeout_s)
            except TimeoutError:
                raise subprocess.TimeoutExpired("a child", timeout_s or 0) from None
        return self._code

    def kill(self) -> None:
        """End the child."""
        os.kill(self._process, signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wait()


if __name__ == "__main__":
    main()
