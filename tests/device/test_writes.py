"""Weights that a run writes on its way: the same as between runs, on every chip, also if the run ends early."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import InputError, NoAnswerError
from neurocorex.learning import stdp
from neurocorex.network.population import Inputs, Neurons
from neurocorex.spec import CoreConfig, Learning, Op, Region, Request, RequestDecoder, Response, ResponseDecoder, Status
from neurocorex.wire.transport import Transport
from support.devices import BOTH, assert_same
from support.fakes import NoisyTransport, WrappedTransport
from support.serving import serving

pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

CHIP = CoreConfig(neurons=6, inputs=5, lanes=2, learning=Learning.EXPONENTIAL, frame_bytes=64)
STEPS = 90
SPIKES = np.random.default_rng(2).random((STEPS, 5)) < 0.3
KINDS = {"in process": lambda: EmulatedChip(CHIP), "by wire": lambda: WiredChip(VirtualTransport(CHIP))}


def network() -> ncx.Network:
    rng = np.random.default_rng(8)
    net = ncx.Network(inputs=5, neurons=6)
    net.connect(net.inputs, net.neurons, rng.uniform(0, 1, (5, 6)), plastic=True)
    net.connect(net.neurons, net.neurons, rng.uniform(-0.3, 0.3, (6, 6)))
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    net.learn(stdp(20.0, 20.0, 0.1, -0.1, bounds=(0.0, 1.0), pre_rate_hz=300, post_rate_hz=300))
    return net


NET = network()


def block(seed: int) -> tuple[Inputs, Neurons, np.ndarray]:
    """One block, as integers of the chip."""
    return NET.inputs[seed % 3 : 4], NET.neurons[[5, 1]], np.random.default_rng(seed).integers(0, 60, (4 - seed % 3, 2))


WRITES = {0: [block(0)], 20: block(1), 47: [(0, 3, 9), (10, 0, -7)], 48: [block(2), ([4], [0, 2], 11)], 89: [block(3)]}


@pytest.fixture(params=KINDS)
def device(request: pytest.FixtureRequest) -> Any:
    with Device(KINDS[request.param]()) as opened:
        opened.load(NET)
        yield opened


def by_hand(device: Device, writes: dict[int, Any], **options: Any) -> list[ncx.Result]:
    """The same by runs between which weights are set."""
    results = []
    bounds = [*sorted(writes), STEPS]
    for start, stop in pairwise(bounds):
        given = writes[start]
        device.set_weights([given] if isinstance(given, tuple) else given, units="chip")
        results.append(device.run(spikes=SPIKES[start:stop], record=BOTH, **options))
    return results


def test_writes_within_a_run_are_writes_between_runs(device: Device) -> None:
    with Device(EmulatedChip(CHIP)) as other:
        other.load(NET)
        parts = by_hand(other, WRITES)
        wanted = other.snapshot()
    result = device.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip")
    np.testing.assert_array_equal(result.spikes, np.concatenate([part.spikes for part in parts]))
    np.testing.assert_array_equal(result.v, np.concatenate([part.in_units("chip").v for part in parts]))
    assert result.spikes.any()
    held = device.snapshot()
    for region, items in wanted.regions.items():
        np.testing.assert_array_equal(held.regions[region], items, err_msg=region.name)


def test_what_was_learned_elsewhere_stays(device: Device) -> None:
    before = device.weights(units="chip")
    device.run(spikes=SPIKES, writes={89: (NET.inputs[0], NET.neurons[0], 3)}, units="chip", learning={89: False})
    after = device.weights(units="chip")
    with Device(EmulatedChip(CHIP)) as other:
        other.load(NET)
        other.run(spikes=SPIKES, learning={89: False})
        wanted = other.weights(units="chip")
    wanted[0, 0] = 3
    np.testing.assert_array_equal(after, wanted)
    assert np.count_nonzero(before[:5] != after[:5]) > 5


def test_units_are_those_of_the_network(device: Device) -> None:
    device.run(steps=4, writes={2: (NET.inputs, NET.neurons, 0.5)})
    np.testing.assert_allclose(device.weights()[:5], 0.5, atol=0.01)


def test_snapshots_of_weights_come_before_the_writes_of_their_step(device: Device) -> None:
    result = device.run(steps=4, writes={2: (NET.inputs, NET.neurons, 0)}, snapshot_every=2, learning=False)
    assert result.weights_over_time[1, :5].any()
    assert not result.weights_over_time[2, :5].any()


def test_steps_count_through_all_samples(device: Device) -> None:
    samples = SPIKES.reshape(3, 30, 5)
    result = device.run(spikes=samples, record=BOTH, writes={30: (NET.inputs, NET.neurons, 0)}, learning=False)
    alone = device.run(spikes=samples[1:], record=BOTH, learning=False)
    np.testing.assert_array_equal(result.v[1:], alone.v)
    assert result.v[0].any()


@pytest.mark.parametrize(
    ("writes", "message"),
    [
        ([1, 2], "writes must be a mapping of steps"),
        ({90: (0, 0, 1)}, "step 90, the run has 90"),
        ({-1: [(0, 0, 1)]}, "step -1"),
        ({1.5: [(0, 0, 1)]}, "step 1.5"),
        ({3: [(0, 9, 1)]}, "post"),
        ({3: [(NET.inputs, NET.neurons, np.zeros((2, 2)))]}, r"shape \(2, 2\)"),
        ({3: [(0, 0, 1e9)]}, "at the scale of this network"),
        ({3: [(0, 0, float("nan"))]}, "finite"),
        ({3: [(0, 0, 0.1), (0, 0, 0.1)]}, "given twice"),
    ],
)
def test_writes_that_cannot_be_run_nothing(device: Device, writes: Any, message: str) -> None:
    before = device.counters()["steps"]
    with pytest.raises(InputError, match=message):
        device.run(spikes=SPIKES, writes=writes)
    assert device.counters()["steps"] == before


def test_what_rounding_changes_is_told(device: Device) -> None:
    with pytest.warns(UserWarning, match=r"writes of step 1: .* rounded"):
        device.run(steps=4, writes={1: (NET.inputs, NET.neurons, 0.02)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [1, 20, 21, 47, 60, 89])
def test_run_that_ends_early_has_made_no_later_write(kind: str, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurocorex.device.emulated.PIECE_UPDATES", 3 * CHIP.neurons)
    monkeypatch.setattr("neurocorex.device.exchange.PIECE_STEPS", 3)

    def stop(done: int, _all: int) -> None:
        if done >= after:
            raise KeyboardInterrupt

    with Device(KINDS[kind]()) as whole, Device(KINDS[kind]()) as device:
        for each in (whole, device):
            each.load(NET)
        wanted = whole.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip")
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip", progress=stop)
        first = device.interrupted
        assert first is not None
        assert after <= first.steps <= STEPS
        rest = {step - first.steps: given for step, given in WRITES.items() if step >= first.steps}
        if first.steps < STEPS:
            last = device.run(spikes=SPIKES[first.steps :], record=BOTH, writes=rest, units="chip")
            np.testing.assert_array_equal(np.concatenate([first.v, last.v]), wanted.v)
        np.testing.assert_array_equal(device.weights(units="chip"), whole.weights(units="chip"))


class Order(WrappedTransport):
    """Keeps how many RUN requests were not answered when weights were written."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._requests, self._responses = RequestDecoder(), ResponseDecoder()
        self.runs = self.open = 0
        self.early: list[int] = []

    def write(self, data: bytes) -> None:
        for each in self._requests.feed(data):
            if isinstance(each, Request) and each.op == Op.RUN:
                self.runs, self.open = self.runs + 1, self.open + 1
            elif isinstance(each, Request) and each.op == Op.WRITE and each.payload[0] == Region.WEIGHTS:
                self.early.append(self.open)
        super().write(data)

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        for each in self._responses.feed(data):
            self.open -= isinstance(each, Response) and each.op == Op.RUN and each.status != Status.MORE
        return data


