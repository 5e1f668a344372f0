"""Accumulators: what a run keeps of its results as they arrive, against the dense arrays of all of them."""

import tracemalloc
from collections.abc import Iterator

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.accumulators import Extent
from neurocorex.device.gathering import Gathering
from neurocorex.device.recording import Recording
from neurocorex.errors import InputError
from neurocorex.events.stream import EventStream

STEPS, NEURONS = 60, 5
WATCHED = [1, 3]


def _dense(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Raster, and membranes of the neurons that are watched."""
    random = np.random.default_rng(seed)
    return random.random((STEPS, NEURONS)) < 0.3, random.integers(-50, 50, (STEPS, len(WATCHED)))


def _stream(spikes: np.ndarray, membranes: np.ndarray) -> EventStream:
    step, index = np.nonzero(spikes)
    rows = np.repeat(np.arange(len(membranes)), len(WATCHED))
    return EventStream(len(spikes), step, index, rows, np.tile(WATCHED, len(membranes)), membranes.reshape(-1))


def _pieces(stream: EventStream, seed: int) -> Iterator[EventStream]:
    """Cut at random steps, with empty pieces between."""
    cuts = np.sort(np.random.default_rng(seed).integers(0, STEPS + 1, 9)).tolist()
    for start, stop in zip([0, *cuts], [*cuts, STEPS], strict=True):
        yield stream.cut(start, stop)


def _gathered(
    recording: Recording, stream: EventStream, *, sample_steps: int | None = None, seed: int = 0, eager: bool = True
) -> ncx.Result:
    gathering = Gathering(recording, Extent(NEURONS, sample_steps))
    done = 0
    for piece in _pieces(stream, seed):
        done += piece.steps
        gathering.pieces.append((piece, done))
        if eager:
            gathering.fields()  # reduces whatever waits
    return ncx.Result.gathered(gathering, recording=recording)


@pytest.mark.parametrize("eager", [True, False], ids=["piece by piece", "at once"])
@pytest.mark.parametrize("every", [1, 2, 7, 100])
@pytest.mark.parametrize("sample_steps", [None, 10, 17], ids=["one run", "samples", "a last sample that is cut"])
def test_what_is_kept_is_a_part_of_everything(sample_steps: int | None, every: int, eager: bool) -> None:
    spikes, membranes = _dense(every)
    recording = Recording.of({"spikes": True, "v": WATCHED}, NEURONS, every=every)
    result = _gathered(recording, _stream(spikes, membranes), sample_steps=sample_steps, seed=every, eager=eager)
    if sample_steps is None:
        spikes, membranes = spikes[np.newaxis], membranes[np.newaxis]
    else:
        whole = STEPS // sample_steps
        spikes = spikes[: whole * sample_steps].reshape(whole, sample_steps, NEURONS)
        membranes = membranes[: whole * sample_steps].reshape(whole, sample_steps, len(WATCHED))
    kept = result.spikes, result.counts, result.v_items
    for found, expected in zip(kept, (spikes, spikes.sum(axis=1), membranes[:, ::every]), strict=True):
        assert np.array_equal(found if sample_steps else found[np.newaxis], expected)
    assert result.v_steps.tolist() == list(range(0, spikes.shape[1], every))


def test_counts_alone_are_those_of_the_raster() -> None:
    spikes, _ = _dense(3)
    step, index = np.nonzero(spikes)
    result = _gathered(Recording.of("counts", NEURONS), EventStream(STEPS, step, index), sample_steps=20)
    assert np.array_equal(result.counts, spikes.reshape(3, 20, NEURONS).sum(axis=1))
    assert result.spike_times.size == 0
    with pytest.raises(InputError, match="no spikes"):
        _ = result.spikes


def test_a_piece_that_was_reduced_in_part_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spikes, membranes = _dense(5)
    stream = _stream(spikes, membranes)
    recording = Recording.of({"spikes": True, "v": WATCHED}, NEURONS)
    gathering = Gathering(recording, Extent(NEURONS, None))
    gathering.pieces.append((stream.cut(0, 20), 20))
    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("neurocorex.device.accumulators.SpikeTimes.add", interrupted)
        with pytest.raises(KeyboardInterrupt):  # the counts have the piece by then
            gathering.fields()
    gathering.pieces.append((stream.cut(20, STEPS), STEPS))
    result = ncx.Result.gathered(gathering, recording=recording)
    assert np.array_equal(result.counts, spikes.sum(axis=0))
    assert np.array_equal(result.spikes, spikes)
    assert np.array_equal(result.v_items, membranes)


@pytest.mark.parametrize("index", [2, NEURONS, 1000], ids=["not recorded", "one too many", "far too many"])
def test_spikes_that_nobody_recorded_are_refused(index: int) -> None:
    stream = EventStream(4, np.array([1]), np.array([index]))
    with pytest.raises(InputError, match="not recorded; the device is faulty"):
        ncx.Result.from_stream(stream, neurons=NEURONS, recording=Recording.of({"counts": [0, 1]}, NEURONS))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"record": {"v": [0]}, "every": 0}, "every must be a number of steps from 1 up, got 0"),
        ({"record": {"v": [0]}, "every": 2.5}, "got 2.5"),
        ({"record": "spikes", "every": 10}, "every=10 is of membranes and currents, and none are recorded"),
    ],
)
def test_bad_every_is_refused(given: dict, message: str) -> None:
    with _loaded() as device, pytest.raises(InputError, match=message):
        device.run(steps=10, **given)


def _loaded(neurons: int = NEURONS) -> ncx.Device:
    device = ncx.open("emulator")
    device.load(_network_of(neurons))
    return device


@pytest.mark.parametrize("every", [3, 10])
def test_membranes_of_every_step_have_those_of_each_tenth(every: int, tmp_path) -> None:
    with _loaded() as device, _loaded() as other:
        whole = device.run(steps=101, record=["spikes", "v"])
        some = other.run(steps=101, record={"spikes": True, "v": [1, 4]}, every=every)
    assert np.array_equal(some.v, whole.v[::every][:, [1, 4]])
    assert np.array_equal(some.spikes, whole.spikes)
    some.save(tmp_path / "some.npz")
    loaded = ncx.Result.load(tmp_path / "some.npz")
    assert loaded.every == every
    assert np.array_equal(loaded.v, some.v)
    dataset = some.to_xarray()
    assert dataset["v"].sel(v_step=2 * every, v_neuron=4) == whole.v[2 * every, 4]
    signal = some.to_neo().segments[0].analogsignals[0]
    assert signal.times[1].rescale("ms").item() == pytest.approx(every * some.dt_ms)


def test_picture_of_some_steps_has_them_at_their_times() -> None:
    with _loaded() as device:
        result = device.run(steps=40, record={"v": [2]}, every=8)
    line = result.plot_v().axes[0].lines[-1]
    assert line.get_xdata().tolist() == [1.0, 9.0, 17.0, 25.0, 33.0]
    assert np.array_equal(line.get_ydata(), result.v[:, 0])


def test_checkpoint_of_some_steps_goes_on(tmp_path) -> None:
    run = {"steps": 50, "record": {"v": [0, 2]}, "every": 7}
    with _loaded() as device, _loaded() as other, _loaded() as third:
        expected = device.run(**run)
        saved = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": 20}
        assert np.array_equal(other.run(**run, **saved).v, expected.v)
        assert np.array_equal(third.run(**run, **saved).v, expected.v)
        device.load(_network_of(NEURONS))
        with pytest.raises(InputError, match="another run, which differs in record"):
            device.run(**{**run, "every": 8}, **saved)


def _network_of(neurons: int) -> ncx.Network:
    net = ncx.Network(inputs=1, neurons=neurons)
    net.neurons.set(threshold=0.5, bias=np.linspace(0.1, 1.0, neurons), tau_ms=10.0)
    return net


def test_memory_of_counts_does_not_grow_with_spikes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurocorex.device.emulated.PIECE_UPDATES", 1 << 16)
    peaks = []
    for steps in (20_000, 80_000):
        with _loaded(20) as device:
            device.run(steps=10, record="counts")
            tracemalloc.start()
            result = device.run(steps=steps, record="counts", progress=False)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert result.counts.sum() > 5 * steps
    assert peaks[1] < 1.2 * peaks[0]
