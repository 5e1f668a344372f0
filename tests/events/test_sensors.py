"""Events of sensors: spikes beside histograms of NumPy, counts of what is lost, and files of event cameras."""

import sys

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex import encode
from neurocorex.errors import FileFormatError, InputError, MissingToolError
from support.aedat4 import aedat4

WIDTH, HEIGHT = 20, 12
TONIC = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.int8)])


def recording(count: int = 4000, seed: int = 1) -> np.ndarray:
    """Events of 50 ms, in the order of time, some of them twice in a millisecond."""
    rng = np.random.default_rng(seed)
    events = np.zeros(count, TONIC)
    events["x"], events["y"] = rng.integers(0, WIDTH, count), rng.integers(0, HEIGHT, count)
    events["t"], events["p"] = np.sort(rng.integers(0, 50_000, count)), rng.integers(0, 2, count)
    return events


def raster(stream) -> np.ndarray:
    """Spikes as bool [steps, *shape]."""
    found = np.zeros((stream.steps, stream.report.inputs), bool)
    found[stream.event_step, stream.event_index] = True
    return found.reshape(stream.steps, *stream.report.shape)


def histogram(events, step_us: float, steps: int, side: int = 1, box=(0, 0, WIDTH, HEIGHT)) -> np.ndarray:
    """Counts [steps, 2, rows, columns], by np.histogramdd over edges: no arithmetic of the encoder in it."""
    left, top, right, bottom = box
    edges = (
        np.arange(steps + 1) * step_us,
        [-0.5, 0.5, 1.5],
        np.append(np.arange(top, bottom, side), bottom) - 0.5,
        np.append(np.arange(left, right, side), right) - 0.5,
    )
    # The last edge of a histogram belongs to its last bin, that of a step does not.
    values = np.stack([events[name].astype(float) for name in ("t", "p", "y", "x")], axis=1)
    values = values[values[:, 0] < steps * step_us]
    return np.histogramdd(values, edges)[0]


@pytest.mark.parametrize(
    ("step_ms", "side", "box"),
    [
        (1.0, 1, None), (0.25, 1, None), (3.0, 2, None), (1.0, 5, None), (1.0, 1, (3, 2, 15, 9)),
        (2.0, 3, (1, 0, 20, 11)),
    ],
)  # fmt: skip
def test_spikes_are_where_a_histogram_has_events(step_ms, side, box):
    events = recording()
    steps = int(np.ceil(50 / step_ms))
    stream = encode.from_events(
        events, sensor_size=(WIDTH, HEIGHT), step_ms=step_ms, steps=steps, start_us=0, crop=box, downsample=side
    )
    counts = histogram(events, 1000 * step_ms, steps, side, box or (0, 0, WIDTH, HEIGHT))
    assert np.array_equal(raster(stream), counts > 0)
    assert stream.report.spikes == np.count_nonzero(counts)
    assert stream.report.merged == int(counts.sum()) - np.count_nonzero(counts)
    assert stream.report.outside == len(events) - int(counts.sum())


@pytest.mark.parametrize(
    ("polarity", "chosen"),
    [("merge", slice(None)), ("on", slice(1, 2)), ("off", slice(0, 1))],
)
def test_polarities_are_merged_or_chosen(polarity, chosen):
    events = recording()
    stream = encode.from_events(events, sensor_size=(WIDTH, HEIGHT, 2), steps=50, start_us=0, polarity=polarity)
    counts = histogram(events, 1000, 50)[:, chosen].sum(axis=1)
    assert stream.report.shape == (HEIGHT, WIDTH)
    assert np.array_equal(raster(stream), counts > 0)
    assert stream.report.other_polarity == len(events) - int(counts.sum())


def test_counts_add_up_to_what_was_given():
    report = encode.from_events(
        recording(), sensor_size=(WIDTH, HEIGHT), start_us=5000, steps=30, crop=(2, 2, 18, 10), polarity="on"
    ).report
    assert min(report.merged, report.outside, report.other_polarity, report.early, report.late) > 0
    assert report.given == report.spikes + report.merged + report.outside + report.other_polarity + (
        report.early + report.late
    )
    for number, what in (
        (report.outside, "outside of the crop"),
        (report.early, "too early"),
        (report.late, "too late"),
    ):
        assert f"{number} {what}" in str(report)


def test_fields_may_be_arrays_a_mapping_or_of_aedat():
    events = recording(300)
    size = {"sensor_size": (WIDTH, HEIGHT)}
    expected = encode.from_events(events, **size)
    signed = np.where(events["p"] == 1, 1, -1)
    for other in (
        tuple(events[name] for name in "xytp"),
        {name: events[name] for name in "xytp"},
        (events["x"], events["y"], events["t"].astype(float), signed),
        (events["x"], events["y"], events["t"] + 1_600_000_000_000_000, events["p"] == 1),
    ):
        assert encode.from_events(other, **size) == expected


