"""Pools of devices: the same bits as one device, in order, whatever becomes of some of them."""

import os
import signal
import subprocess
import sys
from dataclasses import fields, replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.errors import DeviceWarning, DisconnectedError, FitError, InputError
from neurocorex.image import Image
from neurocorex.spec import Counter, Learning
from neurocorex.spec.registers import MODEL_COUNTERS
from support.devices import BOTH
from support.fakes import busy_image, random_spikes
from support.pooled import MARK, breaks, counted, counted_fatally, counted_mortally, doomed, mortal, patient, who

CONFIG = ncx.CoreConfig(neurons=6, inputs=4, lanes=2, learning=Learning.EXPONENTIAL, extra_axons=3, max_delay=4)
IMAGE = Trial.random(CONFIG, 2, 9).image
SAMPLES, STEPS = 24, 30
SPIKES = np.random.default_rng(5).random((SAMPLES, STEPS, IMAGE.config.inputs)) < 0.3
SPIKES[:, 0, 0] = False
#: Sample 7 is the one that kills.
DEADLY = SPIKES.copy()
DEADLY[7, 0, 0] = True
OPTIONS = {"record": ("spikes", "v"), "learning": False}


def alone(spikes=SPIKES, **options) -> ncx.Result:
    with ncx.open("emulator") as device:
        device.load(IMAGE)
        return device.run(spikes=spikes, **{**OPTIONS, **options})


def assert_equal(result: ncx.Result, expected: ncx.Result, counters=MODEL_COUNTERS) -> None:
    for field in fields(ncx.Result):
        if field.name != "counters":
            assert np.array_equal(getattr(result, field.name), getattr(expected, field.name)), field.name
    for counter in counters:
        assert result.counters[counter.name.lower()] == expected.counters[counter.name.lower()], counter


@pytest.fixture
def mark(tmp_path, monkeypatch):
    monkeypatch.setenv(MARK, str(tmp_path / "killed"))
    return tmp_path / "killed"


@pytest.fixture(scope="module")
def pair():
    with ncx.Pool(2) as pool:
        pool.load(IMAGE)
        yield pool


def test_two_emulators_and_a_simulated_chip_equal_one_device():
    image = busy_image(ncx.CoreConfig())  # of the simulated chip that tests/test_conformance.py has compiled
    spikes = random_spikes(SAMPLES, STEPS, image.config.inputs)
    with ncx.open("emulator") as device:
        device.load(image)
        expected = device.run(spikes=spikes, record=BOTH)
    with ncx.Pool(["emulator", "emulator", "rtl"]) as pool:
        pool.load(image)
        assert_equal(pool.run(spikes=spikes, record=BOTH), expected)
        assert repr(pool) == "<pool of devices: 2 x emulator, rtl; network: 64 inputs, 96 neurons>"


def test_killed_process_costs_time_only(mark):
    calls = []
    os.mkfifo(f"{mark}.gate")
    deadly = DEADLY.copy()
    deadly[:, 0, 0] = True  # whichever sample the mortal one gets
    with ncx.Pool([mortal, patient]) as pool:
        pool.load(IMAGE)
        with pytest.warns(DeviceWarning, match=r"lost mortal: its process ended, exit code -9; it is opened again"):
            result = pool.run(spikes=deadly, progress=lambda *call: calls.append(call), **OPTIONS)
        assert pool.lost == []
        assert len(pool) == 2
    assert mark.exists()
    assert_equal(result, alone(deadly))
    assert calls[-1] == (SAMPLES, SAMPLES)


def test_two_emulators_and_a_simulated_chip_lose_one_in_the_middle(mark):
    os.mkfifo(f"{mark}.gate")
    image = busy_image(ncx.CoreConfig())  # of the simulated chip that tests/test_conformance.py has compiled
    spikes = random_spikes(SAMPLES, STEPS, image.config.inputs)
    spikes[:, 0, 0] = True
    with ncx.open("emulator") as device:
        device.load(image)
        expected = device.run(spikes=spikes, record=BOTH)
    with ncx.Pool([mortal, patient, "rtl"]) as pool:
        pool.load(image)
        with pytest.warns(DeviceWarning, match=r"lost mortal: its process ended, exit code -9; it is opened again"):
            result = pool.run(spikes=spikes, record=BOTH)
        assert len(pool) == 3
    assert mark.exists()
    assert_equal(result, expected)


