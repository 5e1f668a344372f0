"""cocotb benches, started by `neurocorex_sim.runner.run_bench`."""
