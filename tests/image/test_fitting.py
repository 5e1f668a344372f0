"""Fitting of an image: the move to a larger chip, and what keeps a network off a chip."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.errors import FitError
from neurocorex.image import Image, blank, program_regions
from neurocorex.spec import Control, CoreConfig, Learning, LearningFlag, Region
from neurocorex.spec.registers import NOBODY
from support.images import CONFIG, control_values, random_image, random_regions


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
