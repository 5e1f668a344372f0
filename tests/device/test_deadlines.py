"""Deadlines of calls, and runs that they cut off: resumed, given up, or replaced."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import emulated as emulated_chip
from neurocorex.device import exchange as exchanges
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, DisconnectedError, FitError, NoAnswerError, StateLostError
from neurocorex.wire import patience
from support.devices import BOTH, IMAGE, SPIKES, assert_same
from support.fakes import SMALL, random_spikes
from support.faultlines import Bench

LONG = np.concatenate([SPIKES, random_spikes(300, 5)])
SAMPLES = np.stack([SPIKES] * 5)


class Clock:
    """Time that passes only when a run makes progress."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def tick(self, done: int, total: int) -> None:
        self.now += 1.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(
    params=[EmulatedChip, lambda config: WiredChip(VirtualTransport(config))], ids=["in process", "by wire"]
)
def timed(request: pytest.FixtureRequest, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    """A device whose deadlines follow a clock of the test."""
    monkeypatch.setattr(emulated_chip, "PIECE_UPDATES", 20 * 7)
    monkeypatch.setattr(exchanges, "PIECE_STEPS", 20)
    chip = request.param(SMALL)
    chip.patience.clock = clock
    with Device(chip) as device:
        device._turn.clock = clock
        device.load(IMAGE)
        yield device


def cut(device: Device, clock: Clock, **options) -> NoAnswerError:
    with pytest.raises(NoAnswerError, match=r"took longer than deadline_s=3; ") as found:
        device.run(record=BOTH, progress=clock.tick, deadline_s=3, **options)
    return found.value


def test_run_that_takes_too_long_is_cut_off_and_resumed(timed: Device, clock: Clock) -> None:
    whole = timed.run(spikes=LONG, record=BOTH, clear=True)
    timed.load(IMAGE)
    timed.clear(counters=True)
    error = cut(timed, clock, spikes=LONG)
    assert 0 < error.steps < len(LONG)
    assert timed.interrupted.steps == error.steps
    assert np.array_equal(timed.interrupted.v, whole.v[: error.steps])
    with pytest.raises(DeviceError, match=rf"cut off after {error.steps} of 360 steps; device.resume\(\) finishes it"):
        timed.run(spikes=LONG)
    told: list[int] = []
    assert_same(timed.resume(progress=lambda done, total: told.append(done)), whole)
    assert told[-1] == 360
    assert timed.interrupted is None
    assert timed.counters()["steps"] == 360


def test_run_is_resumed_as_often_as_it_is_cut_off(timed: Device, clock: Clock) -> None:
    whole = timed.run(spikes=LONG, record=BOTH, clear=True)
    timed.load(IMAGE)
    before, error = 0, cut(timed, clock, spikes=LONG)
    for _ in range(100):
        assert error.steps >= before
        try:
            result = timed.resume(progress=clock.tick, deadline_s=3)
        except NoAnswerError as again:
            before, error = error.steps, again
        else:
            break
    assert before > 0
    assert_same(result, whole)


def test_samples_that_came_are_whole_ones(timed: Device, clock: Clock) -> None:
    whole = timed.run(spikes=SAMPLES, record=BOTH)
    error = cut(timed, clock, spikes=SAMPLES)
    assert timed.interrupted.samples == error.steps // 60
    assert np.array_equal(timed.resume().v, whole.v)


def test_deadline_of_the_device_is_that_of_every_call(timed: Device, clock: Clock) -> None:
    timed.deadline_s = 3
    with pytest.raises(NoAnswerError, match="took longer than deadline_s=3; "):
        timed.run(spikes=LONG, progress=clock.tick)
    timed.deadline_s = None
    assert timed.resume().steps == 360


def test_load_that_takes_too_long_has_lost_the_network(timed: Device, clock: Clock) -> None:
    with pytest.raises(NoAnswerError, match="took longer than deadline_s=3; "):
        timed.load(IMAGE, progress=clock.tick, deadline_s=3)
    for call in (timed.snapshot, timed.resume, lambda: timed.run(1), timed.clear):
        with pytest.raises(StateLostError, match="the network was lost while loading; load it again"):
            call()
    timed.load(IMAGE, verify=True)
    assert timed.run(1).steps == 1


@pytest.mark.parametrize("way", ["load", "restore"])
def test_cut_run_is_given_up_by_another_network(timed: Device, clock: Clock, way: str, reference: ncx.Result) -> None:
    cut(timed, clock, spikes=LONG)
    getattr(timed, way)(IMAGE)
    assert_same(timed.run(spikes=SPIKES, record=BOTH), reference)
    with pytest.raises(DeviceError, match="no run was cut off, so there is nothing to resume"):
        timed.resume()


def test_cut_run_is_given_up_by_clear(timed: Device, clock: Clock, reference: ncx.Result) -> None:
    cut(timed, clock, spikes=LONG)
    with pytest.raises(DeviceError, match="cut off"):
        timed.clear(traces=False)
    timed.clear()
    assert_same(timed.run(spikes=SPIKES, record=BOTH), reference)


def test_network_that_does_not_fit_gives_nothing_up(timed: Device, clock: Clock) -> None:
    cut(timed, clock, spikes=LONG)
    with pytest.raises(FitError):
        timed.load(ncx.Network(inputs=500, neurons=2))
    assert timed.resume().steps == 360


def test_closed_device_says_that_rather_than_what_was_cut_off(timed: Device, clock: Clock) -> None:
    cut(timed, clock, spikes=LONG)
    timed.close()
    timed.close()
    for call in (timed.resume, timed.snapshot):
        with pytest.raises(DisconnectedError, match="this device was closed; open it again"):
            call()


def test_who_examined_the_line_of_a_cut_run_cannot_resume_it() -> None:
    bench = Bench(SMALL)
    with bench.device(returns=True) as device:
        device.load(IMAGE)
        bench.arm("silence", 5)
        with pytest.raises(NoAnswerError):
            device.run(spikes=LONG)
        bench.heal()
        list(device.link.execute([]))
        with pytest.raises(
            DeviceError, match="there is no run to resume: none was cut off, or something else was done"
        ):
            device.resume()
        with pytest.raises(DeviceError, match="call load, restore, or clear to begin from zero state"):
            device.run(1)
        device.clear()
        assert device.run(1).steps == 1


def test_patience_of_a_call_ends_with_it(timed: Device, clock: Clock) -> None:
    timed.run(1, deadline_s=0.5)
    clock.now += 1000
    assert timed.counters()["steps"] == 1
    assert patience.Patience().left() is None
