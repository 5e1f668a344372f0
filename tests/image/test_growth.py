"""Files grow: what a file lacks takes its default, what is unknown here is refused by name, earlier files load."""

import copy
import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.errors import FileFormatError, NeuroCoreXWarning
from neurocorex.events.stream import EventStream
from neurocorex.image import Image, blank
from neurocorex.spec import Control, CoreConfig, Counter, Learning, Region, controls
from neurocorex.spec.registers import OTHERS
from support.paths import ROOT
from support.streams import kept

DATA = ROOT / "tests/data"
BOTH = ("spikes", "v")
CONFIG = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL)


def trial_image() -> Image:
    return Trial.random(CONFIG, 3, 1).image


def edited(image: Image, *, header: dict | None = None, drop: tuple[str, ...] = (), add: dict | None = None) -> bytes:
    """The file of an image with other fields in its header (None: without), and without or with some arrays."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(image.to_bytes())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "header.json":
                fields = json.loads(content)
                fields["regions"] = [*(set(fields["regions"]) - set(drop) | set(add or {}))]
                fields |= header or {}
                content = json.dumps({key: value for key, value in fields.items() if value is not None}).encode()
            if name.removesuffix(".npy") not in drop:
                new.writestr(name, content)
        for name, array in (add or {}).items():
            stream = io.BytesIO()
            np.save(stream, array)
            new.writestr(f"{name}.npy", stream.getvalue())
    return out.getvalue()


# Rows that are missing ----------------------------------------------------------------------------


def test_region_that_is_missing_takes_its_default() -> None:
    image = trial_image()
    loaded = Image.from_bytes(edited(image, drop=("in_use",)))
    assert not loaded.regions[Region.IN_USE].any()
    assert np.array_equal(loaded.weights, image.weights)


@pytest.mark.parametrize("default", [-7, lambda config: config.state_range[0]], ids=["number", "of the geometry"])
def test_default_may_depend_on_the_geometry(default, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Region.BIAS.row, "default", default)
    loaded = Image.from_bytes(edited(trial_image(), drop=("bias",)))
    assert set(loaded.regions[Region.BIAS].tolist()) == {-7 if default == -7 else -(1 << 19)}
    assert loaded.fit(CoreConfig(neurons=9, inputs=3, learning=Learning.EXPONENTIAL)).regions[Region.BIAS][0] < 0


def test_state_that_is_missing_takes_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Region.CURRENT.row, "default", 3)
    assert set(Image.from_bytes(edited(trial_image(), drop=("current",))).regions[Region.CURRENT].tolist()) == {3}


@pytest.mark.parametrize("name", ["threshold", "plastic", "control", "membrane", "pre_trace"])
def test_region_without_a_default_may_not_be_missing(name: str) -> None:
    with pytest.raises(FileFormatError, match=name.upper() if name != "membrane" else "CURRENT"):
        Image.from_bytes(edited(trial_image(), drop=(name,)))


def test_register_that_is_missing_takes_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of before the register, as `edited` makes one: a name and an item less."""
    image = trial_image()
    names = [register.name for register in controls(CONFIG) if register is not Control.MODULATION]
    items = np.delete(image.regions[Region.CONTROL], Control.MODULATION).astype("<u4")
    file = edited(image, header={"registers": names}, drop=("control",), add={"control": items})
    with pytest.raises(FileFormatError, match="lacks MODULATION"):
        Image.from_bytes(file)
    monkeypatch.setattr(Control.MODULATION.row, "default", 256)
    expected = image.regions[Region.CONTROL].copy()
    expected[Control.MODULATION] = 256
    assert Image.from_bytes(file).regions[Region.CONTROL].tolist() == expected.tolist()


def test_file_of_before_traces_had_two_laws_has_one_for_all_axons() -> None:
    config = replace(CONFIG, rules=2)
    image = Trial.random(config, 3, 1).image
    kept = [each for each in controls(config) if each not in OTHERS.values()]
    items = image.regions[Region.CONTROL][kept].astype("<u4")
    names = [register.name for register in kept]
    file = edited(image, header={"registers": names}, drop=("control",), add={"control": items})
    control = Image.from_bytes(file).regions[Region.CONTROL]
    assert np.array_equal(control[kept], items)
    assert control[[*OTHERS.values()]].tolist() == control[[*OTHERS]].tolist()
    assert control[Control.PRE_INCREMENT_OTHERS] > 0


def test_registers_without_names_are_those_of_version_3() -> None:
    image = trial_image()
    items = image.regions[Region.CONTROL][: Control.RANDOM + 1].astype("<u4")
    file = edited(image, header={"registers": None, "version": 3}, drop=("control",), add={"control": items})
    assert np.array_equal(Image.from_bytes(file).regions[Region.CONTROL][: Control.RANDOM + 1], items)


def test_file_that_has_lost_an_array_is_refused() -> None:
    """Its default would be wrong: the header says that it was there."""
    names = [region.name.lower() for region in trial_image().regions]
    with pytest.raises(FileFormatError, match=r"in_use lost"):
        Image.from_bytes(edited(trial_image(), header={"regions": names}, drop=("in_use",)))


