"""Results in other libraries: what these read back is what was recorded, counted from the raw arrays."""

import csv
import sys

import neo
import neurocorex as ncx
import numpy as np
import pandas as pd
import pytest
from neurocorex.errors import InputError, MissingToolError

pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")
STEPS, DT_MS = 60, 0.5


def network() -> ncx.Network:
    net = ncx.Network(inputs=6, neurons=5, dt_ms=DT_MS)
    net.connect(net.inputs, net.neurons, np.random.default_rng(3).uniform(0.1, 0.6, (6, 5)), plastic=True)
    net.neurons.set(threshold=1.0, tau_ms=20.0)
    net.learn(ncx.learning.stdp(20.0, 20.0, 0.01, -0.005, bounds=(0.0, 1.0)))
    return net


@pytest.fixture(scope="module")
def net():
    return network()


def ran(net, spikes):
    """Spikes of four neurons, membranes of two, weights; neuron 3 is not recorded."""
    record = {"spikes": [0, 1, 2, 4], "v": [4, 1]}
    with ncx.open("emulator") as device:
        device.load(net)
        return device.run(spikes=spikes, record=record, snapshot_every=20)


@pytest.fixture(scope="module")
def result(net):
    return ran(net, ncx.encode.poisson([0.2] * 6, steps=STEPS, seed=1))


@pytest.fixture(scope="module")
def sampled(net):
    return ran(net, ncx.encode.poisson(np.full((3, 6), 0.2), steps=STEPS, seed=2))


def fired(result, sample: int = 0):
    """(step, neuron) of all spikes, from the raster."""
    raster = result.spikes if result.samples is None else result.spikes[sample]
    return [(int(step), int(neuron)) for step, neuron in zip(*np.nonzero(raster), strict=True)]


# pandas and CSV ----------------------------------------------------------------------------------


def test_frame_has_a_row_for_each_spike(result):
    frame = result.to_dataframe()
    assert list(frame.columns) == ["step", "time_ms", "neuron"]
    assert list(zip(frame["step"], frame["neuron"], strict=True)) == fired(result)
    assert len(frame) > 20
    assert frame["time_ms"].tolist() == [step * DT_MS for step, _ in fired(result)]
    assert frame.groupby("neuron").size().to_dict() == {n: c for n, c in enumerate(result.counts.tolist()) if c}


def test_frame_of_samples_says_which(sampled):
    frame = sampled.to_dataframe()
    for sample in range(3):
        part = frame[frame["sample"] == sample]
        assert list(zip(part["step"], part["neuron"], strict=True)) == fired(sampled, sample)


def test_frame_has_the_group_of_each_neuron(result, net):
    frame = result.to_dataframe(groups={"first": net.neurons[:2], "last": np.arange(5) == 4})
    expected = {0: "first", 1: "first", 4: "last"}
    for neuron, group in zip(frame["neuron"], frame["group"], strict=True):
        assert (None if pd.isna(group) else group) == expected.get(neuron)
    assert frame["group"].isna().any()


def test_neuron_in_two_groups_is_refused(result):
    with pytest.raises(InputError, match="neuron 1 is in the groups 'a' and 'b', a row has one group"):
        result.to_dataframe(groups={"a": [0, 1], "b": [1, 2]})


def test_csv_is_the_frame_and_what_save_writes(result, sampled, tmp_path):
    result.to_csv(tmp_path / "spikes.txt")
    frame, read = result.to_dataframe(), pd.read_csv(tmp_path / "spikes.txt")
    pd.testing.assert_frame_equal(read, frame[["step", "time_ms", "neuron"]], check_dtype=False)
    with pytest.warns(UserWarning, match="has the spikes only"):
        result.save(tmp_path / "saved.csv")
    assert (tmp_path / "saved.csv").read_bytes() == (tmp_path / "spikes.txt").read_bytes()
    sampled.to_csv(tmp_path / "samples.csv")
    with (tmp_path / "samples.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert [(row["sample"], row["step"], row["neuron"]) for row in rows] == [
        (sample, *spike) for sample in range(3) for spike in fired(sampled, sample)
    ]


