"""Waveforms of the real chip, from the command line: chosen steps only, with the names of the rooms."""

import json

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.trial import Trial
from support.fst import Fst

CONFIG = ncx.CoreConfig(neurons=4, inputs=5, lanes=2)
STEPS = 8
CORE = "TOP.shell.chip.bytes.core."


@pytest.fixture
def geometry(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(CONFIG.to_json())
    return path


@pytest.fixture
def network(tmp_path):
    net = ncx.Network(inputs=5, neurons=4)
    net.connect(net.inputs, net.neurons, np.random.default_rng(7).integers(10, 60, (5, 4)))
    net.neurons.set(threshold=100)
    path = tmp_path / "network.npz"
    ncx.quantise(net)[0].save(path)
    return path


@pytest.mark.slow
def test_run_writes_the_chosen_steps(invoke, network, geometry, tmp_path):
    wave = tmp_path / "wave.fst"
    words = ("run", "rtl", network, "--config", geometry, "--poisson", "0.4", "--steps", STEPS, "--check", "--json")
    code, out, _ = invoke(*words, "--trace", wave, "--from", "3", "--to", "5")
    assert (code, json.loads(out)["identical"], json.loads(out)["trace"]) == (0, True, str(wave))
    found = Fst.read(wave, "TOP.shell.step", "TOP.shell.step_done")
    assert found.values["TOP.shell.step"] == [3, 4, 5]
    assert found.values["TOP.shell.step_done"].count(1) == 3
    rooms = {name.removeprefix(CORE).split(".")[0] for name in found.names if name.startswith(CORE)}
    assert {"events", "neurons", "registers", "synapses"} <= rooms


@pytest.mark.slow
@pytest.mark.parametrize("step", [3, 4, 5])
def test_steps_are_those_of_the_stimulus(step, invoke, network, geometry, tmp_path):
    wave, spikes = tmp_path / "wave.fst", tmp_path / "spikes.csv"
    spikes.write_text("step,axon\n4,1\n")
    words = ("run", "rtl", network, "--config", geometry, "--spikes", spikes, "--steps", STEPS, "--json")
    assert invoke(*words, "--trace", wave, "--from", step, "--to", step)[0] == 0
    (arrives,) = (name for name in Fst.read(wave).names if name.endswith(".sequencer.input_event"))
    assert (1 in Fst.read(wave, arrives).values[arrives]) == (step == 4)


@pytest.mark.slow
def test_run_without_a_first_step_begins_at_0(invoke, network, geometry, tmp_path):
    words = ("run", "rtl", network, "--config", geometry, "--steps", STEPS, "--json", "--trace", tmp_path / "wave.fst")
    assert invoke(*words)[0] == 0
    assert Fst.read(tmp_path / "wave.fst", "TOP.shell.step").values["TOP.shell.step"] == list(range(STEPS + 1))


@pytest.mark.slow
def test_steps_beyond_the_last_leave_no_file(invoke, network, geometry, tmp_path):
    words = ("run", "rtl", network, "--config", geometry, "--steps", STEPS, "--json", "--trace", tmp_path / "wave.fst")
    code, out, _ = invoke(*words, "--from", STEPS)
    assert (code, json.loads(out)["error"]["code"]) == (3, "input")
    assert not (tmp_path / "wave.fst").exists()


@pytest.mark.slow
def test_replay_writes_the_chosen_steps(invoke, tmp_path):
    replay, wave = tmp_path / "trial.npz", tmp_path / "wave.fst"
    Trial.random(CONFIG, 3, STEPS).save(replay)
    code, out, _ = invoke("selftest", "rtl", "--replay", replay, "--trace", wave, "--from", "6", "--json")
    assert code == 0, out
    assert json.loads(out)["identical"] is True
    assert Fst.read(wave, "TOP.shell.step").values["TOP.shell.step"] == [6, 7]
