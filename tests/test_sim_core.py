"""The exported Verilog of the core equals the emulator, bit for bit, on two simulators and after synthesis."""

import pytest
from neurocorex.spec import CoreConfig
from neurocorex_sim.export import NETLIST_DEFINES, core_netlist, core_verilog, ice40_cells
from neurocorex_sim.runner import run_bench

CONFIGS = {
    "default_widths": CoreConfig(neurons=24, inputs=12, lanes=8),
    "narrowest": CoreConfig(
        neurons=9, inputs=6, lanes=1, weight_bits=4, state_bits=16, refractory_bits=1, max_delay=1, adaptation=False
    ),
    "widest": CoreConfig(
        neurons=19, inputs=9, lanes=4, weight_bits=16, state_bits=24, refractory_bits=16, max_delay=32
    ),
    "one_row_in_one_word": CoreConfig(neurons=16, inputs=5, lanes=16, weight_bits=4, state_bits=19, max_delay=7),
    "more_lanes_than_neurons": CoreConfig(neurons=5, inputs=20, lanes=16, state_bits=17, max_delay=2),
    "weights_wide_as_state": CoreConfig(neurons=12, inputs=8, lanes=2, weight_bits=16, state_bits=16, adaptation=False),
    "single_neuron": CoreConfig(neurons=1, inputs=1, lanes=1, max_delay=3),
}


def settings(config, *, seed, trials, steps):
    return {"config": config.to_dict(), "seed": seed, "trials": trials, "steps": steps}


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_core_equals_emulator_on_icarus(config, tmp_path):
    given = settings(config, seed=10, trials=3, steps=40)
    run_bench("core", "core", core_verilog(config), simulator="icarus", folder=tmp_path, settings=given)


@pytest.mark.slow
def test_core_equals_emulator_on_verilator(tmp_path):
    config = CONFIGS["default_widths"]
    given = settings(config, seed=20, trials=8, steps=60)
    run_bench("core", "core", core_verilog(config), simulator="verilator", folder=tmp_path, settings=given)


@pytest.mark.slow
def test_core_equals_emulator_after_synthesis(tmp_path):
    config = CoreConfig(neurons=6, inputs=4, lanes=2, state_bits=16, refractory_bits=3, max_delay=4)
    run_bench(
        "core",
        "core",
        core_netlist(config, tmp_path),
        simulator="icarus",
        folder=tmp_path,
        settings=settings(config, seed=30, trials=1, steps=24),
        sources=[ice40_cells()],
        defines=NETLIST_DEFINES,
    )
