"""Warnings of reports reach those who do not print them: by `warnings` and the log, once each."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import NeuroCoreXWarning, QuantisationWarning
from neurocorex.quantiser import notice
from neurocorex.quantiser.quantise import quantised
from neurocorex.spec import CoreConfig

SAID = "neuron 1 can never fire"
LARGE = CoreConfig(inputs=40, neurons=70)


def weak_network(weight=1):
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.inputs, net.neurons, [[20, weight]])
    net.neurons.set(threshold=10, decay=1.0)
    return net


@pytest.fixture
def told(caplog):
    """Collects what is told: lines by `warnings`, and lines by the log."""

    class Told:
        @property
        def lines(self):
            mine = [str(each.message) for each in caught if issubclass(each.category, QuantisationWarning)]
            logged = [each.getMessage() for each in caplog.records if each.name == "neurocorex"]
            assert mine == logged
            return mine

    with caplog.at_level(logging.WARNING, "neurocorex"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield Told()


def test_quantise_tells_and_names_the_line_of_the_user():
    with pytest.warns(QuantisationWarning, match=SAID) as caught:
        ncx.quantise(weak_network())
    assert [Path(each.filename).name for each in caught] == [Path(__file__).name]
    assert issubclass(QuantisationWarning, NeuroCoreXWarning)
    assert issubclass(NeuroCoreXWarning, UserWarning)


@pytest.mark.parametrize("config", [None, LARGE], ids=["elastic", "larger chip"])
def test_quantise_and_load_tell_once(told, config):
    net = weak_network()
    image, report = ncx.quantise(net)
    with ncx.open("emulator", config=config) as device:
        device.load(image)
        device.load(net)
        device.load(net)
    assert told.lines == report.alerts
    assert told.lines[0].startswith(SAID)


def test_a_file_tells_once(told, tmp_path):
    quantised(weak_network())[0].save(tmp_path / "net.npz")
    assert told.lines == []
    with ncx.open("emulator", config=LARGE) as device:
        for _ in range(3):
            device.load(tmp_path / "net.npz")
        snapshot = device.snapshot()
        device.restore(snapshot)
    assert [line[: len(SAID)] for line in told.lines] == [SAID]


def test_another_network_tells_again(told):
    ncx.quantise(weak_network(1))
    ncx.quantise(weak_network(2))
    assert len(told.lines) == 2


def test_networks_without_fault_say_nothing(told):
    ncx.quantise(weak_network(20))
    assert told.lines == []


def test_a_bias_that_fires_by_itself_is_no_alert(told):
    net = weak_network(20)
    net.neurons.set(bias=30)
    report = ncx.quantise(net)[1]
    assert any("without any input" in line for line in report.warnings)
    assert told.lines == []


def test_imports_tell(told):
    graph = {
        "type": "NIRGraph",
        "nodes": {
            "in": {"type": "Input", "shape": np.array([2])},
            "w": {"type": "Linear", "weight": np.array([[1.0, 0.7], [0.0001, 0.00015], [-0.9, 1.0]])},
            "n": {"type": "IF", "r": np.full(3, 1e4), "v_threshold": np.array([1.5, 0.0001, 1.5])},
            "out": {"type": "Output", "shape": np.array([3])},
        },
        "edges": [("in", "w"), ("w", "n"), ("n", "out")],
    }
    model = ncx.from_nir(graph, scaling="none")
    assert told.lines == model.report.quantised.alerts
    assert any("2 of 2 weights became 0; 1 neuron has lost all excitation" in line for line in told.lines)


def test_search_tries_in_silence(told):
    net = weak_network()
    ncx.search_scale(net, spikes=np.ones((5, 1), bool))
    assert told.lines == []


def test_a_warning_that_is_an_error_leaves_the_chip_loaded():
    with ncx.open("emulator") as device:
        with pytest.raises(QuantisationWarning, match=SAID):
            device.load(weak_network())
        assert device.run(spikes=np.ones((3, 1), bool)).spikes[0].tolist() == [True, False]


def test_memory_of_what_was_told_is_bounded(told, monkeypatch):
    monkeypatch.setattr(notice, "REMEMBERED", 3)
    for weight in (1, 2, 3, 4, 5, 1):
        ncx.quantise(weak_network(weight))
    assert len(told.lines) == 6


# Command line --------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    quantised(weak_network())[0].save(tmp_path / "net.npz")
    return tmp_path / "net.npz"


def test_load_prints_each_warning_once(invoke, file):
    code, out, err = invoke("load", "emulator", file)
    assert (code, err) == (0, "")
    assert out.count(SAID) == 1


def test_run_prints_warnings_beside_its_result(invoke, file):
    code, out, err = invoke("run", "emulator", file, "--steps", 3, "--json")
    assert code == 0
    json.loads(out)
    assert err.startswith(f"warning: {SAID}")
    assert err.count("\n") == 1
