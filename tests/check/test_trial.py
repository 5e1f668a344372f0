"""Random trials: they reach into every corner, and come back from a file."""

from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.selftest import check
from neurocorex.check.trial import GEOMETRIES, Trial
from neurocorex.errors import FileFormatError
from neurocorex.image.content import value_range
from neurocorex.spec import Control, CoreConfig, Flag, Learning, Region, controls

IDS = ["none", "exponential", "window", "groups", "rules", "eligibility"]
BUSY = ("spikes", "input_events", "recurrent_events", "saturations")
LEARNING = ("potentiations", "depressions", "clips_low", "clips_high")


@pytest.mark.parametrize("config", GEOMETRIES, ids=IDS)
def test_trials_exercise_the_model(config):
    total = dict.fromkeys((*BUSY, *LEARNING), 0)
    with ncx.open("emulator", config=config) as device:
        for seed in range(6):
            trial = Trial.random(config, seed, 30)
            device.load(trial.image)
            counters = device.run(spikes=trial.stimulus).counters
            total = {name: count + counters[name] for name, count in total.items()}
    assert all(total[name] > 50 for name in (*BUSY, *(LEARNING if config.learning else ())))


@pytest.mark.parametrize("config", GEOMETRIES, ids=IDS)
def test_device_that_is_right_differs_in_nothing(config):
    with ncx.open("emulator", config=config) as device:
        assert check(device, Trial.random(config, 1, 20)) == []


def test_same_seed_same_trial():
    one, two = (Trial.random(GEOMETRIES[1], 5, 20) for _ in range(2))
    assert (one.image, one.stimulus) == (two.image, two.stimulus)
    assert Trial.random(GEOMETRIES[1], 6, 20).image != one.image


def test_lanes_have_no_part_in_a_trial():
    one, two = (Trial.random(replace(GEOMETRIES[1], lanes=lanes), 5, 20) for lanes in (1, 16))
    assert one.stimulus == two.stimulus
    assert all(np.array_equal(values, two.image.regions[region]) for region, values in one.image.regions.items())


def test_a_row_more_changes_no_draw_of_the_others():
    plain, learning = CoreConfig(neurons=9, inputs=3), CoreConfig(neurons=9, inputs=3, learning=Learning.EXPONENTIAL)
    one, two = (Trial.random(config, 5, 1).image.regions for config in (plain, learning))
    assert set(one) < set(two)
    for region in set(one) - {Region.CONTROL}:
        assert np.array_equal(one[region], two[region]), region.name
    shared = [register for register in controls(plain) if register.bits(plain)]
    assert np.array_equal(one[Region.CONTROL][shared], two[Region.CONTROL][shared])


@pytest.mark.parametrize("config", GEOMETRIES, ids=IDS)
def test_regions_reach_the_ends_of_their_ranges(config):
    images = [Trial.random(config, seed, 1).image for seed in range(30)]
    for region in images[0].regions:
        values = np.concatenate([image.regions[region].reshape(-1) for image in images])
        if region not in (Region.CONTROL, Region.IN_USE):
            assert (values.min(), values.max()) == value_range(region, config), region.name


@pytest.mark.parametrize("config", GEOMETRIES[1:], ids=IDS[1:])
def test_registers_have_tame_values_and_now_and_then_others(config):
    drawn = np.array([Trial.random(config, seed, 1).image.regions[Region.CONTROL] for seed in range(80)])
    for register in controls(config):
        assert len(set(drawn[:, register])) >= min(3, 1 << register.bits(config)), register.name
    assert set(drawn[:, Control.MODULATION]) > {256, 77}


def test_fixed_registers_keep_their_value():
    trial = Trial.random(GEOMETRIES[2], 5, 400, fixed={Control.DRIFT_STEP: -1, Control.LEARNING: 3})
    control = trial.image.regions[Region.CONTROL]
    assert (control[Control.DRIFT_STEP], control[Control.LEARNING]) == (0xFFFF, 3)
    changed = set(trial.stimulus.change_register.tolist())
    assert not changed & {Control.DRIFT_STEP, Control.LEARNING}
    assert changed >= {Control.GATE, Control.MODULATION}


def test_everything_can_be_recorded():
    flags = Trial.random(GEOMETRIES[0], 5, 2, record_all=True).image.regions[Region.FLAGS]
    assert (flags & (Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE) == Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE).all()


@pytest.mark.parametrize("config", GEOMETRIES, ids=IDS)
def test_trial_survives_a_file(config, tmp_path):
    trial = Trial.random(config, 2, 30)
    trial.save(tmp_path / "trial.npz")
    again = Trial.load(tmp_path / "trial.npz")
    assert (again.image, again.stimulus) == (trial.image, trial.stimulus)


@pytest.mark.parametrize("damage", ["truncated", "text", "missing", "pickle", "another", "half"])
def test_bad_files_are_refused(damage, tmp_path):
    path = tmp_path / "trial.npz"
    trial = Trial.random(GEOMETRIES[1], 2, 3)
    trial.save(path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-50])
    elif damage == "text":
        path.write_text("not a trial")
    elif damage == "missing":
        path.unlink()
    elif damage == "pickle":
        np.savez(path, image=np.array([object()]), stimulus=np.zeros(1, np.uint8))
    elif damage == "another":
        trial.image.save(path)
    else:
        image, stimulus = trial.image.to_bytes(), trial.stimulus.encode() + b"\5"
        np.savez(path, image=np.frombuffer(image, np.uint8), stimulus=np.frombuffer(stimulus, np.uint8))
    with pytest.raises(FileFormatError, match=r"trial\.npz"):
        Trial.load(path)
