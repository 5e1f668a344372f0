"""What starts the benches says what went wrong, and trials are worth running."""

import numpy as np
import pytest
from neurocorex.emulator.emulator import Emulator
from neurocorex.errors import MissingToolError
from neurocorex.spec import CoreConfig, Counter, layout
from neurocorex_sim.runner import SIMULATORS, BenchError, run_bench
from neurocorex_sim.trial import Trial


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_verilog_that_does_not_compile_is_shown(simulator, tmp_path):
    with pytest.raises(BenchError, match=r"(?s)core on .*broken\.v"):
        run_bench("core", "broken", "module broken (input clk) endmodule", simulator=simulator, folder=tmp_path)


def test_failed_bench_shows_its_last_words(tmp_path):
    with pytest.raises(BenchError, match=r"(?s)core on icarus.*COCOTB|core on icarus.*config"):
        run_bench("core", "empty", "module empty (input clk); endmodule", simulator="icarus", folder=tmp_path)


@pytest.mark.parametrize(("simulator", "program"), [("icarus", "iverilog"), ("verilator", "perl")])
def test_missing_simulator_is_named(simulator, program, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=f"{program} is needed .* apt-get install {program}"):
        run_bench("core", "core", "", simulator=simulator, folder=tmp_path / "build")


def test_trial_follows_from_its_seed():
    config = CoreConfig(neurons=7, inputs=5)
    one, same, other = (Trial.random(config, seed, steps=20) for seed in (1, 1, 2))
    assert one.stimulus == same.stimulus != other.stimulus
    for region, values in one.regions.items():
        np.testing.assert_array_equal(values, same.regions[region])


@pytest.mark.parametrize("config", [CoreConfig(), CoreConfig(neurons=9, weight_bits=16, state_bits=16, lanes=1)])
def test_trials_reach_the_corners(config):
    """Neurons fire, rest, saturate; axons arrive together; every value is one that its region can hold."""
    emulator = Emulator(config)
    for seed in range(5):
        trial = Trial.random(config, seed, steps=60)
        for region, values in trial.regions.items():
            low, high = layout(region, config).range
            assert low <= values.min() <= values.max() <= high
            emulator.write(region, values)
        emulator.run(trial.stimulus)
    counters = emulator.counters
    assert 0.02 < counters[Counter.SPIKES] / (counters[Counter.STEPS] * config.neurons) < 0.6
    assert counters[Counter.RECURRENT_EVENTS] > 100
    assert counters[Counter.SATURATIONS] > 100
    assert counters[Counter.REFUSED_EVENTS] == 0
