"""Spikes go out as events of NIR, and come in as such."""

import h5py
import neurocorex as ncx
import nir
import numpy as np
import pytest
from neurocorex.errors import FileFormatError, InputError
from neurocorex.importers.nir import read_spikes, write_spikes
from support.nirgraphs import networks


def recorded(samples):
    shape = (3, 40, 6) if samples else (40, 6)
    with ncx.open("emulator") as device:
        device.load(networks()["plain"])
        return device.run(spikes=np.random.default_rng(4).random(shape) < 0.4)


@pytest.mark.parametrize("samples", [False, True])
def test_spikes_go_out_as_nir_events_and_come_back(samples, tmp_path):
    path, result = tmp_path / "events.nir", recorded(samples)
    write_spikes(result, path)
    raster = result.spikes if samples else result.spikes[None]
    assert raster.any()
    np.testing.assert_array_equal(read_spikes(path, 1e-3), raster)
    events = nir.read_data(path).nodes["neurons"].observables["spikes"]
    assert (events.n_neurons, events.t_max) == (8, pytest.approx(0.04))
    np.testing.assert_array_equal(events.to_time_gridded(1e-3 * (1 - 1e-9)).data[:, :40], raster)


def test_events_of_nir_are_read(tmp_path):
    raster = np.random.default_rng(5).random((2, 30, 4)) < 0.2
    events = nir.TimeGriddedData(raster, 1e-3).to_event(100, time_shift=5e-4)
    data = nir.NIRGraphData({"input": nir.NIRNodeData({"spikes": events})})
    nir.write_data(tmp_path / "in.nir", data)
    np.testing.assert_array_equal(read_spikes(tmp_path / "in.nir", 1e-3, node="input"), raster)


def test_events_are_split_by_layer(tmp_path):
    result = recorded(samples=False)
    write_spikes(result, tmp_path / "e.nir", nodes={"a": range(3), "b": [7]})
    np.testing.assert_array_equal(read_spikes(tmp_path / "e.nir", 1e-3, node="b")[0], result.spikes[:, [7]])
    with pytest.raises(InputError, match="events of 2 nodes; name one of a, b"):
        read_spikes(tmp_path / "e.nir", 1e-3)


def test_events_that_cannot_be_are_refused(tmp_path):
    path = tmp_path / "e.nir"
    write_spikes(recorded(samples=False), path)
    with h5py.File(path, "r+") as file:
        file["nodes/neurons/observables/spikes"].attrs["n_neurons"] = 2
    with pytest.raises(FileFormatError, match="'neurons' has events of neurons or at times that there are not"):
        read_spikes(path, 1e-3)
    with h5py.File(path, "r+") as file:
        file["nodes/neurons/observables/spikes"].attrs["t_max"] = 1e12
    with pytest.raises(FileFormatError, match="which is too much"):
        read_spikes(path, 1e-3)
