"""Conditioning: the session, the neurons on a device beside a model in floats, and rewards that follow no cue."""

from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import conditioning
from neurocorex.demos.conditioning import Settings, answers, build, learn, pays_of, probe, session
from neurocorex.spec import Control

SHORT = Settings(cues=60, probes=10)


def rewards_of(stream):
    """Steps and sizes of rewards."""
    chosen = stream.change_register == Control.REWARD
    values = stream.change_value[chosen].astype(np.int64)
    return stream.change_step[chosen], np.where(values >= 1 << 31, values - (1 << 32), values) / 256


@pytest.mark.parametrize("seed", range(3))
def test_rewards_follow_the_cue_that_pays_by_seconds(seed):
    settings, pays = Settings(), pays_of(seed)
    drawn = session(settings, pays, seed)
    steps, sizes = rewards_of(drawn.stream)
    paid, at = drawn.start[drawn.cue == pays], steps[sizes > 0]
    assert 0.5 < len(at) / len(paid) <= 1  # two rewards may fall into one step, or one into that of a cost
    for step in at:
        lags = step - paid[paid < step]
        assert ((lags >= settings.delay[0]) & (lags <= settings.delay[1])).any()
    gaps = np.diff(drawn.start)
    assert settings.interval[0] <= gaps.min() < gaps.max() <= settings.interval[1]
    # What is taken off is a quarter more than what comes, but for the cues that were drawn.
    assert -sizes[sizes < 0].sum() == pytest.approx(settings.cost * settings.reward * len(paid), rel=0.25)


def in_floats(settings, seed, drawn, weights=None):
    """The session with leaky neurons and STDP in floats: exponentials from one step with an event to the next."""
    net = build(settings, seed)
    rule = next(iter(net.rules))
    cues, membrane_ms, gap = 2 * settings.per_cue, 15.0, 20
    w = np.array(net.weights[: settings.inputs], float) if weights is None else weights.copy()
    table = drawn.stream.dense(settings.inputs)
    reward = dict(zip(*map(np.ndarray.tolist, rewards_of(drawn.stream)), strict=True))
    v, y = np.zeros(settings.neurons), np.zeros(settings.neurons)
    x, gathered, quiet_until = np.zeros(cues), np.zeros((cues, settings.neurons)), np.zeros(settings.neurons, int)
    fired, before = [], 0
    for step in sorted({*np.flatnonzero(table.any(axis=1)).tolist(), *reward}):
        passed, arrives, before = step - before, table[step], step
        v *= np.exp(-passed / membrane_ms)
        x *= np.exp(-passed / rule.tau_pre_ms)
        y *= np.exp(-passed / rule.tau_post_ms)
        gathered *= np.exp(-passed / rule.eligibility_tau_ms)
        # One step after a spike its trace is whole.
        gathered += rule.depression * np.exp(1 / rule.tau_post_ms) * arrives[:cues, None] * y
        v += arrives @ w
        x += arrives[:cues]
        fires = (v > 1) & (step >= quiet_until)
        gathered += rule.potentiation * np.exp(1 / rule.tau_pre_ms) * x[:, None] * fires
        y += fires
        v[fires] = 0
        quiet_until[fires] = step + gap + 1
        fired += [step] * int(fires.sum())
        w[:cues] = np.clip(w[:cues] + reward.get(step, 0) * gathered, *rule.bounds)
    return w, np.array(fired)


@pytest.mark.parametrize("seed", [0, 1])
def test_neurons_learn_what_floats_learn(seed):
    pays = pays_of(seed)
    drawn, asked = session(SHORT, pays, seed), probe(SHORT, seed)
    weights, fired = in_floats(SHORT, seed, drawn)
    answered = answers(fired, drawn, SHORT)
    late = in_floats(SHORT, seed, asked, weights)[1]
    expected = [answers(late, asked, SHORT)[asked.cue == cue].mean() for cue in (0, 1)]
    with ncx.open("emulator") as device:
        outcome = learn(device, SHORT, seed=seed)
    assert outcome.right
    assert np.argmax(expected) == pays
    assert outcome.answered == pytest.approx(expected, abs=0.15)
    for name, cue in (("pays", pays), ("other", 1 - pays)):
        blocks = [answered[first : first + 20][drawn.cue[first : first + 20] == cue].mean() for first in (0, 20, 40)]
        assert outcome.curve[name] == pytest.approx(blocks, abs=0.15)
    strength = weights[: 2 * SHORT.per_cue].reshape(2, -1).mean(axis=1)
    assert outcome.strength == pytest.approx(strength, abs=0.02)


def test_rewards_that_follow_no_cue_teach_nothing(monkeypatch):
    """The same cues and as many rewards, at other times."""

    def shuffled(settings, pays, seed):
        drawn = session(settings, pays, seed)
        rng, stream = np.random.default_rng(seed), drawn.stream
        steps, sizes = rewards_of(stream)
        at = np.sort(rng.choice(stream.steps, len(steps), replace=False))
        bare = stream.with_changes(*(column[:0] for column in stream.columns[6:]))
        return replace(drawn, stream=bare.rewarding(at, rng.permutation(sizes)))

    contrasts = {}
    for name, drawn in (("follow", session), ("random", shuffled)):
        monkeypatch.setattr(conditioning, "session", drawn)
        found = []
        for seed in range(4):
            with ncx.open("emulator") as device:
                outcome = learn(device, replace(SHORT, cues=120), seed=seed)
            found.append(outcome.strength[outcome.pays] - outcome.strength[1 - outcome.pays])
        contrasts[name] = np.array(found)
    assert contrasts["follow"].min() > 0.05
    assert abs(contrasts["random"].mean()) < 0.4 * contrasts["follow"].mean()


def test_each_cue_pays_for_some_seeds():
    assert {pays_of(seed) for seed in range(10)} == {0, 1}
