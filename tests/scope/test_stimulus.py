"""Stimulus of a live run: seeded, independent of blocks, and in patterns."""

import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.scope.stimulus import PATTERNS, LiveStimulus


@pytest.mark.parametrize("pattern", PATTERNS)
def test_spikes_do_not_depend_on_the_blocks(pattern: str) -> None:
    one, many = (LiveStimulus(16, rate_hz=100.0, pattern=pattern, seed=4) for _ in range(2))
    assert np.array_equal(one.block(600), np.concatenate([many.block(steps) for steps in (1, 99, 7, 493)]))


def test_rate_is_the_rate() -> None:
    spikes = LiveStimulus(100, dt_ms=0.5, rate_hz=40.0).block(10_000)
    assert spikes.mean() / 0.0005 == pytest.approx(40.0, rel=0.02)


def test_bump_goes_around() -> None:
    stimulus = LiveStimulus(64, rate_hz=1000.0, pattern="moving bump")
    spikes = stimulus.block(2000)
    assert [int(spikes[at - 50 : at + 50].sum(axis=0).argmax()) // 8 for at in (250, 750, 1250, 1750)] == [1, 3, 5, 7]


def test_groups_take_turns() -> None:
    spikes = LiveStimulus(16, rate_hz=500.0, pattern="groups in turn").block(500)
    assert np.flatnonzero(spikes[:250].any(axis=0)).tolist() == [0, 1]
    assert np.flatnonzero(spikes[250:].any(axis=0)).tolist() == [2, 3]


def test_image_scales_the_rates() -> None:
    spikes = LiveStimulus(3, rate_hz=1000.0, image=[0.0, 0.5, 1.0]).block(2000)
    assert spikes.mean(axis=0) == pytest.approx([0.0, 0.5, 1.0], abs=0.04)


def test_recording_is_repeated() -> None:
    recording = np.random.default_rng(1).random((7, 5)) < 0.5
    stimulus = LiveStimulus(5, recording=recording)
    assert stimulus.pattern == "replay"
    assert np.array_equal(stimulus.block(21), np.tile(recording, (3, 1)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate_hz": 2000.0}, "0 to 1000"),
        ({"pattern": "stripes"}, "choose from 'uniform'"),
        ({"image": [0.5]}, "got 1"),
        ({"image": [2.0, 0, 0, 0]}, "0 to 1"),
        ({"recording": np.zeros((0, 4), bool)}, r"\[steps, 4\]"),
    ],
    ids=["rate", "pattern", "size", "intensity", "recording"],
)
def test_wrong_stimulus_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LiveStimulus(4, **given)
