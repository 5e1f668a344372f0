"""Random images of a chip, and their control registers as numbers."""

import numpy as np
from neurocorex.image import Image, program_regions, region_shape, state_regions
from neurocorex.spec import CoreConfig, Region, controls, layout

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
