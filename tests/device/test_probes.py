"""Membranes and currents of every k-th step: the numbers that the neurons hold then, however they come."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import blocks, emulated
from neurocorex.errors import DisconnectedError, FileFormatError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.many.pieces import joined
from neurocorex.spec import CoreConfig, Region

INPUTS, NEURONS, STEPS, SAMPLES, EVERY = 8, 20, 25, 3, 4
PLAIN = CoreConfig(neurons=24, inputs=16, lanes=2)
REPORTS = replace(PLAIN, reports=True)
TALLIES = replace(REPORTS, tallies=6)
SPIKES = np.random.default_rng(5).random((SAMPLES, STEPS, INPUTS)) < 0.3
CHOSEN = [1, 3, 4, 17]


def network() -> ncx.Network:
    net = ncx.Network(inputs=INPUTS, neurons=NEURONS)
    net.connect(net.inputs, net.neurons, np.random.default_rng(2).integers(-20, 50, (INPUTS, NEURONS)).astype(float))
    net.connect(net.neurons, net.neurons, np.random.default_rng(3).integers(-9, 9, (NEURONS, NEURONS)).astype(float))
    net.neurons.set(threshold=60.0, decay=0.1, decay_syn=0.3, refractory_ms=2.0, reset=-5)
    return net


def opened(config: CoreConfig, *, by_wire: bool = False) -> ncx.Device:
    device = ncx.open("emulator", config=config, by_wire=by_wire)
    device.load(network())
    return device


def held(spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Membranes and currents [steps, N] that the chip holds behind each step, read one by one."""
    v, i = [], []
    with opened(PLAIN) as device:
        for step in spikes:
            device.run(spikes=step[np.newaxis], counters=False)
            v.append(device.read(Region.MEMBRANE)[:NEURONS])
            i.append(device.read(Region.CURRENT)[:NEURONS])
    return np.array(v), np.array(i)


V, I = (np.array(each) for each in zip(*(held(sample) for sample in SPIKES), strict=True))  # noqa: E741
KINDS = pytest.mark.parametrize(
    ("config", "by_wire"),
    [
        pytest.param(PLAIN, False, id="emulator"),
        pytest.param(PLAIN, True, id="by wire, read"),
        pytest.param(REPORTS, True, id="by wire, reported"),
        pytest.param(TALLIES, True, id="by wire, reported beside tallies"),
    ],
)


@KINDS
@pytest.mark.parametrize("every", [1, EVERY, 7, 100])
def test_states_of_samples_are_those_that_are_held(config: CoreConfig, by_wire: bool, every: int) -> None:
    record = {"counts": True, "v": CHOSEN, "i": [0, *CHOSEN]}
    with opened(config, by_wire=by_wire) as device:
        result = device.run(spikes=SPIKES, record=record, every=every, units="chip")
        spikes = device.run(spikes=SPIKES).spikes
    assert np.array_equal(result.v, V[:, ::every, CHOSEN])
    assert np.array_equal(result.i, I[:, ::every, [0, *CHOSEN]])
    assert np.array_equal(result.counts, spikes.sum(axis=1))
    assert (result.v_neurons.tolist(), result.i_neurons.tolist()) == (CHOSEN, [0, *CHOSEN])
    assert V[:, ::every, CHOSEN].any()
    assert I[:, ::every, CHOSEN].any()


@KINDS
def test_states_of_one_trial_and_of_blocks(config: CoreConfig, by_wire: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "ENTRIES", 1)
    drawn: Iterator[np.ndarray] = (SPIKES[0][start : start + 6] for start in range(0, STEPS, 6))
    for spikes in (SPIKES[0], drawn):
        with opened(config, by_wire=by_wire) as device:
            result = device.run(spikes=spikes, record={"v": CHOSEN, "i": True}, every=EVERY, units="chip")
        assert np.array_equal(result.v, V[0, ::EVERY, CHOSEN].T)
        assert np.array_equal(result.i, I[0, ::EVERY])
        assert result.v_steps.tolist() == list(range(0, STEPS, EVERY))


@pytest.mark.parametrize(("even", "seed"), [(False, 4), (True, 0)], ids=["random", "even"])
@pytest.mark.parametrize("every", [1, EVERY])
def test_states_of_drawn_steps_are_those_of_the_same_spikes(every: int, even: bool, seed: int) -> None:
    rates = np.random.default_rng(6).random((SAMPLES, INPUTS)) / 2
    options: dict[str, Any] = {"record": {"counts": True, "v": CHOSEN, "i": [0]}, "every": every, "units": "chip"}
    with opened(PLAIN) as device:
        spikes = ncx.encode.generated(rates, STEPS, seed=seed, even=even, rate_bits=PLAIN.rate_bits)
        expected = device.run(spikes=spikes, **options)
    assert expected.v.any()
    for config in (PLAIN, replace(PLAIN, patterns=3), replace(TALLIES, patterns=3)):
        with opened(config, by_wire=True) as device:
            results = [device.run(rates=rates, steps=STEPS, seed=seed, even=even, **options)]
            if config.patterns:
                device.store_patterns(rates)
                results += [device.run(patterns=range(SAMPLES), steps=STEPS, seed=seed, even=even, **options)]
        for each in results:
            assert np.array_equal(each.v, expected.v)
            assert np.array_equal(each.i, expected.i)
            assert np.array_equal(each.counts, expected.counts)


