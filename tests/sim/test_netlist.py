"""The core after synthesis, its block RAM and multipliers included, equals the emulator while it learns."""

from dataclasses import replace

import pytest
from neurocorex.fpga.parts import ECP5_25F, HX8K, UP5K
from neurocorex.spec import CoreConfig, Learning
from neurocorex_sim.netlist import TOP, cells, core_netlist
from neurocorex_sim.runner import run_bench

SMALL = CoreConfig(
    neurons=5, inputs=3, extra_axons=1, lanes=2, weight_bits=4, state_bits=16, refractory_bits=3, max_delay=4,
    learning=Learning.EXPONENTIAL, trace_bits=6,
)  # fmt: skip
#: With weights in the large memories of the UP5K, and products in its multipliers.
LARGE = replace(SMALL, weight_bits=8, weight_ports=1, extra_axons=0)
#: With weights that are too many for memory in LUTs.
DEEP = replace(SMALL, neurons=9, inputs=8, weight_bits=8, extra_axons=0)
#: Part, geometry, and cells that have to be in the netlist.
NETLISTS = {
    "ice40": (HX8K, SMALL, {"SB_RAM40_4K"}),
    "up5k": (UP5K, LARGE, {"SB_RAM40_4K", "SB_SPRAM256KA", "SB_MAC16"}),
    "ecp5": (ECP5_25F, DEEP, {"DP16KD", "MULT18X18D", "TRELLIS_DPR16X4"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETLISTS)
def test_core_equals_emulator_after_synthesis(name, tmp_path):
    part, config, hard = NETLISTS[name]
    given = {"config": config.to_dict(), "seed": 30, "trials": 1, "steps": 6, "aborts": 0}
    models, netlist = cells(part.family), core_netlist(config, part, tmp_path)
    assert hard <= set(netlist.split())
    run_bench(
        "core", TOP, netlist, simulator="icarus", folder=tmp_path, settings=given, sources=models.sources,
        defines=models.defines,
    )  # fmt: skip