def test_nothing_is_written_before_the_steps_before_are_answered() -> None:
    with Device(WiredChip(order := Order(VirtualTransport(CHIP)))) as device:
        device.load(NET)
        order.early.clear()
        device.run(steps=100, writes={20: [(0, 0, 0.5)], 21: [(0, 0, 0.25)], 99: [(1, 1, 0.5)]})
    assert order.early == [0, 0, 0]
    assert order.runs >= 4


@pytest.mark.parametrize("lost", range(5, 60, 6))
def test_connection_that_is_lost_in_the_middle_changes_no_bit(lost: int) -> None:
    with Device(EmulatedChip(CHIP)) as other:
        other.load(NET)
        wanted = other.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip")
        weights = other.weights()
    noisy = NoisyTransport(VirtualTransport(CHIP), 2e-3, lost)
    with Device(WiredChip(noisy)) as device:
        device.load(NET)
        assert_same(device.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip"), wanted)
        np.testing.assert_array_equal(device.weights(), weights)


@pytest.mark.parametrize("kind", KINDS)
def test_run_that_the_deadline_cuts_is_resumed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Device(EmulatedChip(CHIP)) as other:
        other.load(NET)
        wanted = other.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip")
    monkeypatch.setattr("neurocorex.device.emulated.PIECE_UPDATES", 3 * CHIP.neurons)
    with Device(KINDS[kind]()) as device:
        device.load(NET)
        looked = [0]
        patience = device._session._chip.patience
        check = patience.check

        def expired() -> None:
            looked[0] += 1
            if looked[0] == 12:
                raise NoAnswerError("late")
            check()

        monkeypatch.setattr(patience, "check", expired)
        try:
            result = device.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip")
        except NoAnswerError:
            result = device.resume()
        assert looked[0] >= 12
        assert_same(result, wanted)


@pytest.mark.parametrize("every", [7, 20, 24])
def test_checkpoint_goes_on_with_the_writes_that_are_left(device: Device, every: int, tmp_path: Path) -> None:
    work: dict[str, Any] = {"spikes": SPIKES, "record": BOTH, "writes": WRITES, "units": "chip", "snapshot_every": 20}
    saving = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": every}
    wanted = device.run(**work)
    weights = device.weights()
    for after in (1, 21, 48):

        def die(done: int, _all: int, after: int = after) -> None:
            if done > after:
                raise RuntimeError("died")

        device.load(NET)
        with pytest.raises(RuntimeError, match="died"):
            device.run(**work, **saving, progress=die)
    device.load(NET)
    again = device.run(**work, **saving)
    assert_same(again, wanted)
    np.testing.assert_array_equal(again.weights_over_time, wanted.weights_over_time)
    np.testing.assert_array_equal(device.weights(), weights)
    device.load(NET)
    with pytest.raises(InputError, match="differs in writes"):
        device.run(**{**work, "writes": {20: block(1)}}, **saving)


def test_remote_chip_gets_the_writes(device: Device) -> None:
    wanted = device.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip")
    with serving(VirtualTransport(CHIP, wait=True)) as (url, _), ncx.open(url) as remote:
        remote.load(NET)
        assert_same(remote.run(spikes=SPIKES, record=BOTH, writes=WRITES, units="chip"), wanted)
        np.testing.assert_array_equal(remote.weights(), device.weights())
