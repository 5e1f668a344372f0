"""Options of a run end with it: what a run does depends on the device and on its own options, not on earlier runs."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, InputError
from neurocorex.learning import stdp, superneuromat
from neurocorex.spec import Clear, Control, CoreConfig, Flag, Learning, LearningFlag, Region
from neurocorex.spec.registers import MOVING
from support.fakes import InterruptingTransport

INPUTS, NEURONS = 5, 6
CONFIG = CoreConfig(
    neurons=NEURONS, inputs=INPUTS, lanes=2, learning=Learning.EXPONENTIAL, adaptation=True, weight_bits=8,
    soft_bounds=True,
)  # fmt: skip
#: The rule of these runs has no room for their rates, which is of no matter here.
pytestmark = pytest.mark.filterwarnings("ignore:traces of the learning rule were full")
MOVES = [int(register) for register in MOVING if register.bits(CONFIG)]


def build():
    rng = np.random.default_rng(5)
    net = ncx.Network(inputs=INPUTS, neurons=NEURONS)
    net.connect(net.inputs, net.neurons, rng.integers(10, 60, (INPUTS, NEURONS)), plastic=True)
    net.connect(net.neurons, net.neurons, rng.integers(-20, 20, (NEURONS, NEURONS)), plastic=True)
    net.neurons.set(threshold=90, tau_ms=8.0, refractory_ms=1.0)
    net.adaptation(step=9, tau_ms=50.0)
    net.learn(stdp(10.0, 15.0, 5.0, -4.0, bounds=(-128, 127), seed=3))
    return net


def opened(by_wire):
    return ncx.open("emulator", config=CONFIG, by_wire=by_wire)


def by_step(rng, steps, draw):
    return {int(step): draw() for step in rng.choice(steps, rng.integers(1, 4), replace=False)}


def random_changes(rng):
    flags = int(rng.integers(0, 64)) | int(LearningFlag.HOLD_FIRING) * int(rng.random() < 0.5)
    choices = {
        Control.LEARNING: flags, Control.GAIN_INPUT: int(rng.integers(0, 3)), Control.POTENTIATION: 4000,
        Control.ADAPTATION_STEP: 50, Control.RANDOM: int(rng.integers(1, 1 << 32)), Control.WEIGHT_MAX: -1,
        Control.PRE_DECAY: 65535,
    }  # fmt: skip
    chosen = rng.choice(len(choices), rng.integers(1, 4), replace=False)
    return {register: value for place, (register, value) in enumerate(choices.items()) if place in chosen}


def random_options(rng):
    """Return keywords of a run, each there or not."""
    steps, samples = int(rng.integers(4, 20)), int(rng.integers(1, 3))
    shape = (samples, steps) if rng.random() < 0.3 else (steps,)
    total = int(np.prod(shape))
    spikes = rng.random((*shape, INPUTS)) < 0.3
    options = {
        "learning": bool(rng.random() < 0.5) if rng.random() < 0.5 else by_step(rng, total, lambda: rng.random() < 0.5),
        "adaptation": False if rng.random() < 0.5 else by_step(rng, total, lambda: bool(rng.random() < 0.5)),
        "modulation": by_step(rng, total, lambda: float(rng.integers(-2, 3))),
        "gate": by_step(rng, total, lambda: [None, 0, 3][rng.integers(3)]),
        "changes": by_step(rng, total, lambda: random_changes(rng)),
        "clear": True if rng.random() < 0.5 else by_step(rng, total, lambda: Clear(int(rng.choice([1, 4, 8, 9])))),
        "record": {"spikes": [0, 3], "v": True},
        "snapshot_every": np.int64(3),
    }
    options = {name: value for name, value in options.items() if rng.random() < 0.4}
    if len(shape) == 1 and rng.random() < 0.3:
        stream = ncx.EventStream.from_dense(spikes)
        for register, value in random_changes(rng).items():
            stream = stream.setting(int(rng.integers(steps)), register, value)
        return {"spikes": stream, **options}
    if rng.random() < 0.3:
        options["teacher"] = rng.random((*shape, NEURONS)) < 0.1
    return {"spikes": spikes, **options}


def expect_equal(result, expected):
    for name in ("spike_samples", "spike_times", "spike_neurons", "counts", "v", "weights_over_time"):
        np.testing.assert_array_equal(getattr(result, name), getattr(expected, name), err_msg=name)


def expect_same_content(image, expected):
    assert set(image.regions) == set(expected.regions)
    for region, values in expected.regions.items():
        np.testing.assert_array_equal(image.regions[region], values, err_msg=region.name)


@pytest.mark.parametrize("by_wire", [False, True], ids=["in process", "by wire"])
@pytest.mark.parametrize("seed", range(12))
def test_runs_do_what_a_fresh_device_does_with_the_same_state_and_options(seed, by_wire):
    rng = np.random.default_rng(seed)
    with opened(by_wire) as device, opened(by_wire=False) as fresh:
        device.load(build())
        registers = device.read(Region.CONTROL).copy()
        for _ in range(6):
            before = device.snapshot()
            held = before.regions[Region.CONTROL].copy()
            held[MOVES] = registers[MOVES]
            assert held.tolist() == registers.tolist()
            options = random_options(rng)
            result = device.run(**options)
            fresh.restore(before)
            expect_equal(result, fresh.run(**options))
            expect_same_content(device.snapshot(), fresh.snapshot())
            if rng.random() < 0.3:  # what is set on the device stays
                device.modulation(0.5)
                device.learning(bool(rng.random() < 0.5))
                registers[[Control.MODULATION, Control.LEARNING]] = device.read(Region.CONTROL)[
                    [Control.MODULATION, Control.LEARNING]
                ]


def test_a_run_after_one_that_held_firing_fires():
    spikes = np.ones((40, INPUTS), bool)
    held = {Control.LEARNING: LearningFlag.HOLD_FIRING}
    with opened(by_wire=False) as device:
        device.load(build())
        assert device.run(spikes=spikes, changes={0: held}, clear=True).spike_times.size == 0
        assert device.run(spikes=spikes, learning=False, clear=True).spike_times.size > 10
        stream = ncx.EventStream.from_dense(spikes).setting(0, *next(iter(held.items())))
        assert device.run(spikes=stream).spike_times.size == 0
        assert device.run(spikes=spikes, learning=False, clear=True).spike_times.size > 10


def test_what_a_stream_sets_behind_its_last_step_stays():
    with opened(by_wire=False) as device:
        device.load(build())
        device.run(spikes=ncx.EventStream(5).setting([2, 5], Control.GATE, 3), gate={1: 1})
        assert device.read(Region.CONTROL)[Control.GATE] == 3
        device.run(5, gate={1: 1})
        assert device.read(Region.CONTROL)[Control.GATE] == 3


def test_options_of_an_interrupted_run_end_with_it():
    transport = InterruptingTransport(VirtualTransport(CONFIG))
    with Device(WiredChip(transport)) as device:
        device.load(build())
        registers = device.read(Region.CONTROL).tolist()
        transport.arm(False, False, True)
        with pytest.raises(KeyboardInterrupt):
            device.run(200_000, learning=False, changes={0: {Control.LEARNING: 32}}, adaptation=False)
        assert 0 < device.interrupted.steps < 200_000
        now = device.read(Region.CONTROL)
        now[MOVES] = np.array(registers)[MOVES]
        assert now.tolist() == registers


@pytest.mark.parametrize("deaf", [False, True], ids=["chip that hears", "deaf chip"])
def test_options_of_a_failed_run_end_with_it(monkeypatch, deaf):
    refused = DeviceError("refused")
    with opened(by_wire=False) as device:
        device.load(build())
        registers = device.read(Region.CONTROL).tolist()
        set_register = EmulatedChip.set_register

        def run(chip, stimulus, take, **options):
            set_register(chip, Control.LEARNING, int(LearningFlag.HOLD_FIRING))
            raise refused

        def hears(chip, register, value):
            if deaf:
                raise refused
            set_register(chip, register, value)

        with monkeypatch.context() as patch:
            patch.setattr(EmulatedChip, "run", run)
            patch.setattr(EmulatedChip, "set_register", hears)
            with pytest.raises(DeviceError, match="refused"):
                device.run(5, changes={0: {Control.LEARNING: LearningFlag.HOLD_FIRING}})
        with pytest.raises(DeviceError, match="the last run was ended after 0 of 5 steps or more"):
            device.snapshot()
        device.clear()
        assert device.snapshot().regions[Region.CONTROL].tolist() == registers
        assert device.run(spikes=np.ones((20, INPUTS), bool)).spike_times.size > 0


# Frozen means frozen -----------------------------------------------------------------------------


@pytest.mark.parametrize("by_wire", [False, True], ids=["in process", "by wire"])
def test_a_test_changes_neither_weights_nor_thresholds(by_wire):
    rng = np.random.default_rng(1)
    with opened(by_wire) as device:
        device.load(build())
        device.run(spikes=rng.random((200, INPUTS)) < 0.3)
        raised, weights = device.read(Region.ADAPTATION), device.weights()
        assert raised.any()
        result = device.run(spikes=rng.random((3, 50, INPUTS)) < 0.3, learning=False, adaptation=False, clear=True)
        assert result.spike_times.size > 10
        assert np.array_equal(device.read(Region.ADAPTATION), raised)
        assert np.array_equal(device.weights(), weights)
        device.run(spikes=rng.random((50, INPUTS)) < 0.3)
        assert not np.array_equal(device.read(Region.ADAPTATION), raised)
        assert not np.array_equal(device.weights(), weights)


def test_frozen_weights_do_not_drift():
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 100, plastic=True)
    net.neurons.set(threshold=10_000)
    net.learn(superneuromat([4, 2], [-1, -2]))
    with ncx.open("emulator") as device:
        device.load(net)
        device.run(10)
        learned = device.weights()
        result = device.run(20, learning=False, teacher={3: [0, 1]}, snapshot_every=1)
        assert (result.weights_over_time == learned).all()
        device.run(2)
        assert (device.weights() - learned)[:2].tolist() == [[-6, -6]] * 2


def test_held_thresholds_are_the_same_in_pieces():
    spikes = np.random.default_rng(2).random((60, INPUTS)) < 0.4
    frozen = {"learning": False, "adaptation": False}
    with opened(by_wire=False) as device:
        device.load(build())
        device.run(spikes=np.ones((30, INPUTS), bool))
        start = device.snapshot()
        whole = device.run(spikes=spikes, **frozen).spikes
        device.restore(start)
        pieces = [device.run(spikes=spikes[at : at + 7], **frozen).spikes for at in range(0, 60, 7)]
        assert np.array_equal(np.concatenate(pieces), whole)
        device.restore(start)
        streams = [ncx.EventStream.from_dense(spikes).cut(at, at + 9) for at in range(0, 60, 9)]
        pieces = [device.run(spikes=stream, **frozen).spikes for stream in streams]
        assert np.array_equal(np.concatenate(pieces), whole)


def test_thresholds_are_held_from_step_to_step():
    with opened(by_wire=False) as device:
        device.load(build())
        device.run(5, teacher={0: 0})
        raised = int(device.read(Region.ADAPTATION)[0])
        device.run(10, adaptation={0: False, 8: True})
        faded = raised
        for _ in range(2):
            faded -= -(-faded * int(device.read(Region.CONTROL)[Control.ADAPTATION_DECAY]) // 65536)
        assert device.read(Region.ADAPTATION)[0] == faded < raised
        device.run(3, adaptation=False, clear={1: Clear.ADAPTATION})
        assert device.read(Region.ADAPTATION)[0] == 0


def test_chip_without_adaptation_holds_still_anyway():
    with ncx.open("emulator", config=CoreConfig(neurons=4, inputs=2, adaptation=False)) as device:
        device.load(ncx.Network(inputs=2, neurons=4))
        device.run(3, adaptation=False)
        with pytest.raises(InputError, match="needs a chip with adaptive thresholds"):
            device.run(3, adaptation=True)


def test_flags_of_recording_are_those_of_the_run():
    with opened(by_wire=False) as device:
        device.load(build())
        device.run(3, record=["spikes", "v"])
        assert device.run(3, record=()).v.size == 0
        assert not (device.read(Region.FLAGS) & int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)).any()
