"""Servers of the emulator in processes of their own, as users start them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from neurocorex.spec import CoreConfig

ROOT = Path(__file__).parent.parent
#: Seconds that a server gets to say where it listens.
START_S = 60


class Served:
    """Server that was started.

    Attributes
    ----------
    url : str
        Where it listens.
    process : Popen
        Its process.
    """

    def __init__(
        self, config: CoreConfig, *options: str, port: int = 0, environment: dict[str, str] | None = None
    ) -> None:
        with NamedTemporaryFile("w", suffix=".json") as file:
            file.write(config.to_json())
            file.flush()
            words = ["serve", "emulator", "--json", "--config", file.name, "--port", str(port), *options]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "neurocorex", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=surroundings() | (environment or {}),
            )  # fmt: skip
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with {self.process.wait(START_S)}")
        self.url: str = json.loads(line)["device"]

    @property
    def port(self) -> int:
        """TCP port."""
        return int(self.url.rpartition(":")[2])

    def memory_mb(self) -> int:
        """Most memory that it has had, in megabytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) >> 10

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def close(self) -> None:
        """End it."""
        self.send(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def served(config: CoreConfig, *options: str, port: int = 0) -> Iterator[Served]:
    """Start a server for a ``with`` statement."""
    server = Served(config, *options, port=port)
    try:
        yield server
    finally:
        server.close()


def surroundings() -> dict[str, str]:
    """Return an environment in which this project, its tests and this process find the same modules."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests"), *sys.path])}
