"""Campaign of kills: hosts and servers that are ended at a line drawn at random, and what the next session finds."""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import neurocorex as ncx
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.errors import DeviceError
from neurocorex.wire.socketport import SocketTransport

from .actor import told
from .campaign import Case, Work
from .networks import image_of, spikes_of
from .servers import ROOT, Served, served, surroundings
from .works import CHIP_WORKS, COMMANDS, CONFIG, prepare

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
#: Seconds after which a process that was killed, or a session that follows, waits without end.
LIMIT_S = 120
STEPS = 200


def die(number: str, lines: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Do a work in a process that gets a signal after so many lines."""
    return subprocess.run(
        [sys.executable, "-m", "fire.victim", number, str(lines), *words], cwd=ROOT, capture_output=True, text=True,
        timeout=LIMIT_S, env=surroundings(),
    )  # fmt: skip


def length(*words: str) -> int:
    """Return how many lines a work has."""
    done = die("SIGTERM", 0, *words)
    found = re.search(r"^lines: (\d+)$", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise RuntimeError(f"{' '.join(words)} failed without a kill: {done.stderr[-2000:]}")
    return int(found[1])


def _session(device: Device) -> object:
    """Return all that a whole session says."""
    device.load(image_of(CONFIG, 0))
    device.clear(counters=True)
    result = device.run(spikes=spikes_of(CONFIG, STEPS), record=("spikes", "v"))
    return told(result), told(device.weights(units="chip")), told(device.snapshot())


def _reference() -> object:
    with ncx.open("emulator", config=CONFIG) as device:
        return _session(device)


def hosts(work: Work) -> None:
    """Kill a host that uses a served chip; the next one finds a chip that does what it is told."""
    expected = _reference()
    with served(CONFIG) as server:
        lengths = {name: length("chip", name, server.url) for name in CHIP_WORKS}
        for number in work.tries():
            source = work.random(number)
            name = list(CHIP_WORKS)[number % len(CHIP_WORKS)]
            what = source.choice(SIGNALS)
            die(what, source.randrange(1, lengths[name]), "chip", name, server.url)
            with ncx.open(server.url) as device:
                device.deadline_s = LIMIT_S
                work.expect(_session(device) == expected, f"wrong after {what} in {name}", number)
        work.expect(server.process.poll() is None, "the server has ended")


def servers(work: Work) -> None:
    """Kill the server under a session; the call ends with an error, and the session works with the next server."""
    expected = _reference()
    server = Served(CONFIG)
    port = server.port
    try:
        for number in work.tries():
            source = work.random(number)
            what = source.choice(SIGNALS)
            url = f"socket://127.0.0.1:{port}"
            device = Device(WiredChip(_Killing(url, server, source, what), reopen=lambda url=url: SocketTransport(url)))
            device.deadline_s = LIMIT_S
            with device:
                _survive(work, number, device, expected, what)
                server.process.wait(LIMIT_S)
                server.close()
                server = Served(CONFIG, port=port)
                try:
                    refused = told(device.snapshot()) is None
                except DeviceError:
                    refused = True
                work.expect(refused, f"a snapshot of the chip of the next server after {what}", number)
                work.expect(_session(device) == expected, f"wrong with the next server after {what}", number)
    finally:
        server.close()


def _survive(work: Work, number: int, device: Device, expected: object, what: str) -> None:
    """Use a chip until its server is killed; what comes before that is right, and then comes an error."""
    try:
        for _ in range(50):
            work.expect(_session(device) == expected, f"wrong before {what} of the server", number)
    except DeviceError:
        return
    work.fail(f"no error after {what} of the server", number)


class _Killing(SocketTransport):
    """Connection whose server gets a signal after a number of bytes."""

    def __init__(self, url: str, server: Served, source: random.Random, what: str) -> None:
        super().__init__(url)
        self._server, self._left, self._what = server, source.randrange(1, 60_000), what

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self._spend(len(data))
        return data

    def write(self, data: bytes) -> None:
        super().write(data)
        self._spend(len(data))

    def _spend(self, size: int) -> None:
        before, self._left = self._left, self._left - size
        if before >= 0 > self._left:
            self._server.send(getattr(signal, self._what))


def files(work: Work) -> None:
    """Kill commands that write over an older file: it is there, or the new one, whole; and nothing else in the end."""
    with served(CONFIG) as server:
        _session_of(server.url)
        with TemporaryDirectory(prefix="fire-") as name:
            prepare(Path(name))
            lengths = {kind: length("command", kind, name, server.url) for kind in COMMANDS}
            whole = {kind: (Path(name) / COMMANDS[kind][0]).stat().st_size for kind in COMMANDS}
        for number in work.tries():
            kind = list(COMMANDS)[number % len(COMMANDS)]
            with older_file(kind) as folder:
                _killed_writer(work, number, kind, folder, server.url, lengths[kind])
    work.notes.append(f"{len(whole)} commands")


def _session_of(url: str) -> None:
    with ncx.open(url) as device:
        _session(device)


@contextmanager
def older_file(kind: str, place: Path | None = None) -> Iterator[Path]:
    """Make a folder with what the command reads, and an older file where it writes, if that is not read first."""
    with TemporaryDirectory(prefix="fire-", dir=place) as name:
        folder = Path(name)
        prepare(folder)
        if kind not in GROWING:
            (folder / COMMANDS[kind][0]).write_bytes(OLDER)
        yield folder


#: Files that a run goes on from, or that grow with it: what must hold of them is that they can be read.
GROWING = ("checkpoint", "log")
OLDER = b"an older good file\n" * 100


def _killed_writer(work: Work, number: int, kind: str, folder: Path, url: str, lines: int) -> None:
    source = work.random(number)
    what, out = source.choice(SIGNALS), folder / COMMANDS[kind][0]
    at = max(1, lines - int(lines * source.random() ** 3))  # the writing is at the end
    die(what, at, "command", kind, str(folder), url)
    content = out.read_bytes() if out.exists() else b""
    again = die("SIGTERM", 0, "command", kind, str(folder), url)
    work.expect(again.returncode == 0, f"{kind} after {what} at line {at}: {again.stderr[-300:]}", number)
    if kind not in GROWING:
        fine = content in (OLDER, out.read_bytes())
        work.expect(fine, f"{kind}: half a file after {what} at line {at} ({len(content)} bytes)", number)
    left = {path.name for path in folder.iterdir()} - {"in.npz", "model.json", out.name}
    work.expect(not left, f"{kind}: {', '.join(left)} is left after {what} at line {at} and another run", number)


def builds(work: Work) -> None:
    """Kill what fills the cache of simulated chips; the next one finds nothing that is half made."""
    with TemporaryDirectory(prefix="fire-") as name:
        prepare(Path(name))
        whole = length("build", name)
        for number in work.tries():
            source = work.random(number)
            what, at = source.choice(SIGNALS), source.randrange(1, whole)
            shutil.rmtree(Path(name) / "cache")
            die(what, at, "build", name)
            again = die("SIGTERM", 0, "build", name)
            work.expect(again.returncode == 0, f"after {what} at line {at}: {again.stderr[-500:]}", number)
            left = [path.name for path in Path(name, "cache").rglob("*") if path.name.endswith(".part")]
            work.expect(not left, f"{', '.join(left)} is left after {what} at line {at}", number)


CASES = [
    Case(
        "kills.hosts", "a host killed in upload, run or read-back: the next session is right, at once",
        "kills", 80, 6, hosts, seconds=100,
    ),
    Case(
        "kills.servers", "a server killed under a session: an error, no blank chip, and the next server is right",
        "kills", 40, 3, servers, seconds=50,
    ),
    Case(
        "kills.builds", "a build killed: the next one is whole, and sweeps what is left",
        "kills", 40, 5, builds, seconds=30,
    ),
    Case(
        "kills.files", "a command killed while it writes: the older file or the new one, whole, and nothing else",
        "kills", 81, 9, files, seconds=170,
    ),
]  # fmt: skip
