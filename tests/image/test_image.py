"""Image: validation, files that may come from a stranger, and the move to a larger chip."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from neurocorex.errors import FileFormatError, FitError, InputError
from neurocorex.image import Image, blank, program_regions, region_shape, state_regions
from neurocorex.image.file import VERSION
from neurocorex.spec import Control, CoreConfig, Learning, LearningFlag, Region, controls, layout
from neurocorex.spec.registers import NOBODY

CONFIG = CoreConfig(neurons=5, inputs=3, lanes=4, max_delay=32)


def random_regions(config=CONFIG, snapshot=False, seed=1):
    rng = np.random.default_rng(seed)
    regions = {}
    for region in (*program_regions(config), *(state_regions(config) if snapshot else ())):
        low, high = layout(region, config).range
        if region is Region.CONTROL:
            regions[region] = np.array([rng.integers(1 << control.bits(config)) for control in controls(config)])
        else:
            regions[region] = rng.integers(low, high, region_shape(region, config), endpoint=True)
    regions[Region.IN_USE][:] = 0
    regions[Region.DELAY] %= config.max_delay + 1
    if config.groups:
        regions[Region.GROUP] %= config.groups + 1
    if config.extra_axons:
        regions[Region.EXTRA_DELAY] %= config.max_delay + 1
    if snapshot and not config.adaptation:
        regions[Region.ADAPTATION][:] = 0
    return regions


def random_image(config=CONFIG, snapshot=False, seed=1):
    return Image(config, random_regions(config, snapshot, seed), 2.5, {"name": "test", "accuracy": 0.5})


def control_values(image):
    """Control registers as numbers with their sign, by name."""
    held = zip(controls(image.config), image.regions[Region.CONTROL].tolist(), strict=True)
    bits = {register: register.bits(image.config) for register in controls(image.config)}
    return {
        register.name: value - (1 << bits[register]) if register.signed and value >> (bits[register] - 1) else value
        for register, value in held
        if bits[register]
    }


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


def test_same_chip_needs_no_fitting():
    image = random_image()
    assert image.fit(CONFIG) is image


def test_fitting_moves_recurrent_rows_and_pads_with_silence():
    image = random_image(snapshot=True)
    larger = CoreConfig(neurons=9, inputs=4, lanes=2, weight_bits=16, state_bits=24, max_delay=32)
    fitted = image.fit(larger)
    assert fitted.config == larger
    assert np.array_equal(fitted.weights[:3, :5], image.weights[:3])
    assert np.array_equal(fitted.weights[4:9, :5], image.weights[3:])
    assert not fitted.weights[3].any()
    assert not fitted.weights[9:].any()
    assert not fitted.weights[:, 5:].any()
    for region in set(image.regions) - {Region.WEIGHTS, Region.CONTROL}:
        assert np.array_equal(fitted.regions[region][:5], image.regions[region])
        assert not fitted.regions[region][5:].any()


def test_fitting_forgets_spikes_beyond_the_deepest_delay():
    regions = random_regions(snapshot=True)
    regions[Region.DELAY][:] = 2
    fitted = Image(CONFIG, regions).fit(CoreConfig(neurons=5, inputs=3, max_delay=2))
    assert np.array_equal(fitted.regions[Region.HISTORY], regions[Region.HISTORY] & 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"neurons": 4}, r"5 neurons \(the chip has 4\)", id="neurons"),
        pytest.param({"inputs": 2}, r"3 inputs \(the chip has 2\)", id="inputs"),
        pytest.param({"weight_bits": 4}, r"weights .* -8 to 7", id="weights"),
        pytest.param({"state_bits": 16}, r"threshold .* -32768 to 32767", id="state"),
        pytest.param({"refractory_bits": 1}, r"refractory .* 0 to 1", id="refractory"),
        pytest.param({"max_delay": 1}, r"delay .* 0 to 1", id="delay"),
        pytest.param({"adaptation": False}, "adaptive threshold", id="adaptation"),
    ],
)
def test_chip_that_is_too_small_is_refused_with_the_limit(change, message):
    with pytest.raises(FitError, match=message):
        random_image().fit(CoreConfig(**(CONFIG.to_dict() | change)))


LEARNING = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL, extra_axons=2)


def test_fitting_moves_feedback_axons_and_errors():
    small, large = (
        CoreConfig(neurons=n, inputs=m, learning=Learning.EXPONENTIAL, extra_axons=e, errors=True)
        for n, m, e in ((5, 3, 2), (9, 4, 6))
    )
    image = random_image(small, snapshot=True)
    fitted = image.fit(large)
    rows = [0, 1, 2, *range(4, 9), 13, 14]
    assert np.array_equal(fitted.regions[Region.FEEDBACK][rows], image.regions[Region.FEEDBACK])
    assert fitted.regions[Region.FEEDBACK].sum() == image.regions[Region.FEEDBACK].sum() > 0
    assert np.array_equal(fitted.regions[Region.ERROR][:5], image.regions[Region.ERROR])
    assert fitted.regions[Region.CONTROL][Control.DEADBAND] == image.regions[Region.CONTROL][Control.DEADBAND]


@pytest.mark.parametrize("feature", ["feedback axon", "rule"])
def test_network_with_errors_fits_no_chip_without_them(feature):
    config = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL, errors=True)
    regions = {region: blank(region, config) for region in random_image(config).regions}
    plain = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL)
    assert Image(config, regions).fit(plain).config == plain
    if feature == "rule":
        regions[Region.CONTROL][Control.LEARNING] = LearningFlag.ENABLE | LearningFlag.ERRORS
    else:
        regions[Region.FEEDBACK][4] = 1
    with pytest.raises(FitError, match="errors"):
        Image(config, regions).fit(plain)


def test_fitting_moves_groups_and_first_neurons():
    chips = [
        CoreConfig(neurons=n, inputs=3, learning=Learning.EXPONENTIAL, errors=True, groups=g)
        for n, g in ((5, 3), (9, 6))
    ]
    image = random_image(chips[0], snapshot=True)
    fitted = image.fit(chips[1])
    assert fitted.regions[Region.GROUP].tolist() == [*image.regions[Region.GROUP], *[0] * 4]
    assert fitted.regions[Region.FIRST].tolist() == [*image.regions[Region.FIRST], *[NOBODY] * 3]


def test_network_with_groups_fits_chips_that_have_those_in_use():
    config = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL, errors=True, groups=6)
    regions = {region: blank(region, config) for region in random_image(config, snapshot=True).regions}
    plain, fewer = (replace(config, groups=groups) for groups in (0, 2))
    assert Image(config, regions).fit(plain).config == plain
    regions[Region.GROUP][:2] = 1, 2
    regions[Region.FIRST][:3] = 4, 3, 4
    assert Image(config, regions).fit(fewer).regions[Region.FIRST].tolist() == [4, 3, 4]
    with pytest.raises(FitError, match="groups of neurons"):
        Image(config, regions).fit(plain)
    regions[Region.GROUP][1] = 3
    with pytest.raises(FitError, match=r"group 3 \(the chip holds 0 to 2\)"):
        Image(config, regions).fit(fewer)


def test_fitting_moves_eligibilities():
    small, large = (
        CoreConfig(neurons=n, inputs=m, learning=Learning.EXPONENTIAL, eligibility=True) for n, m in ((5, 3), (9, 4))
    )
    image = random_image(small)
    held = image.fit(large).regions[Region.ELIGIBILITY]
    assert np.array_equal(held[np.ix_([0, 1, 2, 4, 5, 6, 7, 8], range(5))], image.regions[Region.ELIGIBILITY])
    assert np.count_nonzero(held) == np.count_nonzero(image.regions[Region.ELIGIBILITY])


@pytest.mark.parametrize("feature", ["rule", "values"])
def test_network_with_eligibility_fits_no_chip_without_it(feature):
    config = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL, eligibility=True)
    plain = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL)
    regions = {region: blank(region, config) for region in program_regions(config)}
    assert Image(config, regions).fit(plain).config == plain
    if feature == "rule":
        regions[Region.CONTROL][Control.LEARNING] = LearningFlag.ENABLE | LearningFlag.ELIGIBLE
    else:
        regions[Region.ELIGIBILITY][4, 1] = -1
    with pytest.raises(FitError, match="eligibility"):
        Image(config, regions).fit(plain)


def test_fitting_moves_contexts():
    small, large = (CoreConfig(neurons=n, inputs=3, contexts=contexts) for n, contexts in ((5, 4), (9, 8)))
    image = random_image(small)
    fitted = image.fit(large)
    for region, neutral in ((Region.CONTEXT_BIAS, 0), (Region.CONTEXT_GAIN, 256)):
        held = fitted.regions[region]
        assert np.array_equal(held[:4, :5], image.regions[region])
        assert (held[4:] == neutral).all()
        assert (held[:, 5:] == neutral).all()


@pytest.mark.parametrize("feature", ["bias", "gain", "in force"])
def test_network_fits_no_chip_that_lacks_one_of_its_contexts(feature):
    config = CoreConfig(neurons=5, inputs=3, contexts=4)
    fewer, plain = (CoreConfig(neurons=5, inputs=3, contexts=contexts) for contexts in (2, 1))
    for used, fits in ((0, True), (1, True), (2, False)):
        regions = {region: blank(region, config) for region in program_regions(config)}
        assert Image(config, regions).fit(plain).config == plain
        if feature == "in force":
            regions[Region.CONTROL][Control.CONTEXT] = used
        else:
            regions[Region[f"CONTEXT_{feature.upper()}"]][used, 2] = 7
        image = Image(config, regions)
        if fits:
            assert image.fit(fewer).fit(config) == image
        else:
            with pytest.raises(FitError, match=r"3 contexts \(the chip has 2\)"):
                image.fit(fewer)
        if used or feature != "in force":
            with pytest.raises(FitError, match=rf"{used + 1} contexts \(the chip has 1\)"):
                image.fit(plain)


def test_fitting_moves_extra_axons_and_what_learns():
    image = random_image(LEARNING, snapshot=True)
    larger = CoreConfig(neurons=9, inputs=4, learning=Learning.EXPONENTIAL, extra_axons=6, state_bits=24)
    fitted = image.fit(larger)
    rows = [0, 1, 2, *range(4, 9), 13, 14]
    for region in (Region.WEIGHTS, Region.PLASTIC):
        assert np.array_equal(fitted.regions[region][rows, :5], image.regions[region])
        assert fitted.regions[region].sum() == image.regions[region].sum()
    assert np.array_equal(fitted.regions[Region.PRE_TRACE][rows], image.regions[Region.PRE_TRACE])
    for region in (Region.EXTRA_SOURCE, Region.EXTRA_DELAY):
        assert np.array_equal(fitted.regions[region][:2], image.regions[region])
    assert control_values(fitted) == control_values(image)


def test_network_that_does_not_learn_fits_chips_that_could_and_back():
    image = random_image(snapshot=True)
    fitted = image.fit(CoreConfig(neurons=5, inputs=3, max_delay=32, learning=Learning.WINDOW))
    assert not fitted.regions[Region.PLASTIC].any()
    assert fitted.fit(CONFIG) == image


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"learning": 0}, r"learning = 1 to learn \(the chip has 0\)", id="no learning"),
        pytest.param({"learning": 2}, r"learning = 1 to learn \(the chip has 2\)", id="other traces"),
        pytest.param({"trace_bits": 13}, r"trace_bits = 12 to learn \(the chip has 13\)", id="trace bits"),
        pytest.param({"weight_bits": 16}, r"weight_bits = 8 to learn \(the chip has 16\)", id="weight bits"),
        pytest.param({"extra_axons": 1}, r"2 extra axons \(the chip has 1\)", id="extra axons"),
    ],
)
def test_chip_that_learns_otherwise_is_refused(change, message):
    with pytest.raises(FitError, match=message):
        random_image(LEARNING).fit(CoreConfig(**(LEARNING.to_dict() | change)))


RULES = CoreConfig(neurons=5, inputs=3, learning=Learning.EXPONENTIAL, rules=2, terms=True)


def image_of_rules(config=RULES, *, rule=0, registers=None, learns=True):
    """An image whose first neuron takes these rows, with these registers."""
    regions = {region: blank(region, config) for region in random_image(config).regions}
    regions[Region.RULE][0] = rule
    regions[Region.PLASTIC][:] = learns
    for register, value in (registers or {}).items():
        regions[Region.CONTROL][register] = value
    return Image(config, regions)


def test_fitting_moves_rules_by_side():
    image = random_image(RULES)
    fitted = image.fit(CoreConfig(neurons=9, inputs=4, learning=Learning.EXPONENTIAL, rules=4, terms=True))
    rule, moved = image.regions[Region.RULE], fitted.regions[Region.RULE]
    assert ((moved[:5] & 3).tolist(), (moved[:5] >> 2).tolist()) == ((rule & 1).tolist(), (rule >> 1).tolist())
    assert set(moved[:5].tolist()) <= {0, 1, 4, 5}
    assert not moved[5:].any()
    assert control_values(fitted).items() >= control_values(image).items()
    assert image.fit(replace(RULES, rules=4)).fit(RULES) == image


@pytest.mark.parametrize(
    ("needs", "change", "message"),
    [
        pytest.param({"rule": 0b01}, {"rules": 1}, r"2 rules \(the chip has 1\)", id="rule of inputs"),
        pytest.param({"rule": 0b10}, {"rules": 1}, r"2 rules \(the chip has 1\)", id="rule of all others"),
        pytest.param({"registers": {Control.OFFSET: 3}}, {"terms": False}, r"terms of rules \(the", id="term"),
        pytest.param({"rule": 1, "registers": {Control.POST_ONLY_1: 3}}, {"terms": False}, "terms", id="term of a row"),
    ],
)
def test_network_with_rules_fits_no_chip_without_them(needs, change, message):
    """Unless nothing follows them."""
    config = replace(RULES, **change)
    with pytest.raises(FitError, match=message):
        image_of_rules(**needs).fit(config)
    assert image_of_rules(**needs, learns=False).fit(config).config == config
    unused = image_of_rules(registers={Control.WEIGHT_MIN_1: 7, Control.POST_ONLY_1: 7})
    assert unused.fit(config).config == config


def test_errors_of_a_rule_need_a_chip_with_errors():
    config = replace(RULES, errors=True)
    image = image_of_rules(config, rule=1, registers={Control.RULE_1: LearningFlag.ERRORS})
    with pytest.raises(FitError, match="errors"):
        image.fit(RULES)
