"""After power-up the memories of a core, and of the emulator, hold the defaults of the declared rows."""

import pytest
from neurocorex.emulator.emulator import Emulator
from neurocorex.spec import Control, CoreConfig, Learning, Region, controls, layout, regions
from support.corebench import on_core

CONFIGS = {
    "many lanes": CoreConfig(neurons=5, inputs=3, lanes=4, learning=Learning.EXPONENTIAL, extra_axons=2),
    "one lane": CoreConfig(neurons=5, inputs=3, lanes=1, learning=Learning.EXPONENTIAL, extra_axons=2),
}
#: A memory of its own, two fields of a shared one, a register that is copied and one that learning moves on.
DEFAULTS = {Region.BIAS: -5, Region.REFRACTORY: 3, Region.FLAGS: 4, Control.WEIGHT_MIN: -7, Control.RANDOM: 1 << 31}


@pytest.mark.parametrize("name", CONFIGS)
def test_memories_hold_defaults_after_power_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIGS[name]
    for row, default in DEFAULTS.items():
        monkeypatch.setattr(row.row, "default", default)
    emulator = Emulator(config)
    expected = {region: [DEFAULTS.get(region, 0)] * layout(region, config).items for region in regions(config)}
    expected[Region.CONTROL] = [DEFAULTS.get(each, 0) % (1 << each.bits(config)) for each in controls(config)]

    async def body(core):
        for region in sorted(set(expected) - {Region.INFO, Region.COUNTERS}):
            assert await core.read(region) == expected[region], region.name
            assert emulator.regions[region].reshape(-1).tolist() == expected[region], region.name

    on_core(config, body)
