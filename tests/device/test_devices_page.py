"""The page about devices tells the truth: its table of calls by standing, and its examples."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.errors import DeviceError
from neurocorex.spec import CoreConfig, Learning, Region
from support.fakes import busy_image, random_spikes
from support.faultlines import Bench
from support.markdown import tables
from support.paths import ROOT

PAGE = (ROOT / "docs/devices.md").read_text()
CONFIG = CoreConfig(neurons=7, inputs=5, frame_bytes=64, learning=Learning.EXPONENTIAL, contexts=2, patterns=1)
IMAGE = busy_image(CONFIG)
CALLS = {
    "load": lambda device: device.load(IMAGE),
    "restore": lambda device: device.restore(IMAGE),
    "close": lambda device: device.close(),
    "resume": lambda device: device.resume(),
    "clear": lambda device: device.clear(),
    "run": lambda device: device.run(1),
    "run_async": lambda device: asyncio.run(device.run_async(1)),
    "stream": lambda device: device.stream().exchange([0]),
    "store_patterns": lambda device: device.store_patterns(np.full((1, 5), 0.5)),
    "read": lambda device: device.read(Region.BIAS),
    "write": lambda device: device.write(Region.RESET, np.zeros(7, int)),
    "set_weights": lambda device: device.set_weights(0.0),
    "learning": lambda device: device.learning(True),
    "gate": lambda device: device.gate(2),
    "modulation": lambda device: device.modulation(1.0),
    "context": lambda device: device.context(1),
    "prepare": lambda device: device.prepare(),
    **{
        name: lambda device, name=name: getattr(device, name)()
        for name in (
            "state", "weights", "plastic", "membranes", "thresholds", "traces", "errors", "winners", "counters",
            "snapshot",
        )
    },
    **{
        name: lambda device, name=name: getattr(device, name)
        for name in ("info", "config", "inputs", "neurons", "dt_ms", "link", "interrupted")
    },
}  # fmt: skip
STANDINGS = ("known", "cut", "torn", "lost")
ROWS = [row for rows in tables(PAGE) if "call" in rows[0] for row in rows]
CELLS = [(name, row) for row in ROWS for name in re.findall(r"`(\w+)`", row["call"])]


@contextmanager
def standing(name: str) -> Iterator[Device]:
    """A device that has come into a standing."""
    bench = Bench(CONFIG)
    with bench.device(returns=True) as device:
        device.load(IMAGE)
        if name != "known":
            bench.arm({"cut": "silence", "torn": "fail", "lost": "reset"}[name], 5)
            with pytest.raises((DeviceError, ZeroDivisionError)):
                device.run(spikes=random_spikes(60, 5))
            bench.heal()
        assert device._contents.standing.name == name
        yield device


def test_table_has_every_call() -> None:
    public = {name for name in [*dir(Device), "interrupted"] if not name.startswith("_")}
    assert {name for name, _ in CELLS} == public - {"deadline_s"} == set(CALLS)


@pytest.mark.parametrize("name", STANDINGS)
@pytest.mark.parametrize(("call", "row"), CELLS, ids=[name for name, _ in CELLS])
def test_table_of_calls_is_true(name: str, call: str, row: dict[str, str]) -> None:
    cell = row[name]
    with standing(name) as device:
        if cell.startswith(("yes", "as `cut` after a run")):
            CALLS[call](device)
        else:
            with pytest.raises(DeviceError):
                CALLS[call](device)


def test_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # one of them keeps checkpoints
    net = ncx.Network(inputs=5, neurons=7)
    net.connect(net.inputs, net.neurons, np.full((5, 7), 0.5))
    net.neurons.set(threshold=1.0)
    with ncx.open("emulator") as device:
        device.load(net)
        given = {"device": device, "net": net, "spikes": random_spikes(20, 5)}
        for example in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
            exec(example, given)  # noqa: S102  # from our own page
            assert given["result"].steps == 20
