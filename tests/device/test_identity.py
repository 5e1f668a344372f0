"""Identity of what a chip holds: the same on each chip that has room for a network."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.device.identity import of_chip
from neurocorex.device.loaded import LoadedNetwork
from neurocorex.image import Image
from neurocorex.spec import Clear, Control, CoreConfig, Learning, LearningFlag, Region

PLAIN = CoreConfig(neurons=7, inputs=5, learning=Learning.EXPONENTIAL)
ERRORS = replace(PLAIN, errors=True)
RULES = replace(PLAIN, rules=2, terms=True)


def identity(image: Image) -> dict[str, str]:
    network = LoadedNetwork()
    network.arrive(image)
    return of_chip(image.regions, network, image.config, Clear(0))


@pytest.mark.parametrize("learns", [True, False])
def test_network_without_errors_is_the_same_on_a_chip_that_has_them(learns: bool) -> None:
    regions = dict(Trial.random(PLAIN, 3, 1, fixed={Control.LEARNING: LearningFlag.ENABLE}).image.regions)
    regions[Region.IN_USE] = np.zeros(2, int)
    if not learns:
        regions[Region.PLASTIC] = np.zeros_like(regions[Region.PLASTIC])
    image = Image(PLAIN, regions)
    assert identity(image.fit(ERRORS)) == identity(image)


@pytest.mark.parametrize("region", [Region.FEEDBACK, Region.ERROR])
def test_feedback_axons_and_errors_are_part_of_a_network_that_learns(region: Region) -> None:
    image = Trial.random(ERRORS, 3, 1).image
    other = image.regions[region].copy()
    other[2] ^= 1
    assert identity(Image(ERRORS, {**image.regions, region: other})) != identity(image)


@pytest.mark.parametrize("learns", [True, False])
def test_network_is_the_same_on_a_chip_with_more_rules(learns: bool) -> None:
    for few, many in ((PLAIN, RULES), (RULES, replace(RULES, rules=4))):
        regions = dict(Trial.random(few, 3, 1, fixed={Control.LEARNING: LearningFlag.ENABLE}).image.regions)
        regions[Region.IN_USE] = np.zeros(2, int)
        if not learns:
            regions[Region.PLASTIC] = np.zeros_like(regions[Region.PLASTIC])
        image = Image(few, regions)
        assert identity(image.fit(many)) == identity(image)


def test_rules_are_part_of_a_network_that_learns() -> None:
    image = Trial.random(RULES, 3, 1).image
    others = {Region.RULE: image.regions[Region.RULE] ^ 2, Region.CONTROL: image.regions[Region.CONTROL].copy()}
    others[Region.CONTROL][Control.POST_ONLY_1] ^= 1
    for region, other in others.items():
        assert identity(Image(RULES, {**image.regions, region: other})) != identity(image)
        fixed = {Region.PLASTIC: np.zeros_like(image.regions[Region.PLASTIC])}
        still = identity(Image(RULES, {**image.regions, **fixed}))
        assert identity(Image(RULES, {**image.regions, **fixed, region: other})) == still