def test_reports_of_few_membranes_are_fewer_bytes() -> None:
    sent = []
    for config in (PLAIN, REPORTS):
        with opened(config, by_wire=True) as device:
            options: dict[str, Any] = {"record": {"v": CHOSEN}, "every": 10, "counters": False}
            device.run(spikes=SPIKES, **options)  # flags are written
            sent.append(device.run(spikes=SPIKES, **options).link.bytes_from_chip)
    assert 3 * sent[1] < sent[0]


def test_currents_have_the_units_of_the_network() -> None:
    net = ncx.Network(inputs=INPUTS, neurons=2)
    net.connect(net.inputs, net.neurons, 0.25)
    net.neurons.set(threshold=100.0, decay_syn=1.0)
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(spikes=SPIKES[0], record={"i": [1]})
    np.testing.assert_allclose(result.i[:, 0], 0.25 * SPIKES[0].sum(axis=1), rtol=0.01)


def test_reports_of_the_stimulus_stay_beside_those_of_the_recording() -> None:
    stream = EventStream.from_dense(SPIKES[0]).reporting([EVERY + 1, STEPS], Region.MEMBRANE, NEURONS)
    with opened(TALLIES, by_wire=True) as device:
        result = device.run(spikes=stream, record={"counts": True, "i": CHOSEN}, every=EVERY, units="chip")
    assert [report.step for report in result.reports] == [EVERY + 1, STEPS]
    assert result.reports[0].items.tolist() == V[0, EVERY].tolist()
    assert np.array_equal(result.i, I[0, ::EVERY, CHOSEN].T)


@KINDS
def test_a_run_that_is_interrupted_has_the_steps_of_which_all_is_known(
    config: CoreConfig, by_wire: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulated, "PIECE_UPDATES", 3 * config.neurons)

    def stopping(done: int, _steps: int) -> None:
        if done > STEPS // 2:
            raise KeyboardInterrupt

    with opened(config, by_wire=by_wire) as device:
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=SPIKES[0], record={"v": CHOSEN, "i": CHOSEN}, every=3, units="chip", progress=stopping)
        found = device.interrupted
    assert found is not None
    assert found.stopped_at > STEPS // 2
    assert found.stopped_at - 1 <= found.steps <= found.stopped_at
    rows = -(-found.steps // 3)
    assert np.array_equal(found.v, V[0, ::3, CHOSEN].T[:rows])
    assert np.array_equal(found.i, I[0, ::3, CHOSEN].T[:rows])


@pytest.mark.parametrize("config", [PLAIN, REPORTS], ids=["read", "reported"])
def test_a_run_that_is_resumed_has_all_states(config: CoreConfig) -> None:
    many = np.concatenate([SPIKES] * 8)
    with ncx.open("faulty:emulator?disconnect=0.02&loss=0.02&seed=3", config=config) as device:

        def call(work: Any) -> Any:
            while True:
                try:
                    return work()
                except DisconnectedError:
                    pass

        call(lambda: device.load(network()))
        options: dict[str, Any] = {"record": {"v": CHOSEN, "i": CHOSEN}, "every": EVERY, "units": "chip"}
        with pytest.raises(DisconnectedError):
            device.run(spikes=many, **options)
        found = call(device.resume)
    assert np.array_equal(found.v, np.concatenate([V] * 8)[:, ::EVERY, CHOSEN])
    assert np.array_equal(found.i, np.concatenate([I] * 8)[:, ::EVERY, CHOSEN])


def test_files_keep_currents_and_parts_of_a_batch_are_joined(tmp_path: Path) -> None:
    with opened(PLAIN) as device:
        options: dict[str, Any] = {"record": {"i": CHOSEN}, "every": EVERY}
        whole, *parts = (device.run(spikes=each, **options) for each in (SPIKES, SPIKES[:2], SPIKES[2:]))
    whole.save(tmp_path / "result.npz")
    again = ncx.Result.load(tmp_path / "result.npz")
    assert np.array_equal(again.i, whole.i)
    assert again.i_neurons.tolist() == CHOSEN
    assert np.array_equal(joined(parts).i, whole.i)
    replace(whole, i_items=whole.i_items[:, 1:]).save(tmp_path / "result.npz")
    with pytest.raises(FileFormatError, match="i_items has shape"):
        ncx.Result.load(tmp_path / "result.npz")


def test_what_cannot_record_currents_says_so(tmp_path: Path) -> None:
    with opened(PLAIN) as device:
        with pytest.raises(InputError, match="a run with a checkpoint records no currents"):
            device.run(spikes=SPIKES, record="i", checkpoint=tmp_path / "c", checkpoint_every=5)
        with pytest.raises(InputError, match="winners and currents are of a run"):
            device.stream(record="i")
        with pytest.raises(InputError, match="every=3 is of membranes and currents"):
            device.run(spikes=SPIKES, every=3)
        with pytest.raises(InputError, match="this result has no currents"):
            _ = device.run(spikes=SPIKES).i