def test_auditory_sensor_has_channels_only():
    events = np.array([(5, 100, 1), (699, 2200, 1), (5, 300, 1)], [("x", "i8"), ("t", "i8"), ("p", "i8")])
    stream = encode.from_events(events, sensor_size=(700, 1, 1), polarity="merge")
    assert stream.report.shape == (1, 700)
    assert stream.event_step.tolist() == [0, 2]
    assert stream.event_index.tolist() == [5, 699]
    assert str(stream.report) == "3 events, 2 spikes on 700 inputs; 1 merged with others"


def test_device_runs_what_a_sensor_saw():
    net = ncx.Network(inputs=2 * 3 * 4, neurons=3)
    net.connect(net.inputs[12:], net.neurons, np.repeat(np.eye(3, dtype=int), 4, axis=0))  # a row of pixels each, on
    net.neurons.set(threshold=0)
    events = (np.array([0, 3, 1]), np.array([0, 2, 2]), np.array([0, 3000, 6000]), np.array([1, 1, 0]))
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(spikes=encode.from_events(events, sensor_size=(4, 3)))
    assert list(zip(result.spike_times.tolist(), result.spike_neurons.tolist(), strict=True)) == [(0, 0), (3, 2)]


def test_no_events_are_one_silent_step():
    stream = encode.from_events(recording(0), sensor_size=(WIDTH, HEIGHT))
    assert (stream.steps, stream.report.spikes, stream.report.inputs) == (1, 0, 2 * WIDTH * HEIGHT)


@pytest.mark.parametrize(
    ("events", "options", "message"),
    [
        (recording(9), {}, "sensor_size is None, expected columns and rows, such as"),
        (recording(900), {"sensor_size": (10, 12)}, "the sensor has 10 columns and 12 rows"),
        (recording(9), {"sensor_size": (20, 12), "crop": (0, 0, 21, 5)}, r"crop is \(0, 0, 21, 5\), expected"),
        (recording(9), {"sensor_size": (20, 12), "polarity": "both"}, "polarity is 'both', expected one of 'separate'"),
        (recording(9), {"sensor_size": (20, 12), "step_ms": 0}, "step_ms must be above 0 ms, got 0"),
        (recording(9), {"sensor_size": (20, 12), "downsample": 0}, "downsample must be an integer above 0, got 0"),
        (recording(9), {"sensor_size": (20, 12), "start_us": "now"}, "start_us must be a number of microseconds"),
        (([0, 1], [0], [0, 1], [0, 1]), {"sensor_size": (20, 12)}, r"shapes \(2,\), \(1,\)"),
        (([0], [0], [0], [7]), {"sensor_size": (20, 12)}, r"p must be 1 \(on\), 0 or -1 \(off\), got 7"),
        (([0.5], [0], [0], [1]), {"sensor_size": (20, 12)}, "x must be integers"),
        (([0], [0], [np.nan], [1]), {"sensor_size": (20, 12)}, "t must be finite"),
        (([0, 0], [0, 0], [0, 1 << 62], [1, 1]), {"sensor_size": (20, 12)}, "the events span .* microseconds"),
        ({"x": [0], "t": [0]}, {"sensor_size": (20, 12)}, "events have no p; they have x, t"),
        (3, {"sensor_size": (20, 12)}, "events are int, expected a structured array"),
    ],
)
def test_what_cannot_be_encoded_is_explained(events, options, message):
    with pytest.raises(InputError, match=message):
        encode.from_events(events, **options)


# Files -------------------------------------------------------------------------------------------


def test_file_of_an_event_camera_gives_the_same_spikes(tmp_path):
    events = recording(500)
    path = tmp_path / "camera.aedat4"
    path.write_bytes(aedat4([events[:200], events[200:]], WIDTH, HEIGHT))
    stream = encode.from_events(path, downsample=2)
    expected = encode.from_events(events, sensor_size=(WIDTH, HEIGHT), downsample=2)
    assert stream == expected
    assert stream.report == expected.report


def test_file_that_is_no_recording_is_refused(tmp_path):
    path = tmp_path / "camera.aedat4"
    path.write_bytes(b"no recording")
    with pytest.raises(FileFormatError, match=r"camera\.aedat4 cannot be read as AEDAT 4"):
        encode.from_events(path)
    with pytest.raises(FileFormatError, match="cannot be read"):
        encode.from_events(tmp_path / "missing.aedat4")
    path.write_bytes(aedat4([recording(5)], WIDTH, HEIGHT, streams=2))
    with pytest.raises(FileFormatError, match="has 2 streams of events, expected one"):
        encode.from_events(path)


def test_truncated_file_is_refused_or_ends_early(tmp_path):
    path, data = tmp_path / "camera.aedat4", aedat4([recording(5)], WIDTH, HEIGHT)
    for length in range(0, len(data), 37):
        path.write_bytes(data[:length])
        try:
            assert encode.from_events(path).report.given <= 5
        except FileFormatError:
            continue


def test_missing_reader_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "aedat", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[sensors\]'"):
        encode.from_events(tmp_path / "camera.aedat4")