# Neo ---------------------------------------------------------------------------------------------


def test_block_has_a_train_for_each_recorded_neuron(result):
    block = result.to_neo()
    assert isinstance(block, neo.Block)
    (segment,) = block.segments
    trains = {train.annotations["neuron"]: train for train in segment.spiketrains}
    assert sorted(trains) == [0, 1, 2, 4]
    for neuron, train in trains.items():
        steps = [step for step, each in fired(result) if each == neuron]
        assert train.rescale("ms").magnitude.tolist() == [step * DT_MS for step in steps]
        assert train.array_annotations["step"].tolist() == steps
        assert (float(train.t_start.rescale("ms")), float(train.t_stop.rescale("ms"))) == (0, STEPS * DT_MS)
    assert sum(map(len, trains.values())) == len(fired(result))


def test_block_has_membranes_in_units_of_the_user(result):
    (signal,) = result.to_neo().segments[0].analogsignals
    assert np.array_equal(signal.magnitude, result.v)
    assert signal.array_annotations["neuron"].tolist() == [1, 4]
    assert float(signal.sampling_period.rescale("ms")) == DT_MS
    assert float(signal.t_start.rescale("ms")) == 0
    assert signal.annotations["units_of"] == "network"
    assert float(signal.t_stop.rescale("ms")) == pytest.approx(STEPS * DT_MS)


def test_membrane_at_the_time_of_a_spike_is_reset(result):
    segment = result.to_neo().segments[0]
    (signal,) = segment.analogsignals
    for column, neuron in enumerate(signal.array_annotations["neuron"].tolist()):
        (train,) = (train for train in segment.spiketrains if train.annotations["neuron"] == neuron)
        assert len(train)
        for time in train:
            assert signal.magnitude[signal.time_index(time), column] == 0


def test_every_sample_is_a_segment(sampled):
    block = sampled.to_neo()
    assert [segment.index for segment in block.segments] == [0, 1, 2]
    for sample, segment in enumerate(block.segments):
        found = [
            (round(float(time) / DT_MS), train.annotations["neuron"]) for train in segment.spiketrains for time in train
        ]
        assert sorted(found) == sorted(fired(sampled, sample))
        assert np.array_equal(segment.analogsignals[0].magnitude, sampled.v[sample])


def test_block_survives_a_file_of_neo(result, tmp_path):
    path = str(tmp_path / "block.pkl")
    neo.io.PickleIO(path).write_block(result.to_neo())
    (segment,) = neo.io.PickleIO(path).read_block().segments
    assert [len(train) for train in segment.spiketrains] == result.counts[[0, 1, 2, 4]].tolist()


# xarray ------------------------------------------------------------------------------------------


def test_dataset_selects_by_neuron_and_time(result):
    data = result.to_xarray()
    assert set(data.data_vars) == {"spikes", "counts", "v", "weights"}
    assert data["neuron"].values.tolist() == [0, 1, 2, 4]
    assert data["spikes"].sel(neuron=4).values.tolist() == result.spikes[:, 4].tolist()
    assert data["counts"].sel(neuron=2) == result.spikes[:, 2].sum()
    assert data["v"].sel(v_neuron=4).values.tolist() == result.v[:, result.v_neurons.tolist().index(4)].tolist()
    assert data["time_ms"].sel(step=7) == 7 * DT_MS
    assert data.attrs == {"dt_ms": DT_MS, "units": "network"}


def test_dataset_has_weights_over_time(result):
    weights = result.to_xarray()["weights"]
    assert weights["weight_step"].values.tolist() == [0, 20, 40, 60]
    assert weights["weight_time_ms"].values.tolist() == [0, 10, 20, 30]
    assert np.array_equal(weights.sel(weight_step=40).values, result.weights_over_time[2])


