"""Progress bars: after a while, where somebody looks, one at a time, and never in the way of the work."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex import progress
from neurocorex.progress import followed, quiet, shown


class Screen:
    """Clock, and bars as they would be on a screen."""

    def __init__(self) -> None:
        self.now, self.seen, self.open = 0.0, [], 0

    def monotonic(self) -> float:
        return self.now

    def __call__(self, label: str):
        screen, screen.open = self, self.open + 1

        class Painter:
            def update(self, done, total):
                screen.seen.append((label, done, total))

            def close(self):
                screen.open -= 1

        return Painter()


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(progress, "time", screen)
    monkeypatch.setattr(progress, "_place", lambda: screen)
    return screen


def test_bar_appears_after_two_seconds_and_goes_at_the_end(screen):
    with shown("running", None) as told:
        told(1, 10)
        screen.now = 1.9
        told(2, 10)
        assert screen.seen == []
        screen.now = 2.1
        told(3, 10)
        told(4, 10)
        assert (screen.seen, screen.open) == ([("running", 3, 10), ("running", 4, 10)], 1)
    assert screen.open == 0


def test_work_that_is_done_needs_no_bar(screen):
    with shown("running", None) as told:
        screen.now = 9
        told(10, 10)
    assert screen.seen == []


def test_work_within_work_has_no_bar_of_its_own(screen):
    with shown("outer", None), shown("inner", None) as inner:
        assert inner is None
    with shown("outer", lambda done, total: None), shown("inner", None) as inner:
        assert inner is None


def test_quiet_and_false_show_nothing_and_true_does(screen):
    with quiet():
        with shown("running", None) as told:
            assert told is None
        with shown("running", True) as told:
            assert told is not None
    with shown("running", False) as told, shown("inner", None) as inner:
        assert told is inner is None


def test_function_of_the_caller_is_called_as_it_is(screen):
    calls = []
    with shown("running", lambda *call: calls.append(call)) as told:
        told(1, 2)
    assert calls == [(1, 2)]


def test_only_one_bar_is_on_the_screen(screen):
    with shown("first", None) as first:
        screen.now = 3
        first(1, 10)
        worker = threading.Thread(target=other, args=(screen,))
        worker.start()
        worker.join(20)
    assert {label for label, *_ in screen.seen} == {"first"}
    with shown("third", None) as third:
        screen.now = 30
        third(1, 10)
    assert screen.seen[-1] == ("third", 1, 10)


def other(screen) -> None:
    with shown("second", None) as told:
        screen.now = 9
        told(1, 10)


def test_screen_that_fails_does_not_end_the_work(screen, monkeypatch):
    def broken(_label):
        raise BrokenPipeError

    monkeypatch.setattr(progress, "_place", lambda: broken)
    with shown("running", None) as told:
        screen.now = 3
        told(1, 10)
        told(2, 10)
    monkeypatch.setattr(progress, "_place", lambda: screen)
    with shown("running", None) as told:  # the screen is free again
        screen.now = 9
        told(1, 10)
    assert screen.seen


def test_followed_function_gets_something_to_call_or_none(screen):
    @followed("learning")
    def learn(count, *, progress=None):
        if callable(progress):
            screen.now += 3
            progress(1, count)
        return progress

    assert learn(5) is not None
    assert screen.seen == [("learning", 1, 5)]
    assert learn(5, progress=False) is None


def test_run_and_load_tell_by_themselves(screen, monkeypatch):
    monkeypatch.setattr(progress, "DELAY_S", -1.0)
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 1)
    with ncx.open("emulator", by_wire=True) as device:
        device.load(net)
        assert {label for label, *_ in screen.seen} == {"loading"}
        device.run(spikes=np.ones((5000, 2), bool))
        assert {label for label, *_ in screen.seen} == {"loading", "running"}
        seen = len(screen.seen)
        device.run(spikes=np.ones((5000, 2), bool), progress=False)
        device.load(net, progress=False)
        assert len(screen.seen) == seen


PROGRAM = """
import neurocorex.progress as progress
progress.DELAY_S = -1.0
with progress.shown("seldom seen", None) as told:
    for done in range(5):
        told and told(done, 5)
print(told is not None)
"""


def test_pipes_stay_quiet():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="terminals of this system cannot be made")
def test_terminals_get_a_bar_on_standard_error():
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=follower, text=True, check=True, timeout=60,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(follower)
    seen = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert done.stdout == "True\n"
    assert "seldom seen" in seen


CELLS = [
    "import neurocorex.progress as progress\nprogress.DELAY_S = -1.0",
    "with progress.shown('seldom <seen>', None) as told:\n    told(1, 5)\n    told(2, 5)",
    "import numpy as np\nfrom neurocorex import plot\nplot.raster(np.eye(4, dtype=bool))",
    "import neurocorex as ncx\nncx.Network(inputs=2, neurons=3)",
]


@pytest.fixture(scope="module")
def outputs():
    """Outputs of the cells, as a notebook gets them."""
    execution, formats = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = formats.v4.new_notebook(cells=[formats.v4.new_code_cell(cell) for cell in CELLS])
    execution.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell["outputs"] for cell in notebook.cells]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*zmq.*:RuntimeWarning")
def test_bar_in_a_cell_leaves_nothing_behind(outputs):
    (output,) = outputs[1]
    assert output["output_type"] == "display_data"
    assert output["data"] == {"text/plain": "", "text/html": ""}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*zmq.*:RuntimeWarning")
def test_figure_and_network_show_once_in_a_cell(outputs):
    (figure,) = outputs[2]
    assert figure["data"]["image/png"].startswith("iVBOR")
    (network,) = outputs[3]
    assert "<table>" in network["data"]["text/html"]
