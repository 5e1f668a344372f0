"""cocotb benches; `neurocorex_sim.runner.run_bench` starts them."""