def test_device_that_dies_again_is_given_up(mark):
    os.mkfifo(f"{mark}.gate")
    with ncx.Pool([doomed, patient]) as pool:
        pool.load(IMAGE)
        deadly = np.repeat(DEADLY[7:8], SAMPLES, axis=0)
        with pytest.warns(DeviceWarning) as told:
            result = pool.run(spikes=deadly, **OPTIONS)
        assert [str(each.message).split("; ")[1] for each in told] == [
            "it is opened again",
            "it is given up, and the others go on",
        ]
        assert pool.lost == ["doomed"]
        assert_equal(result, alone(deadly))
        assert_equal(pool.run(spikes=SPIKES, **OPTIONS), alone())


def test_pool_without_devices_says_what_is_complete(mark):
    with ncx.Pool([doomed]) as pool:
        pool.load(IMAGE)
        with (
            pytest.warns(DeviceWarning, match="exit code -9"),
            pytest.raises(DisconnectedError, match="all devices of the pool are lost"),
        ):
            pool.run(spikes=DEADLY, **OPTIONS)
        assert 0 < len(pool.complete) < SAMPLES
        assert pool.interrupted.stopped_at == STEPS * len(pool.complete)
        assert_equal(replace(pool.interrupted, stopped_at=None), alone(DEADLY[: len(pool.complete)]))
        with pytest.raises(DisconnectedError, match=f"{SAMPLES} samples of {SAMPLES} are left"):
            pool.run(spikes=SPIKES, **OPTIONS)


def test_trials_learn_from_the_same_start(pair):
    with ncx.open("emulator") as device:
        expected = []
        for seed in range(6):
            device.load(IMAGE)
            expected.append(counted(device, seed))
    assert pair.map(counted, range(6)) == expected
    assert len({weights for _, weights in expected}) > 1
    assert_equal(pair.run(spikes=SPIKES, **OPTIONS), alone())  # a run after trials is none of them


def test_call_of_a_lost_device_is_made_again_until_none_is_left(pair, mark):
    expected = pair.map(counted, range(6))
    with ncx.Pool(2) as pool:
        pool.load(IMAGE)
        with pytest.warns(DeviceWarning, match="lost emulator"):
            assert pool.map(counted_mortally, range(6)) == expected
        with pytest.warns(DeviceWarning), pytest.raises(DisconnectedError, match="items are left"):
            pool.map(counted_fatally, range(6))


def test_error_of_a_function_comes_through_and_the_pool_goes_on(pair):
    with pytest.raises(ZeroDivisionError):
        pair.map(breaks, range(4))
    assert pair.map(breaks, [1, 3]) == [-1.0, 1.0]


def test_thresholds_that_are_held_are_those_that_were_loaded(pair):
    with ncx.open("emulator") as device:
        device.load(IMAGE)
        device.run(spikes=SPIKES[0])
        raised = device.snapshot()
    assert raised.config.adaptation
    with ncx.open("emulator") as device:
        device.load(raised)
        expected = device.run(spikes=SPIKES, adaptation=False, **OPTIONS)
        device.load(raised)
        free = device.run(spikes=SPIKES, **OPTIONS)
    pair.load(raised)
    assert_equal(pair.run(spikes=SPIKES, **OPTIONS), free)
    assert_equal(pair.run(spikes=SPIKES, adaptation=False, **OPTIONS), expected)
    pair.load(IMAGE)


def test_delayed_inputs_end_with_their_sample(pair):
    net = ncx.Network(inputs=3, neurons=2)
    net.connect(net.inputs[:2], net.neurons, 1.0, delay_ms=4.0)
    net.connect(net.inputs[2:], net.neurons, 1.0)
    net.neurons.set(threshold=1.0)
    spikes = np.random.default_rng(1).random((9, 10, 3)) < 0.3
    with ncx.open("emulator") as device:
        device.load(net)
        pair.load(net)
        assert_equal(pair.run(spikes=spikes), device.run(spikes=spikes))
    pair.load(IMAGE)