def test_regions_without_names_are_those_of_the_arrays() -> None:
    image = trial_image()
    assert Image.from_bytes(edited(image, header={"regions": None})) == image
    assert not Image.from_bytes(edited(image, header={"regions": None}, drop=("in_use",))).regions[Region.IN_USE].any()


def test_blank_regions_hold_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Region.RESET.row, "default", 4)
    monkeypatch.setattr(Control.GATE.row, "default", 0xFFFF)
    assert blank(Region.RESET, CONFIG).tolist() == [4] * 5
    assert blank(Region.WEIGHTS, CONFIG).shape == (8, 5)
    assert blank(Region.CONTROL, CONFIG)[Control.GATE] == 0xFFFF


# Rows that are not known --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"add": {"dendrite": np.zeros(5, np.int32)}}, "holds DENDRITE, which .* update", id="region"),
        pytest.param(
            {"header": {"registers": [*Control.__members__, "TEMPERATURE"]}}, "holds TEMPERATURE, which .* update",
            id="register",
        ),
        pytest.param(
            {"header": {"config": {**CONFIG.to_dict(), "dendrites": 3}}}, "holds DENDRITES, which .* update", id="field"
        ),
        pytest.param({"header": {"registers": "GATE"}}, "bad header", id="registers of another type"),
        pytest.param({"header": {"regions": [3]}}, "bad header", id="regions of another type"),
        pytest.param({"header": {"registers": ["GATE", "GATE"]}}, "one register twice", id="register twice"),
        pytest.param(
            {"header": {"config": CoreConfig(neurons=5, inputs=3).to_dict()}}, "PLASTIC, .* rule out", id="chip"
        ),
        pytest.param({"header": {"registers": ["GAIN_INPUT"]}}, "lacks GAIN_RECURRENT", id="too few registers"),
        pytest.param(
            {"drop": ("control",), "add": {"control": np.zeros(len(Control) + 1, "<u4")}}, "shape", id="items too many"
        ),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_by_name(change, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        Image.from_bytes(edited(trial_image(), **change))


def test_a_replay_with_rows_of_a_later_version_is_refused_by_name(tmp_path) -> None:
    file = edited(trial_image(), add={"dendrite": np.zeros(5, np.int32)})
    np.savez(tmp_path / "replay.npz", image=np.frombuffer(file, np.uint8), stimulus=np.zeros(0, np.uint8))
    with pytest.raises(FileFormatError, match="holds DENDRITE"):
        Trial.load(tmp_path / "replay.npz")


# Files of earlier versions ------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2, 3])
def test_shipped_digits_of_each_version_run_as_they_did(version: int) -> None:
    """What they gave then was written by version 3; that of version 1 had the same spikes."""
    image, expected = Image.load(DATA / f"v{version}/digits.npz"), ncx.Result.load(DATA / "v3/digits-result.npz")
    step, axon = np.indices((30, 64))
    with ncx.open("emulator", config=image.config) as device:
        device.load(image)
        found = device.run(spikes=(7 * step + 13 * axon) % 11 == 0, record=BOTH)
    assert_same(found, expected)
    assert found.counts.sum() == 47


def test_learning_of_version_3_runs_as_it_did() -> None:
    """Integers that never left their range: they drift to the same numbers, put off or not."""
    trial, expected = Trial.load(DATA / "v4/window.npz"), ncx.Result.load(DATA / "v4/window-result.npz")
    with ncx.open("emulator", config=trial.image.config) as device:
        device.load(trial.image)
        found, after = device.run(spikes=kept(trial.stimulus), record=BOTH), device.snapshot()
    assert_same(found, expected)
    assert found.counters["depressions"] > 1000
    for region in set(after.regions) - {Region.FLAGS, Region.CONTROL}:
        assert np.array_equal(after.regions[region], Image.load(DATA / "v4/window-after.npz").regions[region]), region


@pytest.mark.parametrize("name", ["window", "window-after", "exponential"])
def test_drift_of_version_3_is_in_the_weights(name: str) -> None:
    path = DATA / f"v4/{name}.npz"
    stored, plastic, control, bits = as_written(path)
    image = Trial.load(path).image if name == "window" else Image.load(path)
    drift = (control[Control.DRIFT] + 2**bits) % 2 ** (bits + 1) - 2**bits
    expected = [
        min(max(w + drift, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1) if learns else w
        for w, learns in zip(stored, plastic, strict=True)
    ]
    assert drift in (-37, -277, 90)
    assert image.weights.reshape(-1).tolist() == expected
    assert image.regions[Region.CONTROL][Control.DRIFT] == 0
    assert image.regions[Region.CONTROL][Control.DRIFT_STEP] == (0 if name == "exponential" else 0xFFFE)
    assert Image.from_bytes(image.to_bytes()) == image


def as_written(path: Path) -> tuple[list[int], list[int], list[int], int]:
    """Weights, plastic flags and registers as a file holds them, and the bits of a weight."""
    with np.load(path) as file:
        content = io.BytesIO(file["image"].tobytes()) if "image" in file.files else path
    with np.load(content) as file:
        bits = json.loads(zipfile.ZipFile(content).read("header.json"))["config"]["weight_bits"]
        weights, plastic, control = (file[name].reshape(-1).tolist() for name in ("weights", "plastic", "control"))
    return weights, plastic, control, bits


def test_generator_that_stood_still_is_started() -> None:
    assert as_written(DATA / "v4/exponential.npz")[2][Control.RANDOM] == 0
    control = Image.load(DATA / "v4/exponential.npz").regions[Region.CONTROL]
    assert control[Control.RANDOM] == Control.RANDOM.row.power_up(CONFIG) > 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("v4/exponential-drift", "DRIFT_STEP was -3 and is 0 now: .* drift no more; .* learning='window'"),
        ("v4/wide-step", "DRIFT_STEP was 200 and is 127 now: allowed are -128 to 127"),
        ("v3/snapshot", "snapshot.npz: DRIFT_STEP was 1 and is 0 now: .* drift no more"),
    ],
)
def test_drift_that_chips_lack_is_told(name: str, message: str) -> None:
    with pytest.warns(NeuroCoreXWarning, match=message):
        image = Image.load(DATA / f"{name}.npz")
    held = image.regions[Region.CONTROL][Control.DRIFT_STEP]
    assert held == (127 if name == "v4/wide-step" else 0)
    assert Image.from_bytes(image.to_bytes()) == image


