"""Every realisation, through `neurocorex.open`, equals an emulator that knows nothing of links, bit for bit."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.image import Image
from neurocorex.spec import Clear, CoreConfig, Flag, Op, Region, Request, regions
from neurocorex.spec.events import IDLE
from neurocorex.spec.registers import MODEL_COUNTERS, STATE
from neurocorex.spec.timing import busy_cycles
from neurocorex.wire.process import ProcessTransport
from neurocorex.wire.transport import Transport
from neurocorex_sim.chip import build_chip
from support.streams import kept

CONFIG = CoreConfig()
RECORDING = Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE


@pytest.fixture(scope="module")
def devices():
    opened = {target: ncx.open(target, config=CONFIG) for target in ("emulator", "rtl")}
    yield opened
    for device in opened.values():
        device.close()


@pytest.fixture(params=["emulator", "rtl"])
def device(devices, request):
    device = devices[request.param]
    device.clear(state=True, counters=True)
    return device


def load(target, trial):
    for region, values in trial.image.regions.items():
        target.write(region, values)


def prepared(trial):
    """Return an emulator that holds what the trial begins with, and records everything."""
    emulator = Emulator(trial.image.config)
    load(emulator, trial)
    emulator.write(Region.FLAGS, trial.image.regions[Region.FLAGS] | RECORDING)
    return emulator


def expect_equal(device, result, emulator, expected):
    spikes = np.zeros((expected.steps, CONFIG.neurons), bool)
    spikes[expected.event_step, expected.event_index] = True
    np.testing.assert_array_equal(result.spikes, spikes)
    np.testing.assert_array_equal(result.v, expected.graded_value.reshape(expected.steps, -1))
    expect_same_content(device, emulator)


def expect_same_content(device, emulator):
    np.testing.assert_array_equal(device.weights(units="chip"), emulator.regions[Region.WEIGHTS])
    for region in {*STATE} & {*regions(device.config)}:
        np.testing.assert_array_equal(device.read(region), emulator.regions[region], err_msg=region.name)
    counters = device.counters()
    counted = {counter.name: counters[counter.name.lower()] for counter in MODEL_COUNTERS}
    assert counted == {counter.name: emulator.counters[counter] for counter in MODEL_COUNTERS}


@pytest.mark.parametrize("seed", range(4))
def test_random_network_runs_alike(device, seed):
    trial = Trial.random(CONFIG, seed, steps=60)
    emulator = prepared(trial)
    load(device, trial)
    result = device.run(spikes=trial.stimulus, record=("spikes", "v"))
    expect_equal(device, result, emulator, emulator.run(trial.stimulus))


def test_what_was_written_is_read_back(device):
    trial = Trial.random(CONFIG, 10, steps=1)
    emulator = prepared(trial)
    load(device, trial)
    for region in trial.image.regions:
        expected = trial.image.regions[region] if region == Region.FLAGS else emulator.regions[region]
        np.testing.assert_array_equal(device.read(region), expected.reshape(device.read(region).shape), region.name)


def test_samples_start_from_silence(device):
    rng = np.random.default_rng(11)
    trial = Trial.random(CONFIG, 11, steps=1)
    spikes = rng.random((5, 12, CONFIG.inputs)) < 0.1
    emulator = prepared(trial)
    load(device, trial)
    result = device.run(spikes=spikes, record=("spikes", "v"))
    for sample in range(len(spikes)):
        emulator.clear(Clear.STATE | Clear.ADAPTATION | Clear.TRACES)
        expected = emulator.run(EventStream.from_dense(spikes[sample]))
        np.testing.assert_array_equal(np.nonzero(result.spikes[sample]), [expected.event_step, expected.event_index])
        np.testing.assert_array_equal(result.v[sample].reshape(-1), expected.graded_value)
    expect_same_content(device, emulator)


@pytest.mark.parametrize(("first", "second"), [("emulator", "rtl"), ("rtl", "emulator"), ("rtl", "rtl")])
def test_snapshot_resumes_elsewhere(devices, first, second, tmp_path):
    trial = Trial.random(CONFIG, 12, steps=80)
    emulator = prepared(trial)
    load(devices[first], trial)
    devices[first].run(spikes=kept(trial.stimulus.cut(0, 40)), record=())
    devices[first].snapshot().save(tmp_path / "snapshot.npz")

    devices[second].restore(Image.load(tmp_path / "snapshot.npz"))
    devices[second].clear(state=False, counters=True)
    result = devices[second].run(spikes=trial.stimulus.cut(40, 80), record=("spikes", "v"))

    emulator.run(trial.stimulus.cut(0, 40))
    emulator.clear(Clear.COUNTERS)
    expect_equal(devices[second], result, emulator, emulator.run(trial.stimulus.cut(40, 80)))


def test_silent_axons_cost_nothing(device):
    """Only arrivals take time: not the axons there are, and not what their weights are."""
    load(device, Trial.random(CONFIG, 13, steps=1))
    device.write(Region.DELAY, np.zeros(CONFIG.neurons, int))  # no recurrent arrivals
    device.write(Region.IN_USE, [0, 0])  # all
    device.clear(state=True, counters=True)
    for step_events in (0, 1, CONFIG.inputs):
        spikes = np.zeros((10, CONFIG.inputs), bool)
        spikes[:, :step_events] = True
        before = device.counters()["busy_cycles"]
        device.run(spikes=spikes)
        cost = device.counters()["busy_cycles"] - before
        assert cost == busy_cycles(CONFIG, steps=10, arrivals=10 * step_events)
        assert cost <= 10 * (CONFIG.neurons + 40 + 6 * step_events)


def test_busy_cycles_follow_from_steps_and_arrivals(device):
    trial = Trial.random(CONFIG, 14, steps=50)
    load(device, trial)
    device.run(spikes=trial.stimulus)
    counters = device.counters()
    arrivals = counters["input_events"] + counters["recurrent_events"]
    assert arrivals > 0
    used = CONFIG.in_use(*device.read(Region.IN_USE).tolist())
    assert counters["busy_cycles"] == busy_cycles(used, counters["steps"], arrivals, chip=CONFIG)


# Lines and hosts that misbehave ----------------------------------------------------------------


class NoisyTransport(Transport):
    """Changes, drops and adds bytes in both directions, as a seed says."""

    def __init__(self, inner, *, seed, rate):
        self.name = "a noisy line"
        self.damaged = 0
        self._inner, self._rate = inner, rate
        self._rng_in, self._rng_out = np.random.default_rng(seed).spawn(2)

    def read(self, timeout_s):
        return self._damage(self._inner.read(timeout_s), self._rng_in)

    def write(self, data):
        self._inner.write(self._damage(data, self._rng_out))

    def close(self):
        self._inner.close()

    def _damage(self, data, rng):
        out = bytearray()
        for byte in data:
            if rng.random() >= self._rate:
                out.append(byte)
                continue
            self.damaged += 1
            kind = rng.integers(3)
            if kind:  # changed, or one more; otherwise lost
                out += rng.bytes(kind)
        return bytes(out)


@pytest.mark.parametrize("seed", [1, 2])
def test_noise_on_the_line_changes_nothing(seed):
    trial = Trial.random(CONFIG, 20 + seed, steps=60)
    emulator = prepared(trial)
    line = NoisyTransport(ProcessTransport([build_chip(CONFIG)]), seed=seed, rate=5e-4)
    with Device(WiredChip(line, timeout_s=0.1)) as device:
        load(device, trial)
        result = device.run(spikes=trial.stimulus, record=("spikes", "v"))
        expect_equal(device, result, emulator, emulator.run(trial.stimulus))
        assert line.damaged > 10
        assert device.counters()["frames_bad"] > 0


@pytest.mark.parametrize(
    "leftover",
    [b"\x55\xaa" * 300, b"\x05\x12\x00", b"\x00" * 50],
    ids=["garbage", "half_a_frame", "delimiters"],
)
def test_hello_finds_a_chip_in_any_state(leftover):
    transport = ProcessTransport([build_chip(CONFIG)])
    transport.write(leftover)
    with Device(WiredChip(transport)) as device:
        assert device.config == CONFIG
        assert device.counters()["frames_good"] > 0


@pytest.mark.parametrize("baud", [500_000, 115_200])
def test_rate_is_changed_on_request(baud):
    """The chip's pins follow at once; a chip that did not would be a warning, and with it an error."""
    trial = Trial.random(CONFIG, 32, steps=1)
    with ncx.open("rtl", config=CONFIG, baud=baud) as device:
        device.write(Region.BIAS, trial.image.regions[Region.BIAS])
        np.testing.assert_array_equal(device.read(Region.BIAS), trial.image.regions[Region.BIAS])


