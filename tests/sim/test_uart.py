"""The whole chip, as Verilog, through its UART pins: the unmodified `Device` on two simulators."""

import pytest
from neurocorex.spec import CoreConfig, Learning
from neurocorex_sim.chip import chip_verilog
from neurocorex_sim.runner import run_bench

CLOCK_HZ, BAUD = 4_000_000, 1_000_000  # four cycles a bit, the fewest
SMALL = CoreConfig(
    neurons=5, inputs=3, extra_axons=1, lanes=2, state_bits=17, refractory_bits=3, max_delay=3, frame_bytes=64,
    rx_frames=2, tx_frames=2, learning=Learning.EXPONENTIAL,
)  # fmt: skip
LARGER = CoreConfig(
    neurons=11, inputs=7, lanes=2, weight_bits=4, max_delay=9, adaptation=False, frame_bytes=128,
    learning=Learning.WINDOW, window_steps=3,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("simulator", "config", "steps"), [("icarus", SMALL, 8), ("verilator", LARGER, 16)])
def test_device_through_the_pins_equals_emulator(simulator, config, steps, tmp_path):
    given = {"config": config.to_dict(), "seed": 40, "steps": steps, "clock_hz": CLOCK_HZ}
    verilog = chip_verilog(config, CLOCK_HZ, BAUD)
    run_bench("chip", "neurocorex", verilog, simulator=simulator, folder=tmp_path, settings=given)
