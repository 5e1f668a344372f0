"""A device can be used after everything that goes wrong on the way to the chip."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import emulated as emulated_chip
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, DisconnectedError, GarbageError, NoAnswerError
from neurocorex.wire.transport import Transport
from support.devices import BOTH, IMAGE, SPIKES, assert_same, emulated
from support.fakes import (  # fmt: skip
    SMALL,
    ChatterTransport,
    DyingTransport,
    InterruptingTransport,
    NoisyTransport,
    SilentTransport,
    WrappedTransport,
    random_spikes,
)
from support.faultlines import Bench


@pytest.mark.parametrize("seed", range(5))
def test_noise_on_the_line_changes_no_result(reference: ncx.Result, seed: int) -> None:
    noisy = NoisyTransport(VirtualTransport(SMALL), 0.003, seed)
    with Device(WiredChip(noisy)) as device:
        device.load(IMAGE, verify=True)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
        assert noisy.damaged > 20
        assert device.counters()["frames_bad"] > 0


def test_device_that_goes_away_in_a_run_can_be_loaded_again(reference: ncx.Result) -> None:
    opened: list[Transport] = []

    def connect(_config):
        opened.append(DyingTransport(VirtualTransport(SMALL), after=4000 if not opened else 1 << 30))
        return WiredChip(opened[-1])

    with Device(connect=connect) as device:
        device.load(IMAGE)
        with pytest.raises(DisconnectedError, match="the cable was pulled"):
            device.run(spikes=random_spikes(2000, 5), record=BOTH)
        with pytest.raises(DisconnectedError, match=r"the network is gone.*load it again"):
            device.run(steps=1)
        device.load(IMAGE)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
    assert len(opened) == 2


def test_network_that_was_lost_while_loading_does_not_run(device: Device) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        device.load(IMAGE, progress=interrupt)
    with pytest.raises(DisconnectedError, match="lost while loading; load it again"):
        device.run(steps=1)
    device.load(IMAGE, verify=True)
    assert device.run(steps=1).steps == 1


def test_transport_that_is_gone_for_good_says_so() -> None:
    with emulated(lambda inner: DyingTransport(inner, after=0)) as device:
        with pytest.raises(DisconnectedError, match="the cable was pulled"):
            _ = device.info
        with pytest.raises(DisconnectedError, match="the device is gone; open it again"):
            _ = device.info


def test_closed_device_says_so(device: Device) -> None:
    device.close()
    with pytest.raises(DisconnectedError, match="this device was closed; open it again"):
        device.counters()


@pytest.mark.parametrize(
    ("transport", "error"), [(SilentTransport(), NoAnswerError), (ChatterTransport(b"$GPGGA,\n"), GarbageError)]
)
def test_other_equipment_has_an_error_of_its_own(transport: Transport, error: type[DeviceError]) -> None:
    with pytest.raises(error):
        _ = Device(WiredChip(transport)).info


def test_interrupted_run_leaves_what_came_and_a_device_that_works(reference: ncx.Result) -> None:
    transport = InterruptingTransport(VirtualTransport(SMALL))
    spikes = np.concatenate([SPIKES, random_spikes(3000, 5)])
    with Device(WiredChip(transport)) as device:
        device.load(IMAGE)
        transport.arm(*[False] * 20, True)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=spikes, record=BOTH)
        partial = device.interrupted
        assert partial is not None
        assert 60 < partial.steps < 3060
        assert partial.steps == device.counters()["steps"]
        assert np.array_equal(partial.v[:60], reference.v)
        assert_same(device.run(spikes=SPIKES, record=BOTH, clear=True), reference)


def test_interrupted_samples_are_whole_ones(reference: ncx.Result) -> None:
    transport = InterruptingTransport(VirtualTransport(SMALL))
    with Device(WiredChip(transport)) as device:
        device.load(IMAGE)
        transport.arm(*[False] * 20, True)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=np.stack([SPIKES] * 50), record=BOTH)
        partial = device.interrupted
        assert partial is not None
        assert partial.samples is not None
        assert 0 < partial.samples < 50
        assert np.array_equal(partial.spikes[-1], reference.spikes)


@pytest.mark.parametrize("wrapper", [None, WrappedTransport], ids=["in process", "by wire"])
def test_emulator_that_is_interrupted_at_work_loses_no_more_than_its_last_answer(
    reference: ncx.Result, monkeypatch: pytest.MonkeyPatch, wrapper
) -> None:
    run, calls = Emulator.run, iter(range(12))

    def interrupted(self, stimulus):
        if next(calls, 0) == 11:
            raise KeyboardInterrupt
        return run(self, stimulus)

    monkeypatch.setattr(emulated_chip, "PIECE_UPDATES", 100 * 7)
    with emulated(wrapper) as device:
        device.load(IMAGE)
        monkeypatch.setattr(Emulator, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            device.run(spikes=np.concatenate([SPIKES] * 50), record=BOTH)
        partial = device.interrupted
        assert partial is not None
        assert 0 < partial.steps < 3000
        common = min(partial.steps, 60)
        assert np.array_equal(partial.v[:common], reference.v[:common])
        assert_same(device.run(spikes=SPIKES, record=BOTH, clear=True), reference)


def test_new_host_takes_over_where_another_one_crashed(reference: ncx.Result) -> None:
    chip = VirtualTransport(SMALL)
    crashed = Device(WiredChip(chip))
    crashed.load(IMAGE)
    chip.write(b"\x05\x12\x07")  # the beginning of a frame
    survivor = Device(WiredChip(chip))
    assert survivor.config == SMALL
    assert_same(survivor.run(spikes=SPIKES, record=BOTH), reference.in_units("chip"))


@pytest.mark.parametrize("at", [0, 1, 5])
def test_load_that_finds_the_chip_reset_loads(reference: ncx.Result, at: int) -> None:
    bench = Bench(SMALL)
    with bench.device(returns=False) as device:
        device.load(IMAGE)
        bench.arm("reset", at)
        device.load(IMAGE, verify=True)
        assert bench.happened
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
