"""A result is the same thing as arrays, as single spikes, and as a file; and a file that is none is refused."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.device.recording import Recording
from neurocorex.device.result import Result
from neurocorex.device.units import Units
from neurocorex.device.weights import WeightTables
from neurocorex.errors import FileFormatError, InputError
from neurocorex.events.stream import EventStream
from support.paths import ROOT

SPIKES = np.array([[1, 0, 0], [0, 0, 0], [1, 0, 1], [0, 1, 0]], bool)


def some_result(**options) -> Result:
    """Four steps of three neurons, with the membranes of the last two."""
    stream = EventStream.from_dense(SPIKES)
    membranes = np.arange(8) - 4
    graded = (np.repeat(np.arange(4), 2), np.tile([1, 2], 4), membranes)
    stream = EventStream(4, stream.event_step, stream.event_index, *graded)
    recording = Recording.of({"spikes": True, "v": [1, 2]}, 3)
    return Result.from_stream(stream, neurons=3, recording=recording, counters={"steps": 4}, dt_ms=0.5, **options)


def assert_equal(one: Result, other: Result) -> None:
    for name in ("steps", "neurons", "samples", "counters", "dt_ms"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("spikes", "counts", "v", "v_neurons", "spike_samples", "spike_times", "spike_neurons", "spikes_of"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.dtype == theirs.dtype
        assert np.array_equal(mine, theirs)


def test_result_shows_spikes_in_every_form() -> None:
    result = some_result()
    assert np.array_equal(result.spikes, SPIKES)
    assert result.counts.tolist() == [2, 1, 1]
    assert result.spike_times.tolist() == [0, 2, 2, 3]
    assert result.spike_neurons.tolist() == [0, 0, 2, 1]
    assert repr(result) == "<result of 4 steps: 4 spikes of 3 neurons>"


def test_membranes_have_a_column_for_each_chosen_neuron() -> None:
    result = some_result()
    assert result.v_neurons.tolist() == [1, 2]
    assert result.v.tolist() == [[-4, -3], [-2, -1], [0, 1], [2, 3]]


def test_samples_get_an_axis_of_their_own() -> None:
    result = some_result(sample_steps=2)
    assert result.samples == 2
    assert np.array_equal(result.spikes, SPIKES.reshape(2, 2, 3))
    assert result.v.tolist() == [[[-4, -3], [-2, -1]], [[0, 1], [2, 3]]]
    assert result.counts.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert result.spike_samples.tolist() == [0, 1, 1, 1]
    assert result.spike_times.tolist() == [0, 0, 0, 1]
    assert repr(result) == "<result of 2 samples of 2 steps: 4 spikes of 3 neurons>"


def test_sample_that_is_not_whole_is_left_out() -> None:
    result = some_result(sample_steps=3)
    assert result.samples == 1
    assert np.array_equal(result.spikes, SPIKES[None, :3])
    assert result.v.shape == (1, 3, 2)


def test_spikes_of_neurons_that_were_not_recorded_are_a_fault() -> None:
    with pytest.raises(InputError, match="not recorded"):
        Result.from_stream(EventStream.from_dense(SPIKES), neurons=3, recording=Recording.of({"spikes": [0, 1]}, 3))


def test_missing_membranes_are_a_fault() -> None:
    with pytest.raises(InputError, match="each recorded membrane"):
        Result.from_stream(EventStream(4), neurons=3, recording=Recording.of("v", 3))


@pytest.mark.parametrize("sample_steps", [None, 2])
def test_file_brings_everything_back(tmp_path, sample_steps: int | None) -> None:
    result = some_result(sample_steps=sample_steps)
    result.save(tmp_path / "result.npz")
    assert_equal(Result.load(tmp_path / "result.npz"), result)


@given(
    steps=st.integers(0, 9), neurons=st.integers(1, 5), samples=st.none() | st.integers(0, 3), seed=st.integers(0, 999)
)
@settings(derandomize=True, max_examples=50, deadline=None)
def test_any_result_survives_its_file(tmp_path_factory, steps, neurons, samples, seed) -> None:
    table = np.random.default_rng(seed).random((steps * (1 if samples is None else samples), neurons)) < 0.3
    result = Result.from_stream(
        EventStream.from_dense(table), neurons=neurons, sample_steps=None if samples is None else steps
    )
    path = tmp_path_factory.mktemp("any") / "result.npz"
    result.save(path)
    assert_equal(Result.load(path), result)


def test_file_needs_a_place(tmp_path) -> None:
    with pytest.raises(FileFormatError, match="cannot write"):
        some_result().save(tmp_path / "no" / "result.npz")


# Files that are none ----------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    some_result().save(tmp_path / "result.npz")
    return tmp_path / "result.npz"


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def replace_entries(path, **contents: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**entries, **{f"{name}.npy": content for name, content in contents.items()}}.items():
            archive.writestr(name, content)


def test_file_of_an_earlier_version_loads_with_defaults() -> None:
    old, new = (Result.load(ROOT / f"tests/data/{version}/digits-result.npz") for version in ("v1", "v3"))
    for name in ("spike_samples", "spike_times", "spike_neurons", "counts", "v"):
        assert np.array_equal(getattr(old, name), getattr(new, name)), name
    assert old.weights_over_time.shape == (0, 0, 0)
    assert old.has_raster


@pytest.mark.parametrize("name", ["ages", "counts2"])
def test_array_that_is_unknown_is_refused_by_name(saved, name: str) -> None:
    replace_entries(saved, **{name: npy(np.zeros(3, np.int64))})
    with pytest.raises(FileFormatError, match=rf"holds {name}, which this version does not know; update"):
        Result.load(saved)


def test_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(FileFormatError, match=r"cannot read .*absent.npz: No such file"):
        Result.load(tmp_path / "absent.npz")


def test_every_truncation_is_refused(saved) -> None:
    data = saved.read_bytes()
    for size in range(0, len(data), 37):
        saved.write_bytes(data[:size])
        with pytest.raises(FileFormatError):
            Result.load(saved)


def test_flipped_bits_are_refused_or_harmless(saved) -> None:
    data, expected = saved.read_bytes(), some_result()
    for position in range(0, len(data), 11):
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        saved.write_bytes(damaged)
        try:
            loaded = Result.load(saved)
        except FileFormatError:
            continue
        assert_equal(loaded, expected)


@pytest.mark.parametrize(
    "contents",
    [
        {"header": npy(np.frombuffer(b"[]", np.uint8))},
        {"header": npy(np.frombuffer(b'{"format": "neurocorex-image", "version": 1}', np.uint8))},
        {"header": npy(np.frombuffer(b'{"format": "neurocorex-result", "version": 9}', np.uint8))},
        {"header": npy(np.frombuffer(b"{" * 90000, np.uint8))},
        {"counts": npy(np.zeros(4, np.int64))},
        {"counts": npy(np.zeros(3))},
        {"counts": npy(np.array([{"a": 1}, None, None], object))},
        {"counts": npy(np.zeros(3, np.int64))[:-1]},
        {"counts": npy(np.zeros(3, np.int64)).replace(b"(3,)", b"(9,)")},
        {"counts": npy(np.zeros(3, np.int64)).replace(b"(3,), }      ", b"(99999999999,)")},
        {"counts": b"no array"},
        {"spike_neurons": npy(np.array([0, 0, 3, 1]))},
        {"spike_times": npy(np.array([0, -1, 2, 3]))},
        {"spike_samples": npy(np.array([0, 0, 1, 0]))},
        {"v": npy(np.zeros((4, 3), np.int32))},
    ],
    ids=[
        "list", "image", "version", "nesting", "shape", "float", "pickle", "short", "lying", "enormous", "nonsense",
        "neuron", "time", "sample", "membranes",
    ],
)  # fmt: skip
def test_file_with_foreign_content_is_refused(saved, contents: dict[str, bytes]) -> None:
    replace_entries(saved, **contents)
    with pytest.raises(FileFormatError, match="is not a result of this library, or corrupt"):
        Result.load(saved)


def test_file_of_another_kind_is_refused(tmp_path) -> None:
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    (tmp_path / "text.npz").write_text("hello")
    for name in ("other.npz", "text.npz"):
        with pytest.raises(FileFormatError):
            Result.load(tmp_path / name)


# Units, and what was not recorded ----------------------------------------------------------------


def test_counts_of_what_was_not_recorded_are_refused() -> None:
    stream = EventStream(4, graded_step=np.arange(4), graded_index=np.full(4, 1), graded_value=np.arange(4))
    result = Result.from_stream(stream, neurons=3, recording=Recording.of({"v": [1]}, 3))
    with pytest.raises(InputError, match=r"no counts; run with record=\['spikes'\] or record='counts'"):
        _ = result.counts
    assert repr(result) == "<result of 4 steps: 3 neurons, spikes not recorded>"


def test_part_of_the_neurons_is_named() -> None:
    recording = Recording.of({"spikes": [0, 2]}, 3)
    result = Result.from_stream(EventStream.from_dense(SPIKES[:3]), neurons=3, recording=recording)
    assert result.counts.tolist() == [2, 0, 1]
    assert repr(result) == "<result of 3 steps: 3 spikes of 2 of 3 neurons>"


def test_membranes_and_weights_have_the_scale_of_their_neuron(tmp_path) -> None:
    tables = WeightTables(np.array([0, 4]), np.arange(24, dtype=np.int16).reshape(2, 4, 3), np.array([[1, 0], [3, 2]]))
    result = some_result(scaling=Units(np.array([1.0, 2.0, 4.0]), 1), weights=tables)
    wanted = np.array([[[0, 1, 1], [3, 2, 1.25], [6, 3.5, 2], [9, 5, 2.75]],
                       [[96, 52, 28], [60, 32, 17], [72, 38, 20], [84, 44, 23]]])  # fmt: skip
    result.save(tmp_path / "result.npz")
    for each in (result, Result.load(tmp_path / "result.npz")):
        assert each.units == "network"
        assert each.v.tolist() == [[-2, -0.75], [-1, -0.25], [0, 0.25], [1, 0.75]]
        assert np.array_equal(each.weights_over_time, wanted)
        chip = each.in_units("chip")
        assert chip.v.tolist() == [[-4, -3], [-2, -1], [0, 1], [2, 3]]
        assert np.array_equal(chip.weights_over_time, tables.items)
        assert np.array_equal(chip.in_units("network").v, each.v)


def test_numbers_of_an_earlier_version_stay_in_units_of_the_chip() -> None:
    old = Result.load(ROOT / "tests/data/v3/replay-result.npz")
    assert old.units == "chip"
    assert old.v.dtype.kind == "i"
    with pytest.raises(InputError, match="does not have the scale of its network"):
        old.in_units("network")
    with pytest.raises(InputError, match="units must be 'network' or 'chip'"):
        old.in_units("mV")


@pytest.mark.parametrize(
    "contents",
    [
        {"scales": npy(np.zeros(3))}, {"scales": npy(np.full(3, np.nan))}, {"scales": npy(np.ones(2))},
        {"scales": npy(np.ones(3, np.int64))}, {"weight_gains": npy(np.full((0, 3), 1))},
    ],
    ids=["zero", "nan", "shape", "integers", "gains"],
)  # fmt: skip
def test_file_with_bad_scales_is_refused(tmp_path, contents: dict[str, bytes]) -> None:
    some_result(scaling=Units(np.ones(3), 1)).save(tmp_path / "result.npz")
    replace_entries(tmp_path / "result.npz", **contents)
    with pytest.raises(FileFormatError, match="is not a result of this library, or corrupt"):
        Result.load(tmp_path / "result.npz")


# CSV ---------------------------------------------------------------------------------------------


def test_csv_has_a_line_for_each_spike(tmp_path) -> None:
    spikes = Result.from_stream(EventStream.from_dense(SPIKES), neurons=3, dt_ms=0.1)
    spikes.save(tmp_path / "spikes.csv")
    assert (tmp_path / "spikes.csv").read_text() == "step,time_ms,neuron\n0,0,0\n2,0.2,0\n2,0.2,2\n3,0.3,1\n"
    samples = Result.from_stream(EventStream.from_dense(SPIKES), neurons=3, sample_steps=2)
    samples.save(tmp_path / "samples.CSV")
    assert (tmp_path / "samples.CSV").read_text().splitlines()[:3] == [
        "sample,step,time_ms,neuron",
        "0,0,0,0",
        "1,0,0,0",
    ]


def test_csv_says_what_it_leaves_out_and_is_not_loaded(tmp_path) -> None:
    with pytest.warns(UserWarning, match=r"spikes\.csv has the spikes only; save the membranes as \.npz"):
        some_result().save(tmp_path / "spikes.csv")
    with pytest.raises(FileFormatError, match=r"only the spikes of a result; load the \.npz file"):
        Result.load(tmp_path / "spikes.csv")
    stream = EventStream(1, graded_step=np.zeros(1, int), graded_index=np.zeros(1, int), graded_value=np.ones(1, int))
    silent = Result.from_stream(stream, neurons=1, recording=Recording.of("v", 1))
    with pytest.raises(InputError, match="has the spikes, which this result has not"):
        silent.save(tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize("name", ["result.txt", "result.mat", "result.H5", "result.json"])
def test_ending_of_another_format_is_refused(tmp_path, name: str) -> None:
    with pytest.raises(InputError, match=r"saved as \.npz, or their spikes as \.csv"):
        some_result().save(tmp_path / name)
