"""Page of the live scope in a real browser: it moves, its controls act on the chip, and strangers get nothing."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.scope.demo import INPUTS, PATTERN, RATE_HZ, ring_network
from neurocorex.scope.runner import Runner
from neurocorex.scope.server import ScopeServer
from neurocorex.scope.settings import Settings
from neurocorex.scope.stimulus import LiveStimulus
from playwright.sync_api import Browser
from support.browser import TIMEOUT_S, BokehPage, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with ncx.open("emulator") as device:
        device.load(ring_network())
        yield device


@pytest.fixture
def runner(device: Device, tmp_path: Path) -> Iterator[Runner]:
    device.learning(True)
    device.modulation(1.0)
    stimulus = LiveStimulus(INPUTS, rate_hz=RATE_HZ, pattern=PATTERN)
    with Runner(device, stimulus, Settings(membranes=(0, 128), folder=tmp_path)) as runner:
        yield runner


@pytest.fixture
def url(runner: Runner) -> Iterator[str]:
    served: list[ScopeServer] = []
    ready = threading.Event()

    def serve() -> None:
        served.append(ScopeServer(runner, "emulator, ring"))
        served[0].serve(ready=ready.set)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert ready.wait(TIMEOUT_S)
        yield served[0].url
    finally:
        served[0].close()
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[BokehPage]:
    page = BokehPage(browser, url)
    yield page
    page.close()
    assert page.complaints == []


def until(fact: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.005)


def raster_of(page: BokehPage) -> tuple[int, list[int]]:
    """Number of the picture on the page, and in which of its cells there are spikes."""
    number, cells = page.ask("(d => [d.number[0], Array.from(d.image[0])])(model('spikes').data)")
    return number, [place for place, cell in enumerate(cells) if cell]


def test_raster_moves_and_controls_act_on_the_chip(page: BokehPage, runner: Runner, device: Device) -> None:
    page.until("model('drawn').data.number[0] >= 10 && model('spikes').data.image[0].some(cell => cell)")
    number, spikes = raster_of(page)
    page.until(f"model('drawn').data.number[0] > {number + 3}")
    assert raster_of(page)[1] != spikes

    page.ask("model('rate').value = 0")
    until(lambda: runner.status().rate_hz == 0.0)
    driven = runner.history.totals()
    until(lambda: runner.history.totals().steps > driven.steps + 200)  # what was on its way has arrived
    silent = runner.history.totals()
    until(lambda: runner.history.totals().steps > silent.steps + 200)
    assert runner.history.totals().spikes == silent.spikes
    page.until("!model('spikes').data.image[0].some(cell => cell)")

    page.ask("model('learning').active = false")
    until(lambda: not runner.status().learning)
    page.ask("model('rate').value = 200")
    until(lambda: runner.history.totals().spikes > silent.spikes + 500)
    page.ask("model('pause').active = true")
    until(lambda: runner.status().paused)
    page.until("model('pause').label == 'Run'")


def test_weights_stop_when_learning_is_off(page: BokehPage, runner: Runner) -> None:
    def read_after(steps: int) -> np.ndarray:
        until(lambda: runner.weights is not None and runner.weights.step > steps)
        assert runner.weights is not None
        return runner.weights.values

    first = read_after(0)
    until(lambda: not np.array_equal(read_after(0), first))
    page.page.get_by_text("Learning on").click()
    until(lambda: not runner.status().learning)
    frozen = read_after(runner.history.totals().steps)
    assert np.array_equal(read_after(runner.history.totals().steps + 300), frozen)
    page.ask("model('modulation').value = -2")
    until(lambda: runner.status().modulation == -2.0)
    page.page.get_by_text("Learning off").click()
    until(lambda: runner.status().learning)
    until(lambda: not np.array_equal(read_after(0), frozen))


def test_buttons_step_and_keep_a_snapshot(page: BokehPage, runner: Runner, tmp_path: Path) -> None:
    page.page.get_by_text("Pause", exact=True).click()
    until(lambda: runner.status().paused)
    steps = runner.history.totals().steps
    page.page.get_by_text("Step", exact=True).click()
    until(lambda: runner.history.totals().steps == steps + 1)
    page.page.get_by_text("Step 25 ms", exact=True).click()
    until(lambda: runner.history.totals().steps == steps + 26)
    page.page.get_by_text("Snapshot", exact=True).click()
    page.page.get_by_text(f"scope-{steps + 26}.npz").wait_for()
    assert ncx.Image.load(tmp_path / f"scope-{steps + 26}.npz").is_snapshot


def test_several_pages_look_and_one_comes_back(page: BokehPage, browser: Browser, url: str, runner: Runner) -> None:
    other = BokehPage(browser, url)
    for each in (page, other):
        each.until("model('drawn').data.number[0] > 3")
    other.ask("model('pattern').value = 'groups in turn'")
    page.until("model('pattern').value == 'groups in turn'")
    other.close()
    again = BokehPage(browser, url)
    again.until("model('drawn').data.number[0] > 3 && model('pattern').value == 'groups in turn'")
    again.close()
    assert other.complaints == again.complaints == []
    runner.pause().result(TIMEOUT_S)  # between two looks at a running chip it fires
    assert runner.status().counters["spikes"] == runner.history.totals().spikes


def test_only_those_who_know_the_token_get_anything(url: str) -> None:
    address = urlsplit(url)
    assert address.hostname == "127.0.0.1"
    token = address.path.split("/")[1]
    assert len(token) >= 32
    socket = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "x" * 22 + "==",
    }

    def status(path: str, **headers: str) -> int:
        connection = http.client.HTTPConnection(address.netloc, timeout=TIMEOUT_S)
        connection.request("GET", path, headers=headers)
        found = connection.getresponse().status
        connection.close()
        return found

    assert status(address.path) == 200
    wrong = f"/{'A' * len(token)}"
    for path in ("/", "/scope", "/static/js/bokeh.min.js", "/scope/ws", f"{wrong}/scope", f"{wrong}/scope/ws"):
        assert status(path) == 404, path
    assert status(f"{address.path}/ws", Origin="http://stranger.example", **socket) == 403
    assert status(f"{wrong}/scope/ws", Origin=f"http://{address.netloc}", **socket) == 404
    assert status("/scope/ws", Origin=f"http://{address.netloc}", **socket) == 404


def test_error_of_the_device_is_on_the_page(page: BokehPage, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**_work: object) -> None:
        raise ncx.errors.DisconnectedError("the board went away")

    page.until("model('drawn').data.number[0] > 3")
    monkeypatch.setattr(runner._device, "run", failing)
    page.page.get_by_text("DisconnectedError: the board went away").wait_for()
    runner.error = None  # it has been seen
