"""Thresholds and refractory periods in results: those that the chip held, in the units asked for, kept in files."""

import json

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex import files
from neurocorex.errors import FileFormatError

pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")


@pytest.fixture
def device():
    """Three neurons on a chip for eight; thresholds of 0.5, 1 and 2, refractory periods of 0, 2 and 4 steps."""
    net = ncx.Network(inputs=2, neurons=3, dt_ms=0.5)
    net.connect(net.inputs, net.neurons, 0.25)
    net.neurons.set(threshold=[0.5, 1.0, 2.0], refractory_ms=[0.0, 1.0, 2.0])
    with ncx.open("emulator", config=ncx.CoreConfig(neurons=8, inputs=4)) as device:
        device.load(net)
        yield device


def test_result_has_thresholds_and_refractory_periods_of_the_network(device):
    result = device.run(3)
    assert result.thresholds == pytest.approx([0.5, 1.0, 2.0], rel=1e-3)
    assert result.refractory_steps.tolist() == [0, 2, 4]
    chip = result.in_units("chip")
    assert np.array_equal(chip.thresholds, device.read(ncx.Region.THRESHOLD)[:3])


def test_thresholds_that_were_written_are_those_of_later_runs(device):
    before = device.run(1)
    held = device.read(ncx.Region.THRESHOLD)
    device.write(ncx.Region.THRESHOLD, held // 2)
    assert np.array_equal(device.run(1).threshold_items, held[:3] // 2)
    assert np.array_equal(before.threshold_items, held[:3])


def test_thresholds_survive_a_file(device, tmp_path):
    result = device.run(3)
    result.save(tmp_path / "result.npz")
    loaded = ncx.Result.load(tmp_path / "result.npz")
    assert np.array_equal(loaded.thresholds, result.thresholds)
    assert np.array_equal(loaded.refractory_steps, result.refractory_steps)


def changed(path, *, version=None, **arrays):
    """Write a file again with other arrays, None for one that goes."""
    label = "test"
    archive = files.Archive(path, label=label, limit=1 << 20, unpacked=1 << 20)
    held = {name: archive.array(name) for name in archive.names}
    header = json.loads(held["header"].tobytes())
    header["version"] = version or header["version"]
    held["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    held |= arrays
    files.write_arrays(path, {name: array for name, array in held.items() if array is not None})


def test_file_of_an_earlier_version_knows_no_thresholds(device, tmp_path):
    path = tmp_path / "result.npz"
    device.run(3).save(path)
    changed(path, version=3, thresholds=None, refractory_steps=None)
    loaded = ncx.Result.load(path)
    assert loaded.thresholds.size == loaded.refractory_steps.size == 0


@pytest.mark.parametrize(
    "arrays",
    [{"thresholds": np.zeros(2, np.int64)}, {"refractory_steps": np.array([0, -1, 0])}],
    ids=["of another size", "below zero"],
)
def test_parameters_that_cannot_be_are_refused(device, tmp_path, arrays):
    path = tmp_path / "result.npz"
    device.run(3).save(path)
    changed(path, **arrays)
    with pytest.raises(FileFormatError, match="not a result of this library, or corrupt"):
        ncx.Result.load(path)
