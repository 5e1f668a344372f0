"""Streams of a device: the bits of one run, the pace of a clock, one frame each way, and what ends them."""

import threading
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.gathering import Gathering
from neurocorex.device.live import Live
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, InputError, NoAnswerError
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.protocol import DELIMITER
from support.serving import serving

pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

CHIP = CoreConfig(
    neurons=8, inputs=24, lanes=4, extra_axons=4, learning=Learning.EXPONENTIAL, eligibility=True, contexts=2
)
INPUTS, NEURONS, STEPS = 6, 5, 60


class Counted(VirtualTransport):
    """Emulated chip behind bytes, which counts the frames of either side."""

    def __init__(self, config: CoreConfig) -> None:
        super().__init__(config)
        self.sent = self.came = 0

    def write(self, data: bytes) -> None:
        self.sent += bytes(data).count(DELIMITER)
        super().write(data)

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self.came += data.count(DELIMITER)
        return data


KINDS = {"in process": lambda: EmulatedChip(CHIP), "by wire": lambda: WiredChip(VirtualTransport(CHIP))}


@pytest.fixture(params=KINDS)
def device(request: pytest.FixtureRequest) -> Any:
    with Device(KINDS[request.param]()) as opened:
        yield opened


def network(seed: int) -> ncx.Network:
    """Network that learns, with delays of inputs and neurons, two contexts, and synapses that gather for a reward."""
    rng = np.random.default_rng(seed)
    net = ncx.Network(inputs=INPUTS, neurons=NEURONS)
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    net.connect(net.inputs, net.neurons, rng.uniform(0.1, 0.9, (INPUTS, NEURONS)), plastic=True)
    net.connect(net.inputs[:1], net.neurons[:2], 0.6, delay_ms=4.0)
    net.connect(net.neurons, net.neurons, rng.uniform(-0.4, 0.4, (NEURONS, NEURONS)), delay_ms=2.0)
    net.learn(ncx.learning.stdp(20.0, 20.0, 0.1, -0.06, bounds=(0.0, 1.0), eligibility_tau_ms=100.0, seed=seed + 1))
    net.context("first", net.neurons[0], gain=0.5)
    net.context("second", net.neurons[1], gain=0.2)
    return net


