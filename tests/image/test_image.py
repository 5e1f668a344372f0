"""Image: validation, and files that may come from a stranger."""

import io
import json
import zipfile

import numpy as np
import pytest
from neurocorex.errors import FileFormatError, InputError
from neurocorex.image import Image
from neurocorex.image.file import VERSION
from neurocorex.spec import CoreConfig, Learning, Region, controls
from support.images import CONFIG, random_image, random_regions


def repacked(data, **changes):
    """The same file with entries replaced (bytes), or taken away (None)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        names = {name.split(".")[0]: name for name in old.namelist()}
        for stem in {**names, **changes}:
            content = changes[stem] if stem in changes else old.read(names[stem])
            if content is not None:
                new.writestr(names.get(stem, stem), content)
    return out.getvalue()


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def test_arrays_are_read_only_copies():
    regions = random_regions()
    image = Image(CONFIG, regions)
    regions[Region.WEIGHTS][:] = 0
    assert image.weights.any()
    with pytest.raises(ValueError, match="read-only"):
        image.weights[0, 0] = 1
    with pytest.raises(TypeError):
        image.regions[Region.BIAS] = np.zeros(5)


@pytest.mark.parametrize(
    ("region", "change", "message"),
    [
        pytest.param(Region.WEIGHTS, lambda a: a.T, r"WEIGHTS has shape \(5, 8\), expected \(8, 5\)", id="shape"),
        pytest.param(Region.WEIGHTS, lambda a: a * 0 + 128, r"WEIGHTS\[0, 0\] is 128, .* -128 to 127", id="weight"),
        pytest.param(Region.LEAK, lambda a: a * 0 - 1, r"LEAK\[0\] is -1, allowed are 0 to 524287", id="leak"),
        pytest.param(Region.DELAY, lambda a: a * 0 + 33, r"DELAY\[0\] is 33, allowed are 0 to 32", id="delay"),
        pytest.param(Region.BIAS, lambda a: a / 2, "BIAS must hold integers, got float64", id="float"),
        pytest.param(Region.CONTROL, lambda a: a * 0 + 8, r"CONTROL\[GAIN_INPUT\] is 8, .* 0 to 7", id="gain"),
    ],
)
def test_bad_region_is_refused(region, change, message):
    regions = random_regions()
    regions[region] = change(regions[region])
    with pytest.raises(InputError, match=message):
        Image(CONFIG, regions)


def test_incomplete_image_is_refused():
    regions = random_regions()
    del regions[Region.BIAS]
    with pytest.raises(InputError, match="misses BIAS"):
        Image(CONFIG, regions)


def test_half_a_snapshot_is_refused():
    regions = random_regions() | {Region.MEMBRANE: np.zeros(5, int)}
    with pytest.raises(InputError, match="misses CURRENT, REFRACTORY_COUNT, ADAPTATION, HISTORY"):
        Image(CONFIG, regions)


def test_counters_do_not_belong_to_an_image():
    regions = random_regions() | {Region.COUNTERS: np.zeros(20, int)}
    with pytest.raises(InputError, match="cannot hold COUNTERS"):
        Image(CONFIG, regions)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_scale_is_refused(scale):
    with pytest.raises(InputError, match="scale"):
        Image(CONFIG, random_regions(), scale)


def test_meta_beyond_json_is_refused():
    with pytest.raises(InputError, match="JSON"):
        Image(CONFIG, random_regions(), 1.0, {"what": object()})


@pytest.mark.parametrize("snapshot", [False, True], ids=["program", "snapshot"])
@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        CoreConfig(neurons=3, inputs=2, weight_bits=4, state_bits=24, adaptation=False, refractory_bits=16),
        CoreConfig(neurons=5, inputs=4, learning=Learning.EXPONENTIAL, trace_bits=16, soft_bounds=True),
        CoreConfig(neurons=5, inputs=4, learning=Learning.WINDOW, window_steps=10, extra_axons=3),
        CoreConfig(neurons=5, inputs=4, extra_axons=3),
    ],
    ids=["wide", "narrow", "exponential", "window and extra axons", "extra axons alone"],
)
def test_file_gives_the_image_back(config, snapshot, tmp_path):
    image = random_image(config, snapshot)
    image.save(tmp_path / "net.npz")
    loaded = Image.load(tmp_path / "net.npz")
    assert loaded == image
    assert loaded.is_snapshot is snapshot
    assert loaded.meta == {"name": "test", "accuracy": 0.5}
    assert loaded.weights.dtype == np.int32


def test_equal_images_give_equal_bytes():
    assert random_image().to_bytes() == random_image().to_bytes()


def test_images_differ_by_a_single_weight():
    regions = random_regions()
    regions[Region.WEIGHTS][2, 2] ^= 1
    assert Image(CONFIG, regions, 2.5, {"name": "test", "accuracy": 0.5}) != random_image()


def test_numpy_opens_the_file():
    with np.load(io.BytesIO(random_image().to_bytes()), allow_pickle=False) as file:
        assert np.array_equal(file["weights"], random_image().weights)


def test_every_truncation_is_refused():
    data = random_image().to_bytes()
    for size in [*range(0, len(data), 97), len(data) - 1]:
        with pytest.raises(FileFormatError, match=r"lost\.npz"):
            Image.from_bytes(data[:size], name="lost.npz")


def test_flipped_bytes_never_escape_as_other_errors():
    image = random_image()
    data = bytearray(image.to_bytes())
    rng = np.random.default_rng(3)
    for place in rng.integers(0, len(data), 400):
        damaged = data.copy()
        damaged[place] ^= int(rng.integers(1, 256))
        try:
            loaded = Image.from_bytes(bytes(damaged))
        except FileFormatError:
            continue
        assert loaded == image  # the byte had no meaning, such as a date


HEADER = {
    "format": "neurocorex-image", "version": VERSION, "config": CONFIG.to_dict(), "scale": 1.0, "meta": {},
    "registers": [register.name for register in controls(CONFIG)],
}  # fmt: skip
WEIGHTS = np.zeros((8, 5), np.int8)
OPEN_HEAD = b"\x93NUMPY\x01\x00\x08\x00{'a': ((\n"
HUGE = WEIGHTS.tobytes() + bytes(5000)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"header": None}, "no header.json", id="no header"),
        pytest.param({"header": b"{"}, "corrupt header", id="bad JSON"),
        pytest.param({"header": b"[" * 100_000}, "corrupt header", id="deep JSON"),
        pytest.param({"header": b"[1]"}, "another format", id="JSON of another kind"),
        pytest.param({"header": b" " * (1 << 21)}, "header is larger", id="large header"),
        pytest.param({"header": HEADER | {"format": "other"}}, "another format", id="other format"),
        pytest.param({"header": HEADER | {"version": VERSION + 1}}, "version 5 .* update", id="later version"),
        pytest.param({"header": HEADER | {"version": True}}, "version True", id="no version"),
        pytest.param({"header": HEADER | {"config": {"neurons": 0}}}, "bad header", id="bad geometry"),
        pytest.param({"header": HEADER | {"config": 3}}, "bad header", id="geometry of a wrong type"),
        pytest.param({"header": HEADER | {"scale": -1}}, "scale", id="bad scale"),
        pytest.param({"header": HEADER | {"config": {"neurons": 4}}}, "expected int8 of shape", id="other geometry"),
        pytest.param({"weights": None}, "weights", id="no weights"),
        pytest.param({"extra.npy": npy(WEIGHTS)}, "extra", id="unknown array"),
        pytest.param({"weights": npy(WEIGHTS.T)}, "shape", id="transposed"),
        pytest.param({"weights": npy(WEIGHTS.astype(float))}, "float64", id="floats"),
        pytest.param({"weights": npy(np.asfortranarray(WEIGHTS))}, "shape", id="other order"),
        pytest.param({"weights": npy(WEIGHTS)[:-1]}, "cut off", id="array cut off"),
        pytest.param({"weights": npy(WEIGHTS) + b"\0"}, "cut off or has bytes too many", id="array too long"),
        pytest.param({"weights": npy(WEIGHTS) + HUGE}, "bytes, expected 40", id="array far too long"),
        pytest.param({"weights": b"not an array"}, "corrupt head", id="no array"),
        pytest.param({"weights": OPEN_HEAD}, "corrupt head", id="head that never closes"),
        pytest.param({"weights": npy(np.array([[None]]), allow_pickle=True)}, "pickled", id="pickle"),
        pytest.param(
            {"control": npy(np.full(len(controls(CONFIG)), 9, np.uint32))}, "GAIN_INPUT", id="value out of range"
        ),
    ],
)
def test_strange_file_is_refused(changes, message):
    changes = {k: json.dumps(v).encode() if isinstance(v, dict) else v for k, v in changes.items()}
    with pytest.raises(FileFormatError, match=message):
        Image.from_bytes(repacked(random_image().to_bytes(), **changes))


def test_plain_npz_is_refused(tmp_path):
    np.savez(tmp_path / "data.npz", a=np.zeros(3))
    with pytest.raises(FileFormatError, match="another format"):
        Image.load(tmp_path / "data.npz")


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", b"\x89PNG\r\n", bytes(1000)], ids=["empty", "text", "png", "zero"]
)
def test_other_files_are_refused(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(FileFormatError, match="not an image"):
        Image.load(tmp_path / "file")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"nowhere\.npz: No such file"):
        Image.load(tmp_path / "nowhere.npz")


def test_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FileFormatError, match="cannot write"):
        random_image().save(tmp_path / "no" / "folder.npz")
