"""The examples for PyNN beside NEST and Brian2, where `make bench` has installed them."""

import importlib.util
import re
import sys

import pytest
from support.paths import ROOT

SPEC = importlib.util.spec_from_file_location("pynn_bench", ROOT / "benchmarks/pynn.py")
bench = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bench)


def numbers(backend, example, duration):
    lines = bench.lines_of(backend, example, duration)
    return [float(number) for line in lines for number in re.findall(r"\d+\.\d+", line)]


def require(backend):
    if not bench.BACKENDS[backend].exists():
        pytest.skip(f"{backend} is not installed: make bench")


@pytest.mark.parametrize("backend", ["pyNN.nest", "pyNN.brian2"])
def test_weights_and_rate_are_those_of_a_peer(backend):
    require(backend)
    own, theirs = (numbers(each, "pynn_stdp.py", "400") for each in ("neurocorex.pynn", backend))
    assert own[0] == pytest.approx(theirs[0], rel=0.02)
    assert own[1:] == pytest.approx(theirs[1:], rel=0.05)


def test_rates_of_a_balanced_network_are_those_of_nest():
    require("pyNN.nest")
    own, theirs = (numbers(each, "pynn_brunel.py", "3000") for each in ("neurocorex.pynn", "pyNN.nest"))
    assert own[0::2] == pytest.approx(theirs[0::2], rel=0.02)


def test_backend_that_is_absent_is_left_out(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(bench.BACKENDS, "pyNN.nest", tmp_path / "python")
    assert bench.lines_of("pyNN.nest", "pynn_stdp.py", "10") == []
    assert "absent" in capsys.readouterr().out
    assert sys.executable == bench.BACKENDS["neurocorex.pynn"]