def drive(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((STEPS, INPUTS)) < 0.25


def everything(device: Device) -> dict[str, np.ndarray]:
    """All that the chip holds."""
    return {region.name: values for region, values in device.snapshot().regions.items()}


def assert_equal(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    for name, values in first.items():
        assert np.array_equal(values, second[name]), name


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("seed", range(3))
def test_bits_are_those_of_one_run(device: Device, seed: int, steps: int) -> None:
    net, spikes = network(seed), drive(seed)
    rng = np.random.default_rng(seed)
    marks = np.arange(STEPS) % steps == 0
    reward = np.where(marks & (rng.random(STEPS) < 0.3), 0.5, 0.0)
    factor = np.repeat(np.where(rng.random(STEPS // steps) < 0.5, 1.0, 0.5), steps)
    inject = rng.uniform(0.0, 0.3, (STEPS, NEURONS))
    contexts = {0: "first", 20: "second", 40: "first"}
    device.load(net)
    result = device.run(
        spikes=spikes, inject=inject, reward=reward, modulation=factor, context=contexts, record=["spikes", "v"]
    )
    expected = everything(device)
    device.load(net)
    fired, membranes, context = np.zeros((STEPS, NEURONS), bool), [], "first"
    with device.stream(steps_per_tick=steps, record=["spikes", "v"]) as live:
        for start in range(0, STEPS, steps):
            part = slice(start, start + steps)
            context = contexts.get(start, context)
            tick = live.exchange(
                spikes[part], inject=inject[part], reward=reward[start] or None, modulation=factor[start],
                context=context,
            )  # fmt: skip
            assert (tick.step, tick.steps) == (start, steps)
            fired[start + tick.spike_steps, tick.spikes] = True
            membranes.append(tick.v)
    assert np.array_equal(fired, result.spikes)
    assert np.array_equal(np.concatenate(membranes), result.v)
    assert fired.any()
    assert live.steps == STEPS
    assert_equal(everything(device), expected)


@pytest.mark.parametrize("kind", ["indices", "row", "table", "stream", "population"])
def test_events_can_be_said_in_several_ways(kind: str) -> None:
    net = network(0)
    given = {
        "indices": [1, 4], "row": np.isin(np.arange(INPUTS), [1, 4]),
        "table": np.array([np.isin(np.arange(INPUTS), [1, 4]), np.zeros(INPUTS, bool)]),
        "stream": EventStream(2, np.array([0, 0]), np.array([1, 4])), "population": net.inputs[[1, 4]],
    }  # fmt: skip
    spikes = np.zeros((2, INPUTS), bool)
    spikes[0, [1, 4]] = True
    with Device(EmulatedChip(CHIP)) as device:
        device.load(net)
        expected = device.run(spikes=spikes, record="v").v
        device.load(net)
        assert np.array_equal(device.stream(steps_per_tick=2, record="v").exchange(given[kind]).v, expected)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([0, 6], "inputs from 0 to 5, got 6"),
        ([-1], "got -1"),
        ([2, 2], "input 2 is given twice"),
        ([0.5], "numbers of inputs"),
        (np.zeros(7, bool), "numbers of inputs"),
        ("all", "numbers of inputs"),
        (EventStream(2), "at most 1 steps"),
    ],
    ids=["beyond", "negative", "twice", "floats", "wrong width", "text", "too long"],
)
def test_bad_events_are_refused_and_nothing_runs(device: Device, events: Any, message: str) -> None:
    device.load(network(1))
    live = device.stream()
    with pytest.raises(InputError, match=message):
        live.exchange(events)
    assert device.counters()["steps"] == live.steps == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tick_ms": 0}, "tick_ms must be milliseconds above 0"),
        ({"steps_per_tick": 0}, "steps_per_tick must be"),
        ({"ticks": -1}, "ticks must be"),
        ({"record": "counts"}, "spikes as they come"),
    ],
)
def test_bad_streams_are_refused(device: Device, given: dict[str, Any], message: str) -> None:
    device.load(network(1))
    with pytest.raises(InputError, match=message):
        device.stream(**given)
    with pytest.raises(TypeError, match="no option 'teacher'"):
        device.stream().exchange(teacher={0: 1})


def test_an_exchange_is_one_frame_each_way() -> None:
    transport = Counted(CHIP)
    with Device(WiredChip(transport)) as device:
        device.load(network(2))
        live = device.stream()
        live.exchange([0])  # says which neurons are recorded
        for rewarded in (False, True):
            live.exchange([1], reward=1.0 if rewarded else None)  # what the registers held before
            before = transport.sent, transport.came
            for _ in range(10):
                live.exchange([2, 3], reward=1.0 if rewarded else None)
            assert (transport.sent - before[0], transport.came - before[1]) == (10, 10)


def test_device_can_be_used_between_ticks(device: Device) -> None:
    net, spikes = network(3), drive(3)
    device.load(net)
    expected = device.run(spikes=spikes).spikes
    device.load(net)
    with device.stream() as live:
        for step in range(20):
            assert np.array_equal(live.exchange(spikes[step]).counts, expected[step])
        assert np.array_equal(device.run(spikes=spikes[20:40], record=["v", "spikes"]).spikes, expected[20:40])
        device.weights()
        for step in range(40, STEPS):
            assert np.array_equal(live.exchange(spikes[step]).counts, expected[step])
        device.load(net)
        with pytest.raises(DeviceError, match="another network was loaded"):
            live.exchange()


# Pace -------------------------------------------------------------------------------------------


class Clock:
    """Time that passes while one waits, and as a test says."""

    def __init__(self) -> None:
        self.time, self.waits = 0.0, []

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.waits.append(seconds)
        self.time += seconds


def ready(clock: Clock, **options: Any) -> Live:
    device = Device(EmulatedChip(CHIP))
    device.load(network(4))
    return device.stream(clock=clock, **options)


def test_ticks_begin_when_they_are_due() -> None:
    clock = Clock()
    begins = []
    for _ in ready(clock, tick_ms=2.0, ticks=5):
        begins.append(clock.time)
        clock.time += 0.0015
    assert begins == pytest.approx([0.0, 0.002, 0.004, 0.006, 0.008])


def test_late_ticks_are_counted_and_made_up_for() -> None:
    clock = Clock()
    live = ready(clock, tick_ms=1.0, ticks=8)
    late = []
    for tick in live:
        late.append(tick.late_ms)
        clock.time += 0.0035 if live.ticks == 2 else 0.0005
    # Due at 0, 1, 2, ... ms; the second one lasts until 4.5 ms, then two in a row come a tick late or more.
    assert late == pytest.approx([0.0, 0.0, 2.5, 2.0, 1.5, 1.0, 0.5, 0.0], abs=1e-9)
    assert live.missed == sum(each >= 1.0 - 1e-9 for each in late) == 4
    assert live.worst_ms == pytest.approx(2.5)
    assert repr(live) == "<stream of 1 steps every 1 ms: 8 ticks, 4 missed, at worst 2.5 ms late>"


def test_as_fast_as_it_goes_waits_for_nothing() -> None:
    clock = Clock()
    live = ready(clock, ticks=5)
    assert [tick.step for tick in live] == [0, 1, 2, 3, 4]
    assert (clock.waits, live.missed) == ([], 0)


def test_what_is_sent_acts_in_the_next_tick() -> None:
    net, spikes = network(5), drive(5)
    with Device(EmulatedChip(CHIP)) as device:
        device.load(net)
        expected = device.run(spikes=spikes, reward={30: 1.0}).spikes
        weights = device.weights()
        device.load(net)
        with device.stream() as live:
            live.send(spikes[0])
            for tick in live:
                assert np.array_equal(tick.counts, expected[tick.step])
                if tick.step == STEPS - 1:
                    live.stop()
                    continue
                events = np.flatnonzero(spikes[tick.step + 1])
                live.send(events[:1])
                live.send(events[1:], reward=1.0 if tick.step == 29 else None)
        assert np.array_equal(device.weights(), weights)
        live.send([2])
        with pytest.raises(InputError, match="input 2 was sent for this tick already"):
            live.send([2])


def test_stop_ends_a_wait() -> None:
    clock = Clock()
    live = ready(clock, tick_ms=1000.0)

    def stopped(_seconds: float, _stop: threading.Event) -> None:
        live.stop()

    clock.wait = stopped
    assert len(list(live)) == 1
    assert live.stopped


# Ends -------------------------------------------------------------------------------------------


def test_ctrl_c_leaves_the_device_at_a_border(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    net, spikes = network(6), drive(6)
    device.load(net)
    expected = device.run(spikes=spikes).spikes
    device.load(net)
    found: list[np.ndarray] = []
    calls: list[int] = []

    def interrupted(_: Gathering) -> None:
        calls.append(1)
        if len(calls) == 11:
            raise KeyboardInterrupt

    monkeypatch.setattr(Gathering, "reduce", interrupted)
    live = device.stream()
    with pytest.raises(KeyboardInterrupt), live:
        found.extend(live.exchange(row).counts for row in spikes)
    monkeypatch.undo()
    assert live.steps == 11
    assert np.array_equal(np.array(found), expected[:10])
    assert np.array_equal(device.interrupted.spikes, expected[10:11])
    assert np.array_equal(device.run(spikes=spikes[11:]).spikes, expected[11:])


def test_a_tick_that_was_cut_off_is_resumed() -> None:
    net, spikes = network(7), drive(7)
    chip = EmulatedChip(CHIP)
    now = [0.0]
    chip.patience.clock = lambda: now[0]
    with Device(chip) as device:
        device._turn.clock = chip.patience.clock
        device.load(net)
        expected = device.run(spikes=spikes).spikes
        device.load(net)
        live = device.stream()
        live.exchange(spikes[0])
        device.deadline_s = 1.0
        check, chip.patience.check = chip.patience.check, lambda: now.__setitem__(0, now[0] + 2.0) or check()
        with pytest.raises(NoAnswerError):
            live.exchange(spikes[1])
        assert (live.steps, live.ticks) == (1, 1)
        del chip.patience.check
        device.deadline_s = None
        with pytest.raises(DeviceError, match=r"device.resume\(\) finishes it"):
            live.exchange(spikes[2])
        assert np.array_equal(device.resume().spikes, expected[1:2])
        assert (live.steps, live.ticks) == (2, 2)
        third = live.exchange(spikes[2])
        assert np.array_equal(third.counts, expected[2])
        assert (third.step, live.steps, live.ticks) == (2, 3, 3)


def test_stream_of_a_server_is_that_of_its_chip() -> None:
    net, spikes = network(8), drive(8)
    with Device(EmulatedChip(CHIP)) as device:
        device.load(net)
        expected = device.run(spikes=spikes[:20]).spikes
    with serving(VirtualTransport(CHIP, wait=True)) as (url, _), ncx.open(url) as device:
        device.load(net)
        with device.stream() as live:
            assert all(np.array_equal(live.exchange(spikes[step]).counts, expected[step]) for step in range(20))
