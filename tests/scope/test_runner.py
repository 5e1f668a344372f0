"""Runner of a live network: what it counts, what commands do, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.errors import DisconnectedError, InputError
from neurocorex.learning import stdp
from neurocorex.scope.runner import Runner
from neurocorex.scope.settings import Settings
from neurocorex.scope.status import awake_neurons
from neurocorex.scope.stimulus import LiveStimulus
from support.devices import emulated
from support.fakes import WrappedTransport

TIMEOUT_S = 30.0
FAST = Settings(speed=None, membranes=(0, 3))


def network(plastic: bool = True) -> ncx.Network:
    net = ncx.Network(inputs=8, neurons=12)
    net.connect(net.inputs, net.neurons, np.random.default_rng(5).uniform(0.2, 0.6, (8, 12)), plastic=plastic)
    net.neurons.set(threshold=1.0, tau_ms=20.0)
    if plastic:
        net.learn(stdp(20.0, 20.0, 0.005, -0.005, bounds=(0.0, 1.0), accumulate=20, stochastic=True))
    return net


@pytest.fixture
def device() -> Iterator[Device]:
    with ncx.open("emulator") as device:
        device.load(network())
        device.clear(state=True, counters=True)
        yield device


def until(fact: Callable[[], object], runner: Runner) -> None:
    """Wait until something is so; the run must go on meanwhile."""
    end = time.monotonic() + TIMEOUT_S
    while not fact():
        assert runner.error is None, runner.error
        assert time.monotonic() < end
        time.sleep(0.002)


def steps(runner: Runner) -> int:
    return runner.history.totals().steps


def test_totals_are_those_of_the_chip_though_nobody_looks(device: Device) -> None:
    with Runner(device, LiveStimulus(8, rate_hz=100.0), FAST) as runner:
        until(lambda: steps(runner) > 3000, runner)
    totals, counted = runner.history.totals(), device.counters()
    assert totals.spikes > 1000
    assert (totals.steps, totals.spikes) == (counted["steps"], counted["spikes"])
    assert totals.input_spikes == counted["input_events"]
    assert totals.counts.sum() == totals.spikes
    status = runner.status()
    assert status.counters["spikes"] == totals.spikes
    assert status.counters["steps"] == totals.steps


def test_blocks_are_one_run(device: Device) -> None:
    with Runner(device, LiveStimulus(8, rate_hz=100.0, seed=3), Settings(speed=None, block_ms=7.0)) as runner:
        until(lambda: steps(runner) > 500, runner)
    ran, left = steps(runner), device.weights(units="chip")
    with ncx.open("emulator") as other:
        other.load(network())
        whole = other.run(spikes=LiveStimulus(8, rate_hz=100.0, seed=3).block(ran))
        assert np.array_equal(whole.counts, runner.history.totals().counts)
        assert np.array_equal(other.weights(units="chip"), left)


def test_silence_ends_spikes_and_a_rate_brings_them_back(device: Device) -> None:
    with Runner(device, LiveStimulus(8, rate_hz=100.0), FAST) as runner:
        runner.set_rate(0.0).result(TIMEOUT_S)
        before = steps(runner)
        until(lambda: steps(runner) > before + 200, runner)
        runner.pause().result(TIMEOUT_S)
        quiet = runner.history.totals()
        runner.step(500).result(TIMEOUT_S)
        until(lambda: steps(runner) == quiet.steps + 500, runner)
        assert runner.history.totals().spikes == quiet.spikes
        assert runner.status().rate_hz == 0.0
        runner.set_rate(200.0).result(TIMEOUT_S)
        runner.go_on()
        until(lambda: runner.history.totals().spikes > quiet.spikes, runner)


def test_frozen_weights_stay(device: Device) -> None:
    with Runner(device, LiveStimulus(8, rate_hz=100.0), FAST) as runner:
        runner.set_learning(False).result(TIMEOUT_S)
        assert not runner.status().learning
    held = device.weights()
    with Runner(device, LiveStimulus(8, rate_hz=100.0), FAST) as runner:
        assert not runner.status().learning
        until(lambda: steps(runner) > 300, runner)
        runner.pause().result(TIMEOUT_S)
    assert np.array_equal(device.weights(), held)
    with Runner(device, LiveStimulus(8, rate_hz=100.0), FAST) as runner:
        runner.set_learning(True).result(TIMEOUT_S)
        until(lambda: steps(runner) > 300, runner)
    assert not np.array_equal(device.weights(), held)


def test_modulation_acts_on_the_chip(device: Device) -> None:
    with Runner(device, LiveStimulus(8, rate_hz=100.0), FAST) as runner:
        runner.set_modulation(-2.5).result(TIMEOUT_S)
        assert runner.status().modulation == -2.5
    assert Runner(device, LiveStimulus(8), FAST).status().modulation == -2.5


def test_paused_run_makes_the_steps_it_is_told(device: Device) -> None:
    with Runner(device, LiveStimulus(8), FAST) as runner:
        runner.pause().result(TIMEOUT_S)
        first = steps(runner)
        for count in (1, 1, 60):
            runner.step(count).result(TIMEOUT_S)
        until(lambda: steps(runner) == first + 62, runner)
        runner.pause().result(TIMEOUT_S)
        assert (steps(runner), runner.status().paused) == (first + 62, True)


def test_snapshot_goes_on_where_it_was_taken(device: Device, tmp_path: Path) -> None:
    with Runner(device, LiveStimulus(8, rate_hz=100.0), Settings(speed=None, folder=tmp_path)) as runner:
        until(lambda: steps(runner) > 100, runner)
        runner.pause().result(TIMEOUT_S)
        file = runner.snapshot().result(TIMEOUT_S)
        assert str(file) in runner.status().message
    assert file.name == f"scope-{steps(runner)}.npz"
    with ncx.open("emulator") as other:
        other.load(file)
        assert np.array_equal(other.weights(), device.weights())
        assert np.array_equal(other.membranes(), device.membranes())


def test_refused_command_does_not_end_the_run(device: Device) -> None:
    with Runner(device, LiveStimulus(8), FAST) as runner:
        for command in (
            lambda: runner.set_rate(-1.0), lambda: runner.set_pattern("no such"), lambda: runner.set_modulation(1e6),
            lambda: runner.step(0), lambda: runner.snapshot(Path("/nowhere/at/all.npz")),
        ):  # fmt: skip
            error = command().exception(TIMEOUT_S)
            assert isinstance(error, ncx.errors.NeuroCoreXError)
            assert runner.status().message == str(error)
        before = steps(runner)
        until(lambda: steps(runner) > before, runner)


def test_network_that_does_not_learn_refuses_to() -> None:
    with ncx.open("emulator") as device:
        device.load(network(plastic=False))
        with Runner(device, LiveStimulus(8), FAST) as runner:
            assert isinstance(runner.set_learning(True).exception(TIMEOUT_S), InputError)
            until(lambda: runner.weights is not None, runner)
            assert runner.weights is not None
            assert not runner.weights.plastic.any()
            assert runner.weights.shown.size == 8 * 12


def test_error_of_the_device_ends_the_run_and_keeps_what_came(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(device, LiveStimulus(8, rate_hz=100.0), FAST)
    run, gone = device.run, DisconnectedError("the board went away")

    def failing(**work: object) -> ncx.Result:
        if steps(runner) >= 200:
            raise gone
        return run(**work)  # type: ignore[arg-type]

    monkeypatch.setattr(device, "run", failing)
    runner.start()
    runner._thread.join(TIMEOUT_S)
    assert not runner.running
    assert runner.status().error is gone
    with pytest.raises(CancelledError):
        runner.pause().result(TIMEOUT_S)
    with pytest.raises(DisconnectedError, match="went away"):
        runner.__exit__(None, None, None)
    assert steps(runner) == device.counters()["steps"] >= 200


def test_wire_counts_the_same() -> None:
    with emulated(WrappedTransport, ncx.CoreConfig(inputs=8, neurons=16)) as device:
        device.load(network(plastic=False))
        device.clear(state=True, counters=True)
        with Runner(device, LiveStimulus(8, rate_hz=100.0), FAST) as runner:
            until(lambda: steps(runner) > 200, runner)
            until(lambda: "damaged frames" in runner.status().link, runner)
        assert device.counters()["spikes"] == runner.history.totals().spikes > 0


def test_network_of_an_earlier_session_runs_in_units_of_the_chip() -> None:
    chip = EmulatedChip(ncx.CoreConfig(inputs=8, neurons=64))
    Device(chip).load(network(plastic=False))
    device = Device(chip)
    last = awake_neurons(device) - 1
    assert 11 <= last < 63
    with Runner(device, LiveStimulus(8, rate_hz=100.0), Settings(speed=None, membranes=(0, last))) as runner:
        until(lambda: runner.history.totals().spikes > 0 and runner.weights is not None, runner)
    assert (runner.units, runner.history.neurons) == ("chip", 64)
    assert runner.weights is not None
    assert np.array_equal(runner.weights.values, device.weights(units="chip"))


def test_slow_chip_gets_shorter_blocks(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurocorex.scope.runner._LONG_S", 0.0)
    lengths: list[int] = []
    run = device.run
    monkeypatch.setattr(device, "run", lambda **work: lengths.append(len(work["spikes"])) or run(**work))
    with Runner(device, LiveStimulus(8), FAST) as runner:
        until(lambda: len(lengths) > 6, runner)
    assert lengths[:7] == [25, 12, 6, 3, 1, 1, 1]


@pytest.mark.parametrize("wrong", [{"block_ms": 0.0}, {"speed": -1.0}, {"window_ms": float("nan")}], ids=str)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))} must be above 0"):
        Settings(**wrong)
