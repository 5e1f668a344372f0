"""What starts the benches says what went wrong."""

import pytest
from neurocorex.errors import MissingToolError
from neurocorex_sim.runner import SIMULATORS, BenchError, run_bench


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