def test_dataset_of_samples_has_an_axis_for_them(sampled):
    data = sampled.to_xarray()
    assert data["v"].dims == ("sample", "step", "v_neuron")
    assert np.array_equal(data["spikes"].values, sampled.spikes[..., [0, 1, 2, 4]])


@pytest.fixture(scope="module", params=[None, 3], ids=["one trial", "samples"])
def tallied(net, request):
    shape = (6,) if request.param is None else (request.param, 6)
    spikes = ncx.encode.poisson(np.full(shape, 0.2), steps=STEPS, seed=4)
    with ncx.open("emulator") as device:
        device.load(net)
        return device.run(spikes=spikes, record={"spikes": True, "first": [1, 3], "winner": True, "i": [2]}, every=20)


def test_dataset_has_first_steps_winners_and_currents(tallied):
    data = tallied.to_xarray()
    sampled = () if tallied.samples is None else ("sample",)
    assert set(data.data_vars) == {"spikes", "counts", "first_steps", "winners", "i"}
    assert (data["first_steps"].dims, data["winners"].dims) == ((*sampled, "first_neuron"), sampled)
    assert data["i"].dims == (*sampled, "v_step", "i_neuron")
    raster = tallied.spikes.reshape(-1, STEPS, 5)
    first = np.where(raster.any(axis=1), raster.argmax(axis=1), -1)
    assert data["first_steps"].sel(first_neuron=3).values.reshape(-1).tolist() == first[:, 3].tolist()
    assert data["first_neuron"].values.tolist() == [1, 3]
    assert np.array_equal(data["winners"].values, tallied.winners)
    assert np.array_equal(data["i"].sel(i_neuron=2).values, tallied.i[..., 0])
    assert data["v_time_ms"].values.tolist() == [0, 10, 20]


def test_block_has_currents_and_winners(tallied):
    segments = tallied.to_neo().segments
    assert [segment.annotations["winner"] for segment in segments] == tallied.winners.reshape(-1).tolist()
    for segment, currents in zip(segments, tallied.i.reshape(-1, 3, 1), strict=True):
        (signal,) = segment.analogsignals
        assert (signal.name, signal.array_annotations["neuron"].tolist()) == ("i", [2])
        assert np.array_equal(signal.magnitude, currents)
        assert float(signal.sampling_period.rescale("ms")) == 20 * DT_MS


def test_summaries_tell_what_was_kept(tallied):
    shown = repr(tallied)
    one = tallied.samples is None
    assert f"currents of 1, first steps, winner{f' {tallied.winners}' if one else 's'}>" in shown
    card = tallied._repr_html_()
    first = tallied.first_steps[tallied.first_steps >= 0]
    assert f"{first.size}, at steps {first.min()} to {first.max()}" in card
    assert f"of {tallied.winners.size}" in card
    assert "currents" in card


# What cannot be ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["to_dataframe", "to_neo", "to_csv", "to_xarray"])
def test_result_without_what_is_asked_for_is_refused(name, net, tmp_path):
    with ncx.open("emulator") as device:
        device.load(net)
        nothing = device.run(5, record={"v": [0]} if name in ("to_dataframe", "to_csv") else {})
    with pytest.raises(InputError, match="run with record="):
        getattr(nothing, name)(*([tmp_path / "spikes.csv"] if name == "to_csv" else []))


@pytest.mark.parametrize(("name", "library"), [("to_dataframe", "pandas"), ("to_neo", "neo"), ("to_xarray", "xarray")])
def test_missing_library_names_the_extra(result, monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingToolError, match=rf"needs {library}.*pip install 'neurocorex\[data\]'"):
        getattr(result, name)()


def test_membranes_alone_can_be_drawn_and_taken_over(net):
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(5, record="v")
    assert len(result.plot_v().axes) == 5
    assert set(result.to_xarray().data_vars) == {"v"}
    assert not result.to_neo().segments[0].spiketrains
