"""Campaign of clients: floods, crowds and queues at a server; one that was just installed, and one that is stopped."""

from __future__ import annotations

import signal
import threading
import time
from tempfile import TemporaryDirectory

import neurocorex as ncx
import numpy as np
from neurocorex.spec import CoreConfig, Status
from support.serving import crowd, flood, knock

from .actor import told
from .campaign import Case, Work
from .kills import LIMIT_S
from .networks import image_of, spikes_of
from .servers import Served, served
from .works import CONFIG

FLOOD_BYTES, MEMORY_MB, NEXT_S = 20 << 20, 100, 2.0
CROWD = 500
#: Steps of one run at a server that has just been installed.
STEPS = 12_000


def floods(work: Work) -> None:
    """Send megabytes of POLLs and read nothing; somebody else is served soon after."""
    with served(CONFIG) as server:
        for number in work.tries():
            waited = flood(server.url, FLOOD_BYTES)
            work.expect(waited < NEXT_S, f"the next client was served after {waited:.1f} s", number)
        memory = server.memory_mb()
        work.expect(memory < MEMORY_MB, f"the server took {memory} MB")
        work.notes.append(f"{FLOOD_BYTES >> 20} MB each, server at most {memory} MB, next after {waited:.2f} s")
        _check(work, server)


def crowds(work: Work) -> None:
    """Connect hundreds of clients at once; each is served, or told that another has the chip."""
    with served(CONFIG) as server:
        for number in work.tries():
            heard = crowd(server.url, CROWD)
            strange = set(heard) - {Status.OK, Status.BUSY}
            work.expect(len(heard) == CROWD and not strange, f"{len(heard)} answers, with status {strange}", number)
            work.expect(Status.OK in heard, "nobody was served", number)
        work.notes.append(f"{CROWD} clients each")
        _check(work, server)


def queues(work: Work) -> None:
    """Connect thousands of clients one after the other."""
    with served(CONFIG) as server:
        for _ in work.tries():
            work.expect(knock(server.url, 1) == 1, "a client was not served")
        work.notes.append(f"server at most {server.memory_mb()} MB")
        _check(work, server)


def installed(work: Work) -> None:
    """Serve with an empty cache, as on the first day, and run a long stimulus at once."""
    config = CoreConfig()
    for number in work.tries():
        with TemporaryDirectory(prefix="fire-") as cache:
            empty = {"XDG_CACHE_HOME": cache, "NUMBA_CACHE_DIR": f"{cache}/numba"}
            server = Served(config, environment=empty)
            try:
                with ncx.open(server.url) as device, ncx.open("emulator", config=config) as near:
                    spikes = np.random.default_rng(number).random((STEPS, config.inputs)) < 0.05
                    results = []
                    for each in (device, near):
                        each.load(image_of(config, number))
                        each.clear(counters=True)
                        results.append(told(each.run(spikes=spikes, record=("spikes", "v"))))
                work.expect(results[0] == results[1], "another result than in this process", number)
            finally:
                server.close()
    work.notes.append(f"{STEPS:,} steps at once")


def stopped(work: Work) -> None:
    """Stop the server for a while in the middle of a run, and let it go on: the run ends as if nothing had been."""
    with served(CONFIG) as server, ncx.open("emulator", config=CONFIG) as near:
        for number in work.tries():
            spikes = spikes_of(CONFIG, 6_000)
            near.load(image_of(CONFIG, 0))
            near.clear(counters=True)
            expected = told(near.run(spikes=spikes, record=("spikes", "v")))
            with ncx.open(server.url) as device:
                device.deadline_s = LIMIT_S
                device.load(image_of(CONFIG, 0))
                device.clear(counters=True)
                at, pause = work.random(number).randrange(1, 6_000), threading.Event()

                def progress(done: int, _total: int, at: int = at, pause: threading.Event = pause) -> None:
                    if done >= at and not pause.is_set():
                        pause.set()
                        server.send(signal.SIGSTOP)
                        threading.Timer(0.7, server.send, [signal.SIGCONT]).start()

                work.expect(_finished(device, spikes, progress) == expected, f"stopped after {at} steps", number)
                again = told(device.run(spikes=spikes, record=("spikes", "v")))
                work.expect(again == told(near.run(spikes=spikes, record=("spikes", "v"))), "the next run", number)


def _finished(device: ncx.Device, spikes: np.ndarray, progress: object) -> object:
    """Return the result of a run; of one that was cut off by the silence, what finishing it gives."""
    try:
        return told(device.run(spikes=spikes, record=("spikes", "v"), progress=progress))
    except ncx.errors.NoAnswerError:
        time.sleep(1)  # the other process is stopped for less
        return told(device.resume())


def _check(work: Work, server: Served) -> None:
    """See that the server is still there, and does what it is told."""
    with ncx.open(server.url) as device:
        device.load(image_of(CONFIG, 0))
        work.expect(device.snapshot().config == CONFIG, "the chip is another")
    work.expect(server.process.poll() is None, "the server has ended")


CASES = [
    Case(
        "crowds.floods", "20 MB of valid POLLs, unread, then gone: the next client within 2 s, memory under 100 MB",
        "floods", 5, 1, floods, seconds=20,
    ),
    Case("crowds.at_once", "500 connections at once: all served or told", "crowds", 10, 1, crowds, seconds=10),
    Case(
        "crowds.in_sequence", "10,000 connections in sequence: all served",
        "clients", 10_000, 500, queues, seconds=30,
    ),
    Case(
        "crowds.installed", "a server without a cache: 12,000 steps at once, no error",
        "servers", 2, 1, installed, seconds=30,
    ),
    Case(
        "crowds.stopped", "a server that is stopped in a run and goes on: the same result",
        "stops", 10, 2, stopped, seconds=30,
    ),
]  # fmt: skip
