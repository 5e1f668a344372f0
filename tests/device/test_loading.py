"""Networks, files and snapshots arrive on a chip whole, or not at all."""

from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.emulator.emulator import Emulator
from neurocorex.errors import DeviceError, FileFormatError, FitError
from neurocorex.spec import Region, layout
from neurocorex.spec.registers import STATE
from support.devices import BOTH, IMAGE, SPIKES, assert_same, emulated
from support.fakes import SMALL, busy_image


def test_image_arrives_whole(device: Device) -> None:
    for region, values in IMAGE.regions.items():
        assert np.array_equal(device.read(region), values), region
    device.load(IMAGE, verify=True)


def test_loading_clears_the_state(device: Device) -> None:
    device.run(spikes=SPIKES)
    assert any(values.any() for values in device.state().values())
    device.load(IMAGE)
    assert not any(values.any() for values in device.state().values())


def test_network_is_quantised_for_the_chip() -> None:
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, 2.0)
    net.neurons.set(threshold=1.0)
    with emulated() as device:
        report = device.load(net)
        assert report.config == replace(SMALL, inputs=2, neurons=3)
        assert not report.never_fire
        assert device.run(spikes=np.ones((4, 2), bool)).counts.tolist() == [4, 4, 4]
        assert device.weights().shape == (5, 3)
        with pytest.raises(FitError, match="8 neurons"):
            device.load(ncx.Network(inputs=2, neurons=8))


def test_file_is_loaded(device: Device, tmp_path) -> None:
    IMAGE.save(tmp_path / "image.npz")
    assert not device.load(tmp_path / "image.npz").is_snapshot
    assert not device.load(str(tmp_path / "image.npz")).is_snapshot


def test_loading_tells_its_progress(device: Device) -> None:
    told: list[tuple[int, int]] = []
    device.load(IMAGE, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


def test_memory_that_forgets_is_found_by_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    write = Emulator.write

    def forgetful(self, region, values, start=0):
        write(self, region, np.zeros_like(values) if region == Region.RESET else values, start)

    monkeypatch.setattr(Emulator, "write", forgetful)
    with emulated() as device, pytest.raises(DeviceError, match=r"RESET reads back as 0 at \[0\] where"):
        device.load(IMAGE, verify=True)


def test_small_network_runs_the_same_on_a_larger_chip(reference: ncx.Result) -> None:
    larger = replace(SMALL, neurons=13, inputs=11, lanes=4, frame_bytes=128)
    with emulated(config=larger) as device:
        device.load(IMAGE, verify=True)
        result = device.run(spikes=SPIKES, record=BOTH)
        assert np.array_equal(result.spikes, reference.spikes)
        assert np.array_equal(result.v, reference.v)
        assert np.array_equal(device.weights(units="chip"), IMAGE.weights)
        wide = np.zeros((60, 11), bool)
        wide[:, :5] = SPIKES
        assert np.array_equal(device.run(spikes=wide, clear=True).spikes, reference.spikes)


def test_network_that_is_too_large_is_refused_and_the_old_one_stays(device: Device, reference: ncx.Result) -> None:
    with pytest.raises(FitError, match="8 neurons"):
        device.load(busy_image(replace(SMALL, neurons=8)))
    assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


def test_file_of_another_kind_is_refused_and_the_old_network_stays(
    device: Device, reference: ncx.Result, tmp_path
) -> None:
    (tmp_path / "cat.npz").write_bytes(b"meow")
    with pytest.raises(FileFormatError):
        device.load(tmp_path / "cat.npz")
    assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


def test_chip_without_adaptation_gets_no_adaptation_state() -> None:
    plain = replace(SMALL, adaptation=False)
    with emulated(config=plain) as device:
        device.load(busy_image(plain))
        device.run(spikes=SPIKES)
        device.restore(device.snapshot())


# Snapshots --------------------------------------------------------------------------------------


def test_everything_writable_reads_back(device: Device) -> None:
    rng = np.random.default_rng(3)
    for region in Region:
        table = layout(region, SMALL)
        if table.items and table.writable and region is not Region.CONTROL:
            low, high = table.range
            values = rng.integers(low, high, device.read(region).shape, endpoint=True)
            device.write(region, values)
            assert np.array_equal(device.read(region), values), region


def test_snapshot_goes_on_elsewhere_bit_for_bit(device: Device, reference: ncx.Result, tmp_path) -> None:
    device.run(spikes=SPIKES[:31])
    device.snapshot().save(tmp_path / "running.npz")
    assert any(device.read(region).any() for region in STATE)
    other = replace(SMALL, lanes=1, frame_bytes=256)
    with emulated(config=other) as elsewhere:
        assert elsewhere.load(tmp_path / "running.npz").is_snapshot
        result = elsewhere.run(spikes=SPIKES[31:], record=BOTH)
    assert np.array_equal(result.v, reference.v[31:])
    assert np.array_equal(result.spikes, reference.spikes[31:])


def test_snapshot_keeps_the_scale_and_what_is_known_of_the_network(device: Device) -> None:
    snapshot = device.snapshot()
    assert (snapshot.scale, snapshot.meta["dt_ms"]) == (2.0, 0.5)
    assert device.run(steps=1).dt_ms == 0.5


def test_progress_of_a_load_ends_at_its_end(device: Device) -> None:
    told = list[tuple[int, int]]()
    device.load(IMAGE, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert told[-1] == (len(told), len(told))