def test_currents_and_teachers_are_cut_by_samples(pair):
    rng = np.random.default_rng(2)
    inject = rng.integers(0, 60, (SAMPLES, STEPS, IMAGE.config.neurons))
    teacher = rng.random((SAMPLES, STEPS, IMAGE.config.neurons)) < 0.05
    options = {"inject": inject, "teacher": teacher, "units": "chip", "steps": STEPS + 3}
    assert_equal(pair.run(spikes=SPIKES, **options, **OPTIONS), alone(**options))


def test_no_samples_are_a_result_without_any(pair):
    assert_equal(pair.run(spikes=SPIKES[:0], **OPTIONS), alone(SPIKES[:0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spikes": SPIKES}, "this network learns, so each sample depends on those before it"),
        ({"spikes": SPIKES[0], "learning": False}, r"an array \[samples, steps, ...\], got shape"),
        ({"spikes": SPIKES, "learning": {3: False}}, "learning of a pool is for the whole run"),
        ({"spikes": SPIKES, "learning": False, "modulation": {3: 1.0}}, "cannot cut 'modulation' into samples"),
        ({"spikes": SPIKES, "learning": False, "checkpoint": "a.ckpt"}, "cannot cut 'checkpoint' into samples"),
        ({"spikes": SPIKES, "learning": False, "steps": 3}, f"steps must be an integer from {STEPS} up"),
        ({"spikes": SPIKES, "learning": False, "record": "spices"}, "cannot record 'spices'"),
        ({"steps": 10, "learning": False}, "a pool needs samples"),
        ({"spikes": SPIKES, "inject": SPIKES[:3], "learning": False}, "must agree in samples and steps"),
    ],
)
def test_run_that_cannot_be_cut_is_refused(pair, options, message):
    with pytest.raises(InputError, match=message):
        pair.run(**options)


def test_unknown_keyword_is_a_type_error(pair):
    with pytest.raises(TypeError, match="did you mean 'teacher'"):
        pair.run(spikes=SPIKES, learning=False, teachers=SPIKES)


@pytest.mark.parametrize("devices", [0, [], "emulator", [3], True, 1.5])
def test_no_devices_are_no_pool(devices):
    with pytest.raises(InputError, match="a pool takes a number of emulators, or names"):
        ncx.Pool(devices)


def test_pool_that_was_not_loaded_or_was_closed_says_so():
    pool = ncx.Pool(1)
    with pytest.raises(InputError, match="the pool has no network"):
        pool.run(spikes=SPIKES)
    pool.close()
    with pytest.raises(InputError, match="the pool was closed"):
        pool.load(IMAGE)


def small() -> ncx.Device:
    return ncx.open("emulator", config=ncx.CoreConfig(neurons=4, inputs=4))


def large() -> ncx.Device:
    return ncx.open("emulator", config=ncx.CoreConfig(neurons=32, inputs=16, lanes=4))


def test_network_that_does_not_fit_one_device_is_refused():
    with ncx.Pool(["emulator", small]) as pool, pytest.raises(FitError) as caught:
        pool.load(IMAGE)
    assert "of small in the pool" in caught.value.__notes__


def test_chips_of_other_sizes_give_the_same_bits():
    net = ncx.Network(inputs=8, neurons=6)
    net.connect(net.inputs, net.neurons, 0.4)
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    spikes = np.random.default_rng(3).random((8, 20, 8)) < 0.3
    with ncx.Pool(["emulator", large]) as pool:
        report = pool.load(net)
        result = pool.run(spikes=spikes, record=("spikes", "v"))
    with large() as device:
        assert str(device.load(net)) == str(report)
        expected = device.run(spikes=spikes, record=("spikes", "v"))
    assert_equal(result, expected, [Counter.STEPS, Counter.SPIKES, Counter.INPUT_EVENTS])


def test_devices_work_in_processes_of_their_own(pair):
    processes = set(pair.map(who, range(8)))
    assert os.getpid() not in processes


def test_workers_end_with_the_process_that_started_them():
    script = (
        "import neurocorex as ncx, os, signal\n"
        "from support.pooled import who\n"
        "if __name__ == '__main__':\n"
        "    pool = ncx.Pool(1)\n"
        "    print(pool.map(who, [0])[0], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    # The pipe of its output stays open until the worker has gone, too, so this would wait for one that stays.
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert int(done.stdout) > 0


def test_image_is_sent_as_it_is(pair):
    assert isinstance(IMAGE, Image)
    assert "6 neurons" in pair._repr_html_()
