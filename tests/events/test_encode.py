"""Encoders: shapes, counts, order, seeds, files."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex import encode
from neurocorex.errors import FileFormatError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.network.network import Network


@pytest.mark.parametrize("encoder", [encode.poisson, encode.rate, encode.latency])
@pytest.mark.parametrize("samples", [(), (5,)], ids=["one sample", "five samples"])
def test_rasters_are_bool_of_steps_by_inputs(encoder, samples):
    raster = encoder(np.full((*samples, 3), 0.5), steps=7)
    assert raster.dtype == np.bool_
    assert raster.shape == (*samples, 7, 3)


def test_poisson_rates_are_probabilities():
    raster = encode.poisson([0.0, 0.1, 0.7, 1.0], steps=20_000, seed=3)
    assert raster.mean(axis=0) == pytest.approx([0, 0.1, 0.7, 1], abs=0.01)
    assert not raster[:, 0].any()
    assert raster[:, 3].all()


def test_poisson_rates_may_be_in_hertz():
    assert np.array_equal(encode.poisson([50.0], 100, 1, dt_ms=2.0), encode.poisson([0.1], 100, 1))


def test_poisson_follows_its_seed():
    assert np.array_equal(encode.poisson([0.5] * 4, 50, 7), encode.poisson([0.5] * 4, 50, 7))
    assert not np.array_equal(encode.poisson([0.5] * 4, 50, 7), encode.poisson([0.5] * 4, 50, 8))
    assert np.array_equal(encode.poisson([0.5] * 4, 50, np.random.default_rng(7)), encode.poisson([0.5] * 4, 50, 7))


def test_poisson_events_have_the_rates_of_each_input():
    events = encode.poisson_events([0.0, 0.1, 0.7, 1.0], steps=20_000, seed=3)
    assert events.dense(4).mean(axis=0) == pytest.approx([0, 0.1, 0.7, 1], abs=0.01)
    assert np.bincount(events.event_index, minlength=4)[[0, 3]].tolist() == [0, 20_000]


def test_silences_of_poisson_events_are_as_long_as_chance_makes_them():
    gaps = np.diff(encode.poisson_events([0.25], steps=100_000, seed=1).event_step)
    assert np.bincount(gaps)[1:6] / gaps.size == pytest.approx(0.25 * 0.75 ** np.arange(5), abs=0.005)


@settings(derandomize=True, deadline=None)
@given(rates=st.lists(st.floats(0, 1), max_size=5), steps=st.integers(1, 60), seed=st.integers(0, 99))
def test_poisson_events_are_a_stream_of_these_steps(rates, steps, seed):
    events = encode.poisson_events(rates, steps, seed)
    assert events == encode.poisson_events(rates, steps, seed)
    assert events.steps == steps
    assert events.event_index.max(initial=-1) < len(rates)


def test_poisson_events_of_samples_are_refused():
    with pytest.raises(InputError, match=r"one sample, rates \[inputs\], got shape \(2, 3\)"):
        encode.poisson_events(np.full((2, 3), 0.5), steps=7)


@settings(derandomize=True, deadline=None)
@given(value=st.floats(0, 1), steps=st.integers(1, 60), phase=st.floats(0, 1, exclude_max=True))
def test_rate_is_exact_to_less_than_one_spike(value, steps, phase):
    count = encode.rate([value], steps, phase=phase).sum()
    assert abs(count - value * steps) < 1


@pytest.mark.parametrize(("value", "times"), [(0.1, [4]), (0.25, [1, 5, 9]), (0.5, [0, 2, 4, 6, 8]), (1.0, range(10))])
def test_rate_spaces_spikes_evenly(value, times):
    assert np.flatnonzero(encode.rate([value], 10)[:, 0]).tolist() == list(times)


def test_rate_begins_at_its_phase():
    raster = encode.rate([0.25] * 3, 4, phase=[0.0, 0.5, 0.75])
    assert np.argmax(raster, axis=0).tolist() == [3, 1, 0]


def test_latency_is_earlier_for_larger_values():
    raster = encode.latency([1.0, 0.5, 0.01, 0.0], steps=11)
    assert raster.sum(axis=0).tolist() == [1, 1, 1, 0]
    assert np.argmax(raster, axis=0).tolist()[:3] == [0, 5, 10]


@pytest.mark.parametrize("shape", [(3,), (2, 3), (700,), (0,)], ids=str)
def test_large_rasters_are_those_of_whole_draws(shape, monkeypatch):
    monkeypatch.setattr(encode.spikes, "PIECE", 1000)
    values = np.random.default_rng(0).random(shape)
    drawn = np.random.default_rng(7).random((*shape[:-1], 50, shape[-1])) < values[..., None, :]
    assert np.array_equal(encode.poisson(values, 50, 7), drawn)
    sums = np.floor(np.arange(51)[:, None] * values[..., None, :] + 0.5 + 1e-9)
    assert np.array_equal(encode.rate(values, 50), np.diff(sums, axis=-2) > 0)


def test_encoders_need_little_more_than_their_result():
    encode.poisson([0.5] * 100, 10)
    for encoder in (encode.poisson, encode.rate, encode.latency):
        tracemalloc.start()
        raster = encoder(np.full(1000, 0.01), 60_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1.6 * raster.nbytes


def test_poisson_currents_have_mean_and_variance_of_their_sources():
    currents = encode.poisson_currents([0.0, 0.5, 8.0], [2.0, -0.5, 0.25], steps=50_000, seed=4)
    assert currents.shape == (50_000, 3)
    assert currents.mean(axis=0) == pytest.approx([0, -0.25, 2.0], rel=0.02)
    assert currents.var(axis=0) == pytest.approx([0, 0.5 * 0.25, 8.0 / 16], rel=0.03)
    assert set(np.unique(currents[:, 2] * 4)) <= set(range(60))


def test_poisson_currents_may_be_in_hertz_and_in_pieces():
    whole = encode.poisson_currents([3.0, 7.0], 0.1, 60, seed=1)
    random = np.random.default_rng(1)
    pieces = [encode.poisson_currents([30_000.0, 70_000.0], 0.1, 20, random, dt_ms=0.1) for _ in range(3)]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert encode.poisson_currents(np.ones((2, 3)), 1, 5).shape == (2, 5, 3)


def test_explicit_takes_a_population_and_numbers_of_numpy():
    net = Network(inputs=4, neurons=1)
    raster = encode.explicit([np.int64(1), np.uint8(2)], net.inputs[1:3], steps=np.int16(4), inputs=np.int64(4))
    assert np.argwhere(raster).tolist() == [[1, 1], [2, 2]]


def test_a_spike_given_twice_is_refused_with_its_place(tmp_path):
    message = "spike of input 1 at step 3 is given twice; .*use another input"
    with pytest.raises(InputError, match=message):
        encode.explicit([3, 0, 5, 3], [1, 1, 0, 1], steps=10, inputs=2)
    (tmp_path / "in.csv").write_text("3,1\n3,1\n")
    with pytest.raises(InputError, match=r"in\.csv: the " + message):
        encode.from_file(tmp_path / "in.csv", inputs=2)
    with pytest.raises(InputError, match="entry 1 is step 3, 1, which is given twice"):
        EventStream(10, [3, 3], [1, 1])
    with pytest.raises(InputError, match=r"graded events must rise .* 0, 2, which is given twice"):
        EventStream(10, graded_step=[0, 0], graded_index=[2, 2], graded_value=[1, 1])


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            lambda: encode.poisson([20_000.0], 10, dt_ms=0.1),
            "got 2; an input has one spike .*10000 per second at 0.1 ms",
        ),
        (lambda: encode.poisson_events([1.5], 10), "encode.poisson_currents for what many sources inject"),
        (lambda: encode.poisson_currents([-1.0], 1.0, 5), "rates must be from 0 to 1e.06 spikes per step, got -1"),
        (lambda: encode.poisson_currents([1.0], [1.0, 2.0], 5), "weight must be a finite number, or one for each of 1"),
        (lambda: encode.poisson_currents([1.0], np.nan, 5), "weight must be a finite number"),
        (lambda: encode.poisson([0.5], 5, "x"), "seed must be an integer from 0 up"),
        (lambda: encode.poisson([0.5], 5, -1), "seed must be an integer from 0 up"),
        (lambda: encode.poisson([0.5], 5, dt_ms="1"), "dt_ms must be above 0 ms, got '1'"),
        (lambda: encode.poisson([1j], 5), "rates must be an array of numbers: got complex"),
        (lambda: encode.rate([0.5], 5, phase=[[0.1], [0.1, 0.2]]), "phase must be an array of numbers"),
        (lambda: encode.rate([[0.5], [0.1, 0.2]], 5), "values must be an array of numbers"),
        (lambda: encode.explicit([[0], [1, 2]], [0, 1], 5, 2), "times must be an array of numbers"),
        (lambda: encode.explicit([[0]], [[0]], 5, 2), r"times must be a list of integers, got shape \(1, 1\)"),
        (lambda: encode.explicit([0], [0], 5, -1), "inputs must be an integer above 0, got -1"),
        (lambda: encode.explicit([0], [0], 5, 2.5), "inputs must be an integer above 0, got 2.5"),
        (lambda: encode.from_file("x.csv", inputs="3"), "inputs must be an integer above 0, got '3'"),
    ],
)
def test_no_value_ends_in_an_error_of_numpy(action, message):
    with pytest.raises(InputError, match=message):
        action()


def test_explicit_spikes_stand_where_they_were_put():
    raster = encode.explicit([3, 0, 3], [1, 2, 0], steps=4, inputs=3)
    assert np.argwhere(raster).tolist() == [[0, 2], [3, 0], [3, 1]]


def test_no_spikes_are_a_silent_raster():
    assert not encode.explicit([], [], steps=4, inputs=3).any()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        pytest.param(lambda: encode.poisson([1.5], 10), "rates must be from 0 to 1 .*, got 1.5", id="above"),
        pytest.param(lambda: encode.rate([-0.1], 10), "values must be from 0 to 1 .*, got -0.1", id="below"),
        pytest.param(lambda: encode.latency([np.nan], 10), "values must be from 0 to 1 .*, got nan", id="nan"),
        pytest.param(lambda: encode.latency(["x"], 10), "values must be an array of numbers", id="text"),
        pytest.param(lambda: encode.rate(0.5, 10), r"shape \(\), expected \[inputs\]", id="scalar"),
        pytest.param(lambda: encode.rate([0.5], 0), "steps must be an integer above 0, got 0", id="no steps"),
        pytest.param(lambda: encode.rate([0.5], 2.5), "steps must be an integer above 0, got 2.5", id="half steps"),
        pytest.param(lambda: encode.rate([0.5], 2, phase=1.0), "phase must be 0 or more and less than 1", id="phase"),
        pytest.param(lambda: encode.poisson([5], 10, dt_ms=0), "dt_ms must be above 0 ms, got 0", id="dt"),
        pytest.param(lambda: encode.explicit([4], [0], 4, 3), "times must be from 0 to 3, got 4", id="time"),
        pytest.param(lambda: encode.explicit([0], [-1], 4, 3), "axons must be from 0 to 2, got -1", id="axon"),
        pytest.param(lambda: encode.explicit([0.5], [0], 4, 3), "times must be integers, got float64", id="half"),
        pytest.param(lambda: encode.explicit([0, 1], [0], 4, 3), "lists of one length", id="lengths"),
    ],
)
def test_bad_values_are_refused(action, message):
    with pytest.raises(InputError, match=message):
        action()


@pytest.mark.parametrize("head", ["", "step,axon\n", "\ufeff"], ids=["plain", "with names", "with a mark"])
def test_text_file_has_a_spike_a_line(head, tmp_path):
    (tmp_path / "in.csv").write_text(head + "0,2\n3,1\n", encoding="utf-8")
    raster = encode.from_file(tmp_path / "in.csv", inputs=4)
    assert raster.shape == (4, 4)
    assert np.argwhere(raster).tolist() == [[0, 2], [3, 1]]
    assert encode.from_file(tmp_path / "in.csv", inputs=4, steps=9).shape == (9, 4)


@pytest.mark.parametrize("samples", [(), (2,)], ids=["one sample", "two samples"])
def test_array_file_is_padded(samples, tmp_path):
    spikes = encode.poisson(np.full((*samples, 3), 0.5), 6, 1)
    np.savez(tmp_path / "in.npz", spikes=spikes)
    raster = encode.from_file(tmp_path / "in.npz", inputs=5, steps=8)
    assert raster.shape == (*samples, 8, 5)
    assert np.array_equal(raster[..., :6, :3], spikes)
    assert raster.sum() == spikes.sum()


@pytest.mark.parametrize(
    "content", ["a,b\nc,d", "1,2,3\n", "1\n", "99999999999999999999,1\n", "names\n1,2", "1,x\n1,2"]
)
def test_text_that_is_no_list_of_spikes_is_refused(content, tmp_path):
    (tmp_path / "in.csv").write_text(content)
    with pytest.raises(FileFormatError, match="no list of spikes"):
        encode.from_file(tmp_path / "in.csv", inputs=4)


def test_binary_file_is_no_list_of_spikes(tmp_path):
    (tmp_path / "in.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="no list of spikes"):
        encode.from_file(tmp_path / "in.csv", inputs=4)


@pytest.mark.parametrize("step", [10**12, 2**63 - 1])
def test_step_far_away_is_refused_before_it_is_allocated(step, tmp_path):
    (tmp_path / "in.csv").write_text(f"{step},1\n")
    with pytest.raises(InputError, match="split the file"):
        encode.from_file(tmp_path / "in.csv", inputs=4)


def test_empty_array_of_a_huge_shape_is_refused(tmp_path):
    np.savez(tmp_path / "in.npz", spikes=np.zeros((1 << 34, 0), bool))
    with pytest.raises(InputError, match="split the file"):
        encode.from_file(tmp_path / "in.npz", inputs=4)


def test_array_file_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "in.npz", other=np.zeros(3))
    with pytest.raises(FileFormatError, match="no array `spikes`"):
        encode.from_file(tmp_path / "in.npz", inputs=4)
    np.savez(tmp_path / "pickle.npz", spikes=np.array([[None]]))
    with pytest.raises(FileFormatError, match="pickled"):
        encode.from_file(tmp_path / "pickle.npz", inputs=4)
    (tmp_path / "bad.npz").write_bytes(b"hello")
    with pytest.raises(FileFormatError, match="no array `spikes`"):
        encode.from_file(tmp_path / "bad.npz", inputs=4)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"nowhere\.csv: No such file"):
        encode.from_file(tmp_path / "nowhere.csv", inputs=4)


@pytest.mark.parametrize(
    ("spikes", "message"),
    [
        pytest.param(np.zeros((4, 9), bool), "for 9 inputs, the chip has 4", id="inputs"),
        pytest.param(np.zeros((9, 4), bool), "for 9 steps, the run has 5", id="steps"),
        pytest.param(np.zeros(4, bool), r"shape \(4,\), expected bool", id="shape"),
        pytest.param(np.zeros((4, 4)), "float64", id="floats"),
    ],
)
def test_raster_that_does_not_fit_is_refused(spikes, message, tmp_path):
    np.savez(tmp_path / "in.npz", spikes=spikes)
    with pytest.raises(InputError, match=message):
        encode.from_file(tmp_path / "in.npz", inputs=4, steps=5)