def test_next_host_finds_the_chip_in_the_middle_of_a_run():
    """A host that dies leaves a long run, a queue with an open step behind it, and answers that nobody takes."""
    trial = Trial.random(CONFIG, 31, steps=40, record_all=True)
    transport = ProcessTransport([build_chip(CONFIG)])
    first = Device(WiredChip(transport))  # kept: a device that nobody holds any more closes its line
    load(first, trial)
    transport.write(b"\0" + Request(Op.HELLO, session=1).encode())
    while not transport.read(timeout_s=60).endswith(b"\0"):
        pass
    transport.write(Request(Op.RUN, 0, payload=bytes([IDLE, 0xFF, 0xFF]), session=1).encode())
    transport.write(Request(Op.RUN, 1, payload=bytes([1, 2, 3]), session=1).encode())
    assert transport.read(timeout_s=60)  # results have begun to come, and are not acknowledged
    with Device(WiredChip(transport)) as second:
        emulator = prepared(trial)
        load(second, trial)
        second.clear(state=False, counters=True)
        result = second.run(spikes=trial.stimulus, record=("spikes", "v"))
        expect_equal(second, result, emulator, emulator.run(trial.stimulus))


@pytest.mark.filterwarnings("ignore:weights were set on the axon")
def test_weights_are_set_in_blocks_and_one_by_one(device):
    trial = Trial.random(CONFIG, 13, steps=1)
    device.load(trial.image)
    rng = np.random.default_rng(13)
    expected = device.read(Region.WEIGHTS)
    low, high = CONFIG.weight_range
    rows, columns = rng.choice(CONFIG.axons, 7, replace=False), np.sort(rng.choice(CONFIG.neurons, 5, replace=False))
    block = rng.integers(low, high, (7, 5), endpoint=True)
    device.set_weights(block, rows, columns, units="chip")
    expected[np.ix_(rows, columns)] = block
    np.testing.assert_array_equal(device.read(Region.WEIGHTS), expected)
    device.set_weights([(CONFIG.axons - 1, CONFIG.neurons - 1, low), (0, 0, high)], units="chip")
    expected[-1, -1], expected[0, 0] = low, high
    np.testing.assert_array_equal(device.read(Region.WEIGHTS), expected)
    plastic = device.plastic()
    device.set_weights(1, units="chip")
    assert (device.read(Region.WEIGHTS) == 1).all()
    np.testing.assert_array_equal(device.plastic(), plastic)