def test_replay_with_a_drift_that_chips_lack_is_told() -> None:
    with pytest.warns(NeuroCoreXWarning, match=r"replay.npz: DRIFT_STEP was 1 and is 0 now"):
        Trial.load(DATA / "v3/replay.npz")


def test_register_that_is_gone_is_a_refused_event_of_an_old_stimulus() -> None:
    config = CoreConfig(neurons=5, inputs=3, learning=Learning.WINDOW)
    with ncx.open("emulator", config=config) as device:
        device.load(Trial.random(config, 3, 1).image)
        stimulus = EventStream(3).setting(1, Control.DRIFT, 5)
        assert device.run(spikes=stimulus).counters["refused_events"] == 1


def assert_same(found: ncx.Result, expected: ncx.Result) -> None:
    assert np.array_equal(found.spikes, expected.spikes)
    assert np.array_equal(found.in_units("chip").v, expected.v)
    later = {counter.name.lower() for counter in Counter if counter > Counter.FRAMES_BAD} | {
        "frames_good",
        "frames_bad",
    }
    counted = {name: value for name, value in expected.counters.items() if name not in later}
    assert {name: found.counters[name] for name in counted} == counted


@pytest.mark.parametrize("version", [1, 3])
def test_results_of_earlier_versions_load(version: int) -> None:
    result, today = (ncx.Result.load(DATA / f"v{each}/digits-result.npz") for each in (version, 3))
    assert np.array_equal(result.spikes, today.spikes)
    assert np.array_equal(result.v, today.v)
    assert (result.weight_steps.shape, result.weights_over_time.shape) == ((0,), (0, 0, 0))
    names = {counter.name.lower() for counter in Counter}
    assert {name: result.counters[name] for name in names if not name.startswith("frames_")} == {
        name: today.counters[name] for name in names if not name.startswith("frames_")
    }


@pytest.mark.parametrize(
    ("header", "arrays", "name"),
    [
        pytest.param({}, {"odours": np.zeros(3)}, "odours", id="array"),
        pytest.param({"seed": 3}, {}, "seed", id="scalar"),
        pytest.param({"counters": {"steps": 30, "overheated": 1}}, {}, "overheated", id="counter"),
    ],
)
def test_result_of_a_later_version_is_refused_by_name(header, arrays, name: str, tmp_path) -> None:
    with np.load(DATA / "v3/digits-result.npz") as file:
        held = {key: file[key] for key in file.files}
    fields = json.loads(held["header"].tobytes()) | header
    held["header"] = np.frombuffer(json.dumps(fields).encode(), np.uint8)
    np.savez(tmp_path / "result.npz", **held, **arrays)
    with pytest.raises(FileFormatError, match=f"holds {name}, which this version does not know; update"):
        ncx.Result.load(tmp_path / "result.npz")


# Copies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied",
    [lambda image: pickle.loads(pickle.dumps(image)), copy.copy, copy.deepcopy],  # noqa: S301
    ids=["pickle", "copy", "deepcopy"],
)
def test_images_can_be_copied(copied) -> None:
    image = Image(CONFIG, trial_image().regions, 2.5, {"names": ["a", "b"]})
    again = copied(image)
    assert again == image
    assert again is not image
    assert again.meta == {"names": ["a", "b"]}
    with pytest.raises(ValueError, match="read-only"):
        again.weights[0, 0] = 1
