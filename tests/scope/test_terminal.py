"""Scope in the terminal: pieces of a run are told, drawn, and change nothing."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.emulated import PIECE_UPDATES
from neurocorex.events.stream import EventStream
from neurocorex.scope.terminal import ROWS, WIDTH, TerminalScope, drawing
from rich.console import Console
from support.devices import BOTH, SPIKES, assert_same, emulated

RUN = ("run", "emulator", "network.npz", "--steps", "300", "--poisson", "0.3", "--membranes", "0,2")


def save_network(folder: Path) -> None:
    net = ncx.Network(inputs=5, neurons=40)
    net.connect(net.inputs, net.neurons, np.random.default_rng(7).integers(10, 60, (5, 40)))
    net.neurons.set(threshold=100)
    ncx.quantise(net)[0].save(folder / "network.npz")


def in_terminal(words: list[str]) -> tuple[int, str]:
    """Run a command whose standard error is a terminal; return its exit code and what it drew."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    killer = threading.Timer(60.0, process.kill)
    killer.start()
    drawn = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 1 << 16):
            drawn += piece
    os.close(ours)
    code = process.wait()
    killer.cancel()
    killer.join()
    return code, drawn.decode(errors="replace")


def test_watch_is_told_every_piece_and_changes_nothing(device: Device, reference: ncx.Result) -> None:
    told: list[tuple[int, EventStream]] = []
    result = device.run(spikes=SPIKES, record=BOTH, watch=lambda start, results: told.append((start, results)))
    assert_same(result, reference)
    whole = EventStream.join([results for _, results in told])
    assert np.array_equal(whole.event_index, reference.spike_neurons)
    assert np.array_equal(whole.graded_value, reference.in_units("chip").v.ravel())
    assert [start for start, _ in told] == np.cumsum([0, *(results.steps for _, results in told)])[:-1].tolist()


def test_long_run_is_told_on_the_way() -> None:
    net = ncx.Network(inputs=1, neurons=64)
    starts: list[int] = []
    with ncx.open("emulator") as device:
        device.load(net)
        device.run(3 * PIECE_UPDATES // 64, watch=lambda start, _results: starts.append(start))
    assert starts == [0, PIECE_UPDATES // 64, 2 * PIECE_UPDATES // 64]


def test_watch_that_fails_ends_the_run_in_good_order() -> None:
    def failing(_start: int, _results: EventStream) -> None:
        raise ZeroDivisionError

    with emulated() as device:
        device.load(ncx.Network(inputs=5, neurons=7))
        with pytest.raises(ZeroDivisionError):
            device.run(10, watch=failing)
        assert device.interrupted is not None
        assert device.run(10).steps == 10


def test_picture_shows_where_spikes_are() -> None:
    scope = TerminalScope(64, 1000)
    steps, neurons = np.arange(0, 1000), np.arange(0, 1000) // 500 * 63  # neuron 0, and then neuron 63
    scope.watch(0, EventStream(1000, steps, neurons))
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=120)
    with drawing(scope, console):
        pass
    lines = console.file.getvalue().splitlines()
    head = next(place for place, line in enumerate(lines) if "step 1,000 of 1,000, 1,000 spikes, 15.6 spikes/s" in line)
    top, bottom = lines[head + 1], lines[head + ROWS]
    assert [bool(line[:50].strip()) for line in (top, bottom)] == [False, True]
    assert [bool(line[50:WIDTH].strip()) for line in (top, bottom)] == [True, False]
    assert not any(line.strip() for line in lines[head + 2 : head + ROWS])


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own needs POSIX")
def test_live_run_keeps_the_same_result(tmp_path: Path, invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path)
    assert invoke(*RUN, "--out", "plain.npz")[0] == 0
    words = [sys.executable, "-m", "neurocorex", *RUN, "--live", "--out", "live.npz"]
    code, drawn = in_terminal(words)
    assert code == 0, drawn
    assert "step 300 of 300" in drawn
    assert "█" in drawn
    plain, live = ncx.Result.load("plain.npz"), ncx.Result.load("live.npz")
    assert np.array_equal(plain.spikes, live.spikes)
    assert np.array_equal(plain.v, live.v)
    assert plain.counters == live.counters
    assert Path("plain.npz").read_bytes() == Path("live.npz").read_bytes()


def test_live_is_refused_where_it_cannot_be_seen(tmp_path: Path, invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_network(tmp_path)
    code, out, err = invoke(*RUN, "--live")
    assert (code, out) == (3, "")
    assert "--live draws on the terminal, but standard error is redirected" in err
