"""Command `neurocorex scope`: it prints an address, ends as it should, and refuses what makes no sense."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import neurocorex as ncx
import numpy as np
import pytest

QUICK = ("--no-browser", "--seconds", 0.3)


@pytest.fixture(autouse=True)
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, np.full((3, 4), 60))
    net.neurons.set(threshold=100)
    ncx.quantise(net)[0].save("network.npz")


def test_demo_runs_for_some_time(invoke) -> None:
    code, out, err = invoke("scope", "emulator", "--demo", *QUICK)
    assert (code, out) == (0, "")
    assert "scope on http://127.0.0.1:" in err
    assert "stopped after " in err


def test_network_is_driven_by_what_was_given(invoke) -> None:
    np.savez("image.npz", image=np.array([1.0, 0.5, 0.0]))
    Path("input.csv").write_text("step,axon\n0,1\n3,2\n")
    for words in (("--image", "image.npz", "--rate", 100), ("--spikes", "input.csv"), ("--pattern", "groups in turn")):
        assert invoke("scope", "emulator", "network.npz", *words, *QUICK)[0] == 0, words


def test_ctrl_c_ends_it_in_order() -> None:
    words = [sys.executable, "-m", "neurocorex", "scope", "emulator", "network.npz", "--no-browser", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = json.loads(process.stdout.readline())["url"]
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        connection.request("GET", address.path)
        assert connection.getresponse().status == 200
        connection.close()
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopped after " in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("network.npz", "--demo"), "give a NETWORK or --demo, not both"),
        (("network.npz", "--speed", "fast"), "--speed is a number above 0, or max"),
        (("network.npz", "--speed", "0"), "speed must be above 0"),
        (("network.npz", "--membranes", "9"), "index 9 is beyond"),
        (("network.npz", "--pattern", "stripes"), "choose from 'uniform'"),
        ((), "no network was loaded"),
    ],
    ids=["both", "speed", "zero", "membranes", "pattern", "none"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], message: str, invoke) -> None:
    code, _, err = invoke("scope", "emulator", *words, *QUICK)
    assert code == 3
    assert message in err


def test_port_in_use_is_told(invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = invoke("scope", "emulator", "network.npz", "--port", port, *QUICK)
    assert code == 3
    assert f"cannot listen on port {port}" in err


def test_missing_bokeh_is_told() -> None:
    program = "import sys; sys.modules['bokeh'] = None; from neurocorex.cli import main; main(sys.argv[1:])"
    words = [sys.executable, "-c", program, "scope", "emulator", "network.npz", "--no-browser"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 10
    assert "pip install 'neurocorex[scope]'" in done.stderr


@pytest.mark.parametrize("screen", [None, "DISPLAY", "WAYLAND_DISPLAY"])
def test_browser_is_opened_only_where_there_is_a_screen(
    invoke, monkeypatch: pytest.MonkeyPatch, screen: str | None
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if screen:
        monkeypatch.setenv(screen, ":0")
    code, _, err = invoke("scope", "emulator", "--demo", "--seconds", 0.1)
    assert code == 0, err
    assert len(opened) == (screen is not None or sys.platform != "linux")
    assert all(url in err for url in opened)
