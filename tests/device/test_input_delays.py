"""Inputs with delays on devices: the same as in NumPy, whole or in pieces, and what becomes of events on their way."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import InputError
from neurocorex.events.stream import EventStream
from neurocorex.image import Image
from neurocorex.learning import stdp
from neurocorex.spec import Clear, CoreConfig
from support.devices import BOTH, assert_same
from support.serving import serving

pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

INPUTS, NEURONS, STEPS, THRESHOLD = 4, 5, 60, 20
CHIP = CoreConfig(neurons=8, inputs=24, lanes=2, extra_axons=12, frame_bytes=64)
KINDS = {"in process": lambda: EmulatedChip(CHIP), "by wire": lambda: WiredChip(VirtualTransport(CHIP))}


class Drawn:
    """Random network of whole numbers, synapse by synapse, and a stimulus for it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.weights = rng.integers(-4, 12, (INPUTS, NEURONS))
        self.delays = rng.integers(0, 6, (INPUTS, NEURONS))
        self.recurrent, self.lags = rng.integers(-6, 8, (NEURONS, NEURONS)), rng.integers(1, 3, (NEURONS, NEURONS))
        self.spikes = rng.random((STEPS, INPUTS)) < 0.3
        self.net = ncx.Network(inputs=INPUTS, neurons=NEURONS)
        self.net.connect(self.net.inputs, self.net.neurons, self.weights, delay_ms=self.delays)
        self.net.connect(self.net.neurons, self.net.neurons, self.recurrent, delay_ms=self.lags)
        self.net.neurons.set(threshold=THRESHOLD)

    def simulated(self, spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Spikes and membranes from rest, synapse by synapse."""
        fired, membranes = np.zeros((len(spikes), NEURONS), np.bool_), np.zeros((len(spikes), NEURONS), np.int64)
        v = np.zeros(NEURONS, np.int64)
        for step in range(len(spikes)):
            for post in range(NEURONS):
                for pre in range(INPUTS):
                    sent = step - self.delays[pre, post]
                    v[post] += self.weights[pre, post] if sent >= 0 and spikes[sent, pre] else 0
                for pre in range(NEURONS):
                    sent = step - self.lags[pre, post]
                    v[post] += self.recurrent[pre, post] if sent >= 0 and fired[sent, pre] else 0
            fired[step] = v > THRESHOLD
            v[fired[step]] = 0
            membranes[step] = v
        return fired, membranes


@pytest.fixture(params=KINDS)
def device(request: pytest.FixtureRequest) -> Any:
    with Device(KINDS[request.param]()) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(4))
def test_spikes_and_membranes_are_those_of_numpy(device: Device, seed: int) -> None:
    drawn = Drawn(seed)
    device.load(drawn.net)
    assert device.inputs == INPUTS
    result = device.run(spikes=drawn.spikes, record=BOTH)
    fired, membranes = drawn.simulated(drawn.spikes)
    np.testing.assert_array_equal(result.spikes, fired)
    np.testing.assert_array_equal(result.v, membranes)
    assert fired.any()


@pytest.mark.parametrize("seed", range(4, 10))
def test_run_that_is_cut_anywhere_is_the_whole(device: Device, seed: int) -> None:
    drawn, rng = Drawn(seed), np.random.default_rng(seed)
    cuts = [0, *np.sort(rng.integers(0, STEPS + 1, 4)).tolist(), STEPS]
    device.load(drawn.net)
    parts = [
        device.run(spikes=drawn.spikes[start:stop], record=BOTH) if nth % 2 else
        device.run(spikes=EventStream.from_dense(drawn.spikes[start:stop]), record=BOTH)
        for nth, (start, stop) in enumerate(itertools.pairwise(cuts))
    ]  # fmt: skip
    fired, membranes = drawn.simulated(drawn.spikes)
    np.testing.assert_array_equal(np.concatenate([part.spikes for part in parts]), fired)
    np.testing.assert_array_equal(np.concatenate([part.v for part in parts]), membranes)


def test_each_sample_begins_without_the_events_of_the_one_before(device: Device) -> None:
    drawn = Drawn(1)
    samples = drawn.spikes.reshape(6, 10, INPUTS)
    device.load(drawn.net)
    result = device.run(steps=12, spikes=samples)
    for sample, spikes in zip(samples, result.spikes, strict=True):
        np.testing.assert_array_equal(spikes, drawn.simulated(np.pad(sample, ((0, 2), (0, 0))))[0])


def late(device: Device, **options: Any) -> np.ndarray:
    """Membranes after a run that leaves an event on its way, of weight 7, that arrives in step 2 of the next run."""
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 7, delay_ms=4.0)
    net.neurons.set(threshold=100)
    device.load(net)
    device.run(spikes=[[0], [1], [0]], **options)
    return np.array([0, 0, 7, 7])


def after(device: Device, **options: Any) -> np.ndarray:
    return device.run(steps=4, record="v", **options).v[:, 0]


def test_silent_steps_bring_what_was_on_its_way(device: Device) -> None:
    wanted = late(device)
    assert after(device).tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("clear", "drops"), [(Clear.STATE, True), (Clear.TRACES | Clear.ADAPTATION, False), (Clear(0), False)]
)
def test_a_clear_of_the_state_drops_what_is_on_its_way(device: Device, clear: Clear, drops: bool) -> None:
    wanted = np.zeros(4) if drops else late(device)
    late(device, clear={2: clear})
    assert after(device).tolist() == wanted.tolist()
    late(device)
    assert after(device, clear={1: clear}).tolist() == wanted.tolist()
    late(device)
    device.clear(state=drops, traces=True)
    assert after(device).tolist() == wanted.tolist()


def test_loading_drops_what_is_on_its_way(device: Device) -> None:
    late(device)
    late(device, clear=False)
    device.load(ncx.quantise(Drawn(2).net)[0])
    assert not device.run(steps=8, record="v").v.any()


def test_snapshot_has_what_is_on_its_way(device: Device, tmp_path: Path) -> None:
    drawn = Drawn(3)
    whole = drawn.simulated(drawn.spikes)[1]
    device.load(drawn.net)
    device.run(spikes=drawn.spikes[:31])
    device.snapshot().save(tmp_path / "half.npz")
    image = Image.load(tmp_path / "half.npz")
    assert "events are on their way" in str(ncx.Report.of(image))
    larger = replace(CHIP, neurons=9, inputs=30)
    with Device(EmulatedChip(larger)) as other:
        other.restore(image)
        np.testing.assert_array_equal(other.run(spikes=drawn.spikes[31:], record="v").v[:, :NEURONS], whole[31:])
        np.testing.assert_array_equal(
            other.snapshot().fit(larger).meta["inputs"]["delay"], image.meta["inputs"]["delay"]
        )


@pytest.mark.parametrize(
    "meta",
    [
        {"inputs": 3}, {"inputs": {"count": 2, "source": [0, 1], "delay": [0]}},
        {"inputs": {"count": 2, "source": [0, 0], "delay": [0, 1]}},
        {"inputs": {"count": 1, "source": [0, 1], "delay": [0, 1]}},
        {"inputs": {"count": 1, "source": [0], "delay": [-1]}},
        {"inputs": {"count": 1, "source": [0], "delay": [1.5]}},
        {"inputs": {"count": 1, "source": [0], "delay": [1 << 70]}},
        {"inputs": {"count": 1, "source": [0] * 99, "delay": [1] * 99}},
        {"inputs": {"count": 1, "source": [0], "delay": [1]}, "input_events": 5},
        {"inputs": {"count": 1, "source": [0], "delay": [1]}, "input_events": "eNo="},
    ],
)  # fmt: skip
def test_nonsense_in_a_file_is_refused_before_anything_is_written(device: Device, meta: dict[str, Any]) -> None:
    wanted = late(device)
    image = ncx.quantise(Drawn(2).net)[0]
    with pytest.raises(InputError, match="make no sense"):
        device.load(Image(image.config, dict(image.regions), image.scale, {**image.meta, **meta}))
    assert after(device).tolist() == wanted.tolist()


def test_events_that_no_input_can_have_sent_are_refused(device: Device) -> None:
    late(device)
    image = device.snapshot()
    assert "input_events" in image.meta
    line = {"count": 1, "source": [0], "delay": [2]}
    with pytest.raises(InputError, match="no input can have sent"):
        device.load(Image(image.config, dict(image.regions), image.scale, {**image.meta, "inputs": line}))


@pytest.mark.parametrize("width", [INPUTS - 1, INPUTS + 1, CHIP.inputs])
def test_a_stimulus_has_a_column_for_each_input(device: Device, width: int) -> None:
    device.load(Drawn(0).net)
    with pytest.raises(InputError, match=rf"\[steps, {INPUTS}\]"):
        device.run(spikes=np.zeros((3, width), bool))
    with pytest.raises(InputError, match=f"there are {INPUTS}"):
        device.run(spikes=EventStream(3, [1], [INPUTS]))


def test_run_that_ended_early_goes_on_with_what_is_on_its_way(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurocorex.device.emulated.PIECE_UPDATES", 7 * CHIP.neurons)
    monkeypatch.setattr("neurocorex.device.exchange.PIECE_STEPS", 7)
    drawn = Drawn(5)
    device.load(drawn.net)

    def stop(done: int, _all: int) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        device.run(spikes=drawn.spikes, record=BOTH, progress=stop)
    first = device.interrupted
    assert first is not None
    assert 20 < first.steps < STEPS
    rest = device.run(spikes=drawn.spikes[first.steps :], record=BOTH)
    np.testing.assert_array_equal(np.concatenate([first.v, rest.v]), drawn.simulated(drawn.spikes)[1])


def test_checkpoint_with_events_on_their_way_goes_on_elsewhere(device: Device, tmp_path: Path) -> None:
    drawn = Drawn(6)
    saving = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": 13}

    def begin(chip: Device) -> dict[str, Any]:
        chip.load(drawn.net)
        chip.run(spikes=drawn.spikes[:10])
        return {"spikes": drawn.spikes[10:40], "record": BOTH, "clear": {25: Clear.STATE}}

    whole = device.run(**begin(device))
    rest = device.run(spikes=drawn.spikes[40:], record=BOTH)
    with Device(EmulatedChip(CHIP)) as first:

        def die(done: int, _all: int) -> None:
            if done > 14:
                raise RuntimeError("died")

        with pytest.raises(RuntimeError, match="died"):
            first.run(**begin(first), **saving, progress=die)
    again = device.run(**begin(device), **saving)
    assert_same(again, whole)
    assert_same(device.run(spikes=drawn.spikes[40:], record=BOTH), rest)
    with Device(EmulatedChip(CHIP)) as other:
        begin(other)
        other.clear()
        with pytest.raises(InputError, match="differs in"):
            other.run(spikes=drawn.spikes[10:40], record=BOTH, clear={25: Clear.STATE}, **saving)


def test_traces_rise_in_the_step_in_which_an_event_arrives() -> None:
    """Without a delay, and the stimulus as much later, all is the same."""
    spikes = np.random.default_rng(4).random((80, 3)) < 0.2
    late = [0, 2, 5]
    results = []
    for delays in (late, [0, 0, 0]):
        net = ncx.Network(inputs=3, neurons=2)
        net.connect(net.inputs, net.neurons, 0.5, plastic=True, delay_ms=np.array(delays, float))
        net.neurons.set(threshold=0.7, tau_ms=5.0)
        net.learn(stdp(10.0, 10.0, 0.05, -0.03, bounds=(0.0, 1.0), pre_rate_hz=200, post_rate_hz=200))
        sent = spikes
        if not any(delays):
            sent = np.stack([np.roll(np.pad(spikes, ((0, 5), (0, 0)))[:, k], late[k])[:80] for k in range(3)], axis=1)
        with ncx.open("emulator") as device:
            device.load(net, stimulus=sent)
            result = device.run(spikes=sent, record=BOTH)
            results.append((result, device.weights(), device.traces().pre))
    assert_same(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    np.testing.assert_array_equal(results[0][2], results[1][2])
    assert not (results[0][1] == 0.5).all()


def test_floats_have_the_delays_too() -> None:
    drawn = Drawn(7)
    found = ncx.measure_fidelity(drawn.net, drawn.spikes.reshape(2, 30, INPUTS))
    assert found.first_difference is None
    assert found.float_spikes.sum() > 0


def test_weights_of_a_further_axon_are_named_by_their_row(device: Device) -> None:
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 1, delay_ms=[[0, 3], [1, 1]])
    device.load(net)
    with pytest.raises(InputError, match=r"input 0 has .* another delay.* in row 2 .*source=\[0\] or source=\[2\]"):
        device.set_weights(5, net.inputs, net.neurons)
    device.set_weights(5, net.inputs, net.neurons[0])
    device.set_weights(7, [2], net.neurons[1])
    assert device.weights()[:3].tolist() == [[5, 0], [5, 1], [0, 7]]


def test_remote_chip_keeps_nothing_of_the_delays() -> None:
    """They are of the device: another one, at the same chip, begins without what the first had on its way."""
    with serving(VirtualTransport(CHIP, wait=True)) as (url, _):
        with ncx.open(url) as remote:
            wanted = late(remote)
            half = remote.snapshot()
            assert after(remote).tolist() == wanted.tolist()
        with ncx.open(url) as remote:
            remote.load(half)
            assert after(remote).tolist() == wanted.tolist()
